"""A result at a glance: its question, its first numbers with their intervals, its error, cost and caveats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sipakit.estimate import falling
from sipakit.explanation import Attributions, Decomposition, Effects, Importances, Interactions, Regions, Surrogates
from sipakit.plots.formats import metric_name, quantity, spoken
from sipakit.plots.labels import clean, distinct
from sipakit.plots.words import sized
from sipakit.reports.decomposed import ordered_sets, share_lines, spread_of
from sipakit.reports.finding import at, both
from sipakit.reports.measure import Measure, share
from sipakit.reports.single import cell_text
from sipakit.reports.tables import interval_text, p_value

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from sipakit.caveats import Caveat
    from sipakit.estimate import Estimate
    from sipakit.explanation import Explanation

__all__ = ["Glance", "glance_of", "paid"]

_LINES = 6
_NAME = 22  # columns of text
_LABEL = 12
_RULE = 110

# what stands above the table; its head, the number of columns of words, its lines; how many lines there are in all
_Shown: TypeAlias = "tuple[str, tuple[str, ...], int, Sequence[tuple[str, ...]], str]"


@dataclass(frozen=True, slots=True)
class Glance:
    """What is said of a result in a few lines.

    Parameters
    ----------
    title : str
        The method and its question.
    size : str
        How much was explained, and what the numbers are.
    head : tuple of str
    lines : tuple of tuples of str
        The first numbers, the largest first.
    left : int
        Columns, counted from the left, that hold words.
    more : str
        What the table leaves out; empty if nothing.
    facts : tuple of (word, text)
    caveats : tuple of Caveat
    """

    title: str
    size: str
    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    left: int
    more: str
    facts: tuple[tuple[str, str], ...]
    caveats: tuple[Caveat, ...]


def glance_of(e: Explanation) -> Glance:
    """Choose what is shown of an explanation.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.arange(12.0).reshape(6, 2)
    >>> seen = glance_of(sp.CeterisParibus(background=X).explain(lambda X: X[:, 0] * X[:, 1], X[:1]))
    >>> seen.head
    ('feature', 'value', 'lowest', 'at', 'highest', 'at')
    """
    teller = next(tell for kind, tell in _TELLERS.items() if isinstance(e, kind))
    size, head, left, lines, more = teller(e, Measure.of(e.scale))
    level = f"{100 * e.conf_level:g} % interval"
    return Glance(
        title=f"{spoken(clean(e.explainer))}: {clean(e.question, None)}",
        size=size,
        head=tuple(level if name == "interval" else name for name in head),
        lines=tuple(lines),
        left=left,
        more=more,
        facts=(("Error", clean(e.error, None)), ("Cost", paid(e))),
        caveats=e.caveats,
    )


def paid(e: Explanation) -> str:
    """Say in one line what an answer cost."""
    cost = e.cost
    parts = [(cost.rows, "model row"), (cost.gradient_rows, "gradient row"), (cost.refits, "refit")]
    told = " and ".join(sized(number, word) for number, word in parts if number)
    if not told:
        return "nothing was asked of a model"
    return f"{told}, {cost.seconds_in_model:.2f} s in the model and {cost.seconds_outside:.2f} s outside"


def _short(names: Sequence[Hashable]) -> list[str]:
    return distinct(names, _NAME)


def _left_out(shown: int, total: int, things: str, *others: str) -> str:
    told = [f"{shown} of {total:,} {things}"] if shown < total else []
    told += [other for other in others if other]
    return f"{', '.join(told)}; frame() has all." if told else ""


def _first_output(e: Explanation) -> str:
    k = len(e.outputs)
    return f"the first of {k} outputs" if k > 1 else ""


def _rows_told(e: Explanation) -> str:
    n = int(e.manifest.get("rows", 0))
    return f"{sized(n, 'row')}, " if n else ""


def _per(measure: Measure) -> str:
    return f"{measure.put('effects', step=True)}{'' if measure.known else ','} per"


def _moved(e: Importances) -> str:
    """What is moved: predictions, or probabilities of a class."""
    told = quantity(e, e.outputs[0])
    return "predictions are" if told == "prediction" else f"the {told} is"


def _importances(e: Importances, measure: Measure) -> _Shown:  # noqa: ARG001 - in units of each metric
    plain, name = Measure(1.0, "", ""), metric_name(e.metrics[0])
    order = falling(e.values[:, 0])[:_LINES]
    names = _short([e.features[i] for i in order])
    lines = [(one, *interval_text(e.estimate, (int(i), 0), plain)) for one, i in zip(names, order, strict=True)]
    before = plain.number(abs(float(e.baseline[0])) if e.metrics[0].startswith("neg_") else float(e.baseline[0]))
    size = f"{_rows_told(e)}{sized(len(e.features), 'feature')}; "
    size += f"{name} {before} with the table as it is"
    head, others = "importance", f"the first of {len(e.metrics)} metrics" if len(e.metrics) > 1 else ""
    if e.measure == "size":
        size = (
            f"{_rows_told(e)}{sized(len(e.features), 'feature')}; {_moved(e)} {before} from the base value on average"
        )
        head, others = "mean absolute attribution", _first_output(e)
    return (
        size,
        ("feature", head, "interval"),
        1,
        lines,
        _left_out(len(lines), len(e.features), "features", others),
    )


def _attributions(e: Attributions, measure: Measure) -> _Shown:
    order = falling(np.abs(e.values[0, :, 0]))[:_LINES]
    names = _short([e.features[j] for j in order])
    cells = [clean(cell_text(e.row_values[0, j]) or "missing", _LABEL) for j in order]
    lines = [
        (name, cell, *interval_text(e.estimate, (0, int(j), 0), measure, signed=True))
        for name, cell, j in zip(names, cells, order, strict=True)
    ]
    total = float(e.predictions[0, 0])
    base = float(np.broadcast_to(e.base_values, e.predictions.shape)[0, 0])
    size = f"{sized(len(e.rows), 'row')}, {sized(len(e.features), 'feature')}. Row {e.rows[0]}: "
    scale = abs(total - base) / 20 or abs(total) / 100
    size += f"{quantity(e, e.outputs[0])} {measure.level(total, scale)}"
    if e.additive:
        average = " on average" if len(e.manifest) else ""
        size += f" = {measure.level(base, scale)}{average} + {measure.put('attributions', step=True)}"
    elif e.fit is not None:
        size += f"; the linear model explains {share(float(e.fit[0, 0]))} of what varies around it"
    rows = f"the first of {len(e.rows):,} rows" if len(e.rows) > 1 else ""
    more = _left_out(len(lines), len(e.features), "features", rows, _first_output(e))
    size += f"; {_per(measure)} {clean(e.per, None)}" if e.per else ""
    return size, ("feature", "value", "attribution" if e.additive else "effect", "interval"), 2, lines, more


def _effects(e: Effects, measure: Measure) -> _Shown:
    if e.rows is not None:
        return _curves_of_rows(e, measure)
    value = e.estimate.values[:, 0]
    near = [e.near(j) for j in range(len(e.axes))]
    order = falling([np.ptp(value[places]) for places in near])[:_LINES]
    names = _short([both(e.axes[j]) for j in order])
    lines = []
    for name, j in zip(names, order, strict=True):
        places, labels, start = near[j], e.axes[j].labels, e.parts()[j].start
        cells = [int(places[value[places].argmin()]), int(places[value[places].argmax()])]
        ends = [(cell, labels[cell - start]) for cell in cells]
        lines.append((name, *(text for cell, label in ends for text in (_end(e, cell, measure), clean(label, _LABEL)))))
    told = f"mean {quantity(e, e.outputs[0])}"
    kind = measure.put(f"difference of the {told} from its mean" if e.centred else told, step=e.centred)
    kind += "; of pairs what is beyond each feature alone" if e.pure else ""
    size = f"{_rows_told(e)}{sized(len(e.axes), 'feature')}; {kind}"
    more = _left_out(len(lines), len(e.axes), "features, the largest range first", _first_output(e))
    return size, ("feature", "lowest", "at", "highest", "at"), 1, lines, more


def _end(e: Effects, cell: int, measure: Measure) -> str:
    value, error, lower, upper = at(e.estimate, (cell, 0))
    told = measure.number(value, error, signed=e.centred)
    if not (error > 0 and np.isfinite([lower, upper]).all()):
        return told
    ends = (measure.number(end, error, signed=e.centred) for end in (lower, upper))
    return f"{told} ({' to '.join(ends)})"


def _curves_of_rows(e: Effects, measure: Measure) -> _Shown:
    """The first of a few rows: where it would be lowest and highest. Of many rows: how far they move."""
    rows = e.rows if e.rows is not None else np.arange(0)
    if len(rows) <= _LINES:
        return _first_row(e, int(rows[0]), measure)
    moves = [np.quantile(np.ptp(values[:, :, 0], axis=1), [0.5, 0.1, 0.9]) for values in e.values]
    order = falling([move[0] for move in moves])[:_LINES]
    names = _short([e.axes[j].name for j in order])
    lines = [(name, *(measure.number(float(v)) for v in moves[j])) for name, j in zip(names, order, strict=True)]
    moving = f"how far a row's {quantity(e, e.outputs[0])} moves along a feature"
    size = f"{sized(len(rows), 'row')}, {sized(len(e.axes), 'feature')}; {measure.put(moving, step=True)}"
    more = _left_out(len(lines), len(e.axes), "features", _first_output(e))
    return size, ("feature", "median row", "10 % of rows below", "10 % of rows above"), 1, lines, more


def _first_row(e: Effects, row: int, measure: Measure) -> _Shown:
    order = falling([np.ptp(values[0, :, 0]) for values in e.values])[:_LINES]
    names = _short([e.axes[j].name for j in order])
    lines = []
    for name, j in zip(names, order, strict=True):
        axis, curve = e.axes[j], e.values[j][0, :, 0]
        ends = [int(curve.argmin()), int(curve.argmax())]
        told = [text for g in ends for text in (measure.number(float(curve[g])), clean(axis.labels[g], _LABEL))]
        lines.append((name, _own(e, int(j)), *told))
    size = f"{sized(len(e.values[0]), 'row')}, {sized(len(e.axes), 'feature')}. Row {row}"
    if e.predictions is not None:
        size += f": {quantity(e, e.outputs[0])} {measure.level(float(e.predictions[0, 0]))}"
    rows = f"the first of {len(e.values[0])} rows" if len(e.values[0]) > 1 else ""
    more = _left_out(len(lines), len(e.axes), "features, the largest range first", rows, _first_output(e))
    return size, ("feature", "value", "lowest", "at", "highest", "at"), 2, lines, more


def _own(e: Effects, feature: int) -> str:
    """The row's own value, as the nearest place is called if it is one of them."""
    axis = e.lines[feature]
    if e.own is None:
        return ""
    own = float(e.own[0, feature])
    there = np.flatnonzero((axis.positions == own) | (np.isnan(axis.positions) & np.isnan(own)))
    if len(there):
        return clean(axis.labels[int(there[0])], _LABEL)
    return f"{own:.6g}" if axis.kind == "number" else "another"


def _interactions(e: Interactions, measure: Measure) -> _Shown:
    ratio = e.estimate.parts.get("h_squared")
    pairs = [i for size in (2, 3) for i in e.of_size(size).tolist()]
    chosen = pairs or list(range(len(e.sets)))
    order = [chosen[i] for i in falling(e.values[chosen, 0])[:_LINES]]
    lines = [
        (
            clean(e.sets[i][0], _NAME),
            "all others" if e.sets[i][1] is None else " and ".join(clean(name, _NAME) for name in e.sets[i][1:]),
            *interval_text(e.estimate, (i, 0), measure),
            "" if ratio is None or e.weak[i, 0] or not np.isfinite(ratio[i, 0]) else share(float(ratio[i, 0])),
            *p_value(e, i, 0),
        )
        for i in order
    ]
    of = "" if e.outputs[0] == "prediction" else f" of {clean(e.outputs[0])}"
    size = f"{_rows_told(e)}{sized(len(e.features), 'feature')}; in {measure.step}{of}, and as a share of the joint"
    size += " variance"
    things = ("sets" if len(e.of_size(3)) else "pairs") if pairs else "features"
    more = _left_out(len(lines), len(chosen), things, _first_output(e))
    head = ("feature", "together with", "interaction", "interval", "share")
    return size, (*head, "p-value") if e.invented is not None else head, 2, lines, more


def _decomposition(e: Decomposition, measure: Measure) -> _Shown:
    output = int(np.argmax(e.shared))
    sets = ordered_sets(e, output)
    shown = [*sets[: _LINES - 1], sets[-1]] if len(sets) > _LINES else sets
    told = zip(shown, share_lines(e, output, shown), strict=True)
    lines = [
        (*(clean(name, _NAME) for name in line[:2]), *line[2:], measure.number(spread_of(e, s, output)))
        for s, line in told
    ]
    of = "" if e.outputs[output] == "prediction" else f" of {clean(e.outputs[output])}"
    size = f"{_rows_told(e)}{sized(len(e.features), 'feature')}; as a share of the variance{of}, and in {measure.step}"
    head = ("feature", "together with", "share", "interval", "spread")
    return size, head, 2, lines, _left_out(len(shown), len(sets), "effects", _first_output(e))


def _surrogates(e: Surrogates, measure: Measure) -> _Shown:
    value, error, lower, upper = at(e.fidelity, (0,))
    ends = f" ({share(lower, error)} to {share(upper, error)})" if 0 < error < np.inf else ""
    thing = f"A tree with {sized(len(e.terms), 'rule')}" if e.kind == "tree" else "A linear model"
    size = f"{thing}; reproduces {share(value, error)}{ends} of the predictions' variance on unseen rows"
    key = e.support if e.kind == "tree" else np.abs(e.values[:, 0])
    order = [int(i) for i in falling(key)[:_LINES]]
    more = _left_out(
        len(order), len(e.terms), "rules, most rows first" if e.kind == "tree" else "terms", _first_output(e)
    )
    terms = [" ".join(clean(e.terms[i], None).split()) for i in order]
    numbers = [interval_text(e.estimate, (i, 0), measure, signed=e.kind != "tree") for i in order]
    if e.kind == "tree":
        lines = [
            (clean(term, _RULE), share(float(e.support[i])), *told)
            for term, i, told in zip(terms, order, numbers, strict=True)
        ]
        return size, ("where", "rows", measure.put(f"mean {quantity(e)}"), "interval"), 1, lines, more
    linear = [(clean(term, _RULE), *told) for term, told in zip(terms, numbers, strict=True)]
    size += f"; {_per(measure)} standard deviation, or of a level against the mean of all rows"
    return size, ("term", "effect", "interval"), 1, linear, more


def _regions(e: Regions, measure: Measure) -> _Shown:
    order = falling(e.removed[:, 0])[:_LINES]
    names = _short([e.axes[j].name for j in order])
    lines = []
    for name, j in zip(names, order, strict=True):
        cell = int(j), 0
        before, after = " ".join(_with_ends(e.before, cell, measure)), interval_text(e.after, cell, measure)[0]
        gain = interval_text(e.gain, cell, Measure(1.0, "", ""))
        lines.append((name, before, after, *gain, str(max(len(e.of_feature(e.features[j])) - 1, 1))))
    of = "" if e.outputs[0] == "prediction" else f" of {clean(e.outputs[0])}"
    size = (
        f"{_rows_told(e)}{sized(len(e.axes), 'feature')}; how much curves disagree in all rows and within regions, in"
    )
    size += f" {measure.step}{of}, and the share of its square that regions remove"
    head = ("feature", "all rows", "in regions", "gain", "interval", "regions")
    more = _left_out(len(lines), len(e.axes), "features, what regions remove most of first", _first_output(e))
    return size, head, 1, lines, more


def _with_ends(estimate: Estimate, cell: tuple[int, ...], measure: Measure) -> list[str]:
    """A number, and its interval in brackets where it has one."""
    told, ends = interval_text(estimate, cell, measure)
    return [told, *([f"({ends})"] if " to " in ends else [])]


_TELLERS: Mapping[type[Explanation], Callable[[Any, Measure], _Shown]] = {
    Attributions: _attributions,
    Importances: _importances,
    Effects: _effects,
    Interactions: _interactions,
    Surrogates: _surrogates,
    Decomposition: _decomposition,
    Regions: _regions,
}
