"""The merge law over every aggregator, and what moments say of a few numbers."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sipakit.aggregate import (
    AGGREGATORS,
    Collected,
    Combined,
    CrossMoments,
    Moments,
    NormalEquations,
    Update,
    effective_count,
)

CELLS, K = 4, 2
NUMBERS = st.floats(-100, 100, allow_subnormal=False)
WEIGHTS = st.one_of(st.just(0.0), st.floats(0.01, 10))

# For each aggregator an empty state, the axes of its values, and those of its inputs.
EMPTY = {
    Collected: (lambda: Collected.zero(40, K), (K,), None),
    Combined: (lambda: Combined({"a": Moments.zero(CELLS, K), "b": CrossMoments.zero(CELLS, K, 3)}), None, None),
    CrossMoments: (lambda: CrossMoments.zero(CELLS, K, 3), (K, 3), None),
    Moments: (lambda: Moments.zero(CELLS, K), (K,), None),
    NormalEquations: (lambda: NormalEquations.zero(CELLS, 3, K), (K,), 3),
}


@st.composite
def updates(draw, kind):
    """Observations for an aggregator, no more than 40 of them."""
    if kind is Combined:
        return {"a": draw(updates(Moments)), "b": draw(updates(CrossMoments))}
    _, shape, inputs = EMPTY[kind]
    n = draw(st.integers(0, 40))
    once = kind is Collected  # each place is filled once
    cells = np.arange(n) if once else draw(arrays(np.intp, n, elements=st.integers(0, CELLS - 1)))
    values = draw(arrays(np.float64, (n, *shape), elements=NUMBERS))
    weights = draw(st.one_of(st.none(), arrays(np.float64, n, elements=WEIGHTS)))
    z = None if inputs is None else draw(arrays(np.float64, (n, inputs), elements=NUMBERS))
    return Update(cells, values, weights, z)


def piece(update, owner, number):
    """The observations that belong to one owner."""
    if isinstance(update, dict):
        return {name: piece(one, owner, number) for name, one in update.items()}
    mine = owner[np.arange(len(update.cells)) % len(owner)] == number
    return Update(*(None if (a := getattr(update, f.name)) is None else a[mine] for f in fields(update)))


def assert_equal(one, two):
    # sums of squares are compared with the largest of them: a sum that cancels to nothing has no digits of its own
    scale = max([1.0, *(np.abs(a).max(initial=0) for a in one.arrays().values() if a.dtype.kind == "f")])
    for name, array in one.arrays().items():
        other = two.arrays()[name]
        assert array.dtype == other.dtype
        assert array.shape == other.shape
        if array.dtype.kind == "f":
            np.testing.assert_allclose(array, other, rtol=1e-12, atol=1e-12 * scale, err_msg=name)
        else:
            assert np.array_equal(array, other)


def test_every_aggregator_is_tested():
    assert set(EMPTY) == set(AGGREGATORS)


@pytest.mark.parametrize("kind", AGGREGATORS)
@given(data=st.data())
def test_law_3_any_split_in_any_order_gives_the_same_state(kind, data):
    update = data.draw(updates(kind))
    empty = EMPTY[kind][0]
    owner = data.draw(arrays(np.intp, 40, elements=st.integers(0, 4)))
    order = data.draw(st.permutations(range(5)))
    whole = empty().update(update)
    merged, absorbed, one_by_one = empty(), empty(), empty()
    for number in order:
        part = piece(update, owner, number)
        merged = merged.merge(empty().update(part))
        absorbed = absorbed.absorb(empty().part(part))
        one_by_one = one_by_one.update(part)
    for state in (merged, absorbed, one_by_one):
        assert_equal(whole, state)


@pytest.mark.parametrize("kind", AGGREGATORS)
@given(data=st.data())
def test_merging_does_not_change_the_other_state(kind, data):
    empty = EMPTY[kind][0]
    first, second = (data.draw(updates(kind)) for _ in range(2))
    other = empty().update(second)
    before = {name: array.copy() for name, array in other.arrays().items()}
    empty().update(first).merge(other)
    assert all(np.array_equal(array, before[name]) for name, array in other.arrays().items())


@pytest.mark.parametrize("kind", AGGREGATORS)
def test_an_empty_part_says_nothing(kind):
    empty = EMPTY[kind][0]
    nothing = np.empty(0, np.intp)
    _, shape, inputs = EMPTY[kind]
    if kind is Combined:
        update = {"a": Update(nothing, np.empty((0, K))), "b": Update(nothing, np.empty((0, K, 3)))}
    else:
        update = Update(nothing, np.empty((0, *shape)), None, None if inputs is None else np.empty((0, inputs)))
    assert_equal(empty(), empty().absorb(empty().part(update)))


# ---- what moments say


def seen(values, weights=None):
    values = np.asarray(values, float)[:, None]
    return Moments.zero(1, 1).update(Update(np.zeros(len(values), np.intp), values, weights))


def plain_std_error(values, weights):
    """Of a weighted mean with importance weights, as a textbook writes it."""
    values, weights = np.asarray(values, float), np.asarray(weights, float)
    mean = (weights * values).sum() / weights.sum()
    n = weights.sum() ** 2 / (weights**2).sum()
    return np.sqrt((weights**2 * (values - mean) ** 2).sum()) / weights.sum() * np.sqrt(n / (n - 1))


@pytest.mark.parametrize(
    ("values", "mean", "std_error"),
    [
        ([1, 3], 2, 1),  # s = sqrt(2), over the root of 2
        ([1, 2, 6], 3, np.sqrt(7 / 3)),  # s^2 = 14 / 2
        ([2, 4, 4, 4, 6], 4, np.sqrt(2 / 5)),  # s^2 = 8 / 4
    ],
)
def test_mean_and_standard_error_of_a_few_numbers(values, mean, std_error):
    moments = seen(values)
    assert moments.mean.item() == pytest.approx(mean, rel=1e-15)
    assert moments.std_error().item() == pytest.approx(std_error, rel=1e-15)


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(0.1, 10)), min_size=2, max_size=12),
)
def test_standard_error_with_weights_is_the_textbook_formula(pairs):
    values, weights = (np.array(part) for part in zip(*pairs, strict=True))
    expected = plain_std_error(values, weights)
    assert seen(values, weights).std_error().item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("values", "weights"), [([], None), ([5.0], None), ([5.0, 7.0], [1.0, 0.0])])
def test_fewer_than_two_observations_have_an_infinite_error(values, weights):
    moments = seen(values, None if weights is None else np.array(weights))
    assert moments.std_error().item() == np.inf


def test_a_weight_of_zero_is_no_observation():
    with_zero = seen([1.0, 3.0, 99.0], np.array([1.0, 1.0, 0.0]))
    assert_equal(with_zero, seen([1.0, 3.0]))


def test_all_weights_times_a_constant_change_neither_mean_nor_error():
    values, weights = [1.0, 2.0, 6.0, 3.0], np.array([1.0, 2.0, 0.5, 3.0])
    one, many = seen(values, weights), seen(values, 10 * weights)
    assert one.mean == pytest.approx(many.mean)
    assert one.std_error() == pytest.approx(many.std_error())


def test_numbers_far_from_zero_keep_their_spread():
    moments = seen(1e9 + np.array([1.0, 3.0])).merge(seen([1e9 + 2.0]))
    assert moments.std_error().item() == pytest.approx(1 / np.sqrt(3), rel=1e-6)


def test_effective_count_of_equal_weights_is_their_number():
    assert effective_count(np.array([6.0, 0.0]), np.array([12.0, 0.0])).tolist() == [3.0, 0.0]


@given(data=st.data())
def test_covariance_has_the_squared_standard_errors_on_its_diagonal(data):
    update = data.draw(updates(CrossMoments))
    covariance = CrossMoments.zero(CELLS, K, 3).update(update).covariance()
    for j in range(3):
        errors = Moments.zero(CELLS, K).update(replace(update, values=update.values[:, :, j])).std_error()
        np.testing.assert_allclose(np.sqrt(covariance[:, :, j, j].clip(0)), errors, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("d", [3, 6])
def test_short_and_long_vectors_have_the_moments_of_their_definition(d):
    rng = np.random.default_rng(d)
    update = Update(rng.integers(0, CELLS - 1, 30), rng.normal(size=(30, K, d)) + 5, rng.uniform(0, 3, 30).round())
    state = CrossMoments.zero(CELLS, K, d).update(update)
    for cell in range(CELLS - 1):
        v, w = update.values[update.cells == cell], update.weight_of_each()[update.cells == cell]
        off = v - np.average(v, axis=0, weights=w)
        np.testing.assert_allclose(state.spread[cell], np.einsum("r,rkd->kd", w, off**2), rtol=1e-12)
        np.testing.assert_allclose(state.first[cell], np.einsum("r,rkd->kd", w**2, off), atol=1e-12)
        np.testing.assert_allclose(state.second[cell], np.einsum("r,rki,rkj->kij", w**2, off, off), atol=1e-11)
    assert not any(array[-1].any() for array in state.arrays().values())


@given(data=st.data())
def test_normal_equations_give_the_weighted_sums(data):
    update = data.draw(updates(NormalEquations))
    state = NormalEquations.zero(CELLS, 3, K).update(update)
    w = update.weight_of_each()
    for cell in range(CELLS):
        z, y, v = (a[update.cells == cell] for a in (update.inputs, update.values, w))
        np.testing.assert_allclose(state.gram[cell], (z * v[:, None]).T @ z, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(state.moment[cell], (z * v[:, None]).T @ y, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(state.square[cell], v @ y**2, rtol=1e-9, atol=1e-9)


def test_normal_equations_need_inputs():
    with pytest.raises(TypeError, match="inputs"):
        NormalEquations.zero(1, 1, 1).update(Update(np.zeros(1, np.intp), np.ones((1, 1))))
