"""SAGE against closed forms, and against its definition by enumeration of all coalitions."""

from math import comb

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

import sipakit as sp
from sipakit.checks import same
from sipakit.explainers.sage_losses import loss_of_mean
from sipakit.sample import all_coalitions
from sipakit.scoring import Metric
from tests.analytic import T1, T3

RNG = np.random.default_rng(0)
X = RNG.normal(size=(14, 3))
X[:, 2] += X[:, 0]
Z = RNG.normal(size=(9, 3))


def bent(X):
    return X[:, 0] * X[:, 1] + np.sin(X[:, 2]) + X[:, 0]


Y = bent(X) + RNG.normal(size=14)


def shared(game, p):
    """Shapley values of a function of coalitions (boolean), by the textbook's weights."""
    values = {tuple(one): game(one) for one in all_coalitions(p)}
    phi = np.zeros(p)
    for known, value in values.items():
        for j in range(p):
            if not known[j]:
                joined = tuple(k or i == j for i, k in enumerate(known))
                phi[j] += (values[joined] - value) / (p * comb(p - 1, sum(known)))
    return phi


def off_by(predict, X, y, Z, known):
    """(n, b) residuals, or (n, b, r), where ``known`` columns are the row's own."""
    mixed = [[np.where(known, x, z) for z in Z] for x in X]
    off = [[one - f for f in predict(np.array(row))] for one, row in zip(y, mixed, strict=True)]
    return np.array(off)


def products(off, m):
    """(n,) mean products of the residuals of two different background rows, of ``m``."""
    off = off.reshape(*off.shape[:2], -1)
    return ((off.sum(axis=1) ** 2).sum(axis=1) - (off**2).sum(axis=(1, 2))) / (m * (m - 1))


def of_different_rows(predict, X, y):
    """The definition for a table that is its own background: residuals of two rows, which are others."""

    def game(known):
        off = off_by(predict, X, y, X, known)
        off[np.arange(len(X)), np.arange(len(X))] = 0
        return -np.mean(products(off, len(X) - 1))

    return shared(game, X.shape[1])


def of_a_background(predict, X, y, Z, weights=None):
    def game(known):
        return -np.average(products(off_by(predict, X, y, Z, known), len(Z)), weights=weights)

    return shared(game, X.shape[1])


def drawn_apart(e, truth, metric=0):
    """How many standard errors of the draws the values are off the table's own."""
    error = e.estimate.parts["std_error_draws"][:, metric]
    return np.abs(e.values[:, metric] - truth) / np.maximum(error, 1e-12)


# ---- closed forms


def test_a_linear_model_of_independent_features_has_its_squared_slopes():
    rows = np.random.default_rng(1).normal(size=(4000, 3)) * [1, 2, 3]
    e = sp.SAGE().explain(lambda X: 2 * X[:, 0] - X[:, 1], rows, 2 * rows[:, 0] - rows[:, 1])
    assert (np.abs(e.values[:2, 0] - [4, 4]) < 4 * e.std_error[:2, 0]).all()
    assert e.std_error[:2, 0].max() < 0.25
    assert e.values[2, 0] == e.std_error[2, 0] == 0  # a column that the model does not use


def test_two_factors_share_a_product_equally():
    rows = np.random.default_rng(2).normal(size=(4000, 2))
    e = sp.SAGE().explain(lambda X: X[:, 0] * X[:, 1], rows, rows[:, 0] * rows[:, 1])
    assert (np.abs(e.values[:, 0] - 0.5) < 4 * e.std_error[:, 0]).all()


@pytest.mark.parametrize("model", [T1, T3])
def test_known_values_of_known_models(model):
    rows = model.sample(2000, np.random.default_rng(3))
    e = sp.SAGE().explain(model.predict, rows, model.predict(rows))
    truth = [model.sage_marginal(name) if model is T1 else model.sage(name) for name in model.names]
    assert (np.abs(e.values[:, 0] - truth) < 4 * e.std_error[:, 0]).all()


def test_noise_of_the_target_is_nobodys():
    rows = np.random.default_rng(4).normal(size=(2000, 2))
    y = rows[:, 0] + 3 * np.random.default_rng(5).normal(size=2000)
    e = sp.SAGE().explain(lambda X: X[:, 0], rows, y)
    assert abs(e.values[0, 0] - 1) < 4 * e.std_error[0, 0]
    assert abs(e.values[1, 0]) < 1e-12
    assert e.baseline[0] == pytest.approx(-np.mean((y - rows[:, 0]) ** 2))


# ---- the definition


@pytest.mark.parametrize("n_averaged", [2, 3, 5])
def test_rows_as_their_own_background_give_the_definition(n_averaged):
    e = sp.SAGE(n_averaged=n_averaged).explain(bent, X, Y, budget=400_000)
    truth = of_different_rows(bent, X, Y)
    assert e.total[0] == pytest.approx(truth.sum(), rel=1e-9)
    assert drawn_apart(e, truth).max() < 4
    assert e.estimate.parts["std_error_draws"].max() < 0.02


@pytest.mark.parametrize("n_averaged", [2, 3])
def test_another_background_gives_the_definition(n_averaged):
    e = sp.SAGE(background=Z, n_averaged=n_averaged).explain(bent, X, Y, budget=400_000)
    truth = of_a_background(bent, X, Y, Z)
    assert e.total[0] == pytest.approx(truth.sum(), rel=1e-9)
    assert drawn_apart(e, truth).max() < 4
    assert e.estimate.parts["std_error_draws"].max() < 0.03


def test_rows_count_by_their_weights():
    weights = np.arange(14) % 3.0
    e = sp.SAGE(background=Z).explain(bent, X, Y, sample_weight=weights, budget=400_000)
    truth = of_a_background(bent, X, Y, Z, weights)
    assert e.total[0] == pytest.approx(truth.sum(), rel=1e-9)
    assert drawn_apart(e, truth).max() < 4
    # a row without weight is no row
    few = weights > 0
    ones = few.astype(float)
    e = sp.SAGE().explain(bent, X, Y, sample_weight=ones, budget=400_000)
    assert drawn_apart(e, of_different_rows(bent, X[few], Y[few])).max() < 4


def test_a_group_is_one_player():
    rows = np.column_stack([X, X[:, 0]])
    e = sp.SAGE(groups={"both": ["x0", "x1"]}).explain(lambda X: bent(X[:, :3]), rows, Y, budget=300_000)
    values = dict(zip(e.features, e.values[:, 0], strict=True))
    truth = shared(lambda s: _grouped_game(s, rows), 3)
    assert abs(values["x3"]) < 1e-12
    assert np.allclose([values["both"], values["x2"]], truth[:2], atol=0.05)


def _grouped_game(known, rows):
    columns = np.array([known[0], known[0], known[1], known[2]])
    off = off_by(lambda X: bent(X[:, :3]), rows, Y, rows, columns)
    np.fill_diagonal(off, 0)
    return -np.mean(products(off, len(rows) - 1))


def test_a_single_player_has_the_total():
    e = sp.SAGE(groups={"all": ["x0", "x1", "x2"]}).explain(bent, X, Y)
    assert e.values[0, 0] == pytest.approx(e.total[0])
    assert e.cost.asked == 0


@pytest.mark.parametrize("classes", [2, 3])
def test_the_brier_score_of_classes_gives_the_definition(classes):
    label = np.digitize(bent(X), np.quantile(bent(X), np.arange(1, classes) / classes))
    model = LogisticRegression().fit(X, label)
    onehot = np.eye(classes)[label]
    part = slice(1, None) if classes == 2 else slice(None)
    truth = of_different_rows(lambda X: model.predict_proba(X)[:, part], X, onehot[:, part])
    e = sp.SAGE(scoring="neg_brier_score").explain(model, X, label, budget=200_000)
    assert e.total[0] == pytest.approx(truth.sum(), rel=1e-9)
    assert drawn_apart(e, truth).max() < 4
    assert not any(c.code == "SIPA045" for c in e.caveats)


def test_two_targets_share_the_mean_of_their_losses():
    def both(X):
        return np.column_stack([bent(X), X[:, 1]])

    target = np.column_stack([Y, X[:, 0]])
    e = sp.SAGE().explain(both, X, target, budget=200_000)
    truth = (of_different_rows(bent, X, Y) + of_different_rows(lambda X: X[:, 1], X, X[:, 0])) / 2
    assert drawn_apart(e, truth).max() < 4


def test_other_losses_are_those_of_the_mean_prediction_but_for_a_little():
    rng = np.random.default_rng(6)
    rows, behind = rng.normal(size=(40, 3)), rng.normal(size=(60, 3))
    label = (rows[:, 0] + rows[:, 1] * rows[:, 2] + 0.5 * rng.normal(size=40) > 0).astype(int)
    model = sp.adapt(lambda X: 1 / (1 + np.exp(-X[:, 0] - X[:, 1] * X[:, 2])), classes=[0, 1])

    def game(known):
        mixed = [np.where(known, x, behind).T for x in rows]
        p = np.array([np.mean(1 / (1 + np.exp(-first - second * third))) for first, second, third in mixed])
        return np.mean(np.log(np.where(label == 1, p, 1 - p)))

    truth = shared(game, 3)
    e = sp.SAGE(background=behind).explain(model, rows, label, budget=400_000)
    assert e.metrics == ("neg_log_loss",)
    assert np.abs(e.values[:, 0] - truth).max() < 4 * e.estimate.parts["std_error_draws"].max() + 0.01 * truth.sum()
    (told,) = (c for c in e.caveats if c.code == "SIPA045")
    assert "8 background rows" in told.message


def test_the_loss_of_a_mean_of_few_rows_is_nearly_unbiased():
    rng = np.random.default_rng(7)
    p = rng.beta(2, 2, size=(200_000, 8, 1))
    target = np.zeros(200_000, int)
    metric = Metric("log", by_row=lambda y, f: -np.log(f[:, 0]))
    found, plain = loss_of_mean(metric, target, p).mean(), np.mean(-np.log(p.mean(axis=1)))
    assert plain - np.log(2) > 0.012
    assert abs(found - np.log(2)) < 0.0015
    square = Metric("square", by_row=lambda y, f: f[:, 0] ** 2)
    assert loss_of_mean(square, target, p).mean() == pytest.approx(0.25, abs=0.002)


# ---- errors


def test_draws_are_as_uncertain_as_is_told():
    rng = np.random.default_rng(10)
    X, Z = rng.normal(size=(40, 3)), rng.normal(size=(30, 3))
    Y = bent(X) + rng.normal(size=40)
    for background, truth in ((None, of_different_rows(bent, X, Y)), (Z, of_a_background(bent, X, Y, Z))):
        runs = [sp.SAGE(background=background, random_state=s).explain(bent, X, Y, budget=5_000) for s in range(150)]
        off = np.array([(e.values - truth[:, None]) / e.estimate.parts["std_error_draws"] for e in runs])[..., 0]
        assert (np.abs(off.mean(axis=0)) < 4 / np.sqrt(150)).all()
        assert ((off.std(axis=0) > 0.75) & (off.std(axis=0) < 1.25)).all()
        assert (np.mean(np.abs(off) < 2, axis=0) > 0.88).all()


def test_parts_of_the_error_add_up():
    e = sp.SAGE(background=Z).explain(bent, X, Y)
    parts = [e.estimate.parts[f"std_error_{name}"] for name in ("rows", "background", "draws")]
    assert np.allclose(np.sqrt(sum(part**2 for part in parts)), e.std_error)
    assert all((part[:, 0] > 0).all() for part in parts)
    assert not sp.SAGE().explain(bent, X, Y).estimate.parts["std_error_background"].any()


def test_values_add_up_to_what_is_known():
    for scoring in (None, "neg_mean_absolute_error"):
        e = sp.SAGE(scoring=scoring).explain(bent, X, Y)
        assert np.allclose(e.completeness_gap, 0, atol=1e-12)
        assert np.allclose(e.values.sum(axis=0), e.total)


def test_few_rows_have_no_error():
    for n in (1, 2, 3):
        e = sp.SAGE().explain(bent, X[:n], Y[:n])
        assert np.isfinite(e.values).all()
        assert np.isinf(e.std_error).all() == (n == 1)
        assert ("SIPA011" in {c.code for c in e.caveats}) == (n == 1)
    one = sp.SAGE(background=Z[:1]).explain(bent, X, Y)
    v = [np.mean((Y - bent(np.where(known, X, Z[0]))) ** 2) for known in ([False] * 3, [True] * 3)]
    assert one.total[0] == pytest.approx(v[0] - v[1])


# ---- tables, scores and budgets of users


def test_strings_and_missing_cells_through_a_pipeline():
    rng = np.random.default_rng(8)
    table = pd.DataFrame(
        {
            "city": rng.choice(["Bonn", "Mainz", "Trier"], 120),
            "size": np.where(rng.random(120) < 0.2, np.nan, rng.normal(size=120)),
            "idle": rng.normal(size=120),
        }
    )
    label = np.where((table["city"] == "Bonn") | (table["size"] > 0.5), "yes", "no")
    encode = make_column_transformer((OneHotEncoder(), ["city"]), (SimpleImputer(add_indicator=True), ["size"]))
    model = make_pipeline(encode, RandomForestClassifier(20, random_state=0)).fit(table, label)
    e = sp.SAGE(scoring=["neg_brier_score", "neg_log_loss"]).explain(model, table, label)
    assert e.values.shape == (3, 2)
    assert (e.values[:2] - 2 * e.std_error[:2] > 0).all()
    assert np.abs(e.values[2]).max() < 1e-12
    assert np.allclose(e.values.sum(axis=0), e.total)


def test_a_classifier_without_probabilities_is_scored_by_its_classes():
    model = LinearSVC().fit(X, Y > 0)
    assert sp.SAGE().explain(model, X, Y > 0).metrics == ("accuracy",)


@pytest.mark.parametrize("scoring", ["roc_auc", "r2", lambda y, f: float(np.mean((y - f) ** 2))])
def test_a_score_of_a_whole_table_is_refused(scoring):
    model, y = (LogisticRegression().fit(X, Y > 0), Y > 0) if scoring == "roc_auc" else (bent, Y)
    with pytest.raises(sp.CapabilityError, match=r"scoring=.* is a score of a whole table.*'neg_brier_score'"):
        sp.SAGE(scoring=scoring).explain(model, X, y)


def test_a_model_worse_than_its_mean_is_told():
    e = sp.SAGE().explain(lambda X: -bent(X), X, Y)
    assert e.total[0] < 0
    assert "SIPA008" in {c.code for c in e.caveats}


def test_a_budget_is_spent_and_what_it_does_not_reach_is_told():
    rows = np.random.default_rng(9).normal(size=(300, 3))
    y = bent(rows)
    e = sp.SAGE().explain(bent, rows, y, budget=1200)
    (told,) = (c for c in e.caveats if c.code == "SIPA044")
    assert "of the rows were explained" in told.message
    assert e.cost.rows <= 1200
    assert np.allclose(e.values.sum(axis=0), e.total)
    ample = sp.SAGE().explain(bent, rows, y, budget=60_000)
    assert not any(c.code == "SIPA044" for c in ample.caveats)
    assert ample.cost.asked > 55_000
    with pytest.raises(sp.BudgetError, match="SAGE needs at least"):
        sp.SAGE().explain(bent, rows, y, budget=430)


def test_the_given_table_itself_is_its_own_background():
    one, other = sp.SAGE().explain(bent, X, Y), sp.SAGE(background=X.copy()).explain(bent, X, Y)
    assert same(one.estimate, other.estimate)


def test_rows_for_which_the_model_has_no_answer_lose_their_draws():
    rows = np.random.default_rng(11).normal(size=(120, 3))

    def silent(X):
        return np.where(X[:, 0] * X[:, 1] > 2.5, np.nan, X[:, 0] + X[:, 1])

    whole = np.isfinite(silent(rows))
    e = sp.SAGE().explain(silent, rows, rows[:, 0] + rows[:, 1], on_bad="drop")
    told = [c.message for c in e.caveats if c.code == "SIPA018"]
    assert told
    assert np.isfinite(e.values).all()
    assert abs(e.values[0, 0] - rows[whole, 0].var()) < 5 * e.std_error[0, 0]


def test_a_tolerance_of_several_rounds_has_the_bits_of_two_workers():
    one, two = (sp.SAGE(random_state=3).explain(bent, X, Y, tolerance=0.01, n_jobs=n) for n in (1, 2))
    assert same(one.estimate, two.estimate)
    assert one.estimate.parts["std_error_draws"].max() <= 0.01
