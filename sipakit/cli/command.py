"""Run a command line.

Exit codes: 0 done, 1 an error that is told in one line, 2 a wrong command line, 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from sipakit.cli.parser import make_parser
from sipakit.errors import SipakitError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Examples
    --------
    >>> main(["--version"])  # doctest: +ELLIPSIS
    sipakit ...
    0
    """
    parser = make_parser()
    try:
        chosen = parser.parse_args(arguments)
    except SystemExit as stop:  # argparse has told what is wrong, or the help
        return stop.code if isinstance(stop.code, int) else 2
    if chosen.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        _RUN[chosen.command](chosen)
    except KeyboardInterrupt:
        _complain("interrupted")
        return 130
    except (SipakitError, OSError) as error:
        _complain(" ".join(str(error).split()))
        return 1
    return 0


def _demo(chosen: argparse.Namespace) -> None:
    from sipakit.demo import take_tour

    shown = sys.stderr.isatty()
    progress = (lambda text: _write(sys.stderr, f"... {text}\n")) if shown else None
    take_tour(chosen.output, say=_say, progress=progress)


def _explain(chosen: argparse.Namespace) -> None:
    from sipakit.cli.tasks import explain_files

    _say(explain_files(chosen))


def _plan(chosen: argparse.Namespace) -> None:
    from sipakit.cli.tasks import plan_files

    _say(plan_files(chosen))


def _methods(chosen: argparse.Namespace) -> None:  # noqa: ARG001 - every command has the same face
    from sipakit.cli.tasks import listed_methods

    _say(listed_methods())


_RUN = {"demo": _demo, "explain": _explain, "plan": _plan, "methods": _methods}


def _say(text: str) -> None:
    _write(sys.stdout, f"{text}\n")


def _complain(text: str) -> None:
    _write(sys.stderr, f"sipakit: error: {text}\n")


def _write(stream: TextIO, text: str) -> None:
    """Write text; what the stream's encoding lacks becomes a question mark."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()
