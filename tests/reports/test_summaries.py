"""What is made of explanations at a glance: as text, as HTML, and with hostile names."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.plots.labels import width
from tests.reports.test_glance import NAUGHTY, Seen

X = np.random.default_rng(0).normal(size=(40, 3))


def values(k=1, names=("a", "b", "c")):
    frame = pd.DataFrame(X, columns=pd.Index(names, dtype=object))
    model = lambda X: np.column_stack([(i + 1) * np.asarray(X)[:, 0] * np.asarray(X)[:, 1] for i in range(k)])
    return sp.Shapley(background=frame, replicates=4).explain(model, frame)


def table():
    return pd.DataFrame(X, columns=list("abc"))


def summaries(e):
    return [e.cohorts(list(e.row_values[:, 0] > 0)), e.rank_stability(top=2), sp.compare([e, e])]


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("name", ["plain", *NAUGHTY])
def test_summaries_are_short_plain_and_well_formed(name, k):
    e = values(k, (name, "b", "c"))
    for one in [*summaries(e), sp.compare({name: e, "b": e})]:
        lines = repr(one).splitlines()
        assert max(map(width, lines)) <= 100
        assert len(lines) <= 16
        assert all(line.isprintable() for line in lines)
        seen = Seen(one._repr_html_())
        assert {"script", "img"}.isdisjoint(seen.tags)
        assert seen.attributes <= {"style", "scope", "title"}
        assert "nan" not in repr(one)
        assert "inf" not in repr(one)


def test_cohorts_tell_what_leads_each_group():
    groups = values().cohorts(np.where(X[:, 0] > 0, "above", "below"))
    text = repr(groups)
    assert "40 rows in 2 groups, 3 features" in text
    for name in ("above", "below"):
        (line,) = [line for line in text.splitlines() if line.startswith(name)]
        first, second = groups[name].frame().nlargest(2, "estimate")["feature"]
        assert line.split()[1:3] == [str(int(groups[name].manifest["rows"])), first]
        assert line.split()[-1] == second
        assert " to " in line
    eight = repr(values().cohorts([f"g{i % 8}" for i in range(40)]))
    assert [f"\ng{i} " in eight for i in range(8)] == [True] * 6 + [False] * 2
    assert "6 of 8 groups; frame() has all." in eight


def test_one_feature_has_no_second():
    e = sp.Shapley(background=X[:, :1]).explain(lambda X: X[:, 0], X[:, :1])
    assert "second" not in repr(e.cohorts(X[:, 0] > 0))


def test_rank_stability_tells_whole_percents():
    text = repr(values().rank_stability(top=3))
    told = values().rank_stability(top=3).shares().set_index("kept")["share"]
    assert f"{100 * told['first_kept']:.0f} %" in text
    assert "the first 3 as a set" in text
    assert "100 %" in text
    assert "e−" not in text
    assert "as a set" not in repr(values().rank_stability(top=1))
    assert repr(values(2).rank_stability()).count("output_1") == 3
    assert "unknown" in repr(values()[:1].rank_stability())


def test_a_comparison_tells_each_pair_once_and_what_is_missing():
    e = values()
    slopes = sp.LIME(background=table(), n_samples=256).explain(lambda X: X["a"] * X["b"], table())
    text = repr(sp.compare({"one": e, "two": e, "slopes": slopes}))
    assert [line.split()[:2] for line in text.splitlines() if line.startswith(("one ", "two "))][-3:] == [
        ["one", "two"],
        ["one", "slopes"],
        ["two", "slopes"],
    ]
    assert "its values are not meant to add up" in text
    assert "–" in text  # measures that are not taken of such a pair
    assert "only one of them adds up" in " ".join(text.split())


def test_plans_and_costs_are_told_and_not_spelled():
    plan = sp.Shapley(background=X).plan(lambda X: X[:, 0], X)
    assert repr(plan) == str(plan)
    assert repr(plan).startswith("Shapley, enumeration: at most ")
    assert "0 MiB" not in repr(sp.ALE().plan(lambda X: X[:, 0], X))
    assert repr(values().cost).endswith("s outside")
