"""Any small frame is explained in finite numbers, or refused in sipakit's own words; nothing else ever happens."""

import copy
import warnings
import zlib

import numpy as np
import pandas as pd
from hypothesis import given, note, settings
from hypothesis import strategies as st

import sipakit as sp
from sipakit.checks import same

LONG_AGO, FAR_OFF = pd.Timestamp("1500-01-01"), pd.Timestamp("2600-01-01")
CENTURY = pd.Timedelta(days=36_525)
FLOATS = st.floats(width=64) | st.sampled_from([0.0, -0.0, 1.0, np.nan, 5e-324, 1e300])
TEXTS = st.text(max_size=3) | st.sampled_from(["$x$", "<b>", "\u202e", "\x00"])
NAMES = st.one_of(TEXTS, st.integers(-1, 3), st.tuples(TEXTS, st.integers(0, 1)), st.booleans(), st.none())


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
    "byte": of(whole(0, 255), "uint8"),
    "boolean": of(st.booleans(), "bool"),
    "nullable whole": of(st.none() | whole(-5, 5), "Int64"),
    "nullable float": of(st.none() | st.floats(-1e6, 1e6), "Float64"),
    "nullable boolean": of(st.none() | st.booleans(), "boolean"),
    "string": of(st.none() | TEXTS, "str"),
    "object": of(st.none() | TEXTS, "object"),
    "mixed": of(st.none() | TEXTS | whole(-2, 2) | FLOATS | st.booleans(), "object"),
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
    n = draw(st.integers(1, 12))
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    frame = pd.concat([COLUMNS[kind](draw, n) for kind in kinds], axis=1)
    names = draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds), unique=True))
    frame.columns = pd.Index(names, tupleize_cols=False)
    index = draw(st.sampled_from(["range", "shuffled", "equal", "two levels"]))
    if index == "shuffled":
        frame.index = draw(st.permutations(range(n)))
    elif index == "equal":
        frame.index = [0] * n
    elif index == "two levels":
        frame.index = pd.MultiIndex.from_arrays([range(n), range(n)])
    return frame


def any_answer(frame):
    """A number that follows from a row's cells, whatever they are."""
    rows = zip(*(frame.iloc[:, j].astype(object) for j in range(frame.shape[1])), strict=True)
    return np.array([zlib.crc32(repr(row).encode("utf-8", "replace")) / 2**32 for row in rows])


@settings(max_examples=100)
@given(frames(), st.randoms(use_true_random=False))
def test_a_frame_is_explained_or_refused(frame, chance):
    note(frame.dtypes.to_string())
    y = np.array([chance.random() for _ in range(len(frame))])
    before = copy.deepcopy(frame)
    for explainer in (
        sp.PartialDependence(grid_resolution=3),
        sp.PermutationImportance(n_repeats=2),
        sp.ALE(grid_resolution=3),
        sp.Shapley(),
        sp.LIME(background=frame.head(5), n_samples=64),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                result = explainer.explain(any_answer, frame.head(8), y[:8])
            except sp.SipakitError as refusal:
                note(f"{explainer}: {refusal}")
                continue
            finally:
                assert same(before, frame)
        numbers = result.frame()[["estimate", "std_error", "lower", "upper"]]
        assert np.isfinite(numbers["estimate"]).all()
        assert not numbers.isna().any().any()
        assert repr(result)
