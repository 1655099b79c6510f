"""Which rows or features have an answer when a run ends early or loses draws."""

from types import SimpleNamespace

import numpy as np
import pytest

import sipakit as sp
from sipakit.engine.units import Units
from sipakit.errors import PredictionError


def units(unit, *, done, lost=(), first=None):
    explainer = SimpleNamespace(unit=unit)
    task = SimpleNamespace(n=4, features=("a", "b"))
    return Units.of(explainer, task, first or sp.Round(draws=20, rows=1), done, lost)


@pytest.mark.parametrize(
    ("unit", "done", "finished"),
    [
        ("row", 20, [True] * 4),
        ("row", 14, [True, True, False, False]),
        ("row", 4, [False] * 4),
        ("feature", 19, [True, False]),
        ("table", 19, [False]),
        ("table", 20, [True]),
    ],
)
def test_a_unit_is_finished_with_its_last_draw(unit, done, finished):
    assert units(unit, done=done).finished.tolist() == finished


def test_a_unit_is_kept_with_half_of_its_draws():
    assert units("row", done=20, lost=(0, 1, 5, 6, 7)).kept.tolist() == [True, False, True, True]
    assert units("table", done=20, lost=tuple(range(10))).kept.tolist() == [True]
    assert units("table", done=20, lost=tuple(range(11))).kept.tolist() == [False]


def test_nothing_to_ask_is_finished():
    explainer, task = SimpleNamespace(unit="row"), SimpleNamespace(n=3, features=())
    assert Units.of(explainer, task, None, 0, ()).kept.all()


def test_an_answer_on_less_than_half_of_its_draws_is_refused():
    few = units("feature", done=20, lost=tuple(range(20)))
    with pytest.raises(PredictionError, match=r"more than half of its draws .* x0=7"):
        few.look(sp.PermutationImportance(), "x0=7")
    units("feature", done=20, lost=(0,)).look(sp.PermutationImportance(), "")
    assert np.array_equal(units("feature", done=3, lost=()).finished, [False, False])
