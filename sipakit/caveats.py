"""What a reader must know before using a number: a code, what it means, what to do.

Codes are stable: a caveat is never renumbered, and one that is no longer raised keeps its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CODES", "Caveat", "caveat"]

# code -> (severity, title). "info": good to know; "caution": changes how a number may be read; "serious": do not rely
# on it.
CODES: Final[dict[str, tuple[str, str]]] = {
    "SIPA001": ("info", "columns were put in another order"),
    "SIPA002": ("info", "columns that the model does not use were left out"),
    "SIPA003": ("info", "a column's type was widened"),
    "SIPA004": ("info", "the model was fitted on another kind of table"),
    "SIPA005": ("caution", "infinite values"),
    "SIPA006": ("caution", "integers beyond 2^53"),
    "SIPA007": ("caution", "constant target"),
    "SIPA008": ("caution", "the model is worse than a constant"),
    "SIPA009": ("info", "category levels were united"),
    "SIPA010": ("caution", "the explained rows serve as background"),
    "SIPA011": ("caution", "too few rows for an error"),
    "SIPA012": ("serious", "the model's answers are random"),
    "SIPA013": ("caution", "the model writes into its input"),
    "SIPA014": ("info", "answers differ in the last digits between batches"),
    "SIPA015": ("caution", "the model has no probabilities"),
    "SIPA017": ("caution", "rows were matched by position"),
    "SIPA018": ("caution", "the model does not answer everywhere"),
    "SIPA019": ("caution", "the run was interrupted"),
    "SIPA020": ("info", "rows left out of a curve"),
    "SIPA021": ("info", "features left out"),
    "SIPA022": ("info", "rare levels are not drawn"),
    "SIPA023": ("caution", "negligible denominator"),
    "SIPA024": ("caution", "a sample of the rows was used"),
    "SIPA025": ("caution", "fewer draws than background rows"),
    "SIPA026": ("caution", "the attributions do not add up"),
    "SIPA027": ("caution", "the surrogate is a poor imitation"),
    "SIPA028": ("caution", "the local model fits poorly"),
    "SIPA029": ("info", "constant columns"),
    "SIPA030": ("caution", "one shuffling only"),
    "SIPA031": ("caution", "the background equals the explained row"),
    "SIPA032": ("caution", "the tolerance was not met"),
    "SIPA033": ("info", "the model's structure could not be used"),
    "SIPA034": ("caution", "too few rows for strata"),
    "SIPA035": ("info", "donors come from strata"),
    "SIPA036": ("info", "what is left out stays as a constant column"),
    "SIPA037": ("caution", "cells without rows"),
    "SIPA038": ("caution", "sets of features left out by the budget"),
    "SIPA039": ("info", "levels were put in an order"),
    "SIPA040": ("caution", "no errors are known"),
    "SIPA041": ("caution", "regions that unseen rows do not confirm"),
    "SIPA042": ("caution", "rows unlike any in the table"),
    "SIPA043": ("caution", "too few refits for a null"),
    "SIPA044": ("caution", "a part of the rows was drawn"),
    "SIPA045": ("caution", "losses of means of a few background rows"),
    "SIPA046": ("info", "how errors go together is not known"),
    "SIPA047": ("caution", "mean sizes that are mostly noise"),
    "SIPA048": ("info", "values are conditional"),
    "SIPA049": ("caution", "the conditional law is doubtful"),
}


@dataclass(frozen=True, slots=True)
class Caveat:
    """One thing that a reader of a result must know.

    Parameters
    ----------
    code : str
        A key of `CODES`.
    message : str
        What was found, with its numbers.
    cure : str
        What to do about it.

    Examples
    --------
    >>> print(caveat("SIPA005", "column 'x' has 3 infinite values.", "Replace them."))
    [SIPA005] infinite values: column 'x' has 3 infinite values. Replace them.
    """

    code: str
    message: str
    cure: str = ""

    @property
    def severity(self) -> str:
        """``"info"``, ``"caution"`` or ``"serious"``."""
        return CODES[self.code][0]

    @property
    def title(self) -> str:
        """The caveat in a few words."""
        return CODES[self.code][1]

    def __str__(self) -> str:
        return f"[{self.code}] {self.title}: {' '.join(p for p in (self.message, self.cure) if p)}"


def caveat(code: str, message: str, cure: str = "") -> Caveat:
    """Make a caveat; the code must be one of `CODES`."""
    if code not in CODES:
        raise KeyError(code)
    return Caveat(code, message, cure)
