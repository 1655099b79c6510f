"""Regional effects: splits that are known, gains against brute force, and what is left where nothing is to split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

import sipakit as sp
from sipakit.engine import shortcuts
from sipakit.explainers.region_trees import Growth, disagreement
from tests.analytic import T8
from tests.explainers import mixed

R = np.random.default_rng(0)
X = R.normal(size=(300, 4))


def signed(Z):
    """x0 rises where x1 is above 0, and falls below."""
    return Z[:, 0] * np.where(Z[:, 1] > 0, 1.0, -1.0) + Z[:, 2]


def additive(Z):
    return Z[:, 0] ** 2 + np.sin(Z[:, 1]) - Z[:, 2]


def noisy(Z):
    """An additive model whose answers have noise of their own at each row, equal rows the same."""
    wild = np.sin(Z @ np.array([12.9898, 78.233, 37.719, 53.17]) * 1000) * 43758.5453
    return additive(Z) + wild - np.floor(wild)


def rules(e, feature=0):
    return [e.where[r] for r in e.of_feature(e.features[feature])]


def test_a_feature_is_named_and_not_numbered():
    e = sp.RegionalEffects(grid_resolution=4).explain(additive, np.random.default_rng(0).normal(size=(40, 4)))
    assert e.of_feature("x1") == np.flatnonzero(e.owner == 1).tolist()
    with pytest.raises(
        sp.InputError, match=r"feature=1 is none of the features\. They are 'x0', 'x1', 'x2' and 1 more"
    ):
        e.of_feature(1)


# ---- known answers


def test_the_split_at_zero_is_found_and_nothing_is_left_within_its_regions():
    e = sp.RegionalEffects(features=["x0"]).explain(signed, X)
    cut = np.sort(X[:, 1])
    low, high = cut[cut <= 0].max(), cut[cut > 0].min()
    assert len(e.where) == 3
    assert e.where[1].startswith("x1 <= ")
    assert low <= float(e.where[1].removeprefix("x1 <= ")) < high
    np.testing.assert_allclose(e.support, [1, np.mean(X[:, 1] <= 0), np.mean(X[:, 1] > 0)])
    np.testing.assert_allclose(e.within.values[1:], 0, atol=1e-12)
    assert 0.97 < e.gain.values.item() <= 1
    assert e.after.values.item() < 0.2 * e.before.values.item()


def test_each_region_has_the_curve_of_its_rows():
    e = sp.RegionalEffects(features=["x0"]).explain(signed, X)
    places = e.axes[0].positions
    for region, slope in ((1, -1.0), (2, 1.0)):
        curve = e.estimate.values[e.parts()[region], 0]
        np.testing.assert_allclose(np.diff(curve), slope * np.diff(places), rtol=1e-9)
    here = X[:, 1] > 0
    mean = e.estimate.parts["mean"][e.parts()[2], 0]
    np.testing.assert_allclose(mean, places + X[here, 2].mean(), rtol=1e-9)


def test_an_additive_model_has_no_regions_and_says_so():
    e = sp.RegionalEffects().explain(additive, X)
    assert e.where == ("all rows",) * 4
    assert not e.gain.values.any()
    assert not e.gain.std_error.any()
    assert not e.before.values.any()
    assert "No feature is known" in sp.explain(additive, X, methods=["regional-effects"]).findings()[0]


def test_two_steps_that_act_together_split_at_one_half():
    Z = T8.sample(500, np.random.default_rng(1))
    e = sp.RegionalEffects(max_depth=1).explain(T8.predict, Z)
    for j, other in ((0, "x2"), (1, "x1")):
        assert rules(e, j)[1].startswith(f"{other} <= 0.")
        assert abs(float(rules(e, j)[1].split()[-1]) - 0.5) < 0.02
        share = np.mean(Z[other] > 0.5)
        # curves are 0 in one region, and in the other 10 [v > .5] less its mean
        weight = e.axes[j].weight[e.axes[j].positions > 0.5].sum()
        step = 10 * np.sqrt(weight * (1 - weight))
        bessel = len(Z) / (len(Z) - 1)
        np.testing.assert_allclose(e.before.values[j, 0], step * np.sqrt(share * (1 - share) * bessel), rtol=1e-9)
    assert e.gain.values.min() > 0.97


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize("min_gain", [0.02, 0.1])
def test_noise_is_rarely_split_and_its_gain_is_zero_within_its_interval(min_gain):
    held, gains = 0, []
    for seed in range(100):
        Z = np.random.default_rng([3, seed]).normal(size=(80, 4))
        method = sp.RegionalEffects(features=["x0"], grid_resolution=6, min_gain=min_gain, random_state=seed)
        e = method.explain(noisy, Z)
        held += e.gain.lower.item() <= 0 <= e.gain.upper.item()
        gains.append(e.gain.values.item())
    assert held >= 93
    assert abs(np.mean(gains)) < 4 * np.std(gains) / 10 + 1e-12


def test_a_split_of_noise_is_told_as_unconfirmed():
    e = sp.RegionalEffects(features=["x0"], min_gain=0.0).explain(noisy, X[:100])
    assert len(e.where) > 1
    assert [c.code for c in e.caveats if c.code == "SIPA041"]
    sure = sp.RegionalEffects(features=["x0"]).explain(signed, X)
    assert not [c for c in sure.caveats if c.code == "SIPA041"]


def test_columns_that_are_noise_are_not_chosen():
    chosen = []
    for seed in range(20):
        Z = np.random.default_rng([4, seed]).normal(size=(150, 4))
        e = sp.RegionalEffects(features=["x0"], grid_resolution=6).explain(lambda Z: signed(Z) + 0.1 * noisy(Z), Z)
        chosen += rules(e)[1:]
    assert len(chosen) >= 40
    assert not [rule for rule in chosen if "x2" in rule or "x3" in rule]


# ---- columns of all kinds


def test_a_level_splits():
    Z = mixed.table(200)
    e = sp.RegionalEffects(features=["when"]).explain(lambda Z: Z["flag"] * 1.0 + _days(Z) * (Z["text"] == "red"), Z)
    assert rules(e) == ["all rows", "text is not red", "text = red"]
    assert e.gain.values.item() == 1
    assert not e.gain.std_error.any()


def test_missing_cells_split():
    Z = mixed.table(200)
    e = sp.RegionalEffects(features=["when"]).explain(lambda Z: _days(Z) * Z["number"].isna(), Z)
    assert rules(e) == ["all rows", "number is not missing", "number is missing"]
    e = sp.RegionalEffects(features=["when"]).explain(lambda Z: _days(Z) * Z["text"].isna(), Z)
    assert rules(e) == ["all rows", "text is not missing", "text is missing"]


def test_missing_cells_go_with_the_side_that_they_act_like():
    Z = mixed.table(300)
    high = (Z["number"] > 0) | Z["number"].isna()
    assert high.mean() < 1
    e = sp.RegionalEffects(features=["when"], max_depth=1).explain(
        lambda Z: _days(Z) * ((Z["number"] > 0) | Z["number"].isna()), Z
    )
    assert rules(e)[2].startswith("(number > ")
    assert rules(e)[2].endswith(" or missing)")
    np.testing.assert_allclose(e.support[1:], [1 - high.mean(), high.mean()])


def test_ordered_levels_and_flags_split():
    Z = mixed.table(200)
    e = sp.RegionalEffects(features=["when"], max_depth=1).explain(lambda Z: _days(Z) * (Z["size"] == "big"), Z)
    assert rules(e)[1:] == ["size <= mid", "size = big"]
    e = sp.RegionalEffects(features=["when"], max_depth=1).explain(lambda Z: _days(Z) * Z["flag"], Z)
    assert rules(e)[1:] == ["flag = False", "flag = True"]


def _days(Z):
    return (Z["when"] - pd.Timestamp("2024-01-01")).dt.days / 100


def test_constant_columns_have_no_regions_and_choose_none():
    Z = X.copy()
    Z[:, 1], Z[:, 3] = 2.0, 0.0
    e = sp.RegionalEffects().explain(lambda Z: signed(Z) * Z[:, 2], Z)
    assert rules(e, 1) == rules(e, 3) == ["all rows"]
    assert not [rule for rule in e.where if "x1" in rule or "x3" in rule]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_rows_are_not_refused(n):
    e = sp.RegionalEffects().explain(mixed.score, mixed.table(n))
    assert np.isfinite(e.estimate.values).all()
    assert np.isfinite(e.gain.values).all()
    if n == 1:
        assert set(e.where) == {"all rows"}
        assert np.isinf(e.std_error).all()
        assert [c.code for c in e.caveats if c.code == "SIPA011"]


def test_a_single_column_has_nothing_to_be_split_by():
    e = sp.RegionalEffects().explain(lambda Z: Z[:, 0] ** 2, X[:, :1])
    assert e.where == ("all rows",)


# ---- against brute force, and the other methods


def test_the_whole_table_has_the_partial_dependence_and_its_intervals():
    Z, weights = mixed.table(60), np.random.default_rng(5).integers(0, 4, 60).astype(float)
    method = sp.RegionalEffects(grid_resolution=6)
    e = method.explain(mixed.scores, Z, sample_weight=weights)
    for centred, prefix in ((True, ""), (False, "mean")):
        pd_ = sp.PartialDependence(centred=centred, grid_resolution=6)
        pd_ = pd_.explain(mixed.scores, Z, sample_weight=weights)
        for j, part in enumerate(pd_.parts()):
            here = e.parts()[e.of_feature(e.features[j])[0]]
            ends = ("std_error", "lower", "upper")
            names = [f"mean_{end}" for end in ends] if prefix else ends
            for mine, other in zip([prefix or "estimate", *names], ["estimate", *ends], strict=True):
                np.testing.assert_allclose(
                    e.estimate.columns()[mine][here], pd_.estimate.columns()[other][part], rtol=1e-6, atol=1e-9
                )


def test_disagreement_is_the_root_of_the_mean_variance_of_centred_curves():
    Z, weights = mixed.table(80), np.random.default_rng(6).uniform(0.5, 2, 80)
    e = sp.RegionalEffects(grid_resolution=5, min_gain=0.05).explain(mixed.scores, Z, sample_weight=weights)
    ice = sp.ICE(grid_resolution=5).explain(mixed.scores, Z, sample_weight=weights)
    share = weights / weights.sum()
    for j, values in enumerate(ice.values):
        usual = e.axes[j].weight / e.axes[j].weight.sum()
        curves = values - np.einsum("ngk,g->nk", values, usual)[:, None]
        left = curves - np.einsum("ngk,n->gk", curves, share)
        square = np.einsum("ngk,n,g->k", left**2, share, usual)
        n = 1 / (share**2).sum()
        np.testing.assert_allclose(e.before.values[j], np.sqrt(square * n / (n - 1)), rtol=1e-9)


def test_the_best_single_split_is_the_best_of_all_that_can_be_tried():
    Z = R.normal(size=(40, 3))

    def model(Z):
        return Z[:, 0] * (Z[:, 1] + 0.5 * np.abs(Z[:, 2]))

    e = sp.RegionalEffects(features=["x0"], max_depth=1, min_gain=0.0, min_share=0.1).explain(model, Z)
    curves = sp.ICE(features=["x0"]).explain(model, Z).values[0][:, :, 0]
    usual = e.axes[0].weight / e.axes[0].weight.sum()
    points = (curves - (curves @ usual)[:, None]) * np.sqrt(usual)

    def rest(here):
        return sum(((points[part] - points[part].mean(axis=0)) ** 2).sum() for part in (here, ~here))

    tried = [Z[:, j] <= cut for j in (1, 2) for cut in np.sort(Z[:, j])[3:36]]
    best = min(map(rest, tried))
    sizes = [round(40 * s) for s in e.support[1:]]
    told = sum((size - 1) * within**2 for size, within in zip(sizes, e.within.values[1:, 0], strict=True))
    np.testing.assert_allclose(told, best, rtol=1e-9)


def test_a_weight_is_a_number_of_equal_rows():
    Z, weights = mixed.table(60), np.random.default_rng(7).integers(1, 4, 60)
    e = sp.RegionalEffects(grid_resolution=5, max_depth=1).explain(mixed.scores, Z, sample_weight=weights.astype(float))
    twice = sp.RegionalEffects(grid_resolution=5, max_depth=1).explain(mixed.scores, Z.loc[Z.index.repeat(weights)])
    assert e.where == twice.where
    np.testing.assert_allclose(e.support, twice.support)
    np.testing.assert_allclose(e.estimate.values, twice.estimate.values, atol=1e-9)


def test_rows_without_weight_do_not_count():
    weights = (np.arange(300) < 200).astype(float)
    weighted = sp.RegionalEffects(features=["x0"]).explain(signed, X, sample_weight=weights)
    plain = sp.RegionalEffects(features=["x0"]).explain(signed, X[:200])
    assert weighted.where == plain.where
    np.testing.assert_allclose(weighted.estimate.values, plain.estimate.values, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2.0**-6, 0.5, 8.0, 2.0**20]))
def test_the_unit_of_an_output_changes_no_region(seed, factor):  # powers of 2, since rounding would break ties
    Z = np.random.default_rng(seed).normal(size=(40, 3))

    def model(Z):
        return np.column_stack([Z[:, 0] * Z[:, 1], np.tanh(Z[:, 0] * Z[:, 2])])

    method = sp.RegionalEffects(features=["x0"], grid_resolution=4, min_gain=0.05)
    one = method.explain(model, Z)
    two = method.explain(lambda Z: model(Z) * [factor, 1], Z)
    assert one.where == two.where
    np.testing.assert_allclose(one.gain.values, two.gain.values, atol=1e-6)
    np.testing.assert_allclose(one.before.values[:, 0] * factor, two.before.values[:, 0], rtol=1e-6)


def test_the_gain_is_what_folds_say_of_each_other():
    rng = np.random.default_rng(8)
    curves, w, fold = rng.normal(size=(30, 4, 2)), rng.uniform(0.5, 2, 30), np.arange(30) % 3
    means = rng.normal(size=(30, 4, 2))
    told = disagreement(curves, means, fold, w, 0.95)
    above = below = between = np.zeros(2)
    for k in range(3):
        here = fold == k
        c = curves[here] - np.average(curves[here], axis=0, weights=w[here])
        above = above + np.einsum("ngk,ngk,n->k", c, means[here], w[here])
        m = means[here] - np.average(means[here], axis=0, weights=w[here])
        below = below + np.einsum("ngk,ngk,n->k", c, c, w[here])
        between = between + np.einsum("ngk,ngk,n->k", m, m, w[here])
    np.testing.assert_allclose(told.gain.values, above * np.abs(above) / (below * between), rtol=1e-9)


@pytest.mark.usefixtures("unlooked")
def test_the_gain_of_a_smooth_interaction_is_that_of_the_trees_of_the_folds():
    """Regions are chosen where their means are far apart by chance, which must not count as gain."""

    def model(Z):
        return Z[:, 0] * (Z[:, 1] + Z[:, 2] / 2)

    many = np.random.default_rng(10).normal(size=(10_000, 2))
    of_many, off, held = many @ [1, 0.5], [], []
    for seed in range(60):
        Z = np.random.default_rng([11, seed]).normal(size=(200, 3))
        Z[:, 0] = np.sign(Z[:, 0])
        method = sp.RegionalEffects(features=["x0"], random_state=seed)
        e, fold, slope = method.explain(model, Z), method._folds(np.ones(200)), Z[:, 1:] @ [1, 0.5]
        true = []
        for k in range(5):
            seen, growth = fold != k, Growth(2, 0.05, 0.1, seed)
            tree = growth.tree(Z[seen, 1:], np.column_stack([-slope, slope])[seen], np.ones(seen.sum()))
            leaf = tree.apply(many)
            left = sum(of_many[leaf == one].var() * np.mean(leaf == one) for one in np.unique(leaf))
            true.append(1 - left / of_many.var())
        off.append(e.gain.values.item() - np.mean(true))
        held.append(e.gain.lower.item() <= np.mean(true) <= e.gain.upper.item())
    assert abs(np.mean(off)) < 0.015
    assert np.mean(held) >= 0.88


# ---- in a study, and what is refused


def test_a_study_pays_once_for_single_curves_and_regions():
    asked = []

    def model(Z):
        asked.append(len(Z))
        return signed(Z)

    methods = [sp.ICE(), sp.RegionalEffects(), sp.PartialDependence()]
    assert len({method.evaluations() for method in methods}) == 1
    sp.explain(model, X[:100], methods=methods)
    together, before = sum(asked), len(asked)
    sp.ICE().explain(model, X[:100])
    assert together <= sum(asked[before:]) + 100


def test_trees_answer_for_the_curves_themselves(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(shortcuts, "_ENOUGH", 0)
    model = DecisionTreeRegressor(max_depth=6, random_state=0).fit(X, signed(X))
    exact, asked = (
        sp.RegionalEffects(features=["x0"]).explain(sp.adapt(model, structure=known), X) for known in (True, False)
    )
    assert exact.where == asked.where
    assert exact.cost.rows < asked.cost.rows
    np.testing.assert_allclose(exact.estimate.values, asked.estimate.values, atol=1e-12)


def test_only_named_columns_split():
    e = sp.RegionalEffects(features=["x0"], split_by=["x2", "x3"]).explain(signed, X)
    assert e.where == ("all rows",)
    e = sp.RegionalEffects(features=["x0"], split_by=["x0", "x1"]).explain(signed, X)
    assert "x1 <= " in e.where[1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"split_by": ["x9"]}, ["split_by", "x9", "It takes columns"]),
        ({"split_by": []}, ["split_by=[]"]),
        ({"split_by": "x0"}, ["is one name"]),
        ({"min_share": 0.0}, ["min_share", "above 0"]),
        ({"min_share": 0.6}, ["min_share", "0.5"]),
        ({"min_gain": 1.0}, ["min_gain", "below 1"]),
        ({"min_gain": True}, ["min_gain"]),
        ({"max_depth": 0}, ["max_depth"]),
        ({"n_folds": 1}, ["n_folds"]),
        ({"features": [("x0", "x1")]}, ["pair"]),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(settings, words):
    with pytest.raises(sp.SipakitError) as told:
        sp.RegionalEffects(**settings).explain(signed, X[:20])
    assert all(word in str(told.value) for word in words)


def test_curves_that_the_model_cannot_give_are_left_out():
    def model(Z):
        return np.where((Z[:, 3] > 1.5) & (Z[:, 0] < -1), np.nan, signed(Z))

    e = sp.RegionalEffects(features=["x0"]).explain(model, X, on_bad="drop")
    good = X[~(X[:, 3] > 1.5)]
    assert np.isfinite(e.estimate.values).all()
    np.testing.assert_allclose(e.within.values[1:], 0, atol=1e-12)
    assert abs(e.support[1] - np.mean(good[:, 1] <= 0)) < 0.02


def test_gains_and_regions_are_frames():
    e = sp.RegionalEffects().explain(lambda Z: np.column_stack([signed(Z), 0 * Z[:, 0]]), X)
    gains, regions = e.gains(), e.regions()
    assert len(gains) == 4 * 2
    assert {"before", "after", "gain", "std_error", "lower", "upper", "regions"} <= set(gains)
    assert len(regions) == 2 * len(e.where)
    assert gains.loc[gains["output"] == e.outputs[1], "gain"].eq(0).all()
    assert e.top(1)["feature"].tolist() == ["x0"]


@pytest.mark.peer
def test_effector_finds_the_same_split():
    effector = pytest.importorskip("effector")
    Z = np.random.default_rng(9).uniform(-1, 1, size=(400, 3))

    def model(Z):
        return Z[:, 0] * np.where(Z[:, 2] > 0.25, 2.0, -1.0) + Z[:, 1]

    e = sp.RegionalEffects(features=["x0"], max_depth=1).explain(model, Z)
    theirs = effector.PDP(Z, model).find_regions(0).regions
    first = next(region for region in theirs if region.level == 1)
    assert str(first.rule).removeprefix("Rule(").startswith("x_2 < ")
    cut = float(str(first.rule).split("<")[1].strip(" )"))
    assert abs(float(e.where[1].removeprefix("x2 <= ")) - cut) < 0.11  # theirs come from an even grid
    assert abs(e.before.values.item() - theirs[0].heterogeneity) < 0.1 * e.before.values.item()
