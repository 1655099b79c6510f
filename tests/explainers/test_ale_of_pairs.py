"""ALE of two features against its definition, closed forms and its own intervals."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from tests import brute
from tests.analytic import T1, T2, T3, T7
from tests.explainers import mixed
from tests.plots import seen

PAIRS = [
    *(("number", "whole"), ("number", "size"), ("size", "whole"), ("flag", "size"), ("whole", "flag")),
    *(("number", "level"), ("text", "whole"), ("text", "level"), ("level", "size")),  # levels without an order
]


def bent(X):
    return np.sin(T2.predict(X))


def pair_of(X, features=("x1", "x2"), predict=T2.predict, **parameters):
    e = sp.ALE(features=[features], **parameters).explain(predict, X)
    return e, e.axes[0], e.values[0][..., 0], e.std_error[:, 0].reshape(e.axes[0].shape)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_surfaces_are_those_of_the_definition(pair, weighted):
    X = mixed.table(80)
    weights = np.random.default_rng(3).integers(0, 4, 80).astype(float) if weighted else None
    e = sp.ALE(features=[pair], grid_resolution=4).explain(mixed.scores, X, sample_weight=weights)
    (plane,) = e.axes
    sides = plane.first, plane.second
    truth = brute.ale_pair(
        mixed.scores,
        X,
        pair,
        [list(side.values) for side in sides],
        levels=[side.kind in {"ordered", "category"} for side in sides],
        weights=weights,
    )
    np.testing.assert_allclose(e.values[0], truth, atol=1e-12)


def test_cells_without_rows_have_the_difference_of_the_nearest_and_it_is_told():
    X = T2.sample(60, np.random.default_rng(9))
    e, plane, surface, _ = pair_of(X, predict=bent, grid_resolution=6)
    truth = brute.ale_pair(bent, X, plane.name, [plane.first.positions, plane.second.positions])
    np.testing.assert_allclose(surface, truth, atol=1e-12)
    (told,) = [c for c in e.caveats if c.code == "SIPA037"]
    cells = [np.searchsorted(side.positions[1:-1], X[side.name]) for side in (plane.first, plane.second)]
    assert f"in {36 - len(set(zip(*cells, strict=True)))} of the cells of 'x1' and 'x2'" in told.message


def test_the_product_of_dependent_features():
    X = T2.sample(20_000, np.random.default_rng(4))
    _, plane, surface, error = pair_of(X, grid_resolution=30)
    truth = T2.ale_pair(plane.first.positions[:, None], plane.second.positions)
    inner = np.zeros(plane.shape, bool)
    inner[3:-3, 3:-3] = True  # outer cells are wide, and a line there is no parabola
    inner &= plane.weight > 1e-4
    mixed.assert_within(surface[inner], truth[inner], error[inner] + 0.02)


def test_an_additive_model_has_no_pure_effect():
    _, _, surface, error = pair_of(T1.sample(300, np.random.default_rng(1)), predict=T1.predict)
    np.testing.assert_allclose(surface, 0, atol=1e-12)
    np.testing.assert_allclose(error, 0, atol=1e-12)


def test_the_interaction_of_independent_features():
    X = T3.sample(20_000, np.random.default_rng(2))
    _, plane, surface, error = pair_of(X, ("x1", "x3"), T3.predict, grid_resolution=20)
    one, other = plane.first.positions[:, None], plane.second.positions
    truth = T3.b * np.sin(one) * (other**4 - np.pi**4 / 5)
    mixed.assert_within(surface, truth, error + 0.04 * np.ptp(truth) / 4)
    _, _, nothing, _ = pair_of(X.head(500), ("x1", "x2"), T3.predict, grid_resolution=10)
    np.testing.assert_allclose(nothing, 0, atol=1e-12)


def test_slopes_that_differ_by_level():
    """Of g_c + h_c x what is beyond both alone differs by level in slope as h does."""
    X = T7.sample(4000, np.random.default_rng(7))
    X = X.assign(c=pd.Categorical(X["c"], categories=list("ABC"), ordered=True))

    def predict(Z):
        return T7.predict(Z.assign(c=Z["c"].astype(str)))

    e = sp.ALE(features=[("c", "x")], grid_resolution=10).explain(predict, X)
    slopes = np.diff(e.values[0][..., 0], axis=1) / np.diff(e.axes[0].second.positions)
    np.testing.assert_allclose(np.diff(slopes, axis=0), np.diff(T7.h)[:, None] * np.ones(10), atol=1e-9)


def test_the_order_of_the_two_features_does_not_matter():
    X = mixed.table(70)
    one, other = (
        sp.ALE(features=[pair], grid_resolution=4).explain(mixed.scores, X)
        for pair in (("number", "size"), ("size", "number"))
    )
    np.testing.assert_allclose(one.values[0], other.values[0].swapaxes(0, 1), atol=1e-12)


@pytest.mark.parametrize("pair", [("x1", "x2"), ("size", "whole"), ("whole", "flag"), ("level", "size")], ids="-".join)
def test_errors_are_those_of_leaving_each_row_out(pair):
    X = T2.sample(120, np.random.default_rng(9)) if pair == ("x1", "x2") else mixed.table(120)
    edges = X.quantile([0, 0.3, 0.7, 1]) if pair == ("x1", "x2") else None
    explainer = sp.ALE(features=[pair], background=edges, category_order="given")  # an order is taken as given
    predict = bent if pair == ("x1", "x2") else lambda Z: mixed.scores(Z)[:, 1]
    e = explainer.explain(predict, X)
    left_out = [explainer.explain(predict, X.drop(index=i)).estimate.values[:, 0] for i in X.index]
    np.testing.assert_allclose(e.std_error[:, 0], np.sqrt(119 * np.var(left_out, axis=0)), rtol=0.08)


def test_a_weight_of_two_is_a_row_given_twice():
    X = mixed.table(40)
    weights = np.random.default_rng(0).integers(1, 4, 40)
    explainer = sp.ALE(features=[("number", "whole"), ("size", "flag")], grid_resolution=3)
    e = explainer.explain(mixed.scores, X, sample_weight=weights.astype(float))
    twice = explainer.explain(mixed.scores, X.loc[X.index.repeat(weights)])
    np.testing.assert_allclose(e.estimate.values, twice.estimate.values, atol=1e-12)


def test_single_features_are_the_same_beside_pairs():
    X = mixed.table(60)
    beside = sp.ALE(features=["number", ("number", "size"), "size"], grid_resolution=5).explain(mixed.scores, X)
    alone = sp.ALE(features=["number", "size"], grid_resolution=5).explain(mixed.scores, X)
    for one, other in ((0, 0), (2, 1)):
        np.testing.assert_array_equal(beside.values[one], alone.values[other])
    assert (beside.pure, alone.pure) == (True, False)
    rows = beside.estimate.std_error[beside.parts()[2]], alone.std_error[alone.parts()[1]]
    np.testing.assert_array_equal(*rows)


def test_a_pair_asks_at_most_four_rows_of_numbers_and_eight_of_levels():
    X = T2.sample(300, np.random.default_rng(0))
    e, *_ = pair_of(X)
    assert e.cost.rows <= 5 * len(X)  # the rows themselves among them
    both, *_ = pair_of(mixed.table(300), ("size", "flag"), mixed.score)
    assert both.cost.rows <= 6 * 300


def test_a_constant_column_does_nothing_together_either():
    e, _, surface, error = pair_of(mixed.table(30), ("same", "whole"), mixed.score)
    np.testing.assert_array_equal(surface, 0)
    np.testing.assert_array_equal(error, 0)
    assert "SIPA029" in {c.code for c in e.caveats}


def test_missing_cells_have_a_place():
    X = mixed.table(60)
    e, plane, surface, _ = pair_of(X, ("number", "text"), mixed.score, grid_resolution=3)
    assert plane.first.has_missing
    assert plane.second.has_missing
    assert "SIPA020" not in {c.code for c in e.caveats}
    assert np.ptp(surface[-1]) > 0
    nothing = pair_of(X, ("number", "text"), lambda Z: Z["number"].fillna(9) + 3 * Z["text"].isna(), grid_resolution=3)
    np.testing.assert_allclose(nothing[2], 0, atol=1e-12)


def test_a_step_whose_rows_lack_the_other_feature():
    X = mixed.table(60)
    X.loc[X["whole"] > 3, "number"] = np.nan
    e, *_ = pair_of(X, ("number", "whole"), mixed.score, grid_resolution=4)
    assert np.isfinite(e.estimate.values).all()
    assert np.isfinite(e.std_error).all()


def test_one_row():
    X = mixed.table(1)
    e = sp.ALE(features=[("whole", "size")], background=mixed.table(40)).explain(mixed.score, X)
    assert np.isfinite(e.estimate.values).all()


def test_too_many_places_are_refused():
    X = T2.sample(300, np.random.default_rng(0))
    with pytest.raises(sp.InputError, match="at most 10,000"):
        pair_of(X, grid_resolution="all")


def test_words_and_picture_say_what_is_beyond_each_alone():
    X = T2.sample(300, np.random.default_rng(0))
    e, plane, *_ = pair_of(X, grid_resolution=8)
    assert "of pairs what is beyond each feature alone" in " ".join(repr(e).split())
    assert (plane.weight <= 0).any()
    display = e.plot()
    assert "the effect is carried on from where rows are" in seen.whole(display)
    assert "beyond each alone" in seen.whole(display)
    bar = display.figure_.axes[-1]
    assert bar.get_ylim()[0] == pytest.approx(-bar.get_ylim()[1])


def test_what_rounding_leaves_of_a_sum_is_nothing():
    X = np.random.default_rng(3).normal(size=(300, 2))
    e = sp.ALE(features=[("x0", "x1")], grid_resolution=6).explain(lambda Z: np.sin(Z) @ [3.0, 0.1] + 1e3, X)
    assert (e.values[0] == 0).all()
    assert (e.std_error == 0).all()
    small = sp.ALE(features=[("x0", "x1")], grid_resolution=6).explain(lambda Z: 1e-6 * Z[:, 0] * Z[:, 1] + 1e3, X)
    assert np.abs(small.values[0]).max() > 1e-7  # little is not nothing
