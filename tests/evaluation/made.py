"""Made-up explanations of the same rows."""

import numpy as np

from sipakit.estimate import Estimate
from sipakit.explanation import Attributions, Importances

RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(30, 6, 2))
MANIFEST = {"rows": 30, "rows_fingerprint": "aa", "background": 100, "background_fingerprint": "bb"}


def about(values, **other):
    names = tuple(f"f{j}" for j in range(values.shape[-2]))
    common = {
        "explainer": "Shapley",
        "parameters": {},
        "question": "Why?",
        "references": (),
        "features": names,
        "outputs": tuple(f"o{i}" for i in range(values.shape[-1])),
        "scale": "prediction",
        "estimate": Estimate.within(values, np.full(values.shape, 0.1), conf_level=0.95),
        "error": "none",
        "estimator": "made up",
        "conf_level": 0.95,
        "manifest": MANIFEST,
    }
    return {**common, **other}


def attributions(values=VALUES, gap=0.0, **other):
    n, u, k = values.shape
    own = {
        "base_values": np.zeros(k),
        "base_std_error": np.zeros(k),
        "predictions": np.ones((n, k)),
        "row_values": np.zeros((n, u), object),
        "rows": np.arange(n),
        "completeness_gap": np.full((n, k), gap),
    }
    return Attributions(**{**about(values), **own, **other})


def importances(values, **other):
    own = {"metrics": ("loss",), "baseline": np.zeros(1)}
    return Importances(**{**about(values), **own, **other})
