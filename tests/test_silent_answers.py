"""What other libraries answer wrongly without a word: the right numbers, found here by hand.

The cases are those of test_bad_inputs.py that have no plain form to be compared with.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import sipakit as sp

N = 40
RNG = np.random.default_rng(0)
A = RNG.normal(size=(N, 2))
X = pd.DataFrame(A, columns=["a", "b"])


def with_gaps(Z):
    """Answers a missing or infinite ``b`` in a way of its own."""
    b = np.asarray(Z["b"], float)
    return 3 * np.asarray(Z["a"], float) + np.where(np.isnan(b), 7.0, np.clip(b, -5, 5))


def curve_by_hand(model, Z, name, values):
    """Mean answer when a column has one value in every row."""
    return np.array([model(Z.assign(**{name: value})).mean() for value in values])


def test_a_curve_has_the_finite_values_and_one_place_for_missing_cells():
    Z = X.assign(b=np.where(np.arange(N) % 4 == 0, np.nan, np.round(A[:, 1])))
    e = sp.PartialDependence(features=["b"]).explain(with_gaps, Z)
    known = np.unique(Z["b"].dropna())
    assert e.axes[0].labels == (*(f"{v:g}" for v in known), "missing")
    wanted = [*curve_by_hand(with_gaps, Z, "b", known), *curve_by_hand(with_gaps, Z, "b", [np.nan])]
    np.testing.assert_allclose(e.values[0][:, 0], wanted)


def test_a_curve_ends_at_finite_values_and_says_how_many_are_not():
    Z = X.assign(b=np.where(np.arange(N) % 8 == 0, np.inf, np.round(A[:, 1])))
    e = sp.PartialDependence(features=["b"]).explain(with_gaps, Z)
    known = np.unique(Z["b"])[:-1]
    np.testing.assert_array_equal(e.axes[0].positions, known)
    np.testing.assert_allclose(e.values[0][:, 0], curve_by_hand(with_gaps, Z, "b", known))
    assert any("'b' of X has 5 infinite values" in found.message for found in e.caveats)


def test_one_row_has_values_with_infinite_errors_and_never_a_nan():
    e = sp.PermutationImportance().explain(with_gaps, X[:1], with_gaps(X[:1]))
    frame = e.frame()
    assert (frame["estimate"] == 0).all()
    assert np.isinf(frame["std_error"]).all()
    assert "SIPA011" in {found.code for found in e.caveats}


def test_a_background_that_is_the_row_gives_zeros_and_says_so():
    e = sp.Shapley().explain(with_gaps, X[:1])
    assert (e.values == 0).all()
    assert "SIPA031" in {found.code for found in e.caveats}


def test_an_area_under_the_curve_of_one_class_is_refused():
    classifier = LogisticRegression().fit(X, A[:, 0] > 0)
    with pytest.raises(sp.InputError, match=r"scoring='roc_auc' gives nan on 40 rows\. .* Check the targets"):
        sp.PermutationImportance(scoring="roc_auc").explain(classifier, X, np.ones(N, bool))


def test_whole_numbers_beyond_floats_reach_the_model_whole():
    Z = X.assign(b=2**53 + np.arange(N))

    def parity(Z):
        assert Z["b"].dtype == np.int64
        return (Z["b"].to_numpy() % 2).astype(float)

    e = sp.PermutationImportance(features=["b"]).explain(parity, Z, parity(Z))
    assert e.values[0, 0] == pytest.approx(0.5, abs=0.1)  # half of all rows get another parity
    curve = sp.PartialDependence(features=["b"], grid_resolution="all").explain(parity, Z)
    np.testing.assert_array_equal(curve.values[0][:, 0], curve.axes[0].values % 2)
    assert "SIPA006" in {found.code for found in curve.caveats}  # neighbours that are one float share a place


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, bool])
def test_a_curve_of_a_narrow_column_takes_values_that_occur_in_its_own_type(dtype):
    Z = X.assign(b=(RNG.integers(0, 250, N) % 7 * 40).astype(np.int64).astype(dtype))
    seen = set()

    def model(Z):
        assert Z["b"].dtype == dtype
        seen.update(Z["b"].tolist())
        return Z["b"].to_numpy().astype(float)

    e = sp.PartialDependence(features=["b"]).explain(model, Z)
    assert seen == set(Z["b"].tolist())
    np.testing.assert_array_equal(e.values[0][:, 0], np.unique(Z["b"]))


def test_names_of_other_things_are_names_of_features():
    names = ["_full_model_", "estimate"]
    e = sp.PermutationImportance().explain(lambda Z: 3 * Z.iloc[:, 0], X.set_axis(names, axis=1), 3 * A[:, 0])
    plain = sp.PermutationImportance().explain(lambda Z: 3 * Z.iloc[:, 0], X, 3 * A[:, 0])
    assert e.frame()["feature"].tolist() == names
    np.testing.assert_array_equal(e.values, plain.values)


def test_rows_without_weight_do_not_count():
    weights = (np.arange(N) < 25).astype(float)
    weighted = sp.PartialDependence().explain(with_gaps, X, sample_weight=weights)
    fewer = sp.PartialDependence().explain(with_gaps, X[:25])
    for one, other in zip(weighted.values, fewer.values, strict=True):
        np.testing.assert_allclose(one, other)


def test_levels_have_their_own_curve_whatever_holds_them_and_in_any_order():
    city = RNG.choice(["Rome", "Oslo", "Lima"], N)

    def model(Z):
        return 5.0 * (Z["b"].astype(str) == "Rome").to_numpy() + Z["a"].to_numpy()

    for column in (city, pd.Categorical(city, ["Rome", "Lima", "Oslo", "Bonn"]), pd.array(city, "str")):
        e = sp.PartialDependence(features=["b"]).explain(model, X.assign(b=column))
        found = dict(zip(e.axes[0].labels, e.values[0][:, 0], strict=True))
        assert found == pytest.approx({v: A[:, 0].mean() + 5 * (v == "Rome") for v in ("Lima", "Oslo", "Rome")})


def test_the_order_of_a_background_is_told_where_a_function_may_read_by_position():
    e = sp.Shapley(background=X).explain(lambda Z: np.asarray(Z)[:, 0], X[["b", "a"]][:3])
    (found,) = [one for one in e.caveats if one.code == "SIPA001"]
    assert "background had them in another order than X" in str(found)
    assert "reads columns by position" in str(found)
    np.testing.assert_allclose(e.values[:, 1, 0], 0)  # position 0 is X's own first column
    np.testing.assert_allclose(e.values[:, 0, 0], A[:3, 1] - A[:, 1].mean())
