"""The layout of every document: schema, digest, a field a line."""

import json
from hashlib import sha256

import pytest

import sipakit as sp
from sipakit import documents
from sipakit.documents.layout import laid_out, opened, schema_of
from sipakit.documents.text import loads
from tests.plots import made


def test_fields_have_a_line_each_and_the_digest_is_of_what_follows_it():
    text = laid_out("sipakit.example/1", {"plain": [1, 2], "parts": [{"a": 1}, {"b": [{"c": 2}]}], "none": []})
    assert text.splitlines() == [
        "{",
        '"schema": "sipakit.example/1",',
        f'"digest": "sha256:{sha256("".join(text.splitlines(keepends=True)[3:]).encode()).hexdigest()}",',
        '"plain": [1, 2],',
        '"parts": [',
        ' {"a": 1},',
        ' {"b": [{"c": 2}]}',
        "],",
        '"none": []',
        "}",
    ]
    assert schema_of(text.encode(), "x") == "sipakit.example/1"
    assert opened(text.encode(), "x", "sipakit.example/1")["parts"] == [{"a": 1}, {"b": [{"c": 2}]}]


def test_another_schema_is_refused_before_anything_else_is_read():
    for other in ("sipakit.explanation/2", "sipakit.study/1"):
        text = documents.dumps(made.importances()).replace(documents.SCHEMA, other) + "no JSON {"
        with pytest.raises(sp.InputError, match=rf"'{other}'.*'sipakit.explanation/1'"):
            loads(text.encode(), "x")
    for text in ("", "{}", "[1]", "\x00", '{"type": 1}', "schema"):
        with pytest.raises(sp.InputError, match="does not begin with its schema"):
            loads(text.encode(), "x")


def test_a_digest_that_is_lost_or_wrong_is_told():
    text = documents.dumps(made.importances())
    with pytest.raises(sp.InputError, match="no digest"):
        loads(json.dumps(json.loads(text)).encode(), "x")
    with pytest.raises(sp.InputError, match="changed or cut"):
        loads(text.replace("20 rows", "21 rows").encode(), "x")
    with pytest.raises(sp.InputError, match="changed or cut"):
        loads(text.replace("\n", "\r\n").encode().replace(b"\r\n", b"\n", 3), "x")
