"""A whole study at once: several methods on one model, which share what they ask of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sipakit.adapters import called
from sipakit.door import open_table, open_weights
from sipakit.engine import How
from sipakit.equality import by_value
from sipakit.explanation import Explanation
from sipakit.methods import make_jobs, row_numbers, run_jobs
from sipakit.reports.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sipakit.explainer import Explainer

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
    budget: int | str | None = None,
    tolerance: float | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
    on_bad: str = "raise",
    on_interrupt: str = "raise",
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
        Workers; the results have the same bits for any number.
    budget : int or str, optional
        Cap on the whole study: model rows, or a time such as "60s". The methods run in their order, each with what is
        left. Those that you did not name are left out where it does not cover them, and the study says so.
    tolerance : float, optional
        Largest Monte Carlo standard error wanted, the same number for every method: see `Explainer.explain`.
    progress : bool or callable(done, total), optional
        None shows a bar on a terminal or in a notebook.
    on_bad : "raise" or "drop", default "raise"
        What happens where the model has no answer: see `Explainer.explain`.
    on_interrupt : "raise" or "partial", default "raise"
        "partial" returns the methods that were finished, and of the one that was not what is whole.
    random_state : int, default 0
        Seed of the methods that are given by name or by default.

    Returns
    -------
    Study

    Raises
    ------
    SipakitError
        As each method does; a `BudgetError` names the method in ``methods`` that does not fit.

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
    how = How(
        n_jobs=n_jobs,
        budget=budget,
        tolerance=tolerance,
        progress=progress,
        on_bad=on_bad,
        on_interrupt=on_interrupt,
    )
    table, _ = open_table(X)
    open_weights(sample_weight, X, len(table))  # told of under this name, before some rows are weighed as a background
    jobs = make_jobs(
        methods,
        table,
        X,
        target=y is not None,
        rows=rows,
        background=background,
        output=output,
        random_state=random_state,
    )
    made = run_jobs(list(jobs.values()), model, (X, y, sample_weight), how)
    results = {name: result for name, result in zip(jobs, made, strict=True) if result is not None}
    first = next(iter(results.values()))
    subject = Subject.of(
        table,
        model=called(model),
        answer=next((one for one in results.values() if one.dims[-1] == "output"), first),
        target=getattr(y, "name", None),
        n_background=None if background is None else len(background),
        rows=row_numbers(rows, len(table)) or (),
        weighted=sample_weight is not None,
        unfinished=tuple(name for name in jobs if name not in results),
    )
    return Study(subject, results)


@dataclass(frozen=True, repr=False, eq=False)
class Study(Mapping[str, Explanation]):  # noqa: PLW1641 - arrays have no hash
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

    __eq__ = by_value

    def __post_init__(self) -> None:
        object.__setattr__(self, "results", MappingProxyType(dict(self.results)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the results as the plain mapping that they were given as."""
        return type(self), (self.subject, dict(self.results), self.comparisons)

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
        s = self.subject
        told = replace(s, unit=unit or s.unit, model=model or s.model, note=note or s.note)
        return replace(self, subject=told)

    def findings(self) -> list[str]:
        """Return the main findings as sentences."""
        from sipakit.reports.narrative import headline

        unit = self.subject.unit
        return [str(finding) for finding in headline(self.results.values(), unit, self.comparisons)]

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
        """Write each result and comparison as JSON into a folder, and an index of them; `sipakit.load` reads it again.

        Parameters
        ----------
        folder : str or Path

        Returns
        -------
        list of Path
            The index ``study.json`` first. Files are named by number and method. The folder is made if need be.
        """
        from sipakit.study_folder import write_study

        return write_study(self, Path(folder))

    def __repr__(self) -> str:
        """Tell the findings in a few lines that a person can read."""
        from sipakit.reports.inline import study_text

        return study_text(self)

    def _repr_html_(self) -> str:
        """Tell the findings in a notebook."""
        from sipakit.reports.inline import study_html

        return study_html(self)
