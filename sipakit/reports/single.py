"""Sentences about single rows: their attributions, and what the model would say if a feature were different."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import falling
from sipakit.plots.formats import spoken
from sipakit.plots.words import sized
from sipakit.reports.finding import Finding, at, basis, listed, named, placed, said
from sipakit.reports.measure import share

if TYPE_CHECKING:
    from sipakit.explanation import Attributions, Effects
    from sipakit.reports.measure import Measure

__all__ = ["about_attributions", "about_single_curves", "cell_text"]

_FEW = 6  # rows that get a sentence of their own
_REASONS = 4


def cell_text(value: object) -> str | None:
    """Write a cell as a person reads it; None where it is missing."""
    if value is None or (isinstance(value, (float, np.floating)) and np.isnan(value)):
        return None
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    return str(value)


# ---- attributions


def about_attributions(e: Attributions, measure: Measure) -> list[Finding]:
    """Say the strongest attributions of a few rows, or the mean sizes of many."""
    tell = _row if e.additive else _local_model
    if len(e.rows) <= _FEW:
        return [Finding(tell(e, i, measure), basis(e, _background(e))) for i in range(len(e.rows))]
    sizes = e.importance().estimate
    mean, error = sizes.values[:, 0], sizes.std_error[:, 0]
    top = falling(mean)[:_REASONS]
    told = [
        f"{named(e.features[j])} ({measure.number(float(mean[j]), float(error[j]))}, standard error"
        f" {measure.number(float(error[j]), float(error[j]))})"
        for j in top
    ]
    text = f"{spoken(e.explainer)}, over {len(e.rows):,} rows: the largest attributions by their mean size, in"
    text += f" {measure.step}, are of {listed(told)}."
    return [Finding(text, f"n = {_background(e)}; standard errors over the rows and of the values.", key=True)]


def _background(e: Attributions) -> str:
    rows, behind = len(e.rows), int(e.manifest.get("background", 0))
    return sized(rows, "row") + (f", {behind:,} background rows" if behind else "")


def _row(e: Attributions, i: int, measure: Measure) -> str:
    """Say where the prediction lies and which features move it there, the largest first."""
    base = float(np.broadcast_to(e.base_values, e.predictions.shape)[i, 0])
    total = float(e.predictions[i, 0])
    order = falling(np.abs(e.values[i, :, 0]))
    # one whose interval holds 0 has no direction to tell
    sure = [int(j) for j in order if e.estimate.lower[i, j, 0] > 0 or e.estimate.upper[i, j, 0] < 0][:_REASONS]
    known = bool(np.isfinite(e.std_error[i, :, 0]).any())
    sure = sure if known else [int(j) for j in order if e.values[i, j, 0] != 0][:_REASONS]
    side = "above" if total >= base else "below"
    start = "background's mean" if known else "base value"
    text = f"Row {e.rows[i]}: the model's {said(e, 0)} is {measure.level(total)}, {measure.step_of(abs(total - base))}"
    text += f" {side} the {start} ({measure.level(base)})."
    if not sure:
        return f"{text} No feature can be told to move it."
    moves = []
    for sign, word in ((1, "up"), (-1, "down")):
        moved = [_moved(e, i, j, measure) for j in sure if np.sign(e.values[i, j, 0]) == sign]
        moves += [f"{word} by {'; '.join(moved)}"] if moved else []
    text += f" Moved, in {measure.step}{'' if known else ', with errors that are not known'}: {'; '.join(moves)}."
    left = len(e.features) - len(sure)
    rest = float(e.values[i, :, 0].sum() - e.values[i, sure, 0].sum())
    error = float(np.sqrt((np.delete(e.std_error[i, :, 0], sure) ** 2).sum()))
    return f"{text} The other {left} together: {measure.number(rest, error, signed=True)}." if left else text


def _moved(e: Attributions, i: int, j: int, measure: Measure) -> str:
    value, error, lower, upper = at(e.estimate, (i, j, 0))
    told = f"{measure.number(value, error, signed=True)}"
    if error > 0 and np.isfinite(error):
        told += f" ({measure.number(lower, error, signed=True)} to {measure.number(upper, error, signed=True)})"
    return f"{placed(e.features[j], cell_text(e.row_values[i, j]))}: {told}"


def _local_model(e: Attributions, i: int, measure: Measure) -> str:
    """Say the steepest slopes of the local model, and how well it fits."""
    order = falling(np.abs(e.values[i, :, 0]))
    sure = [int(j) for j in order if e.estimate.lower[i, j, 0] > 0 or e.estimate.upper[i, j, 0] < 0][: _REASONS - 1]
    told = "; ".join(_moved(e, i, j, measure) for j in sure) or "no feature that can be told from zero"
    text = f"Row {e.rows[i]}: close to it, the {said(e, 0)} moves the most with {told}; in {measure.step} for one"
    text += " standard deviation of a number, or against another level of a category."
    if e.fit is None:
        return text
    return f"{text} The linear model explains {share(float(e.fit[i, 0]))} of what varies around the row."


# ---- curves of single rows


def about_single_curves(e: Effects, measure: Measure) -> list[Finding]:
    """Say for a few rows what moves them most, for many rows how much they differ."""
    if e.rows is None:
        return []
    if len(e.rows) <= _FEW:
        return [Finding(_what_if(e, i, measure), basis(e)) for i in range(len(e.rows))]
    means = [values[:, :, 0].mean(axis=0) for values in e.values]
    feature = int(np.argmax([np.ptp(mean) for mean in means]))
    curves, axis, mean = e.values[feature][:, :, 0], e.lines[feature], means[feature]
    low, high = int(mean.argmin()), int(mean.argmax())
    moved = curves[:, high] - curves[:, low]
    ends = np.quantile(moved, [0.1, 0.5, 0.9])
    scale = float(np.ptp(ends)) / 100
    told = [measure.number(float(v), scale, signed=True) for v in ends]
    text = f"From {placed(axis.name, axis.labels[low])} to {named(axis.labels[high])} the {said(e, 0)} of a single row"
    text += f" moves by {told[1]} {measure.step} in the median, and by {told[0]} to {told[2]} in the middle 80 %"
    return [Finding(f"{text} of {len(e.rows):,} rows.", basis(e))]


def _what_if(e: Effects, i: int, measure: Measure) -> str:
    """Say along which feature a row's prediction could move most."""
    rows = e.rows if e.rows is not None else np.arange(i + 1)
    feature = int(np.argmax([np.ptp(values[i, :, 0]) for values in e.values]))
    curve, axis = e.values[feature][i, :, 0], e.lines[feature]
    low, high = int(curve.argmin()), int(curve.argmax())
    own = "" if e.predictions is None else f" ({measure.level(float(e.predictions[i, 0]))} as it is)"
    ends = [f"{measure.number(float(curve[g]))} at {named(axis.labels[g])}" for g in (low, high)]
    text = f"Row {rows[i]}{own}: all else equal, the {said(e, 0)} moves the most along {named(axis.name)},"
    return f"{text} between {ends[0]} and {ends[1]}{'' if measure.known else f' ({measure.unit})'}."
