"""Run the cases, write their results, and make the page of results: ``python -m benchmarks [--quick] [NAME ...]``."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

# one regime for every side: BLAS threads would make timings and last bits depend on the machine's cores
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from benchmarks import pages  # noqa: E402 - the threads are set first
from benchmarks.accuracy import permutation_variance, shapley_error  # noqa: E402
from benchmarks.harness import Result, write  # noqa: E402
from benchmarks.speed import model_rows, overhead  # noqa: E402

__all__ = ["CASES", "main"]

HERE = Path(__file__).parent
CASES: dict[str, Callable[..., Result]] = {
    "overhead": overhead.run,
    "model_rows": model_rows.run,
    "permutation_variance": permutation_variance.run,
    "shapley_error": shapley_error.run,
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
        result = CASES[name](quick=chosen.quick, **options)
        print(pages.section(result), f"({time.perf_counter() - started:.0f} s)\n", sep="\n", flush=True)
        if not chosen.quick:
            write(result, HERE / "results")
    if not chosen.quick:
        pages.make(HERE / "results", HERE.parent / "docs" / "benchmarks.md")


if __name__ == "__main__":
    main()
