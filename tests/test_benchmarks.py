from types import SimpleNamespace

import numpy as np
import pytest

import sipakit as sp
from benchmarks import pages
from benchmarks.__main__ import CASES
from benchmarks.accuracy.permutation_variance import exact_increase
from benchmarks.accuracy.sage_error import by_definition as sage_by_definition
from benchmarks.accuracy.shapley_cases import Machine, drawn
from benchmarks.accuracy.shapley_peers import MeanGame, present
from benchmarks.accuracy.shapley_truth import Remembered, by_definition, of_kernel, of_parts
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
        *("overhead", "model_rows", "permutation_variance", "shapley_error", "shapley_small", "sage_error"),
        *("h_error", "coverage", "workers", "prepared", "trees"),
        *("budgets", "memory", "imports"),
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


@pytest.fixture
def game():
    """A machine of five features with products, rows and a background."""
    X = drawn(150, 5, correlation=0.6)
    machine = Machine(X, X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] * X[:, 4], gamma=0.3)
    rows, background = X[:3], X[10:30]
    return machine, rows, background, np.array([by_definition(machine.predict, x, background) for x in rows])


def test_the_fast_enumeration_is_the_definition(game):
    machine, rows, background, truth = game
    np.testing.assert_allclose(Remembered(machine.predict, rows, background).truth, truth, rtol=0, atol=1e-12)


def test_the_closed_form_of_a_kernel_is_the_definition(game):
    machine, rows, background, truth = game
    found = of_kernel(machine.centres, machine.weights, machine.gamma, rows, background)
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-12)


def test_the_values_of_a_sum_are_the_sum_of_its_parts_values(game):
    _, rows, background, _ = game
    parts = [
        (np.array([0, 3, 4]), lambda X: X[:, 0] * X[:, 1] * X[:, 2]),
        (np.array([1, 2, 3]), lambda X: np.maximum(X[:, 0] + X[:, 1], X[:, 2])),
    ]
    total = lambda X: sum(predict(X[:, columns]) for columns, predict in parts)
    truth = [by_definition(total, x, background) for x in rows]
    np.testing.assert_allclose(of_parts(parts, rows, background), truth, rtol=0, atol=1e-12)


def test_a_remembered_model_gives_the_models_answers_foreseen_or_not(game):
    machine, rows, background, _ = game
    asked = np.concatenate(
        [background, rows, np.where([True, False, True, False, False], rows[1], background), rows + 7]
    )
    found = Remembered(machine.predict, rows, background).predict(asked)
    np.testing.assert_allclose(found, machine.predict(asked), rtol=1e-12)


def test_a_coalition_costs_a_peer_one_model_row_for_each_background_row(game):
    machine, rows, background, _ = game
    counted = Counted(machine)
    values = MeanGame(counted.predict, rows[0], background)(
        np.array([[False] * 5, [True] * 5, [True, False] * 2 + [True]])
    )
    assert counted.rows == len(background) * 4  # and the background once, for the empty coalition's value
    assert values[0] == 0
    assert values[1] == pytest.approx(machine.predict(rows[:1])[0] - machine.predict(background).mean())


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")  # of the peer
def test_the_peers_game_is_shapiqs_own():
    shapiq = pytest.importorskip("shapiq")
    X = drawn(30, 4)
    predict = lambda X: X[:, 0] * X[:, 1] + X[:, 2]
    sets = np.random.default_rng(0).random((6, 4)) < 0.5
    theirs = shapiq.MarginalImputer(predict, X[:20], x=X[25], sample_size=20, random_state=0)
    np.testing.assert_allclose(MeanGame(predict, X[25], X[:20])(sets), theirs(sets), rtol=0, atol=1e-12)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")  # of the peers
def test_every_peer_is_exact_when_it_may_ask_for_all_coalitions(game):
    machine, rows, background, truth = game
    peers, _ = present()
    exact = [
        name
        for name in peers
        if any(part in name for part in ("Kernel", "KernelSHAP", "Leverage", "kADD", "Poly", "Odd"))
    ]
    for name in exact:
        np.testing.assert_allclose(
            peers[name](machine, rows, background, 32, 0), truth, rtol=0, atol=1e-5, err_msg=name
        )


def test_the_truth_of_shares_of_the_loss_is_that_of_single_rows_less_their_noise(subject):
    X, Z = subject.X[:30], subject.X[30:50]
    apart, whole = sage_by_definition(subject.model.predict, X, subject.y[:30], Z)
    drawn = sp.SAGE(background=Z).explain(subject.model, X, subject.y[:30], budget=300_000)
    np.testing.assert_allclose(apart, drawn.values[:, 0], atol=5 * drawn.estimate.parts["std_error_draws"].max())
    assert whole.sum() > apart.sum()  # the noise of the mean prediction is taken for loss
    own, _ = sage_by_definition(subject.model.predict, X, subject.y[:30], X, own=True)
    np.testing.assert_allclose(own.sum(), sp.SAGE().explain(subject.model, X, subject.y[:30]).total[0])


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
