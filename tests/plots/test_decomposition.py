"""The pictures of decompositions: effects on one scale, shares as bars."""

import dataclasses

import numpy as np
import pytest

import sipakit as sp
from sipakit.plots import draw
from sipakit.plots.shares import share_text
from tests.plots import made, seen


def test_main_effects_share_one_upright_scale_and_come_by_their_shares():
    explanation = made.decomposition(6)
    display = draw(explanation)
    mains = display.ax_[:6]
    assert len({panel.get_ylim() for panel in mains}) == 1
    titles = [panel.get_title() for panel in mains]
    assert [float(title.split(" ")[0].replace("\N{MINUS SIGN}", "-")) for title in titles] == sorted(
        [float(share_text(explanation, s, 0).split(" ")[0]) for s in range(6)], reverse=True
    )


def test_a_curve_is_the_mean_of_the_component_at_each_place():
    X = np.repeat([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]], 4, axis=0)
    e = sp.FunctionalDecomposition().explain(lambda Z: Z[:, 0] ** 2, X)
    panel = draw(e).ax_[0]
    (line,) = (one for one in panel.lines if len(one.get_xdata()) == 3)
    np.testing.assert_allclose(line.get_xdata(), [0, 1, 2])
    np.testing.assert_allclose(line.get_ydata(), np.array([0, 1, 4]) - 5 / 3)


def test_shares_are_sorted_and_the_rest_is_the_last_bar():
    explanation = made.decomposition(5, triples=True)
    text = [label.get_text() for label in draw(explanation, "shares").ax_.get_yticklabels()]
    assert text[-1] == "rest"
    assert len(text) == 15


def test_a_total_apart_from_its_share_is_told_beside_it():
    X = np.random.default_rng(0).normal(size=(60, 2))
    e = sp.FunctionalDecomposition(n_draws=None).explain(lambda X: X[:, 0] * X[:, 1], X)
    display = draw(e, "shares")
    beside = [text for text in seen.texts(display) if ", total " in text]
    assert len(beside) == 2
    note = next(text for text in display.ax_.texts if ", total " in text.get_text())
    assert note.get_ha() == "left"  # outside its diamond, whatever the sign of the share


@pytest.mark.parametrize("kind", ["effects", "shares"])
def test_groups_have_no_curve_and_are_told_of(kind):
    X = np.random.default_rng(0).normal(size=(40, 4))
    groups = {"left": ["x0", "x1"], "right": ["x2", "x3"]}
    e = sp.FunctionalDecomposition(groups=groups, n_draws=20).explain(lambda Z: Z[:, 0] * Z[:, 2], X)
    assert "left" in seen.whole(draw(e, kind))


def test_the_callers_axes_take_the_largest_main_effect():
    from matplotlib.figure import Figure

    explanation = made.decomposition(4)
    axes = Figure(figsize=(6, 4)).subplots()
    assert draw(explanation, ax=axes).ax_ is axes
    largest = explanation.sets[int(np.argmax(explanation.values[:4, 0]))][0]
    assert axes.get_xlabel()[:8] == str(largest)[:8]


def test_an_output_that_does_not_vary_has_no_share():
    explanation = made.decomposition(3)
    parts = {**explanation.estimate.parts, "structural": np.full(explanation.values.shape, np.nan)}
    still = dataclasses.replace(explanation, estimate=dataclasses.replace(explanation.estimate, parts=parts))
    assert share_text(still, 0, 0) == "no share"
    assert "does not vary" in draw(still).title
