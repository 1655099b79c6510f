"""The tour in a reduced size: everything is written, once, and says what it stands on."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from sipakit.demo import tour
from sipakit.demo.tour import QUICK, take_tour

METHODS = {
    "permutation_importance", "partial_dependence", "partial_dependence_of_a_pair", "ice", "ale", "h_statistic",
    "global_surrogate", "shapley", "lime", "ceteris_paribus",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tour")
    said, steps = [], []
    written = take_tour(folder, say=said.append, progress=steps.append, size=QUICK)
    return folder, written, "\n".join(said), steps


def test_everything_is_written_under_plain_names(made):
    folder, written, _, _ = made
    assert written[0] == folder / "index.html"
    assert sorted(written) == sorted(path for path in folder.rglob("*") if path.is_file())
    assert all(
        re.fullmatch(r"[a-z0-9-]+(\.html|\.svg|\.json)?", part) for p in written for part in p.relative_to(folder).parts
    )


def test_both_tables_are_explained_by_every_method(made):
    folder, _, _, _ = made
    for name in ("1-bike-rentals-by-the-hour", "2-income-in-the-census"):
        index = json.loads((folder / "results" / name / "study.json").read_text())
        assert {one["name"] for one in index["results"]} == METHODS
        for one in index["results"]:
            assert json.loads((folder / "results" / name / one["file"]).read_text())["schema"]


def test_every_figure_is_an_svg(made):
    folder, _, _, _ = made
    figures = list((folder / "figures").iterdir())
    assert len(figures) >= 26
    for path in figures:
        assert ET.parse(path).getroot().tag.endswith("svg")


def test_the_page_and_the_text_say_how_the_rows_were_chosen(made):
    folder, _, said, _ = made
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "held out at random and not used for fitting" in page
    assert "rentals an hour" in page
    assert "probability points" in page
    assert not re.search(r'(src|href)="https?://(?!doi\.org/)', page)
    assert f"explained on {QUICK.rows} rows" in said
    assert "95 %" in said
    assert max(map(len, said.splitlines()[:-1])) <= 110


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_gradients_are_compared_with_shapley_values(made):
    folder, _, said, _ = made
    found = folder / "results" / "3-a-small-network-on-the-census"
    assert json.loads((found / "comparison-1.json").read_text())["schema"] == "sipakit.comparison/1"
    assert "Integrated gradients and Shapley of the same rows" in said


def test_progress_is_told_step_by_step(made):
    assert made[3][0] == "bike rentals: gradient boosting"
    assert made[3][-1] == "page and results"


def test_without_torch_one_line_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(tour, "find_spec", lambda name: None)
    kept = {"_bike": lambda size, step: None, "_census": lambda size, step: None}
    for name, stop in kept.items():
        monkeypatch.setattr(tour, name, stop)
    monkeypatch.setattr(tour, "_told", lambda title, study: title)
    monkeypatch.setattr(tour, "as_part", lambda title, study: SimpleNamespace(draw=lambda: 0))
    monkeypatch.setattr(tour, "write_folder", lambda folder, studies, parts: [Path(folder) / "index.html"])
    said = []
    take_tour(tmp_path, say=said.append, size=QUICK)
    assert len([line for line in said if "needs torch" in line]) == 1
