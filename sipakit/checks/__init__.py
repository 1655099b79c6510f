"""Contract tests for explainers, sipakit's own and anybody's.

    from sipakit.checks import check_explainer
    check_explainer(MyMethod(), model, X, y)

or one test for each rule:

    @pytest.mark.parametrize("check", list(yield_checks(MyMethod())), ids=lambda check: check.__name__)
    def test_contract(check):
        check(Case(MyMethod(), model, X, y))

The four laws are among them, but for the second (honest standard errors), which takes many seeds to see.
"""

from sipakit.checks.case import Case
from sipakit.checks.yielding import Check, check_explainer, yield_checks
from sipakit.equality import same

__all__ = ["Case", "Check", "check_explainer", "same", "yield_checks"]
