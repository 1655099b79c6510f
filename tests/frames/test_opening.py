"""What a user may bring beside pandas."""

import numpy as np
import pandas as pd
import pytest

from sipakit.checks import same
from sipakit.errors import InputError, InputTypeError
from sipakit.frames import as_pandas, is_foreign, opened

pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")


@pytest.mark.parametrize("make", [pl.Series, pa.array, lambda cells: pa.chunked_array([cells[:1], cells[1:]])])
def test_targets_and_weights_are_read_in_pandas(make):
    for cells in ([1, 2, 3], [0.5, 1.5, 2.5], ["a", "b", "a"], [True, False, True]):
        assert as_pandas(make(cells), "y").tolist() == cells
    assert as_pandas(make([1, None, 2**53 + 1]), "y").isna().tolist() == [False, True, False]
    with pytest.raises(InputTypeError, match=r"^y is .*list"):
        as_pandas(pa.array([[1], [2]]), "y")


def test_a_frame_of_one_column_is_a_target():
    for frame in (pl.DataFrame({"y": [1, 2]}), pa.table({"y": [1, 2]})):
        assert same(as_pandas(frame, "y"), pd.DataFrame({"y": [1, 2]}))


@pytest.mark.parametrize("thing", [[1], np.ones(2), pd.Series([1]), pd.DataFrame({"a": [1]}), None, 3, "text"])
def test_anything_else_stays_as_it_is(thing):
    assert as_pandas(thing, "y") is thing
    assert not is_foreign(thing)


def test_a_lazy_frame_is_refused():
    for argument in ("X", "y"):
        with pytest.raises(InputTypeError, match=rf"{argument} is a lazy frame .* Pass {argument}\.collect\(\)"):
            opened(pl.LazyFrame({"a": [1]}), argument)


def test_names_twice_are_refused():
    with pytest.raises(InputError, match=r"X has more than one column named 'a'\. .* Rename"):
        opened(pa.table([[1], [2]], names=["a", "a"]), "X")
