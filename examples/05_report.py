"""
A whole study and its page
==========================

Several methods at once share what they ask of the model. The page needs no network and runs no script.
"""

import tempfile
from pathlib import Path

from sklearn.ensemble import HistGradientBoostingRegressor

import sipakit as sp

X, y = sp.datasets.bike()
X = X.drop(columns=["season", "weather", "feel_temp"])
model = HistGradientBoostingRegressor(random_state=0).fit(X, y)

few = X.sample(300, random_state=0)
study = sp.explain(
    model,
    few,
    y.loc[few.index],
    methods=[sp.PermutationImportance(n_repeats=3), "partial-dependence", "ale", "global-surrogate"],
)
study = study.described(unit="rentals an hour", note="300 of 17,379 hours; the model knows them.")
study

# %%
# Every result is there by its name.
study["ale"].plot()

# %%
# The page, and the results for other programs. Here they go to a folder that is thrown away.
with tempfile.TemporaryDirectory() as folder:
    study.report(Path(folder) / "report.html", title="Bike rentals")
    study.to_json(Path(folder) / "results")
    for path in sorted(Path(folder).rglob("*.*")):
        print(f"{path.relative_to(folder)}: {path.stat().st_size // 1024 + 1} KiB")
