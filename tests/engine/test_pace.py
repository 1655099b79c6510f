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
