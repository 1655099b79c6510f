"""A study: methods chosen, shared and named; single rows; budgets; and what it says and writes."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sipakit as sp
from sipakit.engine import How
from sipakit.methods import keys_of, make_jobs, run_jobs
from sipakit.table import Table


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 3)), columns=["a", "b", "c"])
    return X, pd.Series(X["a"] * X["b"] + X["c"], name="height")


def product(X):
    return (X["a"] * X["b"] + X["c"]).to_numpy()


def test_the_default_methods_follow_from_what_is_given(table):
    X, y = table
    assert list(sp.explain(product, X)) == ["partial_dependence", "ice", "ale", "h_statistic", "global_surrogate"]
    every = list(sp.explain(product, X, y, rows=[3]))
    assert every[0] == "permutation_importance"
    assert every[-3:] == ["shapley", "lime", "ceteris_paribus"]


def test_methods_that_the_table_does_not_allow_are_left_out():
    words = pd.DataFrame({"word": ["x", "y"] * 20})
    found = sp.explain(lambda X: (X["word"] == "x").to_numpy(float), words)
    assert list(found) == ["partial_dependence", "ice", "ale", "global_surrogate"]


def test_many_features_get_totals_only():
    X = np.random.default_rng(0).normal(size=(50, 41))
    from sipakit.door import open_table
    from sipakit.methods import sensible

    (h,) = [one for one in sensible(open_table(X)[0], target=False, single=False) if isinstance(one, sp.HStatistic)]
    assert h.order == 1
    assert 40 <= h.n_draws <= 200


@pytest.mark.parametrize("name", ["partial-dependence", "partial_dependence", "PartialDependence", "ice", "LIME"])
def test_methods_go_by_name_in_any_case(table, name):
    study = sp.explain(product, table[0][:20], methods=[name], rows=[0])
    assert len(study) == 1


def test_two_of_a_kind_get_numbers():
    assert keys_of([sp.ALE(), sp.ALE(), sp.ICE(), sp.ALE()]) == ["ale", "ale_2", "ice", "ale_3"]


def test_names_may_be_asked_for_in_kebab_case(table):
    study = sp.explain(product, table[0], methods=["global-surrogate"])
    assert study["global-surrogate"] is study["global_surrogate"]


def test_curves_share_their_evaluations(table):
    study = sp.explain(product, table[0], methods=[sp.PartialDependence(), sp.ICE()])
    both = study["partial_dependence"], study["ice"]
    assert both[0].cost.rows == both[1].cost.rows
    np.testing.assert_allclose(both[1].values[0].mean(axis=0), both[0].values[0])


def test_results_equal_those_of_the_methods_alone(table):
    X, y = table
    study = sp.explain(product, X, y, methods=["ale", "permutation-importance"], random_state=3)
    np.testing.assert_array_equal(study["ale"].estimate.values, sp.ALE().explain(product, X).estimate.values)
    alone = sp.PermutationImportance(random_state=3).explain(product, X, y)
    np.testing.assert_array_equal(study["permutation_importance"].values, alone.values)


def test_single_rows_keep_their_numbers_and_are_compared_with_the_whole_table(table):
    X, _ = table
    study = sp.explain(product, X, methods=["shapley", "ceteris-paribus"], rows=[7, 90])
    e = study["shapley"]
    assert e.rows.tolist() == study["ceteris_paribus"].rows.tolist() == [7, 90]
    alone = sp.Shapley(background=X).explain(product, X.iloc[[7, 90]])
    np.testing.assert_array_equal(e.values, alone.values)
    assert e.manifest["background"] == len(X)


def test_without_rows_methods_for_single_rows_explain_all(table):
    X = table[0][:15]
    study = sp.explain(product, X, methods=["lime", "shapley"])
    assert study["lime"].rows.tolist() == study["shapley"].rows.tolist() == list(range(15))


def test_a_background_and_an_output_reach_every_method_that_leaves_them_open():
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(30, 2)), rng.normal(size=(20, 2))
    model = sp.adapt(lambda X: 1 / (1 + np.exp(-X[:, 0])), classes=["no", "yes"])
    study = sp.explain(model, X, methods=["shapley", sp.ALE(output="no")], background=Z, output="log_odds", rows=[0])
    assert study["shapley"].scale == "log_odds"
    assert study["shapley"].manifest["background"] == 20
    assert study["ale"].outputs == ("no",)


def test_a_budget_is_a_cap_on_the_whole_study(table):
    X, _ = table
    free = sp.explain(product, X, methods=["ale", "partial-dependence", "ice"])
    spent = [e.cost.rows + e.cost.check_rows for e in free.values()]
    enough = sp.explain(product, X, methods=["ale", "partial-dependence", "ice"], budget=20_000)
    assert list(enough) == list(free)
    with pytest.raises(sp.BudgetError, match="PartialDependence"):
        sp.explain(product, X, methods=["ale", "partial-dependence", "ice"], budget=spent[0] + 1_000)


def test_methods_that_nobody_named_are_left_out_where_the_budget_does_not_cover_them(table):
    X, y = table
    study = sp.explain(product, X, y, budget=20_000)
    assert study.subject.unfinished == ("h_statistic",)
    assert "global_surrogate" in study
    assert "Not finished: h_statistic. The run was interrupted, or the budget did not cover it." in repr(study)
    assert "Not finished: h_statistic." in study._repr_html_()
    assert sum(e.cost.rows + e.cost.check_rows for name, e in study.items() if name != "ice") <= 20_000
    with pytest.raises(sp.BudgetError, match=r"budget=20 is less than .* predicts first"):
        sp.explain(product, X, y, budget=20)


def _jobs(methods, X):
    open_to_all = {"target": False, "rows": None, "background": None, "output": None, "random_state": 0}
    return make_jobs(methods, Table.from_data(X), X, **open_to_all).values()


def test_what_its_share_does_not_cover_waits_until_cheaper_methods_had_theirs(table):
    X, _ = table
    dear, cheap = sp.PartialDependence(grid_resolution=100), sp.ALE()
    budget = 36_300
    alone = sp.explain(product, X, methods=[dear], budget=budget)["partial_dependence"]
    assert budget - alone.cost.rows - alone.cost.check_rows < sp.explain(product, X, methods=[cheap])["ale"].cost.asked
    jobs = [replace(job, spare=True) for job in _jobs([dear, cheap], X)]
    curves, steps = run_jobs(jobs, product, (X, None, None), How(budget=budget))
    assert curves is None
    assert steps is not None
    assert None not in run_jobs(jobs, product, (X, None, None), How(budget=2 * budget))


def test_time_that_is_over_is_told_with_the_method_that_had_none_left(table, monkeypatch):
    clock = SimpleNamespace(perf_counter=count(0, 100).__next__)
    monkeypatch.setattr("sipakit.methods.time", clock)
    with pytest.raises(sp.BudgetError, match="budget='60s' was spent before GlobalSurrogate began"):
        sp.explain(product, table[0], methods=["ale", "global-surrogate"], budget="60s")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"methods": "ale"}, sp.InputTypeError, "no list of methods"),
        ({"methods": []}, sp.InputTypeError, "no list of methods"),
        ({"methods": ["alle"]}, sp.InputError, "There are ale, ice"),
        ({"methods": [sp.ALE]}, sp.InputTypeError, r"sp\.ALE\(\), not"),
        ({"rows": [120]}, sp.InputError, "rows 0 to 119"),
        ({"rows": [-1]}, sp.InputError, "rows 0 to 119"),
        ({"rows": [0.5]}, sp.InputTypeError, "positions"),
        ({"rows": []}, sp.InputTypeError, "positions"),
        ({"methods": ["permutation-importance"]}, sp.InputError, "needs y"),
    ],
)
def test_what_cannot_be_used_is_refused(table, arguments, error, words):
    with pytest.raises(error, match=words):
        sp.explain(product, table[0], **arguments)


def test_the_subject_says_what_was_explained():
    X = pd.DataFrame({"n": [1.0, None, 3.0] * 4, "w": ["x", None, "y"] * 4, "k": range(12)})
    study = sp.explain(lambda X: X["k"].to_numpy(float), X, pd.Series(range(12), name="size"), methods=["ice"])
    s = study.subject
    assert (s.n_rows, s.missing, s.target) == (12, (("n", 4), ("w", 4)), "size")
    assert s.columns() == "3 columns: 2 numbers, 1 category"
    assert s.model == "a function"
    told = study.described(unit="metres", note="All of them.").subject
    assert (told.unit, told.note, told.model) == ("metres", "All of them.", "a function")


def test_models_are_named_by_their_kind(table):
    X, y = table
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(X, y)
    assert sp.explain(model, X, methods=["ale"]).subject.model == "LinearRegression after StandardScaler"
    assert sp.explain(sp.adapt(product), X, methods=["ale"]).subject.model == "product"


def test_a_study_is_frozen_and_prints_its_findings(table):
    X, y = table
    study = sp.explain(product, X, y).described(unit="metres")
    with pytest.raises(TypeError):
        study.results["more"] = study["ale"]
    text = repr(study)
    assert text.isprintable() or "\n" in text
    assert all(f in " ".join(text.split()) for f in study.findings()[:1])
    assert "metres" in text
    assert max(map(len, text.splitlines())) < 160


def test_results_are_written_as_json_under_plain_names(table, tmp_path):
    X, y = table
    study = sp.explain(product, X, y, methods=["permutation-importance", "ale", sp.ALE(grid_resolution=5)])
    paths = study.to_json(tmp_path / "new" / "folder")
    assert [p.name for p in paths] == ["study.json", "01-permutation-importance.json", "02-ale.json", "03-ale-2.json"]
    index = json.loads(paths[0].read_text())
    assert index["schema"] == "sipakit.study/1"
    assert [one["file"] for one in index["results"]] == [p.name for p in paths[1:]]
    assert json.loads(paths[1].read_text())["schema"] == "sipakit.explanation/1"


def test_a_report_is_one_file(table, tmp_path):
    X, y = table
    study = sp.explain(product, X, y, methods=["permutation-importance"])
    study.report(tmp_path / "page.html", title="Heights & <widths>")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<title>Heights &amp; &lt;widths&gt;</title>" in text


def test_weights_of_the_rows_are_those_of_the_background_that_they_become():
    X = np.arange(20.0)[:, None] * [1, 0.5]
    w = np.where(np.arange(20) < 10, 9.0, 1.0)
    study = sp.explain(lambda X: X[:, 0], X, sample_weight=w, rows=[3], methods=["shapley"])
    assert study["shapley"].base_values.item() == pytest.approx(np.average(X[:, 0], weights=w))
    assert study["shapley"].manifest["weighted"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1], [1, 2]], r"rows=\[\[1\], \[1, 2\]\] is no list"),
        (pd.DataFrame({"a": range(90)}), r"rows=a .* is no list"),
        ([99], r"rows= names 99\. X has rows 0 to 19\. They are named by position"),
    ],
)
def test_rows_that_cannot_be_are_told_in_few_words(rows, words):
    with pytest.raises(sp.SipakitError, match=words) as caught:
        sp.explain(lambda X: X[:, 0], np.zeros((20, 2)), rows=rows)
    assert len(str(caught.value)) < 200


def test_bad_weights_are_told_by_the_name_that_the_user_gave_them():
    with pytest.raises(sp.InputError, match="sample_weight has shape"):
        sp.explain(lambda X: X[:, 0], np.zeros((20, 2)), sample_weight=[1], rows=[3], methods=["shapley"])


def test_a_study_can_be_pickled():
    X = np.random.default_rng(0).normal(size=(50, 2))
    study = sp.explain(LinearRegression().fit(X, X[:, 0]), X, X[:, 0], methods=["permutation-importance"])
    again = pickle.loads(pickle.dumps(study))
    np.testing.assert_array_equal(again["permutation_importance"].values, study["permutation_importance"].values)
