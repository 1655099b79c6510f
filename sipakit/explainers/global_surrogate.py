"""Global surrogate: a simple model that imitates the explained one, and how well it does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Collected, State, Update
from sipakit.caveats import Caveat, caveat
from sipakit.encoding import encode
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.surrogate_forms import LinearForm, TreeForm
from sipakit.explanation import Surrogates
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["GlobalSurrogate"]

_POOR = 0.8


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class GlobalSurrogate(Explainer):
    """A small tree or a linear model of the predictions, with its fidelity on rows that it has not seen.

    Parameters
    ----------
    kind : "tree" or "linear", default "tree"
        A regression tree, whose leaves are rules, or least squares on the encoded columns.
    max_depth : int, default 3
        Of the tree.
    n_folds : int, default 5
        Parts of the table; each is predicted by a surrogate fitted on the others.
    features : list of names, optional
        Columns that the surrogate may use; all by default.
    output : str or list, optional
        See `sipakit.adapt`.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Seed of all that is drawn: equal seeds give equal bits.

    Returns
    -------
    Surrogates
        ``values`` is (terms, outputs). A tree's terms are its leaves, with the mean prediction in each; a linear
        model's are its columns, with the change of the prediction per standard deviation (``slope``: per unit) and for
        a level the difference from the mean row. ``fidelity`` is R squared against the model's own predictions.

    Notes
    -----
    Missing numbers: the tree sends them to one side of a split, and says to which; the linear model puts the mean in
    their place and has a term "missing". Errors are those of the mean in a leaf, and White's in the form HC3 for
    coefficients; the tree's shape is taken as given. Fidelity has an interval over rows.

    Cost
    ----
    One model row an explained row.

    References
    ----------
    Craven and Shavlik (1996), Extracting tree-structured representations of trained networks; White (1980),
    doi:10.2307/1912934; MacKinnon and White (1985), doi:10.1016/0304-4076(85)90158-7

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> e = sp.GlobalSurrogate(kind="linear").explain(lambda X: 2 * X[:, 0], X)
    >>> e.estimate.parts["slope"][:, 0].round(3).tolist(), e.fidelity.values.round(3).tolist()
    ([2.0, 0.0], [1.0])
    """

    kind: str = "tree"
    max_depth: int = 3
    n_folds: int = 5
    features: Sequence[Hashable] | None = None
    output: Any = None
    conf_level: float = 0.95
    random_state: int = 0

    question: ClassVar[str] = "Which simple model says nearly the same, and how nearly?"
    references: ClassVar[tuple[str, ...]] = (
        "Craven and Shavlik (1996), Extracting tree-structured representations of trained networks. NIPS 8",
        "White (1980), A heteroskedasticity-consistent covariance matrix estimator. doi:10.2307/1912934",
        "MacKinnon and White (1985), Heteroskedasticity-consistent estimators. doi:10.1016/0304-4076(85)90158-7",
    )

    def start(self, task: Task) -> Collected:
        """Return places for the predictions."""
        return Collected.zero(task.n, task.k)

    def next_round(self, task: Task, state: State, number: int) -> Round | None:
        """Ask once about every row."""
        return Round(draws=task.n, rows=1) if number == 0 else None

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """Rows number ``index``; nothing is random."""
        return index

    def intervene(self, task: Task, sample: NDArray[np.intp]) -> Mix:
        """Return the rows as they are."""
        return Mix.unchanged(Rows(task.rows, sample))

    def aggregate(self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> Update:
        """Keep the predictions."""
        return Update(sample, answers)

    def conclude(self, task: Task, state: Collected) -> Surrogates:
        """Fit the surrogate to all rows for its terms, and fold by fold for its fidelity."""
        f, w = state.values, task.weights
        linear = self.kind == "linear"
        form: TreeForm | LinearForm = LinearForm() if linear else TreeForm(self.max_depth, self.random_state)
        encoded = encode(task.rows, task.features, w, impute=linear)
        fidelity = _r_squared(f, self._unseen(form, encoded.matrix, f, w), w, self.conf_level)
        terms = form.terms(encoded, f, w, self.conf_level)
        estimate = terms.estimate
        if task.scale == "probability" and not linear:  # means of two rows have wide intervals
            lower, upper = (np.where(np.isfinite(end), end.clip(0, 1), end) for end in (estimate.lower, estimate.upper))
            estimate = replace(estimate, lower=lower, upper=upper)
        return Surrogates(
            **self.about(task),
            estimate=estimate,
            error="Choice of rows; the surrogate's form and the model are taken as given.",
            estimator=f"{self.kind} fitted to the predictions of all rows, fidelity from {self.n_folds} folds",
            caveats=(*encoded.caveats, *_caveats(task, fidelity, estimate, linear=linear)),
            kind=self.kind,
            terms=terms.names,
            term_features=terms.features,
            support=terms.support,
            fidelity=fidelity,
            rules=terms.rules,
        )

    def _unseen(
        self, form: TreeForm | LinearForm, X: NDArray[np.float64], f: NDArray[np.float64], w: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(n, k) predictions for every row by a surrogate that was fitted without it."""
        rng = np.random.default_rng(self.random_state)
        fold = rng.permutation(np.arange(len(X)) % min(self.n_folds, max(len(X), 2)))
        unseen = np.zeros_like(f)
        for part in np.unique(fold):
            seen = (fold != part) & (w > 0)
            if seen.any():
                unseen[fold == part] = form.fit(X[seen], f[seen], w[seen])(X[fold == part])
        return unseen


def _r_squared(f: NDArray[np.float64], g: NDArray[np.float64], w: NDArray[np.float64], conf_level: float) -> Estimate:
    """Share of the predictions' variance that the surrogate reproduces, with the interval of a ratio of means."""
    share = w / w.sum()
    n = 1 / (share**2).sum()
    wrong, spread = (f - g) ** 2, (f - share @ f) ** 2
    above, below = share @ wrong, share @ spread
    flat = below <= 1e-24 * np.maximum(share @ f**2, 1e-300)
    met = above <= 1e-20 * np.maximum(share @ f**2, 1e-300)  # a constant, met to rounding
    ratio = np.where(flat, np.where(met, 0.0, 1.0), above / np.where(flat, 1.0, below))
    if n <= 1 + 1e-9:
        return Estimate.within(np.zeros(f.shape[1]), np.full(f.shape[1], np.inf), conf_level=conf_level)
    influence = (wrong - ratio * spread) / np.where(flat, 1.0, below)
    error = np.sqrt(share**2 @ influence**2 * n / (n - 1))
    return Estimate.within(1 - ratio, np.where(flat, 0.0, error), conf_level=conf_level, df=n - 1)


def _caveats(task: Task, fidelity: Estimate, terms: Estimate, *, linear: bool) -> list[Caveat]:
    if task.n == 1:
        return [caveat("SIPA011", "One row cannot be held out; fidelity is not known.")]
    found = []
    if not np.isfinite(terms.std_error).all():
        short = "There are as many terms as rows" if linear else "A leaf has one row"
        found.append(caveat("SIPA011", f"{short}; the intervals are infinite."))
    poor = [name for name, value in zip(task.outputs, fidelity.values, strict=True) if value < _POOR]
    if not poor:
        return found
    worst = float(fidelity.values.min())
    message = (
        f"It reproduces {worst:.0%} of the predictions' variance on unseen rows (worst of {len(task.outputs)} outputs)."
    )
    better = "a tree may imitate better" if linear else "a deeper tree imitates better"
    return [*found, caveat("SIPA027", message, f"Read it as a sketch; {better}.")]
