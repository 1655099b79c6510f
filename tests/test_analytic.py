"""The closed forms of analytic.py and the loops of brute.py agree, and with the literature.

Both are written by hand and everything else is tested against them, so they are tested against
each other: to rounding on the weighted rows that stand for a population, and within 4 standard
errors over repeated samples.
"""

import pickle
from itertools import combinations
from math import isnan, sqrt

import numpy as np
import pandas as pd
import pytest

from tests import brute
from tests.analytic import ALL, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10


def class_name(value):
    return type(value).__name__


REPEATS = 24
FEATURES = [(model, name) for model in ALL for name in model.names]
IDS = [f"{class_name(model)}-{name}" for model, name in FEATURES]
PAIRS = [(model, j, k) for model in ALL for j, k in combinations(model.names, 2)]
PAIR_IDS = [f"{class_name(model)}-{j}-{k}" for model, j, k in PAIRS]
MODELS = pytest.mark.parametrize("model", ALL, ids=class_name)
ONE_FEATURE = pytest.mark.parametrize(("model", "feature"), FEATURES, ids=IDS)


def squared_loss(y, prediction):
    return (y - prediction) ** 2


def assert_mean_is(estimates, truth):
    """The mean over independent repeats lies within 4 standard errors (and some rounding)."""
    estimates = np.asarray(estimates, dtype=float)
    error = estimates.std(axis=0, ddof=1) / sqrt(len(estimates))
    away = np.abs(estimates.mean(axis=0) - truth)
    assert (away <= 4 * error + 1e-12).all(), (estimates.mean(axis=0), truth, away / error)


def samples(model, n, *, repeats=REPEATS):
    return [model.sample(n, np.random.default_rng([7, repeat])) for repeat in range(repeats)]


def places(model, feature):
    """Points of the feature at which curves are compared, away from jumps."""
    if (model, feature) == (T7, "c"):
        return list(T7.levels)
    if model is T5:
        return [-1.0, 1.0]
    span = {T3: (-3.0, 3.0), T9: (-1.3, 1.2)}
    low, high = span.get(model, (0.05, 0.95))
    return list(np.linspace(low, high, 6))


# The figures of the literature and of independent derivations ------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (T1.pfi("x1"), 8),
        (T1.conditional_pfi("x1"), 5.12),
        (T1.lofo("x1"), 2.56),
        (T1.sage_conditional("x1"), 2.26),
        (T1.sage_marginal("x1"), 2.8),
        (T2.h_squared("x1", "x2"), 0.42368),
        (T2.ale("x1", 2.55) - T2.ale("x1", -0.45), 1.59),
        (T2.pfi("x1"), 3.22),
        (T3.variance, 13.8446),
        (T3.sobol_first("x1"), 0.3139),
        (T3.sobol_first("x2"), 0.4424),
        (T3.sobol_first("x3"), 0),
        (T3.sobol_total("x1"), 0.5576),
        (T3.sobol_total("x2"), 0.4424),
        (T3.sobol_total("x3"), 0.2437),
        (T3.pfi("x1"), 15.4392),
        (T3.pfi("x2"), 12.25),
        (T3.pfi("x3"), 6.7474),
        (T3.h_squared("x1", "x3"), 0.43703),
        (T3.h_total("x1"), 0.24368),
        (T3.h_total("x3"), 0.24368),
        (T3.h_total("x2"), 0),
        (T3.sage("x1"), 6.0327),
        (T3.sage("x2"), 6.125),
        (T3.sage("x3"), 1.6868),
        (T4.variance, 0.46036),
        (T4.sobol_total("x1"), 0.79305),
        (T4.sobol_total("x2"), 0.24402),
        (T4.sobol_total("x3"), 0.03457),
        (T4.h_squared("x1", "x2"), 0.0625),
        (T4.h_squared("x1", "x2", "x3"), 0.00066),
        (T5.pfi("x1"), 2),
        (T5.sage("x1"), 1 / 3),
        (T5.h_total("x1"), 1),
        (T5.h_squared("x1", "x2", "x3"), 1),
        (T6.pdp("x1", 0.9), 1.63),
        (T6.pfi("x1"), 0.76667),
        (T6.pfi("x2"), 0.6),
        (T7.pdp("c", "A"), 0.9),
        (T7.pdp("c", "B"), 1.1),
        (T7.pdp("c", "C"), 1.45),
        (T7.ale("c", "A"), -0.965),
        (T7.ale("c", "B"), 0.285),
        (T7.ale("c", "C"), 1.985),
        (T8.variance, 18.75),
        (T8.h_squared("x1", "x2"), 1 / 3),
        (T8.h_total("x1"), 1 / 3),
        (T8.pfi("x1"), 25),
        (T8.sage("x1"), 9.375),
        (T8.anchor("x1", "x2"), (1, 1 / 4)),
        (T8.anchor("x1"), (1 / 2, 1 / 2)),
        (T9.pfi("x1"), 1 / 2),
        (T9.pfi("x2"), 0),
        (T10.pfi("x1"), 4),
        (T10.lime_slope(1.5), 1.92),
        (T10.lime_slope_around_the_row(1.5), 3),
    ],
)
def test_closed_forms_give_the_published_figures(value, expected):
    assert value == pytest.approx(expected, abs=6e-5)


def test_no_pair_of_the_parity_has_a_strength():
    assert isnan(T5.h_squared("x1", "x2"))


# The models --------------------------------------------------------------------------------------


@MODELS
def test_predict_takes_frames_by_name_and_arrays_by_position(model):
    rows = model.sample(20, np.random.default_rng(0))
    expected = model.predict(rows)
    assert tuple(rows.columns) == model.names
    assert expected.shape == (20,)
    assert expected.dtype == np.float64
    np.testing.assert_array_equal(model.predict(rows[rows.columns[::-1]]), expected)
    np.testing.assert_array_equal(model.predict(rows.to_numpy()), expected)


@MODELS
def test_models_travel_to_workers(model):
    assert pickle.loads(pickle.dumps(model)) == model


@MODELS
def test_variance_is_that_of_the_predictions(model):
    rows, weights = model.population()
    assert weights.sum() == pytest.approx(1)
    predictions = model.predict(rows)
    mean = weights @ predictions
    assert weights @ (predictions - mean) ** 2 == pytest.approx(model.variance)
    assert_mean_is([model.predict(X).mean() for X in samples(model, 300)], mean)
    assert_mean_is([model.predict(X).var(ddof=1) for X in samples(model, 300)], model.variance)


# Effects -----------------------------------------------------------------------------------------


@ONE_FEATURE
def test_partial_dependence_of_the_population(model, feature):
    grid = places(model, feature)
    X, w = model.population()
    curve = brute.partial_dependence(model.predict, X, feature, grid, weights=w)
    np.testing.assert_allclose(curve, model.pdp(feature, grid), atol=1e-12)


@ONE_FEATURE
def test_partial_dependence_of_samples(model, feature):
    grid = places(model, feature)
    curves = [brute.partial_dependence(model.predict, X, feature, grid) for X in samples(model, 200)]
    assert_mean_is(curves, model.pdp(feature, grid))


def test_joint_partial_dependence():
    grid = [(-2.0, 1.0), (0.5, 2.5), (1.0, -3.0)]
    X, w = T3.population()
    surface = brute.partial_dependence(T3.predict, X, ("x1", "x3"), grid, weights=w)
    np.testing.assert_allclose(surface, [T3.pdp_of_x1_and_x3(*place) for place in grid])


def test_ale_of_a_linear_model_is_its_slope():
    X = T1.sample(300, np.random.default_rng(1))
    edges = np.quantile(X["x1"], np.linspace(0, 1, 11))
    curve = brute.ale(T1.predict, X, "x1", edges)
    np.testing.assert_allclose(curve, T1.ale("x1", edges - X["x1"].mean()), atol=1e-12)


@pytest.mark.parametrize(("feature", "low", "high"), [("x1", -0.45, 2.55), ("x2", -0.95, 2.05)])
def test_ale_of_the_product_rises_with_the_mean_of_the_other_given_the_feature(feature, low, high):
    edges = np.concatenate([[-9.0], np.linspace(low, high, 25), [9.0]])
    curves = [brute.ale(T2.predict, X, feature, edges) for X in samples(T2, 2000)]
    rises = np.array(curves)[:, 1:-1] - np.array(curves)[:, 1:2]
    truth = T2.ale(feature, edges[1:-1]) - T2.ale(feature, low)
    assert_mean_is(rises, truth)


@pytest.mark.parametrize("model", [T3, T4], ids=class_name)
def test_ale_of_independent_features_is_the_centred_partial_dependence(model):
    edges = np.linspace(*{T3: (-np.pi, np.pi), T4: (0.0, 1.0)}[model], 41)
    for feature in model.names:
        curves = [brute.ale(model.predict, X, feature, edges) for X in samples(model, 1000)]
        # The truth for these cells is centred, too, as a line from edge to edge.
        truth = model.ale(feature, edges)
        truth = truth - (truth[1:] + truth[:-1]).mean() / 2
        assert_mean_is(curves, truth)


def test_ale_does_not_leave_the_data_where_partial_dependence_does():
    edges = np.linspace(0, 1, 9)
    for feature in T6.names:
        curves = [brute.ale(T6.predict, X, feature, edges) for X in samples(T6, 400)]
        assert_mean_is(curves, T6.ale(feature, edges))


@pytest.mark.parametrize(("model", "jump"), [(T8, 0.5), (T9, 0.0)], ids=class_name)
def test_ale_of_a_step_rises_by_the_partial_dependence_in_its_cell(model, jump):
    edges = np.array([-6.0, jump - 0.1, jump + 0.1, 6.0])
    curves = [brute.ale(model.predict, X, "x1", edges) for X in samples(model, 400)]
    assert_mean_is(np.diff(curves, axis=1), np.diff(model.pdp("x1", edges)))


def test_ale_of_the_square_is_exact_at_its_edges():
    X = T10.sample(500, np.random.default_rng(3))
    edges = np.array([X["x1"].min(), -1.0, 0.0, 0.5, 2.0, X["x1"].max()])
    curve = brute.ale(T10.predict, X, "x1", edges)
    np.testing.assert_allclose(curve - curve[2], edges**2, atol=1e-12)
    assert np.interp(X["x1"], edges, curve).mean() == pytest.approx(0, abs=1e-12)


def test_pure_second_order_ale_has_no_main_effects_and_mean_zero():
    X, w = T2.population()
    pure = T2.ale_pair(X["x1"], X["x2"])
    whole = T2.mean + T2.ale("x1", X["x1"]) + T2.ale("x2", X["x2"]) + pure
    mixed = whole - T2.predict(X)
    assert w @ pure == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(mixed, 0, atol=1e-12)  # the parts add up to the model


def test_ale_of_levels():
    X, w = T7.population()
    curve = brute.ale_of_levels(T7.predict, X, "c", T7.levels, weights=w)
    np.testing.assert_allclose(curve, T7.ale("c", T7.levels), atol=1e-12)
    curves = [brute.ale_of_levels(T7.predict, X, "c", T7.levels) for X in samples(T7, 400)]
    assert_mean_is(curves, T7.ale("c", T7.levels))


def test_ale_of_the_parity_is_flat():
    X, w = T5.population()
    levels = brute.ale_of_levels(T5.predict, X, "x1", [-1.0, 1.0], weights=w)
    cells = brute.ale(T5.predict, X, "x1", [-1.0, 0.0, 1.0], weights=w)
    np.testing.assert_array_equal(levels, T5.ale("x1", [-1, 1]))
    np.testing.assert_array_equal(cells, T5.ale("x1", [-1, 0, 1]))


# Importance --------------------------------------------------------------------------------------


@ONE_FEATURE
def test_permutation_importance_of_the_population(model, feature):
    X, w = model.population()
    y = model.predict(X)
    value = brute.permutation_importance_all_pairs(model.predict, X, y, squared_loss, feature, weights=w)
    assert value == pytest.approx(model.pfi(feature), abs=1e-12)


@pytest.mark.parametrize("model", [T2, T3], ids=class_name)
def test_permutation_importance_of_samples(model):
    n = 60
    values = [
        brute.permutation_importance_all_pairs(model.predict, X, model.predict(X), squared_loss, "x1")
        for X in samples(model, n)
    ]
    # A row is among its n donors, and there it changes nothing.
    assert_mean_is(np.array(values) * n / (n - 1), model.pfi("x1"))


def test_zero_one_importance_of_a_class():
    X, w = T9.population()
    for feature in T9.names:
        value = brute.permutation_importance_all_pairs(T9.predict, X, T9.predict(X), np.not_equal, feature, weights=w)
        assert value == pytest.approx(T9.pfi(feature), abs=1e-12)


def test_noise_of_the_target_cancels_for_the_squared_loss():
    X, w = T1.population()
    both = pd.concat([X, X], ignore_index=True)
    y = T1.predict(both) + np.repeat([-3.0, 3.0], len(X))
    value = brute.permutation_importance_all_pairs(T1.predict, both, y, squared_loss, "x1", weights=np.tile(w, 2))
    assert value == pytest.approx(T1.pfi("x1"))


def test_a_group_moves_together():
    X, w = T6.population()
    value = brute.permutation_importance_all_pairs(T6.predict, X, T6.predict(X), squared_loss, ["x1", "x2"], weights=w)
    assert value == pytest.approx(1 / 6)  # x1 = x2 in every donor: only the linear term is left


def test_leaving_a_feature_out_of_least_squares():
    X, w = T1.population()
    x2, y = X["x2"].to_numpy(), T1.predict(X)
    slope = (w * x2) @ y / ((w * x2) @ x2)
    assert w @ (y - slope * x2) ** 2 == pytest.approx(T1.lofo("x1"))


# Interactions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "j", "k"), PAIRS, ids=PAIR_IDS)
def test_h_of_pairs(model, j, k):
    X, w = model.population()
    numerator, denominator = brute.h_pair(model.predict, X, j, k, weights=w)
    assert numerator == pytest.approx(model.h_numerator(j, k), abs=1e-12)
    if model is T5:
        assert denominator == pytest.approx(0, abs=1e-12)
    else:
        assert numerator / denominator == pytest.approx(model.h_squared(j, k), abs=1e-12)


@ONE_FEATURE
def test_total_h(model, feature):
    if len(model.names) == 1:
        assert model.h_total(feature) == 0
        return
    X, w = model.population()
    numerator, denominator = brute.h_total(model.predict, X, feature, weights=w)
    assert denominator == pytest.approx(model.variance)
    assert numerator / denominator == pytest.approx(model.h_total(feature), abs=1e-12)


@pytest.mark.parametrize("model", [T3, T4, T5], ids=class_name)
def test_h_of_triples(model):
    X, w = model.population()
    numerator, denominator = brute.h_triple(model.predict, X, *model.names, weights=w)
    assert numerator == pytest.approx(model.h_numerator(*model.names), abs=1e-12)
    assert numerator / denominator == pytest.approx(model.h_squared(*model.names), abs=1e-12)


def test_h_of_an_additive_model_is_zero_at_any_number_of_rows():
    for n in (2, 3, 50):
        X = T1.sample(n, np.random.default_rng(n))
        assert brute.h_pair(T1.predict, X, "x1", "x2")[0] == pytest.approx(0, abs=1e-24)


# Shapley values ----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [T1, T2, T5, T8], ids=class_name)
def test_shapley_values_with_the_population_as_background(model):
    background, w = model.population()
    X = model.sample(5, np.random.default_rng(4))
    values, base = brute.shapley(model.predict, X, background, weights=w)
    np.testing.assert_allclose(values, model.shapley(X), atol=1e-12)
    np.testing.assert_allclose(base + values.sum(axis=1), model.predict(X), atol=1e-12)


def test_a_feature_that_the_model_ignores_has_the_value_zero():
    background, w = T9.population()
    X = T9.sample(4, np.random.default_rng(5))
    values, _ = brute.shapley(T9.predict, X, background, weights=w)
    np.testing.assert_allclose(values[:, 1], 0, atol=1e-15)


# What brute.py does with outputs, weights and types ----------------------------------------------


def two_outputs(X):
    return np.stack([T7.predict(X), -2 * T7.predict(X)], axis=1)


def test_every_output_is_explained_on_the_last_axis():
    X = T7.sample(12, np.random.default_rng(6))
    grid, edges = [0.0, 1.0, 2.0], np.linspace(X["x"].min(), X["x"].max(), 4)
    pairs = {
        "ice": lambda f: brute.ice(f, X, "x", grid),
        "pdp": lambda f: brute.partial_dependence(f, X, "c", list("ABC")),
        "ale": lambda f: brute.ale(f, X, "x", edges),
        "ale_of_levels": lambda f: brute.ale_of_levels(f, X, "c", list("ABC")),
        "h_pair": lambda f: brute.h_pair(f, X, "c", "x"),
        "h_total": lambda f: brute.h_total(f, X, "x"),
        "shapley": lambda f: brute.shapley(f, X.iloc[:2], X)[0],
        "base": lambda f: brute.shapley(f, X.iloc[:2], X)[1],
    }
    for name, of in pairs.items():
        one, two = np.asarray(of(T7.predict)), np.asarray(of(two_outputs))
        factor = 4 if name.startswith("h_") else -2
        np.testing.assert_allclose(two[..., 0], one, err_msg=name)
        np.testing.assert_allclose(two[..., 1], factor * one, err_msg=name)


@pytest.mark.parametrize("model", [T2, T7], ids=class_name)
def test_a_weight_of_two_is_a_row_given_twice(model):
    X = model.sample(9, np.random.default_rng(7))
    w = np.array([1, 2, 1, 3, 1, 1, 2, 1, 1])
    more = X.loc[np.repeat(X.index, w)].reset_index(drop=True)
    j, k = model.names
    number = model.names[-1]
    edges = np.quantile(X[number], [0, 0.4, 1])
    f, loss = model.predict, squared_loss
    both = {
        "pdp": lambda X, w: brute.partial_dependence(f, X, number, [0.0, 1.0], weights=w),
        "pfi": lambda X, w: brute.permutation_importance_all_pairs(f, X, np.sqrt(np.abs(f(X))), loss, j, weights=w),
        "ale": lambda X, w: brute.ale(f, X, number, edges, weights=w),
        "h_pair": lambda X, w: brute.h_pair(f, X, j, k, weights=w),
        "h_total": lambda X, w: brute.h_total(f, X, j, weights=w),
        "shapley": lambda X, w: brute.shapley(f, more.iloc[:2], X, weights=w)[0],
    }
    for name, of in both.items():
        np.testing.assert_allclose(of(X, w), of(more, None), err_msg=name)


def test_columns_keep_their_types():
    X = pd.DataFrame(
        {
            "text": ["a", "b", None],
            "level": pd.Categorical(["u", "v", "u"], categories=["u", "v", "w"]),
            "flag": [True, False, True],
            "whole": [1, 2, 3],
        }
    )
    for row in range(3):
        moved = brute.from_donor(X, list(X.columns), X, row)
        assert moved.dtypes.equals(X.dtypes)
        assert all(moved.iloc[i].equals(X.iloc[row].rename(i)) for i in range(3))
    for name, value in {"text": None, "level": "w", "flag": False, "whole": 7}.items():
        assert brute.replaced(X, name, value).dtypes.equals(X.dtypes)
    assert brute.replaced(X, "whole", 2.5)["whole"].tolist() == [2.5, 2.5, 2.5]


def test_rows_with_a_missing_value_take_no_part_in_ale():
    X = T1.sample(50, np.random.default_rng(9))
    gaps = X.copy()
    gaps.loc[::5, "x1"] = np.nan
    edges = np.quantile(gaps["x1"].dropna(), [0, 0.5, 1])
    curve = brute.ale(T1.predict, gaps, "x1", edges)
    np.testing.assert_allclose(curve, brute.ale(T1.predict, gaps.dropna(), "x1", edges))
