"""A whole study at once: several methods on one model, which share what they ask of it."""

from __future__ import annotations

import dataclasses
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit.adapters import Adapter
from sipakit.door import open_table
from sipakit.engine import explain as run
from sipakit.errors import InputError, InputTypeError, first_few
from sipakit.explainer import Explainer
from sipakit.explanation import Attributions, Effects, Explanation
from sipakit.methods import by_name, key_of, sensible
from sipakit.reports.subject import Subject, slug

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sipakit.table import Table

__all__ = ["Study", "explain"]


def explain(  # noqa: PLR0913 - what is explained and how it is run, the same as for one method
    model: object,
    X: Any,
    y: Any = None,
    *,
    methods: Sequence[Explainer | str] | None = None,
    rows: Sequence[int] | None = None,
    background: Any = None,
    output: Any = None,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    budget: int | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
    random_state: int = 0,
) -> Study:
    """Explain a model by several methods.

    Parameters
    ----------
    model : fitted scikit-learn estimator, torch module, callable, or what `sipakit.adapt` returns
    X : (n, p) frame or array, the explained rows
    y : (n,) target
    methods : list of explainers or their names, optional
        Such as ``[sp.ALE(grid_resolution=20), "permutation-importance"]``. By default what suits the table: permutation
        importance where there is a target, partial dependence and ICE, ALE, H statistics, a global surrogate, and
        with ``rows`` also Shapley values, LIME and ceteris paribus curves of those.
    rows : list of int, optional
        Positions in X of the rows that methods for single rows explain; without it, such methods explain all of X.
    background : table, optional
        What rows are compared with, and where grids come from; X by default.
    output : str or list, optional
        See `sipakit.adapt`.
    sample_weight : (n,) importance weights
    n_jobs : int, optional
        Threads; the results have the same bits for any number.
    budget : int, optional
        Cap on the model rows of the whole study. The methods run in their order, each with what is left.
    progress : bool or callable(done, total), optional
        None shows a bar on a terminal or in a notebook.
    random_state : int, default 0
        Seed of the methods that are given by name or by default.

    Returns
    -------
    Study

    Raises
    ------
    SipakitError
        As each method does; a `BudgetError` names the method that does not fit.

    Notes
    -----
    Explainers are used as they are, but a background and an output that they leave open are those of the study.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> study = sp.explain(lambda X: X[:, 0] * X[:, 1], X, methods=["ale", "h-statistic"])
    >>> list(study), study["ale"].dims
    (['ale', 'h_statistic'], ('feature', 'value', 'output'))
    """
    table, _ = open_table(X)
    chosen = sensible(table, y is not None, rows is not None, random_state) if methods is None else list(methods)
    if isinstance(methods, str) or not chosen:
        message = f"methods={methods!r} is no list of methods."
        raise InputTypeError(message, "It takes explainers or their names.", 'For one write methods=["ale"].')
    explainers = [by_name(one, random_state) if isinstance(one, str) else one for one in chosen]
    wrong = [one for one in explainers if not isinstance(one, Explainer)]
    if wrong:
        message = f"methods= holds {first_few(wrong)}."
        raise InputTypeError(message, "It takes explainers or their names.", "Write sp.ALE(), not sp.ALE.")
    numbers = _row_numbers(rows, len(table))
    jobs = []
    for one in explainers:
        apart = numbers is not None or "background" in one.needs  # X is a background of its own, not the rows themselves
        filled = _completed(one, X if apart else None, background, output)
        jobs.append(_Job(filled, _is_local(one) and numbers is not None))
    shared = {"n_jobs": n_jobs, "progress": progress}
    made = _run(jobs, model, (X, y, sample_weight), numbers, budget, shared)
    results = dict(zip(_keys(explainers), made, strict=True))
    subject = Subject.of(
        table,
        model=_called(model),
        answer=next((one for one in made if one.dims[-1] == "output"), made[0]),
        target=getattr(y, "name", None),
        n_background=None if background is None else len(background),
        rows=tuple(numbers or ()),
        weighted=sample_weight is not None,
    )
    return Study(subject, results)


@dataclass(frozen=True, repr=False, eq=False)
class Study(Mapping[str, Explanation]):
    """Explanations of one model by name, with what was explained.

    Parameters
    ----------
    subject : Subject
    results : name -> Explanation
    comparisons : tuple
        What `sipakit.compare` returned, to be shown in reports.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> study = sp.explain(lambda X: X[:, 0], X, X[:, 0], methods=["permutation-importance"])
    >>> study.described(unit="metres").findings()[1]
    'Order of importance by mean squared error: 1. x0.'
    """

    subject: Subject
    results: Mapping[str, Explanation]
    comparisons: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "results", MappingProxyType(dict(self.results)))

    def __getitem__(self, name: str) -> Explanation:
        """Return a result by its name, in snake or kebab case."""
        return self.results[name.replace("-", "_")]

    def __iter__(self) -> Iterator[str]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def described(self, *, unit: str | None = None, model: str | None = None, note: str | None = None) -> Study:
        """Return the study with words that only its user knows.

        Parameters
        ----------
        unit : str, optional
            What one unit of a prediction is, such as "rentals an hour".
        model : str, optional
            What the model is called.
        note : str, optional
            How the rows were chosen, and whether the model was fitted on them.
        """
        told = {"unit": unit, "model": model, "note": note}
        return replace(self, subject=replace(self.subject, **{k: v for k, v in told.items() if v is not None}))

    def findings(self) -> list[str]:
        """Return the main findings as sentences."""
        from sipakit.reports.narrative import headline

        return [str(finding) for finding in headline(self.results.values(), self.subject.unit)]

    def report(self, path: str | Path, *, title: str | None = None) -> None:
        """Write one page of HTML that needs no network and runs no script.

        Parameters
        ----------
        path : str or Path
        title : str, optional
        """
        from sipakit.reports.page import Part, render

        name = title or f"What moves the predictions of {self.subject.model}"
        part = Part(title=name, subject=self.subject, results=self.results, comparisons=self.comparisons)
        Path(path).write_text(render([part], name), encoding="utf-8", newline="\n")

    def to_json(self, folder: str | Path) -> list[Path]:
        """Write each result as JSON into a folder, which is made if need be, and an index of them.

        Parameters
        ----------
        folder : str or Path

        Returns
        -------
        list of Path
            The index ``study.json`` first. Files are named by number and method.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = {name: folder / f"{i:02}-{slug(name)}.json" for i, name in enumerate(self.results, start=1)}
        for name, path in paths.items():
            self.results[name].to_json(path)
        listed = [{"name": name, "file": path.name} for name, path in paths.items()]
        subject = json.loads(json.dumps(dataclasses.asdict(self.subject), default=str))
        index = {"schema": "sipakit.study/1", "subject": subject, "results": listed}
        text = json.dumps(index, indent=1, allow_nan=False, ensure_ascii=True)
        (folder / "study.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        return [folder / "study.json", *paths.values()]

    def __repr__(self) -> str:
        """Tell the findings in a few lines that a person can read."""
        from sipakit.reports.verdict import judge

        s, verdict = self.subject, judge(self.results.values())
        head = f"Study of {s.model}: {s.n_rows:,} rows, {s.columns()}"
        lines = [head, f"Results: {', '.join(self.results)}", f"{verdict.words}: {' '.join(verdict.reasons[:2])}", ""]
        for finding in self.findings():
            lines += textwrap.wrap(finding, 110, initial_indent="- ", subsequent_indent="  ")
        return "\n".join([*lines, "", "study[name] has the numbers; study.report(path) writes a page."])


# ---- running


@dataclass(frozen=True)
class _Job:
    """An explainer, and whether it explains the chosen rows only."""

    explainer: Explainer
    local: bool


def _is_local(explainer: Explainer) -> bool:
    """Whether a method is about single rows: it compares them with a background."""
    return explainer.background_matters or "background" in explainer.needs


def _completed(explainer: Explainer, X: Any, background: Any, output: Any) -> Explainer:
    """Fill in the background and the output that an explainer leaves open; X is None where it is no background."""
    open_ = {name for name, value in explainer.get_params().items() if value is None}
    told: dict[str, Any] = {}
    if "background" in open_:
        told["background"] = X if background is None and _is_local(explainer) else background
    if "output" in open_:
        told["output"] = output
    told = {name: value for name, value in told.items() if value is not None}
    return replace(explainer, **told) if told else explainer  # type: ignore[type-var]


def _run(
    jobs: Sequence[_Job],
    model: object,
    data: tuple[Any, Any, Any],
    numbers: list[int] | None,
    budget: int | None,
    shared: Mapping[str, Any],
) -> list[Explanation]:
    """Run all jobs, those about all rows in one call of the engine; with a budget, one after the other."""
    X, y, weights = data
    made: dict[int, Explanation] = {}
    left = budget
    for group in _batches(jobs, apart=budget is not None):
        explainers = [job.explainer for job in group]
        if group[0].local and numbers is not None:
            results = run(explainers, model, _taken(X, numbers), budget=left, **shared)
            results = [_numbered(result, numbers) for result in results]
        else:
            results = run(explainers, model, X, y, sample_weight=weights, budget=left, **shared)
        made.update({id(job): result for job, result in zip(group, results, strict=True)})
        if left is not None:
            costs = [r.cost for r in results]  # those that share their evaluations each tell the whole bill
            left = max(left - max(c.rows + c.gradient_rows + c.check_rows for c in costs), 1)
    return [made[id(job)] for job in jobs]


def _batches(jobs: Sequence[_Job], *, apart: bool) -> list[list[_Job]]:
    batches: dict[Any, list[_Job]] = {}
    for job in jobs:
        batches.setdefault((job.local, job.explainer.evaluations() if apart else None), []).append(job)
    return list(batches.values())


def _row_numbers(rows: Sequence[int] | None, n: int) -> list[int] | None:
    if rows is None:
        return None
    numbers = np.atleast_1d(np.asarray(rows))
    if numbers.ndim != 1 or not len(numbers) or numbers.dtype.kind not in "iu":
        raise InputTypeError(f"rows={rows!r} is no list of row numbers.", "It takes positions in X, such as [0, 17].")
    beyond = [int(i) for i in numbers if not 0 <= i < n]
    if beyond:
        raise InputError(f"rows= names {first_few(beyond)}.", f"X has rows 0 to {n - 1}.")
    return [int(i) for i in numbers]


def _taken(X: Any, numbers: list[int]) -> Any:
    return X.iloc[numbers] if isinstance(X, pd.DataFrame) else np.asarray(X)[numbers]


def _numbered(result: Explanation, numbers: list[int]) -> Explanation:
    """Call rows by their position in the user's table."""
    if isinstance(result, (Attributions, Effects)) and result.rows is not None:
        return replace(result, rows=np.asarray(numbers)[result.rows])
    return result


def _keys(explainers: Sequence[Explainer]) -> list[str]:
    keys: list[str] = []
    for one in explainers:
        key = key_of(type(one))
        count = sum(1 for other in keys if other == key or re.fullmatch(rf"{key}_\d+", other))
        keys.append(key if not count else f"{key}_{count + 1}")
    return keys


def _called(model: object) -> str:
    """Say what kind of thing a model is; only for readers, nothing follows from it."""
    if isinstance(model, Adapter) and dataclasses.is_dataclass(model):
        return _called(getattr(model, dataclasses.fields(model)[0].name))
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps:
        return " after ".join(type(step).__name__ for _, step in reversed(steps))
    name = getattr(model, "__name__", type(model).__name__)
    return "a function" if name == "<lambda>" else str(name)
