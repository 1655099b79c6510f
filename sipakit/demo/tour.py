"""The tour: two tables, three models where torch is installed, every method, and a short text of what was found."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sipakit as sp
from sipakit.demo.folder import as_part, write_folder
from sipakit.demo.models import Split, boosted, network, one_thread, split
from sipakit.reports.narrative import findings
from sipakit.reports.verdict import judge

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sipakit.explainer import Explainer
    from sipakit.study import Study

__all__ = ["Size", "take_tour"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much the tour does; the reduced one is for tests.

    Parameters
    ----------
    rounds : int
        Trees of each boosted model.
    rows : int
        Held-out rows that are explained.
    drawn : int
        Rows drawn from these for the H statistics.
    background : int
        Rows of the training part that single rows are compared with.
    repeats : int
        Of permutation importance.
    epochs : int
        Of the network.
    network_rows : int
        Rows that the network is explained on.
    """

    rounds: int = 100
    rows: int = 1_500
    drawn: int = 80
    background: int = 100
    repeats: int = 5
    epochs: int = 6
    network_rows: int = 50


QUICK = Size(rounds=15, rows=150, drawn=15, background=30, repeats=2, epochs=1, network_rows=12)


def take_tour(folder: str | Path, *, say: Say, progress: Say | None = None, size: Size | None = None) -> list[Path]:
    """Train, explain, tell and write.

    Parameters
    ----------
    folder : str or Path
        Where the page, the figures and the results go.
    say : callable(text)
        Takes the findings, a paragraph at a time.
    progress : callable(text), optional
        Takes a word about each step before it begins.
    size : Size, optional

    Returns
    -------
    list of Path
        What was written, the page first.
    """
    size, step = size or Size(), progress or (lambda text: None)  # noqa: ARG005
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)  # before the work, so that a path that cannot be written is told at once
    started = time.perf_counter()
    stops = {"Bike rentals by the hour": _bike, "Income in the census": _census}
    if find_spec("torch") is not None:
        stops["A small network on the census"] = _network
    studies, parts = [], []
    with one_thread(), ThreadPoolExecutor(max_workers=1) as pool:  # which draws a study while the next is made
        for title, stop in stops.items():
            studies.append(stop(size, step))
            parts.append(as_part(title, studies[-1]))
            drawing = pool.submit(parts[-1].draw)
            say(_told(title, studies[-1]))
        step("figures")
        drawing.result()
    if len(stops) < 3:
        say('No network was trained and no gradients were compared: that needs torch (pip install "sipakit[torch]").')
    step("page and results")
    written = write_folder(folder, studies, parts)
    seconds = time.perf_counter() - started
    say(f"Wrote {len(written)} files in {seconds:.0f} s. Open {written[0]}")
    return written


def _bike(size: Size, step: Say) -> Study:
    data = split(*sp.datasets.bike())
    step("bike rentals: gradient boosting")
    model = boosted(data, size.rounds)
    study = _explained(model, data, size, step, "bike rentals", scoring=None)
    return study.described(unit="rentals an hour", model="gradient-boosted trees on the raw table")


def _census(size: Size, step: Say) -> Study:
    data = split(*sp.datasets.census())
    step("census: gradient boosting")
    model = boosted(data, size.rounds)
    study = _explained(model, data, size, step, "census", scoring=["accuracy", "neg_log_loss"])
    return study.described(model="gradient-boosted trees on the raw table, text and missing cells included")


def _explained(model: Any, data: Split, size: Size, step: Say, name: str, *, scoring: Any) -> Study:
    """Explain a model by every method that needs no gradients, on a sample of the rows that it has not seen."""
    X, y = data.X_test.iloc[: size.rows], data.y_test.iloc[: size.rows]
    behind = data.X_train.iloc[: size.background]
    methods: list[Explainer] = [
        sp.PermutationImportance(n_repeats=size.repeats, scoring=scoring),
        sp.PartialDependence(grid_resolution=25),
        sp.ICE(grid_resolution=25),
        sp.ALE(),
        sp.HStatistic(n_draws=size.drawn),
        sp.GlobalSurrogate(),
    ]
    single: list[Explainer] = [
        sp.Shapley(background=behind),
        sp.LIME(background=data.X_train),
        sp.CeterisParibus(background=data.X_train, grid_resolution=25),
    ]
    step(f"{name}: {len(methods) + len(single)} methods on {len(X):,} rows")
    rows = _typical(model, X)
    study = sp.explain(model, X, y, methods=[*methods, *single], rows=rows)
    step(f"{name}: the two features that act together most")
    together = sp.PartialDependence(features=[_strongest(study["h_statistic"])], grid_resolution=25)
    study = replace(study, results={**study.results, "partial_dependence_of_a_pair": together.explain(model, X)})
    note = (
        f"The first {len(X):,} of {len(data.X_test):,} rows that were held out at random and not used for fitting. "
        f"Rows explained one by one: lowest, middle and highest prediction; Shapley compares them with {len(behind):,} "
        f"rows of the training part, LIME and ceteris paribus with all {len(data.X_train):,}."
    )
    return study.described(note=note)


def _strongest(interactions: Any) -> tuple[Hashable, Hashable]:
    """Return the pair with the largest interaction."""
    pairs = [(s, names) for s, names in enumerate(interactions.sets) if None not in names]
    _, (first, second) = max(pairs, key=lambda pair: float(interactions.values[pair[0]].max()))
    return first, second


def _typical(model: Any, X: pd.DataFrame) -> list[int]:
    """Choose rows with the lowest, the middle and the highest prediction, by rule and not by hand."""
    known = model.predict_proba(X)[:, 1] if hasattr(model, "predict_proba") else model.predict(X)
    order = np.argsort(known, kind="stable")
    return [int(order[0]), int(order[len(order) // 2]), int(order[-1])]


def _network(size: Size, step: Say) -> Study:
    """Explain a small network by gradients and by Shapley values: the same rows, the same background."""
    step("census: a small network")
    data = split(*sp.datasets.census())
    numbers = list(data.X_train.select_dtypes("number"))
    middle, spread = data.X_train[numbers].mean(), data.X_train[numbers].std()
    train, test = ((part[numbers] - middle) / spread for part in (data.X_train, data.X_test))
    rich = data.y_train.to_numpy() == ">50K"
    trained = network(train.to_numpy(np.float32), rich.astype(np.float32), size.epochs)
    net = sp.adapt(trained, output="probability", classes=["<=50K", ">50K"])
    right = _share_right(trained, test.to_numpy(np.float32), data.y_test.to_numpy() == ">50K")
    X, behind = test.iloc[: size.network_rows], train.iloc[: size.background]
    step(f"census: gradients and Shapley values of {len(X):,} rows")
    methods = [sp.IntegratedGradients(background=behind), sp.Shapley(background=behind)]
    study = sp.explain(net, X, data.y_test.iloc[: size.network_rows], methods=methods)
    note = (
        f"The first {len(X):,} held-out rows, the {len(numbers)} numeric columns only, standardised by the training "
        f"part; compared with its first {len(behind):,} rows. The network is right for {100 * right:.1f} % of all "
        f"{len(test):,} held-out rows."
    )
    compared = sp.compare([study["integrated_gradients"], study["shapley"]])  # type: ignore[list-item]
    study = study.described(note=note, model="a network with two hidden layers of 64 units")
    return replace(study, comparisons=(compared,))


def _share_right(net: Any, X: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Share of rows on whose side of one half the network is."""
    import torch

    with torch.no_grad():
        return float(((net(torch.from_numpy(X)).numpy()[:, 0] > 0) == truth).mean())


def _told(title: str, study: Study) -> str:
    """Tell a study in a few sentences of plain text."""
    s, verdict = study.subject, judge(study.values())
    head = f"{title}: {s.model}, explained on {s.n_rows:,} rows with {s.columns()}."
    lines = [title, "=" * len(title), *textwrap.wrap(head, 96), ""]
    sentences = study.findings()
    if s.rows:
        sentences.append(str(findings(study["shapley"], s.unit)[-1]))
    for sentence in sentences:
        lines += textwrap.wrap(sentence, 96, initial_indent="- ", subsequent_indent="  ")
    trust = f"{verdict.words}: {' '.join(verdict.reasons)} Intervals are 95 %; none covers a refit of the model."
    return "\n".join([*lines, "", *textwrap.wrap(trust, 96), ""])
