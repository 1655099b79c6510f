"""The numbers behind a figure as text in columns, for readers who want or need no picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.estimate import falling
from sipakit.explanation import Attributions, Decomposition, Effects, Importances, Interactions, Regions, Surrogates
from sipakit.plots.formats import metric_name, quantity
from sipakit.reports.decomposed import ordered_sets, share_lines, spread_of
from sipakit.reports.finding import at, both, in_full, named
from sipakit.reports.measure import Measure, share
from sipakit.reports.single import cell_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sipakit.estimate import Estimate
    from sipakit.explanation import Explanation

__all__ = ["TextTable", "interval_text", "p_value", "spread_table", "tabulate"]

_LIMIT = 500  # lines; the JSON holds all
_SAID_ONCE = frozenset({"row", "metric", "output"})  # columns that go into the caption where they never change
_APART = "How far the curves of single rows are from the mean curve, apart from their level: root mean square"
_ROUNDING = 1e-9  # of the largest effect
_ROWS = 6  # single rows that get a column of their own


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of texts.

    Parameters
    ----------
    caption : str
    head : tuple of str
    lines : tuple of tuples of str
    left : int
        Columns, counted from the left, that hold words and not numbers.
    note : str
        What was left out.
    """

    caption: str
    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    left: int = 1
    note: str = ""


def tabulate(explanation: Explanation, unit: str | None = None) -> TextTable:
    """Write an explanation's numbers as a table, at most 500 lines of it.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> table = tabulate(sp.GlobalSurrogate(kind="linear").explain(lambda X: X[:, 0], np.eye(3)))
    >>> table.head[:2], len(table.lines)
    (('term', 'effect for one standard deviation'), 3)
    """
    measure = Measure.of(explanation.scale, unit)
    writer = next(writer for kind, writer in _WRITERS.items() if isinstance(explanation, kind))
    return _table(explanation, *writer(explanation, measure))


def spread_table(e: Effects, unit: str | None = None) -> TextTable | None:
    """Write how far single rows are from each mean curve, the farthest first; None where that is not known.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> table = spread_table(sp.PartialDependence().explain(lambda X: X[:, 0] * X[:, 1], X))
    >>> table.head[0], len(table.lines)
    ('feature', 2)
    """
    spread = e.heterogeneity
    if spread is None:
        return None
    measure, names = Measure.of(e.scale, unit), [axis.name for axis in e.lines.values()]
    rounding = _ROUNDING * float(np.abs(e.estimate.values).max(initial=0.0))

    def written(j: int, k: int) -> tuple[str, str]:
        nothing = not spread.values[j, k] > rounding and not spread.std_error[j, k] > rounding
        return (measure.number(0.0), "exact") if nothing else interval_text(spread, (j, k), measure)

    lines = (
        (named(names[j]), named(output), *written(int(j), k))
        for k, output in enumerate(e.outputs)
        for j in falling(spread.values[:, k])
    )
    table = _table(e, ("feature", "output", measure.put("distance", step=True), "interval"), 2, lines)
    return replace(table, caption=f"{_APART}; {table.caption}")


def _table(explanation: Explanation, head: tuple[str, ...], left: int, lines: Iterator[tuple[str, ...]]) -> TextTable:
    """Cut a table to 500 lines, and say once what never changes."""
    every = list(lines)
    note = f"The first {_LIMIT:,} of {len(every):,} lines." if len(every) > _LIMIT else ""
    same = [c for c, name in enumerate(head) if name in _SAID_ONCE and len({line[c] for line in every}) == 1]
    told = [f"{head[c]}: {every[0][c]}".removeprefix("row: ") for c in same if every[0][c] != "prediction"]
    told += [f"{100 * explanation.conf_level:g} % intervals"] if "interval" in head else []
    kept = [c for c in range(len(head)) if c not in same]
    shown = tuple(tuple(line[c] for c in kept) for line in every[:_LIMIT])
    return TextTable("; ".join(told), tuple(head[c] for c in kept), shown, sum(c < left for c in kept), note)


_Written = tuple[tuple[str, ...], int, "Iterator[tuple[str, ...]]"]


def interval_text(
    estimate: Estimate, cell: tuple[int, ...], measure: Measure, *, signed: bool = False
) -> tuple[str, str]:
    """Write one estimate and its interval, "exact" where it has no error and "unknown" where none is known."""
    value, error, lower, upper = at(estimate, cell)
    told = measure.number(value, error, signed=signed)
    if not error > 0:
        return told, "exact"
    if not np.isfinite([lower, upper]).all():
        return told, "unknown"
    return told, " to ".join(measure.number(end, error, signed=signed) for end in (lower, upper))


def _importances(e: Importances, measure: Measure) -> _Written:  # noqa: ARG001 - in units of each metric
    plain = Measure(1.0, "", "")
    order = falling(e.values[:, 0])
    lines = (
        (named(e.features[i]), metric_name(metric), *interval_text(e.estimate, (int(i), m), plain))
        for m, metric in enumerate(e.metrics)
        for i in order
    )
    if e.measure == "size":
        return ("feature", "output", "mean absolute attribution", "interval"), 2, lines
    word = "increase of the loss" if e.total is None else "taken off the loss"
    return ("feature", "metric", word, "interval"), 2, lines


def _effects(e: Effects, measure: Measure) -> _Written:
    if e.rows is not None:
        return _single_curves(e, measure)
    word = "difference from the mean" if e.centred else f"mean {quantity(e)}"
    lines = (
        (both(axis), named(label), named(output), *interval_text(e.estimate, (part.start + g, k), measure))
        for axis, part in zip(e.axes, e.parts(), strict=True)
        for k, output in enumerate(e.outputs)
        for g, label in enumerate(axis.labels)
    )
    return ("feature", "value", "output", measure.put(word, step=e.centred), "interval"), 3, lines


def _single_curves(e: Effects, measure: Measure) -> _Written:
    rows = e.rows if e.rows is not None else np.arange(0)
    if len(rows) <= _ROWS:
        columns = tuple(measure.put(f"{quantity(e)} of row {row}") for row in rows)
        curves = [values[:, :, 0] for values in e.values]
    else:
        words = ("10 % of rows below", "median row", "10 % of rows above")
        columns = tuple(measure.put(f"{quantity(e)}: {word}") for word in words)
        curves = [np.quantile(values[:, :, 0], [0.1, 0.5, 0.9], axis=0) for values in e.values]
    lines = (
        (named(axis.name), named(label), *(measure.number(float(value)) for value in curve[:, g]))
        for axis, curve in zip(e.axes, curves, strict=True)
        for g, label in enumerate(axis.labels)
    )
    return ("feature", "value", *columns), 2, lines


def _interactions(e: Interactions, measure: Measure) -> _Written:
    ratio = e.estimate.parts.get("h_squared")
    order = falling(e.values[:, 0])

    def shown(i: int, k: int) -> str:
        if ratio is None or not np.isfinite(ratio[i, k]):
            return "not known"
        return share(float(ratio[i, k])) + (" (weak)" if e.weak[i, k] else "")

    lines = (
        (
            named(e.sets[i][0]),
            "all others" if e.sets[i][1] is None else " and ".join(map(named, e.sets[i][1:])),
            named(output),
            *interval_text(e.estimate, (int(i), k), measure),
            shown(int(i), k),
            *p_value(e, int(i), k),
        )
        for k, output in enumerate(e.outputs)
        for i in order
    )
    size = f"interaction, in {measure.step}"
    head = ("feature", "together with", "output", size, "interval", "share of joint variance")
    return (*head, "p-value") if e.invented is not None else head, 3, lines


def p_value(e: Interactions, i: int, k: int) -> tuple[str, ...]:
    """Return the p-value of an interaction against what a learner invents; nothing where there is none."""
    told = e.estimate.parts.get("p_value")
    return () if told is None else (f"{told[i, k]:.2g}",)


def _decomposition(e: Decomposition, measure: Measure) -> _Written:
    lines = (
        (*line[:2], named(output), *line[2:], measure.number(spread_of(e, s, k)))
        for k, output in enumerate(e.outputs)
        for s, line in zip(ordered_sets(e, k), share_lines(e, k, ordered_sets(e, k)), strict=True)
    )
    head = ("feature", "together with", "output", "share of the variance", "interval", f"spread, in {measure.step}")
    return head, 3, lines


def _attributions(e: Attributions, measure: Measure) -> _Written:
    lines = (
        (
            f"row {row}",
            named(e.features[j]),
            named(cell_text(e.row_values[i, j]) or "missing"),
            named(e.outputs[k]),
            *interval_text(e.estimate, (i, int(j), k), measure),
        )
        for i, row in enumerate(e.rows)
        for k in range(len(e.outputs))
        for j in falling(np.abs(e.values[i, :, k]))
    )
    return ("row", "feature", "value", "output", measure.put("attribution", step=True), "interval"), 4, lines


def _surrogates(e: Surrogates, measure: Measure) -> _Written:
    if e.kind == "tree":
        lines = (
            (
                in_full(e.terms[i]),
                share(float(e.support[i])),
                named(output),
                *interval_text(e.estimate, (i, k), measure),
            )
            for k, output in enumerate(e.outputs)
            for i in range(len(e.terms))
        )
        return ("where", "rows", "output", measure.put(f"mean {quantity(e)}"), "interval"), 1, lines
    linear = (
        (in_full(term), *interval_text(e.estimate, (i, k), measure))
        for k in range(len(e.outputs))
        for i, term in enumerate(e.terms)
    )
    return ("term", measure.put("effect for one standard deviation", step=True), "interval"), 1, linear


def _regions(e: Regions, measure: Measure) -> _Written:
    lines = (
        (
            named(e.axes[e.owner[r]].name),
            in_full(e.where[r]),
            share(float(e.support[r])),
            named(label),
            named(output),
            *interval_text(e.estimate, (part.start + g, k), measure, signed=True),
        )
        for r, part in enumerate(e.parts())
        for k, output in enumerate(e.outputs)
        for g, label in enumerate(e.axes[e.owner[r]].labels)
    )
    change = measure.put("difference from the curve's mean", step=True)
    return ("feature", "where", "rows", "value", "output", change, "interval"), 2, lines


_WRITERS: Mapping[type[Explanation], Callable[[Any, Measure], _Written]] = {
    Attributions: _attributions,
    Importances: _importances,
    Effects: _effects,
    Interactions: _interactions,
    Surrogates: _surrogates,
    Decomposition: _decomposition,
    Regions: _regions,
}
