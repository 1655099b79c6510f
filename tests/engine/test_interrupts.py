"""An interrupt: raised, or what is whole is returned, with the bits that it would have had."""

import os
import signal
import threading
import time

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

import sipakit as sp
from sipakit.aggregate import Collected
from sipakit.checks import same
from sipakit.engine import work

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(60, 4)), RNG.normal(size=(20, 4))
Y = X[:, 0] + RNG.normal(size=60)
BY_ROW = {
    "CeterisParibus": sp.CeterisParibus(background=Z, grid_resolution=5),
    "ICE": sp.ICE(grid_resolution=5),
    "LIME": sp.LIME(background=Z, n_samples=64),
    "Shapley": sp.Shapley(background=Z[:4]),
    "Shapley permutation": sp.Shapley(background=Z[:4], estimator="permutation"),
}
AS_A_WHOLE = {
    "ALE": sp.ALE(),
    "FunctionalDecomposition": sp.FunctionalDecomposition(n_draws=20),
    "GlobalSurrogate": sp.GlobalSurrogate(),
    "HStatistic": sp.HStatistic(n_draws=20),
    "PartialDependence": sp.PartialDependence(grid_resolution=5),
}


def smooth(X):
    return X[:, 0] * X[:, 1] + np.sin(X[:, 2])


class Interrupted:
    """A model that is interrupted after so many calls."""

    def __init__(self, calls):
        self.left = calls

    def __call__(self, X):
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return smooth(X)


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    monkeypatch.setattr(work, "_SLICE_ROWS", 64)


def told(e):
    return [c.message for c in e.caveats if c.code == "SIPA019"]


@pytest.mark.parametrize("name", BY_ROW)
def test_rows_that_were_done_have_the_same_bits(name):
    model = Interrupted(10_000)
    whole = BY_ROW[name].explain(model, X, Y)
    needed, counts = 10_000 - model.left, set()
    for share in (0.5, 0.7, 0.9):
        part = BY_ROW[name].explain(Interrupted(int(share * needed)), X, Y, on_interrupt="partial")
        done = len(part.rows)
        counts.add(done)
        assert 0 < done < 60
        assert part.rows.tolist() == list(range(done))
        for one, other in zip(part.estimate.columns().values(), whole.estimate.columns().values(), strict=True):
            np.testing.assert_array_equal(one, other[:done])
        assert told(part) == [f"{done} of 60 rows were done."]
        assert part.frame()["row"].max() == done - 1
        assert part.cost.rows < whole.cost.rows
    assert len(counts) == 3


def test_features_that_were_done_have_the_same_bits():
    explainer = sp.PermutationImportance(n_repeats=4)
    whole = explainer.explain(smooth, X, Y)
    part = explainer.explain(Interrupted(5), X, Y, on_interrupt="partial")
    assert part.features == ("x0", "x1")
    np.testing.assert_array_equal(part.values, whole.values[:2])
    np.testing.assert_array_equal(part.std_error, whole.std_error[:2])
    assert told(part) == ["2 of 4 features were done."]


@pytest.mark.parametrize("name", AS_A_WHOLE)
def test_what_needs_all_rows_raises(name):
    with pytest.raises(KeyboardInterrupt):
        AS_A_WHOLE[name].explain(Interrupted(2), X, Y, on_interrupt="partial")


@pytest.mark.parametrize("calls", [0, 1, 2, 3])
@pytest.mark.parametrize("on_interrupt", ["raise", "partial"])
def test_nothing_done_raises(calls, on_interrupt):
    with pytest.raises(KeyboardInterrupt):
        sp.LIME(background=Z, n_samples=512).explain(Interrupted(calls), X, on_interrupt=on_interrupt)


def test_raising_is_the_usual():
    with pytest.raises(KeyboardInterrupt):
        sp.ICE(grid_resolution=5).explain(Interrupted(9), X)


def test_more_draws_than_the_first_are_not_needed():
    explainer = sp.Shapley(background=Z, estimator="permutation")
    rows = explainer.explain(product, X[:3]).cost.rows
    calls = []

    def counted(X):
        calls.append(len(X))
        if sum(calls) > rows + 2000:
            raise KeyboardInterrupt
        return product(X)

    e = explainer.explain(counted, X[:3], tolerance=1e-4, on_interrupt="partial")
    assert e.values.shape == (3, 4, 1)
    assert told(e) == ["No more draws were made."]
    assert "SIPA032" in {c.code for c in e.caveats}


def product(X):
    return np.exp(X.sum(axis=1))


def test_a_study_returns_the_methods_that_were_done():
    methods = [sp.PartialDependence(grid_resolution=5), sp.ICE(grid_resolution=4), sp.ALE(), sp.GlobalSurrogate()]
    enough = []
    sp.explain(lambda X: (enough.append(1), smooth(X))[1], X, methods=methods[:1])
    study = sp.explain(Interrupted(len(enough) + 7), X, methods=methods, on_interrupt="partial")
    assert list(study) == ["partial_dependence", "ice"]
    assert study.subject.unfinished == ("ale", "global_surrogate")
    assert same(study["partial_dependence"].estimate, methods[0].explain(smooth, X).estimate)
    assert told(study["ice"])
    with pytest.raises(KeyboardInterrupt):
        sp.explain(Interrupted(2), X, methods=methods, on_interrupt="partial")
    with pytest.raises(KeyboardInterrupt):
        sp.explain(Interrupted(len(enough) + 7), X, methods=methods)


def test_a_report_says_what_is_not_finished(tmp_path):
    methods = [sp.ICE(features=["x0"], grid_resolution=5), sp.ALE()]
    sp.explain(Interrupted(9), X, methods=methods, on_interrupt="partial").report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "Not finished" in page
    assert "ale: the run was interrupted" in page


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_states_are_never_left_half_merged(monkeypatch):
    merge, count = Collected.merge, []

    def torn(self, other, cells=None):
        count.append(1)
        if len(count) == 4:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            state = merge(self, other, cells)
            state.values[cells[0]] += 0  # reached: the signal waits
            count.append("whole")
            return state
        return merge(self, other, cells)

    before = signal.getsignal(signal.SIGINT)
    whole = sp.ICE(grid_resolution=5).explain(smooth, X)
    count.clear()
    monkeypatch.setattr(Collected, "merge", torn)
    part = sp.ICE(grid_resolution=5).explain(smooth, X, on_interrupt="partial")
    assert "whole" in count
    assert 0 < len(part.rows) < 60
    np.testing.assert_array_equal(part.estimate.values, whole.estimate.values[: len(part.rows)])
    assert signal.getsignal(signal.SIGINT) is before


def slow(X):
    time.sleep(0.05)
    return smooth(X)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_a_real_signal_with_two_workers(backend):
    many = np.concatenate([X] * 30)
    explainer = sp.ICE(grid_resolution=5, background=Z)
    with joblib.parallel_config(backend):
        explainer.explain(smooth, many[:60], n_jobs=2)  # workers are there
        alarm = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT))
        alarm.start()
        try:
            part = explainer.explain(slow, many, n_jobs=2, on_interrupt="partial")
        except KeyboardInterrupt:  # on a machine so busy that nothing came back
            part = None
        finally:
            alarm.cancel()
        again = explainer.explain(smooth, many[:120], n_jobs=2)  # workers are there again
    assert len(again.rows) == 120
    if part is not None:
        assert len(part.rows) < len(many)
        expected = explainer.explain(smooth, many[: len(part.rows)])
        np.testing.assert_array_equal(part.estimate.values, expected.estimate.values)


def test_a_round_that_was_not_ended_is_left_out():
    behind = np.sort(RNG.normal(size=(128, 8)), axis=0)
    explainer = sp.Shapley(background=behind, estimator="permutation")
    x = np.zeros((1, 8))
    whole = explainer.explain(lambda X: np.exp(X[:, 0] - X[:, 1] + X[:, 2]), x, tolerance=10.0)
    calls = []

    def model(X):
        calls.append(len(X))
        if sum(calls) > 1.5 * whole.cost.rows:
            raise KeyboardInterrupt
        return np.exp(X[:, 0] - X[:, 1] + X[:, 2])

    part = explainer.explain(model, x, tolerance=1e-4, on_interrupt="partial")
    np.testing.assert_array_equal(part.values, whole.values)
    assert told(part) == ["No more draws were made."]


@pytest.mark.parametrize("budget", [None, 10_000_000])
def test_a_study_stops_where_it_is_interrupted(budget):
    methods = [sp.ALE(), sp.PermutationImportance(n_repeats=8), sp.PartialDependence(), sp.GlobalSurrogate()]
    model = Interrupted(10_000)
    sp.explain(model, X, Y, methods=methods[:2], budget=budget)
    study = sp.explain(
        Interrupted(10_000 - model.left - 2), X, Y, methods=methods, budget=budget, on_interrupt="partial"
    )
    assert list(study) == ["ale", "permutation_importance"]
    assert study.subject.unfinished == ("partial_dependence", "global_surrogate")
    assert told(study["permutation_importance"])


def test_an_interrupt_after_the_last_slice_is_no_loss():
    def stop(done, total):
        if done == total:
            raise KeyboardInterrupt

    e = sp.ALE().explain(smooth, X, progress=stop, on_interrupt="partial")
    assert same(e.estimate, sp.ALE().explain(smooth, X).estimate)
    assert not told(e)


class Learner(RegressorMixin, BaseEstimator):
    """Least squares whose fits are interrupted after so many of them."""

    left = None  # of the class, since a clone is another object

    def fit(self, X, y):
        if type(self).left is not None:
            if not type(self).left:
                raise KeyboardInterrupt
            type(self).left -= 1
        self.coef_ = np.linalg.lstsq(np.asarray(X), np.asarray(y), rcond=None)[0]
        return self

    def predict(self, X):
        return np.asarray(X) @ self.coef_


@pytest.mark.parametrize("fits", [0, 4])
def test_refits_that_are_interrupted_raise_and_leave_nothing_behind(fits, monkeypatch):
    model, explainer = Learner().fit(X, Y), sp.LOFO(n_folds=3)
    coefficients, whole = model.coef_.copy(), explainer.explain(model, X, Y)
    monkeypatch.setattr(Learner, "left", fits)
    with pytest.raises(KeyboardInterrupt):
        explainer.explain(model, X, Y, on_interrupt="partial")  # a mean over fewer folds was not asked for
    monkeypatch.setattr(Learner, "left", None)
    np.testing.assert_array_equal(model.coef_, coefficients)
    assert same(whole.estimate, explainer.explain(model, X, Y).estimate)


@pytest.mark.parametrize("fits", [0, 4])
def test_statistics_are_whole_where_their_null_is_interrupted(fits, monkeypatch):
    model = Learner().fit(X, Y)
    alone = sp.HStatistic(n_draws=10).explain(model, X, Y)
    monkeypatch.setattr(Learner, "left", fits)
    e = sp.HStatistic(n_draws=10, null="refit", n_refits=9).explain(model, X, Y, on_interrupt="partial")
    np.testing.assert_array_equal(e.values, alone.values)
    assert "p_value" not in e.frame()
    assert {"SIPA019", "SIPA043"} <= {caveat.code for caveat in e.caveats}
