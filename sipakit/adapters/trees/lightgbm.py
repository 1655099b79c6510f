"""Trees of LightGBM, read from the text in which it saves a model."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.adapters.trees.forest import Forest, Sets, levels_of_words
from sipakit.structure import Coding, Levels, Numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sipakit.structure import Trees

__all__ = ["read_lightgbm"]

_SET, _LEFT_IF_MISSING = 1, 2  # bits of a node's decision type; two more say what counts as missing
_ZERO, _NAN = 1, 2
_TINY = float(np.float32(1e-35))  # what is no further from zero counts as zero
_SINGLE_TO = 2.0**24  # whole numbers up to this are the same in single precision
_LINKS = {
    "custom": "identity",
    "regression": "identity",
    "regression_l1": "identity",
    "huber": "identity",
    "fair": "identity",
    "quantile": "identity",
    "mape": "identity",
    "lambdarank": "identity",
    "rank_xendcg": "identity",
    "poisson": "exp",
    "gamma": "exp",
    "tweedie": "exp",
    "binary": "each",
    "cross_entropy": "each",
    "multiclass": "softmax",
    "multiclassova": "each",
}


def read_lightgbm(booster: Any, *, margin: bool, classes: bool = False) -> Trees | None:
    """Read a Booster; None where its trees are not all that there is to it.

    Parameters
    ----------
    booster : lightgbm.Booster
    margin : bool
        Whether the sums themselves are wanted and not what the objective makes of them.
    classes : bool
        Whether the answers are probabilities of all classes, also where there are two.
    """
    saved = _Saved.of(booster.model_to_string())
    objective = saved.head.get("objective", "custom").split()
    link = "identity" if margin else _link(objective, classes=classes)
    if link is None or saved.numbers("is_linear").any():
        return None
    sums, trees = int(saved.head["num_tree_per_iteration"]), len(saved.leaves)
    scale = 1.0
    if link in {"logistic", "each"}:
        scale = float(dict(part.split(":", 1) for part in objective if ":" in part).get("sigmoid", 1))
    if "average_output" in saved.head:
        scale *= sums / trees
    forest = _forest(saved, scale)
    codings = _codings(saved, forest, booster)
    if codings is None:
        return None
    return forest.trees(codings, base=[0.0] * sums, into=np.arange(trees) % sums, link=link)


def _link(objective: list[str], *, classes: bool) -> str | None:
    """Return what the objective makes of the sums; None if that is not known."""
    if "sqrt" in objective or (classes and objective[0] == "custom"):
        return None
    return "logistic" if classes and objective[0] == "binary" else _LINKS.get(objective[0])


@dataclass(frozen=True, eq=False)
class _Saved:
    """The text of a model.

    Parameters
    ----------
    head : name -> text
    lines : name -> text of each tree that has such a line
    """

    head: Mapping[str, str]
    lines: Mapping[str, list[str]]

    @classmethod
    def of(cls, text: str) -> _Saved:
        """Cut a text into lines by their names."""
        head, _, rest = text.partition("\nend of trees")[0].partition("\nTree=")
        lines = defaultdict[str, list[str]](list)
        for line in rest.splitlines():
            name, _, told = line.partition("=")
            lines[name].append(told)
        return cls({name: told for name, _, told in (line.partition("=") for line in head.splitlines())}, lines)

    def numbers(self, name: str, dtype: Any = np.int64) -> NDArray[Any]:
        """Return the numbers of all trees, one after the other."""
        text = " ".join(self.lines.get(name, ())).strip()
        return np.fromstring(text, dtype, sep=" ") if text else np.zeros(0, dtype)

    @cached_property
    def leaves(self) -> NDArray[np.int64]:
        """(t,) numbers of leaves; each tree has one inner node less."""
        return self.numbers("num_leaves")

    @cached_property
    def feature(self) -> NDArray[np.int64]:
        """(i,) columns of inner nodes."""
        return self.numbers("split_feature")

    @cached_property
    def threshold(self) -> NDArray[np.float64]:
        """(i,) thresholds of inner nodes; the number of the set within the tree where they look into one."""
        return self.numbers("threshold", np.float64)

    @cached_property
    def decision(self) -> NDArray[np.int64]:
        """(i,) bits of inner nodes."""
        return self.numbers("decision_type")

    @property
    def is_set(self) -> NDArray[np.bool_]:
        """(i,) whether inner nodes look into a set."""
        return np.asarray((self.decision & _SET) > 0)

    @property
    def zero_is_missing(self) -> NDArray[np.bool_]:
        """(i,) whether inner nodes take zero for missing."""
        return np.asarray(~self.is_set & (self.decision >> 2 == _ZERO))

    @cached_property
    def tree(self) -> NDArray[np.int64]:
        """(i,) trees of inner nodes."""
        return np.repeat(np.arange(len(self.leaves)), self.leaves - 1)


def _forest(saved: _Saved, scale: float) -> Forest:
    """Put the inner nodes of each tree before its leaves, whose values are scaled."""
    leaves, inner = saved.leaves, saved.leaves - 1
    m = int((leaves + inner).sum())
    # inner nodes are numbered over all trees, and leaves too: before each lie those of earlier trees
    nodes = np.arange(inner.sum()) + np.repeat(np.cumsum(leaves) - leaves, inner)
    ends = np.arange(leaves.sum()) + np.repeat(np.cumsum(inner), leaves)

    def spread(part: NDArray[Any], fill: int = 0) -> NDArray[Any]:
        whole = np.full(m, fill, part.dtype)
        whole[nodes] = part
        return whole

    def child(name: str) -> NDArray[np.int64]:
        told = saved.numbers(name)  # below zero for leaves
        return spread(np.where(told >= 0, told, inner[saved.tree] - 1 - told), -1)

    # what is not told apart from zero goes where zero goes
    apart = (saved.decision >> 2 == _NAN) | saved.zero_is_missing
    missing_left = np.where(apart, (saved.decision & _LEFT_IF_MISSING) > 0, saved.threshold >= 0) & ~saved.is_set
    value = np.zeros((m, 1))
    value[ends, 0] = saved.numbers("leaf_value", np.float64) * scale
    return Forest(
        width=int(saved.head["max_feature_idx"]) + 1,
        size=leaves + inner,
        feature=spread(saved.feature),
        # at most -_TINY means below it: a cell that is no further from zero is taken for zero
        threshold=spread(np.where(saved.threshold == -_TINY, np.nextafter(-_TINY, -np.inf), saved.threshold)),
        missing_left=spread(missing_left),
        left=child("left_child"),
        right=child("right_child"),
        value=value,
        sets=_sets(saved, nodes),
    )


def _sets(saved: _Saved, nodes: NDArray[np.int64]) -> Sets:
    """Sets of levels that go left: each is a few words of bits."""
    if not saved.is_set.any():
        return Sets.none()
    count, bounds = saved.numbers("num_cat"), saved.numbers("cat_boundaries")
    lengths = np.diff(bounds)
    lengths = np.delete(lengths, np.cumsum(count[count > 0] + 1)[:-1] - 1)  # from one tree to the next
    of_set = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(of_set)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    named, levels = levels_of_words(saved.numbers("cat_threshold", np.uint32), of_set, place)
    number = (np.cumsum(count) - count)[saved.tree] + saved.threshold.astype(np.int64)
    node_of = np.zeros(len(lengths), np.int64)
    node_of[number[saved.is_set]] = nodes[saved.is_set]
    return Sets(node_of, named, levels)


def _codings(saved: _Saved, forest: Forest, booster: Any) -> list[Coding] | None:
    """Codes of every column; of categories by the labels that the model was fitted on.

    None if these do not match, and if trees differ in what counts as missing.
    """
    zero = np.zeros(forest.width, bool)
    zero[saved.feature[saved.zero_is_missing]] = True
    if zero[saved.feature[~saved.zero_is_missing]].any():
        return None
    infos, labels = saved.head["feature_infos"].split(), booster.pandas_categorical or []
    perhaps = [j for j, info in enumerate(infos) if not info.startswith("[")]
    categories = [j for j in perhaps if infos[j] != "none"]  # others hold one value, and may be of any kind
    labelled = categories if len(labels) in {0, len(categories)} else perhaps
    if labels and len(labels) != len(labelled):
        return None
    known = dict(zip(labelled, labels, strict=True)) if labels else {}
    # arrays of integers are rounded to single precision
    unnamed = booster.feature_name() == [f"Column_{j}" for j in range(forest.width)]
    whole_to = _SINGLE_TO if unnamed else np.inf

    def numbers(j: int, thresholds: NDArray[np.float64]) -> Numbers:
        return Numbers(thresholds, absent=(-_TINY, _TINY) if zero[j] else (), whole_to=whole_to)

    def levels(j: int, count: int) -> Coding:
        # a fraction above -1 is cut to zero, the first level
        return Levels(tuple(known[j])) if j in known else Numbers.levels(count, lowest=np.nextafter(-1, 0))

    return forest.codings(numbers, levels)
