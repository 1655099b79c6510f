"""Functions as models, what `sp.adapt` takes, and how raw answers become predictions."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import sipakit as sp
from sipakit.adapters import Adapter, adapt, as_predictions, called

X = np.random.default_rng(0).normal(size=(40, 2))


def sigmoid(X):
    return 1 / (1 + np.exp(-X[:, 0]))


def explained(model, **settings):
    return sp.PartialDependence(grid_resolution=3, **settings).explain(model, X)


def test_a_function_gets_what_the_user_has():
    kinds = set()

    def model(data):
        kinds.add(type(data))
        return np.zeros(len(data))

    sp.Shapley(background=pd.DataFrame(X)).explain(model, X[:2])
    assert kinds == {np.ndarray}
    kinds.clear()
    sp.Shapley(background=X).explain(model, pd.DataFrame(X[:2], columns=["a", "b"]))
    assert kinds == {pd.DataFrame}


def test_a_function_has_one_output_or_several():
    assert explained(lambda X: X[:, 0]).outputs == ("prediction",)
    assert explained(lambda X: X).outputs == ("output_0", "output_1")


def test_classes_name_the_outputs_of_a_function():
    model = adapt(sigmoid, classes=["no", "yes"])
    assert explained(model).outputs == ("yes",)
    assert explained(model).scale == "probability"
    assert explained(model, output="no").values[0] == pytest.approx(1 - explained(model).values[0])
    odds = explained(model, output="log_odds")
    assert odds.values[0][:, 0] == pytest.approx(odds.axes[0].positions)
    both = explained(adapt(sigmoid, classes=["no", "yes"], output=["no", "yes"]))
    assert both.outputs == ("no", "yes")


def test_classes_let_a_function_be_scored():
    labels = np.where(X[:, 0] > 0, "yes", "no")
    model = adapt(lambda X: np.column_stack([1 - sigmoid(X), sigmoid(X)]), classes=["no", "yes"])
    result = sp.PermutationImportance(scoring="neg_log_loss").explain(model, X, labels)
    assert result.values[0, 0] > 0 == result.values[1, 0]


def test_as_many_columns_as_classes_are_needed():
    model = adapt(lambda X: np.column_stack([sigmoid(X)] * 2), classes=["a", "b", "c"])
    with pytest.raises(sp.PredictionError, match="2 columns for 3 classes"):
        explained(model)


@pytest.mark.parametrize("classes", [["yes"], [], "no", ["a", "a"], [1, "1"], 3])
def test_classes_are_two_or_more_labels_that_differ(classes):
    with pytest.raises(sp.InputError, match="classes="):
        adapt(sigmoid, classes=classes)


def test_classes_of_an_estimator_are_its_own():
    with pytest.raises(sp.InputError, match="classes="):
        adapt(LinearRegression(), classes=["a", "b"])
    with pytest.raises(sp.InputError, match="adapted already"):
        adapt(adapt(sigmoid), classes=["a", "b"])


def test_a_function_without_classes_has_no_other_output():
    with pytest.raises(sp.InputError, match=r"classes=\[\.\.\.\]"):
        explained(sigmoid, output="yes")
    assert adapt(sigmoid, output="prediction").scale == "prediction"


def test_what_is_adapted_stays_as_it_is():
    adapter = adapt(sigmoid)
    assert isinstance(adapter, Adapter)
    assert adapt(adapter) is adapter


class Bound:
    def predict_one(self, data):
        return data[:, 0]

    def __call__(self, data):
        return data[:, 1]


def test_methods_and_objects_that_can_be_called_are_functions():
    assert np.ptp(explained(Bound().predict_one).values[1]) == 0
    assert np.ptp(explained(Bound()).values[0]) == 0


def test_the_kind_of_a_model_in_words():
    assert called(sigmoid) == "sigmoid"
    assert called(lambda X: X) == "a function"
    assert called(adapt(LinearRegression())) == "LinearRegression"


def test_predictions_are_float64_in_two_dimensions():
    for raw in ([1, 2], (1.0, 2.0), np.array([True, False]), np.array([1, 2], np.float16), pd.Series([1, 2])):
        answer = as_predictions(raw, np.zeros((2, 1)))
        assert (answer.dtype, answer.shape) == (np.float64, (2, 1))


def test_the_first_bad_row_is_shown_as_the_model_saw_it():
    batch = pd.DataFrame({"age": [30, 41], "city": ["Rome", None]})
    with pytest.raises(sp.PredictionError, match=r"age=41, city=(None|nan)"):
        as_predictions([0.0, np.nan], batch)
    with pytest.raises(sp.PredictionError, match="and 3 more columns"):
        as_predictions([np.inf], np.zeros((1, 8)))
