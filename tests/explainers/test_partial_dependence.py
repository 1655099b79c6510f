"""Partial dependence against its definition, closed forms and its own intervals."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from tests import brute
from tests.analytic import ALL, T2, T6, T7
from tests.explainers import mixed

CLOSED = [pytest.param(model, id=type(model).__name__) for model in ALL]


@pytest.mark.parametrize("weighted", [False, True])
def test_curves_are_means_of_the_models_answers_for_columns_of_every_kind(weighted):
    X = mixed.table(60)
    weights = np.random.default_rng(3).integers(0, 4, 60).astype(float) if weighted else None
    e = sp.PartialDependence(grid_resolution=6).explain(mixed.scores, X, sample_weight=weights)
    assert e.features == mixed.NAMES
    for axis, curve in zip(e.axes, e.values, strict=True):
        truth = brute.partial_dependence(mixed.scores, X, axis.name, list(axis.values), weights=weights)
        np.testing.assert_allclose(curve, truth, atol=1e-9, err_msg=str(axis.name))


def test_three_classes():
    X = mixed.table(50)
    model = sp.adapt(mixed.probabilities, classes=["a", "b", "c"])
    e = sp.PartialDependence(features=["number"], grid_resolution=4).explain(model, X)
    assert e.outputs == ("a", "b", "c")
    truth = brute.partial_dependence(mixed.probabilities, X, "number", list(e.axes[0].values))
    np.testing.assert_allclose(e.values[0], truth, atol=1e-12)
    np.testing.assert_allclose(e.values[0].sum(axis=1), 1)


@pytest.mark.parametrize("model", CLOSED)
def test_closed_forms(model):
    X = model.sample(1500, np.random.default_rng(11))
    e = sp.PartialDependence(grid_resolution=7).explain(model.predict, X)
    for axis, part in zip(e.axes, e.parts(), strict=True):
        truth = model.pdp(axis.name, axis.values)
        mixed.assert_within(e.estimate.values[part, 0], truth, e.std_error[part, 0])


@pytest.mark.parametrize("model", CLOSED)
def test_populations_have_the_closed_forms(model):
    X, weights = model.population()
    e = sp.PartialDependence(grid_resolution="all").explain(model.predict, X, sample_weight=weights)
    for axis, curve in zip(e.axes, e.values, strict=True):
        np.testing.assert_allclose(curve[:, 0], model.pdp(axis.name, axis.values), atol=1e-9)


@pytest.mark.parametrize("centred", [False, True])
def test_a_weight_of_two_is_a_row_given_twice(centred):
    X = mixed.table(30)
    weights = np.random.default_rng(0).integers(1, 4, 30)
    e = sp.PartialDependence(centred=centred).explain(mixed.scores, X, sample_weight=weights.astype(float))
    twice = sp.PartialDependence(centred=centred).explain(mixed.scores, X.loc[X.index.repeat(weights)])
    np.testing.assert_allclose(e.estimate.values, twice.estimate.values, atol=1e-12)


def test_a_row_of_weight_zero_counts_for_nothing():
    X = mixed.table(30)
    weights = (np.arange(30) < 20).astype(float)
    for centred in (False, True):
        e = sp.PartialDependence(centred=centred).explain(mixed.score, X, sample_weight=weights)
        few = sp.PartialDependence(centred=centred).explain(mixed.score, X.head(20))
        np.testing.assert_allclose(e.estimate.values, few.estimate.values, atol=1e-12)
        np.testing.assert_allclose(e.std_error, few.std_error, atol=1e-12)


def test_a_centred_curve_has_mean_zero_over_the_rows_at_their_own_values():
    X = mixed.table(80)
    e = sp.PartialDependence(centred=True, grid_resolution="all").explain(mixed.scores, X)
    for axis, curve in zip(e.axes, e.values, strict=True):
        np.testing.assert_allclose(axis.weight.sum(), 1)
        np.testing.assert_allclose(axis.weight @ curve, 0, atol=1e-12)
        # every value is a place here, so the shares are those of the rows
        whole = brute.partial_dependence(mixed.scores, X, axis.name, list(axis.values))
        np.testing.assert_allclose(curve, whole - axis.weight @ whole, atol=1e-12)


def test_centring_takes_a_constant_off():
    X = T2.sample(200, np.random.default_rng(0))
    plain = sp.PartialDependence(grid_resolution=9).explain(T2.predict, X)
    centred = sp.PartialDependence(grid_resolution=9, centred=True).explain(T2.predict, X)
    for one, other in zip(plain.values, centred.values, strict=True):
        np.testing.assert_allclose(np.diff(one, axis=0), np.diff(other, axis=0), atol=1e-12)


def test_an_unused_feature_has_the_same_mean_everywhere_and_no_centred_error():
    X = mixed.table(50)
    X["extra"] = np.random.default_rng(1).normal(size=50)
    e = sp.PartialDependence(features=["extra"]).explain(mixed.score, X)
    np.testing.assert_allclose(e.values[0], mixed.score(X).mean())
    centred = sp.PartialDependence(features=["extra"], centred=True).explain(mixed.score, X)
    np.testing.assert_allclose(centred.values[0], 0, atol=1e-12)
    np.testing.assert_allclose(centred.std_error, 0, atol=1e-12)


def test_one_row_has_a_curve_and_an_infinite_error():
    X = mixed.table(1)
    for centred in (False, True):
        e = sp.PartialDependence(background=mixed.table(30), features=["whole"], centred=centred).explain(
            mixed.score, X
        )
        assert np.isfinite(e.values[0]).all()
        assert np.isinf(e.std_error).all()
        assert [c.code for c in e.caveats] == ["SIPA011"]


def test_it_looks_away_from_the_data_where_features_depend():
    X = T6.sample(800, np.random.default_rng(2))
    e = sp.PartialDependence(features=["x1"]).explain(T6.predict, X)
    assert np.interp(0.9, e.axes[0].positions, e.values[0][:, 0]) == pytest.approx(1.63, abs=0.05)


def test_levels_of_a_category():
    X = T7.sample(3000, np.random.default_rng(3))
    e = sp.PartialDependence(features=["c"]).explain(T7.predict, X)
    assert e.axes[0].kind == "category"
    mixed.assert_within(e.values[0][:, 0], [0.9, 1.1, 1.45], e.std_error[:, 0])


def test_uncentred_errors_are_those_of_a_mean():
    X = T2.sample(100, np.random.default_rng(4))
    e = sp.PartialDependence(features=["x1"], grid_resolution=5).explain(T2.predict, X)
    curves = brute.ice(T2.predict, X, "x1", list(e.axes[0].values))
    np.testing.assert_allclose(e.std_error[:, 0], curves.std(axis=0, ddof=1) / 10, rtol=1e-12)


def test_centred_errors_are_those_of_the_influence_function():
    """f(v, x_i) - mean_k f(x_k, x_i) - mean_k f(x_i, x_k), with every value a place."""
    X = T2.sample(40, np.random.default_rng(5))
    e = sp.PartialDependence(features=["x1"], grid_resolution="all", centred=True).explain(T2.predict, X)
    order = np.argsort(X["x1"].to_numpy())
    table = brute.ice(T2.predict, X, "x1", X["x1"].to_numpy()[order])  # row i with the value of each row
    as_place = np.empty(40)
    as_place[order] = table.mean(axis=0)
    influence = table - table.mean(axis=1)[:, None] - as_place[:, None]
    np.testing.assert_allclose(e.std_error[:, 0], influence.std(axis=0, ddof=1) / np.sqrt(40), rtol=1e-9)


def test_it_shares_the_rows_of_ice():
    from sipakit.engine import explain

    X = mixed.table(30)
    asked = []

    def counted(Z):
        asked.append(len(Z))
        return mixed.score(Z)

    (ice, pdp), _ = explain([sp.ICE(grid_resolution=5), sp.PartialDependence(grid_resolution=5)], counted, X)
    both = sum(asked)
    asked.clear()
    sp.ICE(grid_resolution=5).explain(counted, X)
    assert both == sum(asked)
    for curves, mean in zip(ice.values, pdp.values, strict=True):
        np.testing.assert_allclose(curves.mean(axis=0), mean, atol=1e-12)


def test_a_pandas_frame_with_other_dtypes_keeps_them():
    X = pd.DataFrame(
        {"a": pd.array([1, 2, None, 4], dtype="Int64"), "b": pd.array(["x", None, "y", "x"], dtype="string")}
    )
    seen = []

    def predict(Z):
        seen.append(tuple(map(str, Z.dtypes)))
        return Z["a"].fillna(0).to_numpy(float) + (Z["b"] == "x").fillna(False).to_numpy(float)

    e = sp.PartialDependence().explain(predict, X)
    assert set(seen) == {("Int64", "string")}
    np.testing.assert_allclose(e.values[0][:, 0], [1.5, 2.5, 4.5, 0.5])
    assert e.axes[1].labels == ("x", "y", "missing")
