"""Exact interventional Shapley values of the benchmark's models, by a route that no side of the comparison takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb
from typing import Any

import numpy as np

__all__ = ["Remembered", "by_definition", "coalitions_of", "of_games", "of_kernel", "of_parts", "of_trees"]

Predict = Callable[[np.ndarray], Any]
_BATCH = 50_000  # rows sent to a model at once


def coalitions_of(p: int) -> np.ndarray:
    """(2^p, p) bool: every coalition, numbered by its bits."""
    return (np.arange(2**p)[:, None] >> np.arange(p)) & 1 == 1


def of_games(values: np.ndarray) -> np.ndarray:
    """Shapley values (..., p) of the games (..., 2^p), whose coalitions are numbered by their bits."""
    p = values.shape[-1].bit_length() - 1
    inside = coalitions_of(p)
    size = inside.sum(axis=1)
    weights = np.array([1 / (p * comb(p - 1, s)) for s in range(p)])
    joined, absent = weights[np.maximum(size - 1, 0)], weights[np.minimum(size, p - 1)]
    return values @ np.where(inside, joined[:, None], -absent[:, None])


def by_definition(predict: Predict, x: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Shapley values (p,) of one row, from the value of every coalition and the textbook's sum."""
    p = len(x)
    sets = coalitions_of(p)
    value = np.array([np.mean(predict(np.where(one, x, background))) for one in sets])
    phi = np.zeros(p)
    for j in range(p):
        without = np.flatnonzero(~sets[:, j])
        weight = np.array([1 / (p * comb(p - 1, int(size))) for size in sets[without].sum(axis=1)])
        phi[j] = weight @ (value[without + 2**j] - value[without])
    return phi


def _answers(predict: Predict, x: np.ndarray, background: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every virtual row of one explained row's game, and the model's answer to it: (2^p b, p) and (2^p b,)."""
    mixed = np.where(coalitions_of(len(x))[:, None], x, background).reshape(-1, len(x))
    parts = [np.asarray(predict(mixed[at : at + _BATCH])) for at in range(0, len(mixed), _BATCH)]
    return mixed, np.concatenate(parts)


class Remembered:
    """A model that has answered every virtual row of the games beforehand, and looks its answers up.

    All sides of a comparison ask for the same few virtual rows again and again. The answers are the model's own; a row
    that was not foreseen goes to the model.

    Parameters
    ----------
    predict : function of an array (rows, p)
    rows : (n, p)
    background : (b, p)
    """

    def __init__(self, predict: Predict, rows: np.ndarray, background: np.ndarray) -> None:
        self._predict = predict
        keys, answers, games = [], [], []
        for x in rows:
            mixed, found = _answers(predict, x, background)
            keys.append(_keys(mixed))
            answers.append(found)
            games.append(found.reshape(-1, len(background)).mean(axis=1))
        self.truth = of_games(np.array(games))
        self._known, first = np.unique(np.concatenate(keys), return_index=True)
        self._answer = np.concatenate(answers)[first]

    def predict(self, X: np.ndarray) -> np.ndarray:
        keys = _keys(np.asarray(X, float))
        at = np.minimum(np.searchsorted(self._known, keys), len(self._known) - 1)
        answer = self._answer[at]
        new = self._known[at] != keys
        if new.any():
            answer[new] = self._predict(np.asarray(X, float)[new])
        return answer


def _keys(X: np.ndarray) -> np.ndarray:
    """One number of 64 bits for each row, by mixing its cells' bits (splitmix64's finaliser) with their columns'."""
    bits = np.ascontiguousarray(X + 0.0).view(np.uint64)  # -0.0 is 0.0
    bits = bits + np.arange(1, X.shape[1] + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (bits ^ (bits >> np.uint64(31))).sum(axis=1, dtype=np.uint64)


def of_parts(parts: Sequence[tuple[np.ndarray, Predict]], rows: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Values of a sum of functions of few features each: the sum of their own values, since the Shapley value is linear.

    Parameters
    ----------
    parts : list of (columns, function of an array of these columns)
    """
    total = np.zeros(rows.shape)
    for columns, predict in parts:
        few = background[:, columns]
        for i, x in enumerate(rows[:, columns]):
            game = _answers(predict, x, few)[1].reshape(-1, len(few)).mean(axis=1)
            total[i, columns] += of_games(game)
    return total


def of_kernel(
    centres: np.ndarray, weights: np.ndarray, gamma: float, rows: np.ndarray, background: np.ndarray
) -> np.ndarray:
    """Values of f(x) = sum_c weights_c exp(-gamma |x - centre_c|^2) + constant, for any number of features.

    For one centre and one background row the game is a product over features, of k(x_j) where j has joined and k(z_j)
    elsewhere. Its Shapley value is the integral over t in [0, 1] of the multilinear extension's derivative, a polynomial
    of degree p - 1, which Gauss and Legendre's rule with p / 2 nodes integrates exactly (Owen 1972).
    """
    p = rows.shape[1]
    nodes, shares = np.polynomial.legendre.leggauss((p + 1) // 2 + 1)
    at, shares = (nodes + 1) / 2, shares / 2
    absent = np.exp(-gamma * (background[:, None] - centres) ** 2)  # (b, c, p)
    total = np.zeros(rows.shape)
    for i, x in enumerate(rows):
        joined = np.exp(-gamma * (x - centres) ** 2)  # (c, p)
        gain = joined - absent
        for t, share in zip(at, shares, strict=True):
            mixed = absent + t * gain
            product = mixed.prod(axis=2, keepdims=True)
            total[i] += share * np.einsum("c,bcp->p", weights, product * gain / mixed) / len(background)
    return total


def of_trees(model: Any, rows: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Values by shap's TreeExplainer, which rounds to float32: the table must hold such numbers. Additivity is checked."""
    import shap

    explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional")
    truth = np.asarray(explainer.shap_values(rows))
    answers = model.predict(rows)
    gap = answers - model.predict(background).mean() - truth.sum(axis=1)
    assert np.abs(gap).max() < 1e-6 * np.ptp(model.predict(background)), "TreeExplainer's values do not add up"
    return truth
