"""Every explainer in one or two small variants, for tests that hold for all of them."""

import sipakit as sp


def paired(b):
    """Name two columns of a table together, and one of them alone."""
    first, second, *_ = getattr(b, "columns", ("x0", "x1"))
    return [(first, second), second]


# Every explainer with what it needs, small; the first word is its class, and b the background of the model's table.
VARIANTS = {
    "ALE": lambda b: sp.ALE(),
    "ALE pairs": lambda b: sp.ALE(features=paired(b), grid_resolution=4),
    "CeterisParibus": lambda b: sp.CeterisParibus(background=b, grid_resolution=5),
    "FunctionalDecomposition": lambda b: sp.FunctionalDecomposition(n_draws=10),
    "FunctionalDecomposition independent": lambda b: sp.FunctionalDecomposition(
        background=b, inputs="independent", n_draws=10, order=3
    ),
    "GlobalSurrogate": lambda b: sp.GlobalSurrogate(max_depth=2),
    "GlobalSurrogate linear": lambda b: sp.GlobalSurrogate(kind="linear"),
    "HStatistic": lambda b: sp.HStatistic(n_draws=10),
    "HStatistic background": lambda b: sp.HStatistic(background=b, n_draws=8, order=1),
    "HStatistic null": lambda b: sp.HStatistic(n_draws=8, order=1, null="refit", n_refits=3),
    "ICE": lambda b: sp.ICE(grid_resolution=5),
    "IntegratedGradients": lambda b: sp.IntegratedGradients(background=b),
    "IntegratedGradients one baseline": lambda b: sp.IntegratedGradients(background=b[:1]),
    "LIME": lambda b: sp.LIME(background=b, n_samples=256),
    "LOFO": lambda b: sp.LOFO(n_folds=2, n_repeats=1),
    "LOFO permutation": lambda b: sp.LOFO(kind="permutation", n_folds=2, n_repeats=1),
    "PartialDependence": lambda b: sp.PartialDependence(grid_resolution=5),
    "PartialDependence centred": lambda b: sp.PartialDependence(background=b, centred=True, grid_resolution=4),
    "PartialDependence pairs": lambda b: sp.PartialDependence(features=paired(b), grid_resolution=3),
    "PartialDependence pairs centred": lambda b: sp.PartialDependence(
        features=paired(b), centred=True, grid_resolution=3
    ),
    "PermutationImportance": lambda b: sp.PermutationImportance(n_repeats=3),
    "PermutationImportance conditional": lambda b: sp.PermutationImportance(
        n_repeats=3, conditional="strata", min_stratum=3
    ),
    "RegionalEffects": lambda b: sp.RegionalEffects(grid_resolution=5),
    "RegionalEffects background": lambda b: sp.RegionalEffects(
        background=b, grid_resolution=3, max_depth=1, min_gain=0.0, n_folds=2
    ),
    "SAGE": lambda b: sp.SAGE(),
    "SAGE background": lambda b: sp.SAGE(background=b, n_averaged=3),
    "Shapley": lambda b: sp.Shapley(background=b),
    "Shapley conditional": lambda b: sp.Shapley(background=b, value_function="conditional"),
    "Shapley permutation": lambda b: sp.Shapley(background=b, estimator="permutation"),
    "Shapley regression": lambda b: sp.Shapley(background=b, estimator="regression"),
    "Shapley replicates": lambda b: sp.Shapley(background=b, replicates=4),
}


# What cannot explain every model: refits need an estimator, gradients a network.
NOT_OF_FUNCTIONS = {name for name in VARIANTS if name.split()[0] in {"IntegratedGradients", "LOFO"}} | {
    "HStatistic null"
}


def class_of(variant):
    """Name of the variant's class."""
    return variant.split()[0]
