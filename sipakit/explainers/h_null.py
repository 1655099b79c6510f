"""What a learner invents: H statistics of models fitted to targets whose mean is a sum of single effects.

The target of a refit is made as Friedman and Popescu (2008, section 8.3) make theirs: the additive part of what was
found, and its residuals dealt to the rows anew; for classes, labels drawn from the probabilities of the additive part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.special import betaincinv, expit, logit

from sipakit.aggregate import Collected, Update
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError, first_few
from sipakit.explainer import Round
from sipakit.explainers.h_asked import Asked, nothing_yet
from sipakit.explainers.h_design import Design, contexts_of_each, drawn_rows
from sipakit.explainers.h_found import of_all_pairs, of_own_contexts
from sipakit.intervene import Mix, Refit, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.aggregate import Combined
    from sipakit.explainers.h_found import Found
    from sipakit.task import Task

__all__ = ["Anew", "Null", "Sample", "Singles", "null_of"]

_FEWEST = 50  # contexts over which a single effect is averaged
_TRIES = 100  # of labels in which every class occurs
_PIECE = 2**15  # virtual rows whose answers are joined at a time
_NOTHING = 1e-20  # of the variance of the predictions: a mean square that is rounding


@dataclass(frozen=True)
class Null:
    """How often the learner is fitted anew, and in which contexts its single effects are found.

    Parameters
    ----------
    n_refits : int
    rows : (n,) int
        Explained rows that a refit is fitted to: those with a weight.
    contexts : (c,) int
        Background rows.
    takes : (parts, p) bool
        The columns of each feature, and each column that is in none.
    random_state : int
    """

    n_refits: int
    rows: NDArray[np.intp]
    contexts: NDArray[np.intp]
    takes: NDArray[np.bool_]
    random_state: int

    def start(self, task: Task) -> dict[str, Collected]:
        """Keep single effects at every row, and the mean squares of every refit."""
        sets = len(task.design.sets)
        return {
            "singles": Collected.zero(task.n, len(self.takes), task.k),
            "refits": Collected.zero(self.n_refits, sets, task.k),
        }

    def round(self, task: Task, state: Combined | None, number: int) -> Round | None:
        """Ask for single effects in round 1, and for the refits in round 2; without a state it is a plan."""
        design: Design = task.design
        if number == 1:
            return Round(draws=len(self.rows), rows=len(self.contexts) * len(self.takes), number=1)
        if number > 2:
            return None
        points, fit = np.arange(len(design.evaluated)), None
        if state is not None:
            points, fit = np.flatnonzero(_kept(state)), additive_fit(task, state)
        rows = len(_tables(task)) + len(points) * design.contexts.shape[-1] * len(design.takes)
        return Round(draws=self.n_refits, rows=rows, number=2, note=(points, fit), refits=True)

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> Singles | Anew:
        """Take rows, or make targets."""
        if not round_.refits:
            return Singles(self.rows[index])
        points, fit = round_.note
        rows = self.rows if fit is None else self.rows[np.isfinite(fit[self.rows]).all(axis=1)]
        targets = tuple(_target(task, fit, rows, rng) for _ in index)
        return Anew(index, rows, targets, Asked(points, np.arange(len(task.design.takes))))

    def compared(self, found: Found, state: Combined, conf_level: float) -> dict[str, NDArray[np.float64]]:
        """Return what a frame says of the null: its quantile, and the p-value with its interval; all (s, k)."""
        refits = self._done(state)
        if not len(refits):
            return {}
        least = _NOTHING * found.below[0]  # the variance of the predictions
        observed, invented = (np.where(one > least, one, 0.0) for one in (found.square, refits))
        above, count = (invented >= observed).sum(axis=0), len(refits)
        place = ceil((count + 1) * conf_level - 1e-9)  # those above it are those whose p-value is small enough
        quantile = np.sort(invented, axis=0)[place - 1] if place <= count else np.full_like(observed, np.inf)
        lower, upper = _binomial(above, count, conf_level)
        p_value = (1 + above) / (count + 1)
        return {"null_upper": np.sqrt(quantile), "p_value": p_value, "p_lower": lower, "p_upper": upper}

    def told(self, state: Combined) -> str:
        """Say how many refits the null has."""
        done = len(self._done(state))
        return f"; null by {done:,} refit{'s' * (done != 1)} to targets without interactions"

    def caveats(self, state: Combined, conf_level: float) -> list[Caveat]:
        """Say where refits are too few."""
        done, found = len(self._done(state)), []
        if done < self.n_refits:
            message = f"{self.n_refits - done:,} of {self.n_refits:,} refits are missing from the null."
            found.append(caveat("SIPA043", message, "Run it again, with a model that answers every row."))
        level = 1 - conf_level
        if done and (done + 1) * level < 1 - 1e-9:
            message = f"With {done:,} refit{'s' * (done != 1)} no p-value is below {1 / (done + 1):.2g}, and"
            cure = f"n_refits={ceil(1 / level - 1e-9) - 1} is the least that can."
            found.append(caveat("SIPA043", f"{message} none can reach {level:.2g}.", cure))
        return found

    def _done(self, state: Combined) -> NDArray[np.float64]:
        """(r, s, k) mean squares of the refits that were made."""
        refits = state.states["refits"]
        if not isinstance(refits, Collected):
            raise TypeError(refits)
        return refits.values[refits.filled]


def null_of(task: Task, n_refits: int, n_draws: int | None, random_state: int) -> Null:
    """Design the null: contexts enough that single effects cost what a pattern of the statistics does.

    Raises
    ------
    InputError
        Where the explained outputs do not tell what a target looks like.
    """
    _check(task)
    rows = np.flatnonzero(task.weights > 0)
    count = None if n_draws is None else max(n_draws**2 // len(rows), _FEWEST)
    contexts = drawn_rows(count, task.background_weights, np.random.default_rng([random_state, 1]))
    rest = np.eye(task.rows.n_columns, dtype=bool)[~task.membership.any(axis=0)]
    return Null(n_refits, rows, contexts, np.vstack([task.membership, rest]), random_state)


def _check(task: Task) -> None:
    """Refuse outputs from which no target can be made."""
    if task.classes is None and task.scale == "score":
        message = "null='refit' makes targets from the model's answers, and output='score' is on another scale than y."
        raise InputError(message, "A regressor must answer on the scale of y.", "Leave output= out.")
    if task.classes is None:
        return
    if task.scale == "score":
        message = "null='refit' draws labels from probabilities, and the explained outputs are scores."
        cure = "Leave output= out, or calibrate the model (CalibratedClassifierCV)."
        raise InputError(message, "It takes probabilities or log-odds.", cure)
    if len(task.outputs) < len(task.classes) and len(task.classes) > 2:
        message = f"null='refit' draws labels of {len(task.classes)} classes, and output= names {len(task.outputs)}."
        raise InputError(message, f"It needs all of {first_few(task.classes)}.", "Leave output= out.")


# ---- what is asked, and what is kept of the answers


@dataclass(frozen=True)
class Singles:
    """Explained rows whose single effects are asked."""

    rows: NDArray[np.intp]

    def mix(self, task: Task) -> Mix:
        """Context row b, but one feature comes from row i."""
        null: Null = task.design.null
        c, parts = len(null.contexts), len(null.takes)
        return Mix.of(
            Rows(task.background, np.tile(null.contexts, len(self.rows) * parts)),
            Rows(task.rows, np.repeat(self.rows, parts * c)),
            null.takes,
            np.tile(np.repeat(np.arange(parts), c), len(self.rows)),
        )

    def seen(self, task: Task, answers: NDArray[np.float64]) -> dict[str, Update]:
        """Average over contexts, on the scale on which effects add."""
        null: Null = task.design.null
        given = _linked(task, answers).reshape(len(self.rows), len(null.takes), -1, task.k)
        weights = task.background_weights[null.contexts]
        known = np.isfinite(given)  # a context for which the model has no answer costs no row its target
        total = np.einsum("iucl,c->iul", known, weights)
        with np.errstate(invalid="ignore"):
            means = np.einsum("iucl,c->iul", np.where(known, given, 0.0), weights) / total
        return {"singles": Update(self.rows, means)}


@dataclass(frozen=True)
class Anew:
    """Models fitted anew to targets without interactions, and what they are asked.

    Parameters
    ----------
    numbers : (d,) int
        Of the refits.
    rows : (n,) int
        What they are fitted to.
    targets : d arrays (n,) or (n, k), or None for the rows' own
    asked : Asked
        All evaluation points that the explained model has, and all patterns.
    """

    numbers: NDArray[np.intp]
    rows: NDArray[np.intp]
    targets: tuple[NDArray[Any] | None, ...]
    asked: Asked

    def mix(self, task: Task) -> Mix:
        """Return for each refit the rows of the tables, then those of the statistics."""
        tables, mix = _tables(task), self.asked.mix(task)
        each = np.concatenate([tables, np.zeros(len(mix), np.intp)])
        takes = np.vstack([mix.take, np.zeros((1, mix.take.shape[1]), bool), np.ones((1, mix.take.shape[1]), bool)])
        which = np.concatenate([len(mix.take) + (np.arange(len(tables)) < task.n), mix.which])
        base, donor = each.copy(), each.copy()
        base[: task.n] = 0  # of which nothing is left
        donor[task.n : len(tables)] = 0  # of which nothing is taken
        base[len(tables) :], donor[len(tables) :] = mix.base.index, mix.donor.index
        d = len(self.numbers)
        return Mix.of(
            Rows(task.background, np.tile(base, d)), Rows(task.rows, np.tile(donor, d)), takes, np.tile(which, d)
        )

    def refits(self, task: Task) -> list[Refit]:
        """Fit to each target, with a random state of its own."""
        null: Null = task.design.null
        count = len(_tables(task)) + len(self.asked.draws) * task.design.contexts.shape[-1] * len(task.design.takes)
        seeds = [np.random.SeedSequence([null.random_state, int(i)]).generate_state(1)[0] for i in self.numbers]
        train = Mix.unchanged(Rows(task.rows, self.rows))
        return [
            Refit(train, count, seed=int(seed) % 2**31, target=target)
            for seed, target in zip(seeds, self.targets, strict=True)
        ]

    def seen(self, task: Task, answers: NDArray[np.float64]) -> dict[str, Update]:
        """Find the statistics of each refit as those of the explained model are found."""
        found = [self._squares(task, each) for each in answers.reshape(len(self.numbers), -1, task.k)]
        return {"refits": Update(self.numbers, np.array(found))}

    def _squares(self, task: Task, answers: NDArray[np.float64]) -> NDArray[np.float64]:
        """(s, k) mean squares by the answers of one refit; not known if it has none for some row."""
        design: Design = task.design
        if np.isnan(answers).any():
            return np.full((len(design.sets), task.k), np.nan)
        tables = len(_tables(task))
        own, behind = answers[: task.n], answers[: task.n] if tables == task.n else answers[task.n : tables]
        anew = replace(task, predictions=own, background_predictions=behind)
        given = answers[tables:].reshape(len(self.asked.draws), -1, task.k)
        state, together = nothing_yet(anew), max(1, _PIECE // given.shape[1])
        for start in range(0, len(given), together):
            piece = replace(self.asked, draws=self.asked.draws[start : start + together])
            part = piece.seen(anew, given[start : start + together].reshape(-1, task.k))
            state = state.absorb(state.part(part))
        return (of_all_pairs if design.complete else of_own_contexts)(anew, state).square


Sample: TypeAlias = "Asked | Singles | Anew"


def _tables(task: Task) -> NDArray[np.intp]:
    """Row numbers of the tables whose predictions the statistics build on: the rows, then another background."""
    behind = () if task.background is task.rows else (np.arange(len(task.background)),)
    return np.concatenate([np.arange(task.n), *behind])


def _kept(state: Combined) -> NDArray[np.bool_]:
    """Whether the explained model has answers at each evaluation point."""
    held = [state.states[name] for name in ("means", "totals", "beyond") if name in state.states]
    return np.asarray(np.logical_and.reduce([one.filled for one in held if isinstance(one, Collected)]))


# ---- targets


def additive_fit(task: Task, state: Combined) -> NDArray[np.float64]:
    """(n, k) mean answer and the sum of centred single effects at every row, on the scale on which effects add.

    It is not known at rows of no weight, and where the model has no answer for a virtual row.
    """
    singles = state.states["singles"]
    if not isinstance(singles, Collected):
        raise TypeError(singles)
    weights = np.where(singles.filled, task.weights, 0.0)
    level = np.average(_linked(task, task.known_predictions), axis=0, weights=weights)
    centred = singles.values - np.average(singles.values, axis=0, weights=weights)
    effects = centred.sum(axis=1)
    if task.classes is None and task.target is not None:
        level, effects = _as_strong_as(task.target.reshape(effects.shape), effects, weights)
    return np.where(singles.filled[:, None], level + effects, np.nan)


def _as_strong_as(
    target: NDArray[np.float64], effects: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of a target, and effects (n, k) times its slope on them: learners shrink, and weak effects invent less."""
    level = np.average(target, axis=0, weights=weights)
    variance = np.average(effects**2, axis=0, weights=weights)
    slope = np.average(effects * (target - level), axis=0, weights=weights) / np.maximum(variance, 1e-300)
    return level, effects * np.where(slope > 0, slope, 1.0)


def _linked(task: Task, answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Answers on the scale on which effects add: log-odds of classes, no further than n rows can tell."""
    if task.classes is None:
        return answers
    most = np.log(2 * task.n + 1.0)
    with np.errstate(divide="ignore"):
        odds = answers if task.scale == "log_odds" else logit(answers)
    return np.clip(odds, -most, most)


def _target(
    task: Task, fit: NDArray[np.float64] | None, rows: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[Any] | None:
    """Make a target of the rows: (n,) or (n, k), or class positions; None if there is no fit yet."""
    if fit is None or task.target is None:
        return None
    if task.classes is not None:
        return _labels(_probabilities(task, fit[rows]), rng)
    additive = fit[rows].reshape(task.target[rows].shape)
    residuals = task.target[rows] - additive
    # equal weights deal every residual once, others in their proportion
    dealt = contexts_of_each(len(rows), 1, task.weights[rows], rng)[:, 0]
    return np.asarray(additive + residuals[dealt])


def _probabilities(task: Task, odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, classes) probabilities from the log-odds (n, k) of the explained ones."""
    names = [str(label) for label in task.classes or ()]
    told = np.zeros((len(odds), len(names)))
    places = [names.index(name) for name in task.outputs]
    told[:, places] = expit(odds)
    if len(places) == 1:  # of two
        told[:, 1 - places[0]] = expit(-odds[:, 0])
    return np.asarray(told / told.sum(axis=1, keepdims=True))


def _labels(probabilities: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """(n,) class positions; drawn again where a class is missing, since no classifier can be fitted without it."""
    ends, last = probabilities.cumsum(axis=1), probabilities.shape[1] - 1
    drawn = np.zeros(len(ends), np.intp)
    for _ in range(_TRIES):
        drawn = np.minimum((rng.random((len(ends), 1)) > ends).sum(axis=1), last)
        if len(np.unique(drawn)) > last:
            break
    return drawn


def _binomial(above: NDArray[np.intp], count: int, level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both ends of the exact interval (Clopper and Pearson, 1934) of a share that was ``above`` of ``count``."""
    tail = (1 - level) / 2
    lower = np.where(above > 0, betaincinv(np.maximum(above, 1), count - above + 1, tail), 0.0)
    upper = np.where(above < count, betaincinv(above + 1, np.maximum(count - above, 1), 1 - tail), 1.0)
    return lower, upper
