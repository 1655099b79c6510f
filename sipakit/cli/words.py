"""What the library says of its arguments, in the words of the command line."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sipakit.errors import PredictionError, SipakitError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["command_words", "in_command_words"]

_ARGUMENTS = {
    "background": "--background",
    "budget": "--budget",
    "methods": "--methods",
    "n_jobs": "--n-jobs",
    "on_bad": "--on-bad",
    "output": "--model-output",
    "random_state": "--seed",
    "rows": "--rows",
    "sample_weight": "--weights",
    "tolerance": "--tolerance",
}
_CURES = {
    "Or pass an explainer, such as sp.ALE().": "The command sipakit methods lists them.",
    "Pass y after X.": "Name its column by --target.",
    "Drop those rows of X and y.": "Leave those rows out of the table.",
}
_TABLES = {"X": "--data", "y": "--target"}
_QUOTED = re.compile(r"""('[^']*'|"[^"]*")""")  # the user's own names and values, which are left as they are
_TYPES = "If it was fitted on categories, dates or texts that the table holds as something else, say so by --dtype."


@contextmanager
def in_command_words() -> Iterator[None]:
    """Let errors of the library name what stands on the command line."""
    try:
        yield
    except SipakitError as error:
        cure = _TYPES if isinstance(error, PredictionError) else ""
        raise type(error)(command_words(str(error)), cure=cure) from error


def command_words(text: str) -> str:
    """Put options in the place of arguments.

    Examples
    --------
    >>> command_words("X lacks 'X'. Leave n_jobs= out, or pass rows=[0].")
    "--data lacks 'X'. Leave --n-jobs out, or pass --rows [0]."
    """
    for said, meant in _CURES.items():
        text = text.replace(said, meant)
    return "".join(part if i % 2 else _unquoted(part) for i, part in enumerate(_QUOTED.split(text)))


def _unquoted(text: str) -> str:
    text = re.sub(r"\b(X|y)\b(?!=)", lambda found: _TABLES[found[1]], text)
    text = re.sub(rf"\b({'|'.join(_ARGUMENTS)})=(?=\s)", lambda found: _ARGUMENTS[found[1]], text)
    text = re.sub(rf"\b({'|'.join(_ARGUMENTS)})=", lambda found: f"{_ARGUMENTS[found[1]]} ", text)
    return text.replace("random_state", _ARGUMENTS["random_state"])
