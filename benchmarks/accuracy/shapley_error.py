"""How wrong are Shapley values at equal numbers of model rows?

Every side runs through the same counting wrapper, base predictions and checks included. A budget is a number of
coalitions an explained row, each of which costs the peers as many model rows as the background has. sipakit runs
twice: with ``budget=`` the fewest rows that a peer predicted, which caps the virtual rows that it asks for; and with a
budget at which the rows that its model sees come near that number, since equal virtual rows are predicted once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import comb
from typing import Any

import numpy as np

import sipakit as sp
from benchmarks.harness import Counted, Result, skipped
from benchmarks.subjects import Subject, bike, forest30, friedman_mlp

__all__ = ["by_definition", "run"]

BACKGROUND = 100
COLUMNS = {
    "case": "s", "coalitions": "s", "rows / row": ",.0f", "sipakit": "s", "sipakit, equal rows": "s",
    "Permutation": "s", "Kernel": "s", "Kernel, all features": "s", "Sampling": "s", "best peer / sipakit": ".2f",
    "target": "s", "met": "s",
}  # fmt: skip
TARGETS = {5: 10.0, 10: 10.0, 20: 3.0, 40: 1.0}
Estimator = Callable[[Any, np.ndarray, np.ndarray, int, int], np.ndarray]


@dataclass(frozen=True)
class _Game:
    """A model with explained rows, a background, and the true values (n, p)."""

    subject: Subject
    rows: np.ndarray
    background: np.ndarray
    truth: np.ndarray
    how: str


def run(*, quick: bool, seeds: int | None = None, explained: int | None = None) -> Result:
    explained = explained or (4 if quick else 10)
    seeds = seeds or (1 if quick else 2)
    b = 20 if quick else BACKGROUND
    budgets = (5, 10) if quick else (5, 10, 20, 40)
    subjects = (
        bike("array", rows=3_000 if quick else None, trees=50 if quick else 200),
        friedman_mlp(rows=500 if quick else 2_000),
        forest30(rows=500 if quick else 2_000, trees=20 if quick else 50),
    )
    found: list[dict[str, Any]] = []
    notes = [
        (
            "Each cell: median (mean), over rows and seeds, of the squared distance from the truth over the truth's squared"
            " length. The ratio is of medians, sipakit at equal rows."
        ),
        (
            "sipakit's estimator is 'permutation' throughout, its default where enumeration is not affordable. Kernel is"
            " shap's default, which keeps 10 features; 'all features' is l1_reg=False. shapiq takes no part."
        ),
        (
            "rows / row: model rows an explained row of the peer that predicted fewest. The other peers' rows are in the"
            " JSON; an empty cell means that a peer cannot run with so few."
        ),
    ]
    for subject in subjects:
        game = _game(subject, explained, b)
        notes.append(f"{subject.name}: truth by {game.how}.")
        for multiple in budgets:
            found.append(_compared(game, multiple, seeds, notes))
    return Result(
        case="shapley_error",
        question="Normalised squared error of interventional Shapley values at equal numbers of model rows.",
        settings={"explained": explained, "background": b, "seeds": seeds, "coalitions": "multiples of p"},
        rows=found,
        columns=COLUMNS,
        notes=list(dict.fromkeys(notes)),
        quick=quick,
    )


def _game(subject: Subject, explained: int, b: int) -> _Game:
    """Draw rows and background, and find the truth."""
    rng = np.random.default_rng(1)
    drawn = rng.choice(len(subject.X), explained + b, replace=False)
    rows, background = subject.X[drawn[:explained]], subject.X[drawn[explained:]]
    p = rows.shape[1]
    if p <= 12:
        enumerated = sp.Shapley(background=background, estimator="enumeration")
        truth = enumerated.explain(subject.model, rows).values[:, :, 0]
        check = by_definition(subject.model.predict, rows[0], background)
        assert np.allclose(truth[0], check, rtol=0, atol=1e-9 * np.abs(check).max()), "enumeration is not the truth"
        return _Game(subject, rows, background, truth, "sipakit's enumeration, checked against the definition")
    return _Game(subject, rows, background, *_of_trees(subject, rows, background))


def by_definition(predict: Callable[[np.ndarray], Any], x: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Shapley values (p,) of one row, from the value of every coalition and the textbook's weights."""
    p = len(x)
    sets = (np.arange(2**p)[:, None] >> np.arange(p)) & 1 == 1
    value = np.array([np.mean(predict(np.where(one, x, background))) for one in sets])
    phi = np.zeros(p)
    for j in range(p):
        without = np.flatnonzero(~sets[:, j])
        weight = np.array([1 / (p * comb(p - 1, int(size))) for size in sets[without].sum(axis=1)])
        phi[j] = weight @ (value[without + 2**j] - value[without])
    return phi


def _of_trees(subject: Subject, rows: np.ndarray, background: np.ndarray) -> tuple[np.ndarray, str]:
    """Exact values by shap's TreeExplainer; the table is of float32 numbers, which it needs. Additivity is checked."""
    import shap

    explainer = shap.TreeExplainer(subject.model, background, feature_perturbation="interventional")
    truth = np.asarray(explainer.shap_values(rows))
    gap = subject.model.predict(rows) - subject.model.predict(background).mean() - truth.sum(axis=1)
    assert np.abs(gap).max() < 1e-6 * np.ptp(subject.y), "TreeExplainer's values do not add up"
    return truth, "shap's TreeExplainer (interventional), whose values add up"


def _compared(game: _Game, multiple: int, seeds: int, notes: list[str]) -> dict[str, Any]:
    """Return the table's row of one budget."""
    p, n = game.rows.shape[1], len(game.rows)
    sides: dict[str, tuple[np.ndarray, float]] = {}
    for name, estimate in _PEERS.items():
        try:
            sides[name] = _errors(game, estimate, multiple * p, range(seeds))
        except ImportError as error:
            notes.append(skipped(name, error))
    fewest = min((rows for _, rows in sides.values()), default=multiple * p * len(game.background) * n)
    best = min((float(np.median(errors)) for errors, _ in sides.values()), default=np.nan)
    sides["sipakit"] = _errors(game, _ours, int(fewest), range(seeds))
    sides["sipakit, equal rows"] = _errors(game, _ours, _stretched(game, fewest), range(seeds))
    ratio = best / float(np.median(sides["sipakit, equal rows"][0]))
    return {
        "case": game.subject.name,
        "coalitions": f"{multiple}p",
        "rows / row": fewest / n,
        **{name: f"{np.median(errors):.1e} ({np.mean(errors):.1e})" for name, (errors, _) in sides.items()},
        "best peer / sipakit": ratio,
        "target": f"{TARGETS[multiple]:g}",
        "met": "yes" if ratio >= TARGETS[multiple] else "better, **below target**" if ratio >= 1 else "**worse**",
        "rows of each": {name: rows / n for name, (_, rows) in sides.items()},
    }


def _stretched(game: _Game, rows: float) -> int:
    """Return a budget of asked rows at which sipakit's model sees nearly, and at most, so many rows."""
    least, most = int(rows), int(8 * rows)
    while most - least > rows / 50:
        middle = (least + most) // 2
        _, seen = _errors(game, _ours, middle, range(1))
        least, most = (middle, most) if seen <= rows else (least, middle)
    return least


def _errors(game: _Game, estimate: Estimator, size: int, seeds: range) -> tuple[np.ndarray, float]:
    """Errors of every row and seed, and the model rows of one run."""
    errors, rows = [], []
    for seed in seeds:
        watched = Counted(game.subject.model)
        phi = estimate(watched, game.rows, game.background, size, seed)
        errors.append(((phi - game.truth) ** 2).sum(axis=1) / (game.truth**2).sum(axis=1))
        rows.append(watched.rows)
    return np.concatenate(errors), float(np.mean(rows))


def _ours(model: Counted, rows: np.ndarray, background: np.ndarray, cap: int, seed: int) -> np.ndarray:
    explainer = sp.Shapley(background=background, estimator="permutation", random_state=seed)
    return explainer.explain(model, rows, budget=cap).values[:, :, 0]


# ---- peers


def _permutation(model: Counted, rows: np.ndarray, background: np.ndarray, coalitions: int, seed: int) -> np.ndarray:
    import shap

    masker = shap.maskers.Independent(background, max_samples=len(background))
    explainer = shap.PermutationExplainer(model.predict, masker, seed=seed)
    return np.asarray(explainer(rows, max_evals=coalitions, silent=True).values)


def _kernel(
    model: Counted, rows: np.ndarray, background: np.ndarray, coalitions: int, seed: int, **options: Any
) -> np.ndarray:
    import shap

    np.random.seed(seed)  # noqa: NPY002 - shap draws from the global generator
    explainer = shap.KernelExplainer(model.predict, background)
    return np.asarray(explainer.shap_values(rows, nsamples=coalitions, silent=True, **options))


def _sampling(model: Counted, rows: np.ndarray, background: np.ndarray, coalitions: int, seed: int) -> np.ndarray:
    import shap

    np.random.seed(seed)  # noqa: NPY002 - shap draws from the global generator
    explainer = shap.SamplingExplainer(model.predict, background)
    samples = coalitions * len(background) // 2  # a sample is two single rows, not a coalition
    return np.asarray(explainer.shap_values(rows, nsamples=samples, silent=True))


_PEERS: dict[str, Estimator] = {
    "Permutation": _permutation,
    "Kernel": _kernel,
    "Kernel, all features": partial(_kernel, l1_reg=False),
    "Sampling": _sampling,
}
