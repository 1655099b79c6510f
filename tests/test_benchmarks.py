from types import SimpleNamespace

import numpy as np
import pytest

import sipakit as sp
from benchmarks import pages
from benchmarks.__main__ import CASES
from benchmarks.accuracy.permutation_variance import exact_increase
from benchmarks.accuracy.shapley_error import by_definition
from benchmarks.harness import Counted, Result, write
from benchmarks.speed.overhead import beside_the_model
from benchmarks.subjects import Subject


@pytest.fixture
def subject():
    X = np.random.default_rng(0).normal(size=(120, 3))
    model = SimpleNamespace(predict=lambda X: X[:, 0] + X[:, 1] * X[:, 2])
    return Subject("a product", model, X, model.predict(X))


def test_the_runner_knows_its_cases():
    assert list(CASES) == [
        *("overhead", "model_rows", "permutation_variance", "shapley_error", "h_error", "coverage"),
        *("workers", "prepared", "trees"),
    ]


def test_the_bare_side_predicts_the_rows_behind_the_answer(subject):
    found = beside_the_model(sp.ALE(grid_resolution=5), subject, repeats=1, target=1.05)
    assert found["rows"] == sp.ALE(grid_resolution=5).explain(subject.model, subject.X).cost.rows
    assert found["calls"] >= 1
    assert found["ratio"] > 0


def test_a_counted_model_counts_what_an_explainer_says_that_it_cost(subject):
    model = Counted(subject.model)
    cost = sp.ICE(grid_resolution=4).explain(model, subject.X).cost
    assert model.rows == cost.rows + cost.check_rows


def test_the_truth_of_a_product_is_half_for_each_factor(subject):
    x, background = np.array([1.0, 2.0, 3.0]), np.zeros((2, 3))
    np.testing.assert_allclose(by_definition(subject.model.predict, x, background), [1.0, 3.0, 3.0])


def test_the_truth_of_an_importance_is_the_mean_over_all_pairs(subject):
    apart = subject.X[:, 0][:, None] - subject.X[:, 0]
    assert exact_increase(subject, 0) == pytest.approx(np.mean(apart**2))


def test_a_result_becomes_a_file_and_a_section_of_the_page(tmp_path):
    result = Result("tiny", "Does it work?", {"seed": 0}, [{"by": "us", "ratio": 1.5}], {"by": "s", "ratio": ".1f"})
    page = tmp_path / "page.md"
    page.write_text(f"before\n{pages.BEGIN}\nold\n{pages.END}\nafter\n", encoding="utf-8")
    write(result, tmp_path / "results")
    pages.make(tmp_path / "results", page)
    text = page.read_text(encoding="utf-8")
    assert "| us | 1.5 |" in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
