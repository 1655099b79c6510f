"""Files are read if they can be trusted, and refused in words if not."""

import os
import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sipakit.cli.files import read_model, read_table, taken_out
from sipakit.errors import InputError

X = np.arange(12.0).reshape(6, 2)
MODEL = make_pipeline(StandardScaler(), LinearRegression()).fit(X, X[:, 0])


def saved(model, path):
    skops.io.dump(model, path)
    return str(path)


class Evil:
    """Runs code when it is read."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_a_skops_file_of_known_types_is_read(tmp_path):
    model = read_model(saved(MODEL, tmp_path / "m.skops"))
    np.testing.assert_array_equal(model.predict(X), MODEL.predict(X))


def test_types_that_nobody_vouches_for_are_listed_and_loaded_only_by_name(tmp_path):
    odd = make_pipeline(FunctionTransformer(os.path.abspath), LinearRegression())
    path = saved(odd, tmp_path / "m.skops")
    with pytest.raises(InputError, match=r"does not vouch for: (\S+)\. .*Trust those that you know: --trust") as told:
        read_model(path)
    name = str(told.value).partition("--trust ")[2].rstrip(".")
    assert read_model(path, [name]).steps[0][1].func is os.path.abspath
    with pytest.raises(InputError, match="does not vouch for"):
        read_model(path, ["something.else"])


@pytest.mark.parametrize("suffix", ["pkl", "pickle", "joblib"])
def test_a_pickle_is_read_only_if_it_is_trusted(tmp_path, suffix):
    path, trace = tmp_path / f"m.{suffix}", tmp_path / "ran"
    path.write_bytes(pickle.dumps(Evil(trace)))
    with pytest.raises(InputError, match=r"is a pickle, and reading a pickle runs the code in it.*--trust-pickle"):
        read_model(str(path))
    assert not trace.exists()
    path.write_bytes(pickle.dumps(MODEL))
    np.testing.assert_array_equal(read_model(str(path), trust_pickle=True).predict(X), MODEL.predict(X))


def test_a_pickle_called_skops_runs_nothing(tmp_path):
    path, trace = tmp_path / "m.skops", tmp_path / "ran"
    path.write_bytes(pickle.dumps(Evil(trace)))
    with pytest.raises(InputError, match="is no skops file"):
        read_model(str(path), trust_pickle=True)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.skops", None, "--model .* is no file"),
        ("m.onnx", b"?", r"is a \.onnx file\. It takes \.skops"),
        ("model", b"?", "is a nameless file"),
        ("m.pkl", b"no pickle", "cannot be read"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_model(str(tmp_path / name), trust_pickle=True)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "T.CSV"])
def test_csv_is_read(tmp_path, name):
    table = pd.DataFrame({"a": [1.5, np.nan], "b": ["x", "y"]})
    table.to_csv(tmp_path / name, index=False)
    pd.testing.assert_frame_equal(read_table(str(tmp_path / name), "--data"), table)


def test_parquet_keeps_types(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"a": pd.Categorical(["x", None]), "t": pd.to_datetime(["2024-01-01", "2024-05-01"])})
    table.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(str(tmp_path / "t.parquet"), "--data"), table)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.csv", None, "--data .* is no file"),
        ("empty.csv", b"", "cannot be read"),
        ("broken.csv", b'a,b\n1,2\n"', "cannot be read"),
        ("semicolons.csv", b"a;b\n1;2\n", "has one column, 'a;b'. Columns of a CSV file are separated by commas"),
        ("t.xlsx", b"?", r"is a \.xlsx file\. It takes \.csv"),
        ("broken.parquet", b"PAR1", "cannot be read|needs pyarrow"),
    ],
)
def test_tables_that_cannot_be_read_are_refused_in_words(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_table(str(tmp_path / name), "--data")


def test_the_target_is_taken_out_of_the_table():
    table = pd.DataFrame({"a": [1], "b": [2]})
    features, target = taken_out(table, "b", "--target")
    assert (list(features), target.tolist()) == (["a"], [2])
    assert taken_out(table, None, "--target")[1] is None
    with pytest.raises(InputError, match=r"--target 'c' is no column of --data\. It has 'a', 'b'"):
        taken_out(table, "c", "--target")
