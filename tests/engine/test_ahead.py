"""What is going to be asked, looked at before it runs."""

import time

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.engine.ahead import Ahead, Seen, helped, rows_of, time_told
from sipakit.engine.budget import Budget
from sipakit.engine.ground import prepare_ground
from sipakit.engine.pace import Pace

rng = np.random.default_rng(0)
X, BEHIND = rng.normal(size=(40, 5)), rng.normal(size=(20, 5))
LEVELS = pd.DataFrame({"a": list("xyz") * 100, "b": list("pq") * 150, "c": np.arange(300) // 6 % 4})


def product(Z):
    return Z[:, 0] * Z[:, 1]


def by_level(Z):
    return (Z["a"] == "x") * 1.0 + Z["c"]


def ahead(explainer, left=None, model=product, data=X):
    return Ahead.of(explainer, prepare_ground(model, data, None, None, explainer.param("background"), None), left)


def test_rows_that_differ_are_all_counted():
    lime = ahead(sp.LIME(background=BEHIND, n_samples=256))
    assert lime.seen(lime.rounds[0]).share == pytest.approx(1, abs=0.02)
    assert lime.need == 40 * 256


def test_equal_rows_are_counted_once_and_known_ones_not_at_all():
    curves = ahead(sp.PartialDependence(features=["b"]), model=by_level, data=LEVELS)
    different = len(LEVELS.drop_duplicates())  # every combination occurs: rows with another b are rows of the table
    assert different == 24
    assert curves.seen(curves.rounds[0]).share == pytest.approx(1e-3)  # none is left to ask: the least share


def test_rows_designed_for_more_are_looked_at_anew():
    """Of five features there are few coalitions, and more orders meet the same ones again."""
    shapley = sp.Shapley(background=BEHIND, estimator="permutation")
    few, many = (ahead(shapley, left) for left in (40 * 20 * 8, 40 * 20 * 8 * 50))
    assert many.seen(many.rounds[0]).share < few.seen(few.rounds[0]).share / 3


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("gone", [0, 3])
@pytest.mark.parametrize("a_row", [1e-5, 1e-3])
def test_rows_of_a_time_fill_most_of_it_at_the_usual_pace(a_row, gone, workers):
    wide, behind = rng.normal(size=(40, 12)), rng.normal(size=(20, 12))
    explainer = sp.Shapley(background=behind, estimator="permutation")
    ground = prepare_ground(product, wide, None, None, behind, None)
    pace = Pace(a_row, a_row, a_row, 0)
    rows = rows_of(Budget(seconds=30.0), explainer, ground, workers, lambda: pace, lambda: float(gone))
    different = Ahead.of(explainer, ground, rows)
    share = different.seen(different.rounds[0]).share
    took = gone + (60 + (rows - 60) * share / workers) * a_row
    assert 0.2 * 30 < took < 30  # the rest is spare, and time beside the model


def test_time_beside_the_model_counts():
    assert Seen(share=0.5, beside=1e-6).seconds(4e-6) == pytest.approx(3e-6)


def test_a_budget_in_rows_is_taken_as_it_is():
    ground = prepare_ground(product, X, None, None, None, None)
    unasked = lambda: pytest.fail("the pace does not matter")
    assert rows_of(Budget(rows=7), sp.ALE(), ground, 1, unasked) == 7
    assert rows_of(None, sp.ALE(), ground, 1, unasked) is None


def test_workers_help_less_than_by_their_number():
    assert [helped(n) for n in (1, 2)] == [1, 1.8]


def test_a_study_of_levels_uses_most_of_its_time():
    """Equal rows are asked once, so that far more virtual rows than model rows fit in."""

    def slow(Z):
        time.sleep(2e-4 * len(Z))
        return by_level(Z).to_numpy()

    shapley = sp.Shapley(background=LEVELS.head(12), estimator="permutation")
    cost = shapley.explain(slow, LEVELS.head(4), budget="1s").cost
    assert cost.asked > 5 * 1 / 2e-4


@pytest.mark.parametrize(("seconds", "told"), [(1e-5, "1 ms"), (0.5, "500 ms"), (99, "99.0 s"), (150, "2.5 min")])
def test_times_are_told_as_a_person_reads_them(seconds, told):
    assert time_told(seconds) == told
