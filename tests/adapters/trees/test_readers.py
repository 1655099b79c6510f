"""What is read as trees, and what is not; that they give the model's answers is tested with the curves."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import dummy, ensemble, linear_model, tree

from sipakit.adapters.trees import read_trees
from sipakit.adapters.trees.forest import Forest, Sets, levels_of_words
from sipakit.door import open_table
from sipakit.structure import Levels, Numbers
from tests.adapters.trees import cases


def test_what_is_more_than_trees_is_not_read():
    X, y = cases.FULL, cases.Y
    start = linear_model.LinearRegression()
    drawn = dummy.DummyClassifier(strategy="stratified", random_state=0)
    for model in (
        linear_model.Ridge(),
        ensemble.GradientBoostingRegressor(n_estimators=3, init=start),
        ensemble.BaggingRegressor(n_estimators=3),
    ):
        assert read_trees(model.fit(X, y), margin=False) is None
    two = cases.TARGETS["two"]
    forest = ensemble.RandomForestClassifier(3).fit(X, two)
    assert read_trees(forest, margin=True) is None
    for of_classes in (
        ensemble.GradientBoostingClassifier(n_estimators=3, init=drawn).fit(X, two),
        tree.DecisionTreeClassifier(max_depth=2).fit(X, np.column_stack([two, two])),
    ):
        assert read_trees(of_classes, margin=False) is None


def test_a_level_that_is_none_is_not_read():
    made = cases.frame()[["a", "level"]].head(60)
    made["level"] = made["level"].astype(object).where(made["level"].notna(), None)
    model = ensemble.HistGradientBoostingRegressor(max_iter=1, categorical_features=["level"])
    # levels that are unknown count as missing, and None does not
    assert read_trees(model.fit(made, cases.Y[:60]), margin=False) is None


@pytest.mark.parametrize(
    "more",
    [
        {"linear_tree": True},
        {"reg_sqrt": True},
        {"objective": "cross_entropy_lambda"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_lightgbm_does_beside_trees_is_not_read(more):
    lgb = pytest.importorskip("lightgbm")
    target = 1 / (1 + np.exp(-cases.Y)) if "objective" in more else cases.Y
    model = lgb.LGBMRegressor(n_estimators=3, verbose=-1, n_jobs=1, **more).fit(cases.FULL, target)
    assert read_trees(model, margin=False) is None


def test_trees_that_differ_in_what_is_missing_are_not_read():
    lgb = pytest.importorskip("lightgbm")
    first = lgb.LGBMRegressor(n_estimators=3, verbose=-1, n_jobs=1).fit(cases.HOLES, cases.Y)
    more = lgb.LGBMRegressor(n_estimators=3, verbose=-1, n_jobs=1, zero_as_missing=True)
    assert read_trees(more.fit(cases.HOLES, cases.Y, init_model=first), margin=False) is None


def test_ordered_levels_of_lightgbm_are_not_read():
    lgb = pytest.importorskip("lightgbm")  # which takes them for numbers, and does not say which ones they are
    made = cases.frame()
    made["order"] = pd.Categorical(np.where(cases.Y > 2, "high", "low"), categories=["low", "high"], ordered=True)
    model = lgb.LGBMRegressor(n_estimators=3, verbose=-1, n_jobs=1).fit(made.drop(columns="level"), cases.Y)
    trees = read_trees(model, margin=False)
    table, _ = open_table(made.drop(columns="level"))
    assert trees is None or not trees.takes(table.columns)


@pytest.mark.parametrize(
    "more",
    [
        {"booster": "dart"},
        {"booster": "gblinear"},
        {"objective": "binary:hinge"},
        {"objective": "binary:logitraw"},
        {"multi_strategy": "multi_output_tree"},
        {"missing": 0, "feature_types": ["q", "q", "q", "c"], "enable_categorical": True},
    ],
    ids=lambda more: "-".join(map(str, next(iter(more.items())))),
)
def test_what_xgboost_does_beside_trees_is_not_read(more):
    xgb = pytest.importorskip("xgboost")
    target = "two" if "objective" in more else "both" if "multi_strategy" in more else "y"
    model = xgb.XGBRegressor(n_estimators=3, **more).fit(cases.FULL, cases.TARGETS[target])
    assert read_trees(model, margin=False) is None


def test_texts_of_which_xgboost_loses_a_part_are_not_read():
    xgb = pytest.importorskip("xgboost")
    made = cases.frame()
    made["level"] = made["level"].cat.rename_categories({"u": "\u00fc"})
    model = xgb.XGBRegressor(n_estimators=3, enable_categorical=True).fit(made, cases.with_levels())
    trees = read_trees(model, margin=False)
    if trees is not None:  # by XGBoost before 3.1, which does not remember texts at all
        table, _ = open_table(made)
        assert not trees.takes(table.columns)


def test_levels_that_xgboost_never_saw_are_asked_for():
    xgb = pytest.importorskip("xgboost")
    model, made, _ = cases.fitted("xgboost with levels")
    trees = read_trees(model, margin=False)
    other = made.head(2).assign(level=pd.Categorical(["u", "new"]))
    assert not trees.takes(open_table(other)[0].columns)  # it answers as for the label that comes next, or raises
    fits = tuple(int(part) for part in xgb.__version__.split(".")[:2]) >= (3, 1)
    assert trees.takes(open_table(made)[0].columns) is fits


def test_integers_that_are_rounded_on_the_way_are_not_taken():
    whole = np.random.default_rng(0).integers(0, 2**30, (300, 2))
    forest = ensemble.RandomForestRegressor(3, random_state=0).fit(whole, whole[:, 0])
    trees = read_trees(forest, margin=False)
    assert trees.takes([*whole.T])
    assert not trees.takes([*(whole.T * 2**30)])  # to single precision, by double precision or not
    lgb = pytest.importorskip("lightgbm")
    array = read_trees(lgb.LGBMRegressor(n_estimators=3, verbose=-1, n_jobs=1).fit(whole, whole[:, 0]), margin=False)
    assert not array.takes([*whole.T])  # arrays of integers are in single precision
    assert array.takes([*(whole.T // 2**7)])
    assert array.takes([*whole.T.astype(np.float64)])
    frame = pd.DataFrame(whole, columns=["a", "b"])
    named = read_trees(lgb.LGBMRegressor(n_estimators=3, verbose=-1, n_jobs=1).fit(frame, whole[:, 0]), margin=False)
    assert named.takes([*whole.T])


def test_a_booster_of_lightgbm_is_read():
    lgb = pytest.importorskip("lightgbm")
    booster = lgb.train(
        {"objective": "binary", "verbose": -1, "num_threads": 1}, lgb.Dataset(cases.HOLES, cases.TARGETS["two"]), 3
    )
    trees = read_trees(booster, margin=False)
    assert trees.link == "each"
    model, _, _ = cases.fitted("lightgbm with levels")
    one, other = read_trees(model.booster_, margin=False), read_trees(model, margin=False)
    assert one.sets.tolist() == other.sets.tolist()
    assert any(one.sets)


@pytest.mark.filterwarnings("ignore:The argument 'eval_set'")
def test_early_stopping_is_read_as_the_model_predicts():
    lgb = pytest.importorskip("lightgbm")
    X, y = cases.FULL, cases.Y
    model = lgb.LGBMRegressor(n_estimators=60, verbose=-1, n_jobs=1, early_stopping_round=2)
    model.fit(X[:400], y[:400], eval_set=[(X[400:], np.random.default_rng(0).permutation(y[400:]))])
    assert len(read_trees(model, margin=False).sums[0].roots) == model.best_iteration_ < 60
    xgb = pytest.importorskip("xgboost")
    model = xgb.XGBRegressor(n_estimators=60, early_stopping_rounds=2)
    model.fit(X[:400], y[:400], eval_set=[(X[400:], np.random.default_rng(0).permutation(y[400:]))], verbose=False)
    assert len(read_trees(model, margin=False).sums[0].roots) == model.best_iteration + 1 < 60


@pytest.mark.parametrize("named_left", [True, False])
def test_trees_are_put_together_node_by_node(named_left):
    forest = Forest(
        width=2,
        size=np.array([5, 1]),
        feature=np.array([0, 1, 0, 0, 0, 0]),
        threshold=np.array([0.5, 0, 0, 0, 0, 0]),
        missing_left=np.array([True, False, False, False, False, False]),
        left=np.array([2, 3, -1, -1, -1, -1]),
        right=np.array([1, 4, -1, -1, -1, -1]),
        value=np.array([0.0, 0, 1, 2, 3, 10])[:, None],
        sets=Sets(np.array([1]), np.array([0]), np.array([2]), named_left=named_left),
    )
    for labelled, levels in ((True, Levels(tuple("abcd"))), (False, Numbers.levels(4))):
        codings = forest.codings(lambda _, thresholds: Numbers(thresholds), lambda _, __, one=levels: one)
        trees = forest.trees(codings, base=[0.5], into=np.array([0, 0]))
        assert trees.sums[0].roots.tolist() == [0, 5]
        assert trees.sums[0].value.tolist() == [0, 0, 1, 2, 3, 10]
        assert trees.feature.tolist() == [0, 1, -1, -1, -1, -1]
        assert (trees.left[:2].tolist(), trees.right[:2].tolist()) == ([2, 3], [1, 4])
        assert trees.set_first.tolist() == [-1, 0, -1, -1, -1, -1]
        named = [False, False, True, False] if labelled else [False, False, False, True, False, False]
        # four levels, or what lies below them and beyond too; then missing cells, which go right
        assert trees.sets.tolist() == [one if named_left else not one for one in named] + [False]
    assert replace(forest, feature=np.ones(6, int)).trees(codings, base=[0.0], into=np.array([0, 0])) is None


def test_words_are_sets_of_levels():
    words = np.array([0, 2**31, 5], np.uint32)
    named, levels = levels_of_words(words, np.array([0, 0, 1]), np.array([0, 1, 0]))
    assert named.tolist() == [0, 1, 1]
    assert levels.tolist() == [63, 0, 2]
