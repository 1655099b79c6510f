"""Files of a schema that was released stay readable: each of these was written once, and is read as it is.

A field that is added, renamed or dropped makes these tests fail. Before the release of a schema, `keep` writes the
files anew; after it, the number of the schema rises, the old files stay, and they go on being read.
"""

from pathlib import Path

import pytest

import sipakit as sp
from sipakit.documents import SCHEMA
from sipakit.explanation import Explanation
from tests.plots import made

HERE = Path(__file__).parent / "kept"
AXES = [made.number_axis("age", 3), made.number_axis("hours", 2, absent=True)]
KEPT = {
    "Attributions": lambda: made.attributions(3, 2, n=2),
    "Decomposition": lambda: made.decomposition(axes=AXES),
    "Effects": lambda: made.effects(axes=AXES),
    "Importances": lambda: made.importances(3, 2),
    "Interactions": lambda: made.interactions(3),
    "Regions": lambda: made.regions(axes=AXES),
    "Surrogates": lambda: next(e for name, e, _ in made.one_of_each(2, 1) if name == "tree"),
}


def keep():
    """Write the files anew."""
    for name, make in KEPT.items():
        make().to_json(HERE / f"{name}-1.json")


def test_there_is_a_file_for_every_kind():
    assert SCHEMA == "sipakit.explanation/1"
    assert sorted(file.stem for file in HERE.iterdir()) == sorted(f"{name}-1" for name in KEPT)
    assert set(KEPT) == {one.__name__ for one in Explanation.__subclasses__()}


@pytest.mark.parametrize("name", KEPT)
def test_a_file_that_was_kept_is_read_and_written_as_it_is(name):
    again = sp.load(HERE / f"{name}-1.json")
    assert type(again).__name__ == name
    assert again.to_json() == (HERE / f"{name}-1.json").read_text(encoding="utf-8")
    assert len(again.frame()) == again.estimate.values.size
