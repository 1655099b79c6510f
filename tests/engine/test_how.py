"""How a call is run: what its arguments take."""

import numpy as np
import pytest

import sipakit as sp
from sipakit.engine import Budget, How

X = np.random.default_rng(0).normal(size=(30, 2))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_jobs", 0),
        ("n_jobs", 1.5),
        ("n_jobs", True),
        ("n_jobs", "two"),
        ("budget", "soon"),
        ("budget", -1),
        ("tolerance", 0),
        ("tolerance", -0.1),
        ("tolerance", np.inf),
        ("tolerance", np.nan),
        ("tolerance", "0.1"),
        ("tolerance", True),
        ("on_bad", "ignore"),
        ("on_bad", None),
        ("on_bad", ["drop"]),
        ("on_interrupt", "return"),
        ("on_interrupt", True),
    ],
)
def test_what_cannot_be_used_is_named_with_what_is_allowed(name, value):
    for call in (
        lambda: How(**{name: value}),
        lambda: sp.PartialDependence().explain(lambda X: X[:, 0], X, **{name: value}),
        lambda: sp.explain(lambda X: X[:, 0], X, methods=["ale"], **{name: value}),
        lambda: sp.LIME(background=X).prepare(lambda X: X[:, 0]).explain(X[:1], **{name: value}),
    ):
        with pytest.raises(sp.InputError, match=f"^{name}=.* It takes .* Leave {name}= out"):
            call()


def test_what_is_not_given_is_the_usual():
    how = How()
    assert (how.workers, how.cap, how.drops, how.tolerance) == (1, None, False, None)
    assert How(budget=Budget(rows=3)).cap == How(budget=3).cap == Budget(rows=3)
    assert How(tolerance=np.float32(0.5)).tolerance == 0.5
