"""Trees of scikit-learn: single ones, forests, and both kinds of boosting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.adapters.trees.forest import Forest, Splits, numbered
from sipakit.structure import Numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.structure import Trees

__all__ = ["read_boosted", "read_forest", "read_histograms"]


def read_forest(estimator: Any) -> Trees | None:
    """Read a tree, or a forest, which is the mean of its trees: of their values, or of the classes' shares."""
    trees = [one.tree_ for one in getattr(estimator, "estimators_", [estimator])]
    classes = getattr(estimator, "classes_", None)
    leaves = [_shares(tree.value) if classes is not None else tree.value[:, :, 0] for tree in trees]
    two = classes is not None and len(classes) == 2
    forest = Forest(int(estimator.n_features_in_))
    for tree, value in zip(trees, leaves, strict=True):
        splits, order = _splits(tree)
        wanted = value[:, 1:] if two else value
        forest.add(splits, wanted[order] / len(trees), range(wanted.shape[1]))
    link = "complement" if two else "identity"
    return _put_together(forest, link, [0.0] * len(forest.into[0]))


def read_boosted(estimator: Any, *, margin: bool) -> Trees | None:
    """Read gradient boosting; None where it begins with a model of the user's."""
    rounds = estimator.estimators_
    base = _beginning(estimator, rounds.shape[1])
    if base is None:
        return None
    forest = Forest(int(estimator.n_features_in_))
    for one in rounds:
        for s, regressor in enumerate(one):
            splits, order = _splits(regressor.tree_)
            forest.add(splits, estimator.learning_rate * regressor.tree_.value[order, 0, 0], [s])
    return _put_together(forest, _link(estimator, rounds.shape[1], margin=margin), base)


def read_histograms(estimator: Any, *, margin: bool) -> Trees | None:
    """Read gradient boosting on histograms; None where columns are categories."""
    if getattr(estimator, "is_categorical_", None) is not None and np.any(estimator.is_categorical_):
        return None
    exponential = getattr(estimator, "loss", "") in {"poisson", "gamma"} and not margin
    rounds = estimator._predictors  # noqa: SLF001 - there is no public way, and what is read is compared with answers
    base = np.ravel(estimator._baseline_prediction).tolist()  # noqa: SLF001
    forest = Forest(int(estimator.n_features_in_))
    for one in rounds:
        for s, predictor in enumerate(one):
            nodes = predictor.nodes
            splits, order = numbered(
                nodes["is_leaf"] == 0,
                nodes["feature_idx"],
                nodes["num_threshold"],
                nodes["missing_go_to_left"] > 0,
                (nodes["left"], nodes["right"]),
            )
            forest.add(splits, nodes["value"][order], [s])
    link = "exp" if exponential else _link(estimator, len(base), margin=margin)
    return _put_together(forest, link, base, single=False)


def _put_together(forest: Forest, link: str, base: list[float], *, single: bool = True) -> Trees | None:
    codings = [Numbers(thresholds, single=single) for thresholds in forest.thresholds()]
    return forest.trees(codings, link=link, base=base)


def _link(estimator: Any, sums: int, *, margin: bool) -> str:
    if margin or not hasattr(estimator, "classes_"):
        return "identity"
    return "logistic" if sums == 1 else "softmax"


def _beginning(estimator: Any, sums: int) -> list[float] | None:
    """Where the sums of gradient boosting begin: the best constant, if its user named no other model."""
    begin = estimator.init_
    if isinstance(begin, str):
        return [0.0] * sums
    if estimator.init is not None:
        return None
    if not hasattr(estimator, "classes_"):
        return [float(np.ravel(begin.constant_)[0])]
    with np.errstate(divide="ignore"):
        logs = np.log(begin.class_prior_)
    return [float(logs[1] - logs[0])] if sums == 1 else (logs - logs.mean()).tolist()


def _shares(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, classes) shares of the classes in each node."""
    counts = value[:, 0, :]
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _splits(tree: Any) -> tuple[Splits, NDArray[np.intp]]:
    inner = tree.children_left >= 0
    missing = getattr(tree, "missing_go_to_left", np.zeros(len(inner)))
    return numbered(inner, tree.feature, tree.threshold, missing > 0, (tree.children_left, tree.children_right))
