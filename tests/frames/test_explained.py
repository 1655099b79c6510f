"""Frames of any library are explained alike."""

import copy
import datetime as dt

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.checks import same
from tests.frames.made import DAY

pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")


def rows(n=40):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": rng.normal(size=n), "i": rng.integers(0, 4, n), "c": pd.Categorical(rng.choice(["x", "y", "z"], n))}
    )
    return frame, frame["a"].to_numpy() + 2 * (frame["c"] == "x").to_numpy() + frame["i"].to_numpy()


def kinds_of(frame):
    """One table in three libraries."""
    levels = frame["c"].cat.categories.tolist()
    columns = {"a": frame["a"].to_numpy(), "i": frame["i"].to_numpy()}
    polars = pl.DataFrame({**columns, "c": pl.Series(frame["c"].tolist(), dtype=pl.Categorical)})
    codes = pa.array(frame["c"].cat.codes.to_numpy())
    arrow = pa.table({**columns, "c": pa.DictionaryArray.from_arrays(codes, pa.array(levels))})
    return {"pandas": frame, "polars": polars, "pyarrow": arrow}


def family(name):
    if name == "lightgbm":
        return pytest.importorskip("lightgbm").LGBMRegressor(n_estimators=8, min_child_samples=2, verbose=-1, n_jobs=1)
    if name == "xgboost":
        return pytest.importorskip("xgboost").XGBRegressor(n_estimators=8, enable_categorical=True, n_jobs=1)
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    if name == "hist gradient boosting":
        return HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=2)
    return make_pipeline(make_column_transformer((OneHotEncoder(), ["c"]), remainder="passthrough"), LinearRegression())


@pytest.mark.parametrize("name", ["pipeline", "hist gradient boosting", "lightgbm", "xgboost"])
def test_a_model_answers_alike_for_every_library(name):
    frame, y = rows()
    model = family(name).fit(frame, y)
    made = {}
    for kind, X in kinds_of(frame).items():
        before = copy.deepcopy(X)
        made[kind] = [
            explainer.explain(model, X, y)
            for explainer in (
                sp.PartialDependence(grid_resolution=4),
                sp.PermutationImportance(n_repeats=2),
                sp.Shapley(background=X[:9], estimator="permutation"),
            )
        ]
        assert same(before, X)
    for kind in ("polars", "pyarrow"):
        for one, other in zip(made[kind], made["pandas"], strict=True):
            assert not one.caveats
            pd.testing.assert_frame_equal(one.frame(), other.frame(), check_exact=True)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_a_function_is_given_the_users_own_kind(kind):
    X = kinds_of(rows()[0])[kind]
    seen = []

    def model(Z):
        seen.append((type(Z), str(getattr(Z, "schema", None))))
        return np.asarray(Z["a"], float)

    for explainer in (sp.ICE(), sp.LIME(background=X, n_samples=64), sp.Shapley()):
        explainer.explain(model, X[:5])
    assert set(seen) == {(type(X), str(getattr(X, "schema", None)))}


def test_an_estimator_of_an_unknown_library_is_given_the_users_own_kind():
    class Own:
        def predict(self, X):
            assert isinstance(X, pa.Table)
            return X["a"].to_numpy()

    e = sp.ICE(features=["a"]).explain(Own(), pa.table({"a": [1.0, 2.0], "b": [0, 1]}))
    assert e.values[0][0, :, 0].tolist() == [1, 2]


def test_neighbours_of_a_day_are_days():
    X = pl.DataFrame({"day": [DAY, DAY + dt.timedelta(days=30)] * 8, "a": np.arange(16.0)})
    day = X["day"].cast(pl.Int32).to_numpy() * 1.0
    e = sp.LIME(background=X, n_samples=64).explain(lambda Z: Z["day"].cast(pl.Int32).to_numpy() * 1.0, X[:1])
    place = list(e.features).index("day")
    assert e.values[0, place, 0] == pytest.approx(day.std(), rel=1e-6)


def test_rows_of_a_study_are_picked():
    X = pl.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.0, 1.0, 2.0]})
    for frame in (X, X.to_arrow()):
        study = sp.explain(lambda Z: np.asarray(Z["a"]), frame, methods=["shapley"], rows=[2, 0])
        np.testing.assert_allclose(study["shapley"].values[:, 0, 0], [4 - 7 / 3, 1 - 7 / 3])
