"""Trees of scikit-learn: single ones, forests, and both kinds of boosting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit.adapters.trees.forest import Forest, Sets, joined, levels_of_words
from sipakit.structure import Coding, Levels, Numbers

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from sipakit.structure import Trees

__all__ = ["read_boosted", "read_forest", "read_histograms"]

_DOUBLE_TO = 2.0**53  # whole numbers beyond may be rounded twice on the way to single precision
_LINKS = {"IdentityLink": "identity", "LogLink": "exp", "LogitLink": "logistic", "MultinomialLogit": "softmax"}


def read_forest(estimator: Any) -> Trees | None:
    """Read a tree, or a forest, which is the mean of its trees: of their values, or of the classes' shares.

    None for classes of several targets.
    """
    trees = [one.tree_ for one in getattr(estimator, "estimators_", [estimator])]
    classes = getattr(estimator, "classes_", None)
    if classes is not None and estimator.n_outputs_ > 1:
        return None
    told = joined([tree.value for tree in trees], np.float64)
    values = told[:, :, 0] if classes is None else told[:, 0] / told[:, 0].sum(axis=1, keepdims=True)
    two = values.shape[1] == 2 and classes is not None
    forest = _forest(trees, int(estimator.n_features_in_), (values[:, 1:] if two else values) / len(trees))
    return forest.trees(_single(forest), base=[0.0] * forest.value.shape[1], link="complement" if two else "identity")


def read_boosted(estimator: Any, *, margin: bool) -> Trees | None:
    """Read gradient boosting; None where it begins with a model that is no constant."""
    rounds = estimator.estimators_
    base = _beginning(estimator)
    if base is None:
        return None
    # of log-odds, the exponential loss learns the half
    scale = 2.0 if estimator.loss == "exponential" and not margin else 1.0
    trees = [one.tree_ for one in rounds.ravel()]
    value = joined([tree.value[:, 0] for tree in trees], np.float64)
    forest = _forest(trees, int(estimator.n_features_in_), value * (estimator.learning_rate * scale))
    sums = rounds.shape[1]
    link = "identity" if margin or not hasattr(estimator, "classes_") else "logistic" if sums == 1 else "softmax"
    into = np.arange(rounds.size) % sums
    return forest.trees(_single(forest), base=[scale * one for one in base], into=into, link=link)


def _beginning(estimator: Any) -> list[float] | None:
    """Where the sums of gradient boosting begin; None if it differs from row to row."""
    name = type(estimator.init_).__name__
    drawn = getattr(estimator.init_, "strategy", None) == "stratified"
    if not isinstance(estimator.init_, str) and (name not in {"DummyRegressor", "DummyClassifier"} or drawn):
        return None
    row = np.zeros((1, int(estimator.n_features_in_)), np.float32)
    begin = np.ravel(estimator._raw_predict_init(row))  # noqa: SLF001 - there is no public way
    return [float(one) for one in begin]


def _forest(trees: Sequence[Any], width: int, value: NDArray[np.float64]) -> Forest:
    """Put the arrays of all trees one after the other."""
    left = joined([tree.children_left for tree in trees], np.int64)
    missing = [getattr(tree, "missing_go_to_left", np.zeros(tree.node_count)) for tree in trees]
    return Forest(
        width=width,
        size=np.array([tree.node_count for tree in trees], np.int64),
        feature=np.where(left >= 0, joined([tree.feature for tree in trees], np.int64), 0),
        threshold=joined([tree.threshold for tree in trees], np.float64),
        missing_left=joined(missing, np.int64) > 0,
        left=left,
        right=joined([tree.children_right for tree in trees], np.int64),
        value=value,
        sets=Sets.none(),
    )


def _single(forest: Forest) -> list[Coding]:
    """Codes of cells that are rounded to single precision."""
    return [Numbers(thresholds, single=True, whole_to=_DOUBLE_TO) for thresholds in forest.thresholds()]


def read_histograms(estimator: Any, *, margin: bool) -> Trees | None:
    """Read gradient boosting on histograms; None for a loss of the user's, and if a level is missing without being NaN.

    There is no public way to these trees, and what is read is compared with the model's answers.
    """
    link = _LINKS.get(type(estimator._loss.link).__name__)  # noqa: SLF001
    rounds = estimator._predictors  # noqa: SLF001
    known = _known(estimator)
    if link is None or known is None:
        return None
    base = np.ravel(estimator._baseline_prediction).tolist()  # noqa: SLF001
    predictors = [one for several in rounds for one in several]
    forest = _histograms(predictors, _order(estimator))

    def numbers(_: int, thresholds: NDArray[np.float64]) -> Numbers:
        return Numbers(thresholds)

    def levels(j: int, _: int) -> Coding:
        return Levels(known[j], plain=True)

    into = np.arange(len(predictors)) % len(base)
    return forest.trees(forest.codings(numbers, levels), base=base, into=into, link="identity" if margin else link)


def _order(estimator: Any) -> NDArray[np.int64]:
    """(p,) the columns in the order in which the trees number them: categories come first."""
    p = int(estimator.n_features_in_)
    mask = getattr(estimator, "is_categorical_", None)
    return np.arange(p) if mask is None else np.argsort(~np.asarray(mask), kind="stable")


def _known(estimator: Any) -> dict[int, tuple[Hashable, ...]] | None:
    """Levels of columns that are categories; None if one is missing and not NaN, which is a level of its own then."""
    mask = getattr(estimator, "is_categorical_", None)
    if mask is None or not np.any(mask):
        return {}
    encoder = estimator._preprocessor.named_transformers_["encoder"]  # noqa: SLF001
    present = [[one for one in levels.tolist() if not _is_nan(one)] for levels in encoder.categories_]
    if any(pd.isna(one) for levels in present for one in levels):
        return None
    return dict(zip(np.flatnonzero(mask).tolist(), map(tuple, present), strict=True))


def _is_nan(level: Hashable) -> bool:
    return isinstance(level, float) and np.isnan(level)


def _histograms(predictors: Sequence[Any], order: NDArray[np.int64]) -> Forest:
    """Put the nodes of all trees one after the other; ``order`` is of the columns as the trees number them."""
    nodes = joined([one.nodes for one in predictors], predictors[0].nodes.dtype)
    leaf = nodes["is_leaf"] > 0
    size = np.array([len(one.nodes) for one in predictors], np.int64)
    words = joined([one.raw_left_cat_bitsets for one in predictors], np.uint32)
    looks = np.flatnonzero((nodes["is_categorical"] > 0) & ~leaf)
    before = np.cumsum([0, *(len(one.raw_left_cat_bitsets) for one in predictors)])[:-1]
    number = np.repeat(before, size)[looks] + nodes["bitset_idx"][looks]
    of_set = np.repeat(np.arange(len(words)), words.shape[1])
    named, levels = levels_of_words(words.ravel(), of_set, np.tile(np.arange(words.shape[1]), len(words)))
    node_of = np.zeros(len(words), np.int64)
    node_of[number] = looks
    return Forest(
        width=len(order),
        size=size,
        feature=order[np.where(leaf, 0, nodes["feature_idx"])],
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"] > 0,
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        value=nodes["value"].astype(np.float64)[:, None],
        sets=Sets(node_of, named, levels),
    )
