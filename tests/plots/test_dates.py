from __future__ import annotations

from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from sipakit.plots.dates import date_ticks


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        ("1990-05-01", "2024-01-01", ["2000", "2010", "2020"]),
        ("2022-11-10", "2024-01-15", ["2023-01", "2023-07", "2024-01"]),
        ("2024-02-27", "2024-03-02", ["2024-02-27", "2024-02-29", "2024-03-02"]),
        ("2024-02-27 01:00", "2024-02-27 09:00", ["2024-02-27\n03:00", "2024-02-27\n06:00", "2024-02-27\n09:00"]),
        ("2024-02-27", "2024-02-27", ["2024-02-27"]),
    ],
)
def test_ticks_are_round_moments(low, high, labels):
    ends = [float(pd.Timestamp(end).value) for end in (low, high)]
    assert date_ticks(*ends, None, 3)[1] == labels


def test_ticks_are_round_in_the_zone_of_the_column():
    zone = ZoneInfo("Asia/Kolkata")
    low, high = pd.Timestamp("2024-01-01 09:00", tz=zone), pd.Timestamp("2024-01-01 17:00", tz=zone)
    ticks, labels = date_ticks(float(low.value), float(high.value), zone, 3)
    assert labels == ["2024-01-01\n09:00", "2024-01-01\n12:00", "2024-01-01\n15:00"]
    assert pd.Timestamp(int(ticks[1])) == pd.Timestamp("2024-01-01 06:30")


@pytest.mark.parametrize("span", [1.0, 1e6, 1e9, 3e10, 5e12, 8.64e13, 4e15, 3e17, 8e18])
@pytest.mark.parametrize("most", [2, 3, 6])
def test_any_span_gets_between_one_and_the_asked_number_of_ticks(span, most):
    low = float(pd.Timestamp("1700-02-03 04:05:06").value)
    ticks, labels = date_ticks(low, low + span, None, most)
    assert 1 <= len(ticks) == len(labels) <= most
    assert len(set(labels)) == len(labels)
    assert low <= ticks.min()
    assert ticks.max() <= low + span
