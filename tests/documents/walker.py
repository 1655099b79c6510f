"""The part of JSON Schema (draft 2020-12) that sipakit's schema uses, written from its definition."""

import re

KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}
SILENT = {"description", "title", "$schema", "$id", "$defs"}


def is_kind(value, kind):
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def wrong(value, schema, root, at="$"):
    """What is wrong with a value, as a list of sentences; a keyword that is not known raises KeyError."""
    return [
        told
        for word, rule in schema.items()
        if word not in SILENT
        for told in RULES[word](value, rule, root, at, schema)
    ]


def one(holds, at, told):
    return [] if holds else [f"{at} {told}"]


def of_objects(check):
    return lambda value, *rest: check(value, *rest) if isinstance(value, dict) else []


def of_arrays(check):
    return lambda value, *rest: check(value, *rest) if isinstance(value, list) else []


def of_numbers(check):
    return lambda value, *rest: check(value, *rest) if is_kind(value, "number") else []


def properties(value, rule, root, at, schema):
    return [w for name, inner in rule.items() if name in value for w in wrong(value[name], inner, root, f"{at}.{name}")]


def additional(value, rule, root, at, schema):
    others = [name for name in value if name not in schema.get("properties", {})]
    if rule is False:
        return one(not others, at, f"has {others}")
    return [w for name in others for w in wrong(value[name], rule, root, f"{at}.{name}")]


def items(value, rule, root, at, schema):
    rest = list(enumerate(value))[len(schema.get("prefixItems", [])) :]
    return [w for i, item in rest for w in wrong(item, rule, root, f"{at}[{i}]")]


def prefix(value, rule, root, at, schema):
    return [
        w
        for i, (item, inner) in enumerate(zip(value, rule, strict=False))
        for w in wrong(item, inner, root, f"{at}[{i}]")
    ]


def ref(value, rule, root, at, schema):
    return wrong(value, root["$defs"][rule.removeprefix("#/$defs/")], root, at)


def matching(value, rule, root, at):
    return [wrong(value, inner, root, at) for inner in rule]


def any_of(value, rule, root, at, schema):
    found = matching(value, rule, root, at)
    return [] if not all(found) else [f"{at} fits none of {len(rule)}", *min(found, key=len)]


def one_of(value, rule, root, at, schema):
    found = matching(value, rule, root, at)
    fitting = sum(not told for told in found)
    return [] if fitting == 1 else [f"{at} fits {fitting} of {len(rule)}", *min(found, key=len)]


RULES = {
    "$ref": ref,
    "const": lambda v, r, root, at, s: one(v == r, at, f"is not {r!r}"),
    "enum": lambda v, r, root, at, s: one(v in r, at, f"is none of {r}"),
    "type": lambda v, r, root, at, s: one(
        any(is_kind(v, k) for k in ([r] if isinstance(r, str) else r)), at, f"is no {r}"
    ),
    "properties": of_objects(properties),
    "required": of_objects(lambda v, r, root, at, s: one(set(r) <= v.keys(), at, f"lacks {set(r) - v.keys()}")),
    "additionalProperties": of_objects(additional),
    "items": of_arrays(items),
    "prefixItems": of_arrays(prefix),
    "minItems": of_arrays(lambda v, r, root, at, s: one(len(v) >= r, at, "is too short")),
    "maxItems": of_arrays(lambda v, r, root, at, s: one(len(v) <= r, at, "is too long")),
    "pattern": lambda v, r, root, at, s: one(not isinstance(v, str) or re.search(r, v), at, f"has not the form {r}"),
    "minimum": of_numbers(lambda v, r, root, at, s: one(v >= r, at, "is too small")),
    "exclusiveMinimum": of_numbers(lambda v, r, root, at, s: one(v > r, at, "is too small")),
    "exclusiveMaximum": of_numbers(lambda v, r, root, at, s: one(v < r, at, "is too large")),
    "anyOf": any_of,
    "oneOf": one_of,
    "not": lambda v, r, root, at, s: one(wrong(v, r, root, at), at, f"fits {r}"),
}
