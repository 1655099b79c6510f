"""What explainers of one call share: tables let in once, predictions made once, and what each of them lacks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import sipakit as sp
from sipakit.engine.ground import prepare_ground
from sipakit.errors import CapabilityError, InputError

X = np.random.default_rng(0).normal(size=(90, 2))
BEHIND = np.random.default_rng(1).normal(size=(20, 2))
LEVELS = pd.DataFrame({"a": X[:, 0], "city": np.tile(["Rome", "Oslo", "Lima"], 30)})


class Model:
    """Counts the rows of every call."""

    def __init__(self):
        self.calls = []

    def __call__(self, X):
        self.calls.append(len(X))
        return X[:, 0] * X[:, 1]


def grounded(model, X=X, y=None, sample_weight=None, background=None):
    return prepare_ground(model, X, y, sample_weight, background, None)


def test_a_table_is_predicted_once_when_first_asked_for():
    model = Model()
    ground = grounded(model, background=BEHIND)
    assert sum(model.calls) == ground.check_rows == 64 + 32
    assert ground.seconds == 0
    model.calls.clear()
    answers = ground.predictions(ground.rows)
    assert (model.calls, answers.rows) == ([90], 90)
    assert answers.values[:, 0] == pytest.approx(X[:, 0] * X[:, 1], rel=0, abs=0)
    assert ground.predictions(ground.rows) is answers
    assert model.calls == [90]
    assert ground.seconds == answers.seconds > 0
    ground.predictions(ground.background)
    assert model.calls == [90, 20]


def test_a_task_carries_the_predictions_that_its_explainer_uses():
    model = Model()
    ground = grounded(model, background=BEHIND)
    model.calls.clear()
    curve = ground.task(sp.PartialDependence(background=BEHIND))
    assert curve.background_predictions is None
    assert model.calls == [90]
    shared = ground.task(sp.Shapley(background=BEHIND))
    np.testing.assert_array_equal(shared.known_predictions[:, 0], X[:, 0] * X[:, 1])
    np.testing.assert_array_equal(shared.known_background_predictions[:, 0], BEHIND[:, 0] * BEHIND[:, 1])
    np.testing.assert_array_equal(curve.known_predictions, shared.known_predictions)
    assert model.calls == [90, 20]


def test_rows_are_their_own_background_where_no_other_is_named():
    weights = np.arange(90.0)
    own = grounded(Model(), sample_weight=weights)
    assert own.background is own.rows
    np.testing.assert_array_equal(own.background_weights, weights)
    other = grounded(Model(), sample_weight=weights, background=BEHIND)
    assert len(other.background) == 20
    np.testing.assert_array_equal(other.weights, weights)
    np.testing.assert_array_equal(other.background_weights, np.ones(20))


@pytest.fixture
def without_categories(monkeypatch):
    """ALE as a method that takes what has an order."""
    monkeypatch.setattr(sp.ALE, "kinds", frozenset({"number", "date", "ordered"}))


@pytest.mark.usefixtures("without_categories")
def test_features_of_another_kind_are_left_out_and_it_is_told():
    ground = grounded(lambda frame: frame["a"].to_numpy(), LEVELS)
    takes_none, takes_all = sp.ALE(), sp.PartialDependence()
    assert ground.task(takes_none).names == ("a",)
    assert ground.task(takes_all).names == ("a", "city")
    assert list(ground.left_out) == [id(takes_none)]
    found = ground.left_out[id(takes_none)]
    assert (found.code, "'city': ALE takes" in found.message) == ("SIPA021", True)


@pytest.mark.usefixtures("without_categories")
@pytest.mark.parametrize("data", [LEVELS, LEVELS[["city"]]])
def test_features_of_another_kind_are_refused_where_they_are_all_or_named(data):
    named = ["city"] if len(data.columns) == 2 else None
    ground = grounded(lambda frame: np.zeros(len(frame)), data)
    with pytest.raises(
        InputError, match=r"ALE cannot explain 'city'\. It takes features that are: date, number, ordered"
    ):
        ground.task(sp.ALE(features=named))


def test_gradients_are_refused_where_the_model_has_none():
    explainer = sp.IntegratedGradients(background=BEHIND)
    with pytest.raises(CapabilityError, match="needs gradients, and FunctionAdapter offers: prediction"):
        grounded(Model(), background=BEHIND).task(explainer)


@pytest.mark.parametrize(("given", "predicted"), [(1, 2), (2, 1), (3, 2)])
def test_every_output_needs_a_target_of_its_own(given, predicted):
    y = np.ones((90, given)) * np.arange(90)[:, None]
    ground = grounded(lambda X: np.repeat(X[:, :1], predicted, axis=1), y=y)
    with pytest.raises(InputError, match=f"y has {given} columns and the model predicts {predicted} numbers"):
        ground.task(sp.PermutationImportance())


def test_what_the_door_and_the_look_at_manners_find_is_told_together():
    def model(X):
        X[:] = np.where(np.isinf(X), 9, X)
        return X[:, 0]

    infinite = np.where(X > 1, np.inf, X)
    assert [one.code for one in grounded(model, infinite).caveats] == ["SIPA005", "SIPA005", "SIPA013"]  # two columns


def test_a_frame_for_a_model_of_arrays_becomes_an_array_and_it_is_told():
    model = LinearRegression().fit(X, X[:, 0])
    told = grounded(model, pd.DataFrame(X, columns=["a", "b"])).caveats
    assert [one.code for one in told] == ["SIPA004"]
    assert grounded(model).caveats == []


@pytest.mark.parametrize(("k", "names"), [(1, ("prediction",)), (3, ("output_0", "output_1", "output_2"))])
def test_outputs_are_named_by_their_number(k, names):
    ground = grounded(lambda X: np.repeat(X[:, :1], k, axis=1))
    assert ground.outputs == ground.task(sp.ALE()).outputs == names
