"""Comparison of made-up explanations with known agreement, and what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import sipakit as sp
from sipakit.evaluation import measures
from tests.evaluation.made import MANIFEST, RNG, VALUES, attributions, importances


def estimates(comparison, output="o0"):
    frame = comparison.agreement
    return frame[frame["output"] == output].set_index("measure")["estimate"].round(12).to_dict()


# Known answers ------------------------------------------------------------------------------------


def test_an_explanation_agrees_with_itself():
    found = sp.compare([attributions(), attributions()])
    perfect = {"spearman": 1, "spearman_absolute": 1, "same_sign": 1, "top_3": 1, "relative_distance": 0}
    assert estimates(found) == estimates(found, "o1") == perfect
    assert found.agreement["std_error"].max() < 1e-12


def test_the_opposite_agrees_in_size_and_in_nothing_else():
    found = sp.compare([attributions(), attributions(-VALUES)])
    opposite = {"spearman": -1, "spearman_absolute": 1, "same_sign": 0, "top_3": 1, "relative_distance": 2}
    assert estimates(found) == opposite


def test_means_over_rows_are_those_of_a_loop():
    other = VALUES + RNG.normal(size=VALUES.shape)
    found = sp.compare([attributions(), attributions(other)]).agreement.set_index(["measure", "output"])
    for o, output in enumerate(("o0", "o1")):
        pairs = list(zip(VALUES[:, :, o], other[:, :, o], strict=True))
        signed = np.array([stats.spearmanr(a, b)[0] for a, b in pairs])
        size = [stats.spearmanr(abs(a), abs(b))[0] for a, b in pairs]
        top = [len(set(np.argsort(-abs(a))[:3]) & set(np.argsort(-abs(b))[:3])) / 3 for a, b in pairs]
        apart = [2 * np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)) for a, b in pairs]
        line = found.xs(output, level="output")
        assert line.loc["spearman", "estimate"] == pytest.approx(signed.mean())
        assert line.loc["spearman", "std_error"] == pytest.approx(stats.sem(signed))
        assert line.loc["spearman_absolute", "estimate"] == pytest.approx(np.mean(size))
        assert line.loc["top_3", "estimate"] == pytest.approx(np.mean(top))
        assert line.loc["relative_distance", "estimate"] == pytest.approx(np.median(apart))
        assert (line["n_rows"] == 30).all()


def test_sign_is_asked_of_decided_features_only():
    one = np.zeros((2, 4, 1)) + np.array([1.0, -1.0, 0.01, 0.01])[None, :, None]
    two = np.zeros((2, 4, 1)) + np.array([1.0, 1.0, -0.01, 1.0])[None, :, None]
    # f2 is decided in neither; of the others f0 and f3 have the same sign
    assert estimates(sp.compare([attributions(one), attributions(two)]))["same_sign"] == pytest.approx(2 / 3)


def test_ties_share_ranks_and_places():
    tied = np.array([2.0, 1.0, 1.0, 1.0, 0.0]).reshape(1, 5, 1)
    clear = np.array([5.0, 4.0, 3.0, 2.0, 1.0]).reshape(1, 5, 1)
    assert measures.spearman(tied, clear).item() == pytest.approx(stats.spearmanr(tied.ravel(), clear.ravel())[0])
    assert measures.top_overlap(tied, clear).item() == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_rows_without_a_number_are_left_out_and_counted():
    flat = VALUES.copy()
    flat[:10] = 0
    frame = sp.compare([attributions(), attributions(flat)]).agreement.set_index(["measure", "output"])
    assert frame.loc[("spearman", "o0"), "n_rows"] == 20
    assert frame.loc[("relative_distance", "o0"), "n_rows"] == 30
    assert frame["estimate"].notna().all()


def test_a_measure_without_any_number_is_left_out_with_a_note():
    found = sp.compare([attributions(VALUES[:, :3]), attributions(VALUES[:, :3])])
    assert "top_3" not in estimates(found)
    assert any("'top_3'" in note for note in found.notes)


def test_standard_error_of_the_median_is_that_of_repetitions():
    draws = np.random.default_rng(1).exponential(size=(400, 101))
    found = np.array([measures.median_over_rows(row) for row in draws])
    assert np.sqrt((found[:, 1] ** 2).mean()) == pytest.approx(found[:, 0].std(), rel=0.15)


def test_one_row_has_no_standard_error():
    one = attributions(VALUES[:1])
    found = sp.compare([one, one])
    assert np.isinf(found.agreement["std_error"]).all()
    assert "no standard errors" in repr(found)


def test_features_in_another_order_are_matched_by_name():
    back = attributions(VALUES[:, ::-1], features=tuple(f"f{j}" for j in range(5, -1, -1)))
    assert estimates(sp.compare([attributions(), back]))["spearman"] == 1


# Contents -----------------------------------------------------------------------------------------


def test_frame_holds_all_estimates_below_each_other():
    frame = sp.compare({"a": attributions(), "b": attributions(-VALUES)}).frame()
    assert list(frame.columns) == [
        "row", "feature", "output", "explanation", "estimate", "std_error", "lower", "upper",
    ]  # fmt: skip
    assert frame.groupby("explanation")["estimate"].sum().sum() == pytest.approx(0)
    assert len(frame) == 2 * VALUES.size


def test_gaps_tell_what_is_missing_or_why_they_do_not():
    local = attributions(explainer="LIME", additive=False, completeness_gap=None)
    found = sp.compare([attributions(gap=-0.25), local])
    gaps = found.gaps.set_index(["explanation", "output"])
    assert gaps.loc[("Shapley", "o0"), ["median", "largest"]].tolist() == [0.25, 0.25]
    assert np.isnan(gaps.loc[("LIME", "o0"), "median"])
    assert gaps.loc[("LIME", "o0"), "reason"] == "its values are not meant to add up"


def test_signs_of_a_slope_and_of_an_attribution_are_not_compared():
    local = attributions(explainer="LIME", additive=False, completeness_gap=None)
    found = sp.compare([attributions(), local])
    assert set(estimates(found)) == {"spearman_absolute", "top_3"}
    assert any("only one of them adds up" in note for note in found.notes)
    assert set(estimates(sp.compare([local, local]))) == {
        "spearman_absolute", "top_3", "spearman", "same_sign", "relative_distance",
    }  # fmt: skip


def test_names_are_those_of_the_explainers_made_unique():
    assert sp.compare([attributions()] * 3).names == ("Shapley", "Shapley (2)", "Shapley (3)")
    assert sp.compare({"old": attributions(), "new": attributions()}).names == ("old", "new")


def test_three_explanations_make_three_pairs():
    found = sp.compare([attributions()] * 3).agreement
    assert len(found[["explanation", "explanation_2"]].drop_duplicates()) == 3


def test_other_predictions_are_told_as_another_model():
    found = sp.compare({"a": attributions(), "b": attributions(predictions=np.full((30, 2), 3.0))})
    assert found.notes == ("a and b explain different models: predictions differ by up to 2.",)


def test_another_law_of_the_features_is_another_question():
    X = np.random.default_rng(0).normal(size=(40, 5))
    marginal, conditional = (
        sp.Shapley(background=X[:30], value_function=law).explain(lambda X: X @ [1, 2, 3, 4, 5], X[30:])
        for law in ("marginal", "conditional")
    )
    found = sp.compare({"a": marginal, "b": conditional})
    assert found.notes == (
        "a and b answer different questions: they have value_function='marginal' and 'conditional'.",
    )
    assert sp.compare([marginal, marginal]).notes == ()


def test_importances_of_the_same_metrics_can_be_compared():
    one = RNG.random((6, 1))
    found = sp.compare([importances(one), importances(one[::-1])])
    assert list(found.frame().columns)[:3] == ["feature", "metric", "explanation"]
    assert set(found.agreement["output"]) == {"loss"}
    assert np.isinf(found.agreement["std_error"]).all()
    assert found.gaps["median"].isna().all()


def test_text_has_a_line_for_each_pair():
    text = repr(sp.compare([attributions(), attributions(-VALUES)]))
    assert "Shapley (2)" in text
    assert "order of sizes" in text
    assert "nothing but rounding is missing" in text


def test_json_holds_the_measures_and_every_explanation(tmp_path):
    found = sp.compare([attributions(VALUES[:1]), attributions(VALUES[:1])])
    text = found.to_json(tmp_path / "found.json")
    document = json.loads(text)
    assert (tmp_path / "found.json").read_text(encoding="utf-8") == text
    assert document["schema"] == "sipakit.comparison/1"
    assert list(document["explanations"]) == ["Shapley", "Shapley (2)"]
    assert document["agreements"][0]["std_error"] == {"type": "float", "value": "inf"}


def test_real_explanations_can_be_compared():
    X = RNG.normal(size=(60, 4))

    def model(X):
        return X[:, 0] * X[:, 1] + X[:, 2]

    found = sp.compare([sp.Shapley(background=X[:40], random_state=s).explain(model, X[40:]) for s in (0, 1)])
    assert found.agreement.set_index("measure").loc["spearman", "estimate"] > 0.9


# What it refuses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"manifest": {**MANIFEST, "rows": 7, "rows_fingerprint": "zz"}}, "different rows: 30 rows.*aa.* 7 rows.*zz"),
        ({"manifest": {**MANIFEST, "background": 9, "background_fingerprint": "yy"}}, "backgrounds: 100 .*bb.* 9 .*yy"),
        ({"features": ("f0", "f1", "f2", "f3", "f4", "other")}, "only the first has 'f5', only the second has 'other'"),
        ({"parameters": {"groups": {"f0": ["x"]}}}, "groups of equal names"),
        ({"outputs": ("o0", "p1")}, "different outputs"),
        ({"scale": "log_odds"}, "'prediction', and 'log_odds'"),
        ({"manifest": {}}, "fingerprints"),
        ({"rows": np.arange(1, 31)}, "number their rows differently"),
    ],
)  # fmt: skip
def test_another_question_is_refused_by_name(change, message):
    with pytest.raises(sp.ComparisonError, match=message) as caught:
        sp.compare({"mine": attributions(), "yours": replace(attributions(), **change)})
    assert "'yours'" in str(caught.value)


def test_other_metrics_are_refused():
    one = importances(RNG.random((6, 1)))
    with pytest.raises(sp.ComparisonError, match="different metrics: 'loss', and 'auc'"):
        sp.compare([one, replace(one, metrics=("auc",))])


def test_different_types_are_refused():
    with pytest.raises(sp.ComparisonError, match="Attributions and Importances"):
        sp.compare([attributions(), importances(RNG.random((6, 1)))])


@pytest.mark.parametrize("wrong", [[], [attributions()], {"a": attributions()}])
def test_fewer_than_two_are_refused(wrong):
    with pytest.raises(sp.InputError, match="two or more"):
        sp.compare(wrong)


@pytest.mark.parametrize("wrong", [attributions(), 3])
def test_something_else_than_a_list_is_refused(wrong):
    with pytest.raises(sp.InputTypeError, match="list"):
        sp.compare(wrong)


def test_something_else_than_an_explanation_is_refused():
    with pytest.raises(sp.ComparisonError, match="'int' is a int"):
        sp.compare([attributions(), 3])
