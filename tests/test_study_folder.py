"""A study as a folder, and the way back: equal, the same bytes when written again, and nothing read from elsewhere."""

import dataclasses
import hashlib
import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.checks import same
from sipakit.documents import schema_path
from sipakit.reports.subject import Subject
from tests.documents.walker import wrong
from tests.evaluation.made import attributions
from tests.plots import made

PUBLISHED = json.loads(schema_path("study").read_text(encoding="utf-8"))
NAMES = ["a", ("b", 1), pd.Timestamp("2024-01-01", tz="Europe/Berlin"), 7, "</script>\ud800", None, 1.5, True]
SUBJECT = Subject(
    model="a tree",
    n_rows=40,
    kinds=tuple((name, "number") for name in NAMES),
    missing=((("b", 1), 3),),
    outputs=("no", "yes"),
    scale="probability",
    unit=None,
    target="size",
    n_background=None,
    rows=(3, 1),
    weighted=True,
    fingerprint="ab",
)


def answer(X):
    return X.iloc[:, 0].to_numpy() * X.iloc[:, 1].to_numpy()


def told():
    """A study of real answers with a comparison."""
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=["a", ("b", 1), 3])
    methods = ["permutation-importance", "ale", sp.ALE(grid_resolution=4), "h-statistic", "shapley", "lime"]
    study = sp.explain(answer, X, pd.Series(answer(X), name="height"), methods=methods, rows=[7, 3])
    compared = sp.compare([study["shapley"], study["lime"]]), sp.compare({"a": study["lime"], "b": study["lime"]})
    return dataclasses.replace(study, comparisons=compared).described(unit="metres", note="All of them.")


def made_up():
    """Every type of result, under odd names."""
    results = {f"../{name} <b>": e for name, e, _ in made.one_of_each(names=made.HOSTILE)}
    return sp.Study(SUBJECT, results)


@pytest.fixture(scope="module", params=[told, made_up, lambda: sp.Study(SUBJECT, {})], ids=["real", "made up", "empty"])
def written(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "new"
    study = request.param()
    return study, folder, study.to_json(folder)


def test_a_study_comes_back_equal_and_writes_the_same_bytes(written, tmp_path):
    study, folder, paths = written
    for path in (folder, folder / "study.json"):
        again = sp.load(path)
        assert type(again) is sp.Study
        assert again.subject == study.subject
        assert list(map(type, again.subject.kinds)) == list(map(type, study.subject.kinds))
        assert list(again) == list(study)
        assert all(again[name].to_json() == study[name].to_json() for name in study)
        assert same([c.agreements for c in again.comparisons], [c.agreements for c in study.comparisons])
    assert [path.name for path in again.to_json(tmp_path)] == [path.name for path in paths]
    assert all((tmp_path / path.name).read_bytes() == path.read_bytes() for path in paths)


def test_a_study_that_was_read_tells_the_same(tmp_path):
    study = told()
    study.to_json(tmp_path)
    again = sp.load(tmp_path)
    assert again.findings() == study.findings()
    assert repr(again) == repr(study)
    assert again._repr_html_() == study._repr_html_()
    for name, one in (("one.html", study), ("two.html", again)):
        one.report(tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert again.described(unit="feet").subject.unit == "feet"


def test_the_index_follows_its_schema_and_lists_every_file(written):
    _, folder, paths = written
    index = json.loads((folder / "study.json").read_text())
    assert wrong(index, PUBLISHED, PUBLISHED) == []
    assert PUBLISHED["title"] == index["schema"]
    listed = index["results"] + index["comparisons"]
    assert [one["file"] for one in listed] == [path.name for path in paths[1:]]
    for one in listed:
        assert one["sha256"] == hashlib.sha256((folder / one["file"]).read_bytes()).hexdigest()


def test_the_index_agrees_with_jsonschema(written):
    jsonschema = pytest.importorskip("jsonschema")
    for name in ("study", "comparison"):
        jsonschema.Draft202012Validator.check_schema(json.loads(schema_path(name).read_text(encoding="utf-8")))
    jsonschema.Draft202012Validator(PUBLISHED).validate(json.loads((written[1] / "study.json").read_text()))


def test_there_is_no_schema_of_another_name():
    with pytest.raises(sp.InputError, match="'explanation', 'comparison', 'study'"):
        schema_path("../study")


# ---- what is refused


@pytest.fixture
def folder(tmp_path):
    study = sp.Study(SUBJECT, {"one": made.importances(), "two": made.effects()})
    study.to_json(tmp_path / "here")
    return tmp_path / "here"


def signed(folder, old, new):
    """Change the index, and give it the right digest."""
    path = folder / "study.json"
    body = path.read_text().split("\n", 3)[3]
    assert old in body
    body = body.replace(old, new, 1)
    digest = hashlib.sha256(body.encode()).hexdigest()
    path.write_text(f'{{\n"schema": "sipakit.study/1",\n"digest": "sha256:{digest}",\n{body}')


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd", "../01-one.json", "..", ".", "", "sub/01-one.json", "sub\\\\01-one.json", "C:01-one.json",
        "01-one.json/../../01-one.json", "..json", "01-one.json\\u0000", "01-one.json\\n", "~/01-one.json",
        "file:01-one.json", "01-\\u2025.json", f"{'a' * 200}.json", "01-ONE.json", "study.parquet",
    ],
)  # fmt: skip
def test_a_file_that_is_not_beside_the_index_is_never_opened(name, folder):
    shutil.copy(folder / "01-one.json", folder.parent / "01-one.json")
    signed(folder, '"file": "01-one.json"', f'"file": "{name}"')
    with pytest.raises(sp.InputError, match=r"study\.json' lists the file .*beside its index.*Take the whole folder"):
        sp.load(folder)


def test_an_absolute_name_of_a_file_that_is_listed_otherwise_is_refused(folder):
    signed(folder, '"file": "01-one.json"', f'"file": {json.dumps(str(folder / "01-one.json"))}')
    with pytest.raises(sp.InputError, match="lists the file"):
        sp.load(folder)


def test_a_file_that_is_absent_is_named(folder):
    os.remove(folder / "02-two.json")  # noqa: PTH107
    with pytest.raises(sp.InputError, match=r"02-two\.json' cannot be read: No such file"):
        sp.load(folder)


def test_files_that_were_exchanged_cut_or_changed_are_named(folder):
    one, two = folder / "01-one.json", folder / "02-two.json"
    data = one.read_bytes()
    for other in (two.read_bytes(), data[:-1], data + b"\n", b"", dumps_of(made.importances(4, 1))):
        one.write_bytes(other)
        with pytest.raises(sp.InputError, match=r"01-one\.json' is not the file that study\.json lists"):
            sp.load(folder)


def dumps_of(explanation):
    return explanation.to_json().encode()


def test_a_result_of_another_schema_is_named(folder):
    compared = sp.compare([attributions(), attributions()]).to_json().encode()
    digest = hashlib.sha256((folder / "01-one.json").read_bytes()).hexdigest()
    (folder / "01-one.json").write_bytes(compared)
    signed(folder, digest, hashlib.sha256(compared).hexdigest())
    with pytest.raises(sp.InputError, match=r"01-one\.json' has the schema 'sipakit.comparison/1'.*'sipakit.expl"):
        sp.load(folder)


def test_a_thousand_truncations_and_flips_of_the_index_are_refused_by_name(folder):
    rng = np.random.default_rng(0)
    path = folder / "study.json"
    data = path.read_bytes()
    for _ in range(1_000):
        flipped = bytearray(data)
        flipped[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        for broken in (data[: rng.integers(len(data))], bytes(flipped)):
            path.write_bytes(broken)
            with pytest.raises(sp.InputError, match=r"study\.json"):
                sp.load(folder)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"name": "one"', '"name": "two"', "'two' is listed twice"),
        ('"name": "one"', '"name": 1', "names is no tuple"),
        ('"name": "one", ', "", "'name'"),
        ('"name": "one"', '"name": "one", "more": 1', "'more'"),
        ('"file": "01-one.json"', '"file": "02-two.json"', "'02-two.json' is listed twice"),
        ('"file": "01-one.json"', '"file": 1', "file is no str"),
        ('"comparisons": []', '"comparisons": {}', "{} is no list"),
        ('"comparisons": []', '"comparisons": [1]', "no index"),
        ('"comparisons": []', '"comparisons": [], "names": []', "names"),
        ('"comparisons": []', '"more": []', "'comparisons'"),
        ('"results": [', '"results": [1, ', "no index"),
        ('"n_rows": 40', '"n_rows": "40"', "n_rows is no int"),
        ('"n_rows": 40', '"n_rows": 40, "n_rows": 41', "'n_rows' stands twice"),
        ('"n_rows": 40,', "", "lacks 'n_rows'"),
        ('"rows": [3, 1]', '"rows": [3.5]', "rows is no tuple"),
        ('[7, "number"]', '[[7], "number"]', "unhashable"),
        ('[7, "number"]', '[7, "number", 1]', "too many values"),
        ('[7, "number"]', "[7, 1]", "kinds is no tuple"),
        ('[7, "number"]', '[{"type": "pickle"}, "number"]', "no type of this schema"),
        ('"subject": {', f'"subject": {{"deep": {"[" * 200_000}{"]" * 200_000},', "nested"),
        ('"subject": {', '"subject": [], "other": {', "no index"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_what_an_index_may_not_hold_is_refused(old, new, told, folder):
    signed(folder, old, new)
    with pytest.raises(sp.InputError, match=r"study\.json") as error:
        sp.load(folder)
    assert told in str(error.value)


def test_all_files_together_keep_within_the_limit(folder):
    sizes = [path.stat().st_size for path in sorted(folder.iterdir())]
    assert list(sp.load(folder, limit=sum(sizes))) == ["one", "two"]
    with pytest.raises(sp.InputError, match=rf"02-two\.json' and the files before it are .*limit={sum(sizes) - 1:,}"):
        sp.load(folder, limit=sum(sizes) - 1)
    with pytest.raises(sp.InputError, match=r"study\.json' is larger than limit=10"):
        sp.load(folder, limit=10)


def test_files_of_an_interrupted_writing_are_no_study(folder):
    other = sp.Study(SUBJECT, {"one": made.effects(), "two": made.effects()})
    kept = (folder / "study.json").read_bytes()
    other.to_json(folder)
    (folder / "study.json").write_bytes(kept)  # as if it had been stopped before the index
    with pytest.raises(sp.InputError, match="is not the file"):
        sp.load(folder)


def test_a_smaller_study_leaves_no_files_of_the_larger_one(folder):
    (folder / "mine.json").write_text("mine")
    sp.Study(SUBJECT, {"one": made.effects()}).to_json(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["01-one.json", "mine.json", "study.json"]


def test_files_that_were_changed_or_lie_elsewhere_are_not_removed(folder, tmp_path):
    (folder / "02-two.json").write_text("changed by hand")
    (tmp_path / "outside.json").write_bytes(b"not ours")
    index = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(b"not ours").hexdigest()
    away = os.path.relpath(tmp_path / "outside.json", folder)
    index["results"].append({"name": "three", "file": away, "sha256": digest})
    (folder / "study.json").write_text(json.dumps(index))
    sp.Study(SUBJECT, {"one": made.effects()}).to_json(folder)
    assert (folder / "02-two.json").exists()
    assert (tmp_path / "outside.json").exists()
    (folder / "study.json").write_text("no JSON")
    assert sp.Study(SUBJECT, {"one": made.effects()}).to_json(folder)[0].exists()
