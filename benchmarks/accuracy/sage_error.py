"""How wrong are SAGE values at equal numbers of model rows?

Every side runs through the same counting wrapper, base predictions and checks included. The table is small enough for
the truth by enumeration of all coalitions. The peer's estimand is the loss of the mean over the background rows at
hand; sipakit's is free of the noise of these rows as a sample. Each side is measured against its own truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import sipakit as sp
from benchmarks.harness import Counted, Result, skipped
from benchmarks.subjects import Subject, bike, friedman_mlp
from sipakit.sample import all_coalitions, shapley_weights

__all__ = ["by_definition", "run"]

COLUMNS = {
    "case": "s", "permutations": ",d", "model rows": ",.0f", "sipakit": ".4f", "sipakit, own background": ".4f",
    "Permutation": ".4f", "Kernel": ".4f", "best peer / sipakit": ".1f", "target": "s", "met": "s",
}  # fmt: skip
TARGET = 5.0
Estimator = Callable[[Any, "_Game", int, int], np.ndarray]


@dataclass(frozen=True)
class _Game:
    """A model with a table, a background, and true values (p,) of each side."""

    subject: Subject
    X: np.ndarray
    y: np.ndarray
    background: np.ndarray
    truth: dict[str, np.ndarray]


def run(*, quick: bool, seeds: int | None = None) -> Result:
    seeds = seeds or (2 if quick else 10)
    n, b = (40, 16) if quick else (50, 128)
    sizes = (16, 64) if quick else (64, 256)
    subjects = (
        friedman_mlp(rows=500 if quick else 2_000),
        bike("array", rows=2_000 if quick else None, trees=20 if quick else 200),
    )
    notes = [
        (
            "Errors: root of the mean, over seeds, of the squared distance from the truth, over the truth's length. The"
            " ratio is that of the better peer to sipakit with the same background."
        ),
        "Truth: enumeration of all coalitions. 'Own background': each row against all others, as is the default.",
        (
            "The budget is what PermutationEstimator asks for so many orders, one explained row each. sipakit predicts"
            " equal rows once and so sees fewer (of bike, two thirds); 'rows of each' in the JSON has what was seen."
        ),
    ]
    found = [_compared(game, size, seeds, notes) for game in (_game(s, n, b) for s in subjects) for size in sizes]
    return Result(
        case="sage_error",
        question="Relative error of SAGE values, squared loss, at equal numbers of model rows.",
        settings={"rows": n, "background": b, "seeds": seeds},
        rows=found,
        columns=COLUMNS,
        notes=list(dict.fromkeys(notes)),
        quick=quick,
    )


def _game(subject: Subject, n: int, b: int) -> _Game:
    """Draw rows and background, and find the truths."""
    drawn = np.random.default_rng(1).choice(len(subject.X), n + b, replace=False)
    X, y, background = subject.X[drawn[:n]], subject.y[drawn[:n]], subject.X[drawn[n:]]
    apart, whole = by_definition(subject.model.predict, X, y, background)
    own, _ = by_definition(subject.model.predict, X, y, X, own=True)
    return _Game(subject, X, y, background, {"apart": apart, "whole": whole, "own": own})


def by_definition(
    predict: Callable[[np.ndarray], Any], X: np.ndarray, y: np.ndarray, Z: np.ndarray, *, own: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Values (p,) from every coalition: over pairs of different background rows, and of the mean over all rows.

    A table that is its ``own`` background leaves a row itself out.
    """
    p, apart, whole = X.shape[1], [], []
    for known in all_coalitions(p):
        off = np.empty((len(X), len(Z)))
        for part in np.array_split(np.arange(len(X)), max(1, len(X) * len(Z) // 20_000)):
            mixed = np.where(known, X[part][:, None], Z)
            off[part] = y[part, None] - predict(mixed.reshape(-1, p)).reshape(len(part), len(Z))
        if own:
            np.fill_diagonal(off, 0)
        m = len(Z) - own
        square, squares = off.sum(axis=1) ** 2, (off**2).sum(axis=1)
        apart.append(-np.mean((square - squares) / (m * (m - 1))))
        whole.append(-np.mean(square / m**2))
    weights = shapley_weights(p)
    return weights @ np.array(apart), weights @ np.array(whole)


def _compared(game: _Game, size: int, seeds: int, notes: list[str]) -> dict[str, Any]:
    """Return the table's row of one budget."""
    p = game.X.shape[1]
    rows = size * (p + 1) * len(game.background)
    errors, seen = {}, {}
    for name, (estimate, truth) in _SIDES.items():
        try:
            errors[name], seen[name] = _errors(game, estimate, game.truth[truth], rows, seeds)
        except ImportError as error:
            notes.append(skipped(name, error))
    best = min((errors[name] for name in ("Permutation", "Kernel") if name in errors), default=np.nan)
    ratio = best / errors["sipakit"]
    return {
        "case": game.subject.name,
        "permutations": size,
        "model rows": rows,
        **errors,
        "best peer / sipakit": ratio,
        "target": f"{TARGET:g}",
        "met": "yes" if ratio >= TARGET else "" if np.isnan(ratio) else "**no**",
        "rows of each": seen,
    }


def _errors(game: _Game, estimate: Estimator, truth: np.ndarray, rows: int, seeds: int) -> tuple[float, float]:
    """Relative error over all seeds, and the model rows of one run."""
    found, seen = [], []
    for seed in range(seeds):
        watched = Counted(game.subject.model)
        found.append(((estimate(watched, game, rows, seed) - truth) ** 2).sum() / (truth**2).sum())
        seen.append(watched.rows)
    return float(np.sqrt(np.mean(found))), float(np.mean(seen))


def _ours(model: Counted, game: _Game, rows: int, seed: int) -> np.ndarray:
    explainer = sp.SAGE(background=game.background, random_state=seed)
    return explainer.explain(model, game.X, game.y, budget=rows).values[:, 0]


def _own(model: Counted, game: _Game, rows: int, seed: int) -> np.ndarray:
    return sp.SAGE(random_state=seed).explain(model, game.X, game.y, budget=rows).values[:, 0]


# ---- the peer, sage-importance


def _permutation(model: Counted, game: _Game, rows: int, seed: int) -> np.ndarray:
    import sage

    b, p = game.background.shape
    size = rows // (b * (p + 1))
    imputer = sage.MarginalImputer(model.predict, game.background)
    estimator = sage.PermutationEstimator(imputer, "mse", random_state=seed)
    settings = {"batch_size": size, "n_permutations": size, "detect_convergence": False, "bar": False}
    return np.asarray(estimator(game.X, game.y, **settings).values)


def _kernel(model: Counted, game: _Game, rows: int, seed: int) -> np.ndarray:
    import sage

    b = len(game.background)
    size = max((rows // b - 2 * len(game.X)) // 2, 2)  # both ends are asked of every row, and a set with its complement
    imputer = sage.MarginalImputer(model.predict, game.background)
    estimator = sage.KernelEstimator(imputer, "mse", random_state=seed)
    batch = max(k for k in range(2, 129) if size % k == 0 or k == 2)
    settings = {"batch_size": batch, "n_samples": size, "detect_convergence": False, "bar": False}
    return np.asarray(estimator(game.X, game.y, **settings).values)


_SIDES: dict[str, tuple[Estimator, str]] = {
    "sipakit": (_ours, "apart"),
    "sipakit, own background": (_own, "own"),
    "Permutation": (_permutation, "whole"),
    "Kernel": (_kernel, "whole"),
}
