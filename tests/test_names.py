"""Which of several names is meant."""

from __future__ import annotations

import pytest

from sipakit.names import place_of

NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "names", "place"),
    [
        ("b", ["a", "b"], 1),
        ("c", ["a", "b"], None),
        (NAN, [0.0, NAN], 1),
        (True, [1, "True"], None),
        (1, [True, 1.0, 1], 2),
        ("1", [1, "1"], 1),
        (("a", 1), [("a", 2), ("a", 1)], 1),
        ("a", [], None),
    ],
)
def test_a_name_is_found_by_what_it_is_and_not_by_what_it_equals(name: object, names: list, place: int | None) -> None:
    assert place_of(name, names) == place
