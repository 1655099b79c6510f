"""Models with bad manners are found; well-behaved ones are left alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression

from sipakit.adapters import adapt
from sipakit.engine.manners import check_manners
from sipakit.errors import PredictionError
from sipakit.table import Table

X = np.random.default_rng(0).normal(size=(100, 3))
NOISE = np.random.default_rng(1)


def found(model, data=X):
    """Codes of what is found, and the rows that it cost."""
    _, cost, caveats = check_manners(adapt(model), Table.from_data(data))
    return [one.code for one in caveats], cost


def doubles_in_place(X):
    X *= 2
    return X[:, 0]


def sorts_in_place(X):
    X.sort(axis=0)
    return np.zeros(len(X))


def adds_a_column(frame):
    frame["new"] = 1.0
    return frame["x0"].to_numpy()


def fills_missing_cells(frame):
    frame["x0"] = frame["x0"].fillna(0)
    return frame["x0"].to_numpy()


def frame_of(data):
    return pd.DataFrame(data, columns=["x0", "x1", "x2"])


HOLES = frame_of(np.where(X > 1, np.nan, X))
WELL_BEHAVED = {
    "row by row": (lambda X: X[:, 0] * X[:, 1], X),
    "constant": (lambda X: np.zeros(len(X)), X),
    "several outputs": (lambda X: X, X),
    "forest": (RandomForestRegressor(5, random_state=0).fit(X, X[:, 0]), X),
    "linear": (LinearRegression().fit(X[:, :1], X[:, 0]), X[:, :1]),
    "frame with missing cells": (lambda frame: frame["x0"].fillna(0).to_numpy(), HOLES),
    "copies first": (lambda X: doubles_in_place(X.copy()), X),
}


@pytest.mark.parametrize("name", WELL_BEHAVED)
def test_nothing_is_found_where_nothing_is_wrong(name):
    model, data = WELL_BEHAVED[name]
    assert found(model, data) == ([], 96)


@pytest.mark.parametrize(
    "model",
    [
        lambda X: NOISE.normal(size=len(X)),
        lambda X: X[:, 0] + 1e-6 * NOISE.normal(size=len(X)),
        lambda X: np.column_stack([X[:, 0], X[:, 1] + NOISE.random()]),
    ],
)
def test_random_answers_are_found_by_asking_twice(model):
    assert found(model) == (["SIPA012"], 160)


@pytest.mark.parametrize(
    "model",
    [
        lambda X: X[:, 0] - X[:, 0].mean(),
        lambda X: X[:, 0].argsort().argsort(),
        lambda X: X[:, 0].cumsum(),
        lambda X: X[:, 0] + np.arange(len(X)),
        lambda X: X[:, 0] * len(X),
        lambda X: np.sort(X[:, 0]),
        lambda X: X[:, 0] + 1e-6 * X[0, 0],
    ],
)
def test_an_answer_that_depends_on_the_rows_beside_it_is_refused(model):
    with pytest.raises(PredictionError, match=r"prediction depends on the rows beside it.*treat each row by itself"):
        found(model)


def test_an_answer_that_depends_on_the_order_alone_is_refused():
    with pytest.raises(PredictionError, match="the rows beside it"):
        found(lambda X: X[:, 0] + (np.arange(len(X)) == 0))


def test_rounding_between_batches_is_told_and_allowed():
    assert found(lambda X: X[:, 0] * (1 + 1e-13 * len(X))) == (["SIPA014"], 160)


@pytest.mark.parametrize(
    ("model", "data"),
    [(doubles_in_place, X), (sorts_in_place, X), (adds_a_column, frame_of(X)), (fills_missing_cells, HOLES)],
)
def test_a_model_that_writes_into_its_input_is_found_and_harms_nothing(model, data):
    before = data.copy()
    assert found(model, data) == (["SIPA013"], 96)
    np.testing.assert_array_equal(data, before)


def test_writing_and_random_are_both_told():
    def model(X):
        X[:] = 0
        return NOISE.normal(size=len(X))

    assert found(model) == (["SIPA013", "SIPA012"], 160)


@pytest.mark.parametrize(("n", "cost"), [(1, 2), (2, 3), (7, 11), (64, 96), (100, 96)])
def test_the_look_is_cheap_and_its_predictions_are_those_of_the_first_rows(n, cost):
    seen = []

    def model(X):
        seen.append(X.copy())
        return X[:, 0]

    predictions, rows, _ = check_manners(adapt(model), Table.from_data(X[:n]))
    assert rows == sum(map(len, seen)) == cost
    assert predictions.tolist() == X[: min(n, 64), :1].tolist()
    assert {tuple(row) for batch in seen for row in batch} == set(map(tuple, X[: min(n, 64)]))
