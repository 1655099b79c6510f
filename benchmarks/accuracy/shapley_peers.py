"""The peers' estimators of Shapley values: all of shap's for any model, and all of shapiq's that answer for one feature.

Every coalition costs a peer one model row for each background row: its value is the mean over the whole background.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import comb
from typing import Any

import numpy as np

from benchmarks.harness import skipped

__all__ = ["Estimate", "MeanGame", "present"]

Estimate = Callable[[Any, np.ndarray, np.ndarray, int, int], np.ndarray]
"""Of a model with ``predict``, rows (n, p), background (b, p), coalitions a row and a seed: values (n, p)."""
_BATCH = 50_000  # rows sent to the model at once
_MOST_TERMS = 5_000  # of a regression of order three
_MOST_PARTIAL = 1_500  # the same where the terms can be chosen


def _permutation(model: Any, rows: np.ndarray, background: np.ndarray, coalitions: int, seed: int) -> np.ndarray:
    import shap

    masker = shap.maskers.Independent(background, max_samples=len(background))
    explainer = shap.PermutationExplainer(model.predict, masker, seed=seed)
    return np.asarray(explainer(rows, max_evals=coalitions, silent=True).values)


def _kernel(
    model: Any, rows: np.ndarray, background: np.ndarray, coalitions: int, seed: int, **options: Any
) -> np.ndarray:
    import shap

    np.random.seed(seed)  # noqa: NPY002 - shap draws from the global generator
    explainer = shap.KernelExplainer(model.predict, background)
    return np.asarray(explainer.shap_values(rows, nsamples=coalitions, silent=True, **options))


def _sampling(model: Any, rows: np.ndarray, background: np.ndarray, coalitions: int, seed: int) -> np.ndarray:
    import shap

    np.random.seed(seed)  # noqa: NPY002 - shap draws from the global generator
    explainer = shap.SamplingExplainer(model.predict, background)
    samples = coalitions * len(background) // 2  # a sample is two single rows, not a coalition
    return np.asarray(explainer.shap_values(rows, nsamples=samples, silent=True))


class MeanGame:
    """The game of one explained row as shapiq's MarginalImputer defines it: v(S) is a mean over the whole background.

    The imputer of older releases calls the model once a background row; this one calls it with all of them.
    """

    def __init__(self, predict: Callable[[np.ndarray], Any], x: np.ndarray, background: np.ndarray) -> None:
        self._predict, self._x, self._background = predict, x, background
        self.empty = float(np.mean(predict(background)))

    def __call__(self, coalitions: np.ndarray) -> np.ndarray:
        """Values (s,) of the coalitions (s, p), less that of the empty one."""
        sets = np.atleast_2d(coalitions).astype(bool)
        b, p = self._background.shape
        values = np.zeros(len(sets))
        for at in range(0, len(sets), max(_BATCH // b, 1)):
            some = sets[at : at + max(_BATCH // b, 1)]
            mixed = np.where(some[:, None], self._x, self._background).reshape(-1, p)
            values[at : at + len(some)] = np.asarray(self._predict(mixed)).reshape(len(some), b).mean(axis=1)
        return np.where(sets.any(axis=1), values - self.empty, 0.0)


def _shapiq(
    model: Any,
    rows: np.ndarray,
    background: np.ndarray,
    coalitions: int,
    seed: int,
    *,
    kind: str,
    options: dict[str, Any] | Callable[[int, int], dict[str, Any]],
) -> np.ndarray:
    from shapiq import approximator

    if not hasattr(approximator, kind):
        raise ImportError(f"this release of shapiq has no {kind}")
    chosen = options(rows.shape[1], coalitions) if callable(options) else options
    phi = np.empty(rows.shape)
    for i, x in enumerate(rows):
        estimator = getattr(approximator, kind)(n=len(x), random_state=seed * len(rows) + i, **chosen)
        found = estimator.approximate(budget=coalitions, game=MeanGame(model.predict, x, background))
        phi[i] = [found[(j,)] for j in range(len(x))]
    return phi


def _cubic(p: int, coalitions: int) -> dict[str, Any]:
    """Return the terms of order three that kADDSHAP fits; there must not be too many to solve for."""
    terms = p + comb(p, 2) + comb(p, 3)
    if terms > _MOST_TERMS or coalitions < terms / 4:
        raise ValueError(f"{terms:,} terms are too many for this benchmark's {coalitions:,} coalitions")
    return {"max_order": 3, "pairing_trick": True}


def _partial(p: int, coalitions: int, *, paired: bool) -> dict[str, Any]:
    """Return the frontier of order three that PolySHAP may fit: half as many terms as there are coalitions."""
    return {"max_order": 3, "max_terms": max(p + 1, min(coalitions // 2, _MOST_PARTIAL)), "pairing_trick": paired}


_OF_SHAPIQ: dict[str, tuple[str, dict[str, Any] | Callable[[int, int], dict[str, Any]]]] = {
    "KernelSHAP": ("KernelSHAP", {}),
    "KernelSHAP, paired": ("KernelSHAP", {"pairing_trick": True}),
    "LeverageSHAP": ("LeverageSHAP", {}),
    "kADDSHAP": ("kADDSHAP", {}),
    "kADDSHAP, order 3, paired": ("kADDSHAP", _cubic),
    "PolySHAP": ("PolySHAP", {}),
    "PolySHAP, paired": ("PolySHAP", {"pairing_trick": True}),
    "PolySHAP, order 3": ("PolySHAP", partial(_partial, paired=False)),
    "PolySHAP, order 3, paired": ("PolySHAP", partial(_partial, paired=True)),
    "OddSHAP": ("OddSHAP", {}),
    "UnbiasedKernelSHAP": ("UnbiasedKernelSHAP", {}),
    "SVARM": ("SVARM", {}),
    "PermutationSamplingSV": ("PermutationSamplingSV", {}),
    "PermutationSamplingSII": ("PermutationSamplingSII", {"max_order": 1, "index": "SII"}),
    "StratifiedSamplingSV": ("StratifiedSamplingSV", {}),
    "OwenSamplingSV": ("OwenSamplingSV", {}),
    "ProxySHAP": ("ProxySHAP", {"max_order": 1, "index": "SV"}),
    "ProxySHAP, adjusted": ("ProxySHAP", {"max_order": 1, "index": "SV", "adjustment": True}),
    "RegressionMSR": ("RegressionMSR", {"index": "SV"}),
    "ProxySPEX": ("ProxySPEX", {"max_order": 1, "index": "SV", "hpo": False}),
}
_SAME = {  # at order one these give the numbers of another one, to rounding
    "KernelSHAPIQ": "KernelSHAP",
    "InconsistentKernelSHAPIQ": "KernelSHAP",
    "RegressionFSII": "KernelSHAP",
    "SHAPIQ": "UnbiasedKernelSHAP",
    "SVARMIQ": "SVARM",
}
_OUT = {
    "SPEX": "it needs budgets near enumeration, and 10 s a row there, for errors a thousand times the best peer's",
    "ShaplEIG": "it needs botorch, and asks for one coalition at a time",
    "PermutationSamplingSTII": "its values of order one are no estimate: it asks for two coalitions whatever the budget",
    "RegressionFBII": "it gives Banzhaf, not Shapley, values",
}

_OF_SHAP: dict[str, Estimate] = {
    "shap Permutation": _permutation,
    "shap Kernel": _kernel,
    "shap Kernel, all features": partial(_kernel, l1_reg=False),
    "shap Sampling": _sampling,
}


def present() -> tuple[dict[str, Estimate], list[str]]:
    """Return the peers that are installed, by their names, and notes about those that are not."""
    peers: dict[str, Estimate] = {}
    notes: list[str] = []
    try:
        import shap  # noqa: F401
    except ImportError as error:
        notes.append(skipped("shap", error))
    else:
        peers |= _OF_SHAP
    try:
        from shapiq import approximator
    except ImportError as error:
        return peers, [*notes, skipped("shapiq", error)]
    here = {
        name
        for name in approximator.__all__
        if name != "Approximator" and isinstance(getattr(approximator, name), type)
    }
    for name, (kind, options) in _OF_SHAPIQ.items():
        if kind in here:
            peers[f"shapiq {name}"] = partial(_shapiq, kind=kind, options=options)
    return peers, notes + _left_out(here)


def _left_out(here: set[str]) -> list[str]:
    """Say which estimators of shapiq do not take part, and why."""
    known = {kind for kind, _ in _OF_SHAPIQ.values()}
    notes = []
    if missing := sorted(known - here):
        notes.append(f"Missing in this release of shapiq, whose newest needs Python 3.12: {', '.join(missing)}.")
    same = [f"{name} as {_SAME[name]}" for name in sorted(here & set(_SAME))]
    notes.append(f"Of shapiq, left out since they give the numbers of another one at order one: {', '.join(same)}.")
    for name in sorted(here - known - set(_SAME)):
        notes.append(f"shapiq's {name} did not take part: {_OUT.get(name, 'this benchmark does not know it')}.")
    return notes
