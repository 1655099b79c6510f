"""A study tells each caveat once, with the methods that raised it, and how far it can be trusted."""

from dataclasses import replace

from sipakit.caveats import caveat
from sipakit.reports.verdict import judge, noted
from tests.plots import made

ALIKE = caveat("SIPA042", "Other columns tell 'a'.", "Move them together.")
OTHER = caveat("SIPA042", "Other columns tell 'a' and 'b'.", "Move them together.")


def test_the_verdict_follows_from_the_gravest_caveat():
    clean = replace(made.importances(2), caveats=())
    assert judge([clean]).words == "Usable as shown"
    assert judge([clean, made.importances(2)]).words == "Usable with care"
    random = replace(clean, caveats=(caveat("SIPA012", "It differs."), caveat("SIPA010", "20 rows.")))
    found = judge([random])
    assert found.words == "Not to be relied on"
    assert found.reasons == ("Permutation importance: the model's answers are random (SIPA012).",)


def test_equal_caveats_of_several_methods_are_one_that_names_them():
    (one,) = noted([replace(e, caveats=(ALIKE,)) for e in (made.importances(2), made.effects(2), made.effects(3))])
    assert one.methods == ("Permutation importance", "Partial dependence")
    assert one.told == ((ALIKE.message, one.methods),)
    assert one.cures == (ALIKE.cure,)


def test_different_messages_of_one_caveat_stand_together_each_with_its_methods():
    pair = [replace(made.importances(2), caveats=(ALIKE, OTHER)), replace(made.effects(2), caveats=(OTHER,))]
    (one,) = noted(pair)
    assert one.told == (
        (ALIKE.message, ("Permutation importance",)),
        (OTHER.message, ("Permutation importance", "Partial dependence")),
    )
    assert one.cures == (ALIKE.cure,)
    assert judge(pair).reasons == (
        "Permutation importance, Partial dependence: rows unlike any in the table (SIPA042).",
    )
