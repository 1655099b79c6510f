"""ALE against its definition, closed forms and its own intervals."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.explainers import ale_curves
from tests import brute
from tests.analytic import T1, T2, T3, T4, T5, T6, T7, T8, T9, T10
from tests.explainers import mixed

ORDERED = ["number", "whole", "size", "flag", "when", "same"]


def name_of(model):
    return type(model).__name__


def ordered(X):
    """T7's rows with levels that have an order."""
    return X.assign(c=pd.Categorical(X["c"], categories=list("ABC"), ordered=True))


def seen_as_text(model):
    return lambda X: model.predict(X.assign(c=X["c"].astype(str)))


def as_numbers(X, name):
    """Dates and booleans as numbers, which the definition of cells needs."""
    column = X[name]
    if name == "when":
        return column.dt.as_unit("ns").astype(np.int64).astype(float)
    return column.astype(float)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("resolution", [3, 40])
def test_curves_are_those_of_the_definition(weighted, resolution):
    X = mixed.table(80)
    weights = np.random.default_rng(3).integers(1, 4, 80).astype(float) if weighted else None
    e = sp.ALE(features=ORDERED, grid_resolution=resolution).explain(mixed.scores, X, sample_weight=weights)
    assert [axis.name for axis in e.axes] == ORDERED
    for axis, curve in zip(e.axes, e.values, strict=True):
        if axis.name in {"size", "flag"}:
            truth = brute.ale_of_levels(mixed.scores, X, axis.name, list(axis.values), weights=weights)
        elif axis.name == "same":
            truth = np.zeros((1, 2))
        else:
            Z, back = X.assign(**{axis.name: as_numbers(X, axis.name)}), X[axis.name].dtype

            def predict(Z, name=axis.name, back=back):
                return mixed.scores(Z.assign(**{name: pd.to_datetime(Z[name]) if name == "when" else Z[name]}))

            known = axis.positions[np.isfinite(axis.positions)]
            truth = brute.ale(predict, Z, axis.name, known, weights=weights)
            if axis.has_missing:
                truth = brute.with_missing(predict, Z, axis.name, known, truth, weights=weights)
        np.testing.assert_allclose(curve, truth, atol=1e-9, err_msg=axis.name)


def test_ale_of_a_linear_model_is_its_slope():
    X = T1.sample(300, np.random.default_rng(1))
    e = sp.ALE(grid_resolution=10).explain(T1.predict, X)
    for axis, curve, slope in zip(e.axes, e.values, T1.a, strict=True):
        np.testing.assert_allclose(np.diff(curve[:, 0]) / np.diff(axis.positions), slope)
        np.testing.assert_allclose(curve[:, 0], slope * (axis.positions - X[axis.name].mean()), atol=1e-12)


@pytest.mark.parametrize("model", [T3, T4, T6, T10], ids=name_of)
def test_closed_forms(model):
    X = model.sample(4000, np.random.default_rng(2))
    e = sp.ALE(grid_resolution=40).explain(model.predict, X)
    for axis, part in zip(e.axes, e.parts(), strict=True):
        truth = model.ale(axis.name, axis.positions)
        # lines from edge to edge, centred over the rows
        truth = truth - np.interp(X[axis.name], axis.positions, truth).mean() * (model is not T6)
        error = e.std_error[part, 0] + 2e-3 * np.ptp(truth)
        mixed.assert_within(e.estimate.values[part, 0], truth, error)


def test_the_product_of_dependent_features_bends():
    X = T2.sample(20_000, np.random.default_rng(4))
    e = sp.ALE(features=["x1"], grid_resolution=100).explain(T2.predict, X)
    inside = slice(3, -3)  # outer cells are wide, and a line there is no parabola
    truth = T2.ale("x1", e.axes[0].positions)
    mixed.assert_within(e.values[0][inside, 0], truth[inside], e.std_error[inside, 0] + 0.005)


@pytest.mark.parametrize(("model", "jump"), [(T8, 0.5), (T9, 0.0)], ids=["T8", "T9"])
def test_a_step_shows_its_height(model, jump):
    X = model.sample(3000, np.random.default_rng(5))
    e = sp.ALE(features=["x1"], grid_resolution=50).explain(model.predict, X)
    axis, curve = e.axes[0], e.values[0][:, 0]
    before, after = axis.positions < jump - 0.05, axis.positions > jump + 0.05
    np.testing.assert_allclose(np.ptp(curve[before]), 0, atol=1e-12)
    np.testing.assert_allclose(np.ptp(curve[after]), 0, atol=1e-12)
    height = np.diff(model.pdp("x1", np.array([jump - 0.1, jump + 0.1])))[0]
    assert curve[after][0] - curve[before][0] == pytest.approx(height, rel=0.35)


def test_parity_shows_nothing():
    X, weights = T5.population()
    e = sp.ALE().explain(T5.predict, X, sample_weight=weights)
    np.testing.assert_allclose(e.estimate.values, 0, atol=1e-12)


def test_it_does_not_leave_the_data():
    X = T6.sample(400, np.random.default_rng(6))
    e = sp.ALE().explain(T6.predict, X)
    np.testing.assert_allclose(e.values[1], 0, atol=0.005)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_step_between_levels_is_a_mean_over_the_rows_of_both(weighted):
    if weighted:
        X, weights = T7.population()
        e = sp.ALE(features=["c"]).explain(seen_as_text(T7), ordered(X), sample_weight=weights)
        np.testing.assert_allclose(e.values[0][:, 0], [-0.965, 0.285, 1.985], atol=1e-12)
    else:
        X = T7.sample(4000, np.random.default_rng(7))
        e = sp.ALE(features=["c"]).explain(seen_as_text(T7), ordered(X))
        mixed.assert_within(e.values[0][:, 0], [-0.965, 0.285, 1.985], e.std_error[:, 0])
        assert e.cost.rows <= 3 * len(X)


def test_errors_of_levels_are_those_of_leaving_each_row_out():
    X = ordered(T7.sample(60, np.random.default_rng(8)))
    predict, explainer = seen_as_text(T7), sp.ALE(features=["c"])
    e = explainer.explain(predict, X)
    left_out = [explainer.explain(predict, X.drop(index=i)).values[0][:, 0] for i in range(60)]
    jackknife = np.sqrt(59 * np.var(left_out, axis=0))
    np.testing.assert_allclose(e.std_error[:, 0], jackknife, rtol=0.05)


def test_errors_of_cells_are_those_of_leaving_each_row_out(monkeypatch):
    monkeypatch.setattr(ale_curves, "_MORE", 0)  # nothing is lent by the cells beside
    X = T2.sample(60, np.random.default_rng(9))
    edges = pd.DataFrame({"x1": np.quantile(X["x1"], np.linspace(0, 1, 6)), "x2": 0.0})
    explainer = sp.ALE(features=["x1"], background=edges)
    e = explainer.explain(T2.predict, X)
    left_out = [explainer.explain(T2.predict, X.drop(index=i)).values[0][:, 0] for i in range(60)]
    np.testing.assert_allclose(e.std_error[:, 0], np.sqrt(59 * np.var(left_out, axis=0)), rtol=0.08)


def test_a_cell_of_equal_slopes_is_lent_some_of_the_spread_beside_it(monkeypatch):
    rng = np.random.default_rng(5)
    X = pd.DataFrame({"a": np.sort(rng.uniform(size=90)), "b": rng.choice([-1.0, 1.0], 90)})
    X.loc[X["a"] < 1 / 3, "b"] = 1.0
    edges = pd.DataFrame({"a": [0.0, 1 / 3, 2 / 3, 1.0], "b": 1.0})

    def error(predict):
        e = sp.ALE(features=["a"], background=edges).explain(predict, X)
        return e.std_error[:, 0]

    def product(Z):
        return Z["a"] * Z["b"]

    lent, steady = error(product), error(lambda Z: Z["a"] + Z["b"])
    monkeypatch.setattr(ale_curves, "_MORE", 0)
    assert (lent[0] > error(product)[0] * 1.02).all()
    np.testing.assert_allclose(steady, error(lambda Z: Z["a"] + Z["b"]))  # nobody has anything to lend


def test_curves_lean_as_the_influence_of_their_rows_does():
    X = T7.sample(200, np.random.default_rng(11))
    e = sp.ALE(features=["x"], grid_resolution=4).explain(T7.predict, X)
    curve = e.values[0][:, 0]
    explainer = sp.ALE(features=["x"], background=pd.DataFrame({"c": "A", "x": e.axes[0].positions}))
    left_out = [explainer.explain(T7.predict, X.drop(index=i)).values[0][:, 0] for i in range(200)]
    influence = curve - np.array(left_out)
    skewness = (influence**3).sum(axis=0) / (influence**2).sum(axis=0) ** 1.5
    estimate = e.estimate
    below, above = curve - estimate.lower[:, 0], estimate.upper[:, 0] - curve
    leaning = np.abs(skewness) > 0.03
    assert leaning.sum() >= 2
    np.testing.assert_array_equal((above > below)[leaning], (skewness > 0)[leaning])
    # the cubic transformation moves the middle of an interval by skewness / 6 (1 + 2 t^2) errors
    middle = (above - below) / 2 / estimate.std_error[:, 0]
    np.testing.assert_allclose(middle, skewness / 6 * (1 + 2 * 1.96**2), rtol=0.25, atol=0.05)


def test_curves_have_mean_zero_over_the_rows_as_interpolated():
    X = mixed.table(100)
    e = sp.ALE(grid_resolution=7).explain(mixed.scores, X)
    number = X["number"]
    for output in range(2):
        curve = e.values[0][:, output]
        at_rows = np.where(number.isna(), curve[-1], np.interp(number, e.axes[0].positions[:-1], curve[:-1]))
        assert at_rows.mean() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("features", [["number", "whole", "when"], ["size", "flag"]])
def test_a_weight_of_two_is_a_row_given_twice(features):
    X = mixed.table(40)
    weights = np.random.default_rng(0).integers(1, 4, 40)
    e = sp.ALE(features=features, grid_resolution=5).explain(mixed.scores, X, sample_weight=weights.astype(float))
    twice = sp.ALE(features=features, grid_resolution=5).explain(mixed.scores, X.loc[X.index.repeat(weights)])
    np.testing.assert_allclose(e.estimate.values, twice.estimate.values, atol=1e-12)


def test_rows_of_weight_zero_count_for_nothing():
    X = mixed.table(60)
    weights = (np.arange(60) < 40).astype(float)
    e = sp.ALE(grid_resolution=5).explain(mixed.score, X, sample_weight=weights)
    few = sp.ALE(grid_resolution=5).explain(mixed.score, X.head(40))
    np.testing.assert_allclose(e.estimate.values, few.estimate.values, atol=1e-12)
    np.testing.assert_allclose(e.std_error, few.std_error, atol=1e-12)


def test_missing_cells_have_a_place_that_the_middle_leads_to():
    X = mixed.table(50)
    e = sp.ALE(features=["number"]).explain(mixed.score, X)
    assert e.axes[0].has_missing
    assert "SIPA020" not in {c.code for c in e.caveats}
    full = sp.ALE(features=["number"]).explain(mixed.score, X.dropna(subset=["number"]))
    curve, alone = e.values[0][:, 0], full.values[0][:, 0]
    np.testing.assert_allclose(np.diff(curve[:-1]), np.diff(alone), atol=1e-12)
    gone, middle = X[X["number"].isna()], X["number"].dropna().sort_values().to_numpy()[(X["number"].count() - 1) // 2]
    step = np.mean(mixed.score(gone) - mixed.score(gone.assign(number=middle)))
    place = int(np.flatnonzero(e.axes[0].positions == middle)[0])
    assert curve[-1] - curve[place] == pytest.approx(step)


def test_missing_levels_have_a_place_that_the_most_frequent_one_leads_to():
    X = mixed.table(60)
    e = sp.ALE(features=["text"], category_order="given").explain(mixed.scores, X)
    known = list(e.axes[0].values)[:-1]
    assert (known, e.axes[0].labels[-1]) == (["blue", "green", "red"], "missing")
    curve = brute.ale_of_levels(mixed.scores, X.dropna(subset=["text"]), "text", known)
    np.testing.assert_allclose(
        e.values[0], brute.with_missing(mixed.scores, X, "text", known, curve, levels=True), atol=1e-12
    )


@pytest.mark.parametrize("name", ["number", "text"])
def test_errors_beside_missing_cells_are_those_of_leaving_each_row_out(name):
    X = mixed.table(60)
    behind = X.sort_values(name).iloc[[0, 10, 30, int(X[name].count()) - 1, -1]]
    explainer = sp.ALE(features=[name], background=behind, category_order="given")
    e = explainer.explain(mixed.score, X)
    left_out = [explainer.explain(mixed.score, X.drop(index=i)).values[0][:, 0] for i in range(60)]
    np.testing.assert_allclose(e.std_error[:, 0], np.sqrt(59 * np.var(left_out, axis=0)), rtol=0.1)


@pytest.mark.parametrize("values", [[1.0, 1.0, None, 1.0], [None, None, None, 2.0], ["a", None, "a", "a"]])
def test_one_value_beside_missing_cells(values):
    X = pd.DataFrame({"c": values, "x": [1.0, 2.0, 4.0, 5.0]})
    e = sp.ALE(features=["c"]).explain(lambda Z: Z["c"].isna() * Z["x"].to_numpy(), X)
    step = X["x"][X["c"].isna()].mean()
    assert np.diff(e.values[0][:, 0]).item() == pytest.approx(step)
    assert np.average(e.values[0][:, 0], weights=e.axes[0].weight) == pytest.approx(0)


def test_missing_cells_that_the_background_lacks_have_no_place_and_it_is_told():
    X = mixed.table(50)
    behind = X.dropna(subset=["number"])
    e = sp.ALE(features=["number"], background=behind).explain(mixed.score, X)
    (told,) = [c for c in e.caveats if c.code == "SIPA020"]
    assert f"missing in {X['number'].isna().sum()} of 50 rows" in told.message
    full = sp.ALE(features=["number"]).explain(mixed.score, behind)
    np.testing.assert_allclose(e.estimate.values, full.estimate.values, atol=1e-12)


@pytest.mark.parametrize("order", ["similarity", "given", {"text": ["red", "green", "blue"]}])
def test_levels_without_an_order_are_put_in_one_and_it_is_told(order):
    X = mixed.table(60).dropna(subset=["text"])
    e = sp.ALE(features=["text"], category_order=order).explain(mixed.scores, X)
    truth = brute.ale_of_levels(mixed.scores, X, "text", list(e.axes[0].values))
    np.testing.assert_allclose(e.values[0], truth, atol=1e-12)
    (told,) = [c for c in e.caveats if c.code == "SIPA039"]
    assert f" is {', '.join(e.axes[0].labels)}. " in told.message
    if order != "similarity":
        assert e.axes[0].labels == (("blue", "green", "red") if order == "given" else ("red", "green", "blue"))


def test_levels_that_are_numbers_or_dates_have_an_order_by_their_own_values():
    when = pd.to_datetime(["2024-01-01", "2024-05-01", "2024-09-01"])
    for levels in ([3, 1, 2], list(when)):
        X = pd.DataFrame({"c": pd.Categorical(np.repeat(levels, 5), categories=sorted(levels)), "x": np.arange(15.0)})
        e = sp.ALE(features=["c"], category_order={"c": levels}).explain(lambda Z: Z["x"].to_numpy(), X)
        assert list(e.axes[0].values) == levels


def test_a_level_that_rows_or_background_lack_has_no_place():
    X = pd.DataFrame({"c": list("aabbc") * 4, "x": np.arange(20.0)})
    behind = pd.DataFrame({"c": list("abd"), "x": 0.0})
    e = sp.ALE(features=["c"], background=behind).explain(lambda Z: (Z["c"] == "b").to_numpy(float), X)
    assert e.axes[0].labels == ("a", "b")
    assert np.diff(e.values[0][:, 0]).tolist() == [1.0]
    (told,) = [c for c in e.caveats if c.code == "SIPA020"]
    assert "has a level that is not drawn in 4 of 20 rows" in told.message
    nothing = sp.ALE(features=["c"]).explain(lambda Z: np.ones(len(Z)), X, sample_weight=None)
    np.testing.assert_array_equal(nothing.values[0], 0)
    elsewhere = pd.DataFrame({"c": list("xyz"), "x": 0.0})
    alone = sp.ALE(features=["c"], background=elsewhere).explain(lambda Z: (Z["c"] == "x").to_numpy(float), X)
    np.testing.assert_array_equal(alone.values[0], 0)


def test_rare_levels_are_left_out_and_it_is_told():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"c": [f"level {i}" for i in rng.integers(0, 60, 600)], "x": rng.normal(size=600)})
    e = sp.ALE(features=["c"]).explain(lambda Z: Z["x"].to_numpy(), X)
    assert len(e.axes[0]) == 50
    assert {"SIPA020", "SIPA022", "SIPA039"} <= {c.code for c in e.caveats}


def test_an_order_with_a_level_twice_is_refused():
    with pytest.raises(sp.InputError, match=r"category_order\['text'\] has 'red' twice"):
        sp.ALE(category_order={"text": ["red", "green", "red", "blue"]}).explain(mixed.score, mixed.table(30))


def test_levels_lie_near_those_whose_rows_are_alike():
    place = np.repeat(np.arange(5), 40)
    noise = np.random.default_rng(0).normal(size=200)
    X = pd.DataFrame({"c": np.array(list("dbeac"))[place], "x": place + noise})
    e = sp.ALE(features=["c"]).explain(lambda Z: Z["x"].to_numpy(), X)
    assert "".join(e.axes[0].labels) in {"dbeac", "caebd"}


def test_the_known_steps_between_levels_without_an_order():
    X, weights = T7.population()
    e = sp.ALE(features=["c"], category_order="given").explain(T7.predict, X, sample_weight=weights)
    np.testing.assert_allclose(e.values[0][:, 0], [-0.965, 0.285, 1.985], atol=1e-12)


def test_an_order_that_lacks_a_level_is_refused():
    with pytest.raises(sp.InputError, match=r"category_order\['text'\] lacks 'red'"):
        sp.ALE(features=["text"], category_order={"text": ["green", "blue"]}).explain(mixed.score, mixed.table(30))


def test_a_constant_column_has_no_effect_and_no_error():
    e = sp.ALE(features=["same"]).explain(mixed.score, mixed.table(30))
    np.testing.assert_array_equal(e.estimate.values, 0)
    np.testing.assert_array_equal(e.std_error, 0)
    assert "SIPA029" in {c.code for c in e.caveats}


def test_an_unused_feature_has_no_effect_and_no_error():
    X = mixed.table(50).assign(extra=np.random.default_rng(0).normal(size=50))
    e = sp.ALE(features=["extra"]).explain(mixed.score, X)
    np.testing.assert_array_equal(e.estimate.values, 0)
    np.testing.assert_array_equal(e.std_error, 0)


def test_one_row():
    X = mixed.table(1)
    e = sp.ALE(features=["whole", "size"], background=mixed.table(40)).explain(mixed.score, X)
    assert np.isfinite(e.estimate.values).all()
    assert "SIPA011" in {c.code for c in e.caveats}


def test_a_column_of_missing_cells_only():
    X = mixed.table(20).assign(number=np.nan)
    e = sp.ALE(features=["number", "whole"]).explain(mixed.score, X)
    assert np.isfinite(e.estimate.values).all()


def test_a_background_with_other_levels_gives_edges():
    behind = mixed.table(60)
    X = mixed.table(60, seed=1)
    without = behind[behind["size"] != "mid"]
    e = sp.ALE(features=["size"], background=without).explain(mixed.score, X)
    assert e.axes[0].labels == ("small", "big")
    assert np.isfinite(e.estimate.values).all()


def test_rows_on_an_edge_cost_one_row():
    X = T3.sample(300, np.random.default_rng(0)).round(0)
    e = sp.ALE(grid_resolution="all").explain(T3.predict, X)
    new = e.cost.rows - len(X)
    assert new <= 3 * len(X)
