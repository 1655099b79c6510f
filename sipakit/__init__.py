"""Explain tabular models, classical and deep, by one idea: sample, intervene, predict, aggregate.

    import sipakit as sp

    sp.PermutationImportance().explain(model, X, y).plot()

Names are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sipakit.version import __version__

if TYPE_CHECKING:
    from sipakit import datasets, plots
    from sipakit.adapters import adapt
    from sipakit.caveats import Caveat
    from sipakit.documents import load
    from sipakit.errors import (
        BudgetError,
        CapabilityError,
        ComparisonError,
        InputError,
        InputTypeError,
        MissingPackageError,
        PredictionError,
        SipakitError,
        WorkerError,
    )
    from sipakit.evaluation import compare
    from sipakit.exchange import from_shap
    from sipakit.explainer import Explainer, Round
    from sipakit.explainers import (
        ALE,
        ICE,
        LIME,
        LOFO,
        SAGE,
        CeterisParibus,
        FunctionalDecomposition,
        GlobalSurrogate,
        HStatistic,
        IntegratedGradients,
        PartialDependence,
        PermutationImportance,
        RegionalEffects,
        Shapley,
    )
    from sipakit.explanation import (
        Attributions,
        Decomposition,
        Effects,
        Explanation,
        Importances,
        Interactions,
        Regions,
        Surrogates,
    )
    from sipakit.study import Study, explain

__all__ = [
    "ALE",
    "ICE",
    "LIME",
    "LOFO",
    "SAGE",
    "Attributions",
    "BudgetError",
    "CapabilityError",
    "Caveat",
    "CeterisParibus",
    "ComparisonError",
    "Decomposition",
    "Effects",
    "Explainer",
    "Explanation",
    "FunctionalDecomposition",
    "GlobalSurrogate",
    "HStatistic",
    "Importances",
    "InputError",
    "InputTypeError",
    "IntegratedGradients",
    "Interactions",
    "MissingPackageError",
    "PartialDependence",
    "PermutationImportance",
    "PredictionError",
    "RegionalEffects",
    "Regions",
    "Round",
    "Shapley",
    "SipakitError",
    "Study",
    "Surrogates",
    "WorkerError",
    "__version__",
    "adapt",
    "compare",
    "datasets",
    "explain",
    "from_shap",
    "load",
    "plots",
]

_ROOMS = {
    "adapters": ("adapt",),
    "caveats": ("Caveat",),
    "documents": ("load",),
    "errors": (
        "BudgetError",
        "CapabilityError",
        "ComparisonError",
        "InputError",
        "InputTypeError",
        "MissingPackageError",
        "PredictionError",
        "SipakitError",
        "WorkerError",
    ),
    "evaluation": ("compare",),
    "exchange": ("from_shap",),
    "explainer": ("Explainer", "Round"),
    "explainers": (
        "ALE",
        "ICE",
        "LIME",
        "LOFO",
        "SAGE",
        "CeterisParibus",
        "FunctionalDecomposition",
        "GlobalSurrogate",
        "HStatistic",
        "IntegratedGradients",
        "PartialDependence",
        "PermutationImportance",
        "RegionalEffects",
        "Shapley",
    ),
    "explanation": (
        "Attributions",
        "Decomposition",
        "Effects",
        "Explanation",
        "Importances",
        "Interactions",
        "Regions",
        "Surrogates",
    ),
    "study": ("Study", "explain"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in {"datasets", "plots"}:
        return import_module(f"sipakit.{name}")
    if name not in _ROOM_OF:
        message = f"module 'sipakit' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"sipakit.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
