"""How sure an order is, against runs that were really made with other backgrounds and seeds."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

import sipakit as sp
from sipakit.errors import InputError, InputTypeError
from sipakit.estimate import Estimate
from tests.plots import made


def predict(X):
    return (
        X[:, 0] * X[:, 1]
        + np.sin(2 * X[:, 2])
        + 0.8 * X[:, 3]
        + 0.6 * np.abs(X[:, 4])
        + 0.5 * X[:, 5] * X[:, 3] * X[:, 0]
    )


def runs(replicates, *, count=12, n=60):
    """The same rows with disjoint backgrounds of 100 rows, each with a seed of its own."""
    X = np.random.default_rng(0).normal(size=(n, 6))
    behind = np.random.default_rng(1).normal(size=(count, 100, 6))
    return [
        sp.Shapley(background=Z, estimator="permutation", replicates=replicates, random_state=seed).explain(predict, X)
        for seed, Z in enumerate(behind)
    ]


def kept(one, two):
    """Share of rows in which two runs agree: on the first feature, on the first four, and on their order."""
    a, b = (np.argsort(-np.abs(e.values[:, :, 0]), axis=1)[:, :4] for e in (one, two))
    return [
        (a[:, 0] == b[:, 0]).mean(),
        (np.sort(a, axis=1) == np.sort(b, axis=1)).all(axis=1).mean(),
        (a == b).all(axis=1).mean(),
    ]


@pytest.mark.parametrize("replicates", [16, 0])
def test_expected_shares_are_those_of_other_backgrounds_and_seeds(replicates):
    made_ = runs(replicates)
    expected = np.mean([e.rank_stability().shares()["share"] for e in made_], axis=0)
    measured = np.mean([kept(*pair) for pair in combinations(made_, 2)], axis=0)
    # over 30 backgrounds: expected 0.86, 0.57 and 0.27, measured 0.83, 0.53 and 0.23
    np.testing.assert_allclose(expected, measured, atol=0.08)
    assert 0.15 < measured[2] < 0.35 < measured[1] < 0.65 < measured[0]


def test_rows_that_are_called_sure_are_kept_and_others_are_not():
    made_ = runs(16)
    leading = np.array([np.argsort(-np.abs(e.values[:, :, 0]), axis=1)[:, 0] for e in made_])
    chance, agreed = [], []
    for s, e in enumerate(made_):
        chance.append(e.rank_stability(top=1).first_kept[:, 0])
        agreed.append((np.delete(leading, s, axis=0) == leading[s]).mean(axis=0))
    chance, agreed = np.concatenate(chance), np.concatenate(agreed)
    assert agreed[chance > 0.95].mean() > 0.95
    assert agreed[chance < 0.7].mean() < 0.75


def test_two_features_keep_their_order_as_normal_differences_do():
    values = np.array([[[2.0], [1.5]]])
    e = made.attributions(2, n=1, estimate=Estimate.within(values, 0.1, conf_level=0.95))
    told = e.rank_stability(top=1, by="up", draws=40_000)
    truth = stats.norm.cdf(0.5 / np.sqrt(4 * 0.1**2))
    assert abs(told.neighbours[0, 0, 0] - truth) < 4 * np.sqrt(truth * (1 - truth) / 40_000)
    assert told.neighbours[0, 0, 0] == told.first_kept[0, 0]


def test_errors_that_go_together_leave_the_order_sure():
    values, rng = np.array([[[2.0], [1.5]]]), np.random.default_rng(0)
    shift = rng.normal(size=16)
    shift = (shift - shift.mean()) / shift.std(ddof=1) * 4  # both features move by the same
    e = made.attributions(2, n=1, estimate=Estimate.within(values, 1.0, conf_level=0.95))
    together = dataclasses.replace(e, replicates=values + shift[:, None, None, None])
    assert together.rank_stability(top=1, by="up").first_kept.item() == 1.0
    assert e.rank_stability(top=1, by="up").first_kept.item() < 0.8


def test_values_without_error_keep_their_order_and_ties_keep_the_features_order():
    values = np.array([[[1.0], [-3.0], [1.0]], [[0.0], [0.0], [0.0]]])
    e = made.attributions(3, n=2, estimate=Estimate.exact(values))
    told = e.rank_stability(top=3)
    assert told.order[:, :, 0].tolist() == [[1, 0, 2], [0, 1, 2]]
    assert (told.order_kept == 1).all()
    assert e.rank_stability(top=2, by="down").order[0, :, 0].tolist() == [1, 0]


def test_what_is_left_out_is_said():
    e = made.attributions(3, 2, n=4)
    told = e.rank_stability()
    assert [one.code for one in told.caveats] == ["SIPA046"]
    assert told.error.startswith("Errors of a row's values are taken as independent of each other.")
    assert told.top == 3
    frame = told.frame()
    assert len(frame) == 8
    assert {"feature_1", "feature_3", "first_kept", "set_kept", "order_kept", "weakest_step"} <= set(frame.columns)
    assert (told.set_kept == 1).all()  # all features are always a set
    assert "class A" in repr(told)


def test_the_numbers_follow_from_the_seed():
    e = made.attributions(4, n=5)
    one, two, other = (e.rank_stability(random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.order_kept, two.order_kept)
    assert (one.order_kept != other.order_kept).any()


def test_what_cannot_be_asked_is_refused_by_name():
    e = made.attributions(3, n=2)
    with pytest.raises(InputError, match=r"top=0 is too small.*from 1"):
        e.rank_stability(top=0)
    with pytest.raises(InputTypeError, match=r"draws=2.5 is no whole number"):
        e.rank_stability(draws=2.5)
    with pytest.raises(InputError, match=r"by='left'.*'size', 'up', 'down'"):
        e.rank_stability(by="left")
    unknown = dataclasses.replace(e, estimate=Estimate.unknown(e.values))
    with pytest.raises(InputError, match=r"errors of these Shapley values are not known"):
        unknown.rank_stability()
