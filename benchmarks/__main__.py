"""Run the cases, write their results, and make the page of results: ``python -m benchmarks [--quick] [NAME ...]``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks import pages
from benchmarks.accuracy import coverage, h_error, permutation_variance, sage_error, shapley_error, shapley_small
from benchmarks.harness import Result, write
from benchmarks.speed import budgets, imports, memory, model_rows, overhead, prepared, trees, workers

__all__ = ["CASES", "main"]

HERE = Path(__file__).parent
CASES: dict[str, Callable[..., Result]] = {
    "overhead": overhead.run,
    "model_rows": model_rows.run,
    "permutation_variance": permutation_variance.run,
    "shapley_error": shapley_error.run,
    "shapley_small": shapley_small.run,
    "sage_error": sage_error.run,
    "h_error": h_error.run,
    "coverage": coverage.run,
    "workers": workers.run,
    "prepared": prepared.run,
    "trees": trees.run,
    "budgets": budgets.run,
    "memory": memory.run,
    "imports": imports.run,
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all by default: {', '.join(CASES)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, printed only: does it work?")
    parser.add_argument("--alibi", metavar="PYTHON", help="an interpreter that has alibi and lightgbm")
    parser.add_argument("--pages", action="store_true", help="only make the pages again from the results at hand")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(CASES))
    if unknown:
        parser.error(f"no case is called {', '.join(unknown)}; there are {', '.join(CASES)}")
    for name in () if chosen.pages else chosen.names or CASES:
        started = time.perf_counter()
        options = {"alibi_python": chosen.alibi} if name == "model_rows" else {}
        with threadpool_limits(limits=1):  # one regime for every side, and last bits that do not depend on the cores
            result = CASES[name](quick=chosen.quick, **options)
        print(pages.section(result), f"({time.perf_counter() - started:.0f} s)\n", sep="\n", flush=True)
        if not chosen.quick:
            write(result, HERE / "results")
    if not chosen.quick:
        pages.make(HERE / "results", HERE.parent / "docs" / "benchmarks.md")


if __name__ == "__main__":
    main()
