"""LIME: slopes around the row, errors that hold over seeds, and neighbours of every kind of column."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from tests.analytic import T1, T10
from tests.explainers import mixed


def standard(p=2, n=400, seed=0):
    """A background with mean 0 and standard deviation 1 in every column."""
    Z = np.random.default_rng(seed).normal(size=(n, p))
    return (Z - Z.mean(axis=0)) / Z.std(axis=0)


def square(X):
    return X[:, 0] ** 2


def slope(e, row=0, feature=0, output=0):
    return e.estimate.parts["slope"][row, feature, output]


@pytest.mark.parametrize("x0", [-2.0, 0.0, 1.5])
@pytest.mark.parametrize("width", [0.3, 0.75, 3.0])
def test_the_slope_of_a_square_is_that_at_the_row(x0, width):
    """Neighbours around the row, not around the mean of the data: no shrinkage for any kernel."""
    e = sp.LIME(background=standard(1), kernel_width=width).explain(square, np.array([[x0]]))
    error = e.estimate.parts["slope_std_error"][0, 0, 0]
    assert abs(slope(e) - T10.lime_slope_around_the_row(x0)) < 4 * error + 1e-9
    assert error < 0.05


def test_slopes_are_in_the_features_own_units():
    Z = standard(2) * [10.0, 0.1]
    e = sp.LIME(background=Z).explain(lambda X: 3 * X[:, 0] - X[:, 1], np.array([[5.0, 0.3]]))
    np.testing.assert_allclose(e.estimate.parts["slope"][0, :, 0], [3, -1])
    np.testing.assert_allclose(e.values[0, :, 0], [30, -0.1])


def test_a_linear_model_is_met_exactly():
    X = T1.sample(3, np.random.default_rng(0))
    e = sp.LIME(background=T1.sample(200, np.random.default_rng(1))).explain(T1.predict, X)
    np.testing.assert_allclose(e.estimate.parts["slope"][:, :, 0], np.tile(T1.a, (3, 1)), atol=1e-9)
    np.testing.assert_allclose(e.fit, 1)
    np.testing.assert_allclose(e.std_error, 0, atol=1e-9)
    np.testing.assert_allclose(e.base_values[:, 0], T1.predict(X), atol=1e-9)


def test_coefficients_are_those_of_weighted_least_squares_with_many_plain_draws():
    Z, x = standard(3), np.array([[0.5, -1.0, 0.2]])

    def predict(X):
        return np.sin(2 * X[:, 0]) * X[:, 1] + np.exp(X[:, 2])

    e = sp.LIME(background=Z).explain(predict, x)
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(400_000, 3))
    root = np.sqrt(np.exp(-(steps**2).sum(axis=1) / (2 * 0.75**2 * 3)))[:, None]
    design = np.column_stack([np.ones(len(steps)), steps])
    beta = np.linalg.lstsq(design * root, predict(x + steps)[:, None] * root)[0][:, 0]
    mixed.assert_within(e.values[0, :, 0], beta[1:], e.std_error[0, :, 0] + 0.01)
    np.testing.assert_allclose(e.base_values[0, 0], beta[0], atol=0.02)


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize("n_samples", [512, 4096])
def test_errors_hold_over_seeds(n_samples):
    Z, x = standard(3), np.array([[0.5, -1.0, 0.2]])

    def predict(X):
        return np.sin(2 * X[:, 0]) * X[:, 1] + np.abs(X[:, 2])

    runs = [sp.LIME(background=Z, n_samples=n_samples, random_state=s).explain(predict, x) for s in range(60)]
    values = np.array([e.values[0, :, 0] for e in runs])
    told = np.sqrt(np.mean([e.std_error[0, :, 0] ** 2 for e in runs], axis=0))
    ratio = told / values.std(axis=0, ddof=1)
    assert (ratio > 0.75).all(), ratio
    assert (ratio < 1.5).all(), ratio


def test_quasi_random_neighbours_beat_plain_ones():
    Z, x = standard(4), np.array([[0.5, -1.0, 0.2, 0.0]])

    def predict(X):
        return X[:, 0] ** 2 + X[:, 1] * X[:, 2]

    runs = [sp.LIME(background=Z, random_state=s).explain(predict, x) for s in range(20)]
    ours = np.std([e.values[0, :, 0] for e in runs], axis=0)
    plain = []
    for seed in range(20):
        steps = np.random.default_rng(seed).normal(size=(4096, 4))
        root = np.sqrt(np.exp(-(steps**2).sum(axis=1) / (2 * 0.75**2 * 4)))[:, None]
        design = np.column_stack([np.ones(len(steps)), steps])
        plain.append(np.linalg.lstsq(design * root, predict(x + steps)[:, None] * root)[0][1:, 0])
    assert (np.std(plain, axis=0) ** 2 > 2 * ours**2).all()


def test_equal_seeds_give_equal_bits_and_rows_do_not_depend_on_each_other():
    X, behind = mixed.table(6, seed=1), mixed.table(100)
    one = sp.LIME(background=behind, n_samples=512).explain(mixed.score, X)
    two = sp.LIME(background=behind, n_samples=512).explain(mixed.score, X, n_jobs=2)
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.std_error, two.std_error)
    other = sp.LIME(background=behind, n_samples=512, random_state=1).explain(mixed.score, X)
    assert (one.values != other.values).any()


def test_neighbours_keep_the_dtypes_and_values_of_their_columns():
    X, behind = mixed.table(8, seed=2), mixed.table(100)
    behind["tiny"] = X["tiny"] = np.int8(3)
    behind["tiny"] = np.arange(100, dtype=np.int8)
    seen = []

    def predict(Z):
        seen.append(Z)
        return mixed.score(Z) + Z["tiny"]

    e = sp.LIME(background=behind, n_samples=256).explain(predict, X)
    assert np.isfinite(e.values).all()
    for Z in seen:
        assert Z.dtypes.equals(X.dtypes)
        assert set(Z["text"].dropna()) <= {"red", "green", "blue"}
        assert set(Z["level"]) <= set("uvw")
    neighbours = pd.concat(seen)
    assert neighbours["tiny"].between(-128, 127).all()
    assert neighbours["whole"].nunique() > 5
    assert neighbours["same"].eq(7).all()
    assert neighbours["when"].nunique() > 100


def test_nullable_and_time_zone_columns_keep_their_dtypes():
    behind = pd.DataFrame(
        {
            "whole": pd.array([1, 2, None, 5] * 10, dtype="Int64"),
            "part": pd.array([0.5, None, 1.5, 2.0] * 10, dtype="Float32"),
            "when": pd.Series(pd.date_range("2024-01-01", periods=40, tz="Europe/Rome")),
            "wait": pd.to_timedelta(np.arange(40), unit="min"),
            "word": pd.array(["a", None, "b", "a"] * 10, dtype="string"),
        }
    )

    def predict(Z):
        assert Z.dtypes.equals(behind.dtypes)
        return Z["whole"].fillna(0).to_numpy(float) + 2 * Z["part"].fillna(-1).to_numpy(float)

    e = sp.LIME(background=behind, n_samples=256).explain(predict, behind.head(3))
    assert np.isfinite(e.values).all()
    # a missing cell has no slope, and one that is there has
    assert np.isnan(slope(e, 2, 0))
    assert slope(e, 0, 0) == pytest.approx(1, abs=0.05)
    assert np.isnan(slope(e, 1, 1))
    assert slope(e, 0, 1) == pytest.approx(2, abs=1e-6)


def test_a_level_counts_from_another_value_to_the_rows_own():
    behind = pd.DataFrame({"c": ["a", "b"] * 50, "x": np.linspace(-1, 1, 100)})
    effect = {"a": 0.0, "b": 5.0}
    e = sp.LIME(background=behind).explain(lambda Z: Z["c"].map(effect), behind.head(2))
    np.testing.assert_allclose(e.values[:, 0, 0], [-5, 5], atol=1e-9)
    np.testing.assert_allclose(e.values[:, 1, 0], 0, atol=1e-9)


def test_infinite_cells_are_kept_or_exchanged():
    behind = standard(2)
    e = sp.LIME(background=behind).explain(lambda X: np.minimum(X[:, 0], 3.0), np.array([[np.inf, 0.0]]))
    assert np.isfinite(e.values).all()
    assert e.values[0, 0, 0] > 1


def test_constant_and_unused_features_have_no_attribution():
    behind = mixed.table(80).assign(extra=np.random.default_rng(0).normal(size=80))
    e = sp.LIME(background=behind).explain(mixed.score, behind.head(2))
    np.testing.assert_allclose(e.values[:, list(e.features).index("same")], 0, atol=1e-9)
    extra = list(e.features).index("extra")
    mixed.assert_within(e.values[:, extra], 0, e.std_error[:, extra])


def test_several_outputs():
    X, behind = mixed.table(2, seed=3), mixed.table(60)
    both = sp.LIME(background=behind, n_samples=512).explain(mixed.scores, X)
    one = sp.LIME(background=behind, n_samples=512).explain(mixed.score, X)
    assert both.values.shape == (2, 8, 2)
    np.testing.assert_allclose(both.values[..., :1], one.values, atol=1e-9)
    assert both.fit.shape == (2, 2)


@pytest.mark.parametrize("n_samples", [64, 1000, 5000])
def test_any_number_of_samples(n_samples):
    e = sp.LIME(background=standard(2), n_samples=n_samples).explain(square, np.array([[1.0, 0.0]]))
    assert e.cost.asked == n_samples // 16 * 16
    assert slope(e) == pytest.approx(2, abs=0.7)


def test_a_poor_fit_is_told():
    e = sp.LIME(background=standard(1)).explain(lambda X: np.sin(20 * X[:, 0]), np.array([[0.0]]))
    assert "SIPA028" in {c.code for c in e.caveats}
    good = sp.LIME(background=standard(1)).explain(lambda X: X[:, 0], np.array([[0.0]]))
    assert not [c for c in good.caveats if c.code == "SIPA028"]


def test_a_constant_model_fits():
    e = sp.LIME(background=standard(2)).explain(lambda X: np.ones(len(X)), np.zeros((1, 2)))
    np.testing.assert_array_equal(e.values, 0)
    np.testing.assert_array_equal(e.fit, 1)


def test_it_needs_a_background_and_does_not_add_up():
    with pytest.raises(sp.InputError, match="needs a background"):
        sp.LIME().explain(square, np.zeros((3, 2)))
    e = sp.LIME(background=standard(2)).explain(square, np.ones((1, 2)))
    assert not e.additive
    assert e.completeness_gap is None
