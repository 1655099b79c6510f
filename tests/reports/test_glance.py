"""Results at a glance, as text and as HTML."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.caveats import caveat
from sipakit.explanation import Cost
from sipakit.plots.labels import width
from sipakit.reports.glance import glance_of
from tests.documents.made import CASES, real
from tests.plots import made
from tests.variants import VARIANTS

IDS = [case[0] for case in CASES]
ALL = [case[1] for case in CASES]
NAUGHTY = (
    "<script>alert(1)</script>",
    "\u202eabc",
    "x" * 300,
    "a\x00b",
    "\ud800",
    "<img src=x onerror=alert(1)>",
    "\"'>",
)


class Seen(HTMLParser):
    """Elements, attributes and text of a page, every element closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.texts = [], set(), [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_explainer_tells_its_numbers_error_and_cost(variant):
    if "Gradients" in variant:
        pytest.importorskip("torch")
    e = real(variant)
    text = repr(e)
    assert max(map(width, text.splitlines())) <= 100
    assert len(text.splitlines()) <= 24
    assert e.question.split()[0] in text.splitlines()[0]
    for word in ("Error", "Cost", *(one.code for one in e.caveats)):
        assert word in text
    parallel = isinstance(e, sp.Regions) and not e.before.values.any()  # nothing that is told has an error
    if np.isfinite(e.std_error).all() and (e.std_error > 0).any() and not parallel:
        assert " to " in text
    assert "nan" not in text
    Seen(e._repr_html_())


@pytest.mark.parametrize("explanation", ALL, ids=IDS)
def test_text_is_short_plain_and_at_most_a_hundred_columns(explanation):
    text = repr(explanation)
    assert all(line.isprintable() for line in text.splitlines())
    text.encode("utf-8")
    assert max(map(width, text.splitlines())) <= 100
    assert len(text.splitlines()) <= 24
    lines = text.splitlines()
    head = lines[lines.index("") + 1]
    rows = lines[lines.index("") + 2 : lines.index("") + 2 + len(glance_of(explanation).lines)]
    assert rows
    assert all(width(row) <= max(width(head), *map(width, rows)) for row in rows)


@pytest.mark.parametrize("explanation", ALL, ids=IDS)
def test_html_is_well_formed_and_harmless(explanation):
    text = explanation._repr_html_()
    text.encode("utf-8")
    seen = Seen(text)
    assert set(seen.tags) <= {"div", "table", "thead", "tbody", "tr", "th", "td", "bdi", "b", "ul", "li"}
    assert seen.attributes <= {"style", "scope", "title"}
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ufffe]", text)
    assert len(text) < 20_000


@pytest.mark.parametrize("name", NAUGHTY)
def test_a_hostile_name_is_only_text(name):
    header = pd.Index([name, "b"], dtype=object)
    frame = pd.DataFrame([[0.0, 1.0], [1.0, 0.0], [3.0, 2.0]], columns=header)
    study = sp.explain(lambda X: np.asarray(X)[:, 0], frame, methods=["ale", "partial-dependence"])
    study = study.described(unit=name, model=name, note=name)
    for one in (study, *study.values()):
        seen = Seen(one._repr_html_())
        assert {"script", "img"}.isdisjoint(seen.tags)
        assert seen.attributes <= {"style", "scope", "title"}
        assert max(map(width, repr(one).splitlines())) <= 100
        assert all(line.isprintable() for line in repr(one).splitlines())
        if "<" in name:
            assert any(name[:8] in text for text in seen.texts)


def test_the_largest_come_first_and_the_rest_is_counted():
    e = made.importances(9)
    seen = glance_of(e)
    assert len(seen.lines) == 6
    assert seen.lines[0][0] == e.features[int(e.values[:, 0].argmax())][:22]
    assert seen.more == "6 of 9 features; frame() has all."
    assert glance_of(made.importances(3)).more == ""


def test_an_effect_is_told_by_its_ends():
    X = np.arange(10.0)[:, None]
    e = sp.PartialDependence(centred=False).explain(lambda X: (X[:, 0] - 3) ** 2, X)
    (line,) = glance_of(e).lines
    assert line == ("x0", "0", "3", "36", "9")


def test_a_row_is_told_with_its_own_values():
    X = np.array([[2.0, 1.0], [0.0, 5.0]])
    e = sp.CeterisParibus(background=X).explain(lambda X: X[:, 0] + 10 * X[:, 1], X[:1])
    assert glance_of(e).lines == (("x1", "1", "12", "1", "52", "5"), ("x0", "2", "10", "0", "12", "2"))
    assert "prediction 12" in glance_of(e).size


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (None, "probability of yes 80 % = 55 % on average + attributions, in probability points"),
        ("log_odds", "log-odds of yes 1.39 = 0.27 on average + attributions"),
    ],
)
def test_a_prediction_is_told_with_its_unit_once(output, told):
    X = np.array([[0.8, 0.0], [0.3, 0.0]])
    model = sp.adapt(lambda X: X[:, 0], classes=["no", "yes"])
    e = sp.Shapley(background=X, output=output).explain(model, X[:1])
    assert glance_of(e).size == f"1 row, 2 features. Row 0: {told}"
    plain = sp.Shapley(background=X).explain(lambda X: X[:, 0], X[:1])
    assert glance_of(plain).size == "1 row, 2 features. Row 0: prediction 0.80 = 0.55 on average + attributions"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_prediction_has_no_unit_of_its_own(variant):
    if "Gradients" in variant:
        pytest.importorskip("torch")
    text = " ".join(repr(real(variant)).split())
    assert not re.search(r"prediction [\d.,]+ units|prediction, in units of the pred|log-odds, in log-odds", text)
    assert not re.search(r"\b1 (model rows|gradient rows|refits|rows|features)\b", text)


def test_one_row_is_one_row():
    assert "Cost      1 model row, 0.00 s" in repr(replace(made.importances(), cost=Cost(rows=1)))
    assert str(Cost(rows=1, asked=1)).startswith("1 model row, for 1 virtual row and")


def test_a_long_rule_is_told_in_full_on_several_lines():
    levels = ["married with a civil spouse", "never married before", "divorced"]
    X = pd.DataFrame({"marital status of the person": levels * 40, "years of education": np.arange(120.0)})
    e = sp.GlobalSurrogate(max_depth=2).explain(
        lambda X: (X.iloc[:, 0] == levels[0]).to_numpy() * X.iloc[:, 1].to_numpy(), X
    )
    text = repr(e)
    assert max(map(width, text.splitlines())) <= 100
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    rule = max(e.terms, key=len)
    assert len(rule) > 70
    assert rule[-20:] in text


def test_what_is_serious_is_said():
    e = replace(made.importances(), caveats=(caveat("SIPA012", "It is."), *2 * (caveat("SIPA010", "So."),)))
    assert "SIPA012 the model's answers are random: do not rely on the numbers" in repr(e)
    assert "SIPA010 the explained rows serve as background (2 messages)" in repr(e)
    assert "Do not rely on the numbers." in e._repr_html_()


def test_nothing_paid_is_said_as_nothing():
    assert "nothing was asked of a model" in repr(replace(made.importances(), cost=Cost()))


def test_a_study_tells_findings_costs_and_caveats():
    X = np.random.default_rng(0).normal(size=(60, 3))
    study = sp.explain(lambda X: X[:, 0] * X[:, 1], X, X[:, 0] * X[:, 1])
    text, seen = repr(study), Seen(study._repr_html_())
    assert max(map(width, text.splitlines())) <= 100
    assert study.findings()[0] in " ".join("".join(seen.texts).split())
    for name, result in study.items():
        assert name in text
        assert f"{result.cost.rows:,}" in text
        assert any(name in told for told in seen.texts)
