"""What every case needs: a model that counts, timings in turn, and results with the versions that made them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Counted", "Result", "in_python", "in_turn", "ratio_of", "skipped", "versions", "write"]

_PACKAGES = (
    "sipakit", "numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "xgboost", "sage-importance", "shap", "shapiq",
    "PyALE",
    "effector",
)  # fmt: skip


class Counted:
    """A model that counts: rows, calls and seconds of `predict`; all else is the model's own.

    Parameters
    ----------
    model : fitted estimator
    keep : bool
        Whether to keep the batches. They are held, not copied: right for callers that make a new batch each time.
    """

    def __init__(self, model: Any, *, keep: bool = False) -> None:
        self.model = model
        self.keep = keep
        self.clear()

    def clear(self) -> None:
        self.rows, self.calls, self.seconds = 0, 0, 0.0
        self.batches: list[Any] = []

    def predict(self, X: Any, **options: Any) -> Any:
        self.rows += len(X)
        self.calls += 1
        if self.keep:
            self.batches.append(X)
        started = time.perf_counter()
        answer = self.model.predict(X, **options)
        self.seconds += time.perf_counter() - started
        return answer

    __call__ = predict

    def __getattr__(self, name: str) -> Any:
        if name == "model":
            raise AttributeError(name)
        return getattr(self.model, name)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def in_turn(sides: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds (on the clock, of this process) of each side: A B B A A B ..., after one untimed turn of each."""
    for run in sides.values():
        run()
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for turn in range(repeats):
        names = list(sides) if turn % 2 == 0 else list(sides)[::-1]
        for name in names:
            clock, process = time.perf_counter(), time.process_time()
            sides[name]()
            seconds[name].append((time.perf_counter() - clock, time.process_time() - process))
    return seconds


def ratio_of(ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Median of the ratios within each turn, on the clock with its extremes, and of processor time."""
    clock, process = (np.asarray(ours) / np.asarray(theirs)).T
    return {
        "ratio": float(np.median(clock)),
        "least": float(clock.min()),
        "most": float(clock.max()),
        "cpu ratio": float(np.median(process)),
    }


def in_python(text: str) -> subprocess.CompletedProcess[str]:
    """Run a text in a process of its own, from the root of the checkout."""
    root = Path(__file__).parents[1]
    return subprocess.run([sys.executable, "-c", text], check=False, capture_output=True, text=True, cwd=root)  # noqa: S603 - our own text


def versions() -> dict[str, str]:
    """Return the version of everything that took part; a missing peer is called missing."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def _machine() -> dict[str, Any]:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "load_before": None if load is None else round(load, 1),
    }


@dataclass
class Result:
    """What a case found.

    Parameters
    ----------
    case : str
    question : str
        What was measured, in one sentence.
    settings : mapping
        Sizes, budgets and seeds: with the versions, all that a repetition needs.
    rows : list of mappings
        The table. ``met`` says whether ``target`` was reached, where there is one.
    columns : name -> format
        What the printed table shows of each row.
    notes : list of str
        What the numbers do not say; peers that are missing, and why.
    """

    case: str
    question: str
    settings: dict[str, Any]
    rows: list[dict[str, Any]]
    columns: dict[str, str]
    notes: list[str] = field(default_factory=list)
    quick: bool = False
    timed: bool = False
    versions: dict[str, str] = field(default_factory=versions)
    machine: dict[str, Any] = field(default_factory=_machine)


def skipped(peer: str, error: Exception) -> str:
    """Say in a note that a peer could not take part."""
    return f"{peer} did not take part: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def write(result: Result, folder: Path) -> Path:
    """Write a result as JSON, with numbers to six digits."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.case}.json"
    path.write_text(json.dumps(_plain(asdict(result)), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
