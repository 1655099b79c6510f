"""The commands explain and plan files as the library explains objects."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

import sipakit as sp
from sipakit import cli
from sipakit.explainers import __all__ as explainers

rng = np.random.default_rng(0)
TABLE = pd.DataFrame({"size": rng.normal(size=80).round(3), "city": rng.choice(["Rome", "Oslo"], 80)})
TABLE["price"] = (2 * TABLE["size"] + (TABLE["city"] == "Rome")).round(3)


def fitted(kind, target):
    encode = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    return make_pipeline(encode, kind).fit(TABLE[["size", "city"]], target)


def only_categories(table):
    """Refuse texts, as LightGBM and XGBoost do."""
    if table["city"].dtype != "category":
        message = "categories do not match"
        raise ValueError(message)
    return table


def strict_on_categories(model):
    return make_pipeline(FunctionTransformer(only_categories), model)


@pytest.fixture
def files(tmp_path):
    TABLE.to_csv(tmp_path / "table.csv", index=False)
    skops.io.dump(fitted(LinearRegression(), TABLE["price"]), tmp_path / "model.skops")
    return tmp_path


def run(files, command, *more):
    base = ["--model", str(files / "model.skops"), "--data", str(files / "table.csv"), "--target", "price"]
    return cli.main([command, *base, *more])


def test_a_model_and_a_table_become_a_page_and_results(files, capsys):
    out = files / "out"
    assert run(files, "explain", "--methods", "permutation-importance,ale", "--output", str(out), "--unit", "euro") == 0
    told = capsys.readouterr().out
    assert "Study of LinearRegression after ColumnTransformer" in told
    assert "euro" in told
    assert f"Wrote 4 files. Open {out / 'index.html'}" in told
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "All 80 rows of table.csv; whether the model was fitted on them is not known." in page
    model = skops.io.load(files / "model.skops")
    again = sp.PermutationImportance().explain(model, TABLE[["size", "city"]], TABLE["price"])
    written = json.loads((out / "results" / "01-permutation-importance.json").read_text(encoding="utf-8"))
    assert written["estimate"] == json.loads(again.to_json())["estimate"]


def test_rows_are_explained_one_by_one_and_a_sample_is_told(files, capsys):
    out = files / "out"
    code = run(files, "explain", "--methods", "shapley", "--rows", "0, 3", "--sample", "50", "--output", str(out))
    assert code == 0
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "50 of the 80 rows of table.csv, drawn at random" in page
    assert "Row 0: " in page
    assert "Row 3: " in page


def test_a_tolerance_and_missing_answers_are_the_librarys(files, capsys):
    holes = TABLE.assign(size=TABLE["size"].where(TABLE.index != 5))  # LinearRegression raises there
    holes.to_csv(files / "table.csv", index=False)
    out = files / "out"
    assert run(files, "explain", "--methods", "permutation-importance", "--output", str(out)) == 1
    assert "contains NaN" in capsys.readouterr().err
    more = ["--on-bad", "drop", "--tolerance", "0.02"]
    assert run(files, "explain", "--methods", "permutation-importance", "--output", str(out), *more) == 0
    (written,) = sp.load(out / "results").values()
    assert (written.manifest["on_bad"], written.manifest["tolerance"]) == ("drop", 0.02)
    assert written.estimate.parts["std_error_shuffles"].max() <= 0.02
    assert "1 of 80 rows of X" in next(c.message for c in written.caveats if c.code == "SIPA018")


def test_a_background_of_its_own_may_hold_the_target(files, capsys):
    TABLE.head(20).to_csv(files / "behind.csv", index=False)
    more = ["--methods", "shapley", "--rows", "0", "--background", str(files / "behind.csv")]
    assert run(files, "explain", *more, "--output", str(files / "out")) == 0
    written = json.loads((files / "out" / "results" / "01-shapley.json").read_text(encoding="utf-8"))
    assert written["manifest"]["background"] == 20


def test_a_class_can_be_chosen(files, capsys):
    rich = TABLE["price"] > 0
    TABLE.assign(price=rich).to_csv(files / "table.csv", index=False)
    skops.io.dump(fitted(LogisticRegression(), rich), files / "model.skops")
    more = ["--methods", "ale", "--model-output", "log_odds", "--output", str(files / "out")]
    assert run(files, "explain", *more) == 0
    written = json.loads((files / "out" / "results" / "01-ale.json").read_text(encoding="utf-8"))
    assert written["scale"] == "log_odds"


def test_a_plan_tells_every_method_and_the_sum(files, capsys):
    assert run(files, "plan", "--rows", "1") == 0
    told = capsys.readouterr().out
    for name in ("permutation_importance", "partial_dependence", "shapley", "lime", "ceteris_paribus"):
        assert f"{name}, " in told
    assert told.count("(shares its rows with another method)") == 1  # partial dependence and ICE
    assert "all together: at most" in told


def test_a_plan_says_whether_the_budget_covers_it(files, capsys):
    for budget, said in (("1h", "covers them"), ("1000000", "covers them"), ("100", "does not cover them: what is")):
        assert run(files, "plan", "--methods", "ale,ice", "--budget", budget) == 0
        assert f"--budget {budget}: {said}" in capsys.readouterr().out


def test_a_column_of_weights_weighs_and_is_no_feature(files, capsys):
    weights = np.arange(80) + 1.0
    TABLE.assign(n=weights).to_csv(files / "table.csv", index=False)
    more = ["--weights", "n", "--methods", "permutation-importance", "--output", str(files / "out")]
    assert run(files, "explain", *more) == 0
    model = skops.io.load(files / "model.skops")
    data = TABLE[["size", "city"]], TABLE["price"]
    weighted = sp.PermutationImportance().explain(model, *data, sample_weight=weights)
    (written,) = sp.load(files / "out" / "results").values()
    np.testing.assert_array_equal(written.values, weighted.values)
    assert run(files, "explain", "--weights", "m", "--methods", "ale", "--output", str(files / "out")) == 1
    assert "--weights 'm' is no column of --data" in capsys.readouterr().err


def test_the_methods_are_listed_with_their_questions(capsys):
    assert cli.main(["methods"]) == 0
    told = capsys.readouterr().out
    assert "permutation-importance" in told
    assert "How much worse does the model get" in told
    names = [line.split()[0] for line in told.splitlines() if not line.startswith(" ")]
    assert names == sorted(names)
    assert len(names) == len(explainers)


def test_a_model_of_categories_takes_them_from_csv(files, capsys):
    as_known = TABLE[["size", "city"]].astype({"city": "category"})
    model = HistGradientBoostingRegressor(categorical_features=["city"], max_iter=5).fit(as_known, TABLE["price"])
    (files / "model.pkl").write_bytes(pickle.dumps(strict_on_categories(model)))
    more = ["--model", str(files / "model.pkl"), "--trust-pickle", "--methods", "ale", "--output", str(files / "out")]
    assert run(files, "explain", *more) == 1
    assert "say so by --dtype" in capsys.readouterr().err
    assert run(files, "explain", *more, "--dtype", "city=category") == 0
    (written,) = sp.load(files / "out" / "results").values()
    again = sp.ALE().explain(strict_on_categories(model), as_known)
    assert written.frame()["estimate"].tolist() == again.frame()["estimate"].tolist()


def test_an_output_that_is_a_file_is_told_before_the_work(files, capsys, monkeypatch):
    monkeypatch.setattr("sipakit.cli.tasks.explain", lambda *_, **__: pytest.fail("worked for nothing"))
    assert run(files, "explain", "--output", str(files / "table.csv")) == 1
    assert "table.csv is a file, and a folder is needed" in capsys.readouterr().err


def test_the_text_ends_with_what_a_shell_can_do(files, capsys):
    assert run(files, "explain", "--methods", "ale", "--output", str(files / "out")) == 0
    assert "study[name]" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--target", "rent"], "--target 'rent' is no column of --data. It has 'size', 'city', 'price'"),
        (["--methods", "alle"], "--methods names 'alle', which is no method"),
        (["--rows", "first"], "--rows 'first' is no list of row numbers"),
        (["--rows", "80"], "--data has rows 0 to 79"),
        (["--sample", "81"], "It takes 1 to 80 rows"),
        (["--budget", "soon"], "--budget 'soon' cannot be used"),
        (["--budget", "50"], "--budget 50 is less than"),
        (["--model-output", "Rome"], "--model-output 'Rome', and the model is a regressor"),
        (["--tolerance", "0"], "--tolerance 0.0 cannot be used"),
        (["--n-jobs", "0"], "--n-jobs 0 cannot be used"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(files, capsys, more, words):
    code = run(files, "explain", "--output", str(files / "out"), *more)
    told = capsys.readouterr().err
    assert code == 1
    assert told.startswith("sipakit: error: ")
    assert told.count("\n") == 1
    assert words in told
