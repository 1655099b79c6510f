"""What a page says of a model, its data and its cost, as pairs of a word and what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipakit.explanation import Importances
from sipakit.plots.formats import spoken
from sipakit.plots.labels import clean
from sipakit.reports.finding import listed
from sipakit.reports.measure import Measure
from sipakit.reports.narrative import told_losses

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sipakit.explanation import Explanation
    from sipakit.reports.subject import Subject

__all__ = ["cost_of", "facts_of", "manifest_of"]


def facts_of(s: Subject, results: Iterable[Explanation]) -> list[tuple[str, str]]:
    """Tell the model and the data."""
    measure = Measure.of(s.scale, s.unit)
    missing = [f"{clean(name)} ({count:,} of {s.n_rows:,})" for name, count in s.missing]
    rows = f"{s.n_rows:,}" + (", weighted" if s.weighted else "")
    more = [f"{len(s.outputs) - 8} more"] if s.outputs[8:] else []
    outputs = listed([*(clean(name) for name in s.outputs[:8]), *more])
    explained = "prediction" if s.outputs == ("prediction",) else f"{s.scale.replace('_', '-')} of {outputs}"
    facts = [
        ("Model", s.model),
        ("What it predicts", s.target or "not named"),
        ("What is explained", measure.put(explained, step=True)),
        ("Rows", rows),
        *_performance(results, measure),
        ("How they were chosen", s.note or "not told; whether the model was fitted on them is not known here"),
        ("Columns", s.columns()),
        ("Missing cells", listed(missing) if missing else "none"),
    ]
    if s.n_background is not None:
        facts.append(("Background", f"{s.n_background:,} rows of their own"))
    if s.rows:
        facts.append(("Rows explained one by one", listed([f"{row}" for row in s.rows])))
    if s.unfinished:
        facts.append(
            ("Not finished", f"{listed(s.unfinished)}: the run was interrupted, or the budget did not cover it")
        )
    return [(word, clean(told, None)) for word, told in facts]


def _performance(results: Iterable[Explanation], measure: Measure) -> list[tuple[str, str]]:
    """How well the model does on these rows, where a method has measured it."""
    scores = [e for e in results if isinstance(e, Importances) and e.measure == "loss"]
    return [("Model on these rows", "; ".join(told_losses(scores[0], measure)))] if scores else []


def cost_of(name: str, e: Explanation) -> tuple[str, ...]:
    """Tell what one answer asked of the model, in rows; seconds differ between equal runs."""
    cost = e.cost
    numbers = (cost.rows, cost.asked, cost.gradient_rows, cost.refits)
    return (spoken(e.explainer), name, *(f"{number:,}" for number in numbers))


def manifest_of(results: Iterable[Explanation]) -> list[tuple[str, str]]:
    """What a repetition needs and all results share; no dates and no durations."""
    first = next(iter(results))
    versions = first.manifest.get("versions", {})
    told = [("Versions", ", ".join(f"{name} {version}" for name, version in versions.items()))]
    words = {
        "random_state": "Seed",
        "rows_fingerprint": "Fingerprint of the rows",
        "columns": "Columns",
    }
    for name, word in words.items():
        value = first.manifest.get(name)
        if value is not None:
            told.append((word, ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return [(word, clean(text, None)) for word, text in told]
