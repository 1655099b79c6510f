"""The forms that a global surrogate can take: how each is fitted, and what its terms say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from sipakit.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from sipakit.encoding import Encoding

__all__ = ["LinearForm", "Terms", "TreeForm", "rules_of"]


@dataclass(frozen=True)
class Terms:
    """What a fitted surrogate consists of: leaves or coefficients.

    Parameters
    ----------
    names : (t,) str
    features : (t,), None for a leaf
    support : (t,)
        Share of the rows in each leaf; ones for coefficients.
    estimate : Estimate, (t, k)
    rules : str
    """

    names: tuple[str, ...]
    features: tuple[Hashable | None, ...]
    support: NDArray[np.float64]
    estimate: Estimate
    rules: str


@dataclass(frozen=True)
class TreeForm:
    """A regression tree; no leaf holds less than a hundredth of the rows."""

    max_depth: int
    random_state: int

    def fit(
        self, X: NDArray[np.float64], f: NDArray[np.float64], w: NDArray[np.float64]
    ) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """Return the fitted tree as a function of (m, t) rows."""
        power = _power_of_two(f)
        tree = self._tree(X, np.ldexp(f, -power), w)
        return lambda Z: np.ldexp(np.asarray(tree.predict(Z)).reshape(len(Z), -1), power)

    def terms(self, encoded: Encoding, f: NDArray[np.float64], w: NDArray[np.float64], conf_level: float) -> Terms:
        """Return rule, share of rows and mean prediction of every leaf."""
        use = w > 0
        tree = self._tree(encoded.matrix[use], np.ldexp(f[use], -_power_of_two(f[use])), w[use])
        passes = np.asarray(tree.decision_path(encoded.matrix).todense(), bool) & use[:, None]  # (n, nodes)
        rules = rules_of(tree, encoded, passes)
        values, errors, support, counts = [], [], [], []
        for leaf in rules:
            here = passes[:, leaf]
            share = w[here] / w[here].sum()
            mean = share @ f[here]
            n = 1 / (share**2).sum()
            spread = share**2 @ (f[here] - mean) ** 2
            values.append(mean)
            errors.append(np.sqrt(spread * n / (n - 1)) if n > 1 + 1e-9 else np.full(f.shape[1], np.inf))
            support.append(w[here].sum() / w.sum())
            counts.append(n - 1)
        estimate = Estimate.within(
            np.array(values), np.array(errors), conf_level=conf_level, df=np.array(counts)[:, None]
        )
        text = "\n".join(f"{rule}: {_listed(value)}" for rule, value in zip(rules.values(), values, strict=True))
        return Terms(tuple(rules.values()), (None,) * len(rules), np.array(support), estimate, text)

    def _tree(self, X: NDArray[np.float64], f: NDArray[np.float64], w: NDArray[np.float64]) -> DecisionTreeRegressor:
        tree = DecisionTreeRegressor(
            max_depth=self.max_depth, min_samples_leaf=max(1, len(X) // 100), random_state=self.random_state
        )
        return tree.fit(X, f, sample_weight=w)


def _power_of_two(f: NDArray[np.float64]) -> int:
    """What is taken off the predictions, so that their spread is near 1: scikit-learn does not split one of 1e-8."""
    return int(np.frexp(np.ptp(f, axis=0).max())[1])


def rules_of(tree: DecisionTreeRegressor, encoded: Encoding, passes: NDArray[np.bool_]) -> dict[int, str]:
    """Return the way to every leaf, in words that are true of the rows which take it.

    Parameters
    ----------
    tree : DecisionTreeRegressor
    encoded : Encoding
        What it was fitted to.
    passes : (n, nodes) bool
        Which rows come through each node.
    """
    nodes, rules = tree.tree_, {}

    def walk(node: int, path: dict[Hashable, str]) -> None:
        left, right = int(nodes.children_left[node]), int(nodes.children_right[node])
        if left == right:
            rules[node] = " and ".join(path.values()) if path else "all rows"
            return
        feature = int(nodes.feature[node])
        term = encoded.terms[feature]
        below, above = term.sides(passes[:, left], passes[:, right], limit=float(nodes.threshold[node]))
        for child, side in ((left, below), (right, above)):
            # a later cut on the same side of a number is the tighter one
            key = side if side.endswith(" missing") else (feature, child == left)
            walk(child, {**path, key: side})

    walk(0, {})
    return rules


@dataclass(frozen=True)
class LinearForm:
    """Weighted least squares; the coefficients of a category's levels are differences from their mean."""

    def fit(
        self, X: NDArray[np.float64], f: NDArray[np.float64], w: NDArray[np.float64]
    ) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """Return the fitted model as a function of (m, t) rows."""
        root = np.sqrt(w)[:, None]
        beta = np.linalg.lstsq(_with_constant(X) * root, f * root, rcond=1e-10)[0]
        return lambda Z: np.asarray(_with_constant(Z) @ beta)

    def terms(self, encoded: Encoding, f: NDArray[np.float64], w: NDArray[np.float64], conf_level: float) -> Terms:
        """Return the coefficients per standard deviation with White's errors, in the form for small samples (HC3)."""
        X = _with_constant(encoded.matrix)
        bread = np.linalg.pinv((X * w[:, None]).T @ X, rcond=1e-12, hermitian=True)
        beta = bread @ (X * w[:, None]).T @ f
        residual = f - X @ beta
        left = np.maximum(1 - w * ((X @ bread) * X).sum(axis=1), 1e-9)  # what a row does not say of itself
        contrast = _contrasts(encoded, w)
        n, used = 1 / ((w / w.sum()) ** 2).sum(), int(np.linalg.matrix_rank(X[w > 0]))
        errors = np.empty_like(beta)
        for k in range(f.shape[1]):
            scores = X * (w * residual[:, k] / left)[:, None] @ bread @ contrast.T
            errors[:, k] = np.sqrt((scores**2).sum(axis=0))
        if n <= used + 1e-9:
            errors[:] = np.inf
        beta = contrast @ beta
        unit = np.array([term.unit for term in encoded.terms])[:, None]
        with np.errstate(
            over="ignore"
        ):  # by the unit of a column of tiny numbers a slope may be beyond what floats hold
            parts = {"slope": beta[1:] / unit, "slope_std_error": errors[1:] / unit}
        estimate = Estimate.within(beta[1:], errors[1:], conf_level=conf_level, df=max(n - used, 1), parts=parts)
        names = tuple(term.text for term in encoded.terms)
        lines = [f"{_listed(b)}  {name}" for b, name in zip(beta, ("constant", *names), strict=True)]
        features = tuple(term.feature for term in encoded.terms)
        return Terms(names, features, np.ones(len(names)), estimate, "\n".join(lines))


def _contrasts(encoded: Encoding, w: NDArray[np.float64]) -> NDArray[np.float64]:
    """(1 + t, 1 + t) what turns coefficients of 0-1 columns into differences from their mean over the rows.

    The levels of a category and the constant share one freedom, so only such differences mean anything.
    """
    contrast = np.eye(1 + len(encoded.terms))
    share = w @ encoded.matrix / w.sum()
    for feature in {term.feature for term in encoded.terms if term.kind == "level"}:
        mine = np.array([term.feature == feature for term in encoded.terms])
        contrast[0, 1:][mine] = share[mine]  # the mean goes into the constant
        contrast[1:, 1:] -= np.outer(mine, np.where(mine, share, 0.0))
    return contrast


def _with_constant(X: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.ones(len(X)), X])


def _listed(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
