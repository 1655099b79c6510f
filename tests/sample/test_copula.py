"""What follows from known cells by a Gaussian copula: moves of scores by Matheron's rule, and cells that fit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sipakit.intervene import Mix, Rows
from sipakit.sample.copula_fit import copula_of
from sipakit.table import Table

P = 5


def normal_rows(n, seed=0, p=P, rho=0.6):
    covariance = rho ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    return np.random.default_rng(seed).multivariate_normal(np.zeros(p), covariance, size=n)


def fitted(data, weights=None, seed=0):
    table = Table.from_data(data)
    return copula_of(table, np.ones(len(table)) if weights is None else np.asarray(weights, float), generator(seed))


def generator(seed):
    return np.random.default_rng(seed)


def given_mix(copula, donors, base, donor, take, which=None):
    return Mix.of(Rows(copula.background, base), Rows(donors, donor), take, which)


def by_definition(copula, mix):
    """Matheron's rule, one virtual row at a time; cells of continuous columns."""
    cells = np.empty(mix.take.shape) if len(mix.take) == len(mix) else np.empty((len(mix), mix.take.shape[1]))
    seen = np.column_stack([m.seen(c) for m, c in zip(copula.margins, mix.donor.table.columns, strict=True)])
    for i in range(len(mix)):
        z, x, known = mix.base.index[i], mix.donor.index[i], mix.take[mix.which[i]]
        gap = seen[x] / copula.spread - copula.middle[z]
        moved = copula.scores[z].copy()
        if known.any():
            inside = copula.correlation[np.ix_(known, known)]
            moved += np.linalg.solve(inside, gap[known]) @ copula.reaction[known]
        for j, margin in enumerate(copula.margins):
            cells[i, j] = np.interp(moved[j], margin.knots, margin.steps)
    return cells


def made(copula, mix):
    return copula.conditioned(mix).base.table.matrix


@pytest.mark.parametrize("chain", [1, 2, 4])
def test_chains_and_patterns_are_matherons_rule(chain):
    """Rows that take more and more, and rows that share lines, in the same numbers as one by one."""
    copula, rng = fitted(normal_rows(80)), generator(1)
    donors = Table.from_data(normal_rows(6, seed=2))
    order = np.array([rng.permutation(P) for _ in range(12)])
    take = np.argsort(order, axis=1)[:, None, :] < np.arange(1, chain + 1)[:, None]
    take = take.reshape(-1, P)
    base, donor = np.repeat(rng.integers(0, 80, 12), chain), np.repeat(rng.integers(0, 6, 12), chain)
    mix = given_mix(copula, donors, base, donor, take)
    free = ~take
    np.testing.assert_allclose(made(copula, mix)[free], by_definition(copula, mix)[free], atol=1e-9)
    lines = take[: 2 * chain]
    which = rng.integers(0, len(lines), len(take))
    shared = given_mix(copula, donors, base, donor, lines, which)
    free = ~lines[which]
    np.testing.assert_allclose(made(copula, shared)[free], by_definition(copula, shared)[free], atol=1e-9)
    even = given_mix(copula, donors, base, donor, lines, np.tile(np.arange(len(lines)), 6)[: len(take)])
    free = ~lines[even.which]
    np.testing.assert_allclose(made(copula, even)[free], by_definition(copula, even)[free], atol=1e-9)


@pytest.mark.parametrize("decimals", [0, 8])
def test_walks_and_shared_lines_give_the_same_cells(decimals):
    """With and without ties."""
    data, rng = normal_rows(60).round(decimals), generator(2)
    copula = fitted(data)
    order = np.array([rng.permutation(P) for _ in range(20)])
    take = (np.argsort(order, axis=1)[:, None, :] < np.arange(1, P)[:, None]).reshape(-1, P)
    base, donor = (np.repeat(rng.integers(0, 60, 20), P - 1) for _ in range(2))
    walks = given_mix(copula, copula.background, base, donor, take)
    shuffled = rng.permutation(len(take))
    alone = given_mix(copula, copula.background, base[shuffled], donor[shuffled], take[shuffled])
    np.testing.assert_allclose(
        np.where(take, 0, made(copula, walks))[shuffled],
        np.where(take[shuffled], 0, made(copula, alone)),
        atol=1e-9,
    )


def test_many_patterns_are_regressed_in_parts(monkeypatch):
    copula, donors = fitted(normal_rows(40)), Table.from_data(normal_rows(2, seed=3))
    take = generator(0).random((30, P)) < 0.5
    mix = given_mix(copula, donors, np.arange(30), np.zeros(30, int), take)
    whole = made(copula, mix)
    monkeypatch.setattr("sipakit.sample.copula._KEPT", 1)
    monkeypatch.setattr("sipakit.sample.copula._AT_ONCE", 4 * P**2)
    np.testing.assert_allclose(made(copula, mix)[~take], whole[~take], atol=1e-12)


@given(seed=st.integers(0, 50), decimals=st.sampled_from([0, 1, 8]))
def test_nothing_known_leaves_every_row_as_it_is(seed, decimals):
    data = normal_rows(30, seed).round(decimals)
    copula = fitted(data, seed=seed)
    none = np.zeros((30, P), bool)
    mix = given_mix(copula, Table.from_data(data[:1]), np.arange(30), np.zeros(30, int), none)
    np.testing.assert_array_equal(made(copula, mix), data)


def test_what_agrees_with_the_row_already_moves_nothing():
    data = normal_rows(50).round(0)
    copula = fitted(data)
    take = generator(0).random((50, P)) < 0.5
    mix = given_mix(copula, copula.background, np.arange(50), np.arange(50), take)
    np.testing.assert_array_equal(made(copula, mix)[~take], data[~take])


def test_drawn_cells_have_the_conditional_distribution_of_the_normal_law():
    copula = fitted(normal_rows(4000))
    x = np.array([[1.0, -0.5, 0.0, 0.0, 1.2]])
    known = np.array([True, True, False, False, False])
    mix = given_mix(copula, Table.from_data(x), np.arange(4000), np.zeros(4000, int), known)
    drawn = made(copula, mix)[:, 2]
    # a chain of neighbours: given the second, the third is 0.6 of it, with variance 1 - 0.36
    assert abs(drawn.mean() + 0.3) < 0.06
    assert abs(drawn.std() - 0.8) < 0.03
    assert stats.kstest((drawn + 0.3) / 0.8, "norm").statistic < 0.05


def test_independent_columns_hardly_move():
    data = generator(3).normal(size=(500, P))
    copula = fitted(data)
    assert copula.shrunk > 0.3
    known = np.array([True, True, False, False, False])
    mix = given_mix(copula, Table.from_data(data[:1] + 2), np.arange(500), np.zeros(500, int), known)
    assert np.abs(made(copula, mix)[:, 2:] - data[:, 2:]).mean() < 0.1


def test_correlations_are_shrunk_less_the_more_rows_there_are():
    shrunk = [fitted(normal_rows(n)).shrunk for n in (10, 100, 1000, 10000)]
    assert shrunk == sorted(shrunk, reverse=True)
    assert shrunk[0] > 0.05 > shrunk[2]


def test_levels_and_whole_numbers_take_values_that_occur():
    rng = generator(0)
    n = 200
    base = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "whole": np.rint(3 * base),
            "small": rng.poisson(np.exp(base)).astype(np.int8),
            "size": pd.Categorical.from_codes((base > 0).astype(int) + (base > 1), ["s", "m", "l"], ordered=True),
            "flag": base + rng.normal(size=n) > 0,
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.rint(10 * base), unit="D"),
            "half": np.rint(4 * base) / 2,
            "real": pd.array(base, dtype="Float64"),
        }
    )
    copula = fitted(frame)
    take = rng.random((n, 7)) < 0.4
    mix = given_mix(copula, copula.background, rng.permutation(n), rng.permutation(n), take)
    table = copula.conditioned(mix).base.table
    for j, name in enumerate(frame):
        column = pd.Series(table.columns[j])
        assert column.dtype == frame[name].dtype
        if name != "real":
            assert set(column) <= set(frame[name])
    reals = pd.Series(table.columns[6]).astype(float)
    assert reals.between(base.min(), base.max()).all()
    assert not set(reals) <= set(base)


def test_a_binary_column_follows_its_conditional_share():
    """Ties hide how much the other column tells, unless they are broken as it says."""
    rng = generator(5)
    x = rng.normal(size=6000)
    one = (0.6 * x + 0.8 * rng.normal(size=6000) > 0).astype(int)
    copula = fitted(np.column_stack([x, one]))
    for value in (-1.0, 0.8, 2.0):
        mix = given_mix(
            copula,
            Table.from_data(np.array([[value, 0.0]])),
            np.arange(6000),
            np.zeros(6000, int),
            np.array([True, False]),
        )
        share, truth = made(copula, mix)[:, 1].mean(), stats.norm.cdf(0.75 * value)
        assert 0.9 < (share - 0.5) / (truth - 0.5) < 1.05


def test_rows_count_as_often_as_they_weigh():
    data, weights = normal_rows(40), generator(0).integers(0, 4, 40)
    weighted, repeated = fitted(data, weights), fitted(np.repeat(data, weights, axis=0))
    np.testing.assert_allclose(weighted.spread, repeated.spread, atol=0.05)
    # shrunk by how many rows there are; compared before
    a, b = weighted.correlation / (1 - weighted.shrunk), repeated.correlation / (1 - repeated.shrunk)
    off = ~np.eye(P, dtype=bool)
    np.testing.assert_allclose(a[off], b[off], atol=0.05)
    same = fitted(data, np.full(40, 7.0))
    np.testing.assert_allclose(same.correlation, fitted(data).correlation, atol=1e-12)


def test_copies_and_constants_have_answers():
    x = generator(0).normal(size=60)
    data = np.column_stack([x, x, -x, np.full(60, 3.0)])
    copula = fitted(data)
    known = np.array([True, False, False, False])
    mix = given_mix(copula, Table.from_data(data[:1]), np.arange(60), np.zeros(60, int), known)
    found = made(copula, mix)
    np.testing.assert_allclose(found[:, 1], x[0], atol=0.1)
    np.testing.assert_allclose(found[:, 2], -x[0], atol=0.1)
    assert (found[:, 3] == 3).all()


def test_cells_beyond_the_background_count_as_its_ends():
    copula = fitted(normal_rows(50))
    far = Table.from_data(np.array([[1e9] * P, [1e300] * P, [np.inf] * P]))
    known = np.array([True, False, False, False, False])
    mix = given_mix(copula, far, np.repeat(np.arange(50), 3), np.tile([0, 1, 2], 50), known)
    found = made(copula, mix).reshape(50, 3, P)
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    np.testing.assert_array_equal(found[:, 0], found[:, 2])


def test_a_missing_cell_tells_nothing():
    copula, x = fitted(normal_rows(50)), normal_rows(1, seed=9)
    known = np.array([[True, True, False, False, False], [True, False, False, False, False]])
    lacking = x.copy()
    lacking[0, 1] = np.nan
    mix = given_mix(copula, Table.from_data(lacking), np.arange(50), np.zeros(50, int), known[0])
    without = given_mix(copula, Table.from_data(x), np.arange(50), np.zeros(50, int), known[1])
    np.testing.assert_allclose(made(copula, mix)[:, 2:], made(copula, without)[:, 2:], atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows(n):
    data = normal_rows(n)
    copula = fitted(data)
    known = np.array([True, False, False, False, False])
    mix = given_mix(copula, Table.from_data(data[:1] + 1), np.arange(n), np.zeros(n, int), known)
    found = made(copula, mix)
    assert np.isfinite(found).all()
    if n == 1:
        np.testing.assert_array_equal(found, data)
