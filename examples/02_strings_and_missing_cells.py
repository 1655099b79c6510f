"""
A pipeline with strings and missing cells
=========================================

The census table has text and empty cells. The pipeline encodes them; sipakit explains the columns of the table itself.
"""

from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import sipakit as sp

X, y = sp.datasets.census()
text = list(X.select_dtypes(exclude="number").columns)
encode = make_column_transformer(
    (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), text), remainder="passthrough"
)
model = make_pipeline(encode, HistGradientBoostingClassifier(random_state=0)).fit(X, y)
X.iloc[:3, :6]

# %%
# Levels are places on an axis, and so is a missing cell.
few = X.sample(400, random_state=0)
levels = sp.PartialDependence(features=["workclass", "education-num"]).explain(model, few)
levels.plot()

# %%
# The output is a probability, by the name of the class.
print(levels.outputs, levels.scale)

# %%
# The same on log odds: what looks flat near 0 and 1 may not be.
log_odds = sp.PartialDependence(features=["education-num"], output="log_odds").explain(model, few)
log_odds.plot()

# %%
# Two scores at once, one of them scikit-learn's.
importance = sp.PermutationImportance(n_repeats=2, scoring=["neg_log_loss", "roc_auc"])
print(importance.explain(model, few, y.loc[few.index]).top(4)[["feature", "metric", "estimate", "std_error"]])
