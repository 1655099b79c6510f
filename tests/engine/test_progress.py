"""Progress is a bar on a terminal, a callback where one is given, and silence elsewhere."""

import io
import sys
from types import ModuleType

import numpy as np
import pytest

import sipakit as sp
from sipakit.engine.progress import reporting

X = np.random.default_rng(0).normal(size=(700, 2))


class Screen(io.StringIO):
    """Standard error that is, or is not, a terminal."""

    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.fixture
def screen(monkeypatch):
    def show(*, terminal, notebook=False):
        monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
        if notebook:
            monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
        made = Screen(terminal)
        monkeypatch.setattr(sys, "stderr", made)
        return made

    return show


@pytest.mark.parametrize(
    ("progress", "terminal", "notebook", "shown"),
    [
        (None, False, False, False),
        (None, True, False, True),
        (None, False, True, True),
        (False, True, True, False),
        (True, False, False, True),
    ],
)
def test_a_bar_is_shown_where_it_is_wanted_or_can_be_seen(screen, capsys, progress, terminal, notebook, shown):
    stderr = screen(terminal=terminal, notebook=notebook)
    with reporting(progress, "ALE") as tell:
        tell(0, more=50)
        tell(20)
        tell(30)
    assert ("ALE" in stderr.getvalue()) == shown
    assert bool(stderr.getvalue()) == shown
    assert not capsys.readouterr().out


def test_a_callback_hears_the_sum_so_far_and_the_total_and_nothing_is_shown(screen):
    stderr, heard = screen(terminal=True), []
    with reporting(lambda done, total: heard.append((done, total)), "ALE") as tell:
        tell(0, more=50)
        assert not heard
        for rows in (20, 0, 30):
            tell(rows)
    assert heard == [(20, 50), (20, 50), (50, 50)]
    assert not stderr.getvalue()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_explanation_tells_of_every_slice_until_all_rows_are_asked(screen, n_jobs):
    stderr, heard = screen(terminal=True), []
    explainer = sp.PartialDependence(grid_resolution=20)
    cost = explainer.explain(
        lambda X: X[:, 0], X, n_jobs=n_jobs, progress=lambda done, total: heard.append((done, total))
    ).cost
    done, totals = zip(*heard, strict=True)
    assert set(totals) == {cost.asked} == {700 * 2 * 20}
    assert done[-1] == cost.asked
    assert all(0 < step <= 32_768 for step in np.diff([0, *done]))
    assert not stderr.getvalue()


def test_an_explanation_is_silent_where_no_terminal_is(capfd):
    sp.PartialDependence().explain(lambda X: X[:, 0], X[:50])
    assert capfd.readouterr() == ("", "")


def test_an_error_in_a_callback_reaches_the_user():
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sp.PartialDependence().explain(lambda X: X[:, 0], X[:50], progress=stop)
