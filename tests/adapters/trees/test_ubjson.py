"""Universal Binary JSON as XGBoost writes it."""

import json
import struct

import numpy as np
import pytest

from sipakit.adapters.trees.ubjson import from_ubjson
from tests.adapters.trees import cases


def plain(value):
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | np.ndarray) else value


def test_every_type_of_value():
    text = b"S" + b"i\x03" + b"abc"
    numbers = b"[" + b"".join(
        m + struct.pack(">" + c, 7) for m, c in zip(b"iUIlLdD", "bBhiqfd", strict=True) for m in [bytes([m])]
    )
    assert from_ubjson(numbers + b"]") == [7] * 7
    assert from_ubjson(b"[ZTF" + text + b"]") == [None, True, False, "abc"]
    assert from_ubjson(b"[#i\x02i\x01{}") == [1, {}]
    assert from_ubjson(b"{i\x01a" + text + b"i\x01b[]}") == {"a": "abc", "b": []}
    many = from_ubjson(b"[$l#L" + struct.pack(">q2i", 2, -1, 300))
    assert many.tolist() == [-1, 300]
    with pytest.raises(ValueError, match="no type of value"):
        from_ubjson(b"[H]")


def test_a_model_says_the_same_in_both_formats():
    pytest.importorskip("xgboost")
    booster = cases.fitted("xgboost with levels")[0].get_booster()
    binary = from_ubjson(bytes(booster.save_raw("ubj")))["learner"]["gradient_booster"]["model"]
    text = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
    assert binary.keys() == text.keys()
    for one, other in zip(binary["trees"], text["trees"], strict=True):
        assert one.keys() == other.keys()
        np.testing.assert_array_equal(one["split_conditions"], np.array(other["split_conditions"], np.float32))
        assert plain(one["categories"]) == other["categories"]
        assert plain(one["left_children"]) == other["left_children"]
