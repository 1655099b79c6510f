"""How many more draws a tolerance wants."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sipakit.sample.enough import more_draws


@given(
    st.integers(2, 10**6),
    st.floats(1e-6, 1e3),
    st.floats(1e-6, 1e3),
    st.floats(1.0, 16.0),
)
def test_the_error_would_fall_to_the_tolerance_or_the_growth_is_spent(so_far, error, tolerance, growth):
    more = int(more_draws(so_far, np.array([error]), tolerance, growth=growth)[0])
    if error <= tolerance:
        assert more == 0
        return
    foreseen = error * np.sqrt(so_far / (so_far + more))
    assert foreseen <= tolerance * (1 + 1e-9) or so_far + more >= np.floor(so_far * growth)
    assert 1 <= more <= np.ceil(so_far * (growth - 1)) + 1


def test_each_has_draws_of_its_own():
    more = more_draws(np.array([10, 100]), np.array([0.2, 0.2]), 0.1, growth=10)
    assert more.tolist() == [30, 300]


def test_the_least_growth_is_kept():
    more = more_draws(np.array([1_000.0]), np.array([0.1001]), 0.1, growth=4, least=1.5)
    assert more.tolist() == [500]
    assert more_draws(1_000, np.array([0.09]), 0.1, growth=4, least=1.5).tolist() == [0]
