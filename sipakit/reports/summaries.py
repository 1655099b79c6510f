"""What is made of explanations, at a glance: groups of rows, how sure an order is, and where two agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import falling
from sipakit.explanation import Cohorts, RankStability
from sipakit.plots.formats import number, spoken
from sipakit.plots.labels import clean, distinct
from sipakit.plots.words import sized
from sipakit.reports.agreement import is_rounding
from sipakit.reports.glance import Glance
from sipakit.reports.measure import Measure
from sipakit.reports.tables import interval_text

if TYPE_CHECKING:
    from sipakit.evaluation import Comparison
    from sipakit.evaluation.agreement import Gap

__all__ = ["glance_of_cohorts", "glance_of_comparison", "glance_of_rank_stability"]

_LINES = 6
_NAME = 22
_FEATURE = 18
_NOT_COMPARED = "\N{EN DASH}"
_KEPT = (("first_kept", "the first feature"), ("set_kept", "the first {} as a set"), ("order_kept", "and their order"))
_MEASURES = {  # of an agreement, and what its column is called
    "spearman": "order",
    "spearman_absolute": "order of sizes",
    "top_3": "top three",
    "same_sign": "same sign",
    "relative_distance": "distance",
}


def glance_of_cohorts(e: Cohorts) -> Glance:
    """Show the leading features of each group of rows.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> seen = glance_of_cohorts(sp.Shapley(background=X).explain(lambda X: X[:, 0], X).cohorts(X[:, 1] > 0))
    >>> seen.size, [line[:3] for line in seen.lines]
    ('60 rows in 2 groups, 2 features', [('False', '25', 'x0'), ('True', '35', 'x0')])
    """
    names, every = list(e.importances), list(e.importances.values())
    first, plain = every[0], Measure(1.0, "", "")
    counts = [int(one.manifest.get("rows", 0)) for one in every]
    lines = []
    for name, one, count in zip(distinct(names, _NAME), every[:_LINES], counts, strict=False):
        lead, *rest = falling(one.values[:, 0])[:2].tolist()
        told = interval_text(one.estimate, (lead, 0), plain)
        then = distinct([one.features[j] for j in rest], _FEATURE)
        lines.append((name, f"{count:,}", *distinct([one.features[lead]], _FEATURE), *told, *then))
    head = ("group", "rows", "first", "mean size", _level(first.conf_level), "second")
    left = [f"{len(lines)} of {len(every):,} groups"] if len(lines) < len(every) else []
    left += [f"the first of {len(first.outputs)} outputs"] if len(first.outputs) > 1 else []
    return Glance(
        title=f"Cohorts by {spoken(clean(first.explainer))}: {clean(first.question, None)}",
        size=f"{sized(sum(counts), 'row')} in {sized(len(every), 'group')}, {sized(len(first.features), 'feature')}",
        head=head[: len(lines[0])],
        lines=tuple(lines),
        left=1,
        more=f"{', '.join(left)}; frame() has all." if left else "",
        facts=(("Error", clean(first.error, None)),),
        caveats=tuple(dict.fromkeys(told for one in every for told in one.caveats)),
    )


def glance_of_rank_stability(e: RankStability) -> Glance:
    """Show which share of rows keeps what leads, as a set and in order."""
    told = e.shares()
    words = {name: word.format(e.top) for name, word in _KEPT if e.top > 1 or name == "first_kept"}
    lines = [
        (
            words[line["kept"]],
            *([clean(line["output"], _NAME)] if len(e.outputs) > 1 else []),
            f"{100 * line['share']:.0f} %",
            f"{100 * line['std_error']:.1f} %" if np.isfinite(line["std_error"]) else "unknown",
        )
        for _, line in told.iterrows()
        if line["kept"] in words
    ]
    head = ("kept", *(["output"] if len(e.outputs) > 1 else []), "rows that keep it", "standard error")
    by = {"size": "the largest sizes", "up": "the largest values", "down": "the smallest values"}[e.by]
    return Glance(
        title="Rank stability: How likely do another background and seed keep what leads a row?",
        size=f"{sized(len(e.rows), 'row')}, {sized(len(e.features), 'feature')}; {by} lead",
        head=head,
        lines=tuple(lines),
        left=len(head) - 2,
        more="frame() has the rows one by one.",
        facts=(("Error", clean(e.error, None)),),
        caveats=e.caveats,
    )


def glance_of_comparison(e: Comparison) -> Glance:
    """Show how far each pair of explanations agrees, a column a measure."""
    cells: dict[tuple[str, ...], dict[str, str]] = {}
    for one in e.agreements:
        place = (one.explanation, one.explanation_2, one.output)
        cells.setdefault(place, {})[one.measure] = number(one.estimate, 0.01)  # two decimals
    columns = [name for name in _MEASURES if any(name in told for told in cells.values())]
    several = len({place[2] for place in cells}) > 1
    lines = [
        (
            *(clean(name, _NAME) for name in place[: 3 if several else 2]),
            *(told.get(name, _NOT_COMPARED) for name in columns),
        )
        for place, told in list(cells.items())[:_LINES]
    ]
    errors = [one.std_error for one in e.agreements if np.isfinite(one.std_error)]
    most = (
        f"At most {number(max(errors), 0.01)}, of the rows as a sample." if errors else "One row: no standard errors."
    )
    n = max((one.n_rows for one in e.agreements), default=0)
    parts = [f"{len(lines)} of {len(cells)} pairs and outputs"] if len(lines) < len(cells) else []
    return Glance(
        title=f"Comparison of {', '.join(clean(name, _NAME) for name in e.names)}: how far do they agree?",
        size=f"{sized(n, 'row')}, {sized(len(e.explanations[0].features), 'feature')}; 1 is agreement in full, and 0 of"
        " the distance",
        head=("one", "other", *(["output"] if several else []), *(_MEASURES[name] for name in columns)),
        lines=tuple(lines),
        left=3 if several else 2,
        more=f"{parts[0]}; agreement has all." if parts else "",
        facts=(
            ("Error", most),
            *(("Sums", _sum_told(gap, e)) for gap in e.sums),
            *(("Note", clean(note, None)) for note in e.notes),
        ),
        caveats=(),
    )


def _sum_told(gap: Gap, e: Comparison) -> str:
    of = f"{clean(gap.explanation, _NAME)}, {clean(gap.output, _NAME)}"
    if gap.median is None or gap.largest is None:
        return f"{of}: no completeness gap, {gap.reason}."
    if is_rounding(gap, e):
        return f"{of}: nothing but rounding is missing."
    return f"{of}: {number(gap.median)} is missing (median), {number(gap.largest)} at most."


def _level(conf_level: float) -> str:
    return f"{100 * conf_level:g} % interval"
