"""The page: well formed, self-contained, without script, safe from names, the same bytes for the same results."""

from __future__ import annotations

import html
import itertools
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.reports.facts import facts_of, manifest_of
from sipakit.reports.figures import pictures
from sipakit.reports.page import Part, render
from sipakit.reports.subject import Subject, slug
from sipakit.reports.tables import spread_table, tabulate
from tests.plots import made

VOID = {"meta", "link", "br", "img", "hr", "input"}
HOSTS = ("https://doi.org/", "https://creativecommons.org/", "http://www.w3.org/")


class Reader(HTMLParser):
    """Checks nesting, and keeps elements with their attributes and the text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts, self.headings = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        self.texts.append(data)


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return reader


def subject(**changes):
    told = {
        "model": "a model", "n_rows": 20, "kinds": (("age", "number"), ("sex", "category")), "missing": (("sex", 3),),
        "outputs": ("prediction",), "scale": "prediction", "unit": "metres", "target": "height", "n_background": None,
        "rows": (17,), "weighted": False, "fingerprint": "abc",
    }  # fmt: skip
    return Subject(**{**told, **changes})


def part(results, **changes):
    named = {f"{i}-{e.explainer}": e for i, e in enumerate(results)}
    return Part(**{"title": "A study", "subject": subject(), "results": named, **changes})


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=90), "b": rng.integers(0, 2, 90), "word": rng.choice(["x", "y", None], 90)})
    y = X["a"] * X["b"] + (X["word"] == "x")
    methods = [
        "permutation-importance", "partial-dependence", "ice", "ale", "h-statistic", "global-surrogate", "shapley",
        sp.GlobalSurrogate(kind="linear"), "ceteris-paribus",
    ]  # fmt: skip
    model = lambda X: (X["a"] * X["b"] + (X["word"] == "x")).to_numpy(float)
    return sp.explain(model, X, y, rows=[4, 5], methods=methods).described(unit="metres")


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    study.report(path, title="Heights")
    return path.read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_has_its_landmarks(page):
    reader = read(page)
    assert page.startswith("<!DOCTYPE html>")
    tags = [tag for tag, _ in reader.elements]
    assert reader.elements[0] == ("html", {"lang": "en"})
    assert tags.count("main") == tags.count("h1") == tags.count("title") - tags.count("svg") == 1
    assert {"nav", "figure", "figcaption", "details", "summary", "table", "caption"} <= set(tags)


def test_headings_leave_out_no_level(page):
    levels = read(page).headings
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_ids_are_unique_and_links_inside_the_page_lead_somewhere(page):
    elements = read(page).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = [a["href"] for tag, a in elements if tag == "a" and a["href"].startswith("#")]
    assert inside
    assert {link[1:] for link in inside} <= set(ids)
    assert all(a.get("aria-labelledby", ids[0]).split()[0] in ids for _, a in elements)


def test_nothing_is_loaded_and_nothing_runs(page):
    for tag, attributes in read(page).elements:
        assert tag not in {"script", "iframe", "object", "embed", "link", "img", "base", "form", "audio", "video"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name == "xlink:href" or name in {"src", "srcset", "action", "data"}:
                assert value.startswith(("#", "data:image/png;base64,"))
            if name == "href":
                assert value.startswith(("#", *HOSTS))
    assert "url(http" not in page
    assert "@import" not in page


def test_every_figure_has_a_caption_a_table_and_an_svg_with_title_and_description(page):
    figures = re.findall(r"<figure>.*?</figure>", page, flags=re.DOTALL)
    assert len(figures) >= 10
    for figure in figures:
        assert figure.count("<figcaption>") == figure.count("<table>") == figure.count("<svg") == 1
        svg = figure[figure.index("<svg") : figure.index("</svg>") + 6]
        names = [child.tag.rpartition("}")[2] for child in ET.fromstring(svg)]
        assert names[:2] == ["title", "desc"]


def test_the_first_screen_says_what_how_much_and_how_far(page):
    card = page[page.index("<article") : page.index("</article>")]
    text = " ".join(re.sub(r"<[^>]+>", " ", card).split())
    assert "90 rows" in text
    assert "3 columns: 2 numbers, 1 category" in text
    assert "Permutation importance, Partial dependence" in text
    assert "Usable" in text
    assert "No interval covers a refit of the model." in text
    assert text.count("95 % interval:") >= 3


def test_every_caveat_is_shown_with_code_and_cure(page, study):
    caveats = {one for e in study.values() for one in e.caveats}
    assert caveats
    for one in caveats:
        assert page.count(f"{one.code}, {one.severity}: {one.title}") == 1
        assert one.message in html.unescape(page)
        assert one.cure in html.unescape(page)


def test_no_internal_names_no_addresses_no_dates_no_seconds(page):
    text = " ".join(read(re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL)).texts)
    assert "remainder__" not in text
    assert not re.search(r"0x[0-9a-f]{6}|\d\.\d+ s\b|20\d\d-\d\d-\d\d", text)
    lowered = text.lower()
    assert not [word for word in ("because of", "impact", "causes ", "caused") if word in lowered]


def test_equal_studies_give_equal_bytes_in_another_process(tmp_path):
    code = (
        "import numpy as np, sipakit as sp\n"
        "X = np.random.default_rng(0).normal(size=(60, 3))\n"
        "methods = ['permutation-importance', 'ale', 'shapley']\n"
        "sp.explain(lambda X: X[:, 0] * X[:, 1], X, X[:, 0], rows=[1], methods=methods).report(r'{}')"
    )
    pages = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.html"
        subprocess.run([sys.executable, "-c", code.format(path)], check=True, timeout=120)
        pages.append(path.read_bytes())
    assert pages[0] == pages[1]


def test_every_type_of_result_is_shown_whatever_the_names():
    names = ['<script>alert("1")</script>', '" onload="alert(1)', "-->"]
    for k in (1, 2):
        shown = [e for _, e, _ in made.one_of_each(3, k, names=names)]
        told = subject(model="<b>model</b>", target="</title>", kinds=(("]]>", "number"),), note="\u202eturned\x00")
        text = render([part(shown, subject=told, title="<i>&title")], "</title><script>x</script>")
        elements = read(text).elements
        assert "script" not in {tag for tag, _ in elements}
        assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
        assert not set(text) & set("\u202e\x00\x0b\ud800")
        assert "&lt;b&gt;model&lt;/b&gt;" in text


@pytest.mark.parametrize("name", made.HOSTILE, ids=ascii)
def test_hostile_names_leave_the_page_well_formed(name):
    text = render([part([made.importances(3, names=[name, "b", "c"])])], str(name))
    read(text)
    text.encode("utf-8")


def test_several_studies_share_a_page():
    text = render([part([made.importances(3)]), part([made.effects(2)], title="Another")], "Both")
    reader = read(text)
    ids = [a["id"] for _, a in reader.elements if "id" in a]
    assert {"s1", "s2", "s1-caveats", "s2-caveats"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_tables_say_once_what_never_changes_and_what_was_left_out():
    table = tabulate(made.importances(3))
    assert table.head == ("feature", "increase of the loss", "interval")
    assert table.caption == "metric: mean squared error; 95 % intervals"
    long = tabulate(made.attributions(60, 2, n=10))
    assert len(long.lines) == 500
    assert long.note == "The first 500 of 1,200 lines."
    assert all(len(line) == len(long.head) for line in long.lines)


def test_few_rows_get_a_picture_each_and_many_share_one():
    assert [f.name for f in pictures(made.attributions(3, n=3))] == ["row-17", "row-18", "row-19"]
    assert [f.name for f in pictures(made.attributions(3, n=30))] == ["rows"]
    e = made.attributions(3, n=4)
    np.testing.assert_array_equal(e[2].values, e.values[2:3])


def test_facts_name_unit_missing_cells_and_how_rows_were_chosen():
    facts = dict(facts_of(subject(), [made.importances(2)]))
    assert facts["Missing cells"] == "sex (3 of 20)"
    assert facts["What is explained"] == "prediction, in metres"
    assert "not known" in facts["How they were chosen"]
    assert facts["Model on these rows"].startswith("root mean squared error ")
    chance = dict(facts_of(subject(scale="probability", outputs=("yes",), unit=None, note="Held out."), []))
    assert chance["What is explained"] == "probability of yes, in probability points"
    assert chance["How they were chosen"] == "Held out."


def test_the_manifest_is_told():
    told = dict(manifest_of([sp.ALE().explain(lambda X: X[:, 0], np.eye(3))]))
    assert "sipakit" in told["Versions"]
    assert told["Seed"] == "0"


def test_slugs_are_plain():
    for name in ("../../evil", "..", "x" * 300, "\x00", "CON", "ALE: \u202e", "日本"):
        assert re.fullmatch(r"[a-z0-9-]{1,40}", slug(name))


def test_templates_quote_attributes_and_trust_nothing():
    for path in (Path(sp.__file__).parent / "reports").glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        assert "|safe" not in text.replace(" ", "")
        assert not re.search(r"=\s*\{\{", text), f"{path.name} has an unquoted attribute"
        assert "<script" not in text


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_a_contrast_of_seven_to_one_or_nearly_in_both_schemes():
    style = (Path(sp.__file__).parent / "reports" / "style.css.j2").read_text()
    for scheme in style.split("@media (prefers-color-scheme: dark)")[:2]:
        colours = dict(
            re.findall(r"--([a-z]+): (#[0-9a-f]{6})", scheme[: scheme.index("* {")] if "* {" in scheme else scheme)
        )
        for paper in ("paper", "card"):
            for ink in ("ink", "soft", "link", "info", "caution", "serious"):
                pair = sorted([luminance(colours[ink]), luminance(colours[paper])])
                ratio = (pair[1] + 0.05) / (pair[0] + 0.05)
                assert ratio >= 4.5, f"{ink} on {paper}: {ratio:.1f}"


def test_a_comparison_is_told_and_tabulated():
    X = np.random.default_rng(0).normal(size=(40, 4))
    methods = [sp.Shapley(background=X[:10]), sp.Shapley(background=X[:10], random_state=1)]
    study = sp.explain(lambda X: X[:, 0] * X[:, 1] + X[:, 2], X[20:], methods=methods)
    compared = replace(study, comparisons=(sp.compare(dict(study)),))
    assert any("rank correlation over the features" in text for text in compared.findings())
    told = render(
        [Part(title="t", subject=study.subject, results=study.results, comparisons=compared.comparisons)], "t"
    )
    read(told)
    assert "Methods side by side" in told
    assert "the parts miss the prediction by nothing but rounding" in told
    assert "length of the difference" in told


def test_drawing_ahead_gives_the_same_page():
    results = [made.importances(3), made.effects(2)]
    ahead = part(results)
    assert ahead.draw() == sum(len(f.svg) for drawn in ahead.figures.values() for f in drawn)
    assert render([ahead], "x") == render([part(results)], "x")


def test_how_far_single_rows_are_from_each_curve_is_a_line_a_feature():
    X = np.random.default_rng(0).normal(size=(60, 3))
    e = sp.PartialDependence(features=["x0", "x1", "x2", ("x0", "x1")]).explain(lambda X: X[:, 0] * X[:, 1], X)
    table = spread_table(e, "euros")
    assert table.head == ("feature", "distance, in euros", "interval")
    assert sorted(line[0] for line in table.lines) == ["x0", "x1", "x2"]
    assert table.lines[-1] == ("x2", "0", "exact")
    assert "from the mean curve" in render([part([e])], "One")
    assert spread_table(sp.ICE().explain(lambda X: X[:, 0], X)) is None
