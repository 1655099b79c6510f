"""A look at the model's pace."""

import time

import numpy as np

from sipakit.adapters import adapt
from sipakit.engine.pace import pace_of
from sipakit.table import Table

X = np.random.default_rng(0).normal(size=(40, 5))


def slow(Z):
    time.sleep(2e-5 * len(Z))
    return Z[:, 0] * Z[:, 1] + Z[:, 2]


def test_a_look_at_the_pace_sees_what_a_row_takes_and_tells_what_it_cost():
    asked = []

    def model(Z):
        asked.append(len(Z))
        return slow(Z)

    pace = pace_of(adapt(model), Table.from_data(X))
    assert 2e-5 <= pace.fastest <= pace.usual <= pace.slowest
    assert pace.rows == sum(asked)
    assert max(asked) * 2e-5 >= 0.02  # it stops when the clock can tell


def test_what_a_call_costs_by_itself_is_not_taken_for_the_pace_of_its_rows():
    def heavy(Z):  # as a forest with workers of its own: 60 ms a call, and hardly more for a thousand rows
        time.sleep(0.06 + 1e-6 * len(Z))
        return Z[:, 0]

    pace = pace_of(adapt(heavy), Table.from_data(X))
    assert pace.fastest < 0.06 / 1_000


def test_a_slow_model_is_looked_at_on_few_rows():
    asked = []

    def crawling(Z):
        asked.append(len(Z))
        time.sleep(0.02 * len(Z))
        return Z[:, 0]

    pace = pace_of(adapt(crawling), Table.from_data(X))
    assert pace.fastest >= 0.02
    assert sum(asked) <= 16 + 64
