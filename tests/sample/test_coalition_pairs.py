"""Pairs of a coalition and its complement, dealt to samples."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipakit.sample import paired_coalitions


@given(
    u=st.integers(2, 14),
    samples=st.integers(1, 20),
    seed=st.integers(0, 9),
    share=st.floats(0, 1),
    nested=st.booleans(),
)
def test_a_sample_has_no_pair_twice_and_every_size_its_share(u, samples, seed, share, nested):
    every = 2 ** (u - 1) - 1
    size = max(int(share * min(every, 60)), 1)
    sets, weights, rest = paired_coalitions(samples, size, u, np.random.default_rng(seed), nested=nested)
    assert sets.shape == (samples, size, u)
    assert weights.shape == rest.shape == (samples, size)
    number = sets.sum(axis=2)
    assert number.min() >= 1
    assert (2 * number <= u).all()
    for own in sets:
        pairs = {tuple(sorted((tuple(one), tuple(~one)))) for one in own.tolist() for one in [np.array(one)]}
        assert len(pairs) == size
    assert (weights > 0).all()
    assert ((rest >= 0) & (rest < 1)).all()


@pytest.mark.parametrize("u", [3, 4, 7, 8])
def test_all_pairs_have_the_weights_of_the_shapley_kernel(u):
    every = 2 ** (u - 1) - 1
    (sets,), (weights,), (rest,) = paired_coalitions(1, every, u, np.random.default_rng(0))
    assert len(np.unique(sets, axis=0)) == every
    size = sets.sum(axis=1)
    kernel = np.array([(u - 1) / (comb(u, s) * s * (u - s)) for s in size.tolist()])
    np.testing.assert_allclose(weights, 2 * kernel)  # of a coalition and its complement
    np.testing.assert_array_equal(rest, 0)


@pytest.mark.parametrize("u", [5, 8, 13])
def test_nested_pairs_are_met_along_an_order_and_tell_a_line(u):
    sets, _, _ = paired_coalitions(6, u + 2, u, np.random.default_rng(0), nested=True)
    for own in sets:
        both = np.vstack([own, ~own])
        found = {tuple(one) for one in both.tolist()}
        assert sum(_is_chain(found, one, u) for one in np.eye(u, dtype=bool)) >= 2  # an order, and its reverse
        assert np.linalg.matrix_rank(2.0 * own - 1) == u


def _is_chain(found, one, u):
    """Whether some order that starts with ``one`` meets only sets that were found."""
    reached = [one] if tuple(one.tolist()) in found else []
    for _ in range(u - 2):
        reached = [
            more
            for held in reached
            for j in np.flatnonzero(~held)
            for more in [held | np.eye(u, dtype=bool)[j]]
            if tuple(more.tolist()) in found
        ]
    return bool(reached)


def test_weights_stand_for_the_pairs_that_were_not_drawn():
    _, every, _ = paired_coalitions(1, 2**8 - 1, 9, np.random.default_rng(0))
    _, some, _ = paired_coalitions(7, 40, 9, np.random.default_rng(1))
    np.testing.assert_allclose(some.sum(axis=1), every.sum())


def test_samples_together_cover_the_pairs_evenly():
    """28 pairs of two of eight features, 64 samples: each as often as any other, but for one."""
    sets, _, _ = paired_coalitions(64, 20, 8, np.random.default_rng(0))
    flat = sets.reshape(-1, 8)
    for s in (1, 2, 3):
        found = flat[flat.sum(axis=1) == s]
        times = [int((found[:, list(one)].sum(axis=1) == s).sum()) for one in combinations(range(8), s)]
        assert max(times) - min(times) <= 1, (s, times)
    share = np.bincount(flat.sum(axis=1), minlength=5)[1:] / len(flat)
    np.testing.assert_allclose(share, [2 / 7, 2 / 7, 2 / 7, 1 / 7], atol=0.01)


def test_sizes_of_few_pairs_leave_their_share_to_others():
    sets, weights, rest = paired_coalitions(3, 40, 8, np.random.default_rng(0))
    size = sets.sum(axis=2)
    assert ((size == 1).sum(axis=1) == 8).all()
    np.testing.assert_array_equal(rest[size == 1], 0)
    np.testing.assert_allclose(weights[size == 1], 2 * 7 / 7 / 8)


def test_sets_too_many_to_list_are_drawn():
    sets, _, _ = paired_coalitions(5, 200, 60, np.random.default_rng(0))
    assert all(len(np.unique(own, axis=0)) == 200 for own in sets)
    size = np.bincount(sets.sum(axis=2).ravel(), minlength=31)[1:]
    assert (size[:-1] >= 200 * 5 * 2 / 59 - 5).all()
    one, other = (paired_coalitions(2, 50, 40, np.random.default_rng(7))[0] for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_features_may_be_more_than_numbers_of_sets_can_be_told():
    """There are more sets of 600 of 1,200 features than the largest number has."""
    sets, weights, rest = paired_coalitions(1, 1_203, 1_200, np.random.default_rng(0))
    assert sets.shape == (1, 1_203, 1_200)
    assert np.isfinite(weights).all()
    assert ((rest >= 0) & (rest <= 1)).all()
