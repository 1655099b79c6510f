"""Sums of one term a column: any mix of rows follows, and explanations are those of the model asked."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sipakit as sp
from sipakit.adapters import adapt
from sipakit.checks import same
from sipakit.door import open_table
from sipakit.engine import shortcuts
from sipakit.engine.ground import open_ground
from sipakit.intervene import Mix, Rows
from tests.adapters import linear_cases as cases


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(shortcuts, "_ENOUGH", 0)


def additive(name):
    model, output = cases.fitted(name)
    adapter = adapt(model, output=output)
    opened = open_ground(adapter, cases.frame(), None, None, None)
    return adapter, opened.rows, shortcuts.traced(opened, opened.rows)


def both(explainer, model, X, y=None, **options):
    told = explainer.explain(model, X, y, **options)
    asked = explainer.explain(sp.adapt(model, structure=False), X, y, **options)
    assert told.manifest["structure"] == "terms"
    assert asked.manifest["structure"] is None
    return told, asked


def agree(one, other, rtol=1e-9):
    columns = zip(one.estimate.columns().values(), other.estimate.columns().values(), strict=True)
    scale = np.nanmax(np.abs(other.estimate.values))
    for a, b in columns:
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-9 * scale)


# ---- virtual rows


@pytest.mark.parametrize("name", cases.NAMES)
def test_any_mix_of_rows_is_answered_as_the_model_does(name):
    adapter, table, made = additive(name)
    rng = np.random.default_rng(0)
    m, p = 200, table.n_columns
    base, donor = rng.integers(0, len(table), (2, m))
    mix = Mix.of(Rows(table, base), Rows(table, donor), rng.random((m, p)) < 0.5)
    assert made.knows(mix).all()
    assert made.consistent
    answers = adapter.predict(mix)
    np.testing.assert_allclose(made.answers(mix), answers, rtol=1e-9, atol=1e-9 * np.abs(answers).max())


def test_rows_of_other_tables_with_cells_that_the_model_never_saw():
    adapter, table, made = additive("ridge")
    other = cases.frame(seed=5).assign(age=1e4, city="Bonn", one=3.5)
    donors, _ = open_table(other, expects=adapter.expects)
    for base, given in ((table, donors), (donors, table)):
        mix = Mix.of(Rows(base, np.arange(20)), Rows(given, np.arange(20, 40)), np.array([True, True, True, False, 1]))
        mix = Mix(mix.base, mix.donor, mix.take.astype(bool), mix.which)
        np.testing.assert_allclose(made.answers(mix), adapter.predict(mix), rtol=1e-9)


def test_places_on_the_way_are_asked():
    _, table, made = additive("ridge")
    rows = Rows(table, np.arange(2))
    assert not made.knows(Mix.of(rows, rows, np.full(5, 0.5))).any()


def test_each_different_cell_is_asked_once():
    adapter, table, made = additive("ridge")
    asked, ask = [], made.ask
    made.ask = lambda mix: asked.append(len(mix)) or ask(mix)
    rows = Rows(table, np.arange(len(table)))
    for _ in range(2):
        made.answers(Mix.of(rows, rows, np.arange(5) == 3))  # three sizes
    assert asked == [len(table), 3]
    assert made.asked == sum(asked)
    again = made.beginning()
    again.answers(Mix.of(rows, rows, np.arange(5) == 3))
    assert again.asked == len(table) + 64 * 5 + 3  # it pays for what it stands on
    assert len(asked) == 2  # and the model is not asked again
    assert adapter.structure.name == "terms"


def test_terms_that_do_not_add_up_are_found():
    _, _, made = additive("ridge")
    ask = made.ask

    def with_a_product(mix):
        rows = mix.rows(as_array=False, in_pandas=True)
        return ask(mix) + 1e-3 * (rows["age"] * (rows["size"] == "s")).to_numpy()[:, None]

    made.ask = with_a_product
    assert not made.consistent


# ---- the same explanations


EXPLAINERS = {
    "PartialDependence": sp.PartialDependence(grid_resolution=8),
    "PartialDependence centred": sp.PartialDependence(centred=True, grid_resolution=8),
    "ICE": sp.ICE(grid_resolution=7),
    "ALE": sp.ALE(),
}
MODELS = ["Poisson", "logistic, two classes", "discriminants, three classes", "two targets"]


@pytest.mark.parametrize("name", EXPLAINERS)
@pytest.mark.parametrize("model", MODELS)
def test_explanations_are_those_of_the_sampled_route(name, model, small):
    fitted, _ = cases.fitted(model)
    agree(*both(EXPLAINERS[name], fitted, cases.frame().head(80)))


@pytest.mark.parametrize("explainer", [sp.PartialDependence(grid_resolution=6), sp.ALE()])
@pytest.mark.parametrize("rows", [1, 40])
def test_few_rows_and_weights(explainer, rows, small):
    fitted, _ = cases.fitted("logistic, two classes")
    weights = np.random.default_rng(0).integers(1, 4, rows).astype(float)
    agree(*both(explainer, fitted, cases.frame().head(rows), sample_weight=weights))


def test_methods_that_mix_rows_of_two_tables(small):
    fitted, _ = cases.fitted("logistic, two classes")
    background = cases.frame(seed=3).head(30)
    for explainer in (sp.Shapley, sp.HStatistic, sp.FunctionalDecomposition):
        told, asked = both(explainer(background=background), fitted, cases.frame().head(12))
        np.testing.assert_allclose(told.estimate.values, asked.estimate.values, rtol=1e-7, atol=1e-10)
        assert told.cost.rows < asked.cost.rows


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_importance_of_few_values_is_the_mean_over_all_pairs(scoring, small):
    fitted, _ = cases.fitted("ridge")
    X, y = cases.frame().head(40), cases.score()[:40]
    e = sp.PermutationImportance(scoring=scoring, n_repeats=3).explain(fitted, X, y)
    power = 2 if scoring is None else 1
    before = np.abs(y - fitted.predict(X)) ** power
    after = [np.abs(y - fitted.predict(X.assign(size=X["size"].iloc[i]))) ** power for i in range(len(X))]
    at = list(X).index("size")
    np.testing.assert_allclose(e.values[at, 0], np.mean(after) - before.mean(), rtol=1e-9)
    np.testing.assert_allclose(e.estimate.parts["std_error_shuffles"], 0, atol=1e-12)


@pytest.mark.parametrize("output", [None, "log_odds"])
@pytest.mark.parametrize("other", [False, True])
def test_no_features_of_a_sum_act_together(output, other, small):
    fitted, _ = cases.fitted("two targets" if output is None else "logistic, two classes")
    background = cases.frame(seed=3).head(30) if other else None
    X = cases.frame().head(40)
    told, asked = both(sp.HStatistic(background=background, output=output, n_draws=None), fitted, X)
    assert (told.values == 0).all()
    assert (told.std_error == 0).all()
    np.testing.assert_array_equal(told.estimate.parts["h_squared"] == 0, asked.estimate.parts["h_squared"] < 1e-12)
    np.testing.assert_allclose(asked.values, 0, atol=1e-6)
    assert told.sets == asked.sets


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("name", ["two targets", "logistic, two classes"])
def test_surfaces_are_those_of_the_sampled_route(name, centred, small):
    fitted, _ = cases.fitted(name)
    weights = np.random.default_rng(0).integers(0, 3, 80).astype(float)
    explainer = sp.PartialDependence(features=["age", ("size", "pay")], grid_resolution=5, centred=centred)
    told, asked = both(explainer, fitted, cases.frame().head(80), sample_weight=weights)
    for one, other in zip(told.values, asked.values, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
    apart = asked.std_error > 1e-6
    np.testing.assert_allclose(told.std_error[apart] / asked.std_error[apart], 1, atol=0.45)


# ---- closed forms: y = 2 x1 - x2, correlated normal features (T1)


def normals(n=4_000, r=0.6):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2))
    return np.column_stack([x[:, 0], r * x[:, 0] + np.sqrt(1 - r**2) * x[:, 1]])


A = np.array([2.0, -1.0])


def test_effects_of_a_linear_model_are_its_lines():
    X = np.column_stack([normals(), np.ones((4_000, 8))])
    model = LinearRegression().fit(X, X[:, :2] @ A)
    told = sp.PartialDependence(features=["x0", "x1"]).explain(model, X)
    assert told.manifest["structure"] == "terms"
    for j in range(2):
        line = np.polyfit(np.asarray(told.axes[j].values, float), told.values[j][:, 0], 1)
        np.testing.assert_allclose(line, [A[j], X[:, 1 - j].mean() * A[1 - j]], atol=1e-9)
    ale = sp.ALE(features=["x0", "x1"]).explain(model, X)
    for j in range(2):
        at = np.asarray(ale.axes[j].values, float)
        np.testing.assert_allclose(np.diff(ale.values[j][:, 0]), A[j] * np.diff(at), atol=1e-9)


def test_importance_of_a_linear_model_is_twice_its_variance(small):
    X = np.column_stack([normals(), np.random.default_rng(1).normal(size=(4_000, 1))])
    model = LinearRegression().fit(X, X[:, :2] @ A)
    e = sp.PermutationImportance().explain(model, X, X[:, :2] @ A)
    expected = 2 * np.append(A, 0) ** 2 * X.var(axis=0)
    assert (np.abs(e.values[:, 0] - expected) <= 4 * e.std_error[:, 0] + 1e-9).all()
    np.testing.assert_allclose(e.values[:2, 0], [8, 2], rtol=0.1)
    np.testing.assert_allclose(e.values[2, 0], 0, atol=1e-9)


# ---- cost, budgets, workers


def counted(model, X):
    """The model's rows that are asked for sums or answers, as they are asked."""
    asked = []
    for name in ("predict", "decision_function", "predict_proba"):
        if hasattr(model, name):
            ask = getattr(model, name)
            object.__setattr__(model, name, lambda rows, ask=ask: asked.append(len(rows)) or ask(rows))
    return asked


@pytest.mark.parametrize("explainer", [sp.PartialDependence(), sp.ALE(), sp.PermutationImportance(), sp.HStatistic()])
def test_the_cost_is_what_the_model_was_asked(explainer, small):
    X = normals(300)
    model = Ridge().fit(X, X @ A)
    asked = counted(model, X)
    e = explainer.explain(model, X, X @ A)
    assert e.manifest["structure"] == "terms"
    assert sum(asked) == e.cost.rows + e.cost.check_rows


def test_a_result_of_a_study_costs_what_it_costs_alone(small):
    X = normals(300)
    model = Ridge().fit(X, X @ A)
    methods = [sp.PermutationImportance(), sp.ALE()]
    study = sp.explain(model, X, X @ A, methods=methods)
    alone = [method.explain(model, X, X @ A) for method in methods]
    assert [e.cost.rows for e in study.values()] == [e.cost.rows for e in alone]


def test_a_budget_below_what_terms_cost_asks_the_model(small):
    X = normals(300)
    model = Ridge().fit(X, X @ A)
    assert sp.PartialDependence(grid_resolution=2).explain(model, X, budget=2_000).manifest["structure"] is None
    e = sp.PartialDependence().explain(model, X, budget=2_100)
    assert e.manifest["structure"] == "terms"
    assert e.cost.rows + e.cost.check_rows <= 2_100 < e.cost.asked


def test_a_plan_tells_the_rows(small):
    X = normals(300)
    model = Ridge().fit(X, X @ A)
    plan = sp.PartialDependence().plan(model, X)
    assert plan.rows == sp.PartialDependence().explain(model, X).cost.rows
    assert "follow from the model's terms" in str(plan)
    mixes = sp.Shapley().plan(model, X)  # not tried out: at most what the model would be asked
    assert mixes.rows > sp.Shapley().explain(model, X).cost.rows


@pytest.mark.parametrize("explainer", [sp.ALE(), sp.PermutationImportance(), sp.FunctionalDecomposition()])
def test_the_bits_are_the_same_for_any_number_of_workers(explainer, small):
    fitted, _ = cases.fitted("logistic, two classes")
    y = fitted.predict(cases.frame())
    once, again = (explainer.explain(fitted, cases.frame(), y, n_jobs=n) for n in (1, 2))
    assert same(once.estimate, again.estimate)


def test_levels_that_the_encoder_refuses_are_told_as_the_model_tells_them(small):
    X = pd.DataFrame({"city": ["Rome", "Oslo"] * 20, "age": np.arange(40.0)})
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(X, X["age"] > 19)
    background = pd.DataFrame({"city": ["Bonn", "Oslo"] * 2, "age": np.arange(4.0)})
    with pytest.raises(sp.SipakitError, match="Bonn"):
        sp.CeterisParibus(background=background).explain(model, X.head(3))


def test_answers_that_are_not_finite_are_told_as_the_model_tells_them(small):
    X = np.column_stack([np.arange(20.0), np.arange(20.0)[::-1]])
    model = make_pipeline(StandardScaler(), cases.lm.PoissonRegressor(alpha=1e-6)).fit(X, 1 + X[:, 0])
    model[-1].coef_ = np.array([400.0, 400.0])  # each row is about exp(0), mixes are beyond all numbers
    with pytest.raises(sp.PredictionError, match="finite"), np.errstate(over="ignore"):
        sp.PartialDependence(grid_resolution=4).explain(model, X)
