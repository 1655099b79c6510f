"""Arrays of an explanation that are not of the same rows, features or outputs are refused, by field."""

import dataclasses

import numpy as np
import pytest

import sipakit as sp
from sipakit.documents.shapes import refuse_other_shapes
from sipakit.documents.text import loads
from sipakit.estimate import Estimate
from tests.documents.made import CASES, real
from tests.documents.test_text import body_of, signed
from tests.variants import VARIANTS

FREE = {"replicates", "curves"}  # alone tell how many parts, places or rows there are


def arrays(e):
    """Fields that hold arrays, but the estimate."""
    held = {field.name: getattr(e, field.name) for field in dataclasses.fields(e) if field.name != "estimate"}
    return {name: value for name, value in held.items() if isinstance(value, (np.ndarray, Estimate))}


def longer(value):
    """The same with one more along the first axis."""
    if isinstance(value, Estimate):
        return Estimate.exact(longer(value.values))
    return np.concatenate([value, value[:1]]) if len(value) else np.ones((1, *value.shape[1:]), value.dtype)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_explainers_answer_fits(variant):
    if "Gradients" in variant:
        pytest.importorskip("torch")
    refuse_other_shapes(real(variant))


@pytest.mark.parametrize("explanation", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_every_array_that_is_longer_is_refused(explanation):
    refuse_other_shapes(explanation)
    for name, value in arrays(explanation).items():
        if name not in FREE:
            with pytest.raises((ValueError, IndexError)):
                refuse_other_shapes(dataclasses.replace(explanation, **{name: longer(value)}))


def test_a_forged_file_is_refused_by_field():
    e = real("Shapley")
    forged = dataclasses.replace(e, predictions=longer(e.predictions))
    with pytest.raises(sp.InputError, match="x is no Attributions: predictions has the shape"):
        loads(signed(body_of(forged)), "x")
