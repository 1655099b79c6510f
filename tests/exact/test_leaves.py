"""A row of codes is in the box of one leaf of each tree: the one that it falls to."""

import contextlib

import numpy as np
import pytest

from sipakit.adapters import adapt
from sipakit.structure import Numbers
from tests.adapters.trees import cases

pytest.importorskip("numba")
NAMES = ["a tree", "a leaf", "boosting of three", "histograms"]
with contextlib.suppress(ImportError):
    NAMES += [name for name in cases.boosters() if name in ("lightgbm with levels", "xgboost")]


def fallen(trees, root, codes):
    """The leaf that a row of codes falls to, node by node."""
    k = root
    while trees.feature[k] >= 0:
        f = trees.feature[k]
        code = codes[f]
        if trees.set_first[k] >= 0:
            left = trees.sets[trees.set_first[k] + code]
        elif isinstance(trees.codings[f], Numbers) and code == trees.codings[f].size - 1:
            left = trees.missing_left[k]
        else:
            left = code <= trees.last_left[k]
        k = trees.left[k] if left else trees.right[k]
    return k


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_in_the_boxes_of_the_leaves_that_they_fall_to(name):
    from sipakit.exact.leaves import leaves_of

    model, _, output = cases.fitted(name)
    trees = adapt(model, output=output).structure
    rng, first = np.random.default_rng(0), trees.first
    for one in trees.sums:
        boxes = leaves_of(trees, one)
        assert np.sort(boxes.leaf).tolist() == np.unique(boxes.leaf).tolist()
        for _ in range(20):
            codes = [int(rng.integers(size)) for size in trees.sizes]
            inside = set()
            for b, leaf in enumerate(boxes.leaf):
                slots = range(boxes.slot_first[b], boxes.slot_first[b + 1])
                met = []
                for s in slots:
                    place = first[boxes.column[s]] + boxes.column[s] + codes[boxes.column[s]]
                    runs = range(boxes.run_first[s], boxes.run_first[s + 1])
                    met.append(any(boxes.low[r] <= place < boxes.high[r] for r in runs))
                if all(met):
                    inside.add(int(leaf))
            assert inside == {int(fallen(trees, root, codes)) for root in one.roots}
