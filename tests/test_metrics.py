"""sipakit's own scores against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from sipakit.errors import CapabilityError
from sipakit.metrics import BY_ROW, OF_TABLES, RESIDUALS, decided, probabilities
from sipakit.table import Table
from sipakit.task import Task

RNG = np.random.default_rng(0)
N = 80
WEIGHTS = RNG.exponential(size=N)


def task(outputs=("prediction",), classes=None, scale="prediction"):
    table = Table.from_data(np.zeros((N, 1)))
    ones = np.ones(N)
    return Task(table, table, (), tuple(outputs), None, ones, ones, classes=classes, scale=scale)


def shares(k):
    raw = RNG.exponential(size=(N, k))
    return raw / raw.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize(
    ("name", "function"),
    [("neg_mean_squared_error", theirs.mean_squared_error), ("neg_mean_absolute_error", theirs.mean_absolute_error)],
)
def test_losses_of_numbers(name, function, k):
    y, f = RNG.normal(size=(N, k)), RNG.normal(size=(N, k))
    ours = np.average(BY_ROW[name](y[:, 0] if k == 1 else y, f, task()), weights=WEIGHTS)
    assert ours == pytest.approx(function(y, f, sample_weight=WEIGHTS))


@pytest.mark.parametrize("k", [2, 4])
def test_losses_of_classes(k):
    p, y = shares(k), RNG.integers(0, k, N)
    one = p[:, 1:] if k == 2 else p
    about = task("abcd"[1:2] if k == 2 else "abcd", tuple("abcd"[:k]), "probability")
    log_loss = np.average(BY_ROW["neg_log_loss"](y, one, about), weights=WEIGHTS)
    assert log_loss == pytest.approx(theirs.log_loss(y, p, sample_weight=WEIGHTS))
    accuracy = -np.average(BY_ROW["accuracy"](y, one, about), weights=WEIGHTS)
    assert accuracy == pytest.approx(theirs.accuracy_score(y, p.argmax(axis=1), sample_weight=WEIGHTS))
    brier = np.average(BY_ROW["neg_brier_score"](y, one, about), weights=WEIGHTS)
    given = p[:, 1] if k == 2 else p
    assert brier == pytest.approx(theirs.brier_score_loss(y, given, sample_weight=WEIGHTS))


def test_a_sure_and_wrong_prediction_has_a_finite_log_loss():
    about = task(("b",), ("a", "b"), "probability")
    loss = BY_ROW["neg_log_loss"](np.array([0, 1]), np.array([[1.0], [1.0]]), about)
    assert loss[0] == pytest.approx(theirs.log_loss([0, 1], [[0, 1], [0.0, 1.0]]) * 2, rel=1e-6)
    assert loss[1] == 0


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize(
    ("name", "function", "sign"),
    [("r2", theirs.r2_score, -1), ("neg_root_mean_squared_error", theirs.root_mean_squared_error, 1)],
)
def test_scores_of_tables_of_numbers(name, function, sign, k):
    y, f = RNG.normal(size=(N, k)), RNG.normal(size=(N, k))
    ours, _ = OF_TABLES[name](y[:, 0] if k == 1 else y, f, WEIGHTS, task())
    assert ours == pytest.approx(sign * function(y, f, sample_weight=WEIGHTS))


def test_r_squared_of_a_constant_target():
    y = np.ones(5)
    for f, expected in ((np.ones((5, 1)), 1.0), (np.zeros((5, 1)), 0.0)):
        assert -OF_TABLES["r2"](y, f, np.ones(5), task())[0] == expected == theirs.r2_score(y, f)


@pytest.mark.parametrize("ties", [False, True])
def test_area_under_the_curve(ties):
    p, y = RNG.random(N), RNG.integers(0, 2, N)
    p = np.round(p, 1) if ties else p
    about = task(("b",), ("a", "b"), "probability")
    ours, _ = OF_TABLES["roc_auc"](y, p[:, None], WEIGHTS, about)
    assert -ours == pytest.approx(theirs.roc_auc_score(y, p, sample_weight=WEIGHTS))
    first = task(("a",), ("a", "b"), "probability")
    assert OF_TABLES["roc_auc"](y, 1 - p[:, None], WEIGHTS, first)[0] == pytest.approx(ours)


def test_area_of_one_class_is_not_a_number():
    about = task(("b",), ("a", "b"), "probability")
    assert np.isnan(OF_TABLES["roc_auc"](np.ones(3, int), np.ones((3, 1)), np.ones(3), about)[0])


@pytest.mark.parametrize("name", list(OF_TABLES))
def test_influences_are_derivatives_by_the_weights(name):
    classes = name == "roc_auc"
    about = task(("b",), ("a", "b"), "probability") if classes else task()
    f = np.round(RNG.random((N, 1)), 1)
    y = RNG.integers(0, 2, N) if classes else RNG.normal(size=N)
    loss, influence = OF_TABLES[name](y, f, WEIGHTS, about)
    assert WEIGHTS @ influence == pytest.approx(0, abs=1e-9)
    for row in range(0, N, 7):
        more = WEIGHTS.copy()
        more[row] += 1e-6
        moved = (OF_TABLES[name](y, f, more, about)[0] - loss) / 1e-6
        assert moved * WEIGHTS.sum() == pytest.approx(influence[row], rel=1e-3, abs=1e-4)


def test_log_odds_are_probabilities_too():
    p = shares(2)[:, 1:]
    odds = np.log(p) - np.log1p(-p)
    one, other = (task(("b",), ("a", "b"), scale) for scale in ("probability", "log_odds"))
    np.testing.assert_allclose(probabilities(odds, other), probabilities(p, one))
    np.testing.assert_array_equal(decided(odds, other), decided(p, one))


def test_scores_say_a_class_but_no_probability():
    about = task(("b",), ("a", "b"), "score")
    np.testing.assert_array_equal(decided(np.array([[-1.0], [2.0]]), about), [0, 1])
    with pytest.raises(CapabilityError, match="output='probability'"):
        probabilities(np.zeros((2, 1)), about)


def test_outputs_that_leave_classes_out_have_no_score():
    about = task(("a", "b"), ("a", "b", "c"), "probability")
    with pytest.raises(CapabilityError, match="leave classes out"):
        probabilities(np.zeros((2, 2)), about)


def test_residuals_square_to_their_loss():
    p = RNG.dirichlet(np.ones(3), size=N)
    for classes, f in ((("a", "b", "c"), p), (("a", "b"), p[:, :1])):
        about = task(classes[-f.shape[1] :], classes, "probability")
        y = RNG.integers(0, len(classes), N)
        squares = (RESIDUALS["neg_brier_score"](y, f, about) ** 2).sum(axis=1)
        np.testing.assert_allclose(squares, BY_ROW["neg_brier_score"](y, f, about))
    y = RNG.normal(size=(N, 3))
    squares = (RESIDUALS["neg_mean_squared_error"](y, p, task()) ** 2).sum(axis=1)
    np.testing.assert_allclose(squares, BY_ROW["neg_mean_squared_error"](y, p, task()))
