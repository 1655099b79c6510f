"""Partial dependence of two features together: against its definition, closed forms and its own intervals."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sipakit as sp
from sipakit.axis import Plane
from sipakit.documents import schema_path
from sipakit.reports.narrative import findings
from sipakit.reports.tables import tabulate
from tests import brute
from tests.documents.walker import wrong
from tests.explainers import mixed

# number with missing cells, integer, text with missing cells, category, ordered levels, flag, date: all kinds of pairs
PAIRS = [("number", "whole"), ("number", "text"), ("text", "level"), ("when", "size"), ("flag", "number")]


def grid_of(plane):
    return list(itertools.product(plane.first.values, plane.second.values))


@pytest.mark.parametrize("weighted", [False, True])
def test_surfaces_are_means_of_the_models_answers_for_pairs_of_every_kind(weighted):
    X = mixed.table(50)
    weights = np.random.default_rng(3).integers(0, 4, 50).astype(float) if weighted else None
    features = [*PAIRS, "number", "text"]
    e = sp.PartialDependence(features=features, grid_resolution=4).explain(mixed.scores, X, sample_weight=weights)
    assert e.features == tuple(features)
    assert list(e.planes) == list(range(5))
    assert list(e.lines) == [5, 6]
    for pair, plane in e.planes.items():
        truth = brute.partial_dependence(mixed.scores, X, plane.name, grid_of(plane), weights=weights)
        assert e.values[pair].shape == (*plane.shape, 2)
        np.testing.assert_allclose(e.values[pair].reshape(-1, 2), truth, atol=1e-9, err_msg=str(plane.name))
    for single, axis in e.lines.items():
        truth = brute.partial_dependence(mixed.scores, X, axis.name, list(axis.values), weights=weights)
        np.testing.assert_allclose(e.values[single], truth, atol=1e-9)


def test_errors_are_those_of_a_mean_over_rows():
    X = mixed.table(40)
    e = sp.PartialDependence(features=[("number", "text")], grid_resolution=3).explain(mixed.score, X)
    curves = brute.ice(mixed.score, X, ("number", "text"), grid_of(e.axes[0]))
    np.testing.assert_allclose(e.std_error[:, 0], curves.std(axis=0, ddof=1) / np.sqrt(40), rtol=1e-9)


def independent(n=600, seed=0):
    """Three independent columns: a normal, b uniform, c two levels."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"a": rng.normal(1, 1, n), "b": rng.uniform(0, 2, n), "c": rng.choice(["u", "v"], n, p=[0.3, 0.7])}
    )


def signs(column):
    return np.where(column == "u", -1.0, 1.0)


# model, pair, surface at (x, y) as the expectation over the third column
CLOSED = {
    "product": (lambda X: X["a"] * X["b"] * signs(X["c"]), ("a", "b"), lambda x, y: 0.4 * x * y),
    "additive": (lambda X: X["a"] + X["b"] ** 2 + signs(X["c"]), ("a", "c"), lambda x, y: x + 4 / 3 + signs(y)),
    "xor": (lambda X: 1.0 * ((X["a"] > 1) ^ (X["b"] > 1)), ("a", "b"), lambda x, y: 1.0 * ((x > 1) ^ (y > 1))),
    "xor, one side": (lambda X: 1.0 * ((X["a"] > 1) ^ (X["b"] > 1)), ("b", "c"), lambda x, y: 0.5 + 0 * x),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name):
    predict, pair, surface = CLOSED[name]
    e = sp.PartialDependence(features=[pair], grid_resolution=6).explain(predict, independent())
    first, second = (np.asarray(axis.values) for axis in (e.axes[0].first, e.axes[0].second))
    truth = surface(first[:, None], second[None, :]) + np.zeros(e.axes[0].shape)
    error = e.std_error.reshape(truth.shape)
    mixed.assert_within(e.values[0][:, :, 0], truth, error + 1e-12)


@pytest.mark.usefixtures("unlooked")
def test_the_interval_covers_the_closed_form_about_as_often_as_it_says():
    predict, pair, surface = CLOSED["product"]
    hits = []
    for seed in range(60):
        e = sp.PartialDependence(
            features=[pair], grid_resolution=2, background=pd.DataFrame({"a": [2.0], "b": [1.0], "c": ["v"]})
        ).explain(predict, independent(80, seed))
        hits.append(e.estimate.lower[0, 0] <= surface(2.0, 1.0) <= e.estimate.upper[0, 0])
    assert 0.85 <= np.mean(hits) <= 1  # 95 % of 60, give or take three standard errors


@pytest.mark.parametrize("pair", PAIRS)
def test_a_centred_surface_has_mean_zero_over_the_rows_at_their_own_places(pair):
    X = mixed.table(40)
    plain = sp.PartialDependence(features=[pair], grid_resolution="all").explain(mixed.scores, X.drop(columns="same"))
    centred = sp.PartialDependence(features=[pair], grid_resolution="all", centred=True)
    if len(plain.axes[0]) > 1000:
        with pytest.raises(sp.InputError, match="at most 1,000"):
            centred.explain(mixed.scores, X)
        return
    e = centred.explain(mixed.scores, X)
    weight = e.axes[0].weight
    assert weight.sum() == pytest.approx(1)
    whole = plain.values[0]
    np.testing.assert_allclose(e.values[0], whole - np.einsum("gh,ghk->k", weight, whole), atol=1e-12)


def test_centred_errors_are_those_of_the_influence_function():
    """f(v, x_i) - mean_k f(x_k, x_i) - mean_k f(x_i, x_k), with every pair of values a place."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame({"a": rng.integers(0, 4, 30) * 1.0, "b": rng.integers(0, 3, 30) * 1.0, "c": rng.normal(size=30)})
    predict = lambda Z: (Z["a"] * Z["b"] * Z["c"] + Z["a"] ** 2 - Z["c"]).to_numpy()
    e = sp.PartialDependence(features=[("a", "b"), "c"], grid_resolution="all", centred=True).explain(predict, X)
    grid = grid_of(e.axes[0])
    table = brute.ice(predict, X, ("a", "b"), grid)  # row i at every place
    place = [grid.index((row.a, row.b)) for row in X.itertuples()]
    at_rows = table[:, place]  # row i with the values of row k
    influence = table - at_rows.mean(axis=1)[:, None] - at_rows.mean(axis=0)[:, None]
    part = e.parts()[0]
    np.testing.assert_allclose(e.std_error[part, 0], influence.std(axis=0, ddof=1) / np.sqrt(30), rtol=1e-9)
    alone = sp.PartialDependence(features=["c"], grid_resolution="all", centred=True).explain(predict, X)
    np.testing.assert_allclose(e.std_error[e.parts()[1]], alone.std_error, rtol=1e-12)
    np.testing.assert_allclose(e.values[1], alone.values[0], atol=1e-12)


def test_a_pair_of_many_places_cannot_be_centred():
    X = independent(50)
    with pytest.raises(sp.InputError, match=r"a pair of 2,500 places.*at most 1,000.*grid_resolution"):
        sp.PartialDependence(features=[("a", "b")], grid_resolution="all", centred=True).explain(
            lambda Z: Z["a"].to_numpy(), X
        )


def test_weights_of_places_are_shares_of_rows_and_empty_places_have_none():
    X = pd.DataFrame({"a": [0.0, 0.0, 1.0, 3.0], "b": [0.0, 1.0, 2.0, 4.0]})
    e = sp.PartialDependence(features=[("a", "b")], grid_resolution="all").explain(lambda Z: Z["a"].to_numpy(), X)
    expected = np.zeros((3, 4))
    expected[0, 0] = expected[0, 1] = expected[1, 2] = expected[2, 3] = 0.25
    np.testing.assert_array_equal(e.axes[0].weight, expected)
    np.testing.assert_array_equal(e.axes[0].rug, X.to_numpy())
    between = sp.PartialDependence(
        features=[("a", "b")], background=pd.DataFrame({"a": [0.0, 4.0], "b": [0.0, 4.0]})
    ).explain(lambda Z: Z["a"].to_numpy(), X[3:])
    np.testing.assert_allclose(between.axes[0].weight, [[0, 0.25], [0, 0.75]])


def test_a_missing_cell_is_a_place_on_either_side():
    X = mixed.table(60)
    e = sp.PartialDependence(features=[("number", "text")], grid_resolution=4).explain(mixed.score, X)
    plane = e.axes[0]
    both = (X["number"].isna() & X["text"].isna()).mean()
    assert both > 0
    assert plane.weight[-1, -1] == pytest.approx(both)
    assert plane.labels[-1] == "missing, missing"


def test_a_tuple_that_is_the_name_of_a_column_is_that_column():
    columns = pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 2)), columns=columns)
    predict = lambda Z: (Z[("a", "b")] * Z[("a", "c")]).to_numpy()
    e = sp.PartialDependence(features=[("a", "b"), (("a", "b"), ("a", "c"))], grid_resolution=3).explain(predict, X)
    assert list(e.lines) == [0]
    assert list(e.planes) == [1]
    first, second = (np.asarray(axis.values) for axis in (e.axes[1].first, e.axes[1].second))
    np.testing.assert_allclose(e.values[1][:, :, 0], first[:, None] * second)


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ([("a", "d")], "('a', 'd'), which the table does not have"),
        ([("a", "a")], "a feature with itself"),
        ([("a", "b"), ("b", "a")], "more than once"),
        ([("a", "b", "c")], "which the table does not have"),
    ],
)
def test_pairs_that_cannot_be_are_refused_by_name(features, words):
    with pytest.raises(sp.InputError) as error:
        sp.PartialDependence(features=features).explain(lambda Z: Z["a"].to_numpy(), independent(20))
    assert words in str(error.value)
    assert "features" in str(error.value)


@pytest.mark.parametrize("method", [sp.ICE, sp.PermutationImportance, sp.HStatistic])
def test_methods_without_pairs_say_which_has_them(method):
    X = independent(20)
    with pytest.raises(sp.InputError, match=r"is a pair of columns.*PartialDependence"):
        method(features=[("a", "b")]).explain(lambda Z: Z["a"].to_numpy(), X, X["a"])


def test_the_frame_names_both_features_and_both_values():
    X = independent(30)
    e = sp.PartialDependence(features=[("a", "c"), "b"], grid_resolution=3).explain(lambda Z: Z["a"].to_numpy(), X)
    frame = e.frame()
    assert list(frame.columns)[:5] == ["feature", "feature_2", "value", "value_2", "output"]
    assert len(frame) == 3 * 2 + 3
    pair, single = frame[frame["feature"] == "a"], frame[frame["feature"] == "b"]
    assert set(pair["feature_2"]) == {"c"}
    assert list(zip(pair["value"], pair["value_2"], strict=True)) == grid_of(e.axes[0])
    assert single["feature_2"].isna().all()
    assert single["value_2"].isna().all()
    plain = sp.PartialDependence(features=["b"], grid_resolution=3).explain(lambda Z: Z["a"].to_numpy(), X).frame()
    assert "feature_2" not in plain


def test_documents_reprs_tables_and_sentences_take_pairs():
    X = independent(200)
    e = sp.PartialDependence(features=[("a", "c"), "b"], grid_resolution=3).explain(
        lambda Z: (Z["a"] * signs(Z["c"])).to_numpy(), X
    )
    document = json.loads(e.to_json())
    assert document["features"] == [{"type": "tuple", "items": ["a", "c"]}, "b"]
    assert [axis["type"] for axis in document["axes"]] == ["Plane", "Axis"]
    assert document["axes"][0]["second"]["name"] == "c"
    assert "a and c" in repr(e)
    assert tabulate(e).lines[0][0] == "a and c"
    told = [str(finding) for finding in findings(e)]
    assert any(text.startswith("Across a and c together, where rows are, the model's mean") for text in told)


@given(seed=st.integers(0, 10_000), resolution=st.integers(2, 5), order=st.permutations(["a", "b", "c"]))
@settings(max_examples=25, deadline=None)
def test_turning_a_pair_around_turns_its_surface_and_additive_models_add(seed, resolution, order):
    X, (x, y, _) = independent(25, seed), order
    predict = lambda Z: (np.sin(Z["a"]) + Z["b"] ** 2 + signs(Z["c"])).to_numpy()
    features = [(x, y), x, y]
    e = sp.PartialDependence(features=features, grid_resolution=resolution).explain(predict, X)
    turned = sp.PartialDependence(features=[(y, x)], grid_resolution=resolution).explain(predict, X)
    assert isinstance(e.axes[0], Plane)
    np.testing.assert_allclose(e.values[0], turned.values[0].transpose(1, 0, 2), atol=1e-12)
    added = e.values[1][:, None] + e.values[2][None, :] - predict(X).mean()
    np.testing.assert_allclose(e.values[0], added, atol=1e-9)
    assert e.axes[0].weight.sum() == pytest.approx(1)
    np.testing.assert_allclose(e.axes[0].weight.sum(axis=1), e.axes[1].weight, atol=1e-12)


def saved_and_loaded(explainer, path):
    X = independent(60)
    e = explainer.explain(lambda Z: (Z["a"] * signs(Z["c"])).to_numpy(), X)
    text = e.to_json(path)
    schema = json.loads(schema_path().read_text(encoding="utf-8"))
    assert wrong(json.loads(text), schema, schema) == []
    back = sp.load(path)
    assert back.to_json() == text
    return e, back


def test_pairs_come_back_from_files(tmp_path):
    e, back = saved_and_loaded(sp.PartialDependence(features=[("a", "c"), "b"], grid_resolution=4), tmp_path / "e.json")
    assert back.axes[0].shape == e.axes[0].shape
    np.testing.assert_array_equal(back.values[0], e.values[0])


def test_single_rows_come_back_with_all_their_columns(tmp_path):
    e, back = saved_and_loaded(sp.ICE(features=["b"], grid_resolution=4), tmp_path / "e.json")
    assert (back.columns, back.row_values.tolist()) == (e.columns, e.row_values.tolist())
