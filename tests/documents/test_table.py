"""Explanations as Parquet."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

import sipakit as sp
from sipakit.checks import same
from sipakit.documents.table import read_table
from sipakit.estimate import Estimate
from tests.documents.made import CASES, real
from tests.plots import made
from tests.variants import VARIANTS

pq = pytest.importorskip("pyarrow.parquet")


def written(explanation, folder):
    explanation.to_parquet(folder / "x.parquet")
    return (folder / "x.parquet").read_bytes()


@pytest.mark.parametrize("explanation", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_an_explanation_comes_back_equal_and_writes_the_same_bytes(explanation, tmp_path):
    data = written(explanation, tmp_path)
    again = sp.load(tmp_path / "x.parquet")
    assert same(again, explanation)
    assert written(again, tmp_path) == data
    assert again.to_json() == explanation.to_json()


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_explainers_answer_comes_back_equal(variant, tmp_path):
    if "Gradients" in variant:
        pytest.importorskip("torch")
    explanation = real(variant)
    data = written(explanation, tmp_path)
    again = sp.load(tmp_path / "x.parquet")
    assert again.to_json() == explanation.to_json()
    assert written(again, tmp_path) == data


def test_any_program_reads_the_numbers_with_their_places(tmp_path):
    explanation = made.attributions(3, 2, n=5)
    written(explanation, tmp_path)
    read = pq.read_table(tmp_path / "x.parquet").to_pandas()
    frame = explanation.frame()
    assert list(read["feature"]) == list(frame["feature"])
    assert list(read["output"]) == list(frame["output"])
    for name in ("row", "estimate", "std_error", "lower", "upper"):
        np.testing.assert_array_equal(read[name], frame[name])


def test_exact_curves_are_written_once(tmp_path):
    written(made.row_effects(), tmp_path)
    assert {"lower", "upper"}.isdisjoint(pq.read_schema(tmp_path / "x.parquet").names)


def test_a_large_answer_takes_fewer_bytes_than_its_numbers_in_json(tmp_path):
    explanation = made.attributions(20, 1, n=5_000)
    assert len(written(explanation, tmp_path)) < 0.6 * len(explanation.to_json())
    assert same(sp.load(tmp_path / "x.parquet"), explanation)


# ---- what is refused


@pytest.mark.parametrize(
    "explanation",
    [made.attributions(4, 1, n=10), made.decomposition(4), made.regions(3)],
    ids=lambda e: type(e).__name__,
)
def test_truncations_and_flips_never_give_another_answer(explanation, tmp_path):
    rng = np.random.default_rng(0)
    data = written(explanation, tmp_path)
    refused = 0
    for _ in range(330):
        with pytest.raises(sp.SipakitError, match="the file"):
            read_table(data[: rng.integers(len(data))], "the file", 2**20)
        flipped = bytearray(data)
        flipped[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        try:
            again = read_table(bytes(flipped), "the file", 2**20)
        except sp.SipakitError as error:
            assert "the file" in str(error)  # noqa: PT017 - most of them, and nothing else
            refused += 1
        else:  # places in words, statistics: nothing that is read back
            assert same(again, explanation)
    assert refused > 165  # of 330 flips


@pytest.mark.parametrize("names", [[10**30], [None], 5, {}, [["estimate"]]], ids=str)
def test_a_document_with_names_that_are_none_is_refused(names, tmp_path):
    written(made.importances(), tmp_path)
    table = pq.read_table(tmp_path / "x.parquet")
    told = dict(pq.ParquetFile(tmp_path / "x.parquet").metadata.metadata)
    document = json.loads(told[b"sipakit.document"])
    document["estimate"]["columns"] = names
    told[b"sipakit.document"] = json.dumps(document).encode()
    pq.write_table(table.replace_schema_metadata(told), tmp_path / "x.parquet")
    with pytest.raises(sp.InputError, match="Write it again with to_parquet"):
        sp.load(tmp_path / "x.parquet")


def test_a_file_of_another_kind_is_refused(tmp_path):
    import pyarrow as pa

    pq.write_table(pa.table({"a": [1]}), tmp_path / "x.parquet")
    with pytest.raises(sp.InputError, match="without a schema"):
        sp.load(tmp_path / "x.parquet")
    other = pa.table({"a": [1]}).replace_schema_metadata({"sipakit.schema": "sipakit.explanation/2"})
    pq.write_table(other, tmp_path / "x.parquet")
    with pytest.raises(sp.InputError, match=r"'sipakit.explanation/2'.*'sipakit.explanation/1'"):
        sp.load(tmp_path / "x.parquet")


def test_a_small_file_of_very_many_numbers_is_refused_before_it_is_unpacked(tmp_path):
    explanation = made.attributions(3, 1, n=2_000)
    zeros = np.zeros_like(explanation.values)
    data = written(dataclasses.replace(explanation, estimate=Estimate.exact(zeros)), tmp_path)
    with pytest.raises(sp.InputError, match=r"unpacks to .*limit="):
        sp.load(tmp_path / "x.parquet", limit=len(data) + 1)


def test_without_pyarrow_the_error_names_the_extra(tmp_path):
    code = """
import sys
sys.modules["pyarrow"] = None
import numpy as np, sipakit as sp
e = sp.ALE().explain(lambda X: X[:, 0], np.eye(3))
for call in (lambda: e.to_parquet("x.parquet"), lambda: sp.load(sys.argv[1])):
    try:
        call()
    except sp.MissingPackageError as error:
        print(error)
"""
    written(made.importances(), tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.parquet")], capture_output=True, text=True, check=True
    )
    assert done.stdout.count('pip install "sipakit[parquet]"') == 2, done.stderr
