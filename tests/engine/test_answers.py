"""The model is asked about each different virtual row once, and not about rows whose prediction is known."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipakit.adapters import adapt
from sipakit.engine.answers import batch_rows, evaluate, in_batches
from sipakit.errors import PredictionError
from sipakit.intervene import Mix, Rows
from sipakit.table import Table


@dataclass
class Watched:
    """A model that remembers every batch; its answer tells all cells of a row."""

    batches: list = field(default_factory=list)

    def __call__(self, X):
        self.batches.append(np.array(X, float))
        return np.nan_to_num(self.batches[-1], nan=-7) @ 10.0 ** np.arange(X.shape[1])

    @property
    def seen(self):
        return np.concatenate(self.batches) if self.batches else np.empty((0, 0))


def mixed(table, m, rng, donor=None):
    donor = table if donor is None else donor
    base, given_by = rng.integers(0, len(table), m), rng.integers(0, len(donor), m)
    return Mix.of(Rows(table, base), Rows(donor, given_by), rng.random((m, table.n_columns)) < 0.5)


def by_hand(mix):
    """The virtual rows, cell by cell."""
    base, donor = mix.base.table.matrix[mix.base.index], mix.donor.table.matrix[mix.donor.index]
    return np.where(mix.take[mix.which], donor, base)


@given(st.integers(1, 10**6))
def test_batches_follow_from_the_width_within_limits(width):
    assert 1_024 <= batch_rows(width) <= 32_768
    assert batch_rows(width) * width <= 2**19 or batch_rows(width) == 1_024
    assert batch_rows(width + 1) <= batch_rows(width)


def test_a_model_sees_batches_of_that_size_in_the_order_of_the_rows():
    table = Table.from_data(np.arange(1200.0).reshape(2, 600))
    index = np.random.default_rng(0).integers(0, 2, 2500)
    sizes, firsts = [], []

    def model(X):
        sizes.append(len(X))
        firsts.append(X[:, 0] / 600)
        return X[:, 0]

    answers = in_batches(adapt(model).predict, Mix.unchanged(Rows(table, index)), 1)
    assert sizes == [1024, 1024, 452]
    assert answers.rows == 2500
    assert answers.seconds > 0
    np.testing.assert_array_equal(np.concatenate(firsts), index)
    np.testing.assert_array_equal(answers.values[:, 0], index * 600)


@given(n=st.integers(1, 6), m=st.integers(1, 60), p=st.integers(1, 4), seed=st.integers(0, 999))
def test_equal_virtual_rows_are_asked_about_once(n, m, p, seed):
    rng, model = np.random.default_rng(seed), Watched()
    mix = mixed(Table.from_data(rng.integers(0, 3, (n, p)).astype(float)), m, rng)
    answers = evaluate(adapt(model), mix, 1)
    rows = by_hand(mix)
    different = np.unique(rows, axis=0)
    np.testing.assert_array_equal(np.unique(model.seen, axis=0), different)
    assert answers.rows == len(model.seen) == len(different)
    np.testing.assert_array_equal(answers.values[:, 0], Watched()(rows))


def test_missing_cells_are_equal_values_too():
    table = Table.from_data(pd.DataFrame({"a": [np.nan, np.nan, 1.0, 1.0], "b": [0.0, 0.0, 2.0, 2.0]}))
    model = Watched()
    answers = evaluate(adapt(model), Mix.unchanged(Rows(table, np.array([3, 0, 1, 2, 0]))), 1)
    assert answers.rows == 2
    assert answers.values[:, 0].tolist() == [21, -7, -7, 21, -7]


@given(m=st.integers(1, 60), known=st.sampled_from(["base", "donor", "both"]), seed=st.integers(0, 999))
def test_rows_equal_to_base_or_donor_recall_what_is_known(m, known, seed):
    rng, model = np.random.default_rng(seed), Watched()
    base, donor = (Table.from_data(rng.normal(size=(5, 3))) for _ in range(2))
    tables = {"base": [base], "donor": [donor], "both": [base, donor]}[known]
    # no prediction of the model, so that it shows where a value is from
    told = {table: 1000 + np.arange(5.0)[:, None] for table in tables}
    mix = mixed(base, m, rng, donor)
    answers = evaluate(adapt(model), mix, 1, known=told)
    rows, expected, asked = by_hand(mix), [], set()
    for row, i, z in zip(rows, mix.base.index, mix.donor.index, strict=True):
        if base in told and (row == base.matrix[i]).all():
            expected.append(1000 + i)
        elif donor in told and (row == donor.matrix[z]).all():
            expected.append(1000 + z)
        else:
            expected.append(Watched()(row[None])[0])
            asked.add(tuple(row))
    np.testing.assert_allclose(answers.values[:, 0], expected)
    assert sorted(map(tuple, model.seen)) == sorted(asked)
    assert answers.rows == len(asked)


def test_nothing_is_asked_where_nothing_is_wanted_or_all_is_known():
    table, model = Table.from_data(np.eye(3)), Watched()
    whole = Mix.unchanged(Rows(table, np.arange(3)))
    empty = evaluate(adapt(model), whole[:0], 2)
    assert (empty.values.shape, empty.rows, empty.seconds) == ((0, 2), 0, 0.0)
    recalled = evaluate(adapt(model), whole, 1, known={table: np.array([[4.0], [5.0], [6.0]])})
    assert (recalled.values[:, 0].tolist(), recalled.rows) == ([4, 5, 6], 0)
    assert not model.batches


def test_places_on_the_way_are_all_asked_about():
    table, model = Table.from_data(np.array([[0.0, 0.0], [4.0, 8.0]])), Watched()
    both = Rows(table, np.zeros(3, np.intp)), Rows(table, np.ones(3, np.intp))
    mix = Mix.of(*both, np.array([[0.25, 0.5], [0.25, 0.5], [0.0, 1.0]]))
    assert evaluate(adapt(model), mix, 1).rows == 3
    assert model.seen.tolist() == [[1, 4], [1, 4], [0, 8]]


def fails_from_thirteen(X):
    if (X[:, 0] >= 13).any():
        message = "thirteen."
        raise KeyError(message)
    return X[:, 0]


def fails_for_many(X):
    if len(X) > 8:
        raise MemoryError
    return X[:, 0]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (fails_from_thirteen, r"The model raised KeyError: .*It was given 40 rows\. First bad row: .*13\.0, .*1\.0\."),
        (fails_for_many, r"raised MemoryError.*It was given 40 rows, and raises for no half of 10 of them"),
        (lambda X: X, "The model returned 2 outputs, and 1 before"),
        (lambda X: X[:-1, 0], r"The model returned shape \(39,\) for 40 rows"),
    ],
)
def test_what_goes_wrong_is_told_in_words(model, message):
    table = Table.from_data(np.column_stack([np.arange(40.0), np.ones(40)]))
    with pytest.raises(PredictionError, match=message):
        in_batches(adapt(model).predict, Mix.unchanged(Rows(table, np.arange(40))), 1)


def test_the_number_of_outputs_must_not_change_between_batches():
    table = Table.from_data(np.ones((2, 600)))
    with pytest.raises(PredictionError, match="returned 2 outputs, and 3 before"):
        in_batches(
            adapt(lambda X: X[:, : 3 if len(X) == 1024 else 2]).predict,
            Mix.unchanged(Rows(table, np.zeros(1500, np.intp))),
        )
