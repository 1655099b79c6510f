"""Findings in sentences: fixed rules, the same sentence for the same numbers.

Every sentence names its feature, its numbers with unit and interval, and what they are compared with. What cannot be
told apart is called a tie. Nothing is said of the world outside the model.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.estimate import falling
from sipakit.explanation import Attributions, Decomposition, Effects, Importances, Interactions, Regions, Surrogates
from sipakit.plots.formats import metric_name, number, spoken
from sipakit.reports.agreement import about_comparison
from sipakit.reports.decomposed import about_decomposition
from sipakit.reports.finding import Finding, at, basis, both, in_full, listed, named, placed, ranked, said
from sipakit.reports.measure import Measure, share
from sipakit.reports.regional import about_regions
from sipakit.reports.shapes import shape
from sipakit.reports.single import about_attributions, about_single_curves
from sipakit.reports.together import about_contrast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sipakit.evaluation import Comparison
    from sipakit.explanation import Explanation

__all__ = ["Finding", "findings", "headline"]

_FEATURES = 3  # sentences about single effects
_PAIRS = 3
_ROUNDING = 1e-9  # of the largest effect: what is less is no difference


def findings(explanation: Explanation, unit: str | None = None) -> list[Finding]:
    """Say in sentences what an explanation shows, the strongest first.

    Parameters
    ----------
    explanation : Explanation
    unit : str, optional
        What one unit of a prediction is, such as "rentals an hour".

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.array([[0.0, 1.0], [1.0, 3.0]])
    >>> e = sp.ALE(features=["x0"]).explain(lambda X: 2 * X[:, 0] + X[:, 1], X)
    >>> findings(e, "metres")[0].text[:43]
    "Along x0, the model's mean prediction rises"
    """
    for kind, tell in _TELLERS.items():
        if isinstance(explanation, kind):
            return tell(explanation, Measure.of(explanation.scale, unit))
    return []


def headline(
    results: Iterable[Explanation], unit: str | None = None, comparisons: Iterable[Comparison] = ()
) -> list[Finding]:
    """Choose the findings for the first screen, and add what the strongest interaction looks like."""
    every = list(results)
    found, curves = [], False
    for one in every:
        mean_curves = isinstance(one, Effects) and one.rows is None
        if not (mean_curves and curves):  # partial dependence and ALE tell much the same: once is enough here
            found += [finding for finding in findings(one, unit) if finding.key]
        if isinstance(one, Interactions):
            found += about_contrast(every, unit)
        curves = curves or mean_curves
    compared = [finding for one in comparisons for finding in about_comparison(one, unit) if finding.key]
    return found + compared


# ---- how much the model leans on each feature

# metric -> (its loss in words, whether its root is told, unit: the prediction's or percent); most readable first
_LOSSES: Mapping[str, tuple[str, bool, str]] = {
    "accuracy": ("share of wrong predictions", False, "%"),
    "neg_mean_absolute_error": ("mean absolute error", False, "own"),
    "neg_mean_squared_error": ("root mean squared error", True, "own"),
    "neg_root_mean_squared_error": ("root mean squared error", False, "own"),
    "neg_log_loss": ("log loss", False, ""),
}


def _sizes(e: Importances, measure: Measure) -> list[Finding]:
    """Say how far the strongest features move a prediction, and the order of all."""
    lower, upper = (array[:, 0] for array in (e.estimate.lower, e.estimate.upper))
    first = int(falling(e.values[:, 0])[0])
    told = measure.within(*at(e.estimate, (first, 0)))
    text = f"{spoken(e.explainer)}: the largest attributions to the {said(e, 0)} are of {named(e.features[first])}:"
    text += f" on average over the rows, their absolute value is {told}."
    groups = ranked([named(name) for name in e.features], e.values[:, 0], lower, upper)
    return [
        Finding(text, basis(e), key=True),
        Finding(_in_order(groups, "Order by mean absolute attribution"), basis(e)),
    ]


def _importances(e: Importances, measure: Measure) -> list[Finding]:
    if e.measure == "size":
        return _sizes(e, measure)
    order = [*(e.metrics.index(name) for name in _LOSSES if name in e.metrics), 0]
    metric = order[0]
    values, lower, upper = (array[:, metric] for array in (e.estimate.values, e.estimate.lower, e.estimate.upper))
    real = lower > 0
    found = []
    rest = basis(e)
    names = [named(name) for name in e.features]
    if real.any():
        first = int(np.where(real, values, -np.inf).argmax())
        told = _without if e.total is None else _taken_off
        found.append(Finding(told(e, first, metric, measure), rest, key=True))
        groups = ranked([n for n, r in zip(names, real, strict=True) if r], values[real], lower[real], upper[real])
        found.append(
            Finding(_in_order(groups, f"Order of importance by {metric_name(e.metrics[metric])}"), rest, key=True)
        )
    none = [name for name, r in zip(names, real, strict=True) if not r]
    if none:
        first_few = listed([*none[:6], *([f"{len(none) - 6} more"] if len(none) > 6 else [])])
        found.append(Finding(f"No importance can be told from zero for {first_few}: the interval reaches 0.", rest))
    return found


def told_losses(e: Importances, measure: Measure) -> list[str]:
    """Say the untouched model's loss or score, for each metric."""
    told = []
    for name, value in zip(e.metrics, map(float, e.baseline), strict=True):
        if name not in _LOSSES:
            told.append(f"{metric_name(name)} {number(value)}")
            continue
        words, root, unit = _LOSSES[name]
        loss = _loss(name, value)
        told.append(f"{words} {_unit_of(unit, measure).level(float(np.sqrt(loss)) if root else loss)}".strip())
    return told


def _loss(metric: str, baseline: float) -> float:
    """Turn a score into what is lost; an accuracy becomes a share of wrong predictions."""
    return max(1 - baseline if metric == "accuracy" else -baseline, 0.0)


def _unit_of(unit: str, measure: Measure) -> Measure:
    return {"%": Measure(100.0, "%", "%"), "own": measure, "": Measure(1.0, "", "")}[unit]


def _without(e: Importances, feature: int, metric: int, measure: Measure) -> str:
    """Say the loss with one feature's values dealt to other rows, beside the loss of the untouched table."""
    value, error, lower, upper = at(e.estimate, (feature, metric))
    name, before = e.metrics[metric], float(e.baseline[metric])
    start = _start_without(e, named(e.features[feature]))
    if name not in _LOSSES:
        told = number(value, error)
        ends = f"{number(lower, error)} to {number(upper, error)}"
        return f"{start} {metric_name(name)} gets worse by {told} ({ends}), from {number(before, error)}."
    words, root, unit = _LOSSES[name]
    loss = _loss(name, before)
    after = np.maximum(loss + np.array([value, lower, upper]), 0)
    if root:
        loss, after = float(np.sqrt(loss)), np.sqrt(after)
        error = error / (2 * max(float(after[0]), 1e-300))
    units = _unit_of(unit, measure)
    told = units.within(float(after[0]), error, float(after[1]), float(after[2]))
    old = units.level(loss, error) if unit == "%" else units.number(loss, min(error, abs(loss) / 20) or error)
    return f"{start} {words} is {told} instead of {old}.".replace("  ", " ")


def _taken_off(e: Importances, feature: int, metric: int, measure: Measure) -> str:  # noqa: ARG001 - squares have no unit
    """Say one feature's share of what the model takes off the loss."""
    value, error, lower, upper = at(e.estimate, (feature, metric))
    total = float(e.total[metric]) if e.total is not None else 0.0
    told = f"{number(value, error)} ({number(lower, error)} to {number(upper, error)})"
    loss = f"{metric_name(e.metrics[metric])} of the mean prediction"
    return (
        f"{named(e.features[feature])} takes {told} off the {loss}, of {number(total, error)} that all features take."
    )


def _start_without(e: Importances, feature: str) -> str:
    """Say what was taken away, and from whom."""
    if e.parameters.get("kind") == "leave_out":
        return f"Fitted without {feature}, a model's"
    if e.parameters.get("conditional"):
        return f"Without what only {feature} tells, the model's"
    return f"Without the information in {feature}, the model's"


def _in_order(groups: list[list[str]], lead: str, limit: int = 5) -> str:
    """Name the first places, ties as ties; the names in one place are no more than six."""
    told, count = [], 0
    for place, group in enumerate(groups, start=1):
        if count >= limit:
            break
        shown = group[:6]
        more = [f"{len(group) - 6} more"] if len(group) > 6 else []
        tie = " (a tie: their intervals overlap)" if shown[1:] else ""
        told.append(f"{place}. {listed([*shown, *more])}{tie}")
        count += len(group)
    left = sum(map(len, groups)) - count
    rest = f"; {left} more feature{'s' * (left != 1)} follow{'s' * (left == 1)}" if left else ""
    return f"{lead}: {'; '.join(told)}{rest}."


# ---- how the prediction moves along a feature


def _effects(e: Effects, measure: Measure) -> list[Finding]:
    if e.rows is not None:
        return about_single_curves(e, measure)
    ranges = [np.ptp(e.estimate.values[e.near(j)], axis=0) for j in range(len(e.axes))]
    output = int(np.max(ranges, axis=0).argmax())
    rest = basis(e)
    found: list[Finding] = []
    for family, tell in ((e.lines, _along), (e.planes, _over)):  # a pair's range holds those of its features
        order = sorted(family, key=lambda j: -ranges[j][output])[:_FEATURES]
        told = [tell(e, j, output, measure) for j in order if ranges[j][output] > 0]
        found += [Finding(text, rest, key=not found and place == 0) for place, text in enumerate(told)]
    apart = _apart(e, output, measure)
    return [*found, Finding(apart, rest)] if apart else found


def _apart(e: Effects, output: int, measure: Measure) -> str:
    """Say along which feature single rows are farthest from the mean curve, if they surely are."""
    if e.heterogeneity is None:
        return ""
    spread = e.heterogeneity
    known = np.where(np.isfinite(spread.std_error[:, output]), spread.values[:, output], 0.0)
    number = int(known.argmax())
    if not known[number] > _ROUNDING * np.abs(e.estimate.values[:, output]).max():
        return ""
    axis = list(e.lines.values())[number]
    told = measure.within(*at(spread, (number, output)), step=True)
    lead = f"Single rows are farthest from the mean curve along {named(axis.name)}"
    own = f"apart from its own level, each row's {said(e, output)}"
    return f"{lead}: {own} differs from it by {told}, as a root mean square."


def _over(e: Effects, pair: int, output: int, measure: Measure) -> str:
    """Say the lowest and the highest place of a pair, among those where rows are."""
    plane, start, near = e.planes[pair], e.parts()[pair].start, e.near(pair)
    if not plane.weight.any():
        return f"No row lies near a place of {both(plane)}."
    surface = e.estimate.values[near, output]
    told = [
        measure.within(*at(e.estimate, (start + place, output)), signed=e.centred, step=e.centred)
        + f" at {placed(plane.first.name, plane.first.labels[place // plane.shape[1]])}"
        + f" and {placed(plane.second.name, plane.second.labels[place % plane.shape[1]])}"
        for place in (int(near[surface.argmin()]) - start, int(near[surface.argmax()]) - start)
    ]
    if e.pure:
        alone = f"Beyond what {both(plane)} do alone, and where rows are, they"
        return f"{alone} change the model's mean {said(e, output)} together by {told[0]}, up to {told[1]}."
    lead = f"Across {both(plane)} together, where rows are, the model's mean {said(e, output)} is lowest with"
    return f"{lead} {told[0]}, and highest with {told[1]}{', compared with its mean' if e.centred else ''}."


def _along(e: Effects, feature: int, output: int, measure: Measure) -> str:
    axis, start = e.lines[feature], e.parts()[feature].start
    curve = e.values[feature][:, output]
    low, high = int(curve.argmin()), int(curve.argmax())
    ends = sorted([low, high]) if axis.kind != "category" else [low, high]
    told = [
        measure.within(*at(e.estimate, (start + place, output)), signed=e.centred, step=e.centred)
        + f" at {named(axis.labels[place])}"
        for place in ends
    ]
    mean = f"the model's mean {said(e, output)}"
    compared = ", compared with its mean" if e.centred else ""
    if axis.kind == "category":
        return f"Across {named(axis.name)}, {mean} is lowest with {told[0]}, and highest with {told[1]}{compared}."
    inner = curve[: len(curve) - axis.has_missing]
    return f"Along {named(axis.name)}, {mean} {shape(inner)}: from {told[0]} to {told[1]}{compared}."


# ---- which features act together


def _interactions(e: Interactions, measure: Measure) -> list[Finding]:
    values = e.estimate.values
    output = int(values.max(axis=0).argmax())
    rest = basis(e, _drawn(e))
    totals, pairs, triples = (e.of_size(size).tolist() for size in (1, 2, 3))
    found = []
    above = e.estimate.lower[:, output] > e.estimate.std_error[:, output] / 2  # an end that rounds to 0 is no proof
    sure = [i for i in sorted(pairs, key=lambda i: -values[i, output]) if above[i]]
    found += [Finding(_pair(e, i, output, measure), rest, key=place == 0) for place, i in enumerate(sure[:_PAIRS])]
    if pairs and not found:
        found.append(Finding("No interaction of two features can be told from zero.", rest, key=True))
    sure = [i for i in sorted(triples, key=lambda i: -values[i, output]) if above[i]]
    if sure:
        found.append(Finding(_three(e, sure[0], output, measure), rest))
    if totals:
        parts = [array[totals, output] for array in (values, e.estimate.lower, e.estimate.upper)]
        groups = ranked([named(e.sets[i][0]) for i in totals], *parts)
        found.append(Finding(_in_order(groups, "Order by interaction with all other features together"), rest))
    return found


def _drawn(e: Interactions) -> str:
    n, limit = int(e.manifest.get("rows", 0)), e.parameters.get("n_draws")
    if e.estimator.startswith("incomplete"):
        return ""
    return f"{limit:,} of {n:,} rows" if isinstance(limit, int) and limit < n else ""


def _three(e: Interactions, i: int, output: int, measure: Measure) -> str:
    first, second, third = map(named, e.sets[i])
    told = measure.within(*at(e.estimate, (i, output)), step=True)
    text = f"{first}, {second} and {third} act together beyond their pairs: what no two of them explain of the"
    return f"{text} {said(e, output)} is {told}, as a root mean square."


def _pair(e: Interactions, i: int, output: int, measure: Measure) -> str:
    first, second = map(named, e.sets[i])
    told = measure.within(*at(e.estimate, (i, output)), step=True)
    text = f"{first} and {second} act together: their joint effect on the {said(e, output)} departs from the sum of"
    text += f" their separate effects by {told}, as a root mean square"
    parts = [e.estimate.parts.get(f"h_squared{end}") for end in ("", "_lower", "_upper")]
    squares = [math.nan if part is None else float(part[i, output]) for part in parts]
    if e.invented is not None and e.values[i, output] <= e.invented[i, output] < np.inf:
        text += ", which is no more than models invent that are fitted to targets without interactions"
    if e.weak[i, output] or not np.isfinite(squares).all():
        return text + "."
    shares = [share(value, (squares[2] - squares[1]) / 4) for value in squares]
    return f"{text}. That is {shares[0]} ({shares[1]} to {shares[2]}) of the variance of their joint effect."


# ---- which simple model says nearly the same


def _surrogates(e: Surrogates, measure: Measure) -> list[Finding]:
    value, error, lower, upper = at(e.fidelity, (int(e.fidelity.values.argmin()),))
    thing = f"A tree with {len(e.terms)} rules" if e.kind == "tree" else "A linear model"
    ends = f" ({share(lower, error)} to {share(upper, error)})" if 0 < error < np.inf else ""
    verdict = "" if value >= 0.8 else " What it says of the model is a sketch."
    worst = f" of the {said(e, int(e.fidelity.values.argmin()))}" if len(e.outputs) > 1 else ""
    text = f"{thing} reproduces {share(value, error)}{ends} of the variance of the model's predictions{worst}"
    found = [Finding(f"{text} on rows that it has not seen.{verdict}", basis(e), key=True)]
    if e.kind == "tree" and len(e.terms) > 1:
        for word, i in (("highest", int(e.values[:, 0].argmax())), ("lowest", int(e.values[:, 0].argmin()))):
            told = measure.within(*at(e.estimate, (i, 0)))
            where = f"{in_full(e.terms[i])} ({share(float(e.support[i]))} of the rows)"
            found.append(Finding(f"The mean {said(e, 0)} is {word} where {where}: {told}.", basis(e)))
    return found


_TELLERS: Mapping[type[Explanation], Callable[[Any, Measure], list[Finding]]] = {
    Attributions: about_attributions,
    Importances: _importances,
    Effects: _effects,
    Interactions: _interactions,
    Surrogates: _surrogates,
    Decomposition: lambda e, _: about_decomposition(e),
    Regions: about_regions,
}
