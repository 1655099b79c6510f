"""What the documentation shows is run: code blocks of the pages and examples of the docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest

import sipakit

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NEEDS = {
    "sipakit.adapters.torch": "torch",
    "sipakit.explainers.integrated_gradients": "torch",
    "sipakit.exchange": "shap",
    "sipakit.frames": "pyarrow",
}


def _blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def _modules() -> list[str]:
    every = pkgutil.walk_packages(sipakit.__path__, "sipakit.")
    return [module.name for module in every if "__main__" not in module.name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    module = ModuleType("page")  # a module of its own: dataclasses look theirs up by name
    monkeypatch.setitem(sys.modules, "page", module)
    for block in _blocks(page):
        exec(compile(block, str(page), "exec"), vars(module))  # noqa: S102 - our own pages


@pytest.mark.parametrize("name", _modules())
def test_the_examples_of_a_module_give_what_they_say(name):
    if name in NEEDS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a package says when it is imported is not ours
            pytest.importorskip(NEEDS[name])
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target


def test_the_architecture_page_names_every_room():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [p.name for p in Path(sipakit.__path__[0]).iterdir() if p.is_dir() and (p / "__init__.py").exists()]
    assert not [room for room in rooms if f"`{room}/`" not in page]


def test_the_readme_tells_the_question_of_every_method():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    explainers = importlib.import_module("sipakit.explainers")
    assert not [name for name in explainers.__all__ if f"`{name}`" not in readme]
