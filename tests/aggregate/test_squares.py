"""Mean squares in few contexts a point: no bias by their noise, and errors that know of rows that serve twice."""

import numpy as np
import pytest

from sipakit.aggregate import Incomplete


def drawn(rng, m, d, rows):
    return Incomplete(np.arange(m), rng.integers(0, rows, (m, d)) + m, np.full(m, 1 / m))


def test_contexts_add_no_bias():
    rng = np.random.default_rng(0)
    found = [
        drawn(rng, 50, 2, 10**9).square(rng.normal(size=(50, 1, 1)) + 3 * rng.normal(size=(50, 2, 1))).value
        for _ in range(2000)
    ]
    assert abs(np.mean(found) - 1) < 4 * np.std(found) / np.sqrt(len(found))


@pytest.mark.parametrize(("m", "rows"), [(200, 10**9), (400, 60)])
def test_errors_are_right_where_contexts_are_new_and_where_they_come_again(m, rows):
    rng = np.random.default_rng(1)
    values, variances = [], []
    for _ in range(600):
        design = drawn(rng, m, 3, rows)
        heights = rng.normal(size=min(rows, 10**5))
        slopes = heights[(design.contexts - m) % len(heights)][..., None]
        square = design.square(rng.normal(size=(m, 1, 1)) * (1 + 0.5 * slopes))
        values.append(square.value[0])
        variances.append(design.spread(square).variance[0])
    assert 0.85 < np.mean(variances) / np.var(values) < 1.2


def test_one_point_has_an_endless_error():
    square = drawn(np.random.default_rng(0), 1, 3, 5).square(np.ones((1, 3, 1)))
    assert np.isinf(drawn(np.random.default_rng(0), 1, 3, 5).spread(square).variance).all()


def test_the_product_of_what_is_known_with_itself_is_its_square():
    rng = np.random.default_rng(2)
    design, known = drawn(rng, 30, 4, 100), rng.normal(size=(30, 2))
    values = np.repeat(known[:, None], 4, axis=1)
    np.testing.assert_allclose(design.product(values, known).value, design.square(values).value)
    np.testing.assert_allclose(design.product(values, known).by_point, design.square(values).by_point)


@pytest.mark.parametrize(("m", "rows"), [(200, 10**9), (400, 60)])
def test_products_have_no_bias_and_the_right_errors(m, rows):
    rng = np.random.default_rng(3)
    values, variances = [], []
    for _ in range(600):
        design = drawn(rng, m, 2, rows)
        heights = rng.normal(size=min(rows, 10**5))
        slopes = heights[(design.contexts - m) % len(heights)][..., None]
        known = rng.normal(size=(m, 1))
        product = design.product(known[:, None] * (1 + 0.5 * slopes) + slopes, known)
        values.append(product.value[0])
        variances.append(design.spread(product).variance[0])
    assert abs(np.mean(values) - 1) < 4 * np.std(values) / np.sqrt(len(values))
    assert 0.85 < np.mean(variances) / np.var(values) < 1.2
