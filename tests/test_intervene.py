"""*Row base, but the features take come from row donor*: written once more as plain loops."""

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipakit.checks import same
from sipakit.intervene import Mix, Rows
from sipakit.table import Table


def frame(n, seed):
    """Few values of many dtypes, so that virtual rows are often equal."""
    rng = np.random.default_rng(seed)
    days = pd.to_datetime(np.where(rng.random(n) < 1 / 3, "NaT", "2024-03-31"))
    return pd.DataFrame(
        {
            "number": rng.choice([0.5, np.nan], n),
            "whole": rng.integers(0, 2, n),
            "flag": rng.random(n) < 0.5,
            "nullable": pd.array(rng.choice(np.array([1, None]), n), dtype="Int64"),
            "text": pd.array(rng.choice(np.array(["a", None]), n), dtype="str"),
            "object": pd.Series(rng.choice(np.array([1, True], object), n), dtype=object),
            "level": pd.Categorical(rng.choice(["x", "y"], n), ["z", "y", "x"]),
            "zoned": days.tz_localize("Europe/Berlin"),
            "spell": pd.to_timedelta(rng.integers(0, 2, n), "h"),
        }
    )


MIXED = frame(6, 0), frame(4, 1)
NUMBERS = tuple(np.random.default_rng(seed).integers(0, 2, (5, 4)).astype(float) for seed in (0, 1))
WHOLE = tuple(array.astype(np.int8) for array in NUMBERS)
FRAMES = tuple(pd.DataFrame(array, columns=list("abcd")) for array in NUMBERS)
WIDE = tuple(np.random.default_rng(seed).integers(0, 2, (5, 90)).astype(float) for seed in (2, 3))
SOURCES = {"mixed": MIXED, "numbers": NUMBERS, "whole": WHOLE, "frames": FRAMES, "wide": WIDE}


@st.composite
def mixes(draw, *names):
    """(what the user gave twice, a Mix of it)."""
    given_ = SOURCES[draw(st.sampled_from(names or sorted(SOURCES)))]
    base, donor = (Table.from_data(one) for one in given_)
    m, q, p = draw(st.integers(0, 12)), draw(st.integers(1, 5)), base.n_columns
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if draw(st.booleans()):
        take = rng.random((q, p)) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    else:  # a column each, as where one feature is moved at a time
        take = np.eye(p, dtype=bool)[rng.integers(0, p, q)]
    rows = (Rows(table, rng.integers(0, len(table), m)) for table in (base, donor))
    return given_, Mix.of(*rows, take, rng.integers(0, q, m))


def cells(data):
    """Cells of a frame or array, row by row, each in its own type."""
    columns = [data.iloc[:, j] if isinstance(data, pd.DataFrame) else data[:, j] for j in range(data.shape[1])]
    return [[column[i] for column in columns] for i in range(len(data))]


def by_hand(given_, mix):
    base, donor = map(cells, given_)
    return [
        [donor[d][j] if mix.take[q, j] else base[b][j] for j in range(len(base[0]))]
        for b, d, q in zip(mix.base.index, mix.donor.index, mix.which, strict=True)
    ]


def shown(rows):
    return [[("missing" if pd.isna(cell) else (type(cell).__name__, repr(cell))) for cell in row] for row in rows]


@given(mixes())
def test_virtual_rows_are_those_made_by_hand(case):
    given_, mix = case
    before = copy.deepcopy(given_)
    rows = mix.rows(as_array=not isinstance(given_[0], pd.DataFrame))
    assert shown(cells(rows)) == shown(by_hand(given_, mix))
    if isinstance(rows, pd.DataFrame):
        pd.testing.assert_series_equal(rows.dtypes, given_[0].dtypes)
    else:
        assert rows.dtype == given_[0].dtype
    assert same(before, given_)


@given(mixes("numbers", "frames", "wide"))
def test_rows_are_the_same_as_array_and_as_frame(case):
    _, mix = case
    np.testing.assert_array_equal(mix.rows(as_array=True), mix.rows(as_array=False).to_numpy())


@given(mixes())
def test_hashes_are_equal_exactly_where_virtual_rows_are(case):
    given_, mix = case
    hashes, rows = mix.hashes(), shown(by_hand(given_, mix))
    assert len(hashes) == len(mix) == len(rows)
    assert [[one == other for other in hashes] for one in hashes] == [[one == other for other in rows] for one in rows]


@given(mixes())
def test_the_columns_taken_are_told_with_their_rows(case):
    _, mix = case
    told = np.zeros((len(mix), mix.take.shape[1]), bool)
    seen = []
    for column, who in mix.columns():
        seen.append(column)
        told[who, column] = True
    assert len(seen) == len(set(seen))
    assert set(seen) == set(np.flatnonzero(told.any(axis=0)))
    np.testing.assert_array_equal(told, mix.take[mix.which])


@given(mixes(), st.data())
def test_a_part_of_a_mix_is_that_part_of_its_rows(case, data):
    given_, mix = case
    part = np.array(data.draw(st.lists(st.integers(0, len(mix) - 1), max_size=5) if len(mix) else st.just([])), int)
    rows = by_hand(given_, mix)
    assert shown(by_hand(given_, mix[part])) == shown([rows[i] for i in part])
    assert shown(cells(mix[1:4].rows(as_array=False))) == shown(rows[1:4])
    np.testing.assert_array_equal(mix[part].hashes(), mix.hashes()[part])


@pytest.mark.parametrize("dtype", ["float64", "int8", "uint8", "bool"])
def test_a_fraction_is_a_place_on_the_straight_way(dtype):
    rng = np.random.default_rng(0)
    one, two = (Table.from_data(rng.integers(0, 2, (4, 3)).astype(dtype)) for _ in range(2))
    mix = Mix.of(Rows(one, np.array([0, 3, 3, 1])), Rows(two, np.array([2, 2, 0, 1])), rng.random((4, 3)))
    assert mix.fractional
    wanted = [
        [(1 - t) * float(one.matrix[b, j]) + t * float(two.matrix[d, j]) for j, t in enumerate(mix.take[q])]
        for b, d, q in zip(mix.base.index, mix.donor.index, mix.which, strict=True)
    ]
    np.testing.assert_allclose(mix.rows(as_array=True), wanted, atol=1e-15)


def test_patterns_serve_all_rows_or_one_each():
    table = Table.from_data(NUMBERS[0])
    rows = Rows(table, np.arange(3))
    assert Mix.of(rows, rows, np.zeros(4, bool)).which.tolist() == [0, 0, 0]
    assert Mix.of(rows, rows, np.zeros((3, 4), bool)).which.tolist() == [0, 1, 2]
    assert not Mix.of(rows, rows, np.zeros(4, bool)).fractional


@pytest.mark.parametrize("given_", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("taken", [True, False])
def test_virtual_rows_are_fresh(given_, taken):
    before = copy.deepcopy(given_)
    base, donor = (Table.from_data(one) for one in given_)
    index = np.arange(4)
    mix = Mix.of(Rows(base, index), Rows(donor, index), np.full(base.n_columns, taken))
    table = mix.rows(as_array=False)
    wanted = copy.deepcopy(table)
    for j in range(table.shape[1]):
        table.iloc[:, j] = table.iloc[::-1, j].reset_index(drop=True)
    assert same(mix.rows(as_array=False), wanted)
    if isinstance(given_[0], np.ndarray):
        mix.rows(as_array=True)[:] = 9
        np.testing.assert_array_equal(mix.rows(as_array=True), wanted.to_numpy())
    assert same(before, given_)


def test_whole_numbers_are_widened_for_a_donor_of_floats():
    base = Table.from_data(pd.DataFrame({"a": [1, 2], "t": ["x", "y"]}))
    donor = Table.from_data(pd.DataFrame({"a": [0.5, 1.5], "t": ["x", "y"]}))
    both = np.arange(2)
    mix = Mix.of(Rows(base, both), Rows(donor, both), np.array([[True, False], [False, False]]), both)
    assert mix.rows(as_array=False)["a"].tolist() == [0.5, 2.0]
    assert mix.rows(as_array=True)[:, 0].tolist() == [0.5, 2.0]
    assert base.columns[0].tolist() == [1, 2]


def test_rows_unchanged_are_the_rows():
    table = Table.from_data(MIXED[0])
    mix = Mix.unchanged(Rows(table, np.array([2, 2, 5])))
    pd.testing.assert_frame_equal(mix.rows(as_array=False), MIXED[0].iloc[[2, 2, 5]].reset_index(drop=True))
    np.testing.assert_array_equal(mix.hashes(), table.row_hashes[[2, 2, 5]])
    assert not list(mix.columns())


@pytest.mark.parametrize(
    ("data", "index", "expected"),
    [
        (np.array([[1.0, 2.0], [1.5, 2.0], [0.5, 2.0]]), [0, 1, 2], True),
        (np.array([[1.0, 2.0], [1.5, 2.0], [0.5, 2.0]]), [0, 1, 0], False),
        (np.array([[1.0, 2.0], [1.0, 3.0]]), [0, 1], False),  # they do, but the look is at one column
        (np.array([[1.0, 2.0], [np.nan, 3.0], [np.nan, 3.0]]), [0, 1, 2], False),
        (np.array([[1, 2], [3, 4]]), [0, 1], False),
        (pd.DataFrame({"t": ["a", "b"], "x": [1.0, 2.0]}), [0, 1], True),
        (pd.DataFrame({"t": ["a", "b"]}), [0, 1], False),
    ],
)
def test_a_cheap_look_tells_rows_that_surely_differ(data, index, expected):
    table = Table.from_data(data)
    rows = Rows(table, np.array(index))
    every = np.ones(table.n_columns, bool)
    assert Mix.of(rows, rows, every).all_differ() is expected
    assert not Mix.of(rows, rows, np.append(every[1:], False)).all_differ()
    if expected:
        assert len(np.unique(Mix.of(rows, rows, every).hashes())) == len(index)


def test_mixtures_of_rows_without_an_equal_cell_are_known_to_differ():
    rng = np.random.default_rng(0)
    one, other = Table.from_data(rng.normal(size=(6, 5))), Table.from_data(rng.normal(size=(4, 5)))
    take = rng.random((24, 5)) < 0.6
    take[:, 0], take[:, 1] = True, False
    base, donor = Rows(one, np.repeat(np.arange(6), 4)), Rows(other, np.tile(np.arange(4), 6))
    assert Mix.of(base, donor, take, apart=True).mixes_apart()
    assert len(np.unique(Mix.of(base, donor, take).hashes())) == 24
    assert not Mix.of(base, donor, take).mixes_apart()  # a pair might be mixed in the same way twice
    whole = take.copy()
    whole[3] = True  # a row of the other table itself
    assert not Mix.of(base, donor, whole, apart=True).mixes_apart()
    cells = [column.copy() for column in one.columns]
    cells[2][1] = cells[2][0]
    alike = Table.from_data(np.column_stack(cells))
    assert not Mix.of(Rows(alike, base.index), donor, take, apart=True).mixes_apart()
    assert not Mix.of(base, Rows(one, donor.index), take, apart=True).mixes_apart()  # a row with itself


@pytest.mark.parametrize("kind", [float, int])
def test_dense_patterns_move_whole_rows_to_the_same_data(kind):
    rng = np.random.default_rng(1)
    one, other = (Table.from_data(rng.integers(0, 9, size=(20, 6)).astype(kind)) for _ in range(2))
    take = rng.random((50, 6)) < 0.7
    which = rng.integers(0, 50, 200)
    base, donor = Rows(one, rng.integers(0, 20, 200)), Rows(other, rng.integers(0, 20, 200))
    mix = Mix.of(base, donor, take, which)
    assert mix.dense
    expected = np.where(take[which], other.matrix[donor.index], one.matrix[base.index])
    rows = mix.rows(as_array=True)
    np.testing.assert_array_equal(rows, expected)
    assert rows.dtype == expected.dtype
    np.testing.assert_array_equal(mix.hashes(), Table.from_data(expected).row_hashes)
