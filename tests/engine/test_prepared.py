"""A prepared explainer gives the bits of an unprepared one, and does only once what can be done once."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import sipakit as sp
from sipakit.checks import same
from sipakit.engine import Prepared
from sipakit.errors import InputError

rng = np.random.default_rng(0)
BEHIND = pd.DataFrame({"a": rng.normal(size=80), "b": rng.integers(0, 9, 80), "c": rng.choice(["x", "y", None], 80)})
ROWS = BEHIND.iloc[[3, 40]].reset_index(drop=True)
WEIGHTS = rng.uniform(0.5, 2, 80)
EXPLAINERS = {
    "CeterisParibus": sp.CeterisParibus(background=BEHIND),
    "LIME": sp.LIME(background=BEHIND, n_samples=256),
    "PartialDependence": sp.PartialDependence(background=BEHIND),
    "Shapley": sp.Shapley(background=BEHIND, estimator="permutation"),
}


def model(frame):
    return (frame["a"] * frame["b"] + (frame["c"] == "x")).to_numpy()


def numbers(result):
    return result.estimate.columns(), result.caveats, result.manifest


@pytest.mark.parametrize("name", EXPLAINERS)
def test_a_prepared_explainer_gives_the_same_bits_and_caveats(name):
    explainer = EXPLAINERS[name]
    ready = explainer.prepare(model)
    for rows in (ROWS, ROWS[:1], BEHIND):
        assert same(numbers(ready.explain(rows)), numbers(explainer.explain(model, rows)))


@pytest.mark.parametrize("name", EXPLAINERS)
def test_rows_explained_one_after_the_other_are_explained_as_each_by_itself(name):
    behind = BEHIND.assign(
        level=pd.Categorical(BEHIND["b"].map("level {}".format)),
        rank=pd.Categorical(BEHIND["b"] // 3, ordered=True),
        day=pd.date_range("2024-01-01", periods=80),
        flag=BEHIND["a"] > 0,
    )
    explainer = replace(EXPLAINERS[name], background=behind)
    ready = explainer.prepare(model)
    for i in (2, 41, 2, 7):
        row = behind[i : i + 1]
        made, alone = ready.explain(row), explainer.explain(model, row)
        assert same(numbers(made), numbers(alone))
        assert same(getattr(made, "axes", None), getattr(alone, "axes", None))


@pytest.mark.parametrize("name", EXPLAINERS)
def test_it_travels_to_another_process(name):
    ready = EXPLAINERS[name].prepare(model)
    before = numbers(ready.explain(ROWS))
    assert same(numbers(pickle.loads(pickle.dumps(ready)).explain(ROWS)), before)


def test_the_background_is_predicted_once_and_manners_are_looked_at_once():
    asked = []

    def counted(frame):
        asked.append(len(frame))
        return model(frame)

    ready = EXPLAINERS["Shapley"].prepare(counted)
    assert sum(asked) == 64 + 32 + 80
    asked.clear()
    cost = ready.explain(ROWS).cost
    assert sum(asked) == cost.rows
    assert cost.check_rows == 0
    assert EXPLAINERS["Shapley"].explain(model, ROWS).cost.rows == cost.rows + 80


def test_rows_of_a_wider_type_are_explained_as_without_preparation():
    rows = ROWS.assign(b=[0.5, 2.5])  # the background's whole numbers become floats
    explainer = EXPLAINERS["Shapley"]
    ready = explainer.prepare(model)
    assert same(numbers(ready.explain(rows)), numbers(explainer.explain(model, rows)))
    assert same(numbers(ready.explain(ROWS)), numbers(explainer.explain(model, ROWS)))


def test_weights_of_the_background_are_kept():
    explainer = EXPLAINERS["Shapley"]
    weighed, plain = explainer.prepare(model, background_weight=WEIGHTS), explainer.prepare(model)
    base = weighed.explain(ROWS).base_values
    np.testing.assert_allclose(base, np.average(model(BEHIND), weights=WEIGHTS))
    np.testing.assert_allclose(plain.explain(ROWS).base_values, model(BEHIND).mean())


def test_targets_budgets_and_workers_are_taken_as_by_explain():
    explainer = EXPLAINERS["Shapley"]
    ready = explainer.prepare(model)
    for how in ({"budget": 3_000}, {"n_jobs": 2}):
        assert same(numbers(ready.explain(ROWS, **how))[0], numbers(explainer.explain(model, ROWS, **how))[0])
    with pytest.raises(InputError, match="n_jobs=0 cannot be used"):
        ready.explain(ROWS, n_jobs=0)
    with pytest.raises(InputError, match="background lacks 'd'"):
        ready.explain(ROWS.rename(columns={"c": "d"}))


@pytest.mark.parametrize("explainer", [sp.ALE(), sp.Shapley(), sp.PermutationImportance()])
def test_without_a_background_there_is_nothing_to_prepare(explainer):
    name = type(explainer).__name__
    with pytest.raises(InputError, match=f"{name} has no background to be prepared with.*{name}.background=X_train"):
        explainer.prepare(model)


def test_its_repr_tells_what_it_is():
    ready = EXPLAINERS["LIME"].prepare(model)
    assert isinstance(ready, Prepared)
    assert repr(ready) == "<LIME(background=<DataFrame 80 x 3>, n_samples=256), prepared with 80 background rows>"


def test_gradients_too():
    torch = pytest.importorskip("torch")
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    behind, rows = rng.normal(size=(20, 3)), rng.normal(size=(2, 3))
    explainer = sp.IntegratedGradients(background=behind)
    made, again = explainer.prepare(network).explain(rows), explainer.explain(network, rows)
    np.testing.assert_array_equal(made.values, again.values)
    assert made.cost == replace(
        again.cost,
        rows=again.cost.rows - 20 * ("background" in explainer.uses),
        check_rows=0,
        seconds_in_model=made.cost.seconds_in_model,
        seconds_outside=made.cost.seconds_outside,
    )


def test_what_is_said_of_arrays_and_frames_is_said_here_too():
    fitted = LinearRegression().fit(BEHIND[["a", "b"]].to_numpy(), np.zeros(80))
    explainer = sp.Shapley(background=BEHIND[["a", "b"]])
    made = explainer.prepare(fitted).explain(ROWS[["a", "b"]])
    assert "SIPA004" in [one.code for one in made.caveats]
    assert same(numbers(made), numbers(explainer.explain(fitted, ROWS[["a", "b"]])))


def test_functions_get_the_rows_own_kind_of_frame_whatever_the_background_is():
    polars = pytest.importorskip("polars")
    kinds = []

    def function(frame):
        kinds.append(type(frame))
        return np.asarray(frame["a"]) * np.asarray(frame["b"])

    ready = sp.Shapley(background=BEHIND[["a", "b"]]).prepare(function)
    kinds.clear()
    ready.explain(polars.DataFrame({"a": [0.5], "b": [3]}))
    assert set(kinds) == {polars.DataFrame}
