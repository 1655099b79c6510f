"""Which models are sums of one term a column: known by their parts, and confirmed by their answers."""

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import KNNImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Normalizer, PolynomialFeatures, StandardScaler

from sipakit.adapters import adapt
from sipakit.adapters.terms import read_linear
from sipakit.door import open_table
from sipakit.intervene import Mix, Rows
from sipakit.structure import linked
from tests.adapters import linear_cases as cases

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X @ np.array([1.0, 2.0, 0.0])


@pytest.mark.parametrize("name", cases.NAMES)
def test_sums_become_the_models_answers(name):
    model, output = cases.fitted(name)
    adapter = adapt(model, output=output)
    table, _ = open_table(cases.frame(), expects=adapter.expects)
    rows = Mix.unchanged(Rows(table, np.arange(len(table))))
    answers = adapter.read(linked(adapter.structure.sums(rows, strict=True), adapter.structure.link))
    np.testing.assert_allclose(answers, adapter.predict(rows), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", cases.interacting())
def test_steps_that_mix_columns_are_not_read(model):
    assert adapt(model).structure is None


@pytest.mark.parametrize("step", [PCA(2), Normalizer(), KNNImputer(), PolynomialFeatures(2)])
def test_a_step_of_several_columns_is_not_read_wherever_it_stands(step):
    assert read_linear(make_pipeline(StandardScaler(), step, Ridge()).fit(X, Y), "prediction") is None
    joined = make_union(StandardScaler(), step)
    assert read_linear(make_pipeline(joined, Ridge()).fit(X, Y), "prediction") is None


def test_of_one_column_anything_may_be_made():
    one = make_column_transformer((PolynomialFeatures(3), [1]), remainder="passthrough")
    assert read_linear(make_pipeline(one, Ridge()).fit(X, Y), "prediction") is not None
    two = make_column_transformer((PolynomialFeatures(3), [1, 2]), remainder="passthrough")
    assert read_linear(make_pipeline(two, Ridge()).fit(X, Y), "prediction") is None


def test_steps_that_are_left_out_or_choose_columns_are_read():
    chosen = make_pipeline("passthrough", VarianceThreshold(), LinearRegression()).fit(X, Y)
    assert read_linear(chosen, "prediction") is not None


def test_other_models_and_classes_of_the_users_are_not_read():
    class Clipped(Ridge):
        def predict(self, X):
            return np.maximum(super().predict(X), 0)

    assert adapt(Clipped().fit(X, Y)).structure is None
    forest = make_pipeline(StandardScaler(), RandomForestRegressor(3, random_state=0)).fit(X, Y)
    assert adapt(forest).structure is None
    assert adapt(Ridge().fit(X, Y)).closed().structure is None


def test_probabilities_that_are_no_curve_of_the_sums_are_not_read():
    huber = SGDClassifier("modified_huber", random_state=0).fit(X, Y > 0)
    assert adapt(huber).structure is None
    assert adapt(huber, output="score").structure is not None
    assert adapt(LogisticRegression().fit(X, Y > 0)).structure.link == "logistic"
