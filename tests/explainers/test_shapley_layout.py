"""How the draws of Shapley values are laid out over the background, and repeated."""

from dataclasses import replace

import numpy as np

import sipakit as sp
from sipakit.aggregate import Combined, Moments, Update
from sipakit.engine.ground import prepare_ground
from sipakit.explainers.shapley_layout import Errors, Layout
from tests.explainers import mixed


def design(behind, **changed):
    explainer = sp.Shapley(background=behind, estimator="permutation")
    ground = prepare_ground(mixed.score, mixed.table(1), None, None, behind, None)
    task = ground.task(explainer)
    return explainer.design(replace(task, **changed))


def test_few_background_rows_have_several_orders_each():
    layout: Layout = design(mixed.table(30))
    assert (len(layout.donors), layout.orders, layout.used, layout.behind) == (30, 5, 30, 30)


def test_many_background_rows_are_paired_with_their_neighbours():
    layout: Layout = design(mixed.table(1100))
    assert layout.donors.shape == (512, 2)
    assert len(np.unique(layout.donors)) == 1024
    assert (layout.donors[:, 0] != layout.donors[:, 1]).all()
    assert (layout.weights == 1).all()


def test_orders_that_pairs_leave_go_to_the_rows_that_are_least_alike():
    behind = mixed.table(600)
    layout: Layout = design(behind)
    alone = layout.donors[:, 0] == layout.donors[:, 1]
    assert (len(layout), alone.sum()) == (512, 424)
    assert len(np.unique(layout.donors)) == layout.weights.sum() == 600
    assert (layout.weights == np.where(alone, 1, 2)).all()
    score = mixed.score(behind)
    apart = np.abs(score[layout.donors[~alone, 0]] - score[layout.donors[~alone, 1]])
    assert apart.mean() < np.abs(np.diff(score[layout.donors[alone, 0]])[::2]).mean()


def test_a_small_budget_spreads_its_rows_over_the_predictions():
    behind = mixed.table(600)
    layout: Layout = design(behind, budget=14 * 20)
    assert layout.donors.shape == (20, 2)
    rank = np.argsort(np.argsort(mixed.score(behind)))[layout.donors.ravel()]
    assert (np.bincount(rank * 10 // 600, minlength=10) == 4).all()  # four of forty in every tenth


def test_a_tolerance_wants_orders_whose_error_can_be_told():
    layout: Layout = design(mixed.table(300), tolerance=0.1)
    assert (len(layout), layout.orders, layout.apart, layout.ladder) == (300, 2, True, None)
    layout = design(mixed.table(1), tolerance=0.1)
    assert (len(layout), layout.orders, layout.apart) == (128, 1, False)


def test_many_background_rows_are_drawn_anew_from_strata():
    behind = mixed.table(1200)
    layout: Layout = design(behind, tolerance=0.1)
    assert (len(layout), layout.orders) == (512, 1)
    rank = np.argsort(np.argsort(mixed.score(behind)))
    first, second = (layout.donors_of(np.arange(512), np.random.default_rng(seed)) for seed in (0, 1))
    assert (first[:, 0] == first[:, 1]).all()
    assert (first != second).any()
    for donors in (first, second):
        assert (np.abs(rank[donors[:, 0]] - (np.arange(512) + 0.5) * 1200 / 512) < 4).all()


def test_errors_are_those_of_the_background_and_of_the_orders():
    """50 background rows of variance 9, two orders each whose mean has variance 1, three times over."""
    rng = np.random.default_rng(0)
    layout = Layout("permutation", np.zeros((50, 2), np.intp), np.ones(50), 2, 50, 50, apart=True)
    found = []
    for _ in range(300):
        own = 3 * rng.normal(size=50)
        state = Combined({name: Moments.zero(1, 1) for name in ("draws", "within")})
        for _ in range(3):
            orders = own[:, None] + np.sqrt(2) * rng.normal(size=(50, 2))
            seen = {"draws": orders.mean(axis=1), "within": orders.var(axis=1, ddof=1) / 2}
            state.update({name: Update(np.zeros(50, np.intp), value[:, None]) for name, value in seen.items()})
        errors = Errors.of(layout, state)
        assert errors.repeats.tolist() == [3.0]
        assert errors.df.ravel().tolist() == [49.0]
        found.append([errors.std_error.item() ** 2, errors.chance.item() ** 2])
    np.testing.assert_allclose(np.mean(found, axis=0), [9 / 50 + 1 / 150, 1 / 150], rtol=0.05)
