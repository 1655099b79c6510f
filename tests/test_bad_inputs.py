"""What users really pass: each gets the right answer, or an error with what is wrong, what is allowed and the cure.

Never a foreign exception, a warning, a changed input or an estimate that is no number.
"""

import copy
import datetime as dt
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

import sipakit as sp
from sipakit.checks import same
from tests.optional import optional
from tests.variants import NOT_OF_FUNCTIONS, VARIANTS

lightgbm, pa, pl = optional("lightgbm"), optional("pyarrow"), optional("polars")

N = 60
RNG = np.random.default_rng(0)
D = pd.DataFrame(RNG.normal(size=(N, 3)), columns=["a", "b", "c"])
Y = 3 * D["a"].to_numpy() + D["b"].to_numpy() + RNG.normal(size=N)
A = D.to_numpy()
LABELS = (Y > 0).astype(int)
CITY = RNG.choice(["Rome", "Oslo", "Lima"], N)
M = pd.DataFrame({"num": A[:, 0], "city": CITY})
YM = M["num"].to_numpy() + 2 * (M["city"] == "Rome")

ON_FRAME = LinearRegression().fit(D, Y)
ON_ARRAY = LinearRegression().fit(A, Y)
BOOSTED = HistGradientBoostingRegressor(max_iter=10).fit(D, Y)
FOREST = RandomForestRegressor(5, random_state=0).fit(D, Y)
CLASSIFIER = LogisticRegression().fit(D, LABELS)
PIPELINE = make_pipeline(
    make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city"]), remainder="passthrough"),
    LinearRegression(),
).fit(M, YM)


def by_position(X):
    """Reads the first two columns of whatever it is given."""
    table = np.asarray(X, dtype=float)
    return 3 * table[:, 0] + table[:, 1]


def explained(model, X, y=None, *, background=None, sample_weight=None):
    """Four explanations, made without a warning and without a change of what was given."""
    given = [one.collect() if hasattr(one, "collect") else one for one in (X, y, background, sample_weight)]
    before = copy.deepcopy(given)
    makers = [
        sp.PartialDependence(grid_resolution=5, background=background),
        sp.Shapley(background=background, estimator="permutation"),
        sp.GlobalSurrogate(),
        *([sp.PermutationImportance(n_repeats=2)] if y is not None else []),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            results = [one.explain(model, X, y, sample_weight=sample_weight) for one in makers]
        finally:
            assert same(before, given), "the input was changed"
    for result in results:
        assert np.isfinite(result.frame()["estimate"]).all()
        assert repr(result)
    return results


def codes(results):
    return {found.code for result in results for found in result.caveats}


def assert_same_numbers(results, others):
    for one, other in zip(results, others, strict=True):
        assert type(one) is type(other)
        np.testing.assert_allclose(one.estimate.values, other.estimate.values, rtol=1e-6, atol=1e-9)


# ---- what is accepted: (model, what is given, the plain data that say the same, caveats)


def accepted(model, X=D, y=Y, *, like=None, caveats=(), **more):
    return model, {"X": X, "y": y, **more}, like, set(caveats)


def plain(model=ON_FRAME, X=D, y=Y, **more):
    return model, {"X": X, "y": y, **more}


USUAL = plain()  # what most cases say in another form
DONE = {}  # by identity of what is plain: many cases share one


def explained_once(like):
    if id(like) not in DONE:
        model, given = like
        DONE[id(like)] = explained(model, **given)
    return DONE[id(like)]


def writes(X):
    answer = by_position(X)
    X[:] = 0
    return answer


def writes_a_column(X):
    answer = by_position(X)
    X["a"] = 0.0
    return answer


MATRIX = plain(by_position, A)
NAN = D.mask(np.random.default_rng(3).random((N, 3)) < 0.2)
INTEGERS = D.assign(c=np.arange(N) % 4)
TIMES = pd.DataFrame({"a": A[:, 0], "t": pd.date_range("2024", periods=N, freq="7h", tz="Europe/Berlin")})

ACCEPTED = {
    "columns in another order": accepted(ON_FRAME, D[["c", "b", "a"]], like=USUAL, caveats=["SIPA001"]),
    "an extra column": accepted(ON_FRAME, D.assign(z=1).iloc[:, [3, 0, 1, 2]], like=USUAL, caveats=["SIPA002"]),
    "frame for a model of arrays": accepted(ON_ARRAY, like=USUAL, caveats=["SIPA004"]),
    "frame with booleans for a model of arrays": accepted(
        LinearRegression().fit(np.column_stack([A[:, :2], A[:, 2] > 0]), Y), D.assign(c=D["c"] > 0), caveats=["SIPA004"]
    ),
    "array for a model of frames": accepted(ON_FRAME, A, like=USUAL, caveats=["SIPA004"]),
    "list of lists": accepted(by_position, A.tolist(), like=MATRIX),
    "list of lists with texts": accepted(
        lambda X: X[:, 0].astype(float) + (X[:, 1] == "Rome"), M.to_numpy().tolist(), YM, caveats=["SIPA003"]
    ),
    "objects that are numbers": accepted(by_position, A.astype(object), like=MATRIX, caveats=["SIPA003"]),
    "frame of objects that are numbers": accepted(ON_FRAME, D.astype(object), like=USUAL, caveats=["SIPA003"]),
    "decimals": accepted(by_position, D.round(2).map(lambda v: Decimal(str(v))), like=plain(by_position, D.round(2))),
    "Fortran order": accepted(by_position, np.asfortranarray(A), like=MATRIX),
    "read-only array": accepted(by_position, np.lib.stride_tricks.as_strided(A, A.shape, A.strides, writeable=False)),
    "matrix": accepted(by_position, A.view(np.matrix), like=MATRIX),
    "float16": accepted(by_position, A.astype(np.float16), like=plain(by_position, A.astype(np.float16).astype(float))),
    "float32": accepted(by_position, A.astype(np.float32), like=plain(by_position, A.astype(np.float32).astype(float))),
    "sparse frame": accepted(ON_FRAME, D.astype(pd.SparseDtype(float, 0.0)), like=USUAL),
    "whole numbers": accepted(by_position, np.round(A).astype(int), like=plain(by_position, np.round(A))),
    "unsigned bytes": accepted(
        by_position,
        np.abs(A * 50).astype("uint8"),
        like=plain(by_position, np.abs(A * 50).astype("uint8").astype(float)),
    ),
    "huge whole numbers": accepted(ON_FRAME, D.assign(c=2**53 + np.arange(N)), caveats=["SIPA006"]),
    "booleans": accepted(by_position, D.assign(b=D["b"] > 0), like=plain(by_position, D.assign(b=(D["b"] > 0) * 1.0))),
    "missing cells": accepted(BOOSTED, NAN),
    "infinite cells": accepted(BOOSTED, D.assign(c=np.where(D["c"] > 1, np.inf, D["c"])), caveats=["SIPA005"]),
    "negative infinite cells": accepted(
        BOOSTED, D.assign(c=np.where(D["c"] > 1, -np.inf, D["c"])), caveats=["SIPA005"]
    ),
    "constant column": accepted(ON_FRAME, D.assign(c=1.0)),
    "a column of missing cells": accepted(BOOSTED, D.assign(c=np.nan)),
    "nullable whole numbers": accepted(
        BOOSTED, INTEGERS.assign(c=pd.array(np.where(np.arange(N) % 9 == 0, None, np.arange(N) % 4), dtype="Int64"))
    ),
    "nullable floats": accepted(BOOSTED, NAN.astype("Float64"), like=plain(BOOSTED, NAN)),
    "nullable booleans": accepted(
        BOOSTED, D.assign(c=pd.array([None if i % 9 == 0 else bool(i % 2) for i in range(N)], dtype="boolean"))
    ),
    "unseen level": accepted(PIPELINE, M.assign(city=np.where(np.arange(N) < 30, "NEW", CITY)), YM),
    "category instead of strings": accepted(
        PIPELINE, M.assign(city=pd.Categorical(CITY, ["Rome", "Lima", "Oslo", "Bonn"])), YM, like=None
    ),
    "missing level": accepted(PIPELINE, M.assign(city=np.where(np.arange(N) < 20, None, CITY)), YM),
    "numbers among texts": accepted(
        lambda X: X["num"] + (X["city"] == 1), M.assign(city=[1 if i % 5 == 0 else v for i, v in enumerate(CITY)]), YM
    ),
    "dates with a time zone": accepted(lambda X: X["t"].dt.hour.to_numpy() + X["a"].to_numpy(), TIMES),
    "durations": accepted(
        lambda X: X["t"].dt.total_seconds().to_numpy(), TIMES.assign(t=pd.to_timedelta(np.arange(N), "h"))
    ),
    "dates long ago": accepted(
        lambda X: X["t"].dt.year.to_numpy(),
        TIMES.assign(t=pd.Series([pd.Timestamp(f"{1200 + i}-01-01") for i in range(N)])),
    ),
    "periods": accepted(lambda X: X["a"], TIMES.assign(t=pd.period_range("2020", periods=N, freq="M"))),
    "intervals": accepted(lambda X: X["a"], TIMES.assign(t=pd.cut(D["b"], 4))),
    "rows of one index label": accepted(ON_FRAME, D.set_axis(np.zeros(N, int)), like=USUAL),
    "an index of two levels": accepted(
        ON_FRAME, D.set_axis(pd.MultiIndex.from_arrays([range(N), range(N)])), like=USUAL
    ),
    "integer names": accepted(LinearRegression().fit(D.set_axis([0, 1, 2], axis=1), Y), D.set_axis([0, 1, 2], axis=1)),
    "names of two levels": accepted(ON_ARRAY, D.set_axis(pd.MultiIndex.from_product([["u"], list("xyz")]), axis=1)),
    "names of several types": accepted(ON_ARRAY, D.set_axis(["a", 1, 2.5], axis=1)),
    "names that are no names": accepted(ON_ARRAY, D.set_axis(["", np.nan, "c"], axis=1)),
    "names of other things": accepted(
        ON_ARRAY, D.set_axis(["estimate", "_full_model_", "row"], axis=1), like=plain(ON_ARRAY, A)
    ),
    "odd names": accepted(ON_ARRAY, D.set_axis(["\u202eabc\x00", "$x_{1$", "x" * 300], axis=1)),
    "y as a list": accepted(ON_FRAME, y=Y.tolist(), like=USUAL),
    "y as a column": accepted(ON_FRAME, y=Y[:, None], like=USUAL),
    "y as a Series": accepted(ON_FRAME, y=pd.Series(Y), like=USUAL),
    "y as objects": accepted(ON_FRAME, y=Y.astype(object), like=USUAL),
    "y as nullable numbers": accepted(ON_FRAME, y=pd.Series(Y, dtype="Float64"), like=USUAL),
    "y with another index": accepted(ON_FRAME, y=pd.Series(Y, index=np.arange(N) + 7), like=USUAL, caveats=["SIPA017"]),
    "constant y": accepted(ON_FRAME, y=np.zeros(N), caveats=["SIPA007"]),
    "y with one class": accepted(CLASSIFIER, y=np.ones(N, int), caveats=["SIPA007"]),
    "y as booleans for classes 0 and 1": accepted(CLASSIFIER, y=LABELS.astype(bool), like=plain(CLASSIFIER, y=LABELS)),
    "y as floats for classes 0 and 1": accepted(CLASSIFIER, y=LABELS * 1.0, like=plain(CLASSIFIER, y=LABELS)),
    "y as categories": accepted(CLASSIFIER, y=pd.Categorical(LABELS), like=plain(CLASSIFIER, y=LABELS)),
    "shuffled X": accepted(ON_FRAME, D.iloc[::-1].reset_index(drop=True), caveats=["SIPA008"]),
    "weights as a list": accepted(ON_FRAME, sample_weight=[2.0] * N, like=USUAL),
    "weights as booleans": accepted(ON_FRAME, sample_weight=np.ones(N, bool), like=USUAL),
    "nullable weights": accepted(ON_FRAME, sample_weight=pd.Series([1] * N, dtype="Int64"), like=USUAL),
    "huge weights": accepted(ON_FRAME, sample_weight=np.full(N, 1e308), like=USUAL),
    "tiny weights": accepted(ON_FRAME, sample_weight=np.full(N, 1e-310), like=USUAL),
    "some weights zero": accepted(ON_FRAME, sample_weight=np.arange(N) < 40),
    "background of whole numbers": accepted(
        by_position,
        A[:9],
        Y[:9],
        background=np.round(A).astype(int),
        like=plain(by_position, A[:9], Y[:9], background=np.round(A)),
        caveats=["SIPA003"],
    ),
    "whole numbers with a background of floats": accepted(
        by_position,
        np.round(A[:9]).astype(int),
        Y[:9],
        background=A,
        like=plain(by_position, np.round(A[:9]), Y[:9], background=A),
        caveats=["SIPA003"],
    ),
    "background in another order": accepted(
        by_position,
        D.head(9),
        Y[:9],
        background=D[["c", "b", "a"]],
        like=plain(by_position, D.head(9), Y[:9], background=D),
        caveats=["SIPA001"],
    ),
    "background with more columns": accepted(
        by_position,
        D.head(9),
        Y[:9],
        background=D.assign(z=1),
        like=plain(by_position, D.head(9), Y[:9], background=D),
        caveats=["SIPA002"],
    ),
    "array with a frame as background": accepted(
        lambda X: X[:, 0], A[:9], Y[:9], background=D, like=plain(lambda X: X[:, 0], A[:9], Y[:9], background=A)
    ),
    "frame with an array as background": accepted(
        lambda X: X["a"], D.head(9), Y[:9], background=A, like=plain(lambda X: X["a"], D.head(9), Y[:9], background=D)
    ),
    "background with other levels": accepted(
        lambda X: X["num"] + (X["city"].astype(str) == "Rome"),
        M.head(9).astype({"city": "category"}),
        YM[:9],
        background=M.assign(city=pd.Categorical(CITY, ["Rome", "Oslo", "Lima", "Bonn"])),
        like=plain(lambda X: X["num"] + (X["city"] == "Rome"), M.head(9), YM[:9], background=M),
        caveats=["SIPA009"],
    ),
    "strings with a background of categories": accepted(
        lambda X: X["num"] + (X["city"] == "Rome"),
        M.head(9),
        YM[:9],
        background=M.astype({"city": "category"}),
        like=plain(lambda X: X["num"] + (X["city"] == "Rome"), M.head(9), YM[:9], background=M),
        caveats=["SIPA003"],
    ),
    "predict writes into its array": accepted(writes, A, like=MATRIX, caveats=["SIPA013"]),
    "predict writes into its frame": accepted(writes_a_column, D, like=MATRIX, caveats=["SIPA013"]),
    "predict returns a list": accepted(lambda X: by_position(X).tolist(), A, like=MATRIX),
    "predict returns a column": accepted(lambda X: by_position(X)[:, None], A, like=MATRIX),
    "predict returns a Series": accepted(lambda X: 3 * X["a"] + X["b"], D, like=MATRIX),
    "predict returns a frame": accepted(lambda X: (3 * X["a"] + X["b"]).to_frame(), D, like=MATRIX),
    "predict returns objects": accepted(lambda X: by_position(X).astype(object), A, like=MATRIX),
    "predict returns booleans": accepted(lambda X: X[:, 0] > 0, A, like=plain(lambda X: (X[:, 0] > 0) * 1.0, A)),
    "predict returns float16": accepted(
        lambda X: (X[:, 0] * 1e3).astype(np.float16),
        A,
        like=plain(lambda X: (X[:, 0] * 1e3).astype(np.float16).astype(float), A),
    ),
    "predict returns small whole numbers": accepted(
        lambda X: (X[:, 0] * 50).astype(np.int8),
        A,
        like=plain(lambda X: (X[:, 0] * 50).astype(np.int8).astype(float), A),
    ),
    "predict is random": accepted(lambda X: np.random.default_rng().normal(size=len(X)), A, caveats=["SIPA012"]),
    "one row": accepted(by_position, A[:1], Y[:1], caveats=["SIPA011"]),
    "two rows": accepted(by_position, A[:2], Y[:2]),
    "one column": accepted(lambda X: X[:, 0], A[:, :1]),
}


# ---- categories

LEVELS = pd.DataFrame({"c": pd.Categorical(CITY), "a": A[:, 0]})
Y_LEVELS = 5 * (LEVELS["c"] == "Rome").to_numpy() + A[:, 0]
OTHER_LEVELS = LEVELS.assign(c=pd.Categorical(CITY, ["Rome", "Oslo", "Lima"]))
BY_LEVEL = HistGradientBoostingRegressor(max_iter=10, categorical_features="from_dtype").fit(LEVELS, Y_LEVELS)
ORDERED = pd.Categorical(np.tile(["lo", "hi", "mid"], N // 3), ["lo", "mid", "hi"], ordered=True)
SIZES = make_pipeline(OrdinalEncoder(categories=[["lo", "mid", "hi"]]), LinearRegression())
STRICT = make_pipeline(
    make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough"), LinearRegression()
)
STRICT.fit(M, YM)


def of_level(X):
    return 5 * np.array([cell == "Rome" for cell in X["c"]]) + np.asarray(X["a"])


def by_value(model):
    """The model, given levels as it was fitted."""
    return lambda X: model.predict(X.astype({"c": LEVELS["c"].dtype}))


MIXED_UP = D.sample(frac=1, random_state=0)  # with its index

ACCEPTED |= {
    "rows in another order, by their index": accepted(
        ON_FRAME, MIXED_UP, like=plain(ON_FRAME, MIXED_UP.reset_index(drop=True)), caveats=["SIPA008"]
    ),
    "columns in another order for a forest": accepted(
        FOREST, D[["c", "b", "a"]], like=plain(FOREST), caveats=["SIPA001"]
    ),
    "an extra column for a forest": accepted(FOREST, D.assign(z=1), like=plain(FOREST), caveats=["SIPA002"]),
    "background in another order for a fitted model": accepted(
        ON_FRAME,
        D.head(9),
        Y[:9],
        background=D[["c", "b", "a"]],
        like=plain(ON_FRAME, D.head(9), Y[:9], background=D),
        caveats=["SIPA001"],
    ),
    "a model's method and columns in another order": accepted(
        ON_FRAME.predict, D[["c", "b", "a"]], like=USUAL, caveats=["SIPA001"]
    ),
    "a method of an array-fitted model": accepted(ON_ARRAY.predict, like=USUAL, caveats=["SIPA004"]),
    "texts of numbers for a model of numbers": accepted(BOOSTED, D.round(1).astype(str)),
    "levels held as objects in an array": accepted(
        BY_LEVEL, LEVELS.to_numpy(), Y_LEVELS, like=plain(BY_LEVEL, LEVELS, Y_LEVELS), caveats=["SIPA004"]
    ),
    "an array-fitted model and columns in another order": accepted(
        ON_ARRAY, D[["c", "b", "a"]], like=plain(ON_ARRAY, A[:, ::-1]), caveats=["SIPA004"]
    ),
    "columns named by numbers out of order": accepted(
        LinearRegression().fit(D.set_axis([2, 1, 0], axis=1).to_numpy(), Y), D.set_axis([2, 1, 0], axis=1), like=USUAL
    ),
    "texts of numbers": accepted(lambda X: X.astype(float).to_numpy() @ [3, 1, 0], D.round(1).astype(str)),
    "true and false in a frame": accepted(
        lambda X: 3 * X["a"] + X["b"], D.assign(b=D["b"] > 0), like=plain(by_position, D.assign(b=(D["b"] > 0) * 1.0))
    ),
    "levels in another order": accepted(
        BY_LEVEL, OTHER_LEVELS, Y_LEVELS, like=plain(by_value(BY_LEVEL), OTHER_LEVELS, Y_LEVELS)
    ),
    "levels that are not all there": accepted(
        BY_LEVEL,
        LEVELS.head(9).assign(c=pd.Categorical(["Rome"] * 9)),
        None,
        like=plain(BY_LEVEL, LEVELS.head(9).assign(c=pd.Categorical(["Rome"] * 9, LEVELS["c"].cat.categories)), None),
    ),
    "ordered levels": accepted(SIZES.fit(pd.DataFrame({"q": ORDERED}), Y), pd.DataFrame({"q": ORDERED})),
    "very many levels": accepted(
        make_pipeline(
            make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["id"]), remainder="passthrough"),
            LinearRegression(),
        ).fit(D.assign(id=[f"u{i}" for i in range(N)]), Y),
        D.assign(id=[f"u{i}" for i in range(N)]),
        caveats=["SIPA022"],
    ),
    "read-only frame": accepted(ON_FRAME, pd.DataFrame(np.broadcast_to(A[:1], A.shape), columns=list("abc"))),
    "names with emoji and markup": accepted(ON_ARRAY, D.set_axis(["\U0001f600", "_hidden", "<b>&"], axis=1)),
    "names of rows and columns of others": accepted(
        ON_ARRAY, D.set_axis(["_baseline_", "variable", "feature"], axis=1)
    ),
    "a background that is the explained row": accepted(by_position, A[:1], None, background=A[:1], caveats=["SIPA031"]),
    "an array for a model of levels": accepted(
        PIPELINE, M.to_numpy(), YM, like=plain(PIPELINE, M, YM), caveats=["SIPA004"]
    ),
}

if lightgbm is not None:
    BOOSTER = lightgbm.LGBMRegressor(n_estimators=10, verbose=-1, n_jobs=1)
    BOOSTER_OF_NUMBERS = lightgbm.LGBMRegressor(n_estimators=10, verbose=-1, n_jobs=1).fit(D, Y)
    BOOSTER.fit(LEVELS, Y_LEVELS)
    ACCEPTED |= {
        "levels in another order, boosted": accepted(
            BOOSTER, OTHER_LEVELS, Y_LEVELS, like=plain(by_value(BOOSTER), OTHER_LEVELS, Y_LEVELS)
        ),
        "one level, boosted": accepted(
            BOOSTER,
            LEVELS.head(9).assign(c=pd.Categorical(["Rome"] * 9)),
            None,
            like=plain(BOOSTER, LEVELS.head(9).assign(c=pd.Categorical(["Rome"] * 9, ["Lima", "Oslo", "Rome"])), None),
        ),
        "columns in another order, boosted": accepted(
            BOOSTER_OF_NUMBERS, D[["c", "b", "a"]], like=plain(BOOSTER_OF_NUMBERS), caveats=["SIPA001"]
        ),
        "columns in another order, a bare booster": accepted(
            BOOSTER_OF_NUMBERS.booster_, D[["c", "b", "a"]], like=plain(BOOSTER_OF_NUMBERS), caveats=["SIPA001"]
        ),
        "an extra column, a bare booster": accepted(
            BOOSTER_OF_NUMBERS.booster_, D.assign(z=1), like=plain(BOOSTER_OF_NUMBERS), caveats=["SIPA002"]
        ),
        "columns in another order, a booster's method": accepted(
            BOOSTER_OF_NUMBERS.predict, D[["c", "b", "a"]], like=plain(BOOSTER_OF_NUMBERS), caveats=["SIPA001"]
        ),
        "levels and numbers in another order, boosted": accepted(
            BOOSTER, LEVELS[["a", "c"]], Y_LEVELS, like=plain(BOOSTER, LEVELS, Y_LEVELS), caveats=["SIPA001"]
        ),
    }

if pa is not None:
    GAPS = np.where(np.arange(N) % 9 == 0, None, CITY)
    NUMBERS = pa.table({name: D[name].to_numpy() for name in D})
    ACCEPTED |= {
        "arrow floats in pandas": accepted(ON_FRAME, D.astype("double[pyarrow]"), like=USUAL),
        "arrow texts in pandas": accepted(
            PIPELINE, M.assign(city=pd.array(CITY, "string[pyarrow]")), YM, like=plain(PIPELINE, M, YM)
        ),
        "arrow texts with gaps in pandas": accepted(
            PIPELINE,
            M.assign(city=pd.array(GAPS, "string[pyarrow]")),
            YM,
            like=plain(PIPELINE, M.assign(city=GAPS), YM),
        ),
        "pyarrow table": accepted(ON_FRAME, NUMBERS, like=USUAL),
        "pyarrow table for an array-fitted model": accepted(ON_ARRAY, NUMBERS, like=USUAL, caveats=["SIPA004"]),
        "pyarrow table in another order": accepted(
            ON_FRAME, NUMBERS.select(["c", "a", "b"]), like=USUAL, caveats=["SIPA001"]
        ),
        "pyarrow table in parts": accepted(
            lambda X: 3 * X["a"].to_numpy() + X["b"].to_numpy(),
            pa.concat_tables([NUMBERS[:7], NUMBERS[7:]]),
            like=MATRIX,
        ),
        "pyarrow target and weights": accepted(
            ON_FRAME, D, pa.array(Y), sample_weight=pa.chunked_array([np.full(N, 2.0)]), like=USUAL
        ),
        "pyarrow table with texts": accepted(
            PIPELINE, pa.table({"num": A[:, 0], "city": CITY.tolist()}), YM, like=plain(PIPELINE, M, YM)
        ),
        "pyarrow levels": accepted(
            of_level, pa.table({"c": pa.array(CITY.tolist()).dictionary_encode(), "a": A[:, 0]}), Y_LEVELS
        ),
        "predict returns a pyarrow array": accepted(
            lambda X: pa.array(3 * X["a"].to_numpy() + X["b"].to_numpy()), NUMBERS, like=MATRIX
        ),
        "predict returns a pyarrow table": accepted(
            lambda X: pa.table({"p": 3 * X["a"].to_numpy() + X["b"].to_numpy()}), NUMBERS, like=MATRIX
        ),
    }

if pl is not None:
    FRAME = pl.DataFrame({name: D[name].to_numpy() for name in D})
    GAPPED = FRAME.with_columns(c=pl.Series([None if i % 5 == 0 else float(v) for i, v in enumerate(A[:, 2])]))
    MINUTES = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=7 * i) for i in range(N)]

    def of_polars(X):
        return 3 * X["a"].to_numpy() + X["b"].to_numpy()

    def writes_to_polars(X):
        answer = of_polars(X)
        X[0, "a"] = 7.0
        return answer

    ACCEPTED |= {
        "polars frame": accepted(ON_FRAME, FRAME, like=USUAL),
        "polars frame for an array-fitted model": accepted(ON_ARRAY, FRAME, like=USUAL, caveats=["SIPA004"]),
        "polars frame, fitted on polars": accepted(LinearRegression().fit(FRAME, Y), FRAME, like=USUAL),
        "polars frame in another order": accepted(
            ON_FRAME, FRAME.select("c", "a", "b"), like=USUAL, caveats=["SIPA001"]
        ),
        "polars frame with an extra column": accepted(
            ON_FRAME, FRAME.with_columns(z=1), like=USUAL, caveats=["SIPA002"]
        ),
        "polars frame and a function": accepted(of_polars, FRAME, like=MATRIX),
        "polars frame with gaps": accepted(BOOSTED, GAPPED, like=plain(BOOSTED, D.assign(c=GAPPED["c"].to_numpy()))),
        "polars target and weights": accepted(
            ON_FRAME, D, pl.Series(Y), sample_weight=pl.Series(np.full(N, 2.0)), like=USUAL
        ),
        "polars target in a frame": accepted(ON_FRAME, D, pl.DataFrame({"y": Y}), like=USUAL),
        "polars labels": accepted(CLASSIFIER, D, pl.Series(LABELS), like=plain(CLASSIFIER, y=LABELS)),
        "polars background": accepted(
            by_position, A[:9], Y[:9], background=FRAME, like=plain(by_position, A[:9], Y[:9], background=A)
        ),
        "polars frame with a background of pandas": accepted(
            of_polars, FRAME[:9], Y[:9], background=D, like=plain(by_position, A[:9], Y[:9], background=A)
        ),
        "polars Enum and Decimal": accepted(
            lambda X: X["d"].cast(pl.Float64) + (X["c"] == "Rome"),
            pl.DataFrame(
                {
                    "c": pl.Series(CITY.tolist(), dtype=pl.Enum(["Rome", "Oslo", "Lima"])),
                    "d": pl.Series([Decimal(f"{v:.2f}") for v in A[:, 1]], dtype=pl.Decimal(10, 2)),
                }
            ),
            Y,
            like=plain(
                lambda X: X["d"] + (X["c"] == "Rome"),
                pd.DataFrame(
                    {"c": pd.Categorical(CITY, ["Rome", "Oslo", "Lima"], ordered=True), "d": A[:, 1].round(2)}
                ),
                Y,
            ),
        ),
        "polars texts": accepted(
            PIPELINE, pl.DataFrame({"num": A[:, 0], "city": CITY.tolist()}), YM, like=plain(PIPELINE, M, YM)
        ),
        "polars texts with gaps": accepted(
            PIPELINE,
            pl.DataFrame({"num": A[:, 0], "city": [None if i % 9 == 0 else v for i, v in enumerate(CITY.tolist())]}),
            YM,
            like=plain(PIPELINE, M.assign(city=np.where(np.arange(N) % 9 == 0, None, CITY)), YM),
        ),
        "polars moments": accepted(
            lambda X: X["t"].dt.hour() + X["a"],
            pl.DataFrame({"a": A[:, 0], "t": MINUTES}).with_columns(
                pl.col("t").dt.convert_time_zone("Europe/Berlin").dt.cast_time_unit("us")
            ),
            Y,
            like=plain(
                lambda X: X["t"].dt.hour + X["a"],
                pd.DataFrame({"a": A[:, 0], "t": pd.DatetimeIndex(MINUTES).as_unit("us").tz_convert("Europe/Berlin")}),
                Y,
            ),
        ),
        "polars identifiers": accepted(
            of_polars, FRAME.with_columns(c=pl.Series(range(2**53, 2**53 + N))), caveats=["SIPA006"]
        ),
        "predict writes into its polars frame": accepted(writes_to_polars, FRAME, like=MATRIX, caveats=["SIPA013"]),
        "predict returns a polars Series": accepted(lambda X: 3 * X["a"] + X["b"], FRAME, like=MATRIX),
        "predict returns a polars frame": accepted(
            lambda X: X.select(p=3 * pl.col("a") + pl.col("b")), FRAME, like=MATRIX
        ),
    }


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_is_explained_as_the_plain_data_are(name):
    model, given, like, caveats = ACCEPTED[name]
    results = explained(model, **given)
    assert caveats <= codes(results)
    if like is not None:
        assert_same_numbers(results, explained_once(like))


def test_a_wide_table_is_explained_in_seconds():
    X = np.random.default_rng(0).normal(size=(30, 1000))
    methods = [sp.PermutationImportance(n_repeats=1), sp.PartialDependence(grid_resolution=2)]
    importance, curves = sp.explain(lambda X: X[:, 0] * 2, X, X[:, 0] * 2, methods=methods).values()
    assert importance.values[0, 0] > importance.values[1:].max() == 0
    assert len(curves.values) == 1000


# ---- what is refused: (error, words of its message, the call)


def refused(kind, words, model=ON_FRAME, X=D, y=Y, **more):
    return kind, words, model, {"X": X, "y": y, **more}


def shuffled(values):
    return pd.Series(values, index=np.random.default_rng(1).permutation(N))


STRUCTURED = np.array(list(map(tuple, A)), dtype=[("a", float), ("b", float), ("c", float)])
MASKED = np.ma.masked_array(A, mask=A > 1)
SOMETIMES = iter(range(10**6))

REFUSED = {
    "no rows": refused(sp.InputError, ["X has 0 rows"], X=D[:0], y=Y[:0]),
    "no columns": refused(sp.InputError, ["X has 60 rows and 0 columns"], by_position, X=D[[]]),
    "names twice": refused(sp.InputError, ["'a'", "Rename"], by_position, X=D.set_axis(["a", "a", "c"], axis=1)),
    "one dimension": refused(sp.InputError, ["X has 1 dimension", "X[[0]]"], ON_ARRAY, X=A[0], y=None),
    "three dimensions": refused(sp.InputError, ["X has 3 dimension"], ON_ARRAY, X=A[:, :, None]),
    "complex cells": refused(sp.InputTypeError, ["X has dtype complex128"], ON_ARRAY, X=A + 0j),
    "a complex column": refused(sp.InputTypeError, ["'c' of X is complex"], by_position, X=D.assign(c=A[:, 2] + 1j)),
    "structured array": refused(sp.InputTypeError, ["Structured", "DataFrame"], ON_ARRAY, X=STRUCTURED),
    "masked array": refused(sp.InputTypeError, ["X is a masked array", "filled(np.nan)"], ON_ARRAY, X=MASKED),
    "a Series": refused(sp.InputTypeError, ["X is a Series", "DataFrame"], X=D["a"]),
    "no table at all": refused(sp.InputTypeError, ["X is a NoneType"], X=None),
    "a dictionary": refused(sp.InputTypeError, ["X is a dict"], X={"a": [1]}),
    "rows of different lengths": refused(sp.InputError, ["different lengths"], by_position, X=[[1, 2], [1]], y=None),
    "cells that hold lists": refused(
        sp.InputTypeError, ["'c' of X", "several values"], by_position, X=D.assign(c=[[1, 2]] * N)
    ),
    "a missing column": refused(sp.InputError, ["X lacks 'c'", "'a', 'b'"], X=D[["a", "b"]]),
    "an array of another width": refused(sp.InputError, ["4 columns", "fitted on 3"], X=np.zeros((N, 4))),
    "a column without a finite value": refused(
        sp.InputError, ["'c'", "no finite value"], BOOSTED, X=D.assign(c=np.inf)
    ),
    "y too short": refused(sp.InputError, ["y has shape (50,)", "60 rows"], y=Y[:50]),
    "y with a missing value": refused(
        sp.InputError, ["y is missing in 1 rows", "3"], y=np.where(np.arange(N) == 3, np.nan, Y)
    ),
    "y infinite": refused(sp.InputError, ["y is infinite or huge", "3"], y=np.where(np.arange(N) == 3, np.inf, Y)),
    "y in another order": refused(sp.InputError, ["another order", "y.loc[X.index]"], y=shuffled(Y)),
    "y as strings of numbers": refused(sp.InputTypeError, ["y holds", "Convert"], y=Y.astype(str)),
    "y as dates": refused(sp.InputTypeError, ["y holds datetime64"], y=pd.date_range("2024", periods=N)),
    "y complex": refused(sp.InputTypeError, ["y holds complex128"], y=Y + 0j),
    "y masked": refused(sp.InputTypeError, ["y is a masked array"], y=np.ma.masked_array(Y, Y > 1)),
    "y a dictionary": refused(sp.InputError, ["y has shape ()"], y={"a": 1}),
    "y ragged": refused(sp.InputError, ["y has entries of different lengths"], y=[[1], [1, 2]] * (N // 2)),
    "y without columns": refused(sp.InputError, ["y has shape (60, 0)"], y=np.empty((N, 0))),
    "y of two columns": refused(sp.InputError, ["y has 2 columns", "predicts 1"], y=np.c_[Y, Y]),
    "y of one column for two targets": refused(
        sp.InputError, ["y has 1 columns", "predicts 2"], LinearRegression().fit(D, np.c_[Y, Y])
    ),
    "labels that the model does not know": refused(
        sp.InputError, ["does not know: 7", "0, 1"], CLASSIFIER, y=np.where(LABELS == 1, 7, 0)
    ),
    "strings for numeric labels": refused(sp.InputError, ["'0'", "0, 1"], CLASSIFIER, y=LABELS.astype(str)),
    "labels in a table": refused(sp.InputError, ["(60, 2)", "one label"], CLASSIFIER, y=np.c_[LABELS, LABELS]),
    "weights negative": refused(
        sp.InputError, ["sample_weight", "rows 0, 1"], sample_weight=np.where(np.arange(N) < 2, -1, 1)
    ),
    "weights missing": refused(
        sp.InputError, ["not finite in rows 4"], sample_weight=np.where(np.arange(N) == 4, np.nan, 1)
    ),
    "weights infinite": refused(
        sp.InputError, ["not finite in rows 4"], sample_weight=np.where(np.arange(N) == 4, np.inf, 1)
    ),
    "weights all zero": refused(sp.InputError, ["zero in every row"], sample_weight=np.zeros(N)),
    "weights too short": refused(sp.InputError, ["shape (5,)", "60 rows"], sample_weight=np.ones(5)),
    "weights in a column": refused(sp.InputError, ["shape (60, 1)"], sample_weight=np.ones((N, 1))),
    "weights as strings": refused(sp.InputTypeError, ["Weights are numbers"], sample_weight=["1"] * N),
    "weights in another order": refused(
        sp.InputError, ["sample_weight.loc[X.index]"], sample_weight=shuffled(np.ones(N))
    ),
    "weights masked": refused(sp.InputTypeError, ["masked"], sample_weight=np.ma.masked_array(np.ones(N), Y > 1)),
    "background lacks a column": refused(
        sp.InputError, ["background lacks 'c', which X has"], by_position, background=D[["a", "b"]]
    ),
    "background of another width": refused(sp.InputError, ["2 columns", "X has 3"], by_position, background=A[:, :2]),
    "background of other things": refused(
        sp.InputTypeError, ["'c'", "background", "float64 in X"], by_position, background=D.assign(c=["x"] * N)
    ),
    "background without rows": refused(sp.InputError, ["background has 0 rows"], background=D[:0]),
    "background that is no table": refused(sp.InputTypeError, ["background is a int"], background=7),
    "predict returns another length": refused(sp.PredictionError, ["shape (7,)"], lambda X: np.zeros(7)),
    "predict returns a row": refused(sp.PredictionError, ["shape (1, "], lambda X: by_position(X)[None]),
    "predict returns three dimensions": refused(
        sp.PredictionError, [", 1, 1)"], lambda X: by_position(X)[:, None, None]
    ),
    "predict returns no columns": refused(sp.PredictionError, [", 0)"], lambda X: np.empty((len(X), 0))),
    "predict returns one number": refused(sp.PredictionError, ["shape ()"], lambda X: 1.0),
    "predict returns nothing": refused(sp.PredictionError, ["None", "not numbers"], lambda X: None),
    "predict returns strings": refused(sp.PredictionError, ["'p'", "not numbers"], lambda X: np.array(["p"] * len(X))),
    "predict returns complex numbers": refused(sp.PredictionError, ["complex128"], lambda X: by_position(X) + 1j),
    "predict returns rows of different lengths": refused(
        sp.PredictionError, ["different lengths"], lambda X: [[1]] + [[1, 2]] * (len(X) - 1)
    ),
    "predict returns NaN in some rows": refused(
        sp.PredictionError, ["[nan]", "First such row: a="], lambda X: np.where(X["a"] > 1, np.nan, 1.0)
    ),
    "predict returns masked cells": refused(
        sp.PredictionError, ["[nan]"], lambda X: np.ma.masked_array(by_position(X), X["a"] > 1)
    ),
    "predict overflows": refused(
        sp.PredictionError, ["[inf]"], lambda X: np.where(X["a"] > 1, np.float16(np.inf), np.float16(1))
    ),
    "predict returns its own index": refused(
        sp.PredictionError, ["index of its own"], lambda X: pd.Series(by_position(X)).sort_values()
    ),
    "predict returns its own index for arrays": refused(
        sp.PredictionError, ["index of its own"], lambda X: pd.Series(by_position(X)).sort_values(), X=A
    ),
    "predict centres by batch": refused(
        sp.PredictionError, ["depends on the rows beside it"], lambda X: by_position(X) - by_position(X).mean()
    ),
    "predict raises": refused(sp.PredictionError, ["KeyError", "First bad row: a="], lambda X: X["nothing"]),
    "predict raises for some rows": refused(
        sp.PredictionError, ["ZeroDivisionError", "First bad row"], lambda X: [1 / int(v > -1) for v in X["a"]]
    ),
    "predict changes its number of outputs": refused(
        sp.PredictionError, ["outputs, and"], lambda X: np.zeros((len(X), 1 + next(SOMETIMES) % 2)), y=None
    ),
    "no model": refused(sp.InputTypeError, ["model is a NoneType"], model=None),
    "a name as model": refused(sp.InputTypeError, ["model is a str"], model="lightgbm"),
    "a class as model": refused(sp.InputTypeError, ["the class LinearRegression", "fit"], model=LinearRegression),
    "a model that is not fitted": refused(sp.PredictionError, ["NotFittedError", "fitted"], model=LinearRegression()),
    "a classifier that is not fitted": refused(sp.CapabilityError, ["no classes_", "Fit"], model=LogisticRegression()),
}

REFUSED |= {
    "a forest lacks a column": refused(sp.InputError, ["X lacks 'c'", "used in fit"], FOREST, X=D[["a", "b"]]),
    "predict returns huge numbers": refused(
        sp.PredictionError,
        ["[1e+200]", "below 1e+35", "First such row: a="],
        lambda X: np.where(X["a"] > 1, 1e200, 1.0),
    ),
    "y huge": refused(sp.InputError, ["y is infinite or huge", "1e+35"], y=Y * 1e200),
    "predict returns infinity in some rows": refused(
        sp.PredictionError, ["[inf]", "First such row: a="], lambda X: np.where(X["a"] > 1, np.inf, 1.0)
    ),
    "texts of numbers in an array": refused(
        sp.PredictionError, ["bytes/strings", "First bad row: x0='"], ON_ARRAY, X=A.astype(str)
    ),
    "missing cells for a model that takes none": refused(
        sp.PredictionError, ["ValueError", "NaN", "First bad row: a="], ON_FRAME, X=NAN
    ),
    "numbers too large for their type": refused(
        sp.PredictionError, ["infinity", "First bad row"], ON_FRAME, X=D.where(D["c"] < 1, np.inf).astype("float16")
    ),
    "an unseen level for a strict model": refused(
        sp.PredictionError,
        ["unknown categories", "First bad row"],
        STRICT,
        X=M.assign(city=np.where(np.arange(N) < 30, "NEW", CITY)),
    ),
    "numbers among texts for a model of texts": refused(
        sp.PredictionError,
        ["First bad row", "city=1"],
        STRICT,
        X=M.assign(city=pd.Series([1 if i % 5 == 0 else v for i, v in enumerate(CITY)], dtype=object)),
    ),
    "no weights at all": refused(sp.InputError, ["shape (0,)", "60 rows"], sample_weight=[]),
    "one number as weights": refused(sp.InputError, ["shape ()"], sample_weight=1.0),
    "one row for a comparison of rows": refused(sp.InputError, ["shape (60,)", "X has 1 rows"], X=D.head(1)),
}

if pa is not None:
    REFUSED |= {
        "a pyarrow list column": refused(
            sp.InputTypeError, ["'v' of X is list", "Cast"], X=pa.table({"v": [[1], [2]]}), y=None
        ),
        "a pyarrow struct column in the background": refused(
            sp.InputTypeError,
            ["'a' of background is struct", "Cast"],
            background=pa.table({"a": [{"x": 1}], "b": [1.0], "c": [1.0]}),
        ),
        "arrow dates in pandas": refused(
            sp.InputTypeError,
            ["'t' of X is timestamp", "Convert"],
            by_position,
            X=D.assign(t=pd.date_range("2024", periods=N).astype("timestamp[us][pyarrow]")),
        ),
        "pyarrow names twice": refused(
            sp.InputError,
            ["more than one column named 'a'", "Rename"],
            X=pa.table([[1], [2]], names=["a", "a"]),
            y=None,
        ),
        "pyarrow table without rows": refused(sp.InputError, ["X has 0 rows"], X=pa.table({"a": []}), y=None),
        "pyarrow column": refused(sp.InputTypeError, ["X is a ChunkedArray"], X=pa.chunked_array([[1.0]]), y=None),
        "pyarrow target with a missing value": refused(
            sp.InputError, ["y is missing in 1 rows", "3"], y=pa.array([None if i == 3 else 1.0 for i in range(N)])
        ),
        "pyarrow texts as target": refused(sp.InputTypeError, ["y holds", "Convert"], y=pa.array(["1"] * N)),
        "pyarrow weights negative": refused(
            sp.InputError, ["sample_weight", "rows 0"], sample_weight=pa.array([-1.0] + [1.0] * (N - 1))
        ),
    }

if pl is not None:
    REFUSED |= {
        "polars lazy frame": refused(sp.InputTypeError, ["lazy", "X.collect()"], X=FRAME.lazy()),
        "polars lazy background": refused(sp.InputTypeError, ["lazy", "background.collect()"], background=FRAME.lazy()),
        "polars lazy target": refused(sp.InputTypeError, ["lazy", "y.collect()"], y=FRAME.select("a").lazy()),
        "polars Series": refused(sp.InputTypeError, ["X is a Series", "polars"], X=FRAME["a"]),
        "polars frame without rows": refused(sp.InputError, ["X has 0 rows"], X=FRAME[:0], y=Y[:0]),
        "polars frame that lacks a column": refused(
            sp.InputError, ["X lacks 'c'", "'a', 'b'"], X=FRAME.select("a", "b")
        ),
        "polars background that lacks a column": refused(
            sp.InputError, ["background lacks 'c'"], by_position, background=FRAME.select("a", "b")
        ),
        "polars background of other things": refused(
            sp.InputTypeError,
            ["'c'", "background", "X"],
            by_position,
            X=FRAME,
            background=FRAME.with_columns(c=pl.lit("x")),
        ),
        "a polars list column": refused(
            sp.InputTypeError, ["'c' of X is List(Int64)", "Cast"], X=FRAME.with_columns(c=pl.Series([[1]] * N))
        ),
        "a polars struct column": refused(
            sp.InputTypeError, ["'c' of X is Struct", "Cast"], X=FRAME.with_columns(c=pl.Series([{"x": 1}] * N))
        ),
        "a polars decimal that no float holds": refused(
            sp.InputTypeError,
            ["'c' of X is Decimal", "changed"],
            X=FRAME.with_columns(c=pl.Series([Decimal("0.12345678901234567890")] * N, dtype=pl.Decimal(30, 20))),
        ),
        "polars target with a missing value": refused(
            sp.InputError, ["y is missing in 1 rows", "3"], y=pl.Series([None if i == 3 else 1 for i in range(N)])
        ),
        "polars target too short": refused(sp.InputError, ["y has shape (50,)", "60 rows"], y=pl.Series(Y[:50])),
        "polars weights as texts": refused(
            sp.InputTypeError, ["Weights are numbers"], sample_weight=pl.Series(["1"] * N)
        ),
        "polars weights in a frame": refused(
            sp.InputError, ["shape (60, 1)"], sample_weight=pl.DataFrame({"w": np.ones(N)})
        ),
        "predict returns missing polars cells": refused(
            sp.PredictionError,
            ["[nan]", "First such row: a="],
            lambda X: X["a"] * pl.Series([None] * len(X), dtype=pl.Float64),
            X=FRAME,
        ),
        "predict raises on polars": refused(
            sp.PredictionError, ["ColumnNotFoundError", "First bad row: a="], lambda X: X["nothing"], X=FRAME
        ),
    }


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words_that_help(name):
    kind, words, model, given = REFUSED[name]
    with pytest.raises(sp.SipakitError) as caught:
        explained(model, **given)
    message = str(caught.value)
    assert type(caught.value) is kind, message
    assert all(word in message for word in words), message
    assert message.count(". ") >= 1, f"only one sentence: {message}"
    assert len(message) < 600


# ---- what other libraries answer without a word, each with the case here that rules it out

SILENT = {
    "background of whole numbers truncates X": ["background of whole numbers"],
    "columns of X reordered": [
        *("columns in another order", "an array-fitted model and columns in another order"),
        *("columns in another order for a forest", "a model's method and columns in another order"),
    ],
    "extra column in X": ["an extra column"],
    "background reordered": ["background in another order"],
    "y with its own index, shuffled": ["y in another order", "y with another index"],
    "X shuffled, y an array": ["shuffled X"],
    "sample_weight with another index": ["weights in another order"],
    "negative weights": ["weights negative"],
    "weights as strings": ["weights as strings"],
    "missing cells in a curve": ["missing cells", "a column of missing cells"],
    "infinite cells in X": ["infinite cells", "negative infinite cells"],
    "one row": ["one row", "a background that is the explained row"],
    "constant y, one class": ["constant y", "y with one class"],
    "labels that the model never saw": ["labels that the model does not know"],
    "y as strings of numbers": ["y as strings of numbers"],
    "ordered levels in the order of letters": ["ordered levels"],
    "masked array": ["masked array", "y masked", "weights masked"],
    "frame for a model of arrays, and the reverse": ["frame for a model of arrays", "array for a model of frames"],
    "whole numbers beyond 2^53": ["huge whole numbers"],
    "unsigned bytes in a curve": ["unsigned bytes", "whole numbers"],
    "booleans": ["booleans", "true and false in a frame"],
    "columns named as other things": ["names of other things", "names of rows and columns of others"],
    "predict writes into its X": ["predict writes into its array", "predict writes into its frame"],
    "predict returns a list": ["predict returns a list"],
    "predict returns a Series with its own index": ["predict returns its own index"],
    "predict returns a scalar": ["predict returns one number"],
    "predict returns (n, 1)": ["predict returns a column"],
    "predict returns float16": ["predict returns float16", "predict overflows"],
    "predict returns NaN or inf in some rows": ["predict returns NaN in some rows"],
    "predict is random": ["predict is random"],
    "predict centres by batch": ["predict centres by batch"],
}


def test_every_silently_wrong_answer_has_its_case():
    assert len(SILENT) == 31
    for cases in SILENT.values():
        assert set(cases) <= set(ACCEPTED) | set(REFUSED)


def test_ordered_levels_are_drawn_in_their_own_order_and_booleans_as_two_places():
    X = pd.DataFrame({"q": ORDERED, "b": A[:, 0] > 0})
    e = sp.PartialDependence().explain(lambda Z: Z["q"].cat.codes + 10.0 * Z["b"], X)
    assert [list(axis.values) for axis in e.axes] == [["lo", "mid", "hi"], [False, True]]
    assert (np.diff(e.values[0][:, 0]) == 1).all()


# ---- parameters

WRONG_PARAMETERS = {
    "unknown feature": (lambda: sp.ALE(features=["zz"]), ["'zz'", "'a', 'b', 'c'"]),
    "negative position": (lambda: sp.ALE(features=[-1]), ["-1"]),
    "feature twice": (lambda: sp.ALE(features=["a", "a"]), ["'a'", "once"]),
    "no feature": (lambda: sp.ALE(features=[]), ["features=[]"]),
    "one name as features": (lambda: sp.ALE(features="a"), ["features=['a']"]),
    "a number as features": (lambda: sp.ALE(features=3), ["features=3", "list"]),
    "lists as features": (lambda: sp.ICE(features=[["a", "b"]]), ["['a', 'b']"]),
    "a flag as feature": (lambda: sp.ALE(features=[True]), ["True"]),
    "a group of an unknown name": (lambda: sp.Shapley(groups={"g": ["zz"]}), ["groups['g']", "'zz'"]),
    "groups that overlap": (lambda: sp.Shapley(groups={"g": ["a", "b"], "h": ["b"]}), ["'b'", "'g'", "'h'"]),
    "an empty group": (lambda: sp.Shapley(groups={"g": []}), ["groups['g']=[]"]),
    "a name as group": (lambda: sp.Shapley(groups={"g": "ab"}), ["groups['g']='ab'"]),
    "a group named like a column": (lambda: sp.Shapley(groups={"a": ["b"]}), ["'a'", "Rename"]),
    "a list as groups": (lambda: sp.Shapley(groups=["a"]), ["groups=['a']"]),
    "a column beside its group": (
        lambda: sp.PermutationImportance(groups={"g": ["a", "b"]}, features=["g", "a"]),
        ["'a'", "group"],
    ),
    "a curve of a group": (lambda: sp.HStatistic(groups={"g": ["a"]}, features=["g", "g"]), ["more than once"]),
    "output that is no class": (lambda: sp.ALE(output="maybe"), ["output='maybe'"]),
    "grid of one": (lambda: sp.ALE(grid_resolution=1), ["grid_resolution=1"]),
    "grid by another name": (lambda: sp.ALE(grid_resolution="every"), ["grid_resolution='every'", "'all'"]),
    "a fraction of repeats": (lambda: sp.PermutationImportance(n_repeats=2.5), ["n_repeats=2.5"]),
    "no repeats": (lambda: sp.PermutationImportance(n_repeats=0), ["n_repeats=0"]),
    "True repeats": (lambda: sp.PermutationImportance(n_repeats=True), ["n_repeats=True"]),
    "an order by another name": (lambda: sp.ALE(category_order="random"), ["category_order='random'", "'similarity'"]),
    "an order that is one text": (lambda: sp.ALE(category_order={"a": "xyz"}), ["category_order=", "lists of levels"]),
    "an order of no column": (lambda: sp.ALE(category_order={"zz": ["x"]}), ["'zz'", "'a', 'b', 'c'"]),
    "an order of numbers": (lambda: sp.ALE(category_order={"a": [1.0]}), ["'a'", "an order of their own"]),
    "confidence of one": (lambda: sp.ALE(conf_level=1.0), ["conf_level=1.0"]),
    "a generator as seed": (lambda: sp.ALE(random_state=np.random.default_rng()), ["random_state=", "whole number"]),
    "a negative seed": (lambda: sp.ALE(random_state=-1), ["random_state=-1"]),
    "an array as estimator": (lambda: sp.Shapley(estimator=np.array(["auto"])), ["estimator="]),
    "an unknown score": (lambda: sp.PermutationImportance(scoring="beauty"), ["scoring='beauty'"]),
    "no background": (sp.LIME, ["background", "LIME(background=X_train)"]),
    "one name to split by": (lambda: sp.RegionalEffects(split_by="a"), ["split_by='a'", "split_by=['a']"]),
    "lists to split by": (lambda: sp.RegionalEffects(split_by=[["a"]]), ["split_by= names ['a']"]),
}


@pytest.mark.parametrize("name", WRONG_PARAMETERS)
def test_a_wrong_parameter_is_named(name):
    make, words = WRONG_PARAMETERS[name]
    with pytest.raises(sp.SipakitError) as caught:
        make().explain(ON_FRAME, D, Y)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("budget", 0),
        ("budget", -5),
        ("budget", 2.5),
        ("budget", "much"),
        ("budget", True),
        ("progress", 3),
        ("n_jobs", 0),
        ("n_jobs", "2"),
    ],
)
def test_a_wrong_setting_is_named(setting, value):
    with pytest.raises(sp.InputError, match=f"{setting}={value!r}"):
        sp.ALE().explain(ON_FRAME, D, **{setting: value})


# ---- every explainer

SMALL = {
    "one row": (D.head(1), Y[:1]),
    "constant columns": (D.assign(b=1.0, c=2.0), Y),
    "only constant columns": (D.assign(a=0.0, b=1.0, c=2.0), Y),
    "missing cells": (NAN, Y),
    "a column of missing cells": (D.assign(c=np.nan), Y),
    "cells of all sizes": (D.assign(c=np.resize([1e300, -1e300, 5e-324, 1e-200, 0.0, 1e200, 1.0], N)), Y),
    "equal rows": (D.iloc[np.zeros(N, int)].reset_index(drop=True), Y),
}


# What cannot be fitted anew: no row is left to score beside the one, and the learner of `BOOSTED` bins no empty column.
NOT_TO_BE_FITTED = {
    ("LOFO", "one row"): "1 row with weight",
    ("LOFO", "a column of missing cells"): "A model fitted anew raised ValueError",
    ("HStatistic", "a column of missing cells"): "A model fitted anew raised ValueError",
}


@pytest.mark.parametrize("table", SMALL)
@pytest.mark.parametrize("variant", [name for name in VARIANTS if not name.startswith("IntegratedGradients")])
def test_every_explainer_takes_small_and_empty_looking_tables(variant, table):
    X, y = SMALL[table]
    before = X.copy(deep=True)
    refusal = NOT_TO_BE_FITTED.get((variant.split()[0], table))
    if "refit" in VARIANTS[variant](X).requires() and refusal:
        with pytest.raises(sp.SipakitError, match=refusal):
            VARIANTS[variant](X).explain(BOOSTED, X, y)
        return
    result = VARIANTS[variant](X.head(12)).explain(BOOSTED, X.head(20), y[:20])
    frame = result.frame()
    assert len(frame)
    assert np.isfinite(frame["estimate"]).all()
    assert not frame[["std_error", "lower", "upper"]].isna().any().any()
    assert repr(result)
    pd.testing.assert_frame_equal(X, before)


@pytest.mark.parametrize("size", [1e-33, 1e33])
@pytest.mark.parametrize("variant", [name for name in VARIANTS if name not in NOT_OF_FUNCTIONS])
def test_errors_of_every_explainer_are_numbers_where_predictions_are_tiny_or_huge(variant, size):
    explainer = VARIANTS[variant](D.head(12))
    plain = explainer.explain(by_position, D.head(20), Y[:20]).frame()
    frame = explainer.explain(lambda X: size * by_position(X), D.head(20), size * Y[:20]).frame()
    assert np.isfinite(frame["estimate"]).all()
    np.testing.assert_array_equal(np.isfinite(frame["std_error"]), np.isfinite(plain["std_error"]))
    known = np.isfinite(plain["std_error"]) & (plain["std_error"] > 1e-9)
    assert (frame["std_error"][known] > 0).all()


# ---- cells that look alike

ALIKE = {
    "strings and nothing": pd.Series(["x", None] * 4, dtype=object),
    "numbers and their texts": pd.Series([1, "1"] * 4, dtype=object),
    "levels of equal text": pd.Series(pd.Categorical([1, "1"] * 4)),
}


@pytest.mark.parametrize("name", ALIKE)
def test_cells_that_look_alike_are_told_apart(name):
    X = pd.DataFrame({"a": ALIKE[name], "b": np.arange(8.0)})

    def second(Z):
        return np.array([10.0 * (cell is None or cell == "1") for cell in Z["a"].astype(object)])

    e = sp.PartialDependence(features=["a"]).explain(second, X)
    assert sorted(e.values[0].ravel()) == [0, 10]
    assert sp.PermutationImportance(features=["a"]).explain(second, X, second(X)).values[0, 0] == pytest.approx(50)


def test_half_a_surrogate_pair_is_a_cell_like_any_other():
    X = pd.DataFrame({"a": pd.Series(["\ud800", "x"] * 4, dtype=object), "b": np.arange(8.0)})
    e = sp.PermutationImportance().explain(lambda Z: Z["b"], X, X["b"])
    assert e.values[0, 0] == 0
