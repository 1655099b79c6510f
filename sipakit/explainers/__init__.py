"""One method a file, named as the literature names it."""

from sipakit.explainers.ale import ALE
from sipakit.explainers.ceteris_paribus import CeterisParibus
from sipakit.explainers.functional_decomposition import FunctionalDecomposition
from sipakit.explainers.global_surrogate import GlobalSurrogate
from sipakit.explainers.h_statistic import HStatistic
from sipakit.explainers.ice import ICE
from sipakit.explainers.integrated_gradients import IntegratedGradients
from sipakit.explainers.lime import LIME
from sipakit.explainers.lofo import LOFO
from sipakit.explainers.partial_dependence import PartialDependence
from sipakit.explainers.permutation_importance import PermutationImportance
from sipakit.explainers.regional_effects import RegionalEffects
from sipakit.explainers.sage import SAGE
from sipakit.explainers.shapley import Shapley

__all__ = [
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
]
