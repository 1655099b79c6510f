"""Where slices run does not change what comes out, and a worker that dies takes nothing with it."""

import os
import signal
import threading

import joblib
import numpy as np
import pytest

import sipakit as sp
from sipakit.checks import same
from sipakit.checks.case import Case
from sipakit.engine.backends import load, ship
from sipakit.engine.work import Work
from sipakit.errors import PredictionError, WorkerError

X = np.random.default_rng(0).normal(size=(900, 3))
CURVES = sp.PartialDependence(grid_resolution=50)  # 900 x 150 virtual rows: five slices


class Recorded:
    """A model that leaves the number of its process in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, Z):
        (self.folder / str(os.getpid())).touch()
        return Z[:, 0] * Z[:, 1]

    def processes(self):
        return {int(path.name) for path in self.folder.iterdir() if path.name.isdigit()}


class Mortal(Recorded):
    """Kills the process of a worker that it has not killed before, ``lives`` times in all."""

    def __init__(self, folder, lives):
        super().__init__(folder)
        self.home, self.lives = os.getpid(), lives

    def __call__(self, Z):
        deaths = len(list(self.folder.glob("died-*")))
        if os.getpid() != self.home and deaths < self.lives:
            (self.folder / f"died-{os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(Z)


class Bound:
    """A model that cannot travel."""

    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, Z):
        return Z[:, 0] * Z[:, 1]


def product(Z):
    return Z[:, 0] * Z[:, 1]


@pytest.fixture(scope="module")
def alone():
    return CURVES.explain(product, X)


def equal(one, other):
    return same(one.estimate.columns(), other.estimate.columns()) and one.cost.rows == other.cost.rows


def test_functions_run_in_other_processes_and_give_the_same_bits(tmp_path, alone):
    model = Recorded(tmp_path)
    assert equal(CURVES.explain(model, X, n_jobs=2), alone)
    assert model.processes() - {os.getpid()}


def test_joblibs_own_setting_wins(tmp_path, alone):
    model = Recorded(tmp_path)
    with joblib.parallel_config("threading", n_jobs=2):
        assert equal(CURVES.explain(model, X), alone)
    assert model.processes() == {os.getpid()}


def test_a_function_without_a_name_travels(alone):
    assert equal(CURVES.explain(lambda Z: Z[:, 0] * Z[:, 1], X, n_jobs=2), alone)


def test_a_model_that_cannot_travel_runs_in_threads(alone):
    assert equal(CURVES.explain(Bound(), X, n_jobs=2), alone)


@pytest.mark.slow  # starts workers anew
def test_slices_of_a_worker_that_died_are_run_again(tmp_path, alone):
    model = Mortal(tmp_path, lives=2)
    assert equal(CURVES.explain(model, X, n_jobs=2), alone)
    assert list(tmp_path.glob("died-*"))


@pytest.mark.slow
def test_a_slice_that_always_kills_its_worker_is_named(tmp_path):
    model = Mortal(tmp_path, lives=10**6)
    with pytest.raises(WorkerError, match=r"died 3 times while it ran draws 0 to \d+ of PartialDependence.*crash"):
        CURVES.explain(model, X, n_jobs=2)
    assert equal(CURVES.explain(product, X[:400], n_jobs=2), CURVES.explain(product, X[:400]))  # workers are back


def test_what_a_model_raises_in_a_worker_is_told_as_here():
    def fails(Z):
        if len(Z) > 600 and (Z[:, 0] > 1).any():
            message = "no such row"
            raise KeyError(message)
        return Z[:, 0]

    with pytest.raises(PredictionError, match=r"The model raised KeyError: 'no such row'.*It was given \d+ rows"):
        CURVES.explain(fails, X[:600], n_jobs=2)


def test_what_is_shipped_comes_back_with_arrays_that_are_shared_and_cannot_be_written(tmp_path):
    case = Case(CURVES, product, X)
    known = {case.task.rows: case.task.predictions}
    work = Work(
        (CURVES,), (case.task,), (CURVES.start(case.task).empty(0),), case.ground.adapter, known, case.first_round
    )
    back = load(ship(work, tmp_path / "work"))
    assert (tmp_path / "work").stat().st_size > X.nbytes
    (task,) = back.tasks
    assert not task.predictions.flags.writeable
    np.testing.assert_array_equal(task.rows.matrix, X)
    assert list(back.known) == [task.rows]  # one table, wherever it is named
    draws = work.due()[1]
    assert same(back.run(draws)[0], work.run(draws)[0])
