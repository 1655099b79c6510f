"""What the tour writes: one page, the figures as SVG, each result as JSON. Files are named by number and slug."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipakit.reports.page import Part, render
from sipakit.reports.subject import slug

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sipakit.study import Study

__all__ = ["as_part", "write_folder"]

_TITLE = "sipakit: two real tables, explained"


def as_part(title: str, study: Study) -> Part:
    """Return a study as a part of the page."""
    return Part(title=title, subject=study.subject, results=study.results, comparisons=study.comparisons)


def write_folder(folder: Path, studies: Sequence[Study], parts: Sequence[Part]) -> list[Path]:
    """Write studies into a folder, which is made if need be; files of other names are left alone.

    Parameters
    ----------
    folder : Path
    studies : list of Study
    parts : list of Part, the same studies as parts of the page

    Returns
    -------
    list of Path
        The page first.
    """
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    page.write_text(render(parts, _TITLE), encoding="utf-8", newline="\n")
    written = [page]
    for number, (study, part) in enumerate(zip(studies, parts, strict=True), start=1):
        name = f"{number}-{slug(part.title)}"
        written += _write_figures(figures, name, part)
        written += study.to_json(folder / "results" / name)
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
