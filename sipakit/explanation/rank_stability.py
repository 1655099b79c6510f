"""How sure the order of a row's attributions is: reason codes are less stable than the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sipakit.caveats import Caveat, caveat
from sipakit.equality import by_value
from sipakit.errors import InputError, InputTypeError
from sipakit.explanation.over_rows import error_over_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from numpy.typing import NDArray

    from sipakit.explanation.attributions import Attributions

__all__ = ["RankStability", "rank_stability_of"]

_TOGETHER = 2**21  # numbers drawn at a time
_BY: Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "size": np.abs,
    "up": lambda values: values,
    "down": np.negative,
}


@dataclass(frozen=True, eq=False)
class RankStability:  # noqa: PLW1641 - arrays have no hash
    """How likely each row's leading features stay what they are in another run.

    Another run means another background of the same size and another seed. What is behind the values found is drawn
    from a normal prior a feature, with the mean and the spread of the rows less what errors add to it, and the other
    run's values around that.

    Parameters
    ----------
    top : int
        Number of leading features, t.
    by : "size", "up" or "down"
        What leads: the largest absolute value, the largest value, or the smallest.
    features : tuple of names, u
    outputs : tuple of names, k
    rows : (n,) int
        Row numbers.
    order : (n, t, k) int
        The leading features of each row, as numbers in ``features``.
    neighbours : (n, t, k)
        Probability that each leading feature stays ahead of the one that follows it; NaN after the last feature.
    first_kept, set_kept, order_kept : (n, k)
        Probability that the first feature stays, that the leading ones stay as a set, and in their order.
    share : (n,)
        Weight of each row; they add up to 1.
    draws : int
        Runs that were drawn for each row; a probability of p has the standard error sqrt(p (1 - p) / draws).
    error : str
        What the errors of the values cover here, and what they leave out.
    caveats : tuple of Caveat

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> Z = np.random.default_rng(0).normal(size=(50, 3))
    >>> e = sp.Shapley(background=Z, replicates=10).explain(lambda X: X @ [3.0, 1.0, 0.9], np.array([[1.0, 1.0, 1.0]]))
    >>> stable = e.rank_stability(top=2)
    >>> [e.features[j] for j in stable.order[0, :, 0]], stable.first_kept.item() > 0.99
    (['x0', 'x1'], True)
    """

    top: int
    by: str
    features: tuple[Hashable, ...]
    outputs: tuple[str, ...]
    rows: NDArray[np.intp]
    order: NDArray[np.intp]
    neighbours: NDArray[np.float64]
    first_kept: NDArray[np.float64]
    set_kept: NDArray[np.float64]
    order_kept: NDArray[np.float64]
    share: NDArray[np.float64]
    draws: int
    error: str
    caveats: tuple[Caveat, ...] = ()

    __eq__ = by_value

    def frame(self) -> pd.DataFrame:
        """Return one line a row and output: its leading features, and how likely they are kept."""
        lines = [
            {
                "row": self.rows[i],
                "output": output,
                **{f"feature_{place + 1}": self.features[j] for place, j in enumerate(self.order[i, :, o])},
                "first_kept": self.first_kept[i, o],
                "set_kept": self.set_kept[i, o],
                "order_kept": self.order_kept[i, o],
                "weakest_step": self._weakest(i, o),
            }
            for i in range(len(self.rows))
            for o, output in enumerate(self.outputs)
        ]
        return pd.DataFrame(lines)

    def shares(self) -> pd.DataFrame:
        """Return the share of rows that is expected to keep what leads, an output a line.

        The standard error is that of the rows as a sample; it is infinite for one row.
        """
        lines = []
        for name in ("first_kept", "set_kept", "order_kept"):
            kept = getattr(self, name)
            mean, spread = self.share @ kept, error_over_rows(self.share, kept)
            lines += [
                {"output": output, "kept": name, "share": mean[o], "std_error": spread[o]}
                for o, output in enumerate(self.outputs)
            ]
        return pd.DataFrame(lines)

    def __repr__(self) -> str:
        """Describe it in a few lines that a person can read."""
        from sipakit.reports.inline import text_of

        return text_of(self)

    def _repr_html_(self) -> str:
        """Describe it in a notebook."""
        from sipakit.reports.inline import html_of

        return html_of(self)

    def _weakest(self, i: int, output: int) -> float:
        steps = self.neighbours[i, :, output]
        return float(np.nanmin(steps)) if np.isfinite(steps).any() else float("nan")


def rank_stability_of(e: Attributions, top: int, by: str, draws: int, random_state: int) -> RankStability:
    """Draw other runs of attributions; see `Attributions.rank_stability`."""
    _check(e, top, by, draws)
    n, u, k = e.values.shape
    top = min(top, u)
    score = _BY[by]
    order = np.argsort(-score(e.values), axis=1, kind="stable")
    kept = np.zeros((3, n, k))
    steps = np.full((n, top, k), np.nan)
    rng = np.random.default_rng(random_state)
    kept_of = _kept_of(e)
    for i in range(n):  # rows one by one, so that a row's numbers do not depend on how many go together
        for drawn in _other_runs(e, i, kept_of[i], draws, rng):
            ranked = np.take_along_axis(score(drawn), order[i][None], axis=1)  # (d, u, k) in the order that was found
            found = np.argsort(-ranked, axis=1, kind="stable")[:, :top]
            same = found == np.arange(top)[:, None]
            kept[0, i] += same[:, 0].sum(axis=0)
            kept[1, i] += (found < top).all(axis=1).sum(axis=0)
            kept[2, i] += same.all(axis=1).sum(axis=0)
            ahead = (ranked[:, : u - 1] >= ranked[:, 1:]).sum(axis=0)[:top]
            steps[i, : len(ahead)] = np.nan_to_num(steps[i, : len(ahead)]) + ahead
    error, caveats = _covers(e)
    return RankStability(
        top,
        by,
        e.features,
        e.outputs,
        e.rows,
        order[:, :top],
        steps / draws,
        kept[0] / draws,
        kept[1] / draws,
        kept[2] / draws,
        e.row_shares,
        draws,
        error,
        caveats,
    )


def _kept_of(e: Attributions) -> NDArray[np.float64]:
    """(n, u, k) how much of each value's distance from its feature's mean over rows another run will find again.

    Values found are farther apart than those behind them, by the variance of their errors, and another run knows
    nothing of this one's errors. One row tells no spread, and all is kept.
    """
    n = len(e.values)
    if n == 1:
        return np.ones_like(e.values)
    noise = e.std_error**2
    spread = np.maximum(e.values.var(axis=0, ddof=1) - noise.mean(axis=0), 0.0)
    return np.asarray(np.divide(spread, spread + noise, out=np.ones_like(noise), where=noise > 0))


def _other_runs(
    e: Attributions, i: int, kept: NDArray[np.float64], draws: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """Yield what other runs may find for a row, (d, u, k): what is behind its values, and errors of their own."""
    mean, s = e.values.mean(axis=0), e.std_error[i]
    y, both = mean + kept * (e.values[i] - mean), np.sqrt(1 + kept)
    parts = None if e.replicates is None else e.replicates[:, i] - e.replicates[:, i].mean(axis=0)
    piece = max(1, _TOGETHER // y.size)
    for start in range(0, draws, piece):
        d = min(piece, draws - start)
        if parts is None:
            yield y + both * s * rng.standard_normal((d, *y.shape))
            continue
        g = len(parts)
        together = np.tensordot(rng.standard_normal((d, g)), parts, 1) / np.sqrt(g * (g - 1))
        # the spread of few parts is uncertain itself
        wider = np.sqrt((g - 1) / rng.chisquare(g - 1, d))
        yield y + both * wider[:, None, None] * together


def _covers(e: Attributions) -> tuple[str, tuple[Caveat, ...]]:
    if e.replicates is not None:
        return f"Errors of a row's values go together as in {len(e.replicates)} parts of the draws. {e.error}", ()
    message = "Each value has an error of its own, and how the errors of a row's values go together is left out."
    told = caveat("SIPA046", message, "Shapley(replicates=16) keeps what tells it.")
    return f"Errors of a row's values are taken as independent of each other. {e.error}", (told,)


def _check(e: Attributions, top: int, by: str, draws: int) -> None:
    for name, value, least in (("top", top, 1), ("draws", draws, 100)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise InputTypeError(f"{name}={value!r} is no whole number.", f"It takes a whole number from {least}.")
        if value < least:
            raise InputError(f"{name}={value!r} is too small.", f"It takes a whole number from {least}.")
    if by not in _BY:
        raise InputError(f"by={by!r} orders nothing.", f"It takes {', '.join(map(repr, _BY))}.", "Leave by= out.")
    if not np.isfinite(e.std_error).all():
        message = f"The errors of these {e.explainer} values are not known, so nothing tells how sure their order is."
        raise InputError(message, "Every value needs a standard error.", "Shapley(background=...) has them.")
