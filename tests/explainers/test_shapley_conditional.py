"""Shapley values of conditional games: closed forms, what they credit, and what the model is shown."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.sample import all_coalitions, shapley_weights
from tests.explainers import mixed

BETA = np.array([2.0, 0.0, 1.0, -1.0])


def covariance(rho, p=4):
    return rho ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))


def normal_rows(n, rho, seed):
    return np.random.default_rng(seed).multivariate_normal(np.zeros(4), covariance(rho), size=n)


def linear(X):
    return np.asarray(X) @ BETA


def of_linear_model(X, rho):
    """Conditional values of a linear model under a normal law, from its 2^p conditional means."""
    sets, values = all_coalitions(4), []
    for known in sets:
        means = np.where(known, X, 0.0)
        if known.any() and not known.all():
            sigma = covariance(rho)
            pull = np.linalg.solve(sigma[np.ix_(known, known)], sigma[np.ix_(known, ~known)])
            means[:, ~known] = X[:, known] @ pull
        values.append(means @ BETA)
    return (shapley_weights(4) @ np.array(values)).T


def conditional(background, **more):
    return sp.Shapley(background=background, value_function="conditional", **more)


@pytest.mark.parametrize("estimator", ["enumeration", "permutation", "regression"])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_linear_model_under_a_normal_law(rho, estimator):
    """The law is fitted, which the error does not cover: the whole distance falls with the number of rows."""
    X = normal_rows(5, rho, seed=0)
    truth, far = of_linear_model(X, rho), []
    for n in (100, 2500):
        off = []
        for seed in range(3):
            e = conditional(normal_rows(n, rho, seed + 1), estimator=estimator).explain(linear, X)
            off.append(((e.values[:, :, 0] - truth) ** 2).mean())
        far.append(np.sqrt(np.mean(off)))
    assert far[1] < 0.07
    assert far[1] < far[0] / 2


def test_the_marginal_values_stay_as_they_are():
    X, Z = normal_rows(3, 0.5, 0), normal_rows(40, 0.5, 1)
    default, named = sp.Shapley(background=Z).explain(linear, X), sp.Shapley(background=Z, value_function="marginal")
    np.testing.assert_array_equal(default.values, named.explain(linear, X).values)
    np.testing.assert_allclose(default.values[:, :, 0], BETA * (X - Z.mean(axis=0)), atol=1e-12)
    assert not {"SIPA048", "SIPA049"} & {c.code for c in default.caveats}


@pytest.mark.parametrize("estimator", ["enumeration", "permutation"])
def test_independent_columns_have_their_marginal_values(estimator):
    X, Z = normal_rows(4, 0.0, 0), normal_rows(400, 0.0, 1)

    def model(X):
        return X[:, 0] * X[:, 1] + np.abs(X[:, 2]) + X[:, 3]

    one, other = (
        sp.Shapley(background=Z, estimator=estimator, value_function=which).explain(model, X)
        for which in ("conditional", "marginal")
    )
    np.testing.assert_allclose(one.values, other.values, atol=0.15)
    assert np.abs(one.values - other.values).mean() < 0.04


@pytest.mark.parametrize("kind", ["copula", "near rows"])
def test_a_feature_that_only_tells_another_has_a_conditional_value(kind):
    rng = np.random.default_rng(0)
    used = rng.normal(size=500)
    frame = pd.DataFrame({"used": used, "copy": used + 0.1 * rng.normal(size=500)})
    if kind == "near rows":
        frame["text"] = "same"

    def model(X):
        return X["used"].to_numpy()

    x = frame.iloc[[int(np.argsort(used)[450])]]
    marginal = sp.Shapley(background=frame).explain(model, x)
    e = conditional(frame).explain(model, x)
    assert marginal.values[0, 1, 0] == 0
    assert e.values[0, 1, 0] > 0.4 * marginal.values[0, 0, 0]
    np.testing.assert_allclose(e.base_values + e.values.sum(axis=1)[:, 0], model(x))
    told = " ".join(c.message for c in e.caveats if c.code == "SIPA048")
    name = "a Gaussian copula" if kind == "copula" else "near rows of the background"
    assert name in told
    assert name in e.estimator
    assert name in e.error


def test_rows_unlike_any_are_a_trap_of_the_marginal_game_only():
    x = np.random.default_rng(0).normal(size=400)
    Z = np.column_stack([x, x + 0.01 * np.random.default_rng(1).normal(size=400)])

    codes, widest = {}, {}
    for which in ("marginal", "conditional"):
        gaps = []

        def gap(X, gaps=gaps):
            gaps.append(np.abs(X[:, 0] - X[:, 1]))
            return gaps[-1]

        e = sp.Shapley(background=Z, value_function=which).explain(gap, Z[:3])
        codes[which], widest[which] = {c.code for c in e.caveats}, np.concatenate(gaps).max()
    assert "SIPA042" in codes["marginal"]
    assert "SIPA042" not in codes["conditional"]
    assert widest["marginal"] > 2
    assert widest["conditional"] < 0.5


@pytest.mark.parametrize("columns", [["whole", "size", "flag", "when"], list(mixed.NAMES)])
@pytest.mark.parametrize("estimator", ["auto", "permutation"])
def test_the_model_is_shown_no_cell_that_does_not_occur(columns, estimator):
    X, behind = mixed.table(3, seed=4), mixed.table(60)
    asked = []

    def model(frame):
        asked.append(frame)
        return mixed.scores(frame if len(columns) == 8 else frame.assign(number=0.0, text="red", level=levels(frame)))

    def levels(frame):
        return pd.Categorical(["u"] * len(frame), categories=list("uvwx"))

    e = conditional(behind[columns], estimator=estimator).explain(model, X[columns])
    shown = pd.concat(asked)
    for name in columns:
        occurs = pd.concat([X[name], behind[name]])
        seen, held = (set(cells.dropna().astype(str)) for cells in (shown[name], occurs))
        assert seen <= held
        assert shown[name].dtype == behind[name].dtype
    np.testing.assert_allclose(e.base_values + e.values.sum(axis=1), e.predictions, atol=1e-9)
    assert ("near rows" if len(columns) == 8 else "copula") in e.estimator


@pytest.mark.parametrize("table", ["numbers", "mixed"])
@pytest.mark.parametrize("estimator", ["enumeration", "permutation"])
def test_the_same_bits_for_any_number_of_workers(table, estimator):
    columns = ["number", "whole", "text", "flag"]
    if table == "numbers":
        X, Z = normal_rows(12, 0.5, 0), normal_rows(600, 0.5, 1)

        def model(X):
            return X[:, 0] * X[:, 1] + X[:, 2]
    else:
        X, Z = mixed.table(12)[columns], mixed.table(600, seed=1)[columns]

        def model(X):
            return X["whole"].to_numpy() * X["flag"].to_numpy() + X["number"].fillna(0).to_numpy()

    one, two = (conditional(Z, estimator=estimator).explain(model, X, n_jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.std_error, two.std_error)


@pytest.mark.parametrize("estimator", ["enumeration", "permutation"])
def test_a_group_of_all_that_depends_has_its_marginal_value(estimator):
    rng = np.random.default_rng(0)
    x, noise, alone = rng.normal(size=(3, 500))
    Z = pd.DataFrame({"a": x, "b": x + 0.3 * noise, "c": alone})

    def model(X):
        return (X["a"] * X["b"] + X["c"]).to_numpy()

    groups = {"both": ["a", "b"]}
    one, other = (
        sp.Shapley(background=Z, groups=groups, estimator=estimator, value_function=which).explain(model, Z[:5])
        for which in ("conditional", "marginal")
    )
    assert one.features == ("c", "both")
    np.testing.assert_allclose(one.values, other.values, atol=0.25)
    split = conditional(Z, estimator=estimator).explain(model, Z[:5])
    assert np.abs(split.values[:, 2, 0] - one.values[:, 0, 0]).max() < 0.25


@pytest.mark.parametrize("estimator", ["enumeration", "permutation"])
@pytest.mark.parametrize("columns", [["number"], ["whole"], ["whole", "text"]])
def test_one_player_takes_all(columns, estimator):
    frame = mixed.table(20)[columns]
    groups = {"all": columns} if len(columns) > 1 else None

    def model(X):
        return X[columns[0]].fillna(0.0).to_numpy(float)

    e = conditional(frame, groups=groups, estimator=estimator).explain(model, frame[:4])
    np.testing.assert_allclose(e.values[:, 0, 0], model(frame[:4]) - model(frame).mean(), atol=1e-12)


def test_a_background_of_one_row_is_its_own_law():
    X, Z = normal_rows(3, 0.5, 0), normal_rows(1, 0.5, 1)
    e = conditional(Z).explain(linear, X)
    np.testing.assert_allclose(e.values[:, :, 0], BETA * (X - Z), atol=1e-12)
    assert "fitted to 1 rows" in next(c.message for c in e.caveats if c.code == "SIPA049")
    frame = mixed.table(1)
    values = conditional(frame).explain(mixed.scores, mixed.table(3, seed=1)).values
    marginal = sp.Shapley(background=frame).explain(mixed.scores, mixed.table(3, seed=1)).values
    np.testing.assert_allclose(values, marginal, atol=1e-12)


def test_rows_without_weight_change_nothing():
    Z, X = normal_rows(60, 0.7, 1), normal_rows(2, 0.7, 0)
    strange = np.vstack([Z, 100 + normal_rows(20, 0.0, 2)])
    weights = np.append(np.ones(60), np.zeros(20))

    def model(X):
        return X[:, 0] * X[:, 1] + X[:, 2]

    values = [
        sp.Shapley(background=table, value_function="conditional").prepare(model, background_weight=w).explain(X).values
        for table, w in ((Z, np.ones(60)), (strange, weights))
    ]
    np.testing.assert_allclose(values[0], values[1], atol=0.2)  # ties are broken by other draws, and nothing else
    assert np.abs(values[1]).max() < 50


def test_rows_count_as_often_as_they_weigh():
    Z = mixed.table(40)[["number", "whole", "text"]]
    weights = np.random.default_rng(0).integers(1, 4, 40).astype(float)

    def model(X):
        return X["whole"].to_numpy() * (X["text"] == "red").to_numpy() + X["number"].fillna(0).to_numpy()

    prepared = conditional(Z).prepare(model, background_weight=weights)
    e = prepared.explain(Z[:2])
    np.testing.assert_allclose(e.base_values, np.average(model(Z), weights=weights))
    np.testing.assert_allclose(e.base_values + e.values.sum(axis=1)[:, 0], model(Z[:2]))


def test_linear_models_are_asked_and_not_read():
    """Sums of one term a column tell mixes of known rows, and conditional rows are none."""
    from sklearn.linear_model import LinearRegression

    Z = normal_rows(9000, 0.6, 1)  # so many that the structure is looked at
    model = LinearRegression().fit(Z, linear(Z))
    assert "model's terms" in sp.Shapley(background=Z[:5]).explain(model, Z).estimator
    e = conditional(Z[:5]).explain(model, Z)
    assert "model's terms" not in e.estimator
    function = conditional(Z[:5]).explain(model.predict, Z)
    np.testing.assert_allclose(e.values, function.values, atol=1e-9)


def test_a_prepared_explainer_travels_and_answers_alike():
    import pickle

    Z, X = normal_rows(100, 0.5, 1), normal_rows(2, 0.5, 0)
    prepared = conditional(Z).prepare(linear)
    first = prepared.explain(X)
    again = pickle.loads(pickle.dumps(prepared)).explain(X)
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(first.values, conditional(Z).explain(linear, X).values)
