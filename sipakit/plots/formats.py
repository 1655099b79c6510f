"""Numbers and method names in words that a reader uses."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import Formatter

from sipakit.plots.labels import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sipakit.explanation import Explanation

__all__ = ["NumberTicks", "absent", "interval", "metric_name", "number", "quantity", "spoken"]

_ZEROS = 6  # decimals of a nothing that tell anybody how sure it is
_MINUS = "\N{MINUS SIGN}"
_SCALES = {"log_odds": "log-odds", "score": "raw score"}


def number(value: float, error: float = math.nan, *, signed: bool = False) -> str:
    """Write a number with the digits that its standard error supports, three where none is known.

    Examples
    --------
    >>> number(0.123456, 0.004), number(1234.5, 60.0), number(0.25, signed=True)
    ('0.123', '1,230', '+0.25')
    >>> number(0.0, 0.002), number(0.0, 2e-17)
    ('0.000', '0')
    """
    if not math.isfinite(value):
        return "unknown"
    scale = error if math.isfinite(error) and error > 0 else abs(value) / 100
    digits = -math.floor(math.log10(scale)) if scale > 0 else 0
    size = abs(value)
    if size > scale > 0:  # an error of half the value still leaves it two digits
        digits = max(digits, 1 - math.floor(math.log10(size)))
    if size >= 1e7 or (0 < size < 1e-4 and digits > 4):
        figures = max(0, min(6, digits + math.floor(math.log10(size))))
        mantissa, power = f"{size:.{figures}e}".split("e")
        text = f"{mantissa}e{int(power)}".replace("-", _MINUS)
    else:
        text = f"{round(size, digits):,.{max(digits, 0)}f}"
    if scale != error and "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    sign = _MINUS if value < 0 else "+" if signed else ""
    if text.strip("0.,"):
        return sign + text
    return text if digits <= _ZEROS else "0"


def interval(value: float, error: float, lower: float, upper: float) -> str:
    """Write a number with its interval in words.

    Examples
    --------
    >>> interval(0.12, 0.01, 0.1, 0.14)
    '0.12 (0.10 to 0.14)'
    """
    told = number(value, error)
    if not (np.isfinite([lower, upper]).all() and upper > lower):
        return told
    return f"{told} ({number(lower, error)} to {number(upper, error)})"


def absent(cell: object) -> bool:
    """Whether a cell is missing: NaN, None, NaT or NA."""
    gone = pd.isna(cell)  # type: ignore[call-overload]
    return isinstance(gone, (bool, np.bool_)) and bool(gone)  # the cells of a group are no single cell


class NumberTicks(Formatter):
    """Tick labels in plain numbers: as many decimals as the steps need, no offset, no factor."""

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return one label a tick."""
        places: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
        size = float(np.abs(places).max(initial=0.0))
        steps = np.diff(np.unique(places))
        step = float(steps.min()) if len(steps) else size
        if size and (size >= 1e7 or size < 1e-3):
            power = math.floor(math.log10(size))
            decimals = _decimals(step / 10**power)
            texts = [_exponent(value / 10.0**power, decimals, power) for value in places]
        else:
            comma = "," if size >= 10_000 else ""  # 2012 may be a year
            texts = [f"{value:{comma}.{_decimals(step)}f}" for value in places]
        return [text.replace("-", _MINUS) for text in texts]

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of one place."""
        return number(x)


def _exponent(mantissa: float, decimals: int, power: int) -> str:
    return f"{mantissa:.{decimals}f}e{power}" if mantissa else "0"


def _decimals(step: float) -> int:
    """Decimals that tell apart values ``step`` from each other; 0.25 needs two, 0.2 one."""
    if not step > 0:
        return 0
    first = max(0, -math.floor(math.log10(step) + 1e-9))
    return next((d for d in range(first, first + 3) if abs(round(step, d) - step) < step / 50), first)


def spoken(explainer: str) -> str:
    """Return a class name as words.

    Examples
    --------
    >>> spoken("PartialDependence"), spoken("ALE"), spoken("HStatistic")
    ('Partial dependence', 'ALE', 'H statistic')
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[^A-Z]+", explainer) or [explainer]
    return " ".join([words[0], *(w if w.isupper() else w.lower() for w in words[1:])])


def metric_name(metric: str) -> str:
    """Return a metric's name as words, without scikit-learn's sign prefix.

    Examples
    --------
    >>> metric_name("neg_mean_squared_error"), metric_name("roc_auc")
    ('mean squared error', 'roc auc')
    """
    return clean(metric.removeprefix("neg_").replace("_", " "))


def quantity(explanation: Explanation, output: str | None = None) -> str:
    """Return what is on the axis of an answer: its scale, and the output where it has a name.

    Parameters
    ----------
    explanation : Explanation
    output : str, optional
        None where the axis serves several outputs.

    Returns
    -------
    str, such as ``probability of >50K``
    """
    scale = _SCALES.get(explanation.scale, clean(explanation.scale.replace("_", " ")))
    return scale if output in (None, "prediction") else f"{scale} of {clean(output)}"
