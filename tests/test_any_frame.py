"""Any small frame is explained as the same data in plain form are, or refused in words; nothing else ever happens.

And the same data give the same bits in pandas, polars, pyarrow and NumPy.
"""

import copy
import re
import warnings
import zlib

import numpy as np
import pandas as pd
from hypothesis import given, note, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin

import sipakit as sp
from sipakit import columns as col
from sipakit import explainers
from sipakit.checks import same
from sipakit.table import Table
from tests.optional import optional

pl, pa = optional("polars"), optional("pyarrow")

LONG_AGO, FAR_OFF = pd.Timestamp("1500-01-01"), pd.Timestamp("2600-01-01")
CENTURY = pd.Timedelta(days=36_525)
FLOATS = st.floats(width=64) | st.sampled_from([0.0, -0.0, 1.0, np.nan, 5e-324, 1e300])
TEXTS = st.text(max_size=3) | st.sampled_from(["$x$", "<b>", "\u202e", "\x00"])
ODD = TEXTS | st.sampled_from(["\ud800", "x_y", "مرحبا", "estimate"])
NAMES = st.one_of(ODD, st.integers(-1, 3), st.tuples(ODD, st.integers(0, 1)), st.booleans(), st.none())

ARROW_TEXT, ARROW_WHOLE = ("string[pyarrow]", "int64[pyarrow]") if pa else ("str", "Int64")


def several(draw, elements, n):
    return draw(st.lists(elements, min_size=n, max_size=n))


def of(elements, dtype=None):
    """Columns of given cells, in a dtype."""
    return lambda draw, n: pd.Series(several(draw, elements, n), dtype=dtype)


def whole(low, high):
    return st.integers(low, high)


def categories(draw, n):
    levels = draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True))
    cells = several(draw, st.sampled_from([*levels, None]), n)
    return pd.Series(pd.Categorical(cells, [*levels, "unused level"], ordered=draw(st.booleans())))


COLUMNS = {
    "float": of(FLOATS, "float64"),
    "small float": of(st.floats(width=16), "float16"),
    "whole": of(whole(-(2**63), 2**63 - 1), "int64"),
    "short": of(whole(-(2**15), 2**15 - 1), "int16"),
    "byte": of(whole(0, 255), "uint8"),
    "boolean": of(st.booleans(), "bool"),
    "nullable whole": of(st.none() | whole(-5, 5), "Int64"),
    "nullable float": of(st.none() | st.floats(-1e6, 1e6), "Float64"),
    "nullable boolean": of(st.none() | st.booleans(), "boolean"),
    "string": of(st.none() | TEXTS, "str"),
    "object": of(st.none() | ODD, "object"),
    "sparse": lambda draw, n: pd.Series(pd.arrays.SparseArray(several(draw, st.sampled_from([0.0, 1.0, 2.5]), n))),
    "mixed": of(st.none() | TEXTS | whole(-2, 2) | FLOATS | st.booleans(), "object"),
    "arrow string": lambda draw, n: pd.Series(several(draw, st.none() | TEXTS, n), dtype=ARROW_TEXT),
    "arrow whole": lambda draw, n: pd.Series(several(draw, st.none() | whole(-5, 5), n), dtype=ARROW_WHOLE),
    "category": categories,
    "date": of(st.datetimes(LONG_AGO, FAR_OFF), "datetime64[us]"),
    "date in a zone": of(
        st.none() | st.datetimes(pd.Timestamp("1960-01-01"), pd.Timestamp("2030-01-01")), "datetime64[us, UTC]"
    ),
    "duration": of(st.timedeltas(-CENTURY, CENTURY), "timedelta64[us]"),
    "constant": lambda draw, n: pd.Series([draw(FLOATS)] * n),
    "missing": lambda draw, n: pd.Series([np.nan] * n, dtype=draw(st.sampled_from(["float64", "object", "Int64"]))),
    "list": of(st.lists(whole(0, 1), max_size=1), "object"),
}


@st.composite
def frames(draw):
    """A frame of 0 to 40 rows and 0 to 6 columns."""
    n = draw(st.one_of(st.integers(1, 12), st.integers(0, 40)))
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=draw(st.sampled_from([3, 6]))))
    frame = pd.concat([pd.DataFrame(index=range(n)), *(COLUMNS[kind](draw, n) for kind in kinds)], axis=1)
    names = draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds), unique=True))
    frame.columns = pd.Index(names, tupleize_cols=False, dtype=object)
    index = draw(st.sampled_from(["range", "shuffled", "equal", "two levels"]))
    if index == "shuffled":
        frame.index = draw(st.permutations(range(n)))
    elif index == "equal":
        frame.index = [0] * n
    elif index == "two levels":
        frame.index = pd.MultiIndex.from_arrays([range(n), range(n)])
    return frame


def cells_of(rows):
    """The columns of a table of any library, as lists."""
    if isinstance(rows, np.ndarray):
        return rows.T.tolist()
    if isinstance(rows, pd.DataFrame):
        return [rows.iloc[:, j].astype(object).tolist() for j in range(rows.shape[1])]
    return [column.to_list() for column in rows] if hasattr(rows, "iter_columns") else list(rows.to_pydict().values())


def value_of(cell):
    """What a cell says, whatever it is held in: numbers that are equal are alike, and so are all that are missing."""
    if isinstance(cell, (list, tuple)):
        return repr(cell)
    if pd.isna(cell):
        return "missing"
    if isinstance(cell, (bool, int, float, np.bool_, np.number)):
        return float(cell) + 0.0 if float(cell) == cell else int(cell)  # -0.0 is 0.0, as in the engine
    if isinstance(cell, (pd.Timestamp, pd.Timedelta)):
        cell = cell.to_pydatetime(warn=False) if isinstance(cell, pd.Timestamp) else cell.to_pytimedelta()
    return cell.isoformat() if hasattr(cell, "isoformat") else cell


def any_answer(rows):
    """A number that follows from a row's cells, whatever they are."""
    columns = [[value_of(cell) for cell in column] for column in cells_of(rows)]
    cells = list(zip(*columns, strict=True)) if columns else [()] * len(rows)
    return np.array([zlib.crc32(repr(row).encode("utf-8", "replace")) / 2**32 for row in cells])


class Learner(RegressorMixin, BaseEstimator):
    """Learns nothing, so that every clone answers as `any_answer`."""

    def fit(self, X, y, sample_weight=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return any_answer(X)


def paired(X):
    """Name the first two columns together, and the third alone; None where there are no two."""
    names = [f"x{j}" for j in range(X.shape[1])] if isinstance(X, np.ndarray) else None
    names = list(getattr(X, "column_names", None) or X.columns) if names is None else names
    return [tuple(names[:2]), *names[2:3]] if len(names) > 1 else None


EXPLAINERS = {
    "ALE": lambda X: sp.ALE(grid_resolution=3),
    "ALE of pairs": lambda X: sp.ALE(features=paired(X), grid_resolution=3),
    "CeterisParibus": lambda X: sp.CeterisParibus(background=X[:5], grid_resolution=3),
    "FunctionalDecomposition": lambda X: sp.FunctionalDecomposition(n_draws=8),
    "FunctionalDecomposition independent": lambda X: sp.FunctionalDecomposition(
        inputs="independent", n_draws=8, order=3
    ),
    "GlobalSurrogate": lambda X: sp.GlobalSurrogate(max_depth=2),
    "GlobalSurrogate linear": lambda X: sp.GlobalSurrogate(kind="linear"),
    "HStatistic": lambda X: sp.HStatistic(order=3, n_draws=8),
    "HStatistic null": lambda X: sp.HStatistic(order=1, n_draws=8, null="refit", n_refits=3),
    "ICE": lambda X: sp.ICE(grid_resolution=3),
    "LIME": lambda X: sp.LIME(background=X[:5], n_samples=64),
    "LOFO": lambda X: sp.LOFO(n_folds=2, n_repeats=1),
    "LOFO permutation": lambda X: sp.LOFO(kind="permutation", n_folds=2, n_repeats=1),
    "PartialDependence": lambda X: sp.PartialDependence(grid_resolution=3),
    "PartialDependence of pairs": lambda X: sp.PartialDependence(features=paired(X), grid_resolution=3),
    "PermutationImportance": lambda X: sp.PermutationImportance(n_repeats=2),
    "PermutationImportance conditional": lambda X: sp.PermutationImportance(
        n_repeats=2, conditional="strata", min_stratum=3
    ),
    "RegionalEffects": lambda X: sp.RegionalEffects(grid_resolution=3),
    "SAGE": lambda X: sp.SAGE(),
    "SAGE background": lambda X: sp.SAGE(background=X[:5]),
    "Shapley": lambda X: sp.Shapley(),
    "Shapley conditional": lambda X: sp.Shapley(background=X[:20], value_function="conditional"),
    "Shapley enumeration": lambda X: sp.Shapley(estimator="enumeration"),
    "Shapley permutation": lambda X: sp.Shapley(estimator="permutation"),
    "Shapley regression": lambda X: sp.Shapley(estimator="regression"),
}
# Levels are drawn, shuffled or ranked by their place in the order of levels, which plain data do not have.
BY_ORDER_OF_LEVELS = {
    *("ALE", "ALE of pairs", "FunctionalDecomposition independent", "LIME", "LOFO", "LOFO permutation"),
    *("PermutationImportance", "PermutationImportance conditional"),
}
# Values are drawn between those that occur, and rounded where they are whole.
ROUNDED = {"LIME", "Shapley conditional"}
FITTED = {"HStatistic null", "LOFO", "LOFO permutation"}


def test_every_explainer_is_among_them():
    """But for the one that needs the gradients of a network."""
    assert {name.split()[0] for name in EXPLAINERS} == {*explainers.__all__} - {"IntegratedGradients"}


def outcome(name, X, y):
    """The explanation, or the error; X is never changed, and nothing is warned of."""
    before = copy.deepcopy(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return EXPLAINERS[name](X).explain(Learner().fit(X, y) if name in FITTED else any_answer, X, y)
        except sp.SipakitError as refusal:
            return refusal
        finally:
            assert same(before, X), "the input was changed"


def look_at(result, names):
    """Any outcome is in order by itself."""
    if isinstance(result, sp.SipakitError):
        message = str(result)
        assert message.count(". ") >= 1, message
        named = re.search(r"\b(X|y|background|features)\b", message) or any(repr(name) in message for name in names)
        assert named, message
        return
    numbers = result.frame()[["estimate", "std_error", "lower", "upper"]]
    assert np.isfinite(numbers["estimate"]).all()
    assert not numbers.isna().any().any()
    assert result.caveats or np.isfinite(numbers["std_error"]).all()
    assert repr(result)


def compare(one, other):
    """Both refused, or equal to the last bit; curves whatever the order of their levels."""
    assert isinstance(one, sp.SipakitError) == isinstance(other, sp.SipakitError), (one, other)
    if isinstance(one, sp.SipakitError):
        assert type(one) is type(other), (one, other)
        return
    assert curves(one.frame()) == curves(other.frame())


def curves(frame):
    """Sorted numbers of each feature."""
    numbers = frame[["estimate", "std_error"]].groupby([ascii(name) for name in frame["feature"]], sort=False)
    return [(name, sorted(part["estimate"]), sorted(part["std_error"])) for name, part in numbers]


def plain_of(frame):
    """The same data as floats and objects, where a float holds them; dates, booleans and ordered levels as they are."""
    columns = []
    for j, column in enumerate(Table.from_data(frame).columns):
        kind = col.kind(column)
        series = col.series(column)
        if kind == "number":
            floats = col.numbers(column)
            known = series[~col.missing(column)]
            exact = column.dtype.kind == "f" or all(
                int(f) == v for f, v in zip(floats[known.index], known, strict=True)
            )
            series = pd.Series(floats) if exact else series
        elif kind == "category":
            series = series.astype(object)
        columns.append(series.rename(j))
    return pd.concat(columns, axis=1).set_axis(frame.columns, axis=1)


def in_other_libraries(frame):
    """The same data in polars, pyarrow and NumPy, where those have a word for them."""
    objects = [frame.iloc[:, j] for j in range(frame.shape[1]) if frame.dtypes.iloc[j] == np.dtype(object)]
    texts = all(pd.api.types.infer_dtype(one, skipna=True) in {"string", "empty"} for one in objects)
    if texts and pa and pl and all(isinstance(name, str) for name in frame.columns):
        try:
            dense = frame.set_axis(range(frame.shape[1]), axis=1)
            dense = dense.astype(
                {j: np.float64 for j, dtype in dense.dtypes.items() if isinstance(dtype, pd.SparseDtype)}
            )
            dense = dense.set_axis(frame.columns, axis=1)
            arrow = pa.Table.from_pandas(dense, preserve_index=False).replace_schema_metadata()
            yield arrow
            polars = pl.DataFrame(arrow) if len(frame.columns) else pl.DataFrame()
            polars.columns = list(frame.columns)  # an empty name got another
            yield polars
        except (UnicodeEncodeError, pa.ArrowException, pl.exceptions.PolarsError):
            return  # half a surrogate pair
    if len(frame.columns) and (frame.dtypes == np.float64).all():
        yield frame.to_numpy()


@settings(max_examples=400, derandomize=True)
@given(frames(), st.randoms(use_true_random=False), st.sampled_from(sorted(EXPLAINERS)))
def test_a_frame_is_explained_as_its_data_in_any_other_form_or_refused(frame, chance, name):
    note(f"{name}: {frame.dtypes.to_dict()}")
    y = np.array([chance.random() for _ in range(len(frame))])
    result = outcome(name, frame, y)
    look_at(result, frame.columns)
    levels = any(isinstance(dtype, pd.CategoricalDtype) for dtype in frame.dtypes)
    by_order = levels and name in BY_ORDER_OF_LEVELS
    rounds = name in ROUNDED and any(dtype.kind in "iu" for dtype in frame.dtypes)
    if not by_order and not rounds and not isinstance(result, sp.SipakitError):
        compare(result, outcome(name, plain_of(frame), y))
    for X in in_other_libraries(frame):
        other = outcome(name, X, y)
        look_at(other, frame.columns)
        if isinstance(X, np.ndarray):
            if not isinstance(result, sp.SipakitError):
                np.testing.assert_array_equal(other.frame()["estimate"], result.frame()["estimate"])
        elif not by_order:
            compare(result, other)
