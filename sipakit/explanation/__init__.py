"""The results: few types, by the shape of the answer. Each holds arrays in one layout and never leaves it.

Attributions (rows, features, outputs) | Importances (features, metrics) | Effects (places of all features, outputs)
Interactions (sets, outputs)           | Surrogates (terms, outputs)               | Decomposition (sets, outputs)
Regions (places of all regions, outputs)
"""

from sipakit.explanation.attributions import Attributions
from sipakit.explanation.base import Cost, Explanation
from sipakit.explanation.cohorts import Cohorts
from sipakit.explanation.decomposition import Decomposition
from sipakit.explanation.effects import Effects
from sipakit.explanation.importances import Importances
from sipakit.explanation.interactions import Interactions
from sipakit.explanation.rank_stability import RankStability
from sipakit.explanation.regions import Regions
from sipakit.explanation.surrogates import Surrogates

__all__ = [
    "Attributions",
    "Cohorts",
    "Cost",
    "Decomposition",
    "Effects",
    "Explanation",
    "Importances",
    "Interactions",
    "RankStability",
    "Regions",
    "Surrogates",
]
