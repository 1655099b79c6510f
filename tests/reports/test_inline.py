"""Texts at a prompt are cut into lines."""

import pytest

from sipakit.reports import inline


@pytest.mark.parametrize("width", range(60, 100))
def test_no_line_begins_with_per_cent(width, monkeypatch):
    monkeypatch.setattr(inline, "_COLUMNS", width)
    lines = inline._wrapped("Numbers such as 0.52 % and 12.3 % (4 % to 5 %) stay with what they count. " * 3)
    assert not [line for line in lines if line.lstrip().startswith("%")]
    assert " ".join(lines).count(" %") == 12
