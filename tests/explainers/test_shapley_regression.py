"""Shapley values by least squares: against the definition, against enumeration, and their own errors."""

import numpy as np
import pytest
from scipy import stats

import sipakit as sp
from sipakit.explainers.shapley_regression import prepare_fits
from sipakit.sample import all_coalitions, shapley_weights
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


@pytest.mark.parametrize(("u", "pairs", "order"), [(6, 15, 2), (9, 20, 2), (8, 120, 4), (5, 15, None), (4, 7, None)])
def test_games_that_are_fitted_have_their_values_and_no_error(u, pairs, order):
    """A straight line has those of pairs as well, products of three those of four; all pairs have all."""
    v = games(u, 5, 0, order)
    truth = v @ shapley_weights(u).T
    fits = prepare_fits(3, pairs, u, np.random.default_rng(1))
    assert fits.order == (3 if order == 4 else fits.order)
    for number in range(len(fits)):
        values, variance = fits.values(number, asked(v, fits.sets[number]), far(v))
        np.testing.assert_allclose(values[..., 0], truth, atol=1e-9)
        np.testing.assert_allclose(variance, 0, atol=1e-15)


def test_a_fit_is_the_weighted_least_squares_under_the_constraint():
    u = 7
    v = games(u, 1, 3)
    fits = prepare_fits(2, 18, u, np.random.default_rng(4))
    for number in range(2):
        sets, w = fits.sets[number], fits.root[number] ** 2
        answers = asked(v, sets)[0, :, 0]
        every, weights = np.vstack([sets, ~sets]), np.append(w, w)
        # Lagrange: minimise the weighted squares of v(S) - c - phi . S where phi adds up to D
        free = np.column_stack([np.ones(len(every)), every])
        system = np.zeros((u + 2, u + 2))
        system[: u + 1, : u + 1] = (free * weights[:, None]).T @ free
        system[1 : u + 1, -1] = system[-1, 1 : u + 1] = 1
        right = np.append((free * weights[:, None]).T @ answers, far(v)[0])
        expected = np.linalg.solve(system, right)[1 : u + 1]
        values, _ = fits.values(number, asked(v, sets), far(v))
        np.testing.assert_allclose(values[0, :, 0], expected, atol=1e-9)


def test_values_add_up_and_the_variance_is_that_of_other_coalitions():
    u = 8
    v = games(u, 1, 5)
    truth = (v @ shapley_weights(u).T)[0]
    found, told = [], []
    for seed in range(60):
        fits = prepare_fits(20, 24, u, np.random.default_rng(seed))
        for number in range(20):
            values, variance = fits.values(number, asked(v, fits.sets[number]), far(v))
            found.append(values[0, :, 0])
            told.append(variance[0, :, 0])
    np.testing.assert_allclose(np.sum(found, axis=1), far(v)[0, 0])
    mixed.assert_within(np.mean(found, axis=0), truth, np.std(found, axis=0) / np.sqrt(len(found)))
    ratio = np.mean(told, axis=0) / np.var(found, axis=0)
    assert (np.abs(ratio - 1) < 0.25).all(), ratio


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


def test_too_small_a_budget_is_refused_with_what_it_needs():
    X, behind = numbers(2, 0, 9), numbers(40, 1, 9)
    with pytest.raises(sp.BudgetError, match=r"needs at least 144 model rows a row.*estimator='permutation'"):
        sp.Shapley(background=behind, estimator="regression").explain(lambda X: X[:, 0], X, budget=250)


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
    assert auto.explain(bent, row, budget=50 * 4 * 12 + 200).estimator == "regression"
    assert auto.explain(bent, row, budget=50 * 3 * 12).estimator == "permutation"
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
