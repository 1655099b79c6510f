"""Numbers with their unit, rounded to what their interval supports."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sipakit.plots.formats import number
from sipakit.plots.labels import clean

__all__ = ["Measure", "share"]


@dataclass(frozen=True, slots=True)
class Measure:
    """How one kind of number is written.

    Parameters
    ----------
    factor : float
        What a number is multiplied with before it is written.
    unit, step : str
        Unit of a level ("45 %") and of a difference of two levels ("12 probability points").
    known : bool
        Whether the name of what is measured tells the unit already ("log-odds of yes"), so that a level needs none.

    Examples
    --------
    >>> chance = Measure.of("probability")
    >>> chance.level(0.4512, 0.004), chance.step_of(0.1234, 0.004)
    ('45.1 %', '12.3 probability points')
    >>> Measure.of("prediction", "rentals an hour").within(0.1234, 0.004, 0.115, 0.131)
    '0.123 rentals an hour (0.115 to 0.131)'
    >>> Measure.of("prediction").level(58.5), Measure.of("prediction").step_of(58.5)
    ('58.5', '58.5 units of the prediction')
    """

    factor: float
    unit: str
    step: str
    known: bool = False

    @classmethod
    def of(cls, scale: str, unit: str | None = None) -> Measure:
        """Choose by the scale of a model's outputs; ``unit`` names the unit of a plain prediction."""
        named = {
            "probability": cls(100.0, "%", "probability points"),
            "log_odds": cls(1.0, "log-odds", "log-odds", known=True),
            "score": cls(1.0, "raw score", "units of the raw score", known=True),
        }
        if scale in named:
            return named[scale]
        told = clean(unit, None) if unit else "units of the prediction"
        return cls(1.0, told, told, known=not unit)

    def number(self, value: float, error: float = math.nan, *, signed: bool = False) -> str:
        """Write the number alone."""
        return number(self.factor * value, self.factor * error, signed=signed)

    def level(self, value: float, error: float = math.nan) -> str:
        """Write a level, with its unit if need be."""
        return " ".join(filter(None, (self.number(value, error), "" if self.known else self.unit)))

    def step_of(self, value: float, error: float = math.nan, *, signed: bool = False) -> str:
        """Write a difference with its unit."""
        return f"{self.number(value, error, signed=signed)} {self.step}"

    def within(
        self,
        value: float,
        error: float,
        lower: float,
        upper: float,
        *,
        signed: bool = False,
        step: bool = False,
    ) -> str:
        """Write a number with its unit, if need be, and its interval; a number that is exact has none."""
        unit = self.step if step else "" if self.known else self.unit
        told = " ".join(filter(None, (self.number(value, error, signed=signed), unit)))
        if not error > 0:
            return told
        if not np.isfinite([lower, upper]).all():
            return f"{told} (no interval could be had)"
        ends = [self.number(end, error, signed=signed) for end in (lower, upper)]
        return f"{told} ({ends[0]} to {ends[1]})"

    def put(self, words: str, *, step: bool = False) -> str:
        """Write in which unit the numbers of a thing are, if need be.

        Examples
        --------
        >>> Measure.of("probability").put("attributions", step=True), Measure.of("log_odds").put("mean log-odds")
        ('attributions, in probability points', 'mean log-odds')
        """
        return words if self.known else f"{words}, in {self.step if step else self.unit}"


def share(value: float, error: float = math.nan) -> str:
    """Write a share in percent.

    Examples
    --------
    >>> share(0.6182, 0.004)
    '61.8 %'
    """
    return f"{number(100 * value, 100 * error)} %"
