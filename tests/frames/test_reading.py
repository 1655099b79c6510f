"""One column in: levels as they are listed, and what is refused by name."""

from decimal import Decimal

import pytest

from sipakit.checks import same
from sipakit.errors import InputTypeError
from sipakit.table import Table

pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")

NEVER = {
    "list": lambda: pl.Series([[1], None]),
    "array": lambda: pl.Series([[1, 2], None], dtype=pl.Array(pl.Int64, 2)),
    "struct": lambda: pl.Series([{"a": 1}, None]),
    "object": lambda: pl.Series([object(), None], dtype=pl.Object),
    "128 bits": lambda: pl.Series([1, None], dtype=pl.Int128),
    "decimal of many digits": lambda: pl.Series([Decimal("1.12345678901234567890")], dtype=pl.Decimal(30, 20)),
    "nanoseconds of a day": lambda: pl.Series([1]).cast(pl.Time),
    "list of arrow": lambda: pa.array([[1], None]),
    "struct of arrow": lambda: pa.array([{"a": 1}, None]),
    "map of arrow": lambda: pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    "wide decimal of arrow": lambda: pa.array([Decimal("1." + "1" * 40)], pa.decimal256(60, 40)),
}


@pytest.mark.parametrize("name", NEVER)
def test_a_type_that_cannot_be_held_is_refused_by_name(name):
    values = NEVER[name]()
    frame = pl.DataFrame({"v": values}) if isinstance(values, pl.Series) else pa.table({"v": values})
    kind = values.dtype if isinstance(values, pl.Series) else values.type
    with pytest.raises(InputTypeError) as caught:
        Table.from_data(frame, "background")
    assert f"Column 'v' of background is {kind}" in str(caught.value)
    assert "Cast" in str(caught.value)


def test_levels_of_arrow_may_come_in_parts_with_other_orders():
    parts = [pa.array(cells).dictionary_encode() for cells in (["b", "a", "b"], ["a", "c", None])]
    frame = pa.table({"v": pa.chunked_array(parts)})
    (column,) = Table.from_data(frame).columns
    assert column.tolist()[:5] == ["b", "a", "b", "a", "c"]
    assert column.categories.tolist() == ["b", "a", "c"]


def test_levels_of_arrow_may_be_numbers():
    frame = pa.table({"v": pa.array([3, 1, 3]).dictionary_encode()})
    table = Table.from_data(frame)
    assert table.columns[0].tolist() == [3, 1, 3]
    assert same(table.as_data(as_array=False)["v"].to_pylist(), [3, 1, 3])
