"""Explanations of the same rows side by side: where they agree, and whether they add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit.errors import ComparisonError, InputError, InputTypeError, first_few
from sipakit.evaluation import measures as by
from sipakit.evaluation.comparable import (
    Comparable,
    differing_laws,
    differing_models,
    refuse_different_questions,
)
from sipakit.explanation import Attributions, Importances

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Agreement", "Comparison", "Gap", "compare"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two explanations are, by one measure.

    Parameters
    ----------
    explanation, explanation_2 : str
    output : str
        An output, or a metric.
    measure : str
        ``"spearman"`` and ``"spearman_absolute"``, the rank correlation over the features of values and of absolute
        values; ``"same_sign"``, the share of features with equal sign among those whose interval excludes 0 in one of
        the two or in both; ``"top_3"``, the share of the three largest absolute values in common;
        ``"relative_distance"``, the length of the difference by the mean length of the two.
    estimate, std_error : float
        Mean over the rows (median for the distance), and its error as a sample of rows.
    n_rows : int
        Rows that have such a number.
    """

    explanation: str
    explanation_2: str
    output: str
    measure: str
    estimate: float
    std_error: float
    n_rows: int


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing from the sums of an explanation, over all rows; None and the reason where nothing is summed."""

    explanation: str
    output: str
    median: float | None
    largest: float | None
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    """Explanations of the same rows, of the same outputs, against the same background.

    Parameters
    ----------
    names : tuple of str
    explanations : tuple of Attributions, or of Importances
    agreements : tuple of Agreement
    sums : tuple of Gap
    notes : tuple of str
        What a reader must know: measures that were left out, and models or laws that differ.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> shapley = sp.Shapley(background=X[:20]).explain(lambda X: X @ [1, 2, 3], X[20:])
    >>> lime = sp.LIME(background=X[:20]).explain(lambda X: X @ [1, 2, 3], X[20:])
    >>> sp.compare({"shapley": shapley, "lime": lime}).agreement["measure"].tolist()
    ['spearman_absolute']
    """

    names: tuple[str, ...]
    explanations: tuple[Comparable, ...]
    agreements: tuple[Agreement, ...]
    sums: tuple[Gap, ...]
    notes: tuple[str, ...] = ()

    def frame(self) -> pd.DataFrame:
        """Return all estimates below each other: place, explanation, estimate, std_error, lower, upper."""
        last = ["explanation", "estimate", "std_error", "lower", "upper"]
        parts = [one.frame().assign(explanation=name) for name, one in zip(self.names, self.explanations, strict=True)]
        place = [column for column in ("row", "feature", "output", "metric") if column in parts[0]]
        return pd.concat([part[[*place, *last]] for part in parts], ignore_index=True)

    @cached_property
    def agreement(self) -> pd.DataFrame:
        """One measure of one pair and output a line; see `Agreement`."""
        return pd.DataFrame(list(map(asdict, self.agreements)), columns=list(Agreement.__slots__))

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Median and largest absolute completeness gap of each explanation, in output units; or why it has none."""
        frame = pd.DataFrame(list(map(asdict, self.sums)), columns=list(Gap.__slots__))
        return frame.astype({"median": float, "largest": float})

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the comparison as JSON text, and write it to ``path`` if given; `sipakit.load` reads it again.

        Parameters
        ----------
        path : str or Path, optional

        Returns
        -------
        str
        """
        from sipakit.evaluation.document import text_of

        text = text_of(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8", newline="\n")
        return text

    def __repr__(self) -> str:
        """Describe it in a few lines that a person can read."""
        from sipakit.reports.inline import text_of

        return text_of(self)

    def _repr_html_(self) -> str:
        """Describe it in a notebook."""
        from sipakit.reports.inline import html_of

        return html_of(self)


def compare(explanations: Sequence[Comparable] | Mapping[str, Comparable]) -> Comparison:
    """Put explanations that answer the same question side by side.

    Parameters
    ----------
    explanations : list of Attributions or mapping of name to them, two or more
        Or Importances of the same metrics. In a list, they go by the names of their explainers.

    Returns
    -------
    Comparison

    Raises
    ------
    ComparisonError, InputError, InputTypeError
        If two are of different rows, features, outputs, scales or backgrounds (they are named), or there are no two.

    Notes
    -----
    A local model's slope (LIME) and an attribution are different things in sign and size; of such a pair only the order
    of absolute values is compared, and a note says so.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> e, again = (
    ...     sp.Shapley(background=X[:20], random_state=s).explain(lambda X: X @ [1, 2, 3], X[20:]) for s in (0, 1)
    ... )
    >>> found = sp.compare({"first": e, "second": again}).agreement.set_index("measure")
    >>> found.loc["spearman", "estimate"].round(6).item()
    1.0
    """
    named = _named(explanations)
    refuse_different_questions(named)
    pairs = [_agreements(a, b, named[a], named[b]) for a, b in combinations(named, 2)]
    alike = [one for found, _ in pairs for one in found]
    notes = differing_models(named) + differing_laws(named) + [note for _, told in pairs for note in told]
    sums = [gap for name, one in named.items() for gap in _sums(name, one)]
    return Comparison(tuple(named), tuple(named.values()), tuple(alike), tuple(sums), tuple(notes))


def _named(explanations: Any) -> dict[str, Comparable]:
    if isinstance(explanations, Mapping):
        named = {str(name): one for name, one in explanations.items()}
    elif isinstance(explanations, Sequence):
        named = {}
        for one in explanations:
            name = getattr(one, "explainer", type(one).__name__)
            same = sum(name in {taken, taken.partition(" (")[0]} for taken in named)
            named[f"{name} ({same + 1})" if same else name] = one
    else:
        message = f"compare was given a {type(explanations).__name__}."
        raise InputTypeError(message, "It takes a list, or a mapping of names to explanations.")
    if len(named) < 2:
        message = f"compare was given {len(named)} explanation(s)."
        raise InputError(message, "It takes two or more.", "Explain the same rows with another method or seed.")
    for name, one in named.items():
        if not isinstance(one, (Attributions, Importances)):
            message = f"{name!r} is a {type(one).__name__}."
            raise ComparisonError(message, "Attributions can be compared, or Importances of the same metrics.")
    return named


def _agreements(first: str, second: str, one: Comparable, two: Comparable) -> tuple[list[Agreement], list[str]]:
    """All measures of one pair, and why some were left out."""
    order = [two.features.index(name) for name in one.features]
    a, b = _by_row(one.values), _by_row(two.values)[:, order]
    outside = _excludes_zero(one), _excludes_zero(two)[:, order]
    numbers = {"spearman_absolute": by.spearman(np.abs(a), np.abs(b)), f"top_{by.TOP}": by.top_overlap(a, b)}
    notes = []
    if getattr(one, "additive", True) == getattr(two, "additive", True):
        numbers["spearman"] = by.spearman(a, b)
        numbers["same_sign"] = by.same_sign(a, b, outside[0] | outside[1])
        numbers["relative_distance"] = by.relative_distance(a, b)
    else:
        message = f"{first} and {second}: only one of them adds up to the prediction, so signs and sizes were left out."
        notes.append(message)
    found, empty = [], []
    for measure, values in numbers.items():
        for o, output in enumerate(_outputs(one)):
            there = values[:, o][~np.isnan(values[:, o])]
            if not len(there):
                empty.append(measure)
                continue
            over_rows = by.median_over_rows if measure == "relative_distance" else by.mean_over_rows
            found.append(Agreement(first, second, output, measure, *over_rows(there), len(there)))
    if empty:
        notes.append(f"{first} and {second}: no row has {first_few(dict.fromkeys(empty))}.")
    return found, notes


def _by_row(values: NDArray[Any]) -> NDArray[Any]:
    """(rows, features, outputs); importances are of all rows at once, as one."""
    return values if values.ndim == 3 else values[None]


def _excludes_zero(one: Comparable) -> NDArray[np.bool_]:
    return _by_row((one.estimate.lower > 0) | (one.estimate.upper < 0))


def _outputs(one: Comparable) -> tuple[str, ...]:
    return one.metrics if isinstance(one, Importances) else one.outputs


def _sums(name: str, one: Comparable) -> list[Gap]:
    if isinstance(one, Importances):
        return [Gap(name, metric, None, None, "importances have no sum to meet") for metric in one.metrics]
    if not one.additive:
        return [Gap(name, output, None, None, "its values are not meant to add up") for output in one.outputs]
    if one.completeness_gap is None:
        return [Gap(name, output, None, None, "the explanation does not tell") for output in one.outputs]
    size = np.abs(one.completeness_gap)
    worst = zip(one.outputs, np.median(size, axis=0), size.max(axis=0), strict=True)
    return [Gap(name, output, float(middle), float(largest)) for output, middle, largest in worst]
