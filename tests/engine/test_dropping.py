"""on_bad="drop": draws that need a row for which the model has no answer are left out, counted and told."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.checks import same
from tests import brute
from tests.models import fitted
from tests.variants import NOT_OF_FUNCTIONS, VARIANTS, class_of

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(200, 4)), RNG.normal(size=(30, 4))
Y = X[:, 0] + X[:, 3] + RNG.normal(size=200)
LOCAL = {"Shapley", "LIME", "ICE", "CeterisParibus", "IntegratedGradients"}


def smooth(X):
    return X[:, 0] * X[:, 1] + np.sin(X[:, 2])


def bad(X):
    return (X[:, 0] > 0.8) & (X[:, 1] > 0.4) & (X[:, 3] > 0.3)


def silent(X):
    return np.where(bad(X), np.nan, smooth(X))


def endless(X):
    return np.where(bad(X), np.inf, smooth(X))


def raising(X):
    if bad(X).any():
        raise ZeroDivisionError
    return smooth(X)


def told(e, code="SIPA018"):
    return [c.message for c in e.caveats if c.code == code]


@pytest.mark.parametrize("variant", [name for name in VARIANTS if class_of(name) != "IntegratedGradients"])
def test_a_model_that_answers_everywhere_gives_the_same_bits(variant):
    data = fitted("three classes")
    few = 4 if class_of(variant) in LOCAL else len(data.X)
    explainer = VARIANTS[variant](data.background)
    strict, lenient = (explainer.explain(data.model, data.X[:few], data.y[:few], on_bad=b) for b in ("raise", "drop"))
    assert same(strict.estimate, lenient.estimate)
    assert strict.caveats == lenient.caveats
    assert (strict.manifest["on_bad"], lenient.manifest["on_bad"]) == ("raise", "drop")


@pytest.mark.parametrize("variant", sorted(VARIANTS.keys() - NOT_OF_FUNCTIONS))
def test_however_a_model_fails_and_whoever_runs_it_the_bits_are_the_same(variant):
    explainer = VARIANTS[variant](Z)
    few = 12 if class_of(variant) in LOCAL else len(X)
    results = [
        explainer.explain(model, X[:few], Y[:few], on_bad="drop", n_jobs=n_jobs)
        for model, n_jobs in ((silent, 1), (endless, 2), (raising, 1), (raising, 2))
    ]
    for other in results[1:]:
        assert same(results[0].estimate, other.estimate)
        assert results[0].caveats == other.caveats
    assert np.isfinite(results[0].estimate.values).all()
    if told(results[0]):
        with pytest.raises(sp.PredictionError, match="row"):
            explainer.explain(silent, X[:few], Y[:few])


def test_rows_that_fail_as_they_are_are_rows_not_given():
    def model(X):  # fails by a column that is never moved
        return np.where(X[:, 3] > 1, np.nan, smooth(X))

    good = ~(X[:, 3] > 1)
    weights = RNG.uniform(0.5, 2, len(X))
    for explainer in (
        sp.PartialDependence(features=["x0", "x1"], centred=True),
        sp.ALE(features=["x0", "x1"]),
        sp.PermutationImportance(features=["x0", "x2"]),
    ):
        dropped = explainer.explain(model, X, Y, sample_weight=weights, on_bad="drop")
        fewer = explainer.explain(model, X[good], Y[good], sample_weight=weights[good])
        assert same(dropped.estimate, fewer.estimate)
        (message,) = told(dropped)
        assert message.startswith(f"The model has no answer for {(~good).sum()} of 200 rows of X, the first being x0=")


def test_explained_rows_keep_their_numbers():
    e = sp.ICE(features=["x2"]).explain(silent, X, on_bad="drop")
    assert e.rows.tolist() == np.flatnonzero(~bad(X)).tolist()
    assert e.frame()["row"].unique().tolist() == e.rows.tolist()
    study = sp.explain(silent, X, methods=[sp.CeterisParibus(features=["x2"])], rows=[199, *range(9)], on_bad="drop")
    assert study["ceteris_paribus"].rows.tolist() == [i for i in (199, *range(9)) if not bad(X[[i]])[0]]


def test_partial_dependence_is_the_mean_over_rows_with_whole_curves():
    grid = np.array([0.0, 2.0])
    places = np.column_stack([grid, *np.zeros((3, 2))])
    e = sp.PartialDependence(features=["x0"], background=places).explain(silent, X, on_bad="drop")
    whole = X[(X[:, 1] <= 0.4) | (X[:, 3] <= 0.3)]  # at 2 the model answers these only
    expected = [smooth(np.column_stack([np.full(len(whole), v), whole[:, 1:]])).mean() for v in grid]
    np.testing.assert_allclose(e.values[0][:, 0], expected, rtol=1e-12)
    draws = 200 - len(whole) - int(bad(X).sum())
    assert told(e)[-1].endswith(f"Draws that need such rows were left out: {draws}.")


def test_shapley_values_are_the_mean_of_the_games_that_are_whole():
    x, good = np.array([[0.5, 2.0, 0.3, 0.9]]), Z[~bad(Z)]
    e = sp.Shapley(background=Z, estimator="enumeration").explain(silent, x, on_bad="drop")
    games = [z for z in good if z[0] <= 0.8]  # all the others fail in some coalition
    values, _ = brute.shapley(lambda X: smooth(np.asarray(X)), pd.DataFrame(x), pd.DataFrame(games))
    values = values.reshape(1, 4, -1)
    gap = smooth(x)[0] - smooth(good).mean() - values.sum()
    variance = e.std_error[0, :, 0] ** 2
    np.testing.assert_allclose(e.values[0, :, 0], values[0, :, 0] + gap * variance / variance.sum(), rtol=1e-9)
    np.testing.assert_allclose(e.base_values[0], smooth(good).mean())


def test_importance_is_the_mean_over_pairs_that_have_an_answer():
    levels = RNG.integers(0, 3, 200).astype(float)
    data = np.column_stack([levels, X[:, 1]])

    def model(X):
        return np.where((X[:, 0] == 2) & (X[:, 1] > 1.5), np.nan, X[:, 0] * X[:, 1])

    y = data[:, 0]
    e = sp.PermutationImportance(features=["x0"], n_repeats=5).explain(model, data, y, on_bad="drop")
    rows = data[~np.isnan(model(data))]
    rises, weights = [], []
    for value in np.unique(rows[:, 0]):
        moved = np.column_stack([np.full(len(rows), value), rows[:, 1]])
        after = model(moved)
        use = ~np.isnan(after)
        rise = (rows[use, 0] - after[use]) ** 2 - (rows[use, 0] - model(rows)[use]) ** 2
        rises.append(rise)
        weights.append(np.full(use.sum(), (rows[:, 0] == value).sum()))
    assert sum(map(len, rises)) < 3 * len(rows)
    expected = np.average(np.concatenate(rises), weights=np.concatenate(weights))
    np.testing.assert_allclose(e.values[0, 0], expected, rtol=1e-12)


def test_local_models_leave_out_neighbours_without_an_answer():
    x = np.array([[0.4, 0.0, 0.0, 0.0]])
    e = sp.LIME(background=Z).explain(lambda X: np.where(X[:, 3] > 0.5, np.nan, 3 * X[:, 0]), x, on_bad="drop")
    np.testing.assert_allclose(e.estimate.parts["slope"][0, :, 0], [3, 0, 0, 0], atol=1e-9)
    with pytest.raises(sp.PredictionError, match="more than half of its draws"):
        sp.LIME(background=Z).explain(lambda X: np.where(np.abs(X[:, 3]) > 0.1, np.nan, X[:, 0]), x * 0, on_bad="drop")


def test_less_than_half_is_no_answer():
    places = np.array([[0.0] * 4, [9.0] * 4])
    with pytest.raises(sp.PredictionError, match=r"lose more than half of its draws .* x0="):
        sp.PartialDependence(features=["x0"], background=places).explain(
            lambda X: np.where(X[:, 0] == 9, np.nan, X[:, 1]), X, on_bad="drop"
        )
    with pytest.raises(sp.PredictionError, match="no answer for any of the 200 rows of X"):
        sp.ALE().explain(lambda X: np.full(len(X), np.nan), X, on_bad="drop")
    with pytest.raises(sp.PredictionError, match="The model raised KeyError"):
        sp.ALE().explain(lambda X: X["no such column"], pd.DataFrame(X), on_bad="drop")


def test_features_that_cannot_be_dealt_are_left_out():
    def model(X):
        return np.where(np.abs(X[:, 0] - X[:, 1]) > 0.5, np.nan, X[:, 2])

    twins = np.column_stack([X[:, 0], X[:, 0], X[:, 2]])
    e = sp.PermutationImportance().explain(model, twins, Y, on_bad="drop")
    assert e.features == ("x2",)
    assert e.values.shape == (1, 1)
    assert "So were features that would lose more than half of theirs: 'x0', 'x1'." in told(e)[-1]


def test_wrong_answers_of_other_kinds_are_still_refused():
    for model, message in (
        (lambda X: X[:-1, 0], "shape"),
        (lambda X: np.array(["a"] * len(X)), "not numbers"),
    ):
        with pytest.raises(sp.PredictionError, match=message):
            sp.PartialDependence().explain(model, X, on_bad="drop")


def test_a_prepared_explainer_drops_rows_too():
    ready = sp.Shapley(background=Z[~bad(Z)]).prepare(silent)
    e = ready.explain(X[:20], on_bad="drop")
    assert e.rows.tolist() == np.flatnonzero(~bad(X[:20])).tolist()


def test_the_rows_that_the_model_saw_are_told():
    seen = []

    def model(X):
        seen.append(len(X))
        return raising(X)

    for explainer in (sp.ALE(), sp.PartialDependence(), sp.GlobalSurrogate()):
        seen.clear()
        cost = explainer.explain(model, X, Y, on_bad="drop").cost
        assert cost.rows + cost.check_rows == sum(seen)


def test_what_was_lost_is_not_forgotten_when_a_tolerance_asks_again():
    def model(X):  # no answer near the first row
        return np.where((np.abs(X[:, 0] - 5) < 2) & (X[:, 3] != 7), np.nan, np.exp(X[:, 0] / 3 + X[:, 1]))

    rows = np.array([[5.0, 0, 0, 7], [0.0, 0, 0, 7], [0.5, 1, 0, 7]])
    e = sp.LIME(background=Z, n_samples=128).explain(model, rows, on_bad="drop", tolerance=0.02)
    assert e.rows.tolist() == [1, 2]
    assert "So were rows that would lose more than half of theirs: 0." in told(e)[-1]


def test_a_batch_without_any_answer_is_no_reason_to_stop():
    wide = np.zeros((2500, 600))  # batches of 1,024
    wide[:1100, 0] = 1

    def model(X):
        if X[:, 0].any():
            raise ValueError
        return X[:, 1]

    e = sp.GlobalSurrogate(features=["x1"]).explain(model, wide, on_bad="drop")
    assert e.manifest["rows"] == 1400
    assert "1,100 of 2,500 rows of X" in told(e)[0]


def test_a_curve_with_a_step_that_lost_all_of_its_rows_is_refused():
    levels = np.column_stack([np.repeat(np.arange(6.0), 30), np.tile([0.0, 1.0], 90)])

    def model(X):  # the step from 2 to 3 has no answer
        return np.where(
            (X[:, 0] == 3) & (X[:, 1] == 0), np.nan, np.where((X[:, 0] == 2) & (X[:, 1] == 1), np.nan, X[:, 0])
        )

    with pytest.raises(sp.PredictionError, match="no row left for a step of 'x0'"):
        sp.ALE(features=["x0"]).explain(model, levels, on_bad="drop")


def test_rows_asked_again_count_against_the_budget():
    seen = []

    def model(X):
        seen.append(len(X))
        return raising(X)

    sp.PermutationImportance().explain(model, X, Y, on_bad="drop", tolerance=1e-3, budget=60_000)
    once = sum(seen)
    seen.clear()
    sp.PermutationImportance().explain(model, X, Y, on_bad="drop", tolerance=1e-3, budget=600_000)
    assert once < 2 * 60_000
    assert sum(seen) > once
