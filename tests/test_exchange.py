"""shap's plots work on our attributions, and ours on shap's values."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.checks import same
from sipakit.documents.text import loads
from sipakit.plots import KINDS
from sipakit.reports.narrative import findings
from tests.documents.walker import wrong
from tests.plots import made

pytestmark = pytest.mark.filterwarnings("ignore")  # shap's own, of NumPy's and matplotlib's coming changes


@pytest.fixture(scope="module")
def shap():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("shap")


X = np.random.default_rng(0).normal(size=(12, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])


def product(X):
    X = np.asarray(X, dtype=float)
    return X[:, 0] * X[:, 1] + X[:, 2]


def both(X):
    return np.column_stack([product(X), -2 * product(X)])


def known(e):
    return bool(np.isfinite(e.std_error).all())


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("n", [1, 5])
def test_shaps_layout_is_theirs(shap, n, k):
    e = made.attributions(4, k, n=n)
    told = e.to_shap()
    assert isinstance(told, shap.Explanation)
    assert told.shape == ((n, 4) if k == 1 else (n, 4, k))
    assert np.shape(told.base_values) == ((n,) if k == 1 else (n, k))
    assert list(told.feature_names) == [str(name) for name in e.features]
    assert told.output_names == "prediction" if k == 1 else list(told.output_names) == list(e.outputs)
    np.testing.assert_array_equal(told.values, e.values[..., 0] if k == 1 else e.values)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("n", [1, 5])
def test_values_errors_and_predictions_come_back(shap, n, k):
    e = made.attributions(4, k, n=n)
    again = sp.from_shap(e.to_shap(), scale=e.scale)
    assert (again.features, again.outputs, again.scale) == (e.features, e.outputs, e.scale)
    assert same(again.estimate, e.estimate)
    np.testing.assert_array_equal(again.base_values, e.base_values)
    np.testing.assert_allclose(again.predictions, e.predictions, rtol=1e-12)
    assert again.row_values.tolist() == e.row_values.tolist()
    assert not [one.code for one in again.caveats]
    assert same(sp.from_shap(again.to_shap(), scale=e.scale), again)


def test_missing_cells_and_base_values_of_each_row_come_back(shap):
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": ["x", None, "z"]})
    e = sp.Shapley(background=frame).explain(lambda X: X["a"].fillna(9) + X["b"].isna(), frame)
    again = sp.from_shap(e.to_shap())
    assert again.row_values.tolist() == e.row_values.tolist() == [[1.0, "x"], [None, None], [3.0, "z"]]
    told = shap.Explanation(np.ones((2, 3)), base_values=np.array([0.0, 5.0]))
    again = sp.from_shap(told)
    assert again.base_values.tolist() == [[0.0], [5.0]]
    assert again.predictions.tolist() == [[3.0], [8.0]]
    assert "prediction is 8, 3 units" in findings(again)[1].text


PICTURES = {
    "beeswarm": lambda shap, e: shap.plots.beeswarm(e, show=False),
    "bar": lambda shap, e: shap.plots.bar(e, show=False),
    "bar of a row": lambda shap, e: shap.plots.bar(e[0], show=False),
    "waterfall": lambda shap, e: shap.plots.waterfall(e[0], show=False),
    "scatter": lambda shap, e: shap.plots.scatter(e[:, 0], show=False),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("words", [False, True])
def test_shaps_plots_take_ours(shap, name, k, words):
    plt.switch_backend("agg")
    if name == "scatter" and words:
        pytest.skip("shap's scatter takes numbers only")
    frame = FRAME.assign(b=np.where(X[:, 1] > 0, "high", "low")) if words else FRAME
    model = (lambda X: X["a"] * (X["b"] == "high")) if words else product
    outputs = model if k == 1 else lambda X: np.column_stack([model(X), -model(X)])
    told = sp.Shapley(background=frame).explain(outputs, frame).to_shap()
    PICTURES[name](shap, told if k == 1 else told[..., 1])
    assert plt.gcf().axes
    plt.gcf().canvas.draw()
    plt.close("all")


def test_shaps_values_become_ours_without_errors(shap):
    given = shap.Explanation(X - X.mean(0), base_values=1.5, data=X, feature_names=["a", "b", "c"])
    e = sp.from_shap(given)
    assert e.values.shape == (12, 3, 1)
    assert np.isposinf(e.std_error).all()
    assert np.isneginf(e.estimate.lower).all()
    assert [one.code for one in e.caveats] == ["SIPA040"]
    assert e.error.startswith("Unknown")
    assert np.isfinite(e.frame()["estimate"]).all()
    assert "unknown" in repr(e)
    assert "SIPA040" in e._repr_html_()
    for sentence in findings(e) + findings(sp.from_shap(given[:2])):
        assert "inf" not in sentence.text
        assert "nan" not in sentence.text
    assert "not known" in findings(sp.from_shap(given[:2]))[0].text
    assert "no interval is known" in findings(sp.from_shap(given[:2]))[0].basis
    for kind in KINDS[sp.Attributions]:
        assert "inf" not in e.plot(kind).description
    text = e.to_json()
    assert loads(text.encode(), "x").to_json() == text
    assert '"error": "unknown"' in text


def test_the_document_follows_the_schema(shap):
    import json

    from sipakit.documents import schema_path

    published = json.loads(schema_path().read_text())
    told = json.loads(sp.from_shap(shap.Explanation(X, base_values=1.5)).to_json())
    assert wrong(told, published, published) == []


def test_a_report_takes_shaps_values(shap, tmp_path):
    study = sp.explain(product, X, methods=["ale"], rows=[0, 1])
    e = sp.from_shap(shap.Explanation(X[:2], base_values=1.5, data=X[:2]))
    sp.Study(study.subject, {**study.results, "shap": e}).report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "no errors are known" in page


def test_the_same_question_can_be_compared_and_another_is_refused(shap):
    ours = sp.Shapley(background=FRAME[:8]).explain(product, FRAME[8:])
    told = ours.to_shap()
    bare = shap.Explanation(told.values, base_values=told.base_values, data=told.data, feature_names=list("abc"))
    theirs = sp.from_shap(bare, X=FRAME[8:], background=FRAME[:8])
    agreement = sp.compare([ours, theirs]).agreement.set_index("measure")["estimate"]
    assert agreement["relative_distance"] == 0
    assert agreement["spearman"] == pytest.approx(1)
    with pytest.raises(sp.ComparisonError, match=r"from_shap X= and background="):
        sp.compare([ours, sp.from_shap(bare)])
    with pytest.raises(sp.ComparisonError, match="different backgrounds"):
        sp.compare([ours, sp.from_shap(bare, X=FRAME[8:], background=FRAME[:7])])
    alone = sp.compare({"one": theirs, "two": theirs})
    assert "same_sign" not in set(alone.agreement["measure"])  # no sign is certain where no error is known
    assert any("same_sign" in note for note in alone.notes)


def test_shaps_own_explainers_agree_with_ours(shap):
    linear = shap.LinearExplainer((np.array([1.0, 2.0, 3.0]), 0.5), X)(X)
    theirs = sp.from_shap(linear)
    ours = sp.Shapley(background=X).explain(lambda X: X @ [1.0, 2.0, 3.0] + 0.5, X)
    np.testing.assert_allclose(theirs.values, ours.values, atol=1e-8)
    np.testing.assert_allclose(theirs.predictions, ours.predictions, atol=1e-8)


@pytest.mark.parametrize(
    ("values", "base", "shape"),
    [
        (np.ones(3), 0.5, (1, 3, 1)),
        (np.ones((4, 3)), 0.5, (4, 3, 1)),
        (np.ones((4, 3)), np.full(4, 0.5), (4, 3, 1)),
        (np.ones((4, 3)), np.array([0.5]), (4, 3, 1)),
        (np.ones((4, 3, 2)), np.full(2, 0.5), (4, 3, 2)),
        (np.ones((4, 3, 2)), np.full((4, 2), 0.5), (4, 3, 2)),
        (np.ones((4, 3, 3)), np.full((4, 3), 0.5), (4, 3, 3)),
    ],
    ids=lambda part: str(np.shape(part)),
)
def test_every_shape_of_shap_is_read(shap, values, base, shape):
    e = sp.from_shap(shap.Explanation(values, base_values=base))
    assert e.values.shape == shape
    assert e.base_values.tolist() == [0.5] * shape[2]
    assert (e.predictions == 3.5).all()
    assert e.outputs[0] == ("prediction" if shape[2] == 1 else "Output 0" if e.outputs[0] == "Output 0" else "output 0")


@pytest.mark.parametrize(
    ("changes", "options", "told"),
    [
        ({"values": np.ones((2, 3, 3)), "base_values": 0.5}, {}, "no attributions"),
        ({"values": np.ones((2, 3, 3, 2)), "base_values": np.ones(2)}, {}, "no attributions"),
        ({"values": np.array([[1.0, np.nan]]), "base_values": 0.5}, {}, "1 of 2 values are not finite"),
        ({"values": np.ones((2, 3)), "base_values": None}, {}, "base_values is None"),
        ({"values": np.ones((2, 3)), "base_values": np.ones(5)}, {}, "base_values has shape"),
        ({"values": np.ones((2, 3)), "base_values": np.nan}, {}, "base_values"),
        ({}, {"outputs": ["a", "b"]}, "outputs="),
        ({}, {"scale": "percent"}, "scale='percent'"),
        ({}, {"X": X}, "12 rows"),
        ({"feature_names": ["a", "a", "b"]}, {}, "one name of its own"),
    ],
    ids=lambda part: str(part)[:40],
)
def test_what_cannot_be_read_is_refused_by_name(shap, changes, options, told):
    given = {"values": np.ones((2, 3)), "base_values": 0.5, **changes}
    with pytest.raises(sp.InputError, match=told):
        sp.from_shap(shap.Explanation(**given), **options)


def test_only_shaps_explanations_are_read(shap):
    for thing in (X, made.attributions(), None):
        with pytest.raises(sp.InputTypeError, match=type(thing).__name__):
            sp.from_shap(thing)


def test_slopes_are_not_handed_to_pictures_that_add_them_up(shap):
    with pytest.raises(sp.InputError, match="do not add up"):
        made.attributions(additive=False).to_shap()


def test_without_shap_the_error_names_the_extra():
    code = """
import sys
sys.modules["shap"] = None
import numpy as np, sipakit as sp
e = sp.Shapley(background=np.eye(3)).explain(lambda X: X[:, 0], np.eye(3))
for call in (e.to_shap, lambda: sp.from_shap(e)):
    try:
        call()
    except sp.MissingPackageError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count('pip install "sipakit[shap]"') == 2, done.stderr


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (lambda e: e.abs, "went through 'abs',"),
        (lambda e: e.abs.mean(0), "went through 'abs', 'mean',"),
        (lambda e: e * 2, "went through '__mul__'"),
        (lambda e: e[:, :2], "of 2 features and 3 were"),
        (lambda e: e[0][:2], "of 2 features and 3 were"),
        (lambda e: e[:, "a"], "of 4 features and 3 were"),
    ],
    ids=["absolute", "mean", "twice", "two features", "two features of a row", "one feature"],
)
def test_what_no_longer_adds_up_to_a_prediction_is_refused(shap, part, told):
    whole = shap.Explanation(np.ones((4, 3)), base_values=np.zeros(4), data=np.ones((4, 3)), feature_names=list("abc"))
    with pytest.raises(sp.InputError, match=told):
        sp.from_shap(part(whole))
    for some in (whole[0], whole[:2], whole[[1, 3]], whole.sample(2)):
        assert (sp.from_shap(some).predictions == 3).all()


def test_dates_are_text_to_shap_which_cannot_write_them(shap):
    plt.switch_backend("agg")
    dates = pd.date_range("2024-01-01", periods=8).insert(3, pd.NaT)
    frame = pd.DataFrame({"when": dates, "size": np.arange(9.0)})
    told = sp.Shapley(background=frame).explain(lambda X: X["size"] * 2.0, frame).to_shap()
    assert told.data[0].tolist() == ["2024-01-01 00:00:00", 0.0]
    assert np.isnan(told.data[3, 0])
    for draw in (shap.plots.bar, shap.plots.waterfall):
        draw(told[0], show=False)
        assert any("2024-01-01" in label.get_text() for label in plt.gcf().axes[0].get_yticklabels())
        plt.close("all")
