"""How wrong are pairwise H statistics at equal and at a tenth of the model rows?

The truth takes all pairs of all rows, from the trees. hstats (an R package) evaluates 500 drawn rows in the contexts of
the same 500 rows. Those numbers follow from the trees as well, with a weight for these rows alone, so that its design
needs no R; that they are those of the model when it is asked is checked on fewer rows. Ours, the incomplete
U-statistic, asks the model for every row of it.
"""

from __future__ import annotations

import numpy as np

import sipakit as sp
from benchmarks.harness import Result
from benchmarks.subjects import Subject, bike

__all__ = ["rows_in_their_contexts", "run"]

PAIRS = 6
COLUMNS = {
    "pair": "s", "truth": ".3g", "their rmse": ".3f", "their rows": ",d", "our rmse": ".3f", "our rows": ",d",
    "runs": "d", "rmse ratio": ".2f", "met": "s",
}  # fmt: skip
Names = tuple[str, ...]


def run(*, quick: bool, replicates: int | None = None) -> Result:
    replicates = replicates or (2 if quick else 24)
    subject = bike("array", rows=3_000 if quick else None, trees=50 if quick else 200)
    drawn = 100 if quick else 500  # hstats' n_max
    tenth = int((drawn**2 / 10) ** 0.5)
    names = list(sp.datasets.bike()[0].columns)
    _check(subject)

    everything = sp.HStatistic().explain(subject.model, subject.X)
    assert "trees" in everything.estimator, "the truth did not come from the trees"
    truth = _by_pair(everything)
    chosen = sorted(truth, key=lambda pair: -truth[pair])[:PAIRS]
    theirs = [rows_in_their_contexts(subject, drawn, seed) for seed in range(replicates)]
    ours = [_incomplete(subject, chosen, tenth, seed) for seed in range(replicates)]
    equal = [_incomplete(subject, chosen[:1], drawn, seed) for seed in range(max(replicates // 2, 2))]

    sides = [(pair, ours, tenth**2) for pair in chosen] + [(chosen[0], equal, drawn**2)]
    found = []
    for pair, runs, rows in sides:
        their, our = (_error(truth, side, pair) for side in (theirs, runs))
        found.append({
            "pair": " x ".join(names[int(name[1:])] for name in pair),
            "truth": truth[pair],
            "their rmse": their,
            "their rows": drawn**2,
            "our rmse": our,
            "our rows": rows,
            "runs": len(runs),
            "rmse ratio": their / our,
            "met": "yes" if our <= their else "**no**",
        })  # fmt: skip
    return Result(
        case="h_error",
        question="Error of H of the strongest pairs against hstats' design, at a tenth of its model rows.",
        settings={"rows": len(subject.X), "drawn by hstats": drawn, "seeds": f"0..{replicates - 1}"},
        rows=found,
        columns=COLUMNS,
        notes=[
            "rmse: root of the mean squared distance of the unnormalised statistic from the truth, over the truth.",
            "rows: virtual model rows of each partial dependence; a pair takes those of both features too, as theirs do.",
            "The last row has equal numbers of rows, for the strongest pair alone.",
            (
                "Met: ours is no worse. Of so few runs an rmse has an error of"
                f" {1 / (2 * replicates) ** 0.5:.0%}, so a ratio within {1 / replicates**0.5:.0%} of 1 says little."
            ),
        ],
        quick=quick,
    )


def rows_in_their_contexts(subject: Subject, drawn: int, seed: int) -> dict[Names, float]:
    """H of all pairs where these rows are evaluated in the contexts of one another, from the trees."""
    weights = np.zeros(len(subject.X))
    weights[_rows(subject, drawn, seed)] = 1
    return _by_pair(sp.HStatistic().explain(subject.model, subject.X, sample_weight=weights))


def _rows(subject: Subject, drawn: int, seed: int) -> np.ndarray:
    return np.random.default_rng([7, seed]).choice(len(subject.X), drawn, replace=False)


def _incomplete(subject: Subject, pairs: list[Names], n_draws: int, seed: int) -> dict[Names, float]:
    features = list(dict.fromkeys(name for pair in pairs for name in pair))
    explainer = sp.HStatistic(features=features, estimator="incomplete", n_draws=n_draws, random_state=seed)
    return _by_pair(explainer.explain(sp.adapt(subject.model, structure=False), subject.X))


def _check(subject: Subject) -> None:
    """See that the design from the trees is that of a model that is asked."""
    rows = subject.X[_rows(subject, 30, 0)]
    asked = sp.HStatistic(features=["x1", "x3", "x6"], estimator="pairs", n_draws=None)
    found = _by_pair(asked.explain(sp.adapt(subject.model, structure=False), rows))
    told = rows_in_their_contexts(subject, 30, 0)
    assert all(np.isclose(told[pair], h, rtol=1e-6) for pair, h in found.items()), "the trees tell other numbers"


def _by_pair(e: sp.Explanation) -> dict[Names, float]:
    return {
        tuple(sorted(names)): float(h)
        for names, h in zip(e.sets, e.values[:, 0], strict=True)
        if len(names) == 2 and names[1] is not None
    }


def _error(truth: dict[Names, float], runs: list[dict[Names, float]], pair: Names) -> float:
    return float(np.sqrt(np.mean([(found[pair] / truth[pair] - 1) ** 2 for found in runs])))
