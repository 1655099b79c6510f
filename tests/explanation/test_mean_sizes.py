"""Mean sizes of attributions: what noise adds is taken off, intervals hold known answers, and ties share ranks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import sipakit as sp
from sipakit.estimate import Estimate
from tests.plots import made

# E |a_j (x_j - mean)| of a line on independent standard normal features; two of them are tied, one does nothing.
SLOPES = np.array([2.0, 1.0, 1.0, 0.05, 0.0])
HALF_NORMAL = np.sqrt(2 / np.pi)  # E |x| of a standard normal x


def line(X):
    return X @ SLOPES


def three_together(X):
    """A product whose three features share it equally, E |phi| = (2 / pi)^1.5 / 3, beside a line."""
    return X[:, 0] * X[:, 1] * X[:, 2] + X[:, 3]


def explained(predict, p, seed, *, n=100, b=50, replicates=16):
    rng = np.random.default_rng([7, seed])
    X, Z = rng.normal(size=(n, p)), rng.normal(size=(b, p))
    shapley = sp.Shapley(background=Z, estimator="permutation", replicates=replicates, random_state=seed)
    return shapley.explain(predict, X)


def noisy(phi, seed, s=0.3):
    """Attributions (n, 2, 1), each with an error of its own of standard deviation s."""
    y = phi[:, None, None] + s * np.random.default_rng([3, seed]).normal(size=(len(phi), 2, 1))
    return made.attributions(2, n=len(phi), estimate=Estimate.within(y, s, conf_level=0.95), shared_errors=False)


def covered(runs, truth):
    """Share of intervals that hold the truth, and the means of the estimates."""
    estimates = [e.importance().estimate for e in runs]
    held = [(one.lower[:, 0] <= truth) & (truth <= one.upper[:, 0]) for one in estimates]
    return np.mean(held, axis=0), np.mean([one.values[:, 0] for one in estimates], axis=0)


@pytest.mark.parametrize(
    ("predict", "truth"),
    [
        (line, SLOPES * HALF_NORMAL),
        (three_together, np.array([*[HALF_NORMAL**3 / 3] * 3, HALF_NORMAL])),
    ],
)
def test_intervals_hold_known_mean_sizes(predict, truth):
    held, mean = covered([explained(predict, len(truth), seed) for seed in range(60)], truth)
    # over 300 tables: 0.95 to 0.97 for the line, 0.97 to 0.99 for the product
    assert (held >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)).all()
    np.testing.assert_allclose(mean, truth, rtol=0.12, atol=1e-3)


def test_without_replicates_intervals_are_wider_and_a_caveat_says_why():
    with_, without = (explained(line, 5, 0, replicates=replicates).importance() for replicates in (16, 0))
    np.testing.assert_array_equal(with_.values, without.values)
    assert (without.std_error[:4] > with_.std_error[:4]).all()
    assert "SIPA046" in {one.code for one in without.caveats}
    assert "SIPA046" not in {one.code for one in with_.caveats}
    assert "as large as they can be if all rows share them" in without.error


def phi_of(kind, rng, n=150):
    if kind == "nothing":
        return np.zeros(n), 0.0
    if kind == "few":  # a tenth of the rows
        return 1.5 * (rng.random(n) < 0.1), 0.15
    spread = {"as wide as the noise": 0.3, "far wider": 2.0}[kind]
    return spread * rng.normal(size=n), spread * HALF_NORMAL


@pytest.mark.parametrize("kind", ["nothing", "few", "as wide as the noise", "far wider"])
def test_noise_is_taken_off_whatever_it_adds_to(kind):
    runs, naive = [], []
    for seed in range(120):
        phi, truth = phi_of(kind, np.random.default_rng([4, seed]))
        runs.append(noisy(phi, seed))
        naive.append(np.abs(runs[-1].values).mean())
    held, mean = covered(runs, truth)
    # over 400 tables: 0.94 to 1.00
    assert (held >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 120)).all()
    bias, whole = abs(mean[0] - truth), abs(np.mean(naive) - truth)
    assert bias < 0.04
    assert kind == "far wider" or bias < whole / 6


def test_what_is_mostly_noise_is_named():
    e = noisy(np.zeros(200), 0).importance()
    (told,) = [one for one in e.caveats if one.code == "SIPA047"]
    assert "'age' and" in told.message.replace(",", " and")
    assert "SIPA047" not in {one.code for one in noisy(np.full(200, 3.0), 0).importance().caveats}


def test_exact_values_have_the_plain_mean_and_the_error_of_the_rows():
    e = made.attributions(3, 2, n=40)
    exact = dataclasses.replace(e, estimate=Estimate.exact(e.values)).importance()
    np.testing.assert_allclose(exact.values, np.abs(e.values).mean(axis=0))
    np.testing.assert_allclose(exact.std_error, np.abs(e.values).std(axis=0, ddof=1) / np.sqrt(40))
    assert exact.metrics == e.outputs
    assert exact.measure == "size"


def test_rows_count_by_their_weights():
    e = made.attributions(3, n=6)
    exact = dataclasses.replace(e, estimate=Estimate.exact(e.values))
    times = np.array([1, 2, 1, 3, 1, 1])
    weighted = dataclasses.replace(exact, weights=times.astype(float)).importance()
    np.testing.assert_allclose(weighted.values, exact[np.repeat(np.arange(6), times)].importance().values)


def test_explainers_hand_the_weights_on():
    X = np.random.default_rng(0).normal(size=(8, 2))
    weights = np.arange(1.0, 9.0)
    for explainer in (sp.Shapley(background=X), sp.LIME(background=X, n_samples=64)):
        np.testing.assert_array_equal(explainer.explain(line_of_two, X, sample_weight=weights).weights, weights)
        assert explainer.explain(line_of_two, X).weights is None


def line_of_two(X):
    return X[:, 0] - X[:, 1]


def test_tied_features_share_ranks_and_others_do_not():
    tied = []
    for seed in range(40):
        part = explained(line, 5, seed).importance().estimate.parts
        first, last = part["rank"][:, 0], part["last_rank"][:, 0]
        assert (first <= last).all()
        assert first[0] == last[0] == 1
        assert first[4] == last[4] == 5
        tied.append(first[1] <= last[2] and first[2] <= last[1])
    assert np.mean(tied) >= 0.85  # 0.95 over 300 tables


def test_ranks_use_that_the_same_rows_have_both_values():
    # both features are large in the same rows: their difference is sure long before their sizes are
    rng = np.random.default_rng(0)
    size = rng.exponential(size=60)
    values = np.stack([size, 0.9 * size, 0 * size], axis=1)[:, :, None]
    e = made.attributions(3, n=60, estimate=Estimate.exact(values)).importance()
    assert e.estimate.lower[0, 0] < e.estimate.upper[1, 0]
    assert e.estimate.parts["rank"][:, 0].tolist() == e.estimate.parts["last_rank"][:, 0].tolist() == [1, 2, 3]


def test_all_features_are_tied_where_one_row_was_explained():
    e = made.attributions(3, n=1).importance()
    assert e.estimate.parts["last_rank"][:, 0].tolist() == [3, 3, 3]
    assert np.isinf(e.std_error).all()
    assert "SIPA011" in {one.code for one in e.caveats}


def test_unknown_errors_are_left_out_and_the_result_says_so():
    e = made.attributions(3, n=30)
    told = dataclasses.replace(e, estimate=Estimate.unknown(e.values)).importance()
    assert told.error == "The rows as a sample. The values' own errors are not known, and are left out."
    np.testing.assert_allclose(told.values, np.abs(e.values).mean(axis=0))


def test_the_text_names_the_size_and_the_picture_the_ranks():
    e = explained(line, 5, 0).importance()
    assert "mean absolute attribution" in repr(e)
    assert {"output", "rank", "last_rank"} <= set(e.frame().columns)
    panel = e.plot().ax_
    assert "mean absolute attribution (prediction)" in panel.get_xlabel().replace("\n", " ")
    assert {"#1", "#2-3"} <= {text.get_text() for text in panel.texts}


def test_replicates_average_to_the_values_and_their_spread_is_the_error():
    e = explained(three_together, 4, 0, n=20, b=64, replicates=16)
    assert e.replicates.shape == (16, 20, 4, 1)
    spread = e.replicates.std(axis=0, ddof=1) / 4
    ratio = spread.mean() / e.std_error.mean()
    assert 0.85 < ratio < 1.15
    centre = e.replicates.mean(axis=0)
    assert np.abs(centre - e.values).max() < 4 * e.std_error.max()


def test_replicates_are_the_same_bits_for_any_number_of_workers():
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(30, 4)), rng.normal(size=(40, 4))
    shapley = sp.Shapley(background=Z, estimator="permutation", replicates=8)
    one, two = (shapley.explain(three_together, X, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert one.replicates.tobytes() == two.replicates.tobytes()


def test_a_result_of_sizes_comes_back_from_its_document(tmp_path):
    e = explained(line, 5, 0, n=12)
    for one in (e, e.importance()):
        one.to_json(tmp_path / "e.json")
        again = sp.load(tmp_path / "e.json")
        assert again.to_json() == one.to_json()


@pytest.mark.parametrize("bad", [1, 3, -1, 2.5, True])
def test_replicates_that_cannot_be_are_refused(bad):
    with pytest.raises(sp.SipakitError, match=r"replicates=.* cannot be used.*0, or a whole number from 4"):
        sp.Shapley(replicates=bad)
