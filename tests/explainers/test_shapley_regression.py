"""Shapley values by least squares: against the definition, against enumeration, and their own errors."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

import sipakit as sp
from sipakit.explainers.shapley_regression import prepare_fits
from sipakit.sample import all_coalitions, paired_coalitions, shapley_weights
from tests.explainers import mixed


def games(u, m, seed, order=None):
    """Values of random games (m, 2^u); odd interactions of up to ``order`` features if it is given."""
    rng = np.random.default_rng(seed)
    sets = all_coalitions(u)
    if order is None:
        return rng.normal(size=(m, 2**u))
    signs = 2.0 * sets - 1
    members = [one for one in all_coalitions(u) if one.sum() <= order]
    terms = np.stack([signs[:, one].prod(axis=1) for one in members])
    return rng.normal(size=(m, len(terms))) @ terms


def asked(values, sets):
    """What the games say of coalitions (q, u) and then of their complements: (m, 2 q, 1)."""
    bits = 2 ** np.arange(sets.shape[1])
    return values[:, np.concatenate([sets @ bits, ~sets @ bits])][..., None]


def far(values):
    return values[:, -1:] - values[:, :1]


@pytest.mark.parametrize(
    ("u", "pairs", "order", "atol"),
    [
        (6, 15, 2, 1e-9),
        (9, 20, 2, 1e-9),
        (3, 3, None, 1e-9),
        (5, 15, None, 1e-9),
        (4, 7, None, 1e-9),
        (9, 200, 4, 1e-3),
    ],
)
def test_games_that_are_fitted_have_their_values_and_no_error(u, pairs, order, atol):
    """A straight line has those of pairs as well; all pairs have all, and many pairs products of three, or four."""
    v = games(u, 5, 0, order)
    truth = v @ shapley_weights(u).T
    fits = prepare_fits(np.ones(3), pairs, u, 1)
    for number in range(len(fits)):
        values, variance = fits.values(number, asked(v, fits.sets[number]), far(v))
        np.testing.assert_allclose(values[..., 0], truth, atol=atol)
        np.testing.assert_allclose(variance, 0, atol=atol**2)


def test_small_fits_are_kept_for_rows_that_are_explained_one_at_a_time():
    assert prepare_fits(np.ones(3), 8, 5, 1) is prepare_fits(np.ones(3), 8, 5, 1)
    assert prepare_fits(np.ones(3), 8, 5, 2) is not prepare_fits(np.ones(3), 8, 5, 1)


@pytest.mark.parametrize("shares", [np.ones(4), np.array([1.0, 3.0, 2.0, 2.0])])
def test_the_mean_of_the_fits_is_that_of_all_effects_solved_for_together(shares):
    """Henderson's equations: each row's line and products, and common ones, in one penalised least squares."""
    u, pairs, own = 6, 14, 10.0
    v = games(u, len(shares), 3)
    fits = prepare_fits(shares, pairs, u, 4)
    _, weights, _ = paired_coalitions(len(shares), pairs, u, np.random.default_rng(4))
    triples = np.array(list(combinations(range(u), 3)))
    m, t = len(shares), len(triples)
    member = np.zeros((t, u))
    member[np.arange(t)[:, None], triples] = 1
    in_triple = member - member.mean(axis=1, keepdims=True)
    columns = m * u + u + m * t
    system, right = np.zeros((columns, columns)), np.zeros(columns)
    number = np.arange(m * u, m * u + u)
    system[number, number] = 3 * t / (0.3 * own)  # three of them in each common product
    ends, known = np.zeros((m, columns)), far(v)[:, 0] / 2
    times = shares * m / shares.sum()  # of a row in the sum over rows
    for b, time in enumerate(times):
        signs = np.vstack([2.0 * fits.sets[b] - 1, np.ones(u)])
        terms = signs[:, triples].prod(axis=2)
        row = np.zeros((pairs + 1, columns))
        row[:, b * u : b * u + u] = signs / 2
        row[:, m * u : m * u + u] = terms @ in_triple
        row[:, m * u + u + b * t :][:, :t] = terms
        d = -np.diff(asked(v[b : b + 1], fits.sets[b])[0, :, 0].reshape(2, -1), axis=0)[0] / 2
        weight = time * weights[b] / weights[b].mean()
        system += row[:-1].T @ (row[:-1] * weight[:, None])
        right += row[:-1].T @ (weight * d)
        here = np.arange(t) + m * u + u + b * t
        system[here, here] += time * t / own
        ends[b] = row[-1]
    every = np.block([[system, ends.T], [ends, np.zeros((m, m))]])
    solved = (np.linalg.pinv(every, hermitian=True, rcond=1e-12) @ np.append(right, known))[:columns]
    lines, common = solved[: m * u].reshape(m, u), in_triple @ solved[m * u : m * u + u]
    products = common + solved[m * u + u :].reshape(m, t)
    expected = np.average(lines + products @ member * 2 / 3, axis=0, weights=shares)
    found = [fits.values(b, asked(v[b : b + 1], fits.sets[b]), far(v[b : b + 1]))[0][0, :, 0] for b in range(m)]
    np.testing.assert_allclose(np.average(found, axis=0, weights=shares), expected, atol=1e-8)


def test_rows_beyond_the_samples_take_them_with_features_in_other_places():
    u, count = 6, 150
    fits = prepare_fits(np.ones(count), 14, u, 0)
    assert len(fits) == count > len(fits.left_out)
    v = games(u, count, 1, 2)
    for number in (0, 70, 149):
        values, variance = fits.values(number, asked(v, fits.sets[number]), far(v))
        np.testing.assert_allclose(values[..., 0], v @ shapley_weights(u).T, atol=1e-9)
        np.testing.assert_allclose(variance, 0, atol=1e-18)
    assert (fits.sets[128] != fits.sets[0]).any()


def test_common_products_of_few_rows_bring_little_noise():
    """Without a prior for them two rows' values had ten times as large weights of single coalitions."""
    for seed in range(10):
        fits = prepare_fits(np.ones(2), 15, 12, seed)
        assert np.abs(fits.slopes).max() < 2


@pytest.mark.parametrize("pairs", [20, 40, 80])
def test_values_add_up_and_the_variance_is_that_of_other_coalitions(pairs):
    u, count = 8, 20
    v = games(u, count, 1, 5) + games(u, 1, 2, 5)
    truth = (v @ shapley_weights(u).T).mean(axis=0)
    found, told = [], []
    for seed in range(80):
        fits = prepare_fits(np.ones(count), pairs, u, seed)
        each = [fits.values(b, asked(v[b : b + 1], fits.sets[b]), far(v[b : b + 1])) for b in range(count)]
        values, variance = np.array(each)[:, :, 0, :, 0].transpose(1, 0, 2)
        np.testing.assert_allclose(values.sum(axis=1), far(v)[:, 0])
        found.append(values.mean(axis=0))
        told.append(variance.sum(axis=0) / count**2)
    errors = ((np.array(found) - truth) ** 2).mean()
    assert 0.7 < np.mean(told) / errors < 2, np.mean(told) / errors


# ---- in an explanation


def bent(X):
    return X[:, 0] * X[:, 1] + np.abs(X[:, 2]) * X[:, 3] + X[:, 4] * (X[:, 0] > 0) + X[:, 5] * X[:, 2] * X[:, 1]


def numbers(count, seed, u=6):
    return np.random.default_rng(seed).normal(size=(count, u))


@pytest.mark.parametrize("count", [1, 2, 3, 30, 200])
def test_values_are_near_those_of_an_enumeration(count):
    X, behind = numbers(3, 0), numbers(count, 1)
    exact = sp.Shapley(background=behind, estimator="enumeration").explain(bent, X)
    e = sp.Shapley(background=behind, estimator="regression").explain(bent, X, budget=3 * 24 * max(count, 4) + 500)
    assert e.estimator == "regression"
    np.testing.assert_allclose(e.base_values + e.values.sum(axis=1), bent(X)[:, None])
    np.testing.assert_allclose(e.completeness_gap, 0, atol=1e-12)
    drawn = e.estimate.parts["std_error_draws"]
    assert np.isfinite(drawn).all()
    mixed.assert_within(e.values, exact.values, drawn + 1e-9)
    if count == 1:
        np.testing.assert_array_equal(e.estimate.parts["std_error_background"], 0)


def test_coalitions_enough_are_an_enumeration():
    X, behind = numbers(2, 0), numbers(9, 1)
    exact = sp.Shapley(background=behind, estimator="enumeration").explain(bent, X)
    e = sp.Shapley(background=behind, estimator="regression").explain(bent, X, budget=10**6)
    np.testing.assert_allclose(e.values, exact.values, atol=1e-9)
    np.testing.assert_allclose(e.estimate.parts["std_error_draws"], 0, atol=1e-7)
    np.testing.assert_allclose(e.std_error, exact.std_error, rtol=1e-6)


def test_fewer_games_than_background_rows_are_told_and_still_add_up():
    X, behind = numbers(2, 0), numbers(400, 1)
    e = sp.Shapley(background=behind, estimator="regression").explain(bent, X, budget=2 * 24 * 50 + 500)
    (told,) = [c for c in e.caveats if c.code == "SIPA025"]
    assert "of 400 background rows" in told.message
    np.testing.assert_allclose(e.base_values + e.values.sum(axis=1), bent(X)[:, None])


def test_fewer_games_than_background_rows_have_an_error_that_knows_of_it():
    """The rows that were not drawn part the values from an enumeration, too; a tolerance draws others each time."""
    X, behind = numbers(3, 0), numbers(60, 1)
    exact = sp.Shapley(background=behind, estimator="enumeration").explain(bent, X)
    scores = []
    for seed in range(20):
        explainer = sp.Shapley(background=behind, estimator="regression", random_state=seed)
        e = explainer.explain(bent, X, budget=3 * 24 * 20 + 200)
        assert e.caveats[-1].code == "SIPA025"
        scores.append((e.values - exact.values) / e.estimate.parts["std_error_draws"])
    assert 0.3 < np.mean(np.square(scores)) < 1.3, np.mean(np.square(scores))
    many = numbers(600, 1)
    exact = sp.Shapley(background=many, estimator="enumeration").explain(bent, X)
    e = sp.Shapley(background=many, estimator="regression").explain(bent, X, tolerance=0.02)
    drawn = e.estimate.parts["std_error_draws"]
    assert drawn.max() <= 0.02
    mixed.assert_within(e.values, exact.values, drawn)


def test_pairs_too_many_for_one_fit_make_several():
    X, behind = numbers(2, 0, 14), numbers(3, 1, 14)
    exact = sp.Shapley(background=behind, estimator="enumeration").explain(bent, X, budget=10**6)
    e = sp.Shapley(background=behind, estimator="regression").explain(bent, X, budget=2 * 6 * 2_100 + 200)
    assert e.estimator == "regression"
    assert e.cost.asked > 2 * 6 * 2_090
    mixed.assert_within(e.values, exact.values, e.estimate.parts["std_error_draws"] + 1e-9)


def test_too_small_a_budget_is_refused_with_what_it_needs():
    X, behind = numbers(2, 0, 9), numbers(40, 1, 9)
    with pytest.raises(sp.BudgetError, match=r"needs at least 96 model rows a row.*estimator='permutation'"):
        sp.Shapley(background=behind, estimator="regression").explain(lambda X: X[:, 0], X, budget=230)


def test_weights_are_rows_given_again():
    rows, weights = numbers(5, 2), np.array([1.0, 2.0, 3.0, 1.0, 2.0])
    e = sp.Shapley(estimator="regression").explain(bent, rows, sample_weight=weights, budget=10**5)
    again = np.repeat(rows, weights.astype(int), axis=0)
    other = sp.Shapley(estimator="enumeration", background=again).explain(bent, rows)
    np.testing.assert_allclose(e.values, other.values, atol=1e-9)


def test_groups_and_several_outputs():
    X, behind = mixed.table(3), mixed.table(20)
    groups = {"both": ["number", "whole"]}
    model = sp.adapt(mixed.probabilities, classes=["a", "b", "c"])
    exact = sp.Shapley(background=behind, groups=groups, estimator="enumeration").explain(model, X)
    e = sp.Shapley(background=behind, groups=groups, estimator="regression").explain(model, X)
    assert e.features == exact.features
    mixed.assert_within(e.values, exact.values, e.estimate.parts["std_error_draws"] + 1e-9)
    np.testing.assert_allclose(e.values.sum(axis=2), 0, atol=1e-12)


@pytest.mark.parametrize("u", [1, 2])
def test_one_or_two_features_are_enumerated(u):
    X = numbers(4, 0, u)
    e = sp.Shapley(estimator="regression").explain(lambda X: X.prod(axis=1), X)
    assert e.estimator == "enumeration"
    np.testing.assert_allclose(e.base_values + e.values.sum(axis=1), X.prod(axis=1)[:, None])


def test_a_tolerance_repeats_the_fits_with_other_coalitions():
    X, behind = numbers(2, 0, 12), numbers(30, 1, 12)

    def model(X):
        return bent(X) + 3 * X[:, 6] * X[:, 7] * X[:, 8] + X[:, 9] * X[:, 10] * np.abs(X[:, 11])

    explainer = sp.Shapley(background=behind, estimator="regression")
    once = explainer.explain(model, X)
    worst = once.estimate.parts["std_error_draws"].max()
    e = explainer.explain(model, X, tolerance=worst / 3)
    assert e.estimate.parts["std_error_draws"].max() <= worst / 3
    assert e.cost.rows > 5 * once.cost.rows
    exact = sp.Shapley(background=behind, estimator="enumeration").explain(model, X, budget=10**6)
    mixed.assert_within(e.values, exact.values, e.estimate.parts["std_error_draws"])


def test_equal_seeds_give_equal_bits_for_any_number_of_workers():
    X, behind = numbers(40, 0, 9), numbers(60, 1, 9)
    one, two = (
        sp.Shapley(background=behind, estimator="regression").explain(bent, X, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.std_error, two.std_error)
    other = sp.Shapley(background=behind, estimator="regression", random_state=1).explain(bent, X)
    assert (other.values != one.values).any()


def test_auto_takes_a_regression_where_it_has_the_smaller_error():
    row, behind = numbers(1, 2, 12), numbers(50, 1, 12)
    auto = sp.Shapley(background=behind)
    assert auto.explain(bent, row, budget=50 * 30 + 200).estimator == "regression"
    assert auto.explain(bent, row, budget=50 * 29).estimator == "permutation"
    assert auto.explain(bent, row, budget=10**6).estimator == "enumeration"


def test_the_error_by_coalitions_covers_an_enumeration():
    """Of 150 seeds on one background: between 92 and 98 %, but for chance."""
    X, behind = numbers(1, 0, 8), numbers(20, 1, 8)

    def model(X):
        return bent(X) + X[:, 6] * X[:, 7] * np.abs(X[:, 0])

    truth = sp.Shapley(background=behind, estimator="enumeration").explain(model, X, budget=10**6).values
    inside = []
    for seed in range(150):
        e = sp.Shapley(background=behind, estimator="regression", random_state=seed).explain(model, X, budget=1_100)
        inside.append(np.abs(e.values - truth) <= stats.norm.ppf(0.975) * e.estimate.parts["std_error_draws"])
    assert 0.9 < np.mean(inside) < 0.985, np.mean(inside)
