"""How wrong are Shapley values of networks when there are few model rows: eleven, 22 or 44 coalitions' worth?

Twelve features and a hundred background rows, so that these are 50, 100 and 200 orders with their reverses. The truth is
by all coalitions. As many rows are seen for each explained row, and what all rows share: the base predictions, and the
looks at the model's manners.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import sipakit as sp
from benchmarks.accuracy.shapley_cases import NETWORKS, Game, make_game
from benchmarks.accuracy.shapley_error import at_equal_rows
from benchmarks.harness import Result

__all__ = ["run"]

BARS = {1_100: 0.055, 2_200: 0.023, 4_400: 0.016}
LOOKS = 96  # rows, at most, with which the engine looks at the model's manners
COLUMNS = {
    "network": "s", "rows / row": ",d", "estimator": "s", "ran": "s", "seen / row": ",.0f", "median": ".4f", "mean": ".4f",
    "as told": ".4f", "target": ".3f", "met": "s",
}  # fmt: skip


def run(*, quick: bool, explained: int | None = None, seeds: int | None = None) -> Result:
    explained, seeds = explained or (3 if quick else 20), seeds or (1 if quick else 5)
    ours = ["auto", *(one for one in sp.Shapley.estimators if one != "enumeration")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of networks that stop early
        games = [make_game(name, explained=explained, background=100, quick=quick) for name in NETWORKS]
    found = []
    for budget, bar in BARS.items():
        for estimator in ours:
            rows = [{**_errors_of(game, estimator, budget, seeds), "target": bar} for game in games]
            every = np.concatenate([row["errors"] for row in rows])
            ran = ", ".join(sorted({row["ran"] for row in rows}))
            seen = float(np.mean([row["seen / row"] for row in rows]))
            whole = {**_row("**all four**", budget, estimator, every), "ran": ran, "seen / row": seen, "target": bar}
            for row in (whole, *rows) if estimator == "auto" else (whole,):
                met = row["median"] <= bar
                found.append({**{k: v for k, v in row.items() if k != "errors"}, "met": "yes" if met else "**no**"})
    return Result(
        case="shapley_small",
        question="Relative error of networks' Shapley values under a small budget: size of the difference over that of the truth.",
        settings={"explained": explained, "background": 100, "seeds": seeds, "features": 12},
        rows=found,
        columns=COLUMNS,
        notes=[
            "Median and mean over rows and seeds. The target is of the median; it is meant for 'auto' over all four networks.",
            (
                "At equal rows: the model sees at most that many for an explained row, and what all rows share, the base"
                " predictions and the looks at the model's manners; equal virtual rows are seen once. 'as told' is the median"
                " with ``budget=`` these rows, which caps the rows asked for, equal or not."
            ),
        ],
        quick=quick,
    )


def _errors_of(game: Game, estimator: str, budget: int, seeds: int) -> dict[str, Any]:
    """Relative errors of one network's rows, over the seeds."""
    shared = (len(game.rows) + len(game.background) + LOOKS) / len(game.rows)
    told, equal = at_equal_rows(game, estimator, budget + shared, range(seeds))
    row = _row(game.name, budget, estimator, np.sqrt(equal.errors))
    return {**row, "ran": equal.ran, "seen / row": equal.rows, "as told": float(np.median(np.sqrt(told.errors)))}


def _row(network: str, budget: int, estimator: str, errors: np.ndarray) -> dict[str, Any]:
    return {
        "network": network,
        "rows / row": budget,
        "estimator": estimator,
        "errors": errors,
        "median": float(np.median(errors)),
        "mean": float(np.mean(errors)),
    }
