from __future__ import annotations

import unicodedata

import pytest
from matplotlib.figure import Figure

from sipakit.plots.labels import clean, distinct, put, put_ticks, width, wrapped
from tests.plots import made


@pytest.mark.parametrize("name", made.HOSTILE, ids=ascii)
def test_a_clean_name_is_short_harmless_and_stays_as_it_is(name):
    text = clean(name)
    assert text
    assert width(text) <= 32
    assert {unicodedata.category(c) for c in text}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert not set(text) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\ufffe\uffff\ufeff")
    assert clean(text) == text
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("age", "age"),
        ("_hidden", "_hidden"),
        ("$x_{1$", "$x_{1$"),
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\u202eabc", "\ufffdabc"),
        ("two\nlines\tof", "two lines of"),
        ("\U0001fffe", "\ufffd"),
        ("zero\u200dwidth", "zero\u200dwidth"),
        (("a", 1), "('a', 1)"),
        (None, "None"),
        ("  ", "(no name)"),
    ],
    ids=ascii,
)
def test_what_becomes_of_characters(name, text):
    assert clean(name) == text


def test_a_long_name_keeps_its_beginning_and_its_end():
    name = "the_first_part_" + "x" * 100 + "_the_last_part"
    text = clean(name, 20)
    assert len(text) == 20
    first, last = text.split("…")
    assert name.startswith(first)
    assert name.endswith(last)


@pytest.mark.parametrize("limit", [-5, 0, 1, 2, 3])
@pytest.mark.parametrize("name", ["abcdef", "日本語", "e\u0301" * 4])
def test_no_room_at_all_is_no_reason_to_hang(name, limit):
    assert width(clean(name, limit)) <= 4


def test_wide_characters_count_twice_and_accents_not_at_all():
    assert width("日本") == 4
    assert width("e\u0301") == 1
    assert width(clean("日" * 100, 20)) <= 20
    assert not unicodedata.combining(clean("e\u0301" * 100, 9).split("…")[1][0])


def test_names_that_look_alike_get_their_number():
    long = "a" * 40
    assert distinct(["x", "a\x00", "a\x01", long + "b" + long, long + "c" + long], 20) == [
        "x",
        "a\ufffd #2",
        "a\ufffd #3",
        "aaaaaaa…aaaaaaa #4",
        "aaaaaaa…aaaaaaa #5",
    ]


def test_wrapped_text_keeps_its_words_and_ends_in_an_ellipsis_where_it_is_cut():
    rule = "age <= 3.5 and hours > 20 and pay <= 100"
    assert wrapped(rule, 16).split("\n") == ["age <= 3.5 and", "hours > 20 and", "pay <= 100"]
    assert wrapped(rule, 16, 2).endswith("…")
    assert max(map(width, wrapped("日" * 50, 20).split("\n"))) <= 20


@pytest.mark.parametrize("name", made.HOSTILE, ids=ascii)
def test_a_text_artist_shows_a_name_as_it_is_written(name):
    figure = Figure()
    title = put(figure.subplots().set_title("x"), name if isinstance(name, str) else str(name))
    assert not title.get_parse_math()
    assert not title.get_usetex()
    if clean(name, None) != "(no name)":
        assert title.get_text() == clean(name, None)
    figure.draw_without_rendering()


def test_names_at_ticks_stay_after_drawing_and_after_a_second_time():
    figure = Figure()
    axes = figure.subplots()
    for names in (["$x_{1$", "a$b$c", "_z"], ["$\\frac{1}{$", "two"]):
        put_ticks(axes.xaxis, list(range(len(names))), names)
        figure.draw_without_rendering()
        labels = axes.get_xticklabels()
        assert [label.get_text() for label in labels] == names
        assert not any(label.get_parse_math() for label in labels)
