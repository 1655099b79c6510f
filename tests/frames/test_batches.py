"""Batches as models are given them."""

import pytest

from sipakit.frames import cells_of, copied, equal
from tests.frames.made import NAN

pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")


@pytest.mark.parametrize(
    "frame", [pl.DataFrame({"a": [1, 2], "b": [NAN, None]}), pa.table({"a": [1, 2], "b": [NAN, None]})]
)
def test_a_batch_is_looked_at_before_and_after(frame):
    assert cells_of(frame, 1, 5) == [("a", 2), ("b", None)]
    assert len(cells_of(frame, 0, 1)) == 1
    assert equal(copied(frame), frame)


def test_a_frame_of_polars_that_is_written_to_is_found_out():
    frame = pl.DataFrame({"a": [1, 2]})
    before = copied(frame)
    frame[0, "a"] = 7
    assert not equal(before, frame)
    assert before["a"].to_list() == [1, 2]
