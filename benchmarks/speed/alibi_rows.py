"""Counts alibi's model rows and seconds; run by model_rows.py in an interpreter that has alibi (and so numpy below 2)."""

import json
import sys
import time
from pathlib import Path

import alibi
import lightgbm
import numpy as np
from alibi.explainers import ALE, PartialDependence, PermutationImportance


def main(folder: str, answer: str, repeats: int, grid: int, cells: int, turns: int) -> dict:
    table = np.load(Path(folder) / "table.npz")
    X, y = table["X"], table["y"]
    trees = lightgbm.Booster(model_file=str(Path(folder) / "model.txt"))
    seen = {"rows": 0, "calls": 0}

    def predict(rows):
        seen["rows"] += len(rows)
        seen["calls"] += 1
        return trees.predict(rows, num_threads=1)

    def explained():
        seen.update(rows=0, calls=0)
        if answer == "PFI":
            found = PermutationImportance(predict, loss_fns="mean_squared_error").explain(
                X, y, method="estimate", kind="difference", n_repeats=repeats
            )
            return {"importance": [one["mean"] for one in found.feature_importance[0]]}
        if answer == "PDP":
            found = PartialDependence(predict).explain(X, grid_resolution=grid, percentiles=(0.0, 1.0), kind="average")
            return _curves(found.feature_values, found.pd_values, transpose=True)
        # alibi has no number of cells: each holds at least so many rows
        found = ALE(predict).explain(X, min_bin_points=len(X) // cells)
        return _curves(found.feature_values, found.ale_values, transpose=False)

    seconds = []
    for _ in range(turns):
        started = time.perf_counter()
        result = explained()
        seconds.append(time.perf_counter() - started)
    return {"version": alibi.__version__, "seconds": float(np.median(seconds)), **seen, **result}


def _curves(places, values, *, transpose):
    values = [np.asarray(one)[0] if transpose else np.asarray(one)[:, 0] for one in values]
    return {"places": [np.asarray(one).tolist() for one in places], "values": [one.tolist() for one in values]}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:7]))))
