"""Readers of trees, one a library; each gives `sipakit.structure.Trees` or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sipakit.structure import Trees

__all__ = ["read_trees"]

_FORESTS = {
    f"{kind}{task}"
    for kind in ("DecisionTree", "ExtraTree", "RandomForest", "ExtraTrees")
    for task in ("Classifier", "Regressor")
}


def read_trees(estimator: Any, *, margin: bool) -> Trees | None:
    """Read the trees of a fitted estimator; None where it has none, or more than trees.

    Parameters
    ----------
    estimator : fitted estimator of scikit-learn's API, or lightgbm.Booster
    margin : bool
        Whether the sums of the trees are wanted and not what they are turned into.
    """
    library, name = type(estimator).__module__.partition(".")[0], type(estimator).__name__
    if library == "sklearn":
        from sipakit.adapters.trees.sklearn import read_boosted, read_forest, read_histograms

        if name in _FORESTS and not margin:
            return read_forest(estimator)
        if name in {"GradientBoostingClassifier", "GradientBoostingRegressor"}:
            return read_boosted(estimator, margin=margin)
        if name in {"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"}:
            return read_histograms(estimator, margin=margin)
    classes = hasattr(estimator, "classes_")
    if library == "lightgbm":
        from sipakit.adapters.trees.lightgbm import read_lightgbm

        return read_lightgbm(getattr(estimator, "booster_", estimator), margin=margin, classes=classes)
    if library == "xgboost" and hasattr(estimator, "get_booster"):
        from sipakit.adapters.trees.xgboost import read_xgboost

        return read_xgboost(estimator.get_booster(), margin=margin, classes=classes, missing=estimator.missing)
    return None
