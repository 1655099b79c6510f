"""Global surrogates: what they recover, how well they are said to imitate, and whether their words are true."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeRegressor

import sipakit as sp
from tests.analytic import T1, T2, T8
from tests.explainers import mixed


def rows_under(rule, X):
    """Which rows a rule is true of, read as its words say."""
    inside = np.ones(len(X), bool)
    if rule == "all rows":
        return inside
    for part in rule.split(" and "):
        missing = "or missing" in part
        words = part.removeprefix("(").removesuffix(" or missing)")
        if found := re.fullmatch(r"(\S+) is( not)? missing", words):
            absent = X[found[1]].isna().to_numpy()
            inside &= ~absent if found[2] else absent
            continue
        name, sign, value = re.fullmatch(r"(\S+) (<=|>|=|is not) (.+)", words).groups()
        column = X[name]
        if sign in {"=", "is not"}:
            equal = (column.astype(str) == value).to_numpy() & column.notna().to_numpy()
            inside &= equal if sign == "=" else ~equal
            continue
        if isinstance(column.dtype, pd.CategoricalDtype):
            places, limit = column.cat.codes, list(column.cat.categories).index(value)
        elif name == "when":
            places, limit = column, pd.Timestamp(value)
        else:
            places, limit = column, float(value)
        true = ((places <= limit) if sign == "<=" else (places > limit)).to_numpy()
        absent = column.isna().to_numpy()
        inside &= np.where(absent, missing, true)
    return inside


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("depth", [1, 3, 6])
def test_the_words_of_a_tree_are_true(seed, depth):
    X = mixed.table(400, seed=seed)
    e = sp.GlobalSurrogate(max_depth=depth).explain(mixed.scores, X)
    under = np.array([rows_under(rule, X) for rule in e.terms])
    assert (under.sum(axis=0) == 1).all()  # every row is under one rule
    np.testing.assert_allclose(under.mean(axis=1), e.support)
    for rows, value, error in zip(under, e.values, e.std_error, strict=True):
        f = mixed.scores(X[rows])
        np.testing.assert_allclose(f.mean(axis=0), value)
        np.testing.assert_allclose(f.std(axis=0, ddof=1) / np.sqrt(rows.sum()), error)


def test_years_are_told_apart():
    X = pd.DataFrame({"year": [2011, 2012] * 50})
    e = sp.GlobalSurrogate().explain(lambda Z: Z["year"] == 2012, X)
    assert e.terms == ("year <= 2011.5", "year > 2011.5")


def test_a_tree_that_is_a_tree_is_found():
    X = T8.sample(2000, np.random.default_rng(0))
    e = sp.GlobalSurrogate(max_depth=2).explain(T8.predict, X)
    assert e.fidelity.values[0] > 0.97
    np.testing.assert_allclose(np.sort(e.values[:, 0])[[0, -1]], [0, 10], atol=0.2)
    assert e.rules.count("\n") == len(e.terms) - 1


@pytest.mark.parametrize("kind", ["tree", "linear"])
def test_fidelity_is_that_of_an_independent_cross_validation(kind):
    X = T2.sample(300, np.random.default_rng(1)).to_numpy()
    f = X[:, 0] * X[:, 1]
    e = sp.GlobalSurrogate(kind=kind).explain(lambda Z: Z[:, 0] * Z[:, 1], X)
    model = LinearRegression() if kind == "linear" else DecisionTreeRegressor(max_depth=3, min_samples_leaf=2)
    scores = []
    for seed in range(20):
        folds = KFold(5, shuffle=True, random_state=seed)
        scores.append(r2_score(f, cross_val_predict(model, X, f, cv=folds)))
    assert np.min(scores) - 0.02 < e.fidelity.values[0] < np.max(scores) + 0.02
    assert e.fidelity.lower[0] < np.mean(scores) < e.fidelity.upper[0]


def test_fidelity_does_not_flatter_a_deep_tree():
    X = np.random.default_rng(2).normal(size=(200, 5))
    noise = np.random.default_rng(3).normal(size=200)
    table = {tuple(row): value for row, value in zip(X.tolist(), noise, strict=True)}

    def memory(Z):
        return np.array([table[tuple(row)] for row in Z.tolist()])

    e = sp.GlobalSurrogate(max_depth=12).explain(memory, X)
    assert e.fidelity.values[0] < 0
    assert "SIPA027" in {c.code for c in e.caveats}


def test_a_linear_model_is_recovered():
    X = T1.sample(200, np.random.default_rng(4))
    e = sp.GlobalSurrogate(kind="linear").explain(T1.predict, X)
    np.testing.assert_allclose(e.estimate.parts["slope"][:, 0], T1.a, atol=1e-12)
    np.testing.assert_allclose(e.values[:, 0], np.array(T1.a) * X.std(ddof=0), atol=1e-12)
    np.testing.assert_allclose(e.fidelity.values, 1)
    np.testing.assert_allclose(e.std_error, 0, atol=1e-12)


def test_coefficients_and_errors_are_those_of_least_squares_and_white():
    rng = np.random.default_rng(5)
    X, w = rng.normal(size=(80, 3)), rng.exponential(size=80)

    def predict(X):
        return X[:, 0] ** 2 + X[:, 1] * X[:, 2] + X[:, 2]

    e = sp.GlobalSurrogate(kind="linear").explain(predict, X, sample_weight=w)
    Z = np.column_stack([np.ones(80), X])
    bread = np.linalg.inv((Z * w[:, None]).T @ Z)
    beta = bread @ (Z * w[:, None]).T @ predict(X)
    leverage = w * ((Z @ bread) * Z).sum(axis=1)
    scores = Z * (w * (predict(X) - Z @ beta) / (1 - leverage))[:, None]
    errors = np.sqrt(np.diag(bread @ scores.T @ scores @ bread))
    np.testing.assert_allclose(e.estimate.parts["slope"][:, 0], beta[1:])
    np.testing.assert_allclose(e.estimate.parts["slope_std_error"][:, 0], errors[1:])


@pytest.mark.parametrize("missing", [False, True])
def test_levels_are_differences_from_the_mean_row(missing):
    rng = np.random.default_rng(6)
    X = pd.DataFrame({"c": rng.choice(["a", "b", "d"], 300, p=[0.6, 0.3, 0.1]), "x": rng.normal(size=300)})
    if missing:
        X.loc[::10, "c"] = None
    effect = X["c"].map({"a": 0.0, "b": 3.0, "d": -2.0}).fillna(7.0)
    mean = effect.mean()

    def predict(Z):
        return Z["c"].map({"a": 0.0, "b": 3.0, "d": -2.0}).fillna(7.0) + 2 * Z["x"]

    e = sp.GlobalSurrogate(kind="linear").explain(predict, X)
    found = dict(zip(e.terms, e.values[:, 0], strict=True))
    expected = {"c = a": -mean, "c = b": 3 - mean, "c = d": -2 - mean, "x": 2 * X["x"].std(ddof=0)}
    expected |= {"c missing": 7 - mean} if missing else {}
    assert set(found) == set(expected)
    for term, value in expected.items():
        assert found[term] == pytest.approx(value, abs=1e-9)
    constant = float(e.rules.split("\n")[0].removesuffix("  constant"))
    assert constant == pytest.approx(predict(X).mean(), rel=1e-3)


def test_a_missing_number_has_a_term():
    X = pd.DataFrame({"x": np.where(np.arange(100) % 4 == 0, np.nan, np.arange(100.0))})
    e = sp.GlobalSurrogate(kind="linear").explain(lambda Z: Z["x"].fillna(1000.0), X)
    found = dict(zip(e.terms, e.values[:, 0], strict=True))
    assert found["x missing"] == pytest.approx(1000 - X["x"].mean())
    np.testing.assert_allclose(e.fidelity.values, 1)


@pytest.mark.parametrize("kind", ["tree", "linear"])
def test_weights_are_rows_given_again(kind):
    X = mixed.table(60)
    weights = np.random.default_rng(0).integers(1, 4, 60)
    e = sp.GlobalSurrogate(kind=kind).explain(mixed.scores, X, sample_weight=weights.astype(float))
    twice = sp.GlobalSurrogate(kind=kind).explain(mixed.scores, X.loc[X.index.repeat(weights)])
    if kind == "linear":
        np.testing.assert_allclose(e.values, twice.values, atol=1e-9)
        return
    for term, value in zip(e.terms, e.values, strict=True):
        rows = rows_under(term, X)
        np.testing.assert_allclose(np.average(mixed.scores(X[rows]), axis=0, weights=weights[rows]), value)


@pytest.mark.parametrize("kind", ["tree", "linear"])
def test_columns_of_every_kind_and_a_constant_one(kind):
    e = sp.GlobalSurrogate(kind=kind).explain(mixed.scores, mixed.table(100))
    assert np.isfinite(e.values).all()
    assert np.isfinite(e.std_error).all()
    assert e.values.shape == (len(e.terms), 2)
    assert e.fidelity.values.shape == (2,)
    if kind == "linear":
        assert e.values[list(e.terms).index("same")].tolist() == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("kind", ["tree", "linear"])
def test_a_constant_model_is_met(kind):
    e = sp.GlobalSurrogate(kind=kind).explain(lambda Z: np.full(len(Z), 0.1), mixed.table(40))
    np.testing.assert_allclose(e.fidelity.values, 1)
    assert not [c for c in e.caveats if c.code == "SIPA027"]


@pytest.mark.parametrize("kind", ["tree", "linear"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows(kind, n):
    e = sp.GlobalSurrogate(kind=kind).explain(mixed.score, mixed.table(n))
    assert np.isfinite(e.values).all()
    assert np.isfinite(e.fidelity.values).all()
    if n == 1:
        assert np.isinf(e.fidelity.std_error).all()
        assert "SIPA011" in {c.code for c in e.caveats}


def test_only_named_features_are_used():
    e = sp.GlobalSurrogate(kind="linear", features=["whole", "flag"]).explain(mixed.score, mixed.table(50))
    assert set(e.term_features) == {"whole", "flag"}


def test_it_costs_one_row_a_row():
    e = sp.GlobalSurrogate().explain(mixed.score, mixed.table(50))
    assert e.cost.rows == 50


def test_equal_seeds_give_equal_folds():
    X = mixed.table(80)
    one, two = (sp.GlobalSurrogate(random_state=3).explain(mixed.score, X) for _ in range(2))
    np.testing.assert_array_equal(one.fidelity.values, two.fidelity.values)
    other = sp.GlobalSurrogate(random_state=4).explain(mixed.score, X)
    assert one.fidelity.values != other.fidelity.values


@pytest.mark.parametrize("power", [-400, -100, -30, 100])
def test_a_tree_of_predictions_of_any_size_has_the_same_leaves(power):
    Z = np.random.default_rng(0).integers(0, 9, (60, 2)) / 4
    size = 2.0**power
    plain = sp.GlobalSurrogate(max_depth=2).explain(lambda Z: Z[:, 0] * Z[:, 1], Z)
    scaled = sp.GlobalSurrogate(max_depth=2).explain(lambda Z: size * (Z[:, 0] * Z[:, 1]), Z)
    assert scaled.terms == plain.terms
    np.testing.assert_allclose(scaled.values / size, plain.values, rtol=1e-9)
