"""The printed tables, and docs/benchmarks.md between its two marks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.harness import Result

__all__ = ["make", "section"]

BEGIN, END = "<!-- results: made by python -m benchmarks -->", "<!-- end of results -->"


def section(result: Result) -> str:
    """One case as markdown: question, table, notes, and what made it."""
    head = f"### {result.case}{' (quick run: small sizes, no result)' if result.quick else ''}"
    notes = "\n".join(f"- {note}" for note in result.notes)
    return "\n\n".join(part for part in (head, result.question, _table(result), notes, _made_by(result)) if part)


def _table(result: Result) -> str:
    lines = [list(result.columns), ["---"] * len(result.columns)]
    lines += [[_cell(row.get(name), form) for name, form in result.columns.items()] for row in result.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any, form: str) -> str:
    return "" if value is None else format(value, form)


def _made_by(result: Result) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in result.versions.items())
    settings = ", ".join(f"{name} {value}" for name, value in result.settings.items())
    machine = f"; {result.machine['cores']} cores, load {result.machine['load_before']} before" if result.timed else ""
    return f"Settings: {settings}{machine}. Versions: {versions}."


def make(results: Path, page: Path) -> None:
    """Write the sections of all results at hand into the page, between its marks, and beside the results."""
    found = [Result(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(results.glob("*.json"))]
    text = "\n\n".join(section(result) for result in found) or "No results are at hand: run the benchmarks first."
    (results / "RESULTS.md").write_text(f"# Results\n\n{text}\n", encoding="utf-8")
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
