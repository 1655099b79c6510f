"""Rules about the result: its frame and its one layout."""

from __future__ import annotations

import numpy as np

from sipakit.axis import Plane
from sipakit.checks.case import Case, must
from sipakit.explanation import Attributions, Decomposition, Effects, Importances, Interactions, Regions, Surrogates

__all__ = [
    "check_frame_has_its_columns_and_no_missing_estimate",
    "check_values_have_the_layout_of_their_type",
]

_NUMBERS = ("estimate", "std_error", "lower", "upper")


def check_frame_has_its_columns_and_no_missing_estimate(case: Case) -> None:
    """`frame` has one estimate a row, none missing, each inside its interval."""
    frame = case.result.frame()
    absent = [name for name in _NUMBERS if name not in frame]
    must(not absent, f"frame() lacks {absent}", f"it has {', '.join(_NUMBERS)}")
    must(len(frame) == case.result.estimate.values.size, f"frame() has {len(frame)} rows", "one estimate a row")
    numbers = frame[list(_NUMBERS)].to_numpy(np.float64)
    must(np.isfinite(numbers[:, 0]).all(), "frame() has an estimate that is no number", "leave it out with a caveat")
    must(not np.isnan(numbers).any(), "an error or interval is missing", "what is not known is infinite")
    inside = (numbers[:, 2] <= numbers[:, 0]) & (numbers[:, 0] <= numbers[:, 3]) & (numbers[:, 1] >= 0)
    must(inside.all(), "an estimate lies outside its interval, or an error is negative", "lower <= estimate <= upper")
    places = [name for name in frame.columns if name not in case.result.estimate.columns()]
    must(places and not frame.duplicated(places).any(), f"{places} name a row twice", "places are told apart")


def check_values_have_the_layout_of_their_type(case: Case) -> None:
    """`values` has its type's dimensions, in the order of features and outputs; the output stays when it is one."""
    result = case.result
    shape = result.estimate.values.shape
    u, k = len(result.features), len(result.outputs)
    must(shape[-1] == k, f"the last axis has {shape[-1]} of {k} outputs", "the last axis is the output")
    if isinstance(result, Attributions):
        must(shape == (len(result.rows), u, k), f"values is {shape}", "it is (rows, features, outputs)")
        must(result.base_values.shape == (k,) or len(result.base_values) == shape[0], "base_values", "one an output")
        must(result.predictions.shape == (shape[0], k), "predictions", "they are (rows, outputs)")
    elif isinstance(result, Importances):
        must(shape == (u, len(result.metrics)), f"values is {shape}", "it is (features, metrics)")
    elif isinstance(result, Effects):
        sizes = [axis.shape if isinstance(axis, Plane) else (len(axis),) for axis in result.axes]
        layout = [v.shape[-1 - len(g) :] for v, g in zip(result.values, sizes, strict=True)]
        must(layout == [(*g, k) for g in sizes], "values", "(places, outputs) a feature")
    elif isinstance(result, (Interactions, Decomposition)):
        must(shape == (len(result.sets), k), f"values is {shape}", "it is (sets, outputs)")
    elif isinstance(result, Regions):
        places = sum(len(result.axes[j]) for j in result.owner)
        must(shape == (places, k), f"values is {shape}", "it is (places of all regions, outputs)")
        for name in ("before", "after", "gain"):
            must(getattr(result, name).values.shape == (u, k), name, "it is (features, outputs)")
    elif isinstance(result, Surrogates):
        must(shape == (len(result.terms), k), f"values is {shape}", "it is (terms, outputs)")
    for name, array in result.estimate.columns().items():
        must(array.shape == shape, f"{name} is {array.shape}", "all columns have the estimate's shape")
