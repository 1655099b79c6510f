"""Models of trees of every library, with tables that have missing cells and levels."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn import ensemble, tree

RNG = np.random.default_rng(0)
N = 600
FULL = RNG.normal(size=(N, 4)).round(1)
FULL[:, 3] = RNG.integers(0, 5, N)
HOLES = np.where(RNG.random(FULL.shape) < 0.1, np.nan, FULL)
Y = FULL[:, 0] * FULL[:, 1] + FULL[:, 3] + RNG.normal(size=N) / 10
TARGETS = {
    "y": Y,
    "two": (Y > 2).astype(int),
    "three": np.digitize(Y, [1, 3]),
    "positive": np.exp(Y / 3),
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

    sets = {"min_data_per_group": 5, "cat_smooth": 0, "max_cat_to_onehot": 1}
    return {
        "lightgbm": (light(), HOLES, "y", None),
        "lightgbm of counts": (light(objective="poisson"), FULL, "positive", None),
        "lightgbm of two": (light(lgb.LGBMClassifier), HOLES, "two", None),
        "lightgbm of two, score": (light(lgb.LGBMClassifier), HOLES, "two", "score"),
        "lightgbm of three": (light(lgb.LGBMClassifier), HOLES, "three", None),
        "lightgbm of three, log odds": (light(lgb.LGBMClassifier), HOLES, "three", "log_odds"),
        "lightgbm one against the rest": (light(lgb.LGBMClassifier, objective="multiclassova"), HOLES, "three", None),
        "lightgbm with levels": (light(**sets), frame(), "levels", None),
        "lightgbm dropping trees": (light(boosting_type="dart", **sets), frame(), "levels", None),
        "lightgbm of stumps": (light(num_leaves=2), FULL, "y", None),
        "lightgbm of large trees": (light(num_leaves=200, min_child_samples=1), HOLES, "y", None),
        "xgboost": (extreme(), HOLES, "y", None),
        "xgboost of counts": (extreme(objective="count:poisson"), HOLES, "positive", None),
        "xgboost of two": (extreme(xgb.XGBClassifier), HOLES, "two", None),
        "xgboost of three": (extreme(xgb.XGBClassifier), HOLES, "three", None),
        "xgboost of three, score": (extreme(xgb.XGBClassifier), HOLES, "three", "score"),
        "xgboost of several each round": (extreme(num_parallel_tree=3, subsample=0.5), HOLES, "y", None),
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
        "histograms": (histograms(max_iter=12), HOLES, "y", None),
        "histograms of counts": (
            ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=12),
            HOLES,
            "positive",
            None,
        ),
        "histograms of two": (ensemble.HistGradientBoostingClassifier(max_iter=12), HOLES, "two", None),
        "histograms of three, score": (ensemble.HistGradientBoostingClassifier(max_iter=12), HOLES, "three", "score"),
    }


def target(name):
    """A target by its name."""
    return with_levels() if name == "levels" else TARGETS[name]


@cache
def fitted(name):
    """Model, table and output of a case."""
    known = forests()
    model, table, wanted, output = (known if name in known else boosters())[name]
    return model.fit(table, target(wanted)), table, output
