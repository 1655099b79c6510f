"""
A boosted model of bike rentals
===============================

What does the model lean on, and how do its predictions move?
"""

from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split

import sipakit as sp

X, y = sp.datasets.bike()
X = X.astype({"season": "category", "weather": "category"})
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=0).fit(X_train, y_train)

# %%
# Rows that the model has not seen are explained. The intervals cover the choice of these rows; ``temp`` and
# ``feel_temp`` say nearly the same, so they are also asked about together.
rows = X_test.head(800)
importance = sp.PermutationImportance(n_repeats=5, groups={"temperature": ["temp", "feel_temp"]})
result = importance.explain(model, rows, y_test.loc[rows.index])
result.plot()

# %%
# How do predictions move along a feature, among rows that are really there?
effects = sp.ALE(features=["hour", "temp", "humidity", "windspeed"]).explain(model, X_test)
effects.plot()

# %%
# Do features act together? The hour means something else on a working day.
together = sp.HStatistic(features=["hour", "workingday", "temp", "year"], n_draws=60).explain(model, X_test)
together.plot("matrix")

# %%
# What it took.
print(result.cost, effects.cost, together.cost, sep="\n")
