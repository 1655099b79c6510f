"""Trees of XGBoost, read from the JSON in which it saves a model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.adapters.trees.forest import Forest, numbered
from sipakit.structure import Numbers

if TYPE_CHECKING:
    from sipakit.structure import Trees

__all__ = ["read_xgboost"]

_ROUNDING = 1e-5  # it adds in single precision
_LINKS = {
    "reg:squarederror": "identity",
    "reg:squaredlogerror": "identity",
    "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity",
    "reg:quantileerror": "identity",
    "count:poisson": "exp",
    "reg:gamma": "exp",
    "reg:tweedie": "exp",
    "binary:logistic": "logistic",
    "multi:softprob": "softmax",
}


def read_xgboost(booster: Any, *, margin: bool) -> Trees | None:
    """Read a Booster of trees; None where its trees are not all that there is to it, or look into sets.

    Parameters
    ----------
    booster : xgboost.Booster
    margin : bool
        Whether the sums themselves are wanted and not what the objective makes of them.
    """
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    link = _LINKS.get(learner["objective"]["name"])
    if link is None or learner["gradient_booster"]["name"] != "gbtree":
        return None
    model, facts = learner["gradient_booster"]["model"], learner["learner_model_param"]
    count = max(int(facts["num_class"]), 1)
    trees, into = model["trees"], model["tree_info"]
    best = learner.get("attributes", {}).get("best_iteration")
    if best is not None:
        last = model["iteration_indptr"][int(best) + 1]
        trees, into = trees[:last], into[:last]
    if any(any(tree["split_type"]) or int(tree["tree_param"]["size_leaf_vector"]) > 1 for tree in trees):
        return None
    forest = Forest(int(facts["num_feature"]))
    for tree, s in zip(trees, into, strict=True):
        left = np.array(tree["left_children"])
        value = np.array(tree["split_conditions"], np.float32).astype(np.float64)
        splits, order = numbered(
            left >= 0,
            np.array(tree["split_indices"]),
            value,
            np.array(tree["default_left"]) > 0,
            (left, np.array(tree["right_children"])),
        )
        forest.add(splits, value[order], [int(s)])
    codings = [Numbers(one, equal_goes_right=True, single=True) for one in forest.thresholds()]
    base = _base(facts["base_score"], link, count)
    return forest.trees(codings, link="identity" if margin else link, base=base, tolerance=_ROUNDING)


def _base(told: str, link: str, count: int) -> list[float]:
    """Where the sums begin; the model's text tells it as an answer."""
    scores = np.array([float(part) for part in told.strip("[]").split(",")])
    if link == "logistic":
        scores = np.log(scores) - np.log1p(-scores)
    elif link == "exp":
        scores = np.log(scores)
    return [float(score) for score in np.broadcast_to(scores, count)]
