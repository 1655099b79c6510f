"""
One row, three questions
========================

Why does the model predict this for *this* hour? Three methods, and three different questions.
"""

from sklearn.ensemble import HistGradientBoostingRegressor

import sipakit as sp

X, y = sp.datasets.bike()
X = X.drop(columns=["season", "feel_temp", "holiday"]).astype({"weather": "category"})
model = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=0).fit(X, y)
row, usual = X.iloc[[12000]], X.sample(100, random_state=0)
row

# %%
# How do the features share its distance from the mean prediction?
shapley = sp.Shapley(background=usual).explain(model, row)
shapley.plot()

# %%
# Which linear model imitates the predictions close by? ``fit`` says how well: read it first.
lime = sp.LIME(background=usual, kernel_width=1.0).explain(model, row)
print(f"local R squared: {lime.fit.item():.2f}")
lime.plot()

# %%
# What would the model say if one feature were different?
profile = sp.CeterisParibus(background=usual, features=["hour", "temp", "humidity"]).explain(model, row)
profile.plot()

# %%
# Shapley values and slopes differ in sign and size by design; their order can be compared.
print(sp.compare([shapley, lime]))
