"""An explainer's parameters: checked by one table of rules, kept, shown and cloned."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import sipakit as sp
from sipakit.explainer import Explainer, Round
from sipakit.table import Table
from sipakit.task import Task, resolve_features
from tests.variants import VARIANTS

X = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.0, 1.0, 0.0]})


class Steps(Explainer):
    """The five abstract steps, none of which is taken here."""

    question = "What?"
    references = ("Nobody (2020)",)

    def start(self, task):
        message = "the steps of this stand-in are never taken"
        raise AssertionError(message)

    next_round = sample = intervene = aggregate = conclude = start


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Own(Steps):
    """An explainer with every parameter that has a rule, and two of its own."""

    rules: ClassVar = {"flavour": ("'sweet' or 'sour'", lambda v: v in ("sweet", "sour"))}
    features: Any = None
    flavour: Any = "sweet"
    anything: Any = None
    grid_resolution: Any = 30
    n_repeats: Any = 5
    n_draws: Any = None
    n_samples: Any = 64
    n_steps: Any = None
    max_depth: Any = 3
    n_folds: Any = 5
    order: Any = 2
    kernel_width: Any = None
    kind: Any = "tree"
    estimator: Any = "auto"
    centred: Any = False
    conf_level: float = 0.95
    random_state: int = 0


GOOD = {
    "grid_resolution": [2, "all", np.int64(7)],
    "n_repeats": [1, np.uint8(3)],
    "n_draws": [None, 2],
    "n_samples": [64],
    "n_steps": [None, 1],
    "max_depth": [1],
    "n_folds": [2],
    "order": [1, 2, 3],
    "kernel_width": [None, 1, 0.5],
    "kind": ["tree", "linear"],
    "estimator": ["auto", "enumeration", "permutation"],
    "centred": [True, False],
    "conf_level": [0.5, np.float64(0.9)],
    "random_state": [0, 2**40],
    "flavour": ["sour"],
    "anything": [(1, None), "x"],
}
BAD = {
    "grid_resolution": [1, 2.0, "ALL", None, True, float("nan")],
    "n_repeats": [0, None, 1.5, True, "1"],
    "n_draws": [1, 2.5, "all"],
    "n_samples": [63, None],
    "n_steps": [0, False],
    "max_depth": [0, None],
    "n_folds": [1, None],
    "order": [0, 4, 1.0, True],
    "kernel_width": [0, -1.0, float("inf"), float("nan"), True, "wide"],
    "kind": ["forest", None],
    "estimator": ["exact", None],
    "centred": [1, None, "yes"],
    "conf_level": [0.0, 1.0, 95, float("nan"), None],
    "random_state": [-1, 1.0, None, True],
    "flavour": ["salty", None],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in GOOD for value in GOOD[name]])
def test_a_parameter_is_kept_as_it_was_given(name, value):
    one = Own(**{name: value})
    assert one.param(name) is value
    assert one.get_params()[name] is value
    assert clone(one).param(name) == value
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, name, value)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in BAD for value in BAD[name]])
def test_a_wrong_value_is_refused_by_name(name, value):
    with pytest.raises(sp.InputError) as caught:
        Own(**{name: value})
    message = str(caught.value)
    assert f"Own({name}={value!r})" in message
    assert f"{name} takes " in message
    assert f"Leave {name}= out" in message


@pytest.mark.parametrize("features", ["a", 3, {"a": 1}, iter(["a"]), [["a"]]])
def test_features_that_are_no_list_of_names_are_refused_at_once(features):
    with pytest.raises(sp.InputTypeError, match="features="):
        Own(features=features)


def test_a_parameter_that_one_lacks_is_none():
    assert sp.ALE().param("groups") is None
    assert Own().param("groups") is None
    assert "rules" not in Own().get_params()


def test_what_is_shown_is_what_was_told():
    def score(y, p):
        return 0.0

    table = np.zeros((40, 3))
    one = Own(anything=table, n_repeats=7, conf_level=0.9, flavour="sour", features=["a"])
    assert repr(one) == ("Own(features=['a'], flavour='sour', anything=<ndarray 40 x 3>, n_repeats=7, conf_level=0.9)")
    assert repr(Own()) == "Own()"
    assert Own(anything=score).described()["anything"] == "<score>"
    assert Own(anything=X).described()["anything"] == "<DataFrame 3 x 2>"
    assert one.described() == {**one.get_params(), "anything": "<ndarray 40 x 3>"}
    assert repr(Own(n_repeats=5, kind="tree", n_draws=None)) == "Own()"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_clone_is_told_the_same(variant):
    one = VARIANTS[variant](X)
    other = clone(one)
    assert type(other) is type(one)
    assert repr(other) == repr(one)
    assert other.get_params().keys() == one.get_params().keys() == {field.name for field in dataclasses.fields(one)}


@pytest.mark.parametrize("variant", [name for name in VARIANTS if VARIANTS[name](X).param("background") is None])
def test_a_repr_makes_the_explainer_again(variant):
    one = VARIANTS[variant](X)
    assert eval(repr(one), {type(one).__name__: type(one)}).get_params() == one.get_params()  # noqa: S307


def test_about_tells_who_asked_what():
    table = Table.from_data(X)
    task = Task(
        rows=table,
        background=table,
        features=resolve_features(table, ["b", "g"], {"g": ["a"]}),
        outputs=("no", "yes"),
        target=None,
        weights=np.ones(3),
        background_weights=np.ones(3),
        scale="probability",
    )
    one = Own(conf_level=0.8, anything=X)
    assert one.about(task) == {
        "explainer": "Own",
        "parameters": one.described(),
        "question": "What?",
        "references": ("Nobody (2020)",),
        "features": ("b", "g"),
        "outputs": ("no", "yes"),
        "scale": "probability",
        "conf_level": 0.8,
    }
    assert one.design(task) is None


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_method_says_what_it_asks_and_where_it_comes_from(variant):
    one = VARIANTS[variant](X)
    assert one.question.endswith("?")
    assert one.references
    assert all(isinstance(reference, str) for reference in one.references)
    assert one.uses <= {"rows", "background"}
    assert one.needs <= {"target", "background", "gradient", "refit"}
    assert one.kinds <= {"number", "date", "ordered", "category"}


@pytest.mark.parametrize("step", ["start", "next_round", "sample", "intervene", "aggregate", "conclude"])
def test_an_explainer_without_a_step_cannot_be_made(step):
    less = type("Less", (Own,), {step: getattr(Explainer, step)})
    with pytest.raises(TypeError, match=step):
        less()


def test_a_round_is_a_value():
    one = Round(draws=5, rows=2)
    assert (one.number, one.note) == (0, None)
    assert one == Round(5, 2, 0, None)
    assert dataclasses.replace(one, number=1) != one
