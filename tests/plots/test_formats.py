from __future__ import annotations

import math

import pytest

from sipakit.plots.formats import NumberTicks, interval, metric_name, number, quantity, spoken
from tests.plots import made


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.123456, 0.004, "0.123"),
        (0.123456, 0.04, "0.12"),
        (1234.5, 60.0, "1,230"),
        (-0.5, 0.01, "\N{MINUS SIGN}0.50"),
        (0.0004, 0.1, "0.0"),
        (-0.0004, 0.1, "0.0"),
        (12.0, math.nan, "12"),
        (0.25, math.nan, "0.25"),
        (0.0, math.nan, "0"),
        (1.5e-7, 1e-9, "1.50e\N{MINUS SIGN}7"),
        (2.5e9, 1e8, "2.5e9"),
        (3.0, math.inf, "3"),
        (math.nan, 1.0, "unknown"),
        (math.inf, 1.0, "unknown"),
    ],
)
def test_numbers_have_the_digits_that_their_error_supports(value, error, text):
    assert number(value, error) == text


def test_signs_are_written_where_they_carry_meaning():
    assert number(0.5, 0.01, signed=True) == "+0.50"
    assert number(-0.5, 0.01, signed=True) == "\N{MINUS SIGN}0.50"
    assert number(0.0001, 0.01, signed=True) == "0.00"


def test_an_interval_is_written_only_where_there_is_one():
    assert interval(0.12, 0.01, 0.10, 0.14) == "0.12 (0.10 to 0.14)"
    assert interval(0.5, 0.0, 0.5, 0.5) == "0.5"
    assert interval(0.5, math.inf, -math.inf, math.inf) == "0.5"


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.0, 0.25, 0.5], ["0.00", "0.25", "0.50"]),
        ([-1.0, 0.0, 1.0], ["\N{MINUS SIGN}1", "0", "1"]),
        ([2010.0, 2012.0], ["2010", "2012"]),
        ([0.0, 25_000.0], ["0", "25,000"]),
        ([0.0, 2e8], ["0", "2e8"]),
        ([1e-5, 1.5e-5], ["1.0e\N{MINUS SIGN}5", "1.5e\N{MINUS SIGN}5"]),
        ([1_000_000.1, 1_000_000.2], ["1,000,000.1", "1,000,000.2"]),
        ([3.0], ["3"]),
        ([], []),
    ],
)
def test_ticks_are_plain_numbers_that_differ(values, labels):
    assert NumberTicks().format_ticks(values) == labels


def test_class_names_are_spoken():
    assert [spoken(n) for n in ("PermutationImportance", "ICE", "LIME", "HStatistic")] == [
        "Permutation importance",
        "ICE",
        "LIME",
        "H statistic",
    ]
    assert metric_name("neg_log_loss") == "log loss"


@pytest.mark.parametrize(
    ("scale", "output", "text"),
    [
        ("prediction", "prediction", "prediction"),
        ("probability", ">50K", "probability of >50K"),
        ("probability", None, "probability"),
        ("log_odds", "yes", "log-odds of yes"),
        ("score", "prediction", "raw score"),
        ("probability", "$a\x00", "probability of $a\ufffd"),
    ],
)
def test_rulers_name_scale_and_output(scale, output, text):
    assert quantity(made.effects(scale=scale), output) == text
