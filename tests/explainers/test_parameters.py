"""Explainers and scikit-learn: `get_params` and `clone` work, `set_params` is left out, since explainers are frozen."""

import dataclasses

import pytest
from sklearn.base import clone

import sipakit as sp
from sipakit import explainers
from sipakit.checks import same
from tests.models import fitted
from tests.variants import VARIANTS


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_clone_is_equal_and_no_copy_of_the_object(variant):
    explainer = VARIANTS[variant](fitted("function").background)
    twin = clone(explainer)
    assert twin is not explainer
    assert type(twin) is type(explainer)
    assert repr(twin) == repr(explainer)
    assert same(twin.get_params(), explainer.get_params())
    assert same(type(explainer)(**explainer.get_params()).get_params(), explainer.get_params())


@pytest.mark.parametrize("name", explainers.__all__)
def test_parameters_are_changed_in_a_new_object_only(name):
    explainer = getattr(sp, name)() if name not in NEED_BACKGROUND else getattr(sp, name)(background=[[0.0]])
    assert not hasattr(explainer, "set_params")
    changed = dataclasses.replace(explainer, random_state=7)
    assert (changed.random_state, explainer.random_state) == (7, 0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        explainer.random_state = 7


NEED_BACKGROUND = {"CeterisParibus", "LIME", "IntegratedGradients"}
