"""What may stand on the command line, and the help."""

from __future__ import annotations

import argparse
import textwrap

from sipakit.version import __version__

__all__ = ["make_parser"]

_DEMO = """examples:
  sipakit demo                     explain two real tables, write ./sipakit-demo
  sipakit demo --output /tmp/tour  the same, into another folder
"""
_EXPLAIN = """examples:
  sipakit explain --model model.skops --data table.parquet --target price --output out
  sipakit explain --model model.skops --data table.csv --target price --methods ale,shapley --rows 0,17 --output out
  sipakit explain --model boosted.skops --trust lightgbm.basic.Booster --data table.csv --budget 60s --output out
  sipakit explain --model boosted.skops --data table.csv --dtype city=category --dtype since=date --output out

A model is saved by skops.io.dump(model, "model.skops"). Types in it that skops does not vouch for are listed, and are
loaded only if each is trusted by name. A pickle runs code when it is read: --trust-pickle is for files of your own.
A CSV file does not tell categories, dates and codes such as 00123 from texts and numbers: Parquet does, or --dtype.
"""
_PLAN = """examples:
  sipakit plan --model model.skops --data table.parquet --target price
  sipakit plan --model model.skops --data table.csv --methods shapley --rows 0,17 --budget 30s
"""
_ALL = """examples:
  sipakit explain --model model.skops --data table.parquet --target price --output out
  sipakit plan --model model.skops --data table.parquet --target price
  sipakit methods
  sipakit demo --output /tmp/tour

exit codes: 0 done, 1 an error that is told in one line, 2 a wrong command line, 130 interrupted
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    parser = argparse.ArgumentParser(
        prog="sipakit",
        description="Explain tabular models: what they lean on, how they respond, and how sure that is.",
        epilog=_ALL,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sipakit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    explain = _add(
        commands,
        "explain",
        "explain a model and write a page and results",
        "Explain a model by several methods on the rows of a table; tell the findings, and write a folder with one "
        "HTML page (index.html) and each result as JSON (results/).",
        _EXPLAIN,
    )
    _about_files(explain)
    how = _about_running(explain)
    how.add_argument(
        "--tolerance", metavar="ERROR", type=float, help="largest Monte Carlo standard error, in units of the output"
    )
    how.add_argument(
        "--on-bad",
        choices=("raise", "drop"),
        default="raise",
        help="stop where the model has no answer, or leave such rows and draws out (default: raise)",
    )
    explain.add_argument("--output", metavar="DIR", required=True, help="folder to write, made if need be")
    explain.add_argument("--title", help="title of the page")
    explain.add_argument("--unit", help="what one unit of a prediction is, such as 'rentals an hour'")
    plan = _add(
        commands,
        "plan",
        "tell what explaining would cost",
        "Tell the model rows, seconds and memory of each method, after a short look at the model.",
        _PLAN,
    )
    _about_files(plan)
    _about_running(plan)
    _add(commands, "methods", "list the methods, each with the question that it answers", "List the methods.", None)
    demo = _add(
        commands,
        "demo",
        "explain two real tables and write a page, figures and results",
        "Train a model on each of two real tables, explain both by every method, tell the findings, and write a "
        "folder with one HTML page, the figures as SVG and each result as JSON. Takes less than a minute; needs no "
        "network.",
        _DEMO,
    )
    demo.add_argument("--output", metavar="DIR", default="sipakit-demo", help="folder to write (default: %(default)s)")
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, short: str, long: str, epilog: str | None
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=short,
        description=textwrap.fill(long, 96),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _about_files(command: argparse.ArgumentParser) -> None:
    files = command.add_argument_group("the model and the tables")
    files.add_argument("--model", metavar="FILE", required=True, help="fitted model: .skops, or a pickle (see below)")
    files.add_argument("--data", metavar="FILE", required=True, help="rows to explain: .csv, .csv.gz or .parquet")
    files.add_argument("--target", metavar="NAME", help="column of the table that the model predicts")
    files.add_argument("--weights", metavar="NAME", help="column of the table that says how much each row counts")
    files.add_argument("--background", metavar="FILE", help="table that rows are compared with (default: the data)")
    files.add_argument(
        "--dtype",
        metavar="COLUMN=KIND",
        action="append",
        default=[],
        help="read a column as category, date or text, as the model knew it; repeat it",
    )
    files.add_argument(
        "--trust", metavar="TYPE", action="append", default=[], help="load this type from the model file; repeat it"
    )
    files.add_argument(
        "--trust-pickle", action="store_true", help="read the model from a pickle, which may run any code"
    )


def _about_running(command: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    how = command.add_argument_group("what is asked, and how")
    how.add_argument("--methods", metavar="LIST", help="names with commas (see sipakit methods; default: what suits)")
    how.add_argument("--rows", metavar="LIST", help="rows to explain one by one, counted from 0, such as 0,17")
    how.add_argument("--sample", metavar="N", type=int, help="explain so many rows of the data, drawn by the seed")
    how.add_argument("--model-output", metavar="NAME", help="scale or class: probability, log_odds, score, a class")
    how.add_argument("--budget", metavar="CAP", help="model rows (200000) or time (60s, 5min) for all methods together")
    how.add_argument(
        "--n-jobs", metavar="N", type=int, help="workers (-1 for all); results are the same for any number"
    )
    how.add_argument("--seed", metavar="N", type=int, default=0, help="seed of all that is drawn (default: 0)")
    return how
