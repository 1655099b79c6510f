"""What can go wrong, and what a reader must know, by name."""

import dataclasses
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sipakit as sp
from sipakit import errors
from sipakit.caveats import CODES, Caveat, caveat

KINDS = {
    "InputError": ValueError,
    "InputTypeError": TypeError,
    "CapabilityError": TypeError,
    "PredictionError": ValueError,
    "BudgetError": ValueError,
    "ComparisonError": ValueError,
    "ContractError": AssertionError,
    "MissingPackageError": ImportError,
    "WorkerError": RuntimeError,
}
SOURCES = [path.read_text() for path in Path(sp.__file__).parent.rglob("*.py") if path.name != "caveats.py"]


@pytest.mark.parametrize("name", KINDS)
def test_an_error_is_sipakits_and_a_builtin_kind(name):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.SipakitError)
    for builtin in set(KINDS.values()):
        assert issubclass(kind, builtin) is (builtin is KINDS[name])
    with pytest.raises(KINDS[name], match=r"^n=0 is wrong\. n takes 1\.$"):
        raise kind("n=0 is wrong.", "n takes 1.")
    assert f"{name} ({KINDS[name].__name__})" in errors.__doc__


def test_every_error_is_named():
    found = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert found == {*KINDS, "SipakitError"}
    assert found | {"first_few"} == set(errors.__all__)


@pytest.mark.parametrize(
    ("parts", "message"),
    [(("a.",), "a."), (("a.", "b."), "a. b."), (("a.", "b.", "c."), "a. b. c."), (("a.", "", "c."), "a. c.")],
)
def test_a_message_is_its_parts_as_sentences(parts, message):
    error = errors.InputError(*parts)
    assert str(error) == message
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is errors.InputError
    assert str(back) == message


@given(st.lists(st.integers() | st.text(alphabet="abc'", max_size=3)), st.integers(1, 5))
def test_first_few_names_some_and_counts_the_others(things, limit):
    text = errors.first_few(iter(things), limit)
    shown = ", ".join(map(repr, things[:limit]))
    assert text == (f"{shown} and {len(things) - limit} more" if len(things) > limit else shown)


@pytest.mark.parametrize("code", CODES)
def test_a_caveat_says_code_title_message_and_cure(code):
    severity, title = CODES[code]
    one = caveat(code, "3 cells.", "Drop them.")
    assert re.fullmatch(r"SIPA\d{3}", code)
    assert (one.severity, one.title) == (severity, title)
    assert severity in {"info", "caution", "serious"}
    assert str(one) == f"[{code}] {title}: 3 cells. Drop them."
    assert str(caveat(code, "3 cells.")) == f"[{code}] {title}: 3 cells."


def test_titles_differ():
    titles = [title for _, title in CODES.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("code", ["SIPA000", "SIPA5", "InputError"])
def test_an_unknown_code_is_no_caveat(code):
    with pytest.raises(KeyError, match=code):
        caveat(code, "What?")


def test_every_code_that_is_raised_is_told():
    raised = {code for source in SOURCES for code in re.findall(r"SIPA\d+", source)}
    assert len(raised) > 10
    assert raised <= set(CODES)


def test_caveats_are_values():
    one = caveat("SIPA005", "x", "y")
    assert one == Caveat("SIPA005", "x", "y")
    assert len({one, Caveat("SIPA005", "x", "y"), Caveat("SIPA006", "x", "y")}) == 2
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.code = "SIPA006"
