"""S of SIPA: where randomness lives. Pure draws, shared by the explainers."""

from sipakit.sample.coalition_pairs import paired_coalitions
from sipakit.sample.coalitions import all_coalitions, shapley_weights
from sipakit.sample.conditional import ConditionalLaw, conditional_law, doubts
from sipakit.sample.copula import Copula
from sipakit.sample.donors import dealt, nearest_pairs
from sipakit.sample.edges import cells_of, make_edges
from sipakit.sample.enough import more_draws
from sipakit.sample.folds import folds_of
from sipakit.sample.grids import Grids, make_grids
from sipakit.sample.groups import groups_of_rows
from sipakit.sample.independent import even_places, independent_rows
from sipakit.sample.near_rows import NearRows
from sipakit.sample.neighbours import Neighbourhood, draw_neighbours, neighbourhood_of
from sipakit.sample.on_axis import positions_of, shares_of
from sipakit.sample.permutations import balanced_shuffles, orders, shuffled_along, walks
from sipakit.sample.strata import strata_of
from sipakit.sample.told_by_others import Dependence, Told

__all__ = [
    "ConditionalLaw",
    "Copula",
    "Dependence",
    "Grids",
    "NearRows",
    "Neighbourhood",
    "Told",
    "all_coalitions",
    "balanced_shuffles",
    "cells_of",
    "conditional_law",
    "dealt",
    "doubts",
    "draw_neighbours",
    "even_places",
    "folds_of",
    "groups_of_rows",
    "independent_rows",
    "make_edges",
    "make_grids",
    "more_draws",
    "nearest_pairs",
    "neighbourhood_of",
    "orders",
    "paired_coalitions",
    "positions_of",
    "shapley_weights",
    "shares_of",
    "shuffled_along",
    "strata_of",
    "walks",
]
