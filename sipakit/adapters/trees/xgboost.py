"""Trees of XGBoost, read from the bytes in which it saves a model."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.adapters.trees.forest import Forest, Sets, joined
from sipakit.adapters.trees.ubjson import from_ubjson
from sipakit.structure import Coding, Levels, Numbers

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.structure import Trees

__all__ = ["read_xgboost"]

_ROUNDING = 1e-5  # it adds in single precision
_DOUBLE_TO = 2.0**53  # whole numbers beyond may be rounded twice on the way to single precision
# From the sums to what predict returns.
_LINKS = {
    "reg:squarederror": "identity",
    "reg:squaredlogerror": "identity",
    "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity",
    "reg:quantileerror": "identity",
    "rank:ndcg": "identity",
    "rank:map": "identity",
    "rank:pairwise": "identity",
    "reg:logistic": "each",
    "binary:logistic": "each",
    "count:poisson": "exp",
    "reg:gamma": "exp",
    "reg:tweedie": "exp",
    "survival:cox": "exp",
    "multi:softprob": "softmax",
}
# What predict_proba makes of them; there are two columns where there is one sum.
_OF_CLASSES = {"binary:logistic": "logistic", "multi:softprob": "softmax", "multi:softmax": "softmax"}


def read_xgboost(booster: Any, *, margin: bool, classes: bool = False, missing: float = np.nan) -> Trees | None:
    """Read a Booster of trees; None where its trees are not all that there is to it.

    Parameters
    ----------
    booster : xgboost.Booster
    margin : bool
        Whether the sums themselves are wanted and not what the objective makes of them.
    classes : bool
        Whether the answers are probabilities of all classes, also where there are two.
    missing : float
        What counts as missing beside NaN.
    """
    learner = from_ubjson(bytes(booster.save_raw("ubj")))["learner"]
    objective = learner["objective"]["name"]
    link = (_OF_CLASSES if classes else _LINKS).get(objective)
    if margin and objective in _LINKS | _OF_CLASSES:
        link = "identity"
    if link is None or learner["gradient_booster"]["name"] != "gbtree":
        return None
    model, facts = learner["gradient_booster"]["model"], learner["learner_model_param"]
    count = max(int(facts["num_class"]), int(facts.get("num_target", 1)), 1)
    last = _last(learner, model)
    trees, into = model["trees"][:last], np.asarray(model["tree_info"][:last], np.int64)
    if any(int(tree["tree_param"]["size_leaf_vector"]) > 1 for tree in trees) or (link == "logistic" and count > 1):
        return None
    forest = _forest(trees, int(facts["num_feature"]))
    codings = _codings(forest, model.get("cats", {}).get("enc", ()), missing)
    base = _base(facts["base_score"], objective, count)
    return forest.trees(codings, base=base, into=into, link=link, tolerance=_ROUNDING) if codings else None


def _last(learner: Mapping[str, Any], model: Mapping[str, Any]) -> int | None:
    """Return the number of trees up to the best iteration, if training stopped early."""
    best = learner.get("attributes", {}).get("best_iteration")
    return None if best is None else int(model["iteration_indptr"][int(best) + 1])


def _forest(trees: Sequence[Mapping[str, Any]], width: int) -> Forest:
    """Put the arrays of all trees one after the other."""
    size = np.array([len(tree["left_children"]) for tree in trees], np.int64)
    told = joined([tree["split_conditions"] for tree in trees], np.float64)  # thresholds, and values of leaves
    left = joined([tree["left_children"] for tree in trees], np.int64)
    return Forest(
        width=width,
        size=size,
        feature=np.where(left >= 0, joined([tree["split_indices"] for tree in trees], np.int64), 0),
        threshold=told,
        missing_left=joined([tree["default_left"] for tree in trees], np.int64) > 0,
        left=left,
        right=joined([tree["right_children"] for tree in trees], np.int64),
        value=told[:, None],
        sets=_sets(trees, np.cumsum(size) - size),
    )


def _sets(trees: Sequence[Mapping[str, Any]], starts: NDArray[np.int64]) -> Sets:
    """Sets of levels that go right."""
    with_sets = [(tree, start) for tree, start in zip(trees, starts, strict=True) if len(tree["categories_nodes"])]
    nodes = joined([tree["categories_nodes"] + start for tree, start in with_sets], np.int64)
    sizes = joined([tree["categories_sizes"] for tree, _ in with_sets], np.int64)
    levels = joined([tree["categories"] for tree, _ in with_sets], np.int64)
    return Sets(nodes, np.repeat(np.arange(len(nodes)), sizes), levels, named_left=False)


def _codings(forest: Forest, encoded: Sequence[Mapping[str, Any]], missing: float) -> list[Coding] | None:
    """Codes of every column; of levels by their labels, if the model remembers them. None if these cannot be told."""
    looked_up = np.flatnonzero(forest.looked_up).tolist()
    if looked_up and not np.isnan(missing):
        return None  # it would be a number of a level too
    known = {j: _labels(encoded[j]) for j in looked_up if len(encoded) and len(encoded[j]["values"])}
    if None in known.values():
        return None
    absent = () if np.isnan(missing) else (float(np.float32(missing)),) * 2

    def numbers(_: int, thresholds: NDArray[np.float64]) -> Numbers:
        return Numbers(thresholds, equal_goes_right=True, single=True, absent=absent, whole_to=_DOUBLE_TO)

    def levels(j: int, count: int) -> Coding:
        labels = known.get(j)
        return Numbers.levels(count, single=True) if labels is None else Levels(labels, closed=True)

    return forest.codings(numbers, levels)


def _labels(encoded: Mapping[str, Any]) -> tuple[Hashable, ...] | None:
    """Labels of a column's levels; None if these are texts beyond ASCII, of which XGBoost loses a part."""
    values = np.asarray(encoded["values"])
    if "offsets" not in encoded:
        return tuple(values.tolist())
    if (values < 0).any() or (values > 127).any():
        return None
    text, ends = values.astype(np.uint8).tobytes().decode("ascii"), encoded["offsets"].tolist()
    return tuple(text[start:end] for start, end in pairwise(ends))


def _base(told: str, objective: str, count: int) -> list[float]:
    """Where the sums begin; the saved model tells it as an answer."""
    scores = np.array([float(part) for part in told.strip("[]").split(",")])
    if objective in {"binary:logistic", "reg:logistic"}:
        scores = np.log(scores) - np.log1p(-scores)
    elif _LINKS.get(objective) == "exp":
        scores = np.log(scores)
    return [float(score) for score in np.broadcast_to(scores, count)]
