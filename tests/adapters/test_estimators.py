"""Estimators of scikit-learn, LightGBM and XGBoost: what they are asked for, in which form, and by what names."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

import sipakit as sp
from sipakit.adapters import adapt
from sipakit.intervene import Mix, Rows
from sipakit.table import Table

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(80, 3)), columns=["a", "b", "c"])
Y = 2 * X["a"].to_numpy() - X["b"].to_numpy()
TWO = np.where(Y > 0, "yes", "no")
THREE = np.digitize(Y, [-1, 1])


def predicted(adapter, data=X):
    table = Table.from_data(data)
    return adapter.predict(Mix.unchanged(Rows(table, np.arange(len(table)))))


def explained(model, data=X, **settings):
    """A partial dependence; a warning would be an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return sp.PartialDependence(grid_resolution=4, **settings).explain(model, data)


def codes(result):
    return {found.code for found in result.caveats}


# ---- outputs


def test_a_binary_classifier_is_explained_by_the_probability_of_its_second_class():
    model = LogisticRegression().fit(X, TWO)
    adapter = adapt(model)
    assert adapter.names_of_outputs(1) == ("yes",)
    assert (adapter.scale, adapter.classes) == ("probability", ("no", "yes"))
    assert predicted(adapter)[:, 0] == pytest.approx(model.predict_proba(X)[:, 1])


def test_more_classes_are_all_explained():
    model = RandomForestClassifier(5, random_state=0).fit(X, THREE)
    assert adapt(model).names_of_outputs(3) == ("0", "1", "2")
    assert predicted(adapt(model)) == pytest.approx(model.predict_proba(X))


@pytest.mark.parametrize(
    ("output", "names", "expected"),
    [
        ("no", ("no",), lambda p: p[:, :1]),
        (["yes", "no"], ("yes", "no"), lambda p: p[:, ::-1]),
        ("log_odds", ("yes",), lambda p: np.log(p[:, 1:] / p[:, :1])),
        ("score", ("yes",), lambda p: np.log(p[:, 1:] / p[:, :1])),
        ("probability", ("yes",), lambda p: p[:, 1:]),
    ],
)
def test_output_chooses_a_scale_or_classes(output, names, expected):
    model = LogisticRegression().fit(X, TWO)
    adapter = adapt(model, output=output)
    assert adapter.names_of_outputs(len(names)) == names
    assert predicted(adapter) == pytest.approx(expected(model.predict_proba(X)))
    assert explained(model, output=output).outputs == names


def test_labels_that_are_numbers_are_named_as_they_are_or_as_text():
    model = RandomForestClassifier(5, random_state=0).fit(X, THREE)
    assert explained(model, output=[2, "0"]).outputs == ("2", "0")


def test_a_class_keeps_the_scale_that_was_chosen_before():
    adapter = adapt(LogisticRegression().fit(X, TWO), output="log_odds").with_output("no")
    assert (adapter.scale, adapter.names_of_outputs(1)) == ("log_odds", ("no",))


def test_log_odds_stay_finite_where_a_probability_is_one():
    model = DecisionTreeClassifier().fit(X, TWO)
    assert np.isfinite(predicted(adapt(model, output="log_odds"))).all()


@pytest.mark.parametrize("output", ["maybe", [], ["yes", "yes"], 7, {"yes": 1}, ["yes", "maybe"], "prediction"])
def test_what_is_no_output_of_a_classifier_is_refused(output):
    with pytest.raises(sp.InputError, match="output="):
        adapt(LogisticRegression().fit(X, TWO), output=output)


def test_a_classifier_without_probabilities_is_explained_by_its_score_and_says_so():
    model = LinearSVC().fit(X, TWO)
    result = explained(model)
    assert result.scale == "score"
    assert "SIPA015" in codes(result)
    assert predicted(adapt(model))[:, 0] == pytest.approx(model.decision_function(X))
    assert "SIPA015" not in codes(explained(model, output="score"))
    assert "SIPA015" not in codes(explained(adapt(model, output="score")))


def test_probabilities_of_a_classifier_without_them_are_refused_with_the_cure():
    with pytest.raises(sp.CapabilityError, match="CalibratedClassifierCV"):
        adapt(LinearSVC().fit(X, TWO), output="probability")


def test_a_calibrated_classifier_has_probabilities():
    model = CalibratedClassifierCV(LinearSVC(), cv=2).fit(X, TWO)
    result = explained(model)
    assert (result.scale, result.outputs) == ("probability", ("yes",))
    assert "SIPA015" not in codes(result)


def test_a_score_is_not_made_up_where_there_is_none():
    with pytest.raises(sp.CapabilityError, match="It offers 'probability', 'log_odds'"):
        adapt(RandomForestClassifier(5).fit(X, TWO), output="score")


def test_scores_one_against_one_are_no_scores_of_classes():
    model = SVC(decision_function_shape="ovo").fit(X, THREE)
    with pytest.raises(sp.CapabilityError):
        adapt(model, output="score")
    assert explained(SVC().fit(X, THREE)).outputs == ("0", "1", "2")


def test_a_classifier_of_several_targets_is_refused_with_the_cure():
    model = MultiOutputClassifier(LogisticRegression()).fit(X, np.column_stack([TWO, TWO]))
    with pytest.raises(sp.CapabilityError, match="one target at a time"):
        adapt(model)


def test_a_regressor_of_two_targets_has_two_outputs():
    model = LinearRegression().fit(X, np.column_stack([Y, -Y]))
    result = explained(model)
    assert result.outputs == ("output_0", "output_1")
    assert result.values[0][:, 0] == pytest.approx(-result.values[0][:, 1])


@pytest.mark.parametrize("output", ["probability", "log_odds", "yes", ["a"]])
def test_a_regressor_has_only_its_prediction(output):
    with pytest.raises(sp.InputError, match="regressor"):
        adapt(LinearRegression().fit(X, Y), output=output)
    assert adapt(LinearRegression().fit(X, Y), output="prediction").scale == "prediction"


def test_what_finds_outliers_is_explained_by_its_prediction():
    assert explained(IsolationForest(n_estimators=5, random_state=0).fit(X)).outputs == ("prediction",)


# ---- form and names


@pytest.mark.parametrize(
    "model",
    [
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
        make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=5)),
        make_pipeline(FunctionTransformer(), LogisticRegression()),
    ],
    ids=["grid search", "pipeline", "function transformer"],
)
@pytest.mark.parametrize("given", [X, X[["c", "a", "b"]], X.to_numpy()], ids=["frame", "other order", "array"])
def test_wrapped_estimators_get_columns_as_they_were_fitted(model, given):
    fitted = model.fit(X, TWO)
    expected = explained(fitted).values
    result = explained(fitted, given)
    by_name = dict(zip(result.features, result.values, strict=True))
    for name, number in zip("abc", range(3), strict=True):
        key = name if name in by_name else f"x{number}"
        assert by_name[key] == pytest.approx(expected[number])


def test_strings_go_through_a_pipeline():
    data = X.assign(city=np.where(X["c"] > 0, "Rome", "Oslo"))
    encoder = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    result = explained(make_pipeline(encoder, LinearRegression()).fit(data, Y), data)
    assert result.axes[-1].labels == ("Oslo", "Rome")


def test_an_estimator_of_arrays_gets_arrays_of_numbers_and_booleans():
    data = X.assign(c=X["c"] > 0, d=pd.array(np.arange(80) % 3, dtype="Int64"))
    model = LinearRegression().fit(data.to_numpy(float), Y)
    result = explained(model, data)
    assert result.features == ("a", "b", "c", "d")
    assert "SIPA004" in codes(result)
    assert result.axes[2].labels == ("False", "True")


class _Remembers(LinearRegression):
    seen = None

    def predict(self, data):
        type(self).seen = data
        return super().predict(data)


def test_frames_keep_their_dtypes_and_names():
    data = X.assign(c=np.arange(80, dtype="int8"), b=X["b"].astype("float32"))
    model = _Remembers().fit(data, Y)
    sp.ICE(grid_resolution=3).explain(model, data)
    assert isinstance(_Remembers.seen, pd.DataFrame)
    assert list(_Remembers.seen.columns) == ["a", "b", "c"]
    assert _Remembers.seen.dtypes.astype(str).tolist() == ["float64", "float32", "int8"]


# ---- boosters


@pytest.fixture
def lightgbm():
    return pytest.importorskip("lightgbm")


@pytest.fixture
def xgboost():
    return pytest.importorskip("xgboost")


SPACED = X.set_axis(["age in years", "b", "c"], axis=1)


def test_lightgbm_remembers_blanks_as_underscores(lightgbm):
    model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1).fit(SPACED, Y)
    expected = explained(model, SPACED)
    other = explained(model, SPACED.iloc[:, [2, 0, 1]])
    assert expected.features == ("age in years", "b", "c")
    assert "SIPA001" in codes(other)
    assert other.values[0] == pytest.approx(expected.values[0])


def test_lightgbm_takes_columns_by_name_and_not_by_place(lightgbm):
    model = lightgbm.LGBMRegressor(n_estimators=20, verbose=-1).fit(X, Y)
    assert model.predict(X[["c", "b", "a"]]) != pytest.approx(model.predict(X))  # what goes wrong without names
    right = sp.Shapley(background=X.head(10)).explain(model, X.head(3))
    turned = sp.Shapley(background=X.head(10)[["b", "a", "c"]]).explain(model, X.head(3)[["c", "b", "a"]])
    assert np.array_equal(right.values, turned.values)


def test_lightgbm_of_integer_names(lightgbm):
    data = X.set_axis([0, 1, 2], axis=1)
    model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1).fit(data, Y)
    assert explained(model, data[[2, 1, 0]]).values[0] == pytest.approx(explained(model, data).values[0])


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("kind", [np.asarray, lambda data: data], ids=["array", "frame"])
def test_lightgbm_of_arrays_warns_of_nothing(lightgbm, kind, n_jobs):
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(X.to_numpy(), TWO)
    filters = list(warnings.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = sp.ICE(grid_resolution=30).explain(model, kind(pd.concat([X] * 4)), n_jobs=n_jobs)
    assert result.outputs == ("yes",)
    assert warnings.filters == filters


def test_lightgbm_categories_are_taken_by_value(lightgbm):
    data = X.assign(c=pd.Categorical(np.where(X["c"] > 0, "x", "y"), ["x", "y"]))
    model = lightgbm.LGBMRegressor(n_estimators=20, verbose=-1, min_child_samples=5).fit(data, Y)
    recoded = data.assign(c=pd.Categorical(data["c"].astype(str), ["y", "z", "x"]))
    rows, others = (sp.ICE(features=["a"], grid_resolution=3).explain(model, d).values[0] for d in (data, recoded))
    assert np.array_equal(rows, others)
    mixed = sp.Shapley(background=recoded.head(5)).explain(model, data.head(3))
    assert np.array_equal(mixed.values, sp.Shapley(background=data.head(5)).explain(model, data.head(3)).values)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_boosters_give_their_margin_as_score(library):
    module = pytest.importorskip(library)
    make, options = {
        "lightgbm": (lambda: module.LGBMClassifier(n_estimators=5, verbose=-1), {"raw_score": True}),
        "xgboost": (lambda: module.XGBClassifier(n_estimators=5), {"output_margin": True}),
    }[library]
    model = make().fit(X, (TWO == "yes").astype(int))
    margin = model.predict(X, **options)
    assert predicted(adapt(model, output="score"))[:, 0] == pytest.approx(margin)
    odds = predicted(adapt(model, output="log_odds"))[:, 0]
    assert odds == pytest.approx(margin, abs=1e-4)
    many = make().fit(X, THREE)
    assert predicted(adapt(many, output="score")) == pytest.approx(many.predict(X, **options))


def test_a_boosted_regressor_gives_its_margin_as_score(lightgbm):
    model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1, objective="poisson").fit(X, np.abs(Y))
    raw, seen = adapt(model, output="score"), adapt(model)
    assert (raw.scale, seen.scale) == ("score", "prediction")
    assert np.exp(predicted(raw)) == pytest.approx(predicted(seen))


def test_xgboost_takes_frames_by_name_and_frames_for_arrays(xgboost):
    model = xgboost.XGBRegressor(n_estimators=5).fit(X, Y)
    assert explained(model, X[["c", "b", "a"]]).values[0] == pytest.approx(explained(model).values[0])
    of_arrays = xgboost.XGBRegressor(n_estimators=5).fit(X.to_numpy(), Y)
    assert explained(of_arrays).values[0] == pytest.approx(explained(model).values[0])
    assert explained(model, X.to_numpy()).values[0] == pytest.approx(explained(model).values[0])


def test_boosters_use_one_thread_beside_others(lightgbm):
    adapter = adapt(lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(X, Y))
    assert dict(adapter.single_threaded().options) == {"num_threads": 1}
    assert np.array_equal(predicted(adapter.single_threaded()), predicted(adapter))
    assert adapter.single_threaded().with_output("prediction").options == {"num_threads": 1}
