"""Trees of LightGBM, read from the text in which it saves a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.adapters.trees.forest import Forest, Splits
from sipakit.structure import Coding, Levels, Numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.structure import Trees

__all__ = ["read_lightgbm"]

_SET, _LEFT_IF_MISSING = 1, 2  # bits of a node's decision type; two more say what counts as missing
_ZERO, _NAN = 1, 2
_LINKS = {
    "regression": "identity",
    "regression_l1": "identity",
    "huber": "identity",
    "fair": "identity",
    "quantile": "identity",
    "mape": "identity",
    "poisson": "exp",
    "gamma": "exp",
    "tweedie": "exp",
    "binary": "logistic",
    "multiclass": "softmax",
    "multiclassova": "each",
}


def read_lightgbm(booster: Any, *, margin: bool) -> Trees | None:
    """Read a Booster; None where its trees are not all that there is to it.

    Parameters
    ----------
    booster : lightgbm.Booster
    margin : bool
        Whether the sums themselves are wanted and not what the objective makes of them.
    """
    text = booster.model_to_string()
    head, *trees = re.split(r"^Tree=\d+\n", text.partition("\nend of trees")[0], flags=re.MULTILINE)
    facts = dict(line.split("=", 1) for line in head.splitlines() if "=" in line)
    objective = facts.get("objective", "").split()
    link = "identity" if margin else _LINKS.get(objective[0] if objective else "")
    if link is None or "average_output" in head or "sqrt" in objective or "sigmoid:1" not in [*objective, "sigmoid:1"]:
        return None
    parsed = [dict(line.split("=", 1) for line in tree.splitlines() if "=" in line) for tree in trees]
    if any(tree.get("is_linear", "0") != "0" for tree in parsed):
        return None
    sums = int(facts["num_tree_per_iteration"])
    forest = Forest(int(facts["max_feature_idx"]) + 1)
    for number, tree in enumerate(parsed):
        splits = _splits(tree)
        if splits is None:
            return None
        forest.add(splits, _numbers(tree, "leaf_value", np.float64), [number % sums])
    codings = _codings(forest, facts["feature_infos"].split(), booster.pandas_categorical or [])
    return None if codings is None else forest.trees(codings, link=link, base=[0.0] * sums)


def _splits(tree: dict[str, str]) -> Splits | None:
    """Read the inner nodes of a tree; children that are leaves have numbers below zero."""
    if int(tree["num_leaves"]) == 1:
        return Splits.none()
    decision = _numbers(tree, "decision_type", np.int64)
    threshold = _numbers(tree, "threshold", np.float64)
    missing, is_set = decision >> 2, (decision & _SET) > 0
    if (missing[~is_set] == _ZERO).any():
        return None
    # what is not told apart from zero goes where zero goes
    left_if_missing = np.where(missing == _NAN, (decision & _LEFT_IF_MISSING) > 0, threshold >= 0) & ~is_set
    sets = _sets(tree, threshold, is_set) if is_set.any() else {}
    left, right = (_numbers(tree, name, np.int64) for name in ("left_child", "right_child"))
    feature = _numbers(tree, "split_feature", np.int64)
    return Splits(feature, threshold, left_if_missing, left, right, sets)


def _sets(tree: dict[str, str], threshold: NDArray[np.float64], is_set: NDArray[np.bool_]) -> dict[int, frozenset[int]]:
    """Levels that go left, by the number of their node: each set is a row of bits."""
    ends, words = _numbers(tree, "cat_boundaries", np.int64), _numbers(tree, "cat_threshold", np.uint32)
    found = {}
    for node in np.flatnonzero(is_set):
        which = int(threshold[node])
        bits = np.unpackbits(words[ends[which] : ends[which + 1]].astype("<u4").view(np.uint8), bitorder="little")
        found[int(node)] = frozenset(np.flatnonzero(bits).tolist())
    return found


def _codings(forest: Forest, infos: list[str], labels: list[list[Any]]) -> list[Coding] | None:
    """Codes of every column; of categories by the labels that the model was fitted on. None if these do not match."""
    perhaps = [j for j, info in enumerate(infos) if not info.startswith("[")]
    categories = [j for j in perhaps if infos[j] != "none"]  # others hold one value, and may be of any kind
    labelled = categories if len(labels) in {0, len(categories)} else perhaps
    if labels and len(labels) != len(labelled):
        return None
    known = dict(zip(labelled, labels, strict=True)) if labels else {}
    thresholds, most = forest.thresholds(), forest.levels()
    return [
        Levels(tuple(known.get(j, range(most[j])))) if j in categories else Numbers(thresholds[j])
        for j in range(forest.width)
    ]


def _numbers(tree: dict[str, str], name: str, dtype: Any) -> NDArray[Any]:
    return np.array(tree[name].split(), dtype=dtype)
