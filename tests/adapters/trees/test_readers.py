"""What is read as trees, and what is not; that they give the model's answers is tested with the curves."""

import numpy as np
import pytest
from sklearn import ensemble, linear_model

from sipakit.adapters.trees import read_trees
from sipakit.adapters.trees.forest import Forest, Splits
from sipakit.structure import Levels, Numbers
from tests.adapters.trees import cases


def test_what_is_more_than_trees_is_not_read():
    X, y = cases.FULL, cases.Y
    start = linear_model.LinearRegression()
    levels = ensemble.HistGradientBoostingRegressor(max_iter=3, categorical_features=[3])
    for model in (
        linear_model.Ridge(),
        ensemble.GradientBoostingRegressor(n_estimators=3, init=start),
        levels,
        ensemble.BaggingRegressor(n_estimators=3),
    ):
        assert read_trees(model.fit(X, y), margin=False) is None
    forest = ensemble.RandomForestClassifier(3).fit(X, cases.TARGETS["two"])
    assert read_trees(forest, margin=True) is None


@pytest.mark.parametrize(
    "more",
    [
        {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
        {"linear_tree": True},
        {"zero_as_missing": True},
        {"reg_sqrt": True},
        {"objective": "cross_entropy"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_lightgbm_does_beside_trees_is_not_read(more):
    lgb = pytest.importorskip("lightgbm")
    target = 1 / (1 + np.exp(-cases.Y)) if "objective" in more else cases.Y
    model = lgb.LGBMRegressor(n_estimators=3, verbose=-1, **more).fit(cases.FULL, target)
    assert read_trees(model, margin=False) is None


def test_what_xgboost_does_beside_trees_is_not_read():
    xgb = pytest.importorskip("xgboost")
    for more in ({"booster": "dart"}, {"booster": "gblinear"}, {"objective": "reg:logistic"}):
        target = 1 / (1 + np.exp(-cases.Y)) if "objective" in more else cases.Y
        assert read_trees(xgb.XGBRegressor(n_estimators=3, **more).fit(cases.FULL, target), margin=False) is None
    with_sets = xgb.XGBRegressor(n_estimators=3, enable_categorical=True).fit(cases.frame(), cases.with_levels())
    assert read_trees(with_sets, margin=False) is None


@pytest.mark.filterwarnings("ignore:The argument 'eval_set'")
def test_early_stopping_is_read_as_the_model_predicts():
    lgb = pytest.importorskip("lightgbm")
    X, y = cases.FULL, cases.Y
    model = lgb.LGBMRegressor(n_estimators=60, verbose=-1, early_stopping_round=2)
    model.fit(X[:400], y[:400], eval_set=[(X[400:], np.random.default_rng(0).permutation(y[400:]))])
    assert len(read_trees(model, margin=False).sums[0].roots) == model.best_iteration_ < 60
    xgb = pytest.importorskip("xgboost")
    model = xgb.XGBRegressor(n_estimators=60, early_stopping_rounds=2)
    model.fit(X[:400], y[:400], eval_set=[(X[400:], np.random.default_rng(0).permutation(y[400:]))], verbose=False)
    assert len(read_trees(model, margin=False).sums[0].roots) == model.best_iteration + 1 < 60


def test_trees_are_put_together_node_by_node():
    forest = Forest(2)
    splits = Splits(
        feature=np.array([0, 1]),
        threshold=np.array([0.5, 0.0]),
        left_if_missing=np.array([True, False]),
        left=np.array([-1, -2]),
        right=np.array([1, -3]),
        sets={1: frozenset({2})},
    )
    forest.add(splits, np.array([1.0, 2.0, 3.0]), [0])
    forest.add(Splits.none(), np.array([10.0]), [0])
    codings = [Numbers(forest.thresholds()[0]), Levels(range(forest.levels()[1]))]
    trees = forest.trees(codings, link="identity", base=[0.5])
    assert trees.sums[0].roots.tolist() == [0, 5]
    assert trees.sums[0].value.tolist() == [0, 0, 1, 2, 3, 10]
    assert trees.feature.tolist() == [0, 1, -1, -1, -1, -1]
    assert (trees.left[:2].tolist(), trees.right[:2].tolist()) == ([2, 3], [1, 4])
    assert trees.sets.tolist() == [False, False, True, False]  # three levels, and missing ones
    assert forest.trees([codings[0], Numbers(np.zeros(0))], link="identity", base=[0.0]) is None
