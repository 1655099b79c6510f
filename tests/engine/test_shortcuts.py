"""What a model's structure tells is taken where it gives the model's own answers, and asked for once."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import sipakit as sp
from sipakit.adapters import adapt
from sipakit.engine import shortcuts
from tests.adapters import linear_cases
from tests.adapters.trees import cases


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(shortcuts, "_ENOUGH", 0)


def test_terms_that_do_not_give_the_models_answers_are_not_used(small):
    class Clipped(Ridge):
        def predict(self, X):
            return np.maximum(super().predict(X), 0)

    X = np.random.default_rng(0).normal(size=(300, 2))
    adapter = adapt(Clipped().fit(X, X @ [2.0, -1.0]))
    object.__setattr__(adapter, "structure", adapt(Ridge().fit(X, X @ [2.0, -1.0])).structure)
    e = sp.ALE().explain(adapter, X)
    assert "SIPA033" in {c.code for c in e.caveats}
    assert e.manifest["structure"] is None
    assert "terms" in next(c.message for c in e.caveats if c.code == "SIPA033")


def test_trees_that_do_not_give_the_models_answers_are_not_used(small):
    pytest.importorskip("numba")
    fitted, data, _ = cases.fitted("a forest")

    class Capped(type(fitted)):
        def predict(self, X):
            return np.minimum(super().predict(X), 2)

    capped = Capped(n_estimators=8, random_state=0).fit(data, cases.Y)
    adapter = adapt(capped)
    assert adapter.structure is None  # another class is not read at all
    object.__setattr__(adapter, "structure", adapt(fitted).structure)
    e = sp.ALE().explain(adapter, data)
    assert "SIPA033" in {c.code for c in e.caveats}
    assert e.manifest["structure"] is None


def test_methods_of_a_study_share_one_walk(small, monkeypatch):
    pytest.importorskip("numba")
    fitted, data, _ = cases.fitted("a forest")
    walks, original = [], shortcuts.trace

    def counted(trees, table, read):
        walks.append(len(table))
        return original(trees, table, read)

    monkeypatch.setattr(shortcuts, "trace", counted)
    methods = [sp.PartialDependence(), sp.ICE(grid_resolution=5), sp.ALE(), sp.PermutationImportance()]
    study = sp.explain(fitted, data, cases.Y, methods=methods)
    assert walks == [600]
    assert {e.manifest["structure"] for e in study.values()} == {"trees"}
    assert all(e.estimator.endswith("answers follow from the model's trees") for e in study.values())


def test_small_tables_are_answered_by_the_model():
    fitted, _ = linear_cases.fitted("ridge")
    assert sp.ALE(features=["age"]).explain(fitted, linear_cases.frame()).manifest["structure"] is None
