from __future__ import annotations

import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from sipakit.errors import InputError, InputTypeError
from sipakit.plots import KINDS, Display, draw
from tests.plots import made, seen

CASES = made.one_of_each(2, 2)


@pytest.mark.parametrize(("explanation", "kind"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_same_picture_is_the_same_bytes_however_often_and_after_what_it_is_drawn(explanation, kind):
    first, second = draw(explanation, kind), draw(explanation, kind)
    text = first.svg()
    second._repr_png_()
    assert second.svg() == text
    assert first.svg() == text
    ids = {node.get("id") for node in seen.tree(text).iter() if node.get("id")}
    assert set(seen.references(text)) <= ids


def test_a_notebook_gets_a_png():
    first, second = draw(made.importances()), draw(made.importances())
    assert first._repr_png_().startswith(b"\x89PNG")
    assert first._repr_png_() == second._repr_png_()


def test_a_figure_of_pyplot_is_left_to_pyplot():
    figure = Figure()
    display = draw(made.importances(), ax=figure.subplots())
    assert display._repr_png_().startswith(b"\x89PNG")
    figure.canvas.manager = object()
    assert display._repr_png_() is None


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_files_of_equal_pictures_are_equal(tmp_path, ending):
    for name in ("a", "b"):
        draw(made.effects()).save(tmp_path / f"{name}.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    assert (tmp_path / f"a.{ending}").stat().st_size > 5_000


def test_an_svg_can_stand_inside_a_page():
    svg = draw(made.effects(k=3)).svg()
    assert svg.startswith("<svg ")
    for unwanted in ("<?xml", "<!DOCTYPE", "<style", "<metadata", "<script", 'id="figure_1"', 'id="axes_1"'):
        assert unwanted not in svg
    root = seen.tree(svg)
    assert root.get("role") == "img"
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(set(ids)) == len(ids)
    title, description = (root.find(f"{seen.SVG}{tag}") for tag in ("title", "desc"))
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert title.text == "Partial dependence: mean probability along 3 features"
    assert "95 % intervals" in description.text
    assert "lowest" in description.text


def test_names_make_no_elements():
    names = ("<script>alert(1)</script>", "--><img src=x onerror=y>", "]]>", '" onload="x', ' id="a"', "javascript:x")
    for _, explanation, kind in made.one_of_each(names=names):
        svg = draw(dataclasses.replace(explanation, error=names[0], explainer=names[1]), kind).svg()
        tags = {node.tag.removeprefix(seen.SVG) for node in seen.tree(svg).iter()}
        assert tags <= {
            "svg",
            "title",
            "desc",
            "g",
            "path",
            "defs",
            "use",
            "text",
            "clipPath",
            "rect",
            "image",
            "pattern",
        }
        attributes = {key for node in seen.tree(svg).iter() for key in node.attrib}
        assert not [key for key in attributes if key.startswith("on")]


def test_drawing_changes_no_setting_and_needs_no_pyplot():
    code = (
        "import sys, sipakit, sipakit.explanation\n"
        "assert 'matplotlib' not in sys.modules\n"
        "import matplotlib as mpl\n"
        # asking for the backend is what imports pyplot
        "settings = lambda: {k: mpl.rcParams[k] for k in mpl.rcParams if k != 'backend'}\n"
        "before = settings()\n"
        "from tests.plots import made\n"
        "for _, e, kind in made.one_of_each(2, 1):\n"
        "    display = e.plot(kind); display.svg(); display._repr_png_()\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_settings_are_restored_when_drawing_fails(monkeypatch):
    display = draw(made.importances())
    monkeypatch.setattr(display.figure_, "savefig", lambda *_, **__: 1 / 0)
    before = mpl.rcParams["svg.fonttype"]
    with pytest.raises(ZeroDivisionError):
        display.svg()
    assert mpl.rcParams["svg.fonttype"] == before


def test_pictures_may_be_drawn_in_threads():
    explanation = made.importances(60)
    expected = draw(explanation).svg()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: draw(explanation).svg(), range(8))) == {expected}


def test_an_unknown_kind_names_those_that_there_are():
    for explanation_type, kinds in KINDS.items():
        explanation = next(e for _, e, _ in CASES if type(e) is explanation_type)
        with pytest.raises(InputError, match="pie") as error:
            draw(explanation, "pie")
        assert all(repr(kind) in str(error.value) for kind in kinds)


def test_what_is_no_explanation_cannot_be_drawn():
    with pytest.raises(InputTypeError, match="int"):
        draw(3)


@pytest.mark.parametrize(("explanation", "kind"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_axes_of_the_caller_are_used_and_the_figure_is_left_alone(explanation, kind):
    figure = Figure(figsize=(6, 4))
    other, axes = figure.subplots(1, 2)
    line = axes.plot([0, 1], [0, 1])[0]
    patch = axes.bar([0], [0.1])[0]
    display = explanation.plot(kind, ax=axes)
    assert isinstance(display, Display)
    assert display.ax_ is axes
    assert display.figure_ is figure
    assert line in axes.lines
    assert patch in axes.patches
    assert not other.lines
    assert figure.get_layout_engine() is None
    assert figure.get_suptitle() == ""
    assert tuple(figure.get_size_inches()) == (6, 4)
    assert "1 of 2" in seen.whole(display) or kind == "beeswarm"


def test_axes_of_a_part_of_a_figure_are_used():
    figure = Figure()
    part = figure.subfigures(1, 2)[1]
    axes = part.subplots()
    display = draw(made.effects(), ax=axes)
    assert display.figure_ is figure
    assert display.ax_ is axes
    display.svg()


def test_several_panels_are_an_array_of_axes_and_one_panel_is_axes():
    several, one = draw(made.effects(3)), draw(made.effects(1))
    assert list(several.ax_) == several.figure_.axes
    assert [one.ax_] == one.figure_.axes
