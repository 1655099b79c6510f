"""Explanations for the tests of files: made up ones of every shape, and real ones of every explainer."""

from functools import cache

import numpy as np

from tests.models import fitted
from tests.plots import made
from tests.variants import VARIANTS

CASES = [
    *((f"{name} 1", e) for name, e, _ in made.one_of_each(3, 1)),
    *((f"{name} 3", e) for name, e, _ in made.one_of_each(3, 3)),
    *((f"{name} hostile", e) for name, e, _ in made.one_of_each(names=made.HOSTILE)),
    ("regions", made.regions(axes=made.all_axes())),
    ("axes", made.effects(axes=made.all_axes())),
    ("effects of every kind", made.decomposition(axes=made.all_axes(), triples=True)),
    ("rows and axes", made.row_effects(axes=made.all_axes(), n=3)),
]


@cache
def real(variant):
    """An answer of an explainer."""
    data = fitted("torch" if "Gradients" in variant else "pipeline" if variant != "ICE" else "three classes")
    explainer = VARIANTS[variant](data.background)
    return explainer.explain(data.model, data.X[:6], data.y[:6])


def estimates(e):
    """Its arrays, one after the other."""
    return np.concatenate([array.ravel() for array in e.estimate.columns().values()])
