"""Tables as questions, and the axis of one column of numbers."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sipakit.sample import make_grids
from sipakit.table import Table
from sipakit.task import Task, resolve_features

COLUMN = st.integers(2, 60).flatmap(lambda n: arrays(float, n, elements=st.integers(-20, 20).map(lambda v: v / 4)))


def task_of(X, background=None, weights=None, background_weights=None, features=None):
    rows = Table.from_data(X)
    behind = rows if background is None else Table.from_data(background)
    own = np.ones(len(rows)) if weights is None else np.asarray(weights, float)
    if background_weights is None:
        background_weights = own if background is None else np.ones(len(behind))
    return Task(rows, behind, features or resolve_features(rows), ("y",), None, own, background_weights)


def column(values):
    return np.asarray(values, float)[:, None]


def axis_of(values, resolution, make=make_grids, **settings):
    return make(task_of(column(values), **settings), resolution).axes[0]
