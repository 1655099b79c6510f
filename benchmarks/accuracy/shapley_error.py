"""How wrong are Shapley values at equal numbers of model rows?

Every side runs through the same counting wrapper, base predictions and checks included. A budget is a number of
coalitions an explained row, each of which costs the peers as many model rows as the background has. sipakit gets a
budget at which the rows that its model sees come near the fewest of the peers, and never beyond: equal virtual rows are
predicted once, so that ``budget=``, which caps the rows asked for, would leave some of them unused.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import sipakit as sp
from benchmarks.accuracy.shapley_cases import CASES, Game, make_game
from benchmarks.accuracy.shapley_peers import Estimate, present
from benchmarks.harness import Counted, Result
from sipakit.errors import BudgetError

__all__ = ["Side", "at_equal_rows", "run"]

BACKGROUND = 100
BUDGETS = (5, 10, 20, 40, 100)  # coalitions, in multiples of the features
TARGETS = {5: 10.0, 10: 10.0, 20: 3.0}
MANY = 30  # features from which on sipakit shall not be worse than the best peer at the larger budgets, either
QUICK = ("p 8, SVM, correlated", "p 12, LightGBM, bike", "p 30, LightGBM, correlated")
NEAR = 10.0  # a peer whose errors are beyond so many times the best ones' does not set the number of rows


@dataclass(frozen=True)
class Side:
    """Normalised squared errors of every row and seed, model rows an explained row, and the estimator that ran."""

    errors: np.ndarray
    rows: float
    ran: str = ""

    @property
    def median(self) -> float:
        return float(np.median(self.errors))

    @property
    def mean(self) -> float:
        return float(np.mean(self.errors))

    def __str__(self) -> str:
        return f"{self.median:.1e} ({self.mean:.1e})"


def run(
    *, quick: bool, names: Sequence[str] | None = None, explained: int | None = None, seeds: int | None = None
) -> Result:
    names = list(names or (QUICK if quick else CASES))
    background, seeds = (20 if quick else BACKGROUND), seeds or 1
    peers, notes = present()
    ours = ["auto", *(one for one in sp.Shapley.estimators if one != "enumeration")]
    found: list[dict[str, Any]] = []
    refused: dict[str, list[str]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peers and the models, about their own budgets
        for name in names:
            game = make_game(
                name, explained=explained or _explained(name, quick=quick), background=background, quick=quick
            )
            notes.append(f"{name}: {len(game.rows)} rows, truth by {game.how}.")
            for multiple in BUDGETS[:2] if quick else BUDGETS:
                if multiple * game.p < 2**game.p:
                    found.append(_compared(game, multiple, range(seeds), peers, ours, refused))
    notes += [f"{who} could not run in {len(all_)} cells, the last one {all_[-1]}." for who, all_ in refused.items()]
    return Result(
        case="shapley_error",
        question="Normalised squared error of interventional Shapley values at equal numbers of model rows.",
        settings={"cases": len(names), "background": background, "seeds": seeds, "coalitions": "multiples of p"},
        rows=[*_overall(found), *found],
        columns=_columns(ours),
        notes=[*_NOTES, *dict.fromkeys(notes)],
        quick=quick,
    )


_NOTES = (
    (
        "Each cell: median (mean), over rows and seeds, of the squared distance from the truth over the truth's squared"
        " length. The rows of several cases: the median of the cases' medians and the mean of their means; the best peer is"
        " the same one for all of them there, and a peer that could not run in one of them does not count. The median ratio"
        " is over these cases, each against its own best peer."
    ),
    "The best peer is chosen for the median and for the mean apart. Both ratios are held against the target.",
    (
        "rows / row: model rows an explained row that sipakit may use, the fewest of all peers whose errors are within ten"
        " times the best peer's. The rows of every side and the errors of every peer are in the JSON."
    ),
    (
        "sipakit is estimator='auto' at equal rows, and ran what it chose. 'as told' is the same with budget= these rows:"
        " it caps the rows asked for, of which equal ones are predicted once."
    ),
    (
        "Budgets that reach all 2^p coalitions are left out: there every side is exact. Below them no peer can enumerate,"
        " and sipakit does only where ties among the virtual rows leave no more than the peers' rows to predict."
    ),
)


def _explained(name: str, *, quick: bool) -> int:
    """Return how many rows are explained: fewer where a run takes longer."""
    features = int(name.split(",", maxsplit=1)[0].removeprefix("p "))
    return 2 if quick else 6 if features <= 13 else 4 if features <= 30 else 3


def _columns(ours: Sequence[str]) -> dict[str, str]:
    shown = ["case", "coalitions", "sipakit", "ran", "as told", *ours[1:], "best peer", "best by mean"]
    ratios = {"ratio of medians": ".3g", "ratio of means": ".3g", "median ratio": ".3g"}
    return {
        "case": "s",
        "coalitions": "s",
        "rows / row": ",.0f",
        **dict.fromkeys(shown, "s"),
        **ratios,
        "target": "s",
        "met": "s",
    }


def _compared(
    game: Game,
    multiple: int,
    seeds: range,
    peers: Mapping[str, Estimate],
    ours: Sequence[str],
    refused: dict[str, list[str]],
) -> dict[str, Any]:
    """Return the table's row of one case and budget."""
    sides: dict[str, Side] = {}
    for name, estimate in peers.items():
        try:
            sides[name] = _of_peer(game, estimate, multiple * game.p, seeds)
        except (ValueError, RuntimeError) as error:
            refused.setdefault(name, []).append(f"{multiple}p of {game.name} ({error})")
    most = _fewest(sides) if sides else float(multiple * game.p * len(game.background))
    found = {}
    for name in ours:
        try:
            found[name] = at_equal_rows(game, name, most, seeds)
        except BudgetError as error:
            refused.setdefault(f"sipakit's {name}", []).append(f"{multiple}p of {game.name} ({error})")
    told, auto = found["auto"]
    mine = {name: str(side) for name, (_, side) in found.items() if name != "auto"}
    every = {**{f"sipakit {name}": side for name, (_, side) in found.items()}, **sides}
    return {
        "case": game.name,
        "features": game.p,
        "multiple": multiple,
        "coalitions": f"{multiple}p",
        "rows / row": most,
        "sipakit": str(auto),
        "ran": auto.ran,
        "as told": str(told),
        **mine,
        **_judged(
            {name: side.median for name, side in every.items()},
            {name: side.mean for name, side in every.items()},
            _target(game.p, multiple),
        ),
        "rows of each": {name: side.rows for name, side in every.items()},
        "rows as told": told.rows,
    }


def _fewest(sides: Mapping[str, Side]) -> float:
    """Return the fewest model rows among the peers that come near the best one."""
    median, mean = min(side.median for side in sides.values()), min(side.mean for side in sides.values())
    return min(side.rows for side in sides.values() if side.median <= NEAR * median or side.mean <= NEAR * mean)


def _target(p: int, multiple: int) -> float | None:
    return TARGETS.get(multiple, 1.0 if p >= MANY else None)


def _judged(medians: Mapping[str, float], means: Mapping[str, float], target: float | None) -> dict[str, Any]:
    """Name the best peers, and say how far sipakit is ahead of them."""
    best = {}
    for label, errors in (("best peer", medians), ("best by mean", means)):
        theirs = {name: error for name, error in errors.items() if not name.startswith("sipakit")}
        name = min(theirs, key=theirs.__getitem__, default="")
        best[label] = (name, theirs.get(name, np.nan), theirs.get(name, np.nan) / errors["sipakit auto"])
    ratio = min(ratio for _, _, ratio in best.values())
    met = (
        ""
        if target is None
        else "yes"
        if ratio >= target
        else "better, **below target**"
        if ratio >= 1
        else "**worse**"
    )
    return {
        **{label: f"{name} {error:.1e}" for label, (name, error, _) in best.items()},
        "ratio of medians": best["best peer"][2],
        "ratio of means": best["best by mean"][2],
        "target": "" if target is None else f"{target:g}",
        "met": met,
        "medians": dict(medians),
        "means": dict(means),
    }


def _overall(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the table's rows over all cases, over those of few and of many features, for each budget."""
    rows = []
    for multiple in BUDGETS:
        for label, least, below in (("all", 0, np.inf), ("p < 30", 0, MANY), ("p >= 30", MANY, np.inf)):
            some = [row for row in found if row["multiple"] == multiple and least <= row["features"] < below]
            if not some:
                continue
            sides = [name for name in some[0]["medians"] if all(name in row["medians"] for row in some)]
            medians = {name: float(np.median([row["medians"][name] for row in some])) for name in sides}
            means = {name: float(np.mean([row["means"][name] for row in some])) for name in sides}
            mine = {name: f"{medians[name]:.1e} ({means[name]:.1e})" for name in sides if name.startswith("sipakit")}
            rows.append({
                "case": f"**{label}: {len(some)} cases**",
                "coalitions": f"{multiple}p",
                "sipakit": mine["sipakit auto"],
                "ran": ", ".join(sorted({row["ran"] for row in some})),
                **{name.removeprefix("sipakit "): cell for name, cell in mine.items() if name != "sipakit auto"},
                **_judged(medians, means, _target(MANY if label == "p >= 30" else 0, multiple)),
                "median ratio": float(np.median([row["ratio of medians"] for row in some])),
            })  # fmt: skip
    return rows


def _of_peer(game: Game, estimate: Estimate, coalitions: int, seeds: range) -> Side:
    errors, rows = [], []
    for seed in seeds:
        watched = Counted(game.model)
        phi = estimate(watched, game.rows, game.background, coalitions, seed)
        errors.append(_errors(game, phi))
        rows.append(watched.rows / len(game.rows))
    # nobody, everybody, and a look at the background; some ask for a few coalitions more than they were given
    allowed = 1.05 * (coalitions + 3) * len(game.background)
    assert max(rows) <= allowed, f"{max(rows):,.0f} model rows for {coalitions:,} coalitions"
    return Side(np.concatenate(errors), float(np.mean(rows)))


def _errors(game: Game, phi: np.ndarray) -> np.ndarray:
    return ((phi - game.truth) ** 2).sum(axis=1) / (game.truth**2).sum(axis=1)


def _ours(game: Game, estimator: str, budget: int, seeds: range) -> Side:
    errors, rows, ran = [], [], set()
    for seed in seeds:
        watched = Counted(game.model)
        explainer = sp.Shapley(background=game.background, estimator=estimator, random_state=seed)
        found = explainer.explain(watched, game.rows, budget=budget)
        errors.append(_errors(game, found.values[:, :, 0]))
        rows.append(watched.rows / len(game.rows))
        ran.add(found.estimator)
    return Side(np.concatenate(errors), float(np.mean(rows)), ", ".join(sorted(ran)))


def at_equal_rows(game: Game, estimator: str, most: float, seeds: range) -> tuple[Side, Side]:
    """Return sipakit as told, and at a budget at which its model sees nearly, and at most, so many rows a row."""
    budget = int(most * len(game.rows))
    told = best = _ours(game, estimator, budget, seeds)
    low, high = budget, 8 * budget
    seen = told.rows
    for _ in range(5):
        if best.rows > 0.98 * most or high - low < low / 50:
            break
        middle = min(int(low * most / seen), (low + high) // 2) if high == 8 * budget else (low + high) // 2
        tried = _ours(game, estimator, max(middle, low + low // 50), seeds)
        if tried.rows <= most:
            low, seen, best = max(middle, low + low // 50), tried.rows, tried
        else:
            high = max(middle, low + low // 50)
    return told, best
