"""Whether explanations answer the same question; if not, which two do not, and why."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sipakit.errors import ComparisonError, first_few
from sipakit.explanation import Attributions, Importances

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Comparable", "differing_laws", "differing_models", "refuse_different_questions"]

Comparable: TypeAlias = Attributions | Importances

_LAWS = ("value_function", "conditional")  # parameters that say how what is unknown follows from what is known


def refuse_different_questions(named: Mapping[str, Comparable]) -> None:
    """Compare each explanation with the first.

    Raises
    ------
    ComparisonError
        For another type, other rows, features, groups, outputs, another scale or background.
    """
    (name, first), *others = named.items()
    _has_fingerprints(name, first)
    for other, one in others:
        _has_fingerprints(other, one)
        both = f"{name!r} and {other!r}"
        if type(one) is not type(first):
            message = f"{both} are {type(first).__name__} and {type(one).__name__}."
            raise ComparisonError(message, "Explanations of one type can be compared.")
        _same_table(both, first, one, "rows", "Explain the same rows with both.")
        _same_features(both, first, one)
        _same_outputs(both, first, one)
        _same_table(both, first, one, "background", "Give both the same background=; it decides what is explained.")


def differing_models(named: Mapping[str, Comparable]) -> list[str]:
    """Say which pairs explain different models: the same rows have other predictions."""
    found = []
    for (name, one), (other, two) in combinations(named.items(), 2):
        if isinstance(one, Attributions) and isinstance(two, Attributions):
            scale = max(float(np.abs(one.predictions).max()), 1e-300)
            apart = float(np.abs(one.predictions - two.predictions).max()) / scale
            if apart > 1e-5:  # what batches of other sizes differ by, in float32
                found.append(f"{name} and {other} explain different models: predictions differ by up to {apart:.2g}.")
    return found


def differing_laws(named: Mapping[str, Comparable]) -> list[str]:
    """Say which pairs take another law for the features that are not known."""
    found = []
    for (name, one), (other, two) in combinations(named.items(), 2):
        for law in _LAWS:
            if law in one.parameters and law in two.parameters and one.parameters[law] != two.parameters[law]:
                told = f"{law}={one.parameters[law]!r} and {two.parameters[law]!r}"
                found.append(f"{name} and {other} answer different questions: they have {told}.")
    return found


def _has_fingerprints(name: str, one: Comparable) -> None:
    if not {"rows_fingerprint", "background_fingerprint"} <= set(one.manifest):
        message = f"{name!r} does not say which rows and background it is of."
        cure = (
            "Give from_shap X= and background=." if one.explainer == "SHAP" else "Make it with this version of sipakit."
        )
        raise ComparisonError(message, "Its manifest needs their fingerprints.", cure)


def _same_table(both: str, first: Comparable, other: Comparable, which: str, cure: str) -> None:
    key = f"{which}_fingerprint"
    told = [f"{one.manifest.get(which)} rows, fingerprint {one.manifest[key]}" for one in (first, other)]
    noun = "explain different rows" if which == "rows" else "have different backgrounds"
    if first.manifest[key] != other.manifest[key]:
        message = f"{both} {noun}: {told[0]}, and {told[1]}."
        raise ComparisonError(message, "They must be the same.", cure)
    if which == "rows" and not np.array_equal(*(getattr(one, "rows", None) for one in (first, other))):  # type: ignore[arg-type]
        raise ComparisonError(f"{both} number their rows differently.", "They must be the same.", cure)


def _same_features(both: str, first: Comparable, other: Comparable) -> None:
    alone = [set(first.features) - set(other.features), set(other.features) - set(first.features)]
    if any(alone):
        told = [
            f"only the {which} has {first_few(sorted(names, key=str))}"
            for which, names in zip(("first", "second"), alone, strict=True)
            if names
        ]
        message = f"{both} have different features: {', '.join(told)}."
        raise ComparisonError(message, "They must be the same.", "Give both the same features= and groups=.")
    groups: list[Any] = [one.parameters.get("groups") or {} for one in (first, other)]
    members = [{name: frozenset(columns) for name, columns in one.items()} for one in groups]
    if members[0] != members[1]:
        message = f"{both} have groups of equal names and different columns."
        raise ComparisonError(message, "They must be the same.", "Give both the same groups=.")


def _same_outputs(both: str, first: Comparable, other: Comparable) -> None:
    if isinstance(first, Importances) and isinstance(other, Importances) and first.metrics != other.metrics:
        message = f"{both} have different metrics: {first_few(first.metrics)}, and {first_few(other.metrics)}."
        raise ComparisonError(message, "They must be the same.", "Give both the same scoring=.")
    if first.outputs != other.outputs:
        message = f"{both} have different outputs: {first_few(first.outputs)}, and {first_few(other.outputs)}."
        raise ComparisonError(message, "They must be the same.", "Give both the same output=.")
    if first.scale != other.scale:
        message = f"{both} are on different scales: {first.scale!r}, and {other.scale!r}."
        raise ComparisonError(message, "They must be the same.", "Give both the same output=.")
