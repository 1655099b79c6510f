"""The contract: what an explainer says, without ever seeing a model, a batch or a worker.

    S  sample(task, round, index, rng)    which rows, donors, orders: all randomness lives here
    I  intervene(task, sample)            a Mix: row ``base``, but the features ``take`` come from row ``donor``
    P  (the engine and the adapter)       what the model answers there
    A  aggregate(task, sample, answers)   one value a draw and cell, for a mergeable state

An explainer is a frozen dataclass of parameters with these pure methods.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np

from sipakit.errors import InputError
from sipakit.rules import RULES, anything
from sipakit.shown import Shown
from sipakit.task import check_names

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.aggregate import State, Update
    from sipakit.engine import Plan, Prepared
    from sipakit.explanation import Explanation
    from sipakit.intervene import Mix, Refit
    from sipakit.rules import Rule
    from sipakit.table import Table
    from sipakit.task import Feature, Task

    Unit: TypeAlias = Literal["row", "feature", "table"]

__all__ = ["Explainer", "Round"]


@dataclass(frozen=True, slots=True)
class Round:
    """A number of independent draws that the engine cuts into slices.

    Parameters
    ----------
    draws : int
        How many draws.
    rows : int
        Model rows that one draw asks for at most, before equal rows are dropped.
    number : int
        Which round this is, counted from 0; the engine counts.
    note : object
        What the explainer wants to tell its own `sample`.
    refits : bool
        Whether models fitted anew answer, those of `Explainer.refits`; each draw is then a slice of its own, since fits
        take long.
    total : int, optional
        Model rows of all draws, where these ask for differently many.

    Examples
    --------
    >>> import sipakit as sp
    >>> sp.Round(draws=100, rows=8)  # a hundred draws, of eight virtual rows each
    Round(draws=100, rows=8, number=0, note=None)
    """

    draws: int
    rows: int
    number: int = 0
    note: Any = None
    refits: bool = field(default=False, repr=False)
    total: int | None = field(default=None, repr=False)

    @property
    def need(self) -> int:
        """Model rows that all draws ask for, before equal rows are dropped."""
        return self.draws * self.rows if self.total is None else self.total


class Explainer(ABC):
    """Abstract explainer: parameters, and the four pure steps.

    Class attributes tell the engine what to prepare.

    Attributes
    ----------
    uses : set of "rows", "background"
        Whose predictions `task` must carry.
    needs : set of "target", "background", "gradient", "refit"
        What the user, or the adapter, must supply, whatever the parameters are; see `requires`.
    background_matters : bool
        Whether the numbers compare rows with the background, so that a default one deserves a word.
    kinds : set of "number", "date", "ordered", "category"
        Features that the method can explain.
    takes_pairs : bool
        Whether ``features`` may name two columns as a tuple, to be explained together.
    single_columns : bool
        Whether most virtual rows take one column, so that the structure of a model may answer for it.
    breaks_dependence : bool
        Whether virtual rows take features one by one, or some of them, and leave the others however they depend on
        each other. Where columns tell each other, such rows are like none in the table, and a caveat says so.
        `moved_apart` takes back what depends on a parameter.
    mixes_tables : bool
        Whether virtual rows mix the explained rows and the background, which sums of one term a column tell. `mixes`
        takes back what depends on a parameter.
    adds_draws : bool
        Whether rounds of draws are added until a tolerance is met.
    unit : "row", "feature" or "table"
        What has an answer of its own when a run ends early. Draws and cells of a unit lie together, in the units' order
        and equally many for each.
    rules : name -> (what is allowed, test)
        What its own parameters take; those of a usual name have a rule already.
    estimators : tuple of str
        What its parameter ``estimator`` chooses from, where it has one.
    question : str
        The question in a reader's words.
    references : tuple of str
        Where the method comes from.
    """

    uses: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[frozenset[str]] = frozenset()
    background_matters: ClassVar[bool] = False
    kinds: ClassVar[frozenset[str]] = frozenset({"number", "date", "ordered", "category"})
    takes_pairs: ClassVar[bool] = False
    single_columns: ClassVar[bool] = False
    breaks_dependence: ClassVar[bool] = False
    mixes_tables: ClassVar[bool] = False
    adds_draws: ClassVar[bool] = False
    unit: ClassVar[Unit] = "table"
    rules: ClassVar[Mapping[str, Rule]] = {}
    estimators: ClassVar[tuple[str, ...]] = ()
    question: ClassVar[str]
    references: ClassVar[tuple[str, ...]]

    # Parameters that every explainer has; the dataclasses declare them.
    conf_level: float
    random_state: int

    def __post_init__(self) -> None:
        """Check the parameters by the one table of rules.

        Raises
        ------
        InputError, InputTypeError
            Naming the parameter, its value and what is allowed.
        """
        for name, value in self.get_params().items():
            allowed, holds = self.rules.get(name) or RULES.get(name) or ("", anything)
            if not holds(value):
                message = f"{type(self).__name__}({name}={_shown(value)!r}) cannot be used."
                raise InputError(message, f"{name} takes {allowed}.", f"Leave {name}= out for the default.")
        check_names(self.param("features"), self.param("groups"))

    # ---- what a method says

    def design(self, task: Task) -> object:
        """Return what all draws share, computed once: grids, edges, orders. Pure."""
        return None

    @abstractmethod
    def start(self, task: Task) -> State:
        """Return an empty aggregator."""

    @abstractmethod
    def next_round(self, task: Task, state: Any, number: int) -> Round | None:
        """Return round ``number``, or None when nothing is left to ask; adaptive methods read ``state`` here only."""

    @abstractmethod
    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> Any:
        """Draws number ``index`` (d,) of a round. Pure: equal arguments give equal samples on every machine."""

    @abstractmethod
    def intervene(self, task: Task, sample: Any) -> Mix:
        """Return the virtual rows of these draws, as row numbers."""

    @abstractmethod
    def aggregate(self, task: Task, sample: Any, answers: NDArray[np.float64]) -> Update | Mapping[str, Update]:
        """Turn the answers, (m, k) or (m, p, k) for gradients, into one value a draw and cell."""

    @abstractmethod
    def conclude(self, task: Task, state: Any) -> Explanation:
        """Return the result; the engine adds what it cost."""

    def requires(self) -> frozenset[str]:
        """Return what the user, or the adapter, must supply: `needs`, and what a parameter may ask for beside it."""
        return self.needs

    def refits(self, task: Task, sample: Any) -> Sequence[Refit]:
        """Return the models that are fitted anew for a sample, which answer its virtual rows part after part."""
        message = f"{type(self).__name__} asks for a round of refits, and has none"
        raise NotImplementedError(message)

    def later(self, task: Task) -> Sequence[Round]:
        """Return the rounds that are sure to follow the first one, for `plan`; it looks at no answers."""
        return ()

    def evaluations(self) -> Hashable:
        """Return what names the virtual rows asked for; those with equal names share their evaluations in a study."""
        return id(self)

    def chance(self, task: Task, state: Any) -> NDArray[np.float64] | None:
        """Return the Monte Carlo standard error of every number so far: what more draws would lower.

        None where nothing is drawn; infinite where it cannot be told.
        """
        return None

    def averages(self, task: Task) -> tuple[Table, list[tuple[int, int]]] | None:
        """Return the table over whose rows answers are averaged, and the pairs of columns that are set, if that is all.

        The structure of a model may then give the means, in ``task.joint``, and nothing has to be asked for them.
        """
        return None

    def moved_apart(self, task: Task) -> Sequence[Feature]:
        """Return the features whose columns are moved together while columns outside of them stay."""
        return task.features if self.breaks_dependence else ()

    def mixes(self) -> bool:
        """Return whether virtual rows mix the explained rows and the background, and no others."""
        return self.mixes_tables

    def estimator_of(self, task: Task) -> str:
        """Name the estimator that runs, by the task's design."""
        return "sampled"

    # ---- how it is run: the same for every method

    def explain(
        self,
        model: object,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        n_jobs: int | None = None,
        budget: int | str | None = None,
        tolerance: float | None = None,
        progress: bool | Callable[[int, int], None] | None = None,
        on_bad: str = "raise",
        on_interrupt: str = "raise",
    ) -> Explanation:
        """Explain a model.

        Parameters
        ----------
        model : fitted scikit-learn estimator, torch module, callable, or what `sipakit.adapt` returns
        X : (n, p) frame or array, the explained rows
        y : (n,) target, for methods that score predictions
        sample_weight : (n,) importance weights of X; another background's rows all count the same
        n_jobs : int, optional
            Workers, by joblib's counting: threads for models that release Python's lock, processes for functions, or
            what ``joblib.parallel_config`` says. The result has the same bits for any number.
        budget : int or str, optional
            Cap on the whole call: model rows, or a time such as "30s" or "2min". A time is turned into rows by a short
            look at the model's pace; ``manifest["budget"]`` has the number of rows that gives the same result.
        tolerance : float, optional
            Largest Monte Carlo standard error wanted, in units of the estimate. `Shapley`, `SAGE`, `LIME` and
            `PermutationImportance` add draws until every number has it or the budget is spent; a caveat says where it
            is not met. Methods that draw nothing have no such error, and that of the finite table is another one.
        progress : bool or callable(done, total), optional
            None shows a bar on a terminal or in a notebook, and nothing elsewhere.
        on_bad : "raise" or "drop", default "raise"
            What happens if the model raises for a row or its answer is not finite. "drop" leaves out the rows of X and
            the draws that need it, counts them in a caveat, and raises where less than half of the draws are left. To
            find the rows at which a model raises, some are asked again, which a budget counts but does not foresee.
        on_interrupt : "raise" or "partial", default "raise"
            "partial" returns what is whole when the run is interrupted: the rows explained so far of a method that
            explains rows one by one, the features so far of permutation importance. The interrupt is raised where
            nothing is.

        Returns
        -------
        Explanation

        Raises
        ------
        SipakitError
            One of its kinds; the message names the argument, what was given and the cure.
        """
        from sipakit.engine import How, explain, only

        how = How(
            n_jobs=n_jobs,
            budget=budget,
            tolerance=tolerance,
            progress=progress,
            on_bad=on_bad,
            on_interrupt=on_interrupt,
        )
        results, _ = explain([self], model, X, y, sample_weight=sample_weight, how=how)
        return only(results)

    def plan(
        self,
        model: object,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        n_jobs: int | None = None,
        budget: int | str | None = None,
        tolerance: float | None = None,
    ) -> Plan:
        """Tell what `explain` would cost, after a short look at the model; parameters mean what they mean there.

        Returns
        -------
        Plan
            Model rows, seconds, memory, the estimator that would run, and what others would ask.

        Examples
        --------
        >>> import numpy as np, sipakit as sp
        >>> X = np.random.default_rng(0).normal(size=(100, 4))
        >>> plan = sp.Shapley(background=X[:10]).plan(lambda X: X[:, 0], X)
        >>> plan.estimator, plan.rows, dict(plan.alternatives)
        ('enumeration', 14110, {'permutation': 78110, 'regression': 14110})
        """
        from sipakit.engine import plan

        return plan(self, model, X, y, sample_weight=sample_weight, n_jobs=n_jobs, budget=budget, tolerance=tolerance)

    def prepare(self, model: object, *, background_weight: Any = None) -> Prepared:
        """Read the model, check the background and predict it once, for rows that come later.

        Parameters
        ----------
        model : fitted scikit-learn estimator, torch module, callable, or what `sipakit.adapt` returns
        background_weight : (b,) importance weights of the background, optional

        Returns
        -------
        Prepared
            With the same `explain`, without the model; it travels to other processes if the model does.

        Raises
        ------
        InputError
            Without a background: `Shapley`, `LIME`, `CeterisParibus` and `IntegratedGradients` have one.

        Examples
        --------
        >>> import numpy as np, sipakit as sp
        >>> Z = np.random.default_rng(0).normal(size=(50, 2))
        >>> ready = sp.Shapley(background=Z).prepare(lambda X: X[:, 0] * X[:, 1])
        >>> ready.explain(np.array([[1.0, 2.0]])).values.shape
        (1, 2, 1)
        """
        from sipakit.engine import prepare

        return prepare(self, model, background_weight=background_weight)

    # ---- parameters, the same for every method

    def param(self, name: str) -> Any:
        """Return a parameter that only some explainers have, such as ``groups``; None where this one has none."""
        return self.get_params().get(name)

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 - scikit-learn's signature
        """Return the parameters by name, as `sklearn.base.clone` wants them."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def described(self) -> dict[str, Any]:
        """Return the parameters as a reader sees them: tables by their shape, functions by their name."""
        return {name: _shown(value) for name, value in self.get_params().items()}

    def about(self, task: Task) -> dict[str, Any]:
        """Return the fields that every result of this explainer has, for `conclude`."""
        return {
            "explainer": type(self).__name__,
            "parameters": self.described(),
            "question": self.question,
            "references": self.references,
            "features": task.names,
            "outputs": task.outputs,
            "scale": task.scale,
            "conf_level": self.conf_level,
        }

    def __repr__(self) -> str:
        defaults = {field.name: field.default for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        told = {n: v for n, v in self.get_params().items() if not _same(v, defaults[n])}
        return f"{type(self).__name__}({', '.join(f'{n}={_shown(v)!r}' for n, v in told.items())})"


def _same(value: object, default: object) -> bool:
    """Whether a parameter has its default; tables are not compared cell by cell."""
    plain = isinstance(value, (bool, int, float, str)) and type(value) is type(default)
    return value == default if plain else value is default


def _shown(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "shape"):
        return Shown(f"<{type(value).__name__} {' x '.join(map(str, value.shape))}>")
    if callable(value):
        return Shown(f"<{getattr(value, '__name__', type(value).__name__)}>")
    return value
