"""`sipakit.load`: what is read from where, and what is refused."""

import subprocess
import sys

import pytest

import sipakit as sp
from sipakit import documents
from sipakit.checks import same
from tests.plots import made


def test_a_file_is_read_by_its_content_whatever_its_name(tmp_path):
    explanation = made.effects(names=made.HOSTILE)
    text = explanation.to_json(tmp_path / "effects.parquet")
    assert (tmp_path / "effects.parquet").read_bytes() == text.encode()
    assert same(sp.load(tmp_path / "effects.parquet"), explanation)
    assert same(sp.load(str(tmp_path / "effects.parquet")), explanation)


def test_what_cannot_be_opened_is_named(tmp_path):
    for path in (tmp_path / "absent.json", tmp_path, str(tmp_path / "a\0b")):
        with pytest.raises(sp.InputError, match=r"path=.* cannot be read"):
            sp.load(path)
    for thing in (3, None, b"bytes", made.importances()):
        with pytest.raises(sp.InputTypeError, match=type(thing).__name__):
            sp.load(thing)


def test_no_more_than_the_limit_is_read(tmp_path):
    text = made.importances().to_json(tmp_path / "x.json")
    assert same(sp.load(tmp_path / "x.json", limit=len(text)), made.importances())
    with pytest.raises(sp.InputError, match=rf"x\.json.*limit={len(text) - 1:,}".replace(",", ",")):
        sp.load(tmp_path / "x.json", limit=len(text) - 1)
    for limit in (0, -1, 1.5, True, "1"):
        with pytest.raises(sp.InputError, match="limit="):
            sp.load(tmp_path / "x.json", limit=limit)


def test_what_is_in_a_file_decides_of_which_type_the_answer_is(tmp_path):
    study = sp.explain(lambda X: X[:, 0], [[0.0], [1.0], [3.0]], methods=["ale"])
    index, *files = study.to_json(tmp_path)
    assert type(sp.load(index)) is type(sp.load(tmp_path)) is type(sp.load(str(tmp_path))) is sp.Study
    assert same(sp.load(files[0]), study["ale"])


@pytest.mark.parametrize("schema", ["sipakit.explanation/2", "sipakit.study/2", "sipakit.other/1"])
def test_a_schema_of_another_version_is_told_with_those_that_are_read(schema, tmp_path):
    (tmp_path / "study.json").write_text(f'{{"schema": "{schema}", "more": [}}')
    told = rf"study\.json' has the schema '{schema}'.*'sipakit.explanation/1', .*'sipakit.study/1'.*later version"
    with pytest.raises(sp.InputError, match=told):
        sp.load(tmp_path)


def test_a_folder_without_an_index_is_told(tmp_path):
    with pytest.raises(sp.InputError, match=r"study\.json' cannot be read: No such file.*the folder of a study"):
        sp.load(tmp_path)


def test_a_pickle_is_no_explanation(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\x80\x04\x95cos\nsystem\n")
    with pytest.raises(sp.InputError, match="no explanation"):
        sp.load(tmp_path / "x.json")


def test_files_need_no_matplotlib_and_no_pyarrow():
    code = "import sys, sipakit.documents, sipakit; assert not {'matplotlib', 'pyarrow.parquet'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert documents.LIMIT == 512 * 2**20
