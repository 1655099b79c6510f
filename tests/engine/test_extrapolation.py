"""The caveat of columns that moved without those that tell them: who has it, what it names, and what it costs."""

import dataclasses
import html
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import sipakit as sp
from sipakit.engine import extrapolation
from sipakit.reports.verdict import noted
from sipakit.sample import Dependence
from tests.analytic import ExtrapolationTrap, LinearGaussian, ProductGaussian
from tests.variants import VARIANTS

TRAP = ExtrapolationTrap()
EQUAL = TRAP.sample(300, np.random.default_rng(0))
FREE = pd.DataFrame(np.random.default_rng(0).uniform(size=(300, 2)), columns=["x1", "x2"])
EXEMPT = {
    *("ALE", "ALE pairs", "GlobalSurrogate", "GlobalSurrogate linear", "LOFO", "PermutationImportance conditional"),
    *("IntegratedGradients", "IntegratedGradients one baseline"),  # goes straight from row to row
    "Shapley conditional",  # what stays follows from what moves
}
OF_FUNCTIONS = [name for name in VARIANTS if not VARIANTS[name](EQUAL).requires() & {"gradient", "refit"}]


def told(result):
    return [one.message for one in result.caveats if one.code == "SIPA042"]


def explained(explainer, X, model=TRAP.predict):
    y = X["x1"].to_numpy() if "target" in explainer.needs else None
    return explainer.explain(model, X, y)


@pytest.mark.parametrize("name", OF_FUNCTIONS)
def test_what_moves_one_of_two_equal_columns_says_so_and_independent_ones_do_not(name):
    explainer = VARIANTS[name](EQUAL)
    found = told(explained(explainer, EQUAL))
    assert len(found) == (name not in EXEMPT)
    for one in found:
        assert "100 % of 'x1' (most by 'x2'), 100 % of 'x2' (most by 'x1')" in one
    assert not told(explained(VARIANTS[name](FREE), FREE))


@pytest.mark.parametrize(("kind", "count"), [("leave_out", 0), ("permutation", 1)])
def test_lofo_says_it_where_it_permutes(kind, count):
    model = LinearRegression().fit(EQUAL, EQUAL["x1"])
    lofo = sp.LOFO(kind=kind, n_folds=2, n_repeats=1)
    assert len(told(lofo.explain(model, EQUAL, EQUAL["x1"]))) == count


@pytest.mark.parametrize("model", [LinearGaussian(), ProductGaussian()])
def test_a_correlation_of_point_six_is_no_trap(model):
    X = model.sample(1_000, np.random.default_rng(0))
    assert not told(sp.PartialDependence(grid_resolution=3).explain(model.predict, X))


@pytest.mark.parametrize(
    "together",
    [
        sp.PartialDependence(features=[("x1", "x2")], grid_resolution=4),
        sp.PermutationImportance(groups={"both": ["x1", "x2"]}),
        sp.FunctionalDecomposition(groups={"both": ["x1", "x2"]}, order=1, n_draws=10),
        sp.Shapley(groups={"both": ["x1", "x2"]}),
    ],
    ids=repr,
)
def test_columns_that_move_with_those_that_tell_them_are_no_trap(together):
    assert not told(explained(together, EQUAL[:100]))
    apart = EQUAL.assign(x3=EQUAL["x2"] ** 2)[:100]
    assert len(told(explained(together, apart))) == 1


def test_a_feature_alone_is_named_with_the_column_that_it_leaves_behind():
    X = pd.DataFrame({"x1": np.random.default_rng(0).normal(size=300)}).assign(x2=lambda X: X["x1"] ** 2)
    (found,) = told(explained(sp.PartialDependence(features=["x1"]), X))
    assert "of 'x2' (most by 'x1'), measured" in found
    assert "of 'x1' (most" not in found


def test_the_background_is_looked_at_where_there_is_one():
    one = EQUAL[:1]
    assert told(sp.CeterisParibus(background=EQUAL).explain(TRAP.predict, one))
    assert not told(sp.CeterisParibus(background=FREE).explain(TRAP.predict, one))
    assert told(sp.PartialDependence(background=EQUAL).explain(TRAP.predict, FREE))
    assert not told(sp.PartialDependence().explain(TRAP.predict, one))


def test_long_lists_are_cut_and_the_rows_looked_at_are_counted():
    X = pd.DataFrame({f"x{j}": np.arange(2_500.0) for j in range(9)})
    (found,) = told(sp.PartialDependence(grid_resolution=2).explain(lambda X: X["x1"], X))
    assert found.count("100 % of") == 6
    assert "and much of 3 more, measured by ranks on rows held back; 2,000 of 2,500 rows were looked at." in found
    (found,) = told(sp.PartialDependence(grid_resolution=2).explain(lambda X: X["x1"], X[:1_000]))
    assert "were looked at" not in found


def test_rows_without_weight_are_not_looked_at():
    X = pd.concat([EQUAL, FREE], ignore_index=True)
    weights = np.repeat([1.0, 0.0], 300)
    curves = sp.PartialDependence(grid_resolution=3)
    assert told(curves.explain(TRAP.predict, X, sample_weight=weights))
    assert not told(curves.explain(TRAP.predict, X, sample_weight=1 - weights))


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_any_number_of_workers_says_the_same(n_jobs):
    alone, many = (
        sp.PermutationImportance().explain(TRAP.predict, EQUAL, EQUAL["x1"], n_jobs=n) for n in (None, n_jobs)
    )
    assert alone.caveats == many.caveats


def test_a_study_says_it_once_and_each_table_is_ranked_once(monkeypatch, tmp_path):
    made = []
    of = Dependence.of.__func__
    monkeypatch.setattr(Dependence, "of", classmethod(lambda *given: made.append(len(given[1])) or of(*given)))
    methods = ["partial-dependence", "ice", "h-statistic", sp.PermutationImportance(), "ale"]
    study = sp.explain(TRAP.predict, EQUAL, EQUAL["x1"], methods=methods)
    assert [len(told(result)) for result in study.values()] == [1, 1, 1, 1, 0]
    assert made == [300]
    (once,) = [one for one in noted(study.values()) if one.code == "SIPA042"]
    assert len(once.methods) == 4
    study.report(tmp_path / "study.html")
    ((message, _),) = once.told
    assert message in html.unescape((tmp_path / "study.html").read_text())


def test_it_travels_with_the_result(tmp_path):
    result = sp.PartialDependence(grid_resolution=3).explain(TRAP.predict, EQUAL)
    assert "SIPA042" in str(result)
    path = tmp_path / "result.json"
    result.to_json(path)
    assert [one["code"] for one in json.loads(path.read_text())["caveats"]] == ["SIPA042"]
    assert sp.load(path).caveats == result.caveats


@pytest.mark.parametrize(
    "explainer",
    [
        sp.Shapley(background=EQUAL[:50]),
        sp.LIME(background=EQUAL, n_samples=64),
        sp.CeterisParibus(background=EQUAL, features=["x2"]),
    ],
    ids=lambda e: type(e).__name__,
)
def test_a_prepared_explainer_has_looked_before(explainer, monkeypatch):
    model = ExtrapolationTrap()
    plain = explainer.explain(model.predict, EQUAL[:1])
    ready = pickle.loads(pickle.dumps(explainer.prepare(model.predict)))

    def looks(*_):
        raise AssertionError

    monkeypatch.setattr(Dependence, "of", looks)
    monkeypatch.setattr(Dependence, "_looked_at", looks)
    monkeypatch.setattr(Dependence, "_told_by_outsiders", looks)
    assert told(ready.explain(EQUAL[:1])) == told(plain) != []


def test_prepared_with_an_array_or_other_columns_the_names_are_those_of_the_rows():
    wide = EQUAL.assign(x3=FREE["x1"])
    for background, rows in ((wide.to_numpy(), wide[:1]), (wide[["x3", "x2", "x1"]], wide[:1])):
        explainer = sp.CeterisParibus(background=background)
        plain = explainer.explain(lambda X: X["x1"], rows)
        ready = explainer.prepare(lambda X: np.asarray(X)[:, 0].astype(float))
        assert told(ready.explain(rows)) == told(plain) != []


def test_a_plan_does_not_look(monkeypatch):
    monkeypatch.setattr(extrapolation, "dependence_of", None)
    assert sp.PartialDependence().plan(TRAP.predict, EQUAL).rows


def test_an_explainer_of_ones_own_says_nothing_unless_it_says_that_it_parts_columns():
    assert not sp.Explainer.breaks_dependence
    task = dataclasses.make_dataclass("Task", ["features"])(("a",))
    assert sp.ALE().moved_apart(task) == ()
    assert sp.ICE().moved_apart(task) == ("a",)
