"""What can go wrong, by name. Every message says what is wrong, what is allowed and the usual cure.

SipakitError
|-- InputError (ValueError)            a table, target, weight or parameter that cannot be used
|-- InputTypeError (TypeError)         something of a kind that the argument does not take
|-- CapabilityError (TypeError)        the adapter cannot answer the question that the explainer asks
|-- PredictionError (ValueError)       the model raised, or answered with something that is no prediction
|-- BudgetError (ValueError)           the budget is smaller than what the question needs
|-- WorkerError (RuntimeError)         a worker process died again and again
|-- ComparisonError (ValueError)       explanations that answer different questions
|-- MissingPackageError (ImportError)  a package of one of sipakit's extras that is not installed
`-- ContractError (AssertionError)     an explainer that breaks a rule of the library (`sipakit.checks`)
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "BudgetError",
    "CapabilityError",
    "ComparisonError",
    "ContractError",
    "InputError",
    "InputTypeError",
    "MissingPackageError",
    "PredictionError",
    "SipakitError",
    "WorkerError",
    "first_few",
]


class SipakitError(Exception):
    """Root of all errors of sipakit.

    Parameters
    ----------
    wrong : str
        What is wrong with which argument, and its value.
    allowed : str
        What the argument takes.
    cure : str
        What usually helps.

    Examples
    --------
    >>> import sipakit as sp
    >>> try:
    ...     sp.ALE(grid_resolution=0)
    ... except sp.SipakitError as error:
    ...     print(type(error).__name__)
    InputError
    """

    def __init__(self, wrong: str, allowed: str = "", cure: str = "") -> None:
        super().__init__(" ".join(part for part in (wrong, allowed, cure) if part))


class InputError(SipakitError, ValueError):
    """A table, target, weight or parameter that cannot be used."""


class InputTypeError(SipakitError, TypeError):
    """Something of a kind that the argument does not take."""


class CapabilityError(SipakitError, TypeError):
    """The adapter cannot answer the question that the explainer asks."""


class PredictionError(SipakitError, ValueError):
    """The model raised, or answered with something that is no prediction."""


class BudgetError(SipakitError, ValueError):
    """The budget is smaller than what the question needs."""


class WorkerError(SipakitError, RuntimeError):
    """A worker process died again and again."""


class ComparisonError(SipakitError, ValueError):
    """Explanations that answer different questions."""


class MissingPackageError(SipakitError, ImportError):
    """A package of one of sipakit's extras that is not installed.

    Examples
    --------
    >>> print(MissingPackageError.of("to_parquet", "pyarrow", "parquet"))
    to_parquet needs the package pyarrow, which is not installed. Run pip install "sipakit[parquet]".
    """

    @classmethod
    def of(cls, what: str, package: str, extra: str) -> MissingPackageError:
        """Name what needs which package, and the extra that brings it.

        Parameters
        ----------
        what, package, extra : str

        Returns
        -------
        MissingPackageError
        """
        wrong = f"{what} needs the package {package}, which is not installed."
        return cls(wrong, cure=f'Run pip install "sipakit[{extra}]".')


class ContractError(SipakitError, AssertionError):
    """An explainer that breaks a rule which all explainers keep."""


def first_few(things: Iterable[object], limit: int = 3) -> str:
    """Name the first few offenders, and how many more there are.

    Examples
    --------
    >>> first_few(["a", "b", "c", "d"])
    "'a', 'b', 'c' and 1 more"
    """
    shown = [repr(thing) for thing in things]
    more = len(shown) - limit
    return ", ".join(shown[:limit]) + (f" and {more} more" if more > 0 else "")
