"""The command ``sipakit``: a tour on real tables.

Exit codes: 0 done, 1 an error that is told in one line, 2 a wrong command line, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, TextIO

from sipakit.errors import SipakitError
from sipakit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_EXAMPLES = """examples:
  sipakit demo                     explain two real tables, write ./sipakit-demo
  sipakit demo --output /tmp/tour  the same, into another folder
"""


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
    parser = _parser()
    try:
        chosen = parser.parse_args(arguments)
    except SystemExit as stop:  # argparse has told what is wrong, or the help
        return stop.code if isinstance(stop.code, int) else 2
    if chosen.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        _demo(chosen.output)
    except KeyboardInterrupt:
        _complain("interrupted")
        return 130
    except (SipakitError, OSError) as error:
        _complain(" ".join(str(error).split()))
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sipakit",
        description="Explain tabular models: what they lean on, how they respond, and how sure that is.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sipakit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    demo = commands.add_parser(
        "demo",
        help="explain two real tables and write a page, figures and results",
        description=(
            "Train a model on each of two real tables, explain both by every method, tell the findings, and write a "
            "folder with one HTML page, the figures as SVG and each result as JSON. Takes less than a minute; needs no "
            "network."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    demo.add_argument("--output", metavar="DIR", default="sipakit-demo", help="folder to write (default: %(default)s)")
    return parser


def _demo(folder: str) -> None:
    from sipakit.demo import take_tour

    shown = sys.stderr.isatty()
    take_tour(
        folder,
        say=lambda text: _write(sys.stdout, f"{text}\n"),
        progress=(lambda text: _write(sys.stderr, f"... {text}\n")) if shown else None,
    )


def _complain(text: str) -> None:
    _write(sys.stderr, f"sipakit: error: {text}\n")


def _write(stream: TextIO, text: str) -> None:
    """Write text; what the stream's encoding lacks becomes a question mark."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
