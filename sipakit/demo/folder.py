"""What the tour writes: one page, the figures as SVG, each result as JSON. Files are named by number and slug."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipakit.reports.page import Part, render
from sipakit.reports.subject import slug

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sipakit.study import Study

__all__ = ["write_folder"]

_TITLE = "sipakit: two real tables, explained"


def write_folder(folder: Path, studies: Mapping[str, Study]) -> list[Path]:
    """Write studies into a folder, which is made if need be; files of other names are left alone.

    Parameters
    ----------
    folder : Path
    studies : title -> Study

    Returns
    -------
    list of Path
        The page first.
    """
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    parts = [
        Part(title=title, subject=study.subject, results=study.results, comparisons=study.comparisons)
        for title, study in studies.items()
    ]
    page = folder / "index.html"
    page.write_text(render(parts, _TITLE), encoding="utf-8", newline="\n")
    written = [page]
    for number, (title, study) in enumerate(studies.items(), start=1):
        name = f"{number}-{slug(title)}"
        written += _write_figures(figures, name, parts[number - 1])
        written += study.to_json(folder / "results" / name)
        for i, comparison in enumerate(study.comparisons, start=1):
            path = folder / "results" / name / f"comparison-{i}.json"
            comparison.to_json(path)
            written.append(path)
    return written


def _write_figures(folder: Path, name: str, part: Part) -> list[Path]:
    paths = []
    for i, (key, drawn) in enumerate(part.figures.items(), start=1):
        for figure in drawn:
            ending = f"-{slug(figure.name)}" if figure.name else ""
            path = folder / f"{name}-{i:02}-{slug(key)}{ending}.svg"
            figure.save(path)
            paths.append(path)
    return paths
