"""Both sides of every row of the table of docs/coming-from.rst are run, and give the same where they say the same."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.inspection import PartialDependenceDisplay, partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression

import sipakit as sp

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]  # what peers say of others' changes

PAGE = Path(__file__).parent.parent / "docs" / "coming-from.rst"
ROWS = dict(re.findall(r"^   \* - ``(.+)``\n     - ``(.+)``$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
PEERS = {"shap": "shap", "sage": "sage", "dx": "dalex", "effector": "effector"}
PICTURES = [f"shap.plots.{kind}(" for kind in ("bar", "beeswarm", "waterfall", "scatter", "heatmap")]
EXPLAINED = ["shap.Explainer(", "shap.ExactExplainer(", "shap.PermutationExplainer(", "shap.TreeExplainer(model"]
RUN = [  # how each row begins
    *PICTURES,
    *EXPLAINED,
    "shap.TreeExplainer(classifier",
    "shap.GradientExplainer(",
    "sage.PermutationEstimator(",
    "dx.Explainer(model, X, y).model_parts(",
    "dx.Explainer(model, X, y).model_profile()",
    "dx.Explainer(model, X, y).model_profile(type=",
    "dx.Explainer(model, X, y).predict_profile(",
    "dx.Explainer(model, X, y).predict_parts(",
    "dx.Explainer(model, X, y).model_surrogate(",
    "effector.PDP(",
    "permutation_importance(",
    'partial_dependence(model, X, ["temp"]',
    'partial_dependence(model, X, ["temp", "wind"]',
    "PartialDependenceDisplay.from_estimator(",
]
OURS = {"sp": sp, "permutation_importance": permutation_importance, "partial_dependence": partial_dependence}
OURS["PartialDependenceDisplay"] = PartialDependenceDisplay


@pytest.fixture(scope="module")
def names():
    """What the page calls by name: eleven values a column, so that all grids have the same places."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.integers(0, 11, size=(200, 4)).astype(float), columns=["hour", "temp", "wind", "year"])
    y = X["hour"] * X["temp"] / 5 + 2 * X["wind"] + rng.normal(size=200)
    # splits of two columns at most, so that an order and its reverse give exact Shapley values
    model = GradientBoostingRegressor(n_estimators=20, max_depth=2, random_state=0).fit(X, y)
    classifier = GradientBoostingClassifier(n_estimators=20, max_depth=2, random_state=0).fit(X, y > y.median())
    return OURS | {"X": X, "y": y, "model": model, "classifier": classifier, "background": X.head(20), "row": X[50:51]}


def both(names, start, **more):
    """Run both sides of the row that starts so."""
    assert start in RUN
    [(there, here)] = [(left, right) for left, right in ROWS.items() if left.startswith(start)]
    known = names | more
    for name, package in PEERS.items():
        if re.search(rf"\b{name}\.", there):
            known[name] = pytest.importorskip(package)
    return eval(there, known), eval(here, known)  # noqa: S307 - our own page


@pytest.mark.parametrize("start", EXPLAINED)
def test_shapley_values(names, start):
    few = names["X"][50:53]
    theirs, ours = both(names, start, X=few)
    np.testing.assert_allclose(ours.values[:, :, 0], theirs.values, atol=1e-5)
    np.testing.assert_allclose(ours.base_values[0], theirs.base_values, atol=1e-5)


def test_shapley_values_of_a_boosted_classifier_are_of_scores(names):
    theirs, ours = both(names, "shap.TreeExplainer(classifier", X=names["X"][50:53])
    np.testing.assert_allclose(ours.values[:, :, 0], np.asarray(theirs.values).reshape(3, 4), atol=1e-5)


def test_expected_gradients(names):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.SiLU(), torch.nn.Linear(8, 1))
    theirs, ours = both(names, "shap.GradientExplainer(", network=network, tensor=torch.randn(8, 3))
    gap = ours.values[:, :, 0] - np.asarray(theirs).reshape(8, 3)  # theirs has 200 draws a row
    assert np.abs(gap).mean() < 0.3 * np.abs(ours.values).mean()
    assert np.corrcoef(gap.ravel() + ours.values.ravel(), ours.values.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("start", PICTURES)
def test_pictures_are_there_on_both_sides(names, start):
    pytest.importorskip("shap")
    import matplotlib.pyplot as plt

    result = sp.Shapley(background=names["background"]).explain(names["model"], names["X"][50:70])
    _, ours = both(names, start, result=result, values=result.to_shap(), X=names["X"][50:70])
    plt.close("all")
    assert ours.title


def test_mean_sizes_are_no_larger_than_shaps(names):
    result = sp.Shapley(background=names["background"]).explain(names["model"], names["X"][50:70])
    sizes, plain = result.importance().values[:, 0], np.abs(result.values[:, :, 0]).mean(axis=0)
    assert (sizes <= plain + 1e-12).all()
    assert (sizes < plain).any()


def test_sage(names):
    np.random.seed(0)  # noqa: NPY002 - sage's own draws
    theirs, ours = both(names, "sage.PermutationEstimator(")
    error = np.hypot(theirs.std, ours.std_error[:, 0])
    assert (np.abs(ours.values[:, 0] - theirs.values) < 4 * error).all()
    model, y, behind = names["model"], names["y"], names["model"].predict(names["background"])
    plain = np.mean((y - behind.mean()) ** 2) - np.mean((y - model.predict(names["X"])) ** 2)
    assert theirs.values.sum() == pytest.approx(plain, rel=0.05)  # theirs draws rows
    assert ours.total[0] == pytest.approx(plain - behind.var(ddof=1) / len(behind))


def test_permutation_importance_of_dalex(names):
    theirs, ours = both(names, "dx.Explainer(model, X, y).model_parts(")
    lost = theirs.result.set_index("variable")["dropout_loss"].loc[names["X"].columns]
    np.testing.assert_allclose(ours.values[:, 0], lost, rtol=0.15, atol=0.05)  # theirs has ten shuffles


def _at(profile, feature, places):
    curve = profile.result[profile.result["_vname_"] == feature]
    x = (curve["_x_"] if "_x_" in curve else curve[feature]).astype(float).to_numpy()
    return curve["_yhat_"].to_numpy()[np.abs(x[None] - places[:, None]).argmin(axis=1)]


def test_curves_of_dalex(names):
    theirs, ours = both(names, "dx.Explainer(model, X, y).model_profile()")
    j = ours.features.index("temp")
    found = _at(theirs, "temp", ours.axes[j].positions)
    np.testing.assert_allclose(ours.values[j][:, 0], found, rtol=1e-9)
    theirs, ours = both(names, "dx.Explainer(model, X, y).predict_profile(")
    np.testing.assert_allclose(ours.values[j][0, :, 0], _at(theirs, "temp", ours.axes[j].positions), rtol=1e-9)


def test_accumulated_profiles_of_a_line_have_the_same_slope(names):
    line = LinearRegression().fit(names["X"], names["y"])
    theirs, ours = both(names, "dx.Explainer(model, X, y).model_profile(type=", model=line)
    j = ours.features.index("temp")
    found = _at(theirs, "temp", ours.axes[j].positions)
    np.testing.assert_allclose(np.diff(ours.values[j][:, 0]), np.diff(found), rtol=1e-6)


def test_shapley_values_of_dalex(names):
    np.random.seed(0)  # noqa: NPY002 - dalex's own draws
    theirs, ours = both(names, "dx.Explainer(model, X, y).predict_parts(")
    told = theirs.result[theirs.result["B"] == 0].set_index("variable_name")["contribution"].loc[names["X"].columns]
    np.testing.assert_allclose(ours.values[0, :, 0], told, atol=0.2 * np.abs(ours.values).max())  # theirs has 25 orders


def test_surrogates_of_dalex(names):
    theirs, ours = both(names, "dx.Explainer(model, X, y).model_surrogate(")
    assert ours.rules.startswith(names["X"].columns[theirs.tree_.feature[0]])


def test_regions_of_effector(names):
    def predict(Z):
        return names["model"].predict(pd.DataFrame(Z, columns=names["X"].columns))

    theirs, ours = both(names, "effector.PDP(", predict=predict)
    assert ours.before.values[0, 0] == pytest.approx(theirs.regions[0].heterogeneity, rel=0.01)
    assert ours.gains()["regions"].item() > 1
    assert len(theirs.leaves) > 1


def test_permutation_importance_of_scikit_learn(names):
    theirs, ours = both(names, "permutation_importance(")
    error = np.hypot(theirs.importances_std / np.sqrt(5), ours.estimate.parts["std_error_shuffles"][:, 0])
    assert (np.abs(ours.values[:, 0] - theirs.importances_mean) < 4.5 * error + 0.01).all()


def test_partial_dependence_of_scikit_learn(names):
    theirs, ours = both(names, 'partial_dependence(model, X, ["temp"]')
    np.testing.assert_array_equal(ours.axes[0].positions, theirs["grid_values"][0])
    np.testing.assert_allclose(ours.values[0][:, 0], theirs["average"][0], rtol=1e-9)


def test_a_list_of_two_is_a_surface_there_and_a_tuple_is_one_here(names):
    theirs, ours = both(names, 'partial_dependence(model, X, ["temp", "wind"]')
    np.testing.assert_allclose(ours.values[0].reshape(11, 11), theirs["average"][0], rtol=1e-9)


def test_individual_curves_of_scikit_learn(names):
    theirs, ours = both(names, "PartialDependenceDisplay.from_estimator(")
    individual = theirs.pd_results[0]["individual"][0]
    curves = sp.ICE(features=["temp"]).explain(names["model"], names["X"])
    np.testing.assert_allclose(curves.values[0][:, :, 0], individual, rtol=1e-9)
    assert ours.title


def test_every_row_of_the_page_is_run_by_a_test_here():
    assert [left for left in ROWS if sum(left.startswith(start) for start in RUN) != 1] == []
