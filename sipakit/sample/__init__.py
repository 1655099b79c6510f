"""S of SIPA: where randomness lives. Pure draws, shared by the explainers."""

from sipakit.sample.coalitions import all_coalitions, shapley_weights
from sipakit.sample.donors import dealt, nearest_pairs
from sipakit.sample.edges import cells_of, make_edges
from sipakit.sample.enough import more_draws
from sipakit.sample.folds import folds_of
from sipakit.sample.grids import Grids, make_grids
from sipakit.sample.independent import even_places, independent_rows
from sipakit.sample.neighbours import Neighbourhood, draw_neighbours, neighbourhood_of
from sipakit.sample.on_axis import positions_of, shares_of
from sipakit.sample.permutations import balanced_shuffles, orders, shuffled_along
from sipakit.sample.strata import strata_of
from sipakit.sample.told_by_others import Dependence, Told

__all__ = [
    "Dependence",
    "Grids",
    "Neighbourhood",
    "Told",
    "all_coalitions",
    "balanced_shuffles",
    "cells_of",
    "dealt",
    "draw_neighbours",
    "even_places",
    "folds_of",
    "independent_rows",
    "make_edges",
    "make_grids",
    "more_draws",
    "nearest_pairs",
    "neighbourhood_of",
    "orders",
    "positions_of",
    "shapley_weights",
    "shares_of",
    "shuffled_along",
    "strata_of",
]
