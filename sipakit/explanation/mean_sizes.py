"""How large attributions are on average over rows: means of absolute values, less what their own errors add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from sipakit.caveats import Caveat, caveat
from sipakit.errors import first_few
from sipakit.estimate import Estimate
from sipakit.explanation.importances import Importances
from sipakit.explanation.over_rows import effective_rows, error_over_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.explanation.attributions import Attributions

__all__ = ["MeanSizes", "importance_of"]

_ONLY_NOISE = 2 * np.sqrt(2)  # times s phi(y / s) is what noise alone adds to a size, sqrt(2 / pi) s
_NEAR, _CUT = 2.0, 0.7737  # a standard normal within 2 of 0 has this mean square
_POWER = 5.5
_MOSTLY = 0.5  # share of a mean size that is noise, above which a reader must know


@dataclass(frozen=True, eq=False)
class MeanSizes:
    """Mean absolute values of (n, u, k) attributions, and what each row and each part of the draws says of them.

    A value y with standard error s is on average larger than what it estimates: |y| exceeds |phi| by sqrt(2 / pi) s
    where phi is 0, and by s^2 times the density at 0 where phi is spread wider than s. With g the density of a standard
    normal, s g(y / s) estimates the second, and 2 sqrt(2) s g(y / s) the first. So a s g(y / s) is taken off, where a
    goes from 1 to 2 sqrt(2) as the values within 2 s of 0 look like noise alone: by a power of what their mean square
    would be then, over what it is. The power was chosen on normal phi of any spread, where it leaves 0.07 s at most.

    Parameters
    ----------
    by_row : (n, u, k)
        Corrected size of each value.
    share : (n,)
        Weight of each row; they add up to 1.
    own : (g, u, k), (1, u, k) or None
        What each of g parts of the draws would add to the means; or the most that errors which all rows share can be;
        None where each row's errors are its own, and so seen in the spread over rows.
    bounds : (2, u, k)
        Means with all that noise alone would add taken off, and with nothing taken off: the truth is between them.
    """

    by_row: NDArray[np.float64]
    share: NDArray[np.float64]
    own: NDArray[np.float64] | None
    bounds: NDArray[np.float64]

    @classmethod
    def of(cls, e: Attributions) -> MeanSizes:
        """Measure attributions; errors that nobody knows count nothing."""
        y, s = e.values, np.where(np.isfinite(e.std_error), e.std_error, 0.0)
        share = e.row_shares
        bump = s * np.exp(-((y / np.where(s > 0, s, np.inf)) ** 2) / 2) / np.sqrt(2 * np.pi)
        near = np.where(np.abs(y) <= _NEAR * s, share[:, None, None], 0.0)
        noise, size = ((near * one**2).sum(axis=0) for one in (s, y))
        noisy = np.clip(_CUT * np.divide(noise, size, out=np.zeros_like(size), where=size > 0), 0, 1)
        by_row = np.abs(y) - (1 + (_ONLY_NOISE - 1) * noisy**_POWER) * bump
        ends = [np.einsum("n,nuk->uk", share, np.abs(y) - times * bump) for times in (_ONLY_NOISE, 0.0)]
        return cls(by_row, share, _own(e, share, s), np.array(ends))

    @property
    def mean(self) -> NDArray[np.float64]:
        """(u, k); below 0 where noise is all that was seen."""
        return np.asarray(np.einsum("n,nuk->uk", self.share, self.by_row))

    @property
    def count(self) -> float:
        """Number of equally weighted rows that tell as much."""
        return effective_rows(self.share)

    def skewness(self) -> NDArray[np.float64]:
        """(u, k) skewness of the means over rows."""
        away = self.by_row - self.mean
        second, third = (np.tensordot(self.share, away**power, 1) for power in (2, 3))
        lean = np.divide(third, second**1.5, out=np.zeros_like(third), where=second > 1e-300)
        return np.asarray(lean / np.sqrt(self.count))

    def errors(self) -> tuple[NDArray[np.float64], float]:
        """Return the standard error of the means (u, k) that is due to the values, and its degrees of freedom."""
        if self.own is None:
            return np.zeros_like(self.bounds[0]), np.inf
        if len(self.own) == 1:
            return self.own[0], np.inf
        g = len(self.own)
        return np.sqrt((self.own**2).sum(axis=0) / (g * (g - 1))), g - 1.0

    def uncorrected(self) -> NDArray[np.float64]:
        """(u, k) spread of a number that is anywhere between the bounds."""
        return np.asarray((self.bounds[1] - self.bounds[0]) / np.sqrt(12))

    def ranks(self, conf_level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the first and the last rank (u, k) of each feature; those whose difference may be 0 share ranks.

        A difference is taken row by row, since the same rows have both values.
        """
        mean = self.mean
        first, last = np.ones_like(mean), np.full_like(mean, len(mean))
        for j in range(len(mean)):
            apart = self.by_row - self.by_row[:, j : j + 1]
            rows = error_over_rows(self.share, apart)
            own, df = self._own_apart(j)
            error = np.sqrt(rows**2 + own**2 + (self.uncorrected() - self.uncorrected()[j]) ** 2)
            reach = stdtrit(np.maximum(_together(rows, self.count - 1, own, df), 1), (1 + conf_level) / 2) * error
            ahead = mean - mean[j]
            first[j] += (ahead > reach).sum(axis=0)
            last[j] -= (-ahead > reach).sum(axis=0)
        return first, last

    def _own_apart(self, j: int) -> tuple[NDArray[np.float64], float]:
        """Return the values' own error of each difference from feature ``j``, (u, k)."""
        if self.own is None or len(self.own) == 1:
            most = self.errors()[0]
            return most + most[j], np.inf
        g = len(self.own)
        away = self.own - self.own[:, j : j + 1]
        return np.sqrt((away**2).sum(axis=0) / (g * (g - 1))), g - 1.0


def importance_of(e: Attributions) -> Importances:
    """Return the mean absolute values of attributions; see `Attributions.importance`."""
    sizes = MeanSizes.of(e)
    rows, (own, df) = error_over_rows(sizes.share, sizes.by_row), sizes.errors()
    own = np.hypot(own, sizes.uncorrected())
    error = np.hypot(rows, own)
    only_rows = np.divide(rows, error, out=np.zeros_like(error), where=np.isfinite(rows) & (error > 0)) ** 3
    first, last = sizes.ranks(e.conf_level)
    found = Estimate.within(
        sizes.mean,
        error,
        conf_level=e.conf_level,
        df=_together(rows, sizes.count - 1, own, df),
        skew=sizes.skewness() * only_rows,
    )
    values, lower, upper = (np.maximum(one, 0.0) for one in (found.values, found.lower, found.upper))
    parts = {"std_error_rows": rows, "std_error_values": own, "rank": first, "last_rank": last}
    base = np.broadcast_to(e.base_values, e.predictions.shape)
    return Importances(
        explainer=e.explainer,
        parameters=e.parameters,
        question="How far does each feature move a prediction, on average over the rows?",
        references=e.references,
        features=e.features,
        outputs=e.outputs,
        scale=e.scale,
        estimate=Estimate(values, error, lower, upper, parts),
        error=_covers(e, sizes),
        estimator=f"mean absolute value of {len(e.rows):,} rows, less what the values' errors add; {e.estimator}",
        conf_level=e.conf_level,
        caveats=(*e.caveats, *_caveats(e, sizes)),
        cost=e.cost,
        manifest=e.manifest,
        metrics=e.outputs,
        baseline=sizes.share @ np.abs(e.predictions - base),
        measure="size",
    )


def _own(e: Attributions, share: NDArray[np.float64], s: NDArray[np.float64]) -> NDArray[np.float64] | None:
    if e.replicates is not None:
        away = e.replicates - e.replicates.mean(axis=0)
        return np.asarray(np.einsum("n,nuk,gnuk->guk", share, np.sign(e.values), away))
    return np.tensordot(share, s, 1)[None] if e.shared_errors else None


def _together(
    rows: NDArray[np.float64], df_rows: float, own: NDArray[np.float64], df_own: float
) -> NDArray[np.float64]:
    """Degrees of freedom of two errors together, by Welch and Satterthwaite."""
    rows, own = (np.where(np.isfinite(one), one, 1.0) ** 2 for one in (rows, own))
    both = rows**2 / max(df_rows, 1.0) + own**2 / df_own
    return np.divide((rows + own) ** 2, both, out=np.full_like(rows, np.inf), where=both > 0)


def _covers(e: Attributions, sizes: MeanSizes) -> str:
    if not np.isfinite(e.std_error).all():
        return "The rows as a sample. The values' own errors are not known, and are left out."
    own = "the values' own errors"
    if sizes.own is not None and len(sizes.own) == 1:
        own += ", as large as they can be if all rows share them"
    return f"The rows as a sample, and {own}. {e.error}"


def _caveats(e: Attributions, sizes: MeanSizes) -> list[Caveat]:
    found = []
    if sizes.count < 1 + 1e-9:
        found.append(caveat("SIPA011", "One row tells no error over rows.", "Explain more rows."))
    if sizes.own is not None and len(sizes.own) == 1 and sizes.own.any():
        message = "All rows are compared with one background, and how far their errors go together is not known."
        message += " Intervals and ties allow for the most that is possible."
        found.append(caveat("SIPA046", message, "Shapley(replicates=16) keeps what tells it."))
    mean, whole = np.maximum(sizes.mean, 0.0), sizes.bounds[1]
    noisy = ((whole - mean) > _MOSTLY * whole).any(axis=1)
    if noisy.any():
        names = first_few([name for name, one in zip(e.features, noisy, strict=True) if one])
        message = f"More than half of the mean size of {names} was noise, and has been taken off."
        found.append(caveat("SIPA047", message, "Lower the values' errors, by tolerance= or a larger background."))
    return found
