"""The published JSON Schema, and every kind of document against it."""

import json

import pytest

from sipakit.documents import SCHEMA, schema_path
from tests.documents.made import CASES, real
from tests.documents.walker import wrong
from tests.plots import made
from tests.variants import VARIANTS

PUBLISHED = json.loads(schema_path().read_text(encoding="utf-8"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_explainers_document_follows_the_schema(variant):
    if "Gradients" in variant:
        pytest.importorskip("torch")
    assert wrong(json.loads(real(variant).to_json()), PUBLISHED, PUBLISHED) == []


@pytest.mark.parametrize("explanation", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_documents_of_every_shape_follow_the_schema(explanation):
    assert wrong(json.loads(explanation.to_json()), PUBLISHED, PUBLISHED) == []


def test_the_schema_is_that_of_the_documents():
    assert PUBLISHED["title"] == SCHEMA
    assert PUBLISHED["$schema"].endswith("draft/2020-12/schema")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "sipakit.explanation/2"}, "schema"),
        ({"digest": "sha256:1"}, "digest"),
        ({"conf_level": 2}, "conf_level"),
        ({"features": "a"}, "features"),
        ({"more": 1}, "more"),
        ({"baseline": {"type": "array", "dtype": "int64", "shape": [1], "data": [1]}}, "baseline"),
        ({"cost": {}}, "cost"),
        ({"caveats": [{"type": "Caveat", "code": "X", "message": "", "cure": ""}]}, "caveats"),
        ({"parameters": {"a": {"type": "evil"}}}, "parameters"),
        ({"estimate": {"type": "Estimate"}}, "estimate"),
    ],
    ids=lambda part: str(part)[:30],
)
def test_a_document_that_is_none_does_not_follow_it(change, told):
    document = {**json.loads(made.importances().to_json()), **change}
    assert any(told in one for one in wrong(document, PUBLISHED, PUBLISHED))


def test_the_walker_agrees_with_jsonschema():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    for _, explanation in CASES:
        jsonschema.Draft202012Validator(PUBLISHED).validate(json.loads(explanation.to_json()))
