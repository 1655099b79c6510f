"""H statistics from the structure of a model are those of asking it about all pairs of rows."""

import numpy as np
import pytest

import sipakit as sp
from sipakit.engine import shortcuts
from tests.adapters.trees import cases

pytest.importorskip("numba")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(shortcuts, "_ENOUGH", 0)


def both(name, rows=slice(0, 90), background=None, **how):
    """The same statistics from the structure, and from asking the model about all pairs."""
    model, data, _ = cases.fitted(name)
    by_structure = sp.HStatistic(background=background).explain(model, data[rows], **how)
    every = sp.HStatistic(background=background, n_draws=None)
    return by_structure, every.explain(sp.adapt(model, structure=False), data[rows], **how)


WEIGHTS = np.random.default_rng(0).integers(0, 3, 90).astype(float)


@pytest.mark.parametrize("name", ["a forest", "boosting", "a forest of two targets", "histograms"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("background", [None, cases.HOLES[200:260]])
def test_values_are_those_of_all_pairs(name, weights, background):
    if name == "boosting" and background is not None:
        background = cases.FULL[200:260]
    ours, asked = both(name, background=background, sample_weight=weights)
    assert ours.manifest["structure"] == "trees"
    assert asked.manifest["structure"] is None
    assert ours.sets == asked.sets
    np.testing.assert_allclose(ours.values, asked.values, atol=1e-8)
    np.testing.assert_allclose(ours.estimate.parts["h_squared"], asked.estimate.parts["h_squared"], atol=1e-9)
    assert {c.code for c in ours.caveats} == {c.code for c in asked.caveats}
    assert ours.error == asked.error
    assert "all of them evaluation points" in ours.error
    assert "drawn" not in ours.error


def test_errors_are_those_of_single_rows_but_for_the_luck_of_batches():
    ours, asked = both("a forest", slice(0, 600))
    ratio = ours.std_error / asked.std_error
    assert 0.75 < np.median(ratio) < 1.3
    np.testing.assert_allclose(ratio, 1, atol=0.45)


def test_the_model_is_asked_for_its_predictions_alone():
    model, data, _ = cases.fitted("boosting")
    e = sp.HStatistic().explain(model, data)
    assert e.cost.rows == len(data)
    assert "all pairs of rows" in e.estimator
    assert "trees" in e.estimator
    plan = sp.HStatistic().plan(model, data)
    assert plan.rows == len(data)
    assert "trees" in str(plan)


@pytest.mark.parametrize("explainer", [
    sp.HStatistic(order=3, n_draws=10),
    sp.HStatistic(estimator="incomplete", n_draws=20),
    sp.HStatistic(estimator="pairs", n_draws=20),
    sp.HStatistic(groups={"two": ["x0", "x1"]}, n_draws=20),
])  # fmt: skip
def test_what_asks_for_more_goes_to_the_model(explainer):
    model, data, _ = cases.fitted("boosting")
    e = explainer.explain(model, data)
    assert e.manifest["structure"] is None
    assert e.cost.rows > len(data)


def test_a_model_whose_answers_are_no_sum_is_asked():
    model, data, _ = cases.fitted("histograms of two")
    e = sp.HStatistic(n_draws=15).explain(model, data)
    assert e.manifest["structure"] is None


@pytest.mark.parametrize("features", [["x3", "x0", "x1"], ["x2"], ["x1", "x0"]])
def test_features_in_any_order(features):
    model, data, _ = cases.fitted("boosting")
    e = sp.HStatistic(features=features).explain(model, data[:80])
    asked = sp.HStatistic(features=features, n_draws=None).explain(sp.adapt(model, structure=False), data[:80])
    assert e.sets == asked.sets
    np.testing.assert_allclose(e.values, asked.values, atol=1e-9)


@pytest.mark.usefixtures("unlooked")
def test_intervals_cover_the_statistics_of_many_rows():
    rng = np.random.default_rng(3)

    def table(n):
        X = rng.normal(size=(n, 3))
        X[:, 1] += 0.5 * X[:, 0]
        return X

    X = table(3_000)
    model = cases.ensemble.GradientBoostingRegressor(n_estimators=40, random_state=0)
    model = model.fit(X, X[:, 0] * X[:, 1] + X[:, 2])
    adapter, explainer = sp.adapt(model), sp.HStatistic()
    truth = explainer.explain(adapter, table(30_000)).values[[0, 1, 3], 0]
    held = []
    for _ in range(150):
        e = explainer.explain(adapter, table(400)).estimate
        held.append((e.lower[[0, 1, 3], 0] <= truth) & (truth <= e.upper[[0, 1, 3], 0]))
    assert (np.mean(held, axis=0) > 0.9).all()
    assert np.mean(held) < 0.995
