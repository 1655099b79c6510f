"""What the user may say as ``scoring``, and what is told where it cannot be."""

import numpy as np
import pytest
from sklearn import metrics as theirs
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, make_scorer
from sklearn.svm import LinearSVC

import sipakit as sp
from sipakit.errors import CapabilityError, InputError, InputTypeError
from sipakit.scoring import resolve_scoring
from sipakit.table import Table
from sipakit.task import Task

RNG = np.random.default_rng(0)
N = 60
ONES = np.ones(N)
HALVES = RNG.exponential(size=N)


def numbers(weights=ONES, k=1):
    table = Table.from_data(RNG.normal(size=(N, 2)))
    y, f = RNG.normal(size=(N, k)), RNG.normal(size=(N, k))
    names = tuple(f"output_{i}" for i in range(k))
    return Task(table, table, (), names, y[:, 0] if k == 1 else y, weights, weights, predictions=f)


def labels(classes=("no", "yes"), weights=ONES, scale="probability"):
    table = Table.from_data(RNG.normal(size=(N, 2)))
    p = RNG.dirichlet(np.ones(len(classes)), N)
    f = p[:, 1:] if len(classes) == 2 else p
    f = f - 0.5 if scale == "score" else f
    outputs = classes[1:] if len(classes) == 2 else classes
    y = RNG.integers(0, len(classes), N)
    return Task(table, table, (), outputs, y, weights, weights, predictions=f, classes=classes, scale=scale)


def whole(task):
    """All classes' probabilities, and the labels as the user knows them."""
    p = task.predictions
    return np.asarray(task.classes)[task.target], np.column_stack([1 - p, p]) if p.shape[1] == 1 else p


def loss(task, scoring):
    (metric,) = resolve_scoring(scoring, task)
    return metric.loss(task.target, task.predictions, task.weights)


def test_defaults():
    assert [m.name for m in resolve_scoring(None, numbers())] == ["neg_mean_squared_error"]
    assert [m.name for m in resolve_scoring(None, labels())] == ["neg_log_loss"]


@pytest.mark.parametrize("weights", [ONES, HALVES], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "name",
    ["r2", "neg_mean_squared_error", "neg_median_absolute_error", "explained_variance", "neg_root_mean_squared_error"],
)
def test_names_for_numbers_score_as_scikit_learn_does(name, weights):
    task = numbers(weights)
    scorer = get_scorer(name)
    expected = -scorer._sign * scorer._score_func(task.target, task.predictions[:, 0], sample_weight=weights)
    assert loss(task, name) == pytest.approx(expected)


@pytest.mark.parametrize("weights", [ONES, HALVES], ids=["plain", "weighted"])
@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")], ids=["two", "three"])
def test_names_for_classes_score_as_scikit_learn_does(classes, weights):
    task = labels(classes, weights)
    y, p = whole(task)
    said = np.asarray(classes)[p.argmax(axis=1)]
    expected = {
        "accuracy": -theirs.accuracy_score(y, said, sample_weight=weights),
        "balanced_accuracy": -theirs.balanced_accuracy_score(y, said, sample_weight=weights),
        "neg_log_loss": theirs.log_loss(y, p, sample_weight=weights),
        "f1_macro": -theirs.f1_score(y, said, average="macro", sample_weight=weights),
    }
    if len(classes) == 2:
        expected["roc_auc"] = -theirs.roc_auc_score(y, p[:, 1], sample_weight=weights)
    else:
        expected["roc_auc_ovr"] = -theirs.roc_auc_score(y, p, multi_class="ovr", sample_weight=weights)
    for name, value in expected.items():
        assert loss(task, name) == pytest.approx(value), name


def test_a_decision_function_is_replayed():
    task = labels(scale="score")
    y = np.asarray(task.classes)[task.target]
    assert loss(task, "roc_auc") == pytest.approx(-theirs.roc_auc_score(y, task.predictions[:, 0]))
    said = np.where(task.predictions[:, 0] > 0, "yes", "no")
    assert loss(task, "balanced_accuracy") == pytest.approx(-theirs.balanced_accuracy_score(y, said))


def test_scorers_are_known_by_their_name():
    for scoring in ("r2", get_scorer("r2"), make_scorer(theirs.r2_score), theirs.r2_score):
        (metric,) = resolve_scoring(scoring, numbers())
        assert (metric.name, metric.sign) == ("r2", -1)
    (metric,) = resolve_scoring(theirs.mean_squared_error, numbers())
    assert metric.name == "neg_mean_squared_error"
    assert metric.by_row is not None


def test_a_scorer_of_ones_own():
    task = labels()
    y, p = whole(task)
    said = np.asarray(task.classes)[p.argmax(axis=1)]
    scorer = make_scorer(theirs.fbeta_score, beta=2, pos_label="yes")
    assert loss(task, scorer) == pytest.approx(-theirs.fbeta_score(y, said, beta=2, pos_label="yes"))
    (metric,) = resolve_scoring(scorer, task)
    assert metric.name == "fbeta_score"


def test_functions_return_a_loss_or_one_a_row():
    task = numbers()
    row = resolve_scoring(lambda y, f: np.abs(y - f) ** 3, task)[0]
    assert row.by_row is not None
    table = resolve_scoring(lambda y, f: float(np.max(np.abs(y - f))), task)[0]
    assert table.by_row is None
    assert table.sign == row.sign == 1


def test_functions_are_given_labels_and_flat_predictions():
    seen = []

    def function(y, f):
        seen.append((y.dtype.kind, f.shape))
        return float((y == "yes").mean() - f.mean())

    resolve_scoring(function, labels())
    assert set(seen) == {("U", (N,))}
    seen.clear()
    resolve_scoring(lambda y, f: seen.append(f.shape) or 0.0, labels(("a", "b", "c")))
    assert set(seen) == {(N, 3)}


def test_functions_of_a_table_are_given_weights_or_refused():
    task = numbers(HALVES)
    weighted = loss(task, lambda y, f, sample_weight=None: np.average((y - f) ** 2, weights=sample_weight))
    assert weighted == pytest.approx(loss(task, "neg_mean_squared_error"))
    with pytest.raises(InputError, match="takes no sample_weight"):
        resolve_scoring(lambda y, f: float(np.mean(y - f)), task)
    resolve_scoring(lambda y, f: y - f, task)  # losses by row are weighed by sipakit


def test_rows_without_weight_are_not_scored():
    task = numbers(np.where(np.arange(N) < 30, 1.0, 0.0))
    first = ((task.target - task.predictions[:, 0]) ** 2)[:30].mean()
    assert loss(task, "neg_mean_squared_error") == pytest.approx(first)
    assert loss(task, "r2") == pytest.approx(-theirs.r2_score(task.target[:30], task.predictions[:30, 0]))


@pytest.mark.parametrize(
    ("scoring", "error", "match"),
    [
        ("nonsense", InputError, "no score that scikit-learn knows"),
        ([], InputError, "names nothing"),
        (3, InputTypeError, "is a int"),
        ("neg_log_loss", CapabilityError, "needs classes"),
        ("roc_auc", CapabilityError, "needs classes"),
        (lambda y, f: np.ones(3), InputError, r"returned shape \(3,\)"),
        (lambda y, f: float("nan"), InputError, "gives nan"),
        ("neg_mean_squared_log_error", InputError, "cannot score"),
    ],
    ids=["unknown", "empty", "number", "log loss", "area", "shape", "nan", "negative"],
)
def test_what_cannot_be_scored_is_told(scoring, error, match):
    with pytest.raises(error, match=match):
        resolve_scoring(scoring, numbers())


@pytest.mark.parametrize("name", ["neg_mean_squared_error", "r2"])
def test_classes_have_no_distance(name):
    with pytest.raises(CapabilityError, match="needs numbers"):
        resolve_scoring(name, labels())


def test_a_score_of_labels_that_scikit_learn_refuses_is_told_in_its_words():
    with pytest.raises(InputError, match="pos_label"):
        resolve_scoring("f1", labels())


def test_a_score_that_takes_no_weights_is_told():
    with pytest.raises(InputError, match="max_error"):
        resolve_scoring("neg_max_error", numbers(HALVES))


def test_probabilities_are_not_scores():
    with pytest.raises(CapabilityError, match="output='probability'"):
        resolve_scoring("neg_log_loss", labels(scale="score"))
    with pytest.raises(CapabilityError, match="output='probability'"):
        resolve_scoring("neg_brier_score", labels(scale="score"))


@pytest.mark.parametrize(("labels", "usual"), [(2, "roc_auc"), (3, "accuracy")])
def test_a_classifier_without_probabilities_has_a_usual_score(labels, usual):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2))
    y = np.digitize(X[:, 0], np.linspace(-1, 1, labels + 1)[1:-1])
    e = sp.PermutationImportance().explain(LinearSVC().fit(X, y), X, y)
    assert e.metrics == (usual,)
    assert e.values[0, 0] > 0.2


def test_a_classifier_of_labels_only_is_refused_with_a_cure_that_works():
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.where(X[:, 0] > 0, "up", "down")
    model = VotingClassifier([("a", LogisticRegression()), ("b", LogisticRegression(C=0.1))]).fit(X, y)
    with pytest.raises(CapabilityError, match="predicts labels only"):
        sp.PartialDependence().explain(model, X)
    votes = sp.adapt(lambda X: model.predict(X)[:, None] == model.classes_, classes=["down", "up"])
    assert sp.PermutationImportance(scoring="accuracy").explain(votes, X, y).values[0, 0] > 0.3
