"""Explanations made up for pictures and documents: any number of features and outputs, any names."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from matplotlib.text import Text

from sipakit.axis import Axis, Plane
from sipakit.caveats import caveat
from sipakit.estimate import Estimate
from sipakit.explanation import (
    Attributions,
    Cost,
    Decomposition,
    Effects,
    Importances,
    Interactions,
    Regions,
    Surrogates,
)

HOSTILE = (
    "$x_{1$",
    "$\\frac{1}{$",
    "cost $ and $ price",
    "_hidden",
    "<b>&",
    "\ud800",
    "a\x00b",
    "a\x0b\ufffeb",
    "\u202eabc",
    "x" * 300,
    "😀",
    "日本語",
    "-->",
    "]]>",
    "<script>alert(1)</script>",
    "",
    ("a", 1),
    7,
    float("nan"),
    "\n",
)
ERROR = (
    "Standard errors cover the sampling of the explained rows. "
    "They leave out the choice of the background and the fitting of the model."
)


def features(count: int) -> tuple[str, ...]:
    """Plausible names, some of them long."""
    first = ("age", "hours_per_week", "a very long name " + "that goes on " * 4 + "to the end")
    return (first + tuple(f"measurement_{j:02d}" for j in range(3, count)))[:count]


def outputs(count: int) -> tuple[str, ...]:
    """One prediction, or classes."""
    return ("prediction",) if count == 1 else tuple(f"class {'ABCDEFGH'[k]}" for k in range(count))


def common(names, k, scale=None):
    """What every explanation carries."""
    return {
        "explainer": "PartialDependence",
        "parameters": {"grid_resolution": 20, "features": None, "groups": {1: ["a", "b"]}},
        "question": "How does the mean prediction move along a feature?",
        "references": ("Friedman (2001), doi:10.1214/aos/1013203451",),
        "features": tuple(names),
        "outputs": outputs(k),
        "scale": scale or ("prediction" if k == 1 else "probability"),
        "error": ERROR,
        "estimator": "exact",
        "conf_level": 0.95,
        "caveats": (caveat("SIPA010", "There are 20 rows.", "Pass background=."),),
        "cost": Cost(rows=100, asked=120, seconds_in_model=0.25),
        "manifest": {"python": "3.11", "seed": 0},
    }


def attributions(count=3, k=1, n=1, names=None, **changes):
    rng = np.random.default_rng(0)
    names = features(count) if names is None else names
    size = np.exp(-np.arange(len(names)) / 5)
    cells = rng.normal(size=(n, len(names), k))
    values = cells * size[None, :, None]
    row_values = np.empty((n, len(names)), dtype=object)
    row_values[:] = np.round(38 + 10 * cells[..., 0], 2)
    row_values[:, 1:2] = "Exec-managerial"
    made = {
        **common(names, k),
        "explainer": "Shapley",
        "estimate": Estimate.within(values, 0.08 * size[None, :, None], conf_level=0.95),
        "base_values": np.full(k, 0.24),
        "base_std_error": np.full(k, 0.01),
        "predictions": 0.24 + values.sum(axis=1),
        "row_values": row_values,
        "rows": np.arange(n) + 17,
        "completeness_gap": np.zeros((n, k)),
    }
    return Attributions(**{**made, **changes})


def importances(count=3, m=1, names=None):
    rng = np.random.default_rng(1)
    names = features(count) if names is None else names
    size = 3 * np.exp(-np.arange(len(names)) / 8)
    values = size[:, None] * rng.uniform(0.5, 1, (len(names), m)) - 0.02
    metrics = ("neg_mean_squared_error", "r2", "neg_median_absolute_error")[:m]
    made = common(names, 1)
    return Importances(
        **{**made, "explainer": "PermutationImportance"},
        estimate=Estimate.within(values, 0.1 + 0 * values, conf_level=0.95),
        metrics=metrics,
        baseline=np.linspace(0.7, 12, m),
    )


def number_axis(name, places=20, absent=False, high=90.0):
    rng = np.random.default_rng(2)
    values = np.linspace(17, high, places)
    rug = np.sort(rng.gamma(4, (high - 17) / 12, 200) + 17)
    if absent:
        values = np.append(values, np.nan)
    labels = tuple("missing" if np.isnan(v) else f"{v:.6g}" for v in values)
    weight = np.full(len(values), 1 / len(values))
    return Axis(name, "number", values, values.copy(), labels, weight, rug)


def date_axis(name, places=12, absent=False, spans=False, zone=None, freq="30D"):
    if spans:
        values = pd.timedelta_range("1h", periods=places, freq="5h").array
    else:
        values = pd.date_range("2024-01-15", periods=places, freq=freq, tz=zone).as_unit("ns").array
    if absent:
        values = pd.concat([pd.Series(values), pd.Series([pd.NaT], dtype=values.dtype)]).array
    series = pd.Series(values)
    unit = "m8[ns]" if spans else "M8[ns]"
    positions = series.to_numpy(dtype=unit).astype(np.int64).astype(float)
    positions = np.where(series.isna(), np.nan, positions)
    known = positions[np.isfinite(positions)]
    labels = tuple("missing" if pd.isna(v) else str(v) for v in values)
    rug = np.linspace(known.min(), known.max(), 40)
    return Axis(name, "date", values, positions, labels, np.full(len(series), 1 / len(series)), rug)


def level_axis(name, levels, kind="category", absent=False):
    values = np.array([*levels, *([None] if absent else [])], dtype=object)
    g = len(values)
    positions = np.where(np.array([v is None for v in values]), np.nan, np.arange(g, dtype=float))
    labels = tuple("missing" if v is None else str(v) for v in values)
    weight = np.exp(-np.arange(g) / 4)
    if kind == "ordered":
        values = pd.Categorical(values, categories=list(levels), ordered=True)
    return Axis(name, kind, values, positions, labels, weight / weight.sum(), np.arange(g) * 1.0)


def all_axes():
    """One axis of each kind."""
    work = ["Private", "Self-emp-not-inc", "Local-gov", "State-gov", "Federal-gov", "Never-worked"]
    return (
        number_axis("age"),
        number_axis("capital_gain", absent=True, high=99_999.0),
        date_axis("signed"),
        date_axis("signed at", absent=True, zone="Europe/Berlin", freq="3h"),
        date_axis("time since", spans=True),
        level_axis("work class", work, absent=True),
        level_axis("education", ["low", "middle", "high"], kind="ordered"),
        level_axis("occupation", [f"occupation number {i}" for i in range(50)]),
        level_axis("married", ["False", "True"], kind="ordered"),
        number_axis("few", places=3),
    )


def axes_of(names):
    """Axes of number kind, every fourth with levels."""
    kinds = [
        level_axis(n, ["low", "middle", "high"]) if j % 4 == 3 else number_axis(n, absent=j % 4 == 1)
        for j, n in enumerate(names)
    ]
    return tuple(kinds)


def effects(count=3, k=1, names=None, axes=None, centred=False, scale=None, error=0.03):
    rng = np.random.default_rng(3)
    names = features(count) if names is None else names
    axes = axes_of(names) if axes is None else axes
    parts = []
    for j, axis in enumerate(axes):
        t = np.linspace(0, 1, len(axis))[:, None]
        wave = np.sin(3 * t + np.arange(k) + j) / (1 + 0.15 * j)
        parts.append(0.4 + 0.3 * wave + rng.normal(0, 0.01, (len(axis), k)) - 0.4 * centred)
    values = np.concatenate(parts)
    made = common([axis.name for axis in axes], k, scale)
    made["explainer"] = "ALE" if centred else "PartialDependence"
    estimate = Estimate.within(values, error, conf_level=0.95, parts={"heterogeneity": np.abs(values - 0.3)})
    apart = np.abs(rng.normal(0.1, 0.05, (len(axes), k)))
    heterogeneity = Estimate(apart, 0.1 * apart, 0.8 * apart, 1.25 * apart)
    return Effects(**made, estimate=estimate, axes=axes, centred=centred, heterogeneity=heterogeneity)


def plane(first, second, empty=True):
    """Two axes together, with a corner that no row is near."""
    rng = np.random.default_rng(7)
    weight = np.full((len(first), len(second)), 1.0 / (len(first) * len(second)))
    if empty and min(weight.shape) > 1:
        weight[: len(first) // 2, len(second) // 2 :] = 0
    at = [np.where(np.isnan(axis.positions), np.nan, axis.positions) for axis in (first, second)]
    rug = np.column_stack([rng.choice(one, 200) for one in at])
    return Plane(first, second, weight / weight.sum(), rug)


def pair_effects(count=3, k=1, names=None, planes=None, centred=False, single=()):
    """Surfaces of neighbouring features, and curves of single ones."""
    names = features(count) if names is None else names
    if planes is None:
        alone = axes_of(names if len(names) > 1 else (*names, "another"))
        planes = [plane(a, b) for a, b in pairwise(alone)]
    values = []
    for j, one in enumerate(planes):
        s, t = np.meshgrid(*(np.linspace(0, 1, g) for g in one.shape), indexing="ij")
        values.append(np.stack([(s * t + 0.1 * j + 0.2 * o).ravel() / (1 + 0.1 * j) for o in range(k)], axis=1))
    values += [np.linspace(0, 1, len(axis))[:, None] + np.zeros(k) for axis in single]
    axes = (*planes, *single)
    return Effects(
        **common([axis.name for axis in axes], k),
        estimate=Estimate.within(np.concatenate(values) - 0.3 * centred, 0.03, conf_level=0.95),
        axes=axes,
        centred=centred,
    )


# Columns that rows can be coloured by: numbers, few and many levels, dates, spans, flags, with cells missing.
COLUMNS = ("temp", "season", "job", "when", "since", "flag", "empty", ("a", 1))


def row_values(n):
    """Cells of those columns as a person reads them."""
    rng = np.random.default_rng(8)
    cells = np.empty((n, len(COLUMNS)), dtype=object)
    cells[:, 0] = rng.gamma(2, 5, n).tolist()
    cells[:, 1] = rng.choice(["winter", "spring", "summer", "_autumn"], n).tolist()
    cells[:, 2] = [f"job {i}" for i in rng.integers(0, 12, n)]
    cells[:, 3] = [pd.Timestamp("2024-01-15") + pd.Timedelta(days=int(d)) for d in rng.integers(0, 300, n)]
    cells[:, 4] = [pd.Timedelta(hours=int(h)) for h in rng.integers(0, 300, n)]
    cells[:, 5] = (rng.random(n) < 0.4).tolist()
    cells[:, 7] = list(range(n))
    cells[::7, :6] = None
    return cells


def row_effects(count=3, k=1, n=50, names=None, axes=None):
    rng = np.random.default_rng(4)
    names = features(count) if names is None else names
    axes = axes_of(names) if axes is None else axes
    slope = rng.normal(1, 0.5, (n, 1, k))
    parts, own = [], []
    for j, axis in enumerate(axes):
        t = np.linspace(0, 1, len(axis))[None, :, None]
        parts.append(0.3 + 0.3 * slope * np.sin(2 * t + np.arange(k) + j) / (1 + 0.2 * j))
        own.append(axis.positions[rng.integers(0, len(axis), n)])
    values = np.concatenate(parts, axis=1)
    made = common([axis.name for axis in axes], k)
    return Effects(
        **{**made, "explainer": "CeterisParibus" if n <= 6 else "ICE", "error": "None: exact answers."},
        estimate=Estimate.exact(values),
        axes=axes,
        rows=np.arange(n) + 3,
        own=np.stack(own, axis=1),
        predictions=values[:, 0, :] + 0.02,
        columns=COLUMNS,
        row_values=row_values(n),
    )


def interactions(count=3, k=1, names=None, totals=True, pairs=True, triples=False):
    rng = np.random.default_rng(5)
    names = features(count) if names is None else names
    sets = [(name, None) for name in names] if totals else []
    sets += list(combinations(names, 2)) if pairs else []
    sets += list(combinations(names, 3)) if triples else []
    values = np.sort(rng.gamma(1, 0.1, (len(sets), k)), axis=0)[::-1]
    weak = values < 0.02
    weak[0] = True
    made = common(names, k)
    return Interactions(
        **{**made, "explainer": "HStatistic"},
        estimate=Estimate.within(
            values, 0.02, conf_level=0.95, parts={"h_squared": values**2, "h_squared_lower": 0 * values}
        ),
        sets=tuple(sets),
        weak=weak,
    )


def decomposition(count=3, k=1, names=None, axes=None, triples=False, n=40):
    rng = np.random.default_rng(7)
    if axes is None:
        axes = axes_of(features(count) if names is None else names)
    names = [axis.name for axis in axes]
    sets = [(name, None) for name in names] + list(combinations(names, 2))
    sets += list(combinations(names, 3)) if triples else []
    sets.append((None, None))
    values = rng.dirichlet(np.ones(len(sets)) / 4, size=k).T
    total = np.where(np.arange(len(sets))[:, None] < len(names), values + 0.1, np.nan)
    own = np.stack([rng.choice(axis.positions, n) for axis in axes], axis=1)
    components = rng.normal(size=(n, len(sets), k)) * values
    base = np.full((n, k), 0.5)
    made = common(names, k)
    parts = {"structural": values, "correlative": 0 * values, "sd": np.sqrt(values), "total": total}
    return Decomposition(
        **{**made, "explainer": "FunctionalDecomposition"},
        estimate=Estimate.within(values, 0.02, conf_level=0.95, parts=parts),
        sets=tuple(sets),
        inputs="observed",
        rows=np.arange(n),
        components=components,
        base_values=base,
        predictions=base + components.sum(axis=1),
        columns=COLUMNS,
        row_values=row_values(n),
        axes=tuple(axes),
        own=own,
    )


def surrogates(count=3, k=1, names=None, kind="tree"):
    rng = np.random.default_rng(6)
    names = features(count) if names is None else names
    if kind == "tree":
        terms = tuple(" and ".join(f"{n} <= {i}.5" for n in names[: 1 + i % 4]) for i in range(len(names)))
        term_features = (None,) * len(names)
    else:
        terms, term_features = tuple(str(n) for n in names), tuple(names)
    values = rng.normal(0, 1, (len(names), k))
    support = rng.dirichlet(np.ones(len(names))) if kind == "tree" else np.ones(len(names))
    made = common(names, k)
    return Surrogates(
        **{**made, "explainer": "GlobalSurrogate"},
        estimate=Estimate.within(values, 0.1, conf_level=0.95),
        kind=kind,
        terms=terms,
        term_features=term_features,
        support=support,
        fidelity=Estimate.within(np.full(k, 0.83), 0.02, conf_level=0.95),
        rules="if ...",
    )


def regions(count=3, k=1, names=None, axes=None, split=3):
    """Features whose table is split into up to ``split`` regions by the feature after them."""
    rng = np.random.default_rng(9)
    names = features(count) if names is None else names
    axes = axes_of(names) if axes is None else axes
    owner, where, support, values = [], [], [], []
    for j, axis in enumerate(axes):
        other = axes[(j + 1) % len(axes)].name
        rules = ["all rows"]
        if split > 1:
            rules += [f"{other} > {r}.5 and {other} <= {r + 1}.5" for r in range(split - j % 2)]
        t = np.linspace(-1, 1, len(axis))[:, None]
        for r, rule in enumerate(rules):
            owner.append(j)
            where.append(rule)
            support.append(1.0 if r == 0 else 1 / (len(rules) - 1))
            values.append(t * (0.2 + 0.3 * r + 0.1 * np.arange(k)) / (1 + 0.1 * j))
    curves = np.concatenate([np.linspace(-1, 1, len(axis)) for axis in axes])[None, :, None]
    made = common([axis.name for axis in axes], k)
    values, u = np.concatenate(values), len(axes)
    parts = {"mean": values + 1, "mean_std_error": 0 * values + 0.1, "mean_lower": values, "mean_upper": values + 2}
    return Regions(
        **{**made, "explainer": "RegionalEffects"},
        estimate=Estimate.within(values, 0.05, conf_level=0.95, parts=parts),
        axes=axes,
        owner=np.array(owner),
        where=tuple(where),
        support=np.array(support),
        within=Estimate.within(rng.random((len(where), k)), 0.05, conf_level=0.95),
        before=Estimate.within(np.full((u, k), 0.5) / (1 + np.arange(u))[:, None], 0.01, conf_level=0.95),
        after=Estimate.within(np.full((u, k), 0.1), 0.01, conf_level=0.95),
        gain=Estimate.within(np.full((u, k), 0.9 if split > 1 else 0.0), 0.02, conf_level=0.95),
        curves=curves * rng.normal(1, 1, (20, 1, k)),
        members=rng.integers(0, max(split - 1, 1), (20, u)),
    )


def one_of_each(count=3, k=1, names=None):
    """Every type and kind: (label, explanation, kind)."""
    return [
        ("attributions", attributions(count, k, names=names), "bars"),
        ("waterfall", attributions(count, k, names=names), "waterfall"),
        ("swarm", attributions(count, k, n=80, names=names), "beeswarm"),
        ("dependence", attributions(count, k, n=80, names=names), "dependence"),
        ("heat map", attributions(count, k, n=80, names=names), "heatmap"),
        ("importances", importances(count, min(k, 3), names=names), "bars"),
        ("sizes", attributions(count, k, n=80, names=names).importance(), "bars"),
        ("effects", effects(count, k, names=names), "curves"),
        ("centred", effects(count, k, names=names, centred=True), "curves"),
        ("rows", row_effects(count, k, names=names), "curves"),
        ("few rows", row_effects(count, k, n=4, names=names), "curves"),
        ("centred rows", row_effects(count, k, names=names), "centred"),
        ("few centred rows", row_effects(count, k, n=4, names=names), "centred"),
        ("heterogeneity", effects(count, k, names=names), "heterogeneity"),
        ("heterogeneity of ALE", effects(count, k, names=names, centred=True), "heterogeneity"),
        ("slopes of rows", row_effects(count, k, names=names), "derivative"),
        ("slopes of few rows", row_effects(count, k, n=4, names=names), "derivative"),
        ("surfaces", pair_effects(count, k, names=names), "surface"),
        ("interactions", interactions(count, k, names=names), "bars"),
        ("matrix", interactions(count, k, names=names), "matrix"),
        ("network", interactions(count, k, names=names), "network"),
        ("decomposition", decomposition(count, k, names=names), "effects"),
        ("shares", decomposition(count, k, names=names), "shares"),
        ("tree", surrogates(count, k, names=names), "bars"),
        ("regions", regions(count, k, names=names), "curves"),
        ("no regions", regions(count, k, names=names, split=1), "curves"),
        ("linear", surrogates(count, k, names=names, kind="linear"), "bars"),
    ]


def texts_of(figure):
    """Every text artist of a figure that is shown."""
    return [t for t in figure.findobj(lambda a: isinstance(a, Text)) if t.get_visible()]
