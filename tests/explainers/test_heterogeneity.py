"""How far single curves are from the mean curve: against definitions, closed forms, ICE and H statistics."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sipakit as sp
from sipakit.explainers import heterogeneity
from sipakit.reports.figures import some_features
from tests import brute
from tests.analytic import T1, T2, T3, T8
from tests.explainers import mixed


def by_definition(curves, share, weights):
    """(g, k) and (k,): curves (rows, places, k) less their own means, how far they are from the mean curve."""
    own = curves - np.einsum("igk,g->ik", curves, share)[:, None]
    off = own - np.average(own, axis=0, weights=weights)
    at_places = np.sqrt(np.average(off**2, axis=0, weights=weights))
    return at_places, np.sqrt(np.einsum("gk,g->k", at_places**2, share))


@pytest.mark.parametrize("most", [60, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_partial_dependence_tells_how_far_the_curves_of_ice_are_apart(centred, weighted, most, monkeypatch):
    monkeypatch.setattr("sipakit.explainers.partial_dependence._MOST_NODES", most)
    X = mixed.table(60)
    w = np.random.default_rng(3).integers(0, 4, 60).astype(float) if weighted else None
    e = sp.PartialDependence(centred=centred, grid_resolution=6).explain(mixed.scores, X, sample_weight=w)
    ice = sp.ICE(grid_resolution=6).explain(mixed.scores, X, sample_weight=w)
    assert e.heterogeneity.values.shape == (len(e.axes), 2)
    assert all(other.weight.tolist() == axis.weight.tolist() for axis, other in zip(e.axes, ice.axes, strict=True))
    for j, (axis, curves) in enumerate(zip(e.axes, ice.values, strict=True)):
        at_places, number = by_definition(curves, axis.weight / axis.weight.sum(), w)
        part = e.estimate.parts["heterogeneity"][e.parts()[j]]
        np.testing.assert_allclose(part, at_places, atol=1e-12)
        np.testing.assert_allclose(e.heterogeneity.values[j], number, atol=1e-12)


def test_errors_of_long_grids_are_measured_in_runs_of_places():
    X = T2.sample(400, np.random.default_rng(0))
    all_places = sp.PartialDependence(grid_resolution="all").explain(T2.predict, X)
    assert len(all_places.axes[0]) == 400
    centred = sp.PartialDependence(grid_resolution="all", centred=True).explain(T2.predict, X)
    np.testing.assert_allclose(all_places.heterogeneity.values, centred.heterogeneity.values, rtol=1e-9)
    np.testing.assert_allclose(all_places.heterogeneity.std_error, centred.heterogeneity.std_error, rtol=0.05)


@pytest.mark.parametrize("feature", ["x1", "x2", "x3"])
def test_it_is_the_total_h_statistic_where_a_feature_takes_each_of_its_values_in_every_row(feature):
    """On the product of the feature's own rows and all others', by brute force over all pairs of rows."""
    X = T3.sample(25, np.random.default_rng(1))

    def predict(Z):
        return T3.predict(Z) + Z["x1"].to_numpy() * Z["x2"].to_numpy()

    e = sp.PartialDependence(features=[feature], grid_resolution="all").explain(predict, X)
    every = pd.concat([brute.from_donor(X, feature, X, i) for i in range(25)], ignore_index=True)
    f = predict(every)
    f = f - f.mean()
    own, others = brute.pd_at_rows(predict, X, feature), [name for name in X if name != feature]
    along = brute.pd_at_rows(predict, X, others)
    rest = f.reshape(25, 25) - own[:, None] - along
    assert e.heterogeneity.values.item() == pytest.approx(np.sqrt(np.mean(rest**2)), rel=1e-10)


def test_the_closed_forms_of_a_product_a_box_and_ishigami():
    X = T2.sample(20_000, np.random.default_rng(4))
    product = sp.PartialDependence(grid_resolution=60).explain(T2.predict, X)
    np.testing.assert_allclose(product.heterogeneity.values[:, 0], 1, rtol=0.03)  # sd(x1) sd(x2), however dependent
    places, part = product.axes[0].positions, product.estimate.parts["heterogeneity"][product.parts()[0], 0]
    np.testing.assert_allclose(part, np.abs(places - T2.m[0]), atol=0.06)
    box = sp.PartialDependence().explain(T8.predict, T8.sample(20_000, np.random.default_rng(5)))
    np.testing.assert_allclose(box.heterogeneity.values[:, 0], 2.5, rtol=0.03)
    waves = sp.PartialDependence(grid_resolution=60).explain(T3.predict, T3.sample(20_000, np.random.default_rng(6)))
    v13 = 8 * T3.b**2 * np.pi**8 / 225
    np.testing.assert_allclose(waves.heterogeneity.values[:, 0], [np.sqrt(v13), 0, np.sqrt(v13)], rtol=0.03, atol=1e-12)


@pytest.mark.parametrize("explainer", [sp.PartialDependence(), sp.PartialDependence(centred=True), sp.ALE()])
def test_an_additive_model_has_none(explainer):
    e = explainer.explain(T1.predict, T1.sample(300, np.random.default_rng(1)))
    np.testing.assert_allclose(e.heterogeneity.values, 0, atol=1e-12)
    np.testing.assert_allclose(e.heterogeneity.upper, 0, atol=1e-11)
    np.testing.assert_allclose(e.estimate.parts["heterogeneity"], 0, atol=1e-12)


@pytest.mark.parametrize("centred", [False, True])
def test_errors_of_partial_dependence_are_those_of_leaving_each_row_out(centred):
    X = T2.sample(80, np.random.default_rng(9))
    explainer = sp.PartialDependence(features=["x1"], background=X.quantile([0, 0.2, 0.5, 0.8, 1]), centred=centred)
    e = explainer.explain(lambda Z: np.sin(T2.predict(Z)), X)
    left_out = [
        explainer.explain(lambda Z: np.sin(T2.predict(Z)), X.drop(index=i)).heterogeneity.values for i in X.index
    ]
    jackknife = np.sqrt(79 * np.var(left_out))
    assert e.heterogeneity.std_error.item() == pytest.approx(jackknife, rel=0.05)


def test_the_interval_of_a_root_is_above_zero():
    squares, errors = np.array([4.0, 0.0, 1.0, 1e-30, 0.0]), np.array([8.0, 0.0, np.inf, 1e-3, np.inf])
    e = heterogeneity.root_of(squares, errors, conf_level=0.9, df=20)
    assert np.isfinite(e.values).all()
    assert (e.lower >= 0).all()
    assert (e.lower <= e.values).all()
    assert (e.values <= e.upper).all()
    assert np.isinf(e.upper[[2, 4]]).all()
    assert (e.lower[1], e.upper[1], e.std_error[1]) == (0, 0, 0)


@pytest.mark.parametrize("explainer", [sp.PartialDependence(), sp.ALE()])
def test_one_row_has_no_spread_and_its_error_is_infinite(explainer):
    e = explainer.explain(mixed.score, mixed.table(1))
    np.testing.assert_array_equal(e.heterogeneity.values, 0)
    moving = [j for j, axis in enumerate(e.axes) if len(axis) > 1]
    assert np.isinf(e.heterogeneity.upper[moving]).all()
    assert "SIPA011" in {c.code for c in e.caveats}


@pytest.mark.parametrize("explainer", [sp.PartialDependence, sp.ALE])
def test_a_weight_of_two_is_a_row_given_twice(explainer):
    X = mixed.table(50)
    weights = np.random.default_rng(0).integers(1, 4, 50)
    made = explainer(grid_resolution=5)
    if explainer is sp.ALE:
        made = sp.ALE(grid_resolution=5, features=["whole", "size"])
    e = made.explain(mixed.scores, X, sample_weight=weights.astype(float))
    twice = made.explain(mixed.scores, X.loc[X.index.repeat(weights)])
    if explainer is sp.PartialDependence:
        np.testing.assert_allclose(e.heterogeneity.values, twice.heterogeneity.values, atol=1e-12)
    else:  # the means of squares in a cell are freed of what its few rows add, which weights and rows count apart
        np.testing.assert_allclose(e.heterogeneity.values, twice.heterogeneity.values, rtol=0.1)


def test_pairs_have_none_and_single_features_beside_them_keep_theirs(tmp_path):
    X = mixed.table(40)
    for made in (sp.PartialDependence, sp.ALE):
        both = made(features=["whole", ("size", "number")], grid_resolution=3).explain(mixed.scores, X)
        alone = made(features=["whole"], grid_resolution=3).explain(mixed.scores, X)
        np.testing.assert_allclose(both.heterogeneity.values, alone.heterogeneity.values, rtol=1e-12)
        part = both.estimate.parts["heterogeneity"]
        assert np.isnan(part[both.parts()[1]]).all()
        assert np.isfinite(part[both.parts()[0]]).all()
        pair = made(features=[("size", "number")], grid_resolution=3).explain(mixed.scores, X)
        assert pair.heterogeneity is None
        assert "heterogeneity" not in pair.frame()
        with pytest.raises(sp.InputError, match="has no heterogeneity"):
            pair.heterogeneity_frame()


def test_the_figures_of_a_report_keep_what_belongs_to_them():
    e = sp.ALE(features=["whole", ("size", "number"), "size"], grid_resolution=3).explain(mixed.scores, mixed.table(40))
    single, pairs = some_features(e, e.lines), some_features(e, e.planes)
    np.testing.assert_array_equal(single.heterogeneity.values, e.heterogeneity.values)
    np.testing.assert_array_equal(some_features(e, [2]).heterogeneity.values, e.heterogeneity.values[1:])
    assert pairs.heterogeneity is None
    single.plot("heterogeneity")


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_the_frame_names_features_and_outputs_and_files_keep_it(form, tmp_path):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    e = sp.PartialDependence(grid_resolution=4).explain(mixed.scores, mixed.table(30))
    frame = e.heterogeneity_frame()
    assert list(frame) == ["feature", "output", "estimate", "std_error", "lower", "upper"]
    assert frame["feature"].tolist()[::2] == list(e.features)
    getattr(e, f"to_{form}")(tmp_path / "e")
    kept = sp.load(tmp_path / "e")
    pd.testing.assert_frame_equal(kept.heterogeneity_frame(), frame)
    pd.testing.assert_frame_equal(kept.frame(), e.frame())


# ---- ALE


def shrunk(n):
    """Mean standard deviation of ``n`` standard normals: that of the chi distribution, by its density."""
    return stats.chi(n - 1).mean() / np.sqrt(n - 1)


def drift_by_definition(predict, X, feature, places, weights, *, levels):
    """(g,) and a number: sums of the steps' standard deviations, and how far they are from their mean over rows."""
    value, w = X[feature].to_numpy(), weights
    sums, sign, before = [0.0], 1, None
    for i, (low, high) in enumerate(pairwise(places)):
        if levels:
            inside = (value == low) | (value == high)
        else:
            inside = (value > low) & (value <= high) | ((value == low) & (i == 0))
        steps = predict(brute.replaced(X[inside], feature, high)) - predict(brute.replaced(X[inside], feature, low))
        v = w[inside]
        n = v.sum() ** 2 / (v**2).sum()
        variance = np.average((steps - np.average(steps, weights=v)) ** 2, weights=v)
        if before is not None and levels:  # rows at the level between: do those that go up go on
            here = X[value == low]
            up = predict(here) - predict(brute.replaced(here, feature, before))
            on = predict(brute.replaced(here, feature, high)) - predict(here)
            v2 = w[value == low] ** 2
            up, on = (one - np.average(one, weights=w[value == low]) for one in (up, on))
            sign *= -1 if (v2 * up * on).sum() < 0 else 1
        sums.append(sums[-1] + sign * np.sqrt(variance * n / (n - 1)) / shrunk(n))
        before = low
    at = [sums[list(places).index(one)] if levels else np.interp(one, places, sums) for one in value]
    middle = np.average(at, weights=w)
    return np.abs(np.array(sums) - middle), np.sqrt(np.average((np.array(at) - middle) ** 2, weights=w))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("feature", ["number", "whole", "size", "flag", "level"])
def test_ale_tells_what_its_definition_does(feature, weighted):
    X = mixed.table(120).dropna().reset_index(drop=True)
    w = np.random.default_rng(3).integers(1, 4, len(X)).astype(float) if weighted else np.ones(len(X))
    e = sp.ALE(features=[feature], grid_resolution=6).explain(mixed.score, X, sample_weight=w)
    axis = e.axes[0]
    places, number = drift_by_definition(
        mixed.score, X, feature, list(axis.values), w, levels=axis.kind in {"ordered", "category"}
    )
    np.testing.assert_allclose(e.estimate.parts["heterogeneity"][:, 0], places, atol=1e-12)
    assert e.heterogeneity.values.item() == pytest.approx(number, rel=1e-10)
    steps = e.estimate.parts["step_sd"][:, 0]
    assert steps[0] == 0
    if feature in {"number", "whole"}:
        turned = np.cumsum(steps) - np.sum(steps) + places[-1]
        np.testing.assert_allclose(np.abs(turned), places, atol=1e-12)


def test_an_order_that_levels_were_put_in_leaves_the_error_unknown_and_it_is_told():
    e = sp.ALE(features=["level", "flag", "size"]).explain(mixed.score, mixed.table(60))
    assert np.isinf(e.heterogeneity.std_error[0])
    assert np.isfinite(e.heterogeneity.std_error[1:]).all()
    (told,) = [c for c in e.caveats if c.code == "SIPA039"]
    assert "no known error" in told.message


def test_a_turn_is_seen_between_levels():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"c": rng.choice(list("abcd"), 5000), "z": rng.normal(size=5000)})
    height = {"a": 0.0, "b": 3.0, "c": 2.0, "d": 1.0}

    def predict(Z):
        return Z["c"].map(height).to_numpy() * Z["z"].to_numpy()

    for order in ("given", {"c": list("bdca")}):
        e = sp.ALE(features=["c"], category_order=order).explain(predict, X)
        truth = sp.PartialDependence(features=["c"]).explain(predict, X).heterogeneity.values
        np.testing.assert_allclose(e.heterogeneity.values, truth, rtol=0.02)


def test_the_closed_forms_of_drift():
    dependent = sp.ALE().explain(T2.predict, T2.sample(20_000, np.random.default_rng(4)))
    # what is left of the other feature's spread where one is known: sqrt(1 - r^2)
    np.testing.assert_allclose(dependent.heterogeneity.values[:, 0], 0.8, rtol=0.03)
    Z = pd.DataFrame(np.random.default_rng(5).normal(size=(20_000, 2)) * [1, 3] + [0, 5], columns=["x1", "x2"])
    product = sp.ALE().explain(T2.predict, Z)
    np.testing.assert_allclose(product.heterogeneity.values[:, 0], 3, rtol=0.03)


@pytest.mark.parametrize("resolution", [10, 40, 160])
def test_a_jump_has_the_same_drift_however_narrow_the_cells(resolution):
    X = T8.sample(20_000, np.random.default_rng(5))
    e = sp.ALE(grid_resolution=resolution).explain(T8.predict, X)
    np.testing.assert_allclose(e.heterogeneity.values[:, 0], 2.5, rtol=0.1 if resolution == 10 else 0.03)


@pytest.mark.parametrize("feature", ["x1", "whole", "size"])
def test_errors_of_drift_are_those_of_leaving_each_row_out(feature):
    X = T2.sample(100, np.random.default_rng(9)) if feature == "x1" else mixed.table(100)
    edges = X.quantile([0, 0.2, 0.5, 0.8, 1]) if feature == "x1" else None
    predict = (lambda Z: np.sin(T2.predict(Z))) if feature == "x1" else mixed.score
    explainer = sp.ALE(features=[feature], background=edges, category_order="given")
    e = explainer.explain(predict, X)
    left_out = [explainer.explain(predict, X.drop(index=i)).heterogeneity.values for i in X.index]
    jackknife = np.sqrt((len(X) - 1) * np.var(left_out))
    assert e.heterogeneity.std_error.item() == pytest.approx(jackknife, rel=0.08)


def test_a_step_that_one_row_tells_of_has_the_spread_of_its_neighbour():
    X = pd.DataFrame({"x": [0.0, 1, 1, 1, 1, 2, 4, 4, 4, 4], "z": [0.0, 1, 2, 3, 4, 9, 1, 2, 3, 4]})
    e = sp.ALE(features=["x"]).explain(lambda Z: Z["x"].to_numpy() * Z["z"].to_numpy(), X)
    sd = np.std([1, 2, 3, 4], ddof=1) / shrunk(4)
    first = np.std([0, 1, 2, 3, 4], ddof=1) / shrunk(5)  # the first cell holds its lower edge
    np.testing.assert_allclose(e.estimate.parts["step_sd"][:, 0], [0, first, first, 2 * sd])


def test_steps_of_cells_of_any_width_beside_missing_ones_stay_numbers():
    X = pd.DataFrame({"a": [None, None, None, None, 0.0, 0.0, 1.0, 0.0, 4e-250], "b": np.arange(9.0)})
    e = sp.ALE(features=["a"]).explain(lambda Z: Z["b"] * Z["a"].fillna(2.0), X)
    assert np.isfinite(e.heterogeneity.values).all()
    assert np.isfinite(e.estimate.parts["heterogeneity"]).all()
