"""Rules about the object: its parameters, its text, and what it asks for."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

from sklearn.base import clone

from sipakit.checks.case import Case, must
from sipakit.equality import same
from sipakit.errors import InputError

__all__ = [
    "check_clone_has_equal_parameters",
    "check_docstring_is_complete",
    "check_parameters_are_frozen",
    "check_repr_names_the_parameters",
    "check_what_it_needs_is_asked_for",
    "check_wrong_parameter_is_refused_by_name",
]

_SECTIONS = ("Parameters", "Returns", "References", "Examples")


def check_repr_names_the_parameters(case: Case) -> None:
    """The repr is the call that makes it, as far as text can say it."""
    text, name = repr(case.explainer), type(case.explainer).__name__
    must(text.startswith(f"{name}(") and text.endswith(")"), f"repr is {text}", f"it reads {name}(...)")
    changed = replace(case.explainer, conf_level=0.75)  # type: ignore[type-var]
    must("conf_level=0.75" in repr(changed), "repr leaves conf_level=0.75 out", "it shows what is not the default")


def check_clone_has_equal_parameters(case: Case) -> None:
    """`sklearn.base.clone` works, through get_params and the constructor."""
    twin = clone(case.explainer)
    must(type(twin) is type(case.explainer), f"its clone is a {type(twin).__name__}", "a clone has the same class")
    must(same(twin.get_params(), case.explainer.get_params()), "its clone differs", "parameters are kept as given")


def check_parameters_are_frozen(case: Case) -> None:
    """Parameters cannot be set after construction."""
    must(dataclasses.is_dataclass(case.explainer), "it is no dataclass", "an explainer is a frozen dataclass")
    try:
        case.explainer.conf_level = case.explainer.conf_level
    except dataclasses.FrozenInstanceError:
        return
    must(holds=False, broken="conf_level could be set", rule="an explainer is a frozen dataclass")


def check_docstring_is_complete(case: Case) -> None:
    """The class says what it takes, what it returns and where it comes from, and shows it."""
    text = type(case.explainer).__doc__ or ""
    lines = [line.strip() for line in text.splitlines()]
    absent = [section for section in _SECTIONS if section not in lines]
    must(not absent, f"its docstring lacks {', '.join(absent)}", f"it has {', '.join(_SECTIONS)}")
    must(case.explainer.question.endswith("?"), "question is no question", "it is one, in a reader's words")
    must(len(case.explainer.references) > 0, "references are empty", "they name where the method comes from")


def check_wrong_parameter_is_refused_by_name(case: Case) -> None:
    """A parameter that cannot be is refused at once, with its name and value."""
    for name, value in (("conf_level", 2.0), ("random_state", -1)):
        try:
            replace(case.explainer, **{name: value})  # type: ignore[type-var]
        except InputError as error:
            must(f"{name}={value}" in str(error), f"the error is {error}", "it names the parameter and its value")
        else:
            must(holds=False, broken=f"{name}={value} was accepted", rule="call super().__post_init__()")


def check_what_it_needs_is_asked_for(case: Case) -> None:
    """Without y or background, where it needs one, there is an `InputError` that says so."""
    short: list[tuple[str, Case]] = []
    if "target" in case.explainer.requires():
        short.append(("y", replace(case, y=None)))
    if "background" in case.explainer.requires():
        short.append(("background", replace(case, explainer=replace(case.explainer, background=None))))  # type: ignore[type-var]
    for name, less in short:
        try:
            less.explain()
        except InputError as error:
            must(name in str(error), f"without {name} the error is: {error}", f"it names {name}")
        else:
            must(holds=False, broken=f"it ran without {name}", rule="what is in needs is needed")
