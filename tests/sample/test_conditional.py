"""Which law suits a table, and what speaks against it."""

import numpy as np
import pandas as pd
import pytest

from sipakit.sample import Copula, NearRows, conditional_law, doubts
from sipakit.table import Table
from tests.explainers import mixed


def law_of(data, weights=None, seed=0):
    table = Table.from_data(data)
    weights = np.ones(len(table)) if weights is None else weights
    return conditional_law(table, weights, np.zeros((len(table), 1)), seed)


NUMBERS = np.random.default_rng(0).normal(size=(300, 3))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (NUMBERS, Copula),
        (mixed.table(30)[["whole", "size", "flag", "when"]], Copula),
        (mixed.table(30)[["whole", "text"]], NearRows),
        (mixed.table(30)[["whole", "level"]], NearRows),
        (mixed.table(30)[["number", "whole"]], NearRows),
        (np.where(NUMBERS > 2.5, np.inf, NUMBERS), NearRows),
    ],
)
def test_the_columns_decide(data, kind):
    assert type(law_of(data)) is kind


def test_a_missing_cell_of_a_row_without_weight_does_not_count():
    data = np.vstack([NUMBERS, [[np.nan] * 3]])
    assert type(law_of(data, np.append(np.ones(300), 0.0))) is Copula
    assert type(law_of(data)) is NearRows


def test_a_law_is_fitted_once_for_a_table():
    table, ones, known = Table.from_data(NUMBERS), np.ones(300), np.zeros((300, 1))
    law = conditional_law(table, ones, known, 0)
    assert conditional_law(table, ones, known, 0) is law
    assert conditional_law(table, ones, known, 1) is not law
    assert conditional_law(table, 2 * ones, known, 0) is not law


def test_nothing_speaks_against_a_copula_of_normal_columns():
    x = np.random.default_rng(1).multivariate_normal(np.zeros(3), np.full((3, 3), 0.9) + 0.1 * np.eye(3), 1000)
    law = law_of(x)
    assert law.told.min() > 0.8
    assert doubts(law, law.background, np.ones(1000)) == []


def test_dependence_that_correlations_do_not_see_is_told():
    x, noise = np.random.default_rng(2).normal(size=(2, 1000))
    law = law_of(pd.DataFrame({"x": x, "bend": x**2, "noise": noise}))
    (told,) = doubts(law, law.background, np.ones(1000))
    assert "'bend'" in told
    assert "'noise'" not in told


def test_a_copula_of_few_rows_is_told():
    law = law_of(NUMBERS[:14])
    assert any("fitted to 14 rows" in told for told in doubts(law, law.background, np.ones(14)))
    law = law_of(NUMBERS[:15])
    assert doubts(law, law.background, np.ones(15)) == []


def test_rows_that_are_far_from_all_others_are_told():
    many = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 20))).assign(text="a")
    law = law_of(many)
    (told,) = doubts(law, law.background.take(np.arange(7)), np.ones(100))
    assert told.startswith("For 7 of 7 rows")
    law = law_of(mixed.table(400)[["text"]])
    assert doubts(law, law.background, np.ones(400)) == []


def test_rows_that_are_not_looked_at_are_told():
    law = law_of(mixed.table(1200)[["text"]])
    (told,) = doubts(law, law.background, np.ones(1200))
    assert "1,000 of 1,200" in told
