"""Models of trees of every library, with tables that have missing cells and levels."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn import dummy, ensemble, tree

RNG = np.random.default_rng(0)
N = 600
FULL = RNG.normal(size=(N, 4)).round(1)
FULL[:, 3] = RNG.integers(0, 5, N)
HOLES = np.where(RNG.random(FULL.shape) < 0.1, np.nan, FULL)
Y = FULL[:, 0] * FULL[:, 1] + FULL[:, 3] + RNG.normal(size=N) / 10
LEVELS = np.where(RNG.random(FULL.shape) < 0.1, np.nan, FULL)  # the last column stands for levels
TARGETS = {
    "y": Y,
    "two": (Y > 2).astype(int),
    "three": np.digitize(Y, [1, 3]),
    "positive": np.exp(Y / 3),
    "share": 1 / (1 + np.exp(-Y)),
    "both": np.column_stack([Y, Y > 2]),
}


def frame():
    """Numbers, levels of which some are missing, and a column that no model uses."""
    made = pd.DataFrame(HOLES, columns=list("abcd"))
    made["level"] = pd.Categorical(np.random.default_rng(1).choice(list("uvwxyz"), N))
    made.loc[::9, "level"] = None
    made["idle"] = pd.Categorical(["same"] * N)
    return made


def with_levels():
    """Target that depends on the levels."""
    return Y + 2 * frame()["level"].isin(["u", "x"])


def boosters():
    """LightGBM and XGBoost: name -> (model, table, target, output)."""
    import lightgbm as lgb
    import xgboost as xgb

    def light(kind=lgb.LGBMRegressor, **more):
        return kind(n_estimators=12, verbose=-1, n_jobs=1, **more)

    def extreme(kind=xgb.XGBRegressor, **more):
        return kind(n_estimators=12, n_jobs=1, **more)

    def halves(target, scores):
        return scores - target, np.ones_like(scores)

    bags = {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
    sets = {"min_data_per_group": 5, "cat_smooth": 0, "max_cat_to_onehot": 1}
    few = {"enable_categorical": True, "max_cat_to_onehot": 1}
    return {
        "lightgbm": (light(), HOLES, "y", None),
        "lightgbm of counts": (light(objective="poisson"), FULL, "positive", None),
        "lightgbm of two": (light(lgb.LGBMClassifier), HOLES, "two", None),
        "lightgbm of two, score": (light(lgb.LGBMClassifier), HOLES, "two", "score"),
        "lightgbm of three": (light(lgb.LGBMClassifier), HOLES, "three", None),
        "lightgbm of three, log odds": (light(lgb.LGBMClassifier), HOLES, "three", "log_odds"),
        "lightgbm one against the rest": (light(lgb.LGBMClassifier, objective="multiclassova"), HOLES, "three", None),
        "lightgbm with levels": (light(**sets), frame(), "levels", None),
        "lightgbm with numbered levels": (light(**sets), LEVELS, "y", None),
        "lightgbm dropping trees": (light(boosting_type="dart", **sets), frame(), "levels", None),
        "lightgbm of zeros": (light(zero_as_missing=True), HOLES, "y", None),
        "lightgbm forest of three": (light(lgb.LGBMClassifier, **bags), HOLES, "three", None),
        "lightgbm of shares": (light(objective="cross_entropy"), HOLES, "share", None),
        "lightgbm of two, steeper": (light(lgb.LGBMClassifier, sigmoid=2.0), HOLES, "two", None),
        "lightgbm regression of two": (light(objective="binary"), HOLES, "two", None),
        "lightgbm of the user's": (light(objective=halves), HOLES, "y", None),
        "lightgbm of stumps": (light(num_leaves=2), FULL, "y", None),
        "lightgbm of large trees": (light(num_leaves=200, min_child_samples=1), HOLES, "y", None),
        "xgboost": (extreme(), HOLES, "y", None),
        "xgboost of counts": (extreme(objective="count:poisson"), HOLES, "positive", None),
        "xgboost of two": (extreme(xgb.XGBClassifier), HOLES, "two", None),
        "xgboost of three": (extreme(xgb.XGBClassifier), HOLES, "three", None),
        "xgboost of three, score": (extreme(xgb.XGBClassifier), HOLES, "three", "score"),
        "xgboost of several each round": (extreme(num_parallel_tree=3, subsample=0.5), HOLES, "y", None),
        "xgboost pruned": (extreme(tree_method="exact", gamma=5.0), HOLES, "y", None),
        "xgboost where -1 is missing": (extreme(missing=-1.0), HOLES, "y", None),
        "xgboost of two targets": (extreme(), HOLES, "both", None),
        "xgboost of shares": (extreme(objective="reg:logistic"), HOLES, "share", None),
        "xgboost of largest": (extreme(xgb.XGBClassifier, objective="multi:softmax"), HOLES, "three", None),
        "xgboost of quantiles": (extreme(objective="reg:quantileerror", quantile_alpha=[0.1, 0.9]), HOLES, "y", None),
        "xgboost with levels": (extreme(**few), frame(), "levels", None),
        "xgboost one level at a time": (extreme(**few | {"max_cat_to_onehot": 9}), frame(), "levels", None),
        "xgboost with numbered levels": (extreme(feature_types=["q", "q", "q", "c"], **few), LEVELS, "y", None),
        "xgboost of three, with levels": (extreme(xgb.XGBClassifier, **few), frame(), "three", None),
    }


def forests():
    """scikit-learn: name -> (model, table, target, output)."""
    few = {"n_estimators": 8, "random_state": 0}
    rounds = {"n_estimators": 12, "random_state": 0}
    histograms = ensemble.HistGradientBoostingRegressor
    return {
        "a tree": (tree.DecisionTreeRegressor(random_state=0), HOLES, "y", None),
        "a tree of three": (tree.DecisionTreeClassifier(max_depth=4, random_state=0), FULL, "three", None),
        "a leaf": (tree.DecisionTreeRegressor(max_depth=1, min_samples_leaf=400), FULL, "y", None),
        "a forest": (ensemble.RandomForestRegressor(**few), HOLES, "y", None),
        "a forest of two": (ensemble.RandomForestClassifier(**few), FULL, "two", None),
        "a forest of two, log odds": (ensemble.RandomForestClassifier(**few), FULL, "two", "log_odds"),
        "a forest of two targets": (ensemble.RandomForestRegressor(**few), FULL, "both", None),
        "extra trees of three": (ensemble.ExtraTreesClassifier(**few), FULL, "three", None),
        "boosting": (ensemble.GradientBoostingRegressor(**rounds), FULL, "y", None),
        "boosting from zero": (ensemble.GradientBoostingRegressor(init="zero", **rounds), FULL, "y", None),
        "boosting by Huber": (ensemble.GradientBoostingRegressor(loss="huber", **rounds), FULL, "y", None),
        "boosting of two": (ensemble.GradientBoostingClassifier(**rounds), FULL, "two", None),
        "boosting of two, score": (ensemble.GradientBoostingClassifier(**rounds), FULL, "two", "score"),
        "boosting of three": (ensemble.GradientBoostingClassifier(**rounds), FULL, "three", None),
        "boosting of three, score": (ensemble.GradientBoostingClassifier(**rounds), FULL, "three", "score"),
        "boosting from a median": (
            ensemble.GradientBoostingRegressor(init=dummy.DummyRegressor(strategy="median"), **rounds),
            FULL,
            "y",
            None,
        ),
        "boosting by exponents": (ensemble.GradientBoostingClassifier(loss="exponential", **rounds), FULL, "two", None),
        "boosting by exponents, score": (
            ensemble.GradientBoostingClassifier(loss="exponential", **rounds),
            FULL,
            "two",
            "score",
        ),
        "histograms": (histograms(max_iter=12), HOLES, "y", None),
        "histograms of counts": (
            ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=12),
            HOLES,
            "positive",
            None,
        ),
        "histograms of two": (ensemble.HistGradientBoostingClassifier(max_iter=12), HOLES, "two", None),
        "histograms of three, score": (ensemble.HistGradientBoostingClassifier(max_iter=12), HOLES, "three", "score"),
        "histograms of positive": (histograms(loss="gamma", max_iter=12), HOLES, "positive", None),
        "histograms with levels": (histograms(max_iter=12), frame()[["a", "idle", "level", "d"]], "levels", None),
        "histograms of three, with levels": (
            ensemble.HistGradientBoostingClassifier(max_iter=12),
            frame()[["a", "level", "d"]],
            "three",
            None,
        ),
        "histograms with numbered levels": (histograms(max_iter=12, categorical_features=[1, 3]), LEVELS, "y", None),
        "histograms with texts": (
            histograms(max_iter=12, categorical_features=["level"]),
            frame().astype({"level": "str"})[["a", "level"]],
            "levels",
            None,
        ),
    }


def target(name):
    """A target by its name."""
    return with_levels() if name == "levels" else TARGETS[name]


@cache
def fitted(name):
    """Model, table and output of a case."""
    known = forests()
    model, table, wanted, output = (known if name in known else boosters())[name]
    more = {"categorical_feature": [3]} if name == "lightgbm with numbered levels" else {}
    return model.fit(table, target(wanted), **more), table, output
