"""Coalitions are all sets, and their weights give the Shapley values of any game."""

from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sipakit.sample import all_coalitions, shapley_weights

PLAYERS = [1, 2, 3, 4, 5]


def set_number(members):
    return sum(2**member for member in members)


def value_by_orders(game, u):
    """The mean of what each player adds, over all orders in which they may come."""
    added = np.zeros(u)
    for order in permutations(range(u)):
        for place, player in enumerate(order):
            added[player] += game[set_number(order[: place + 1])] - game[set_number(order[:place])]
    return added / factorial(u)


@pytest.mark.parametrize("u", PLAYERS)
def test_coalitions_are_all_sets_at_the_number_of_their_bits(u):
    sets = all_coalitions(u)
    assert sets.shape == (2**u, u)
    for size in range(u + 1):
        for members in combinations(range(u), size):
            assert tuple(np.flatnonzero(sets[set_number(members)])) == members


@pytest.mark.parametrize("u", PLAYERS)
def test_weights_are_the_shapley_kernel(u):
    weights = shapley_weights(u)
    for size in range(u):
        kernel = factorial(size) * factorial(u - size - 1) / factorial(u)
        for without in combinations(range(u), size):
            for player in set(range(u)) - set(without):
                assert weights[player, set_number(without)] == pytest.approx(-kernel)
                assert weights[player, set_number((*without, player))] == pytest.approx(kernel)


@given(st.sampled_from([2, 3, 4]).flatmap(lambda u: arrays(float, 2**u, elements=st.floats(-100, 100))))
def test_weights_give_the_mean_contribution_over_all_orders(game):
    u = len(game).bit_length() - 1
    np.testing.assert_allclose(shapley_weights(u) @ game, value_by_orders(game, u), atol=1e-10)


@pytest.mark.parametrize("u", [*PLAYERS, 12])
def test_values_add_up_from_the_empty_to_the_full_set(u):
    whole = np.zeros(2**u)
    whole[0], whole[-1] = -1, 1
    np.testing.assert_allclose(shapley_weights(u).sum(axis=0), whole, atol=1e-12)


def test_a_sum_gives_every_player_its_own_part():
    parts = np.random.default_rng(0).normal(size=10)
    np.testing.assert_allclose(shapley_weights(10) @ (all_coalitions(10) @ parts), parts)


@pytest.mark.parametrize("shared", [all_coalitions, shapley_weights])
def test_what_all_calls_share_cannot_be_written_to(shared):
    assert shared(3) is shared(3)
    with pytest.raises(ValueError, match="read-only"):
        shared(3)[0, 0] = 1
