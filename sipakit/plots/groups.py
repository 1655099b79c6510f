"""Several groups of rows side by side in one picture: their curves, or their importances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.axis import Axis
from sipakit.errors import ComparisonError, InputError, InputTypeError, first_few
from sipakit.estimate import falling
from sipakit.explanation import Effects, Importances
from sipakit.plots.bars import bar_sheet, name_bars
from sipakit.plots.curves import RUG, effect_sheet, finish_panel
from sipakit.plots.formats import metric_name, quantity, spoken
from sipakit.plots.labels import LIMIT, clean, distinct
from sipakit.plots.odds import probability_beside
from sipakit.plots.places import Places
from sipakit.plots.style import COLOURS, DASHES, FAINT, GREY, MARKERS, Sheet, first_panels, fitting, narrower
from sipakit.plots.words import about_error, counted, first_ones, largest, serious, told

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from sipakit.explanation import Explanation
    from sipakit.plots.display import Display

__all__ = ["cohorts"]

_PANELS = 12
_OUTPUTS = 3
_FEATURES = 15
_FEW = 12


def cohorts(results: Mapping[Hashable, Explanation], *, ax: Axes | None = None) -> Display:
    """Draw one explanation for each of several groups of rows, on the same rulers.

    Parameters
    ----------
    results : mapping of two to six names to explanations
        By one explainer with the same features and outputs, each of other rows: mean effects, or importances.
    ax : matplotlib Axes, optional
        Where to draw; then one panel is drawn, and a note says which.

    Returns
    -------
    Display

    Raises
    ------
    InputTypeError
        For something else than a mapping of mean effects or of importances.
    InputError
        For one name, or more than six.
    ComparisonError
        Where explanations differ in what they say: explainer, features, outputs, scale, metrics or centring.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> from sipakit.plots import cohorts
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> method = sp.PartialDependence(features=["x0"])
    >>> low, high = (method.explain(lambda X: X[:, 0] * X[:, 1], part) for part in (X[:50], X[50:]))
    >>> cohorts({"first half": low, "second half": high}).title
    'Partial dependence: mean prediction along x0, in 2 groups of rows'
    """
    _look_like_a_mapping(results)
    if not 2 <= len(results) <= len(COLOURS):
        message = f"results= has {len(results)} explanation{'s' * (len(results) != 1)}."
        raise InputError(message, f"A picture has room for 2 to {len(COLOURS)} groups of rows.", "Draw fewer at once.")
    every = list(results.values())
    if all(isinstance(one, Importances) for one in every):
        _alike(results, ("explainer", "features", "metrics", "measure"))
        return _importances(results, ax)
    if all(isinstance(one, Effects) and one.rows is None and one.lines for one in every):
        _alike(results, ("explainer", "features", "outputs", "scale", "centred"))
        return _effects(results, ax)
    kinds = ", ".join(sorted({type(one).__name__ for one in every}))
    message = f"results= holds {kinds}."
    allowed = "Groups can be drawn of mean effects (PartialDependence, ALE) or of importances, one kind at a time."
    raise InputTypeError(message, allowed, "For single rows use colour_by= in their own picture.")


def _look_like_a_mapping(results: object) -> None:
    if not isinstance(results, Mapping):
        message = f"results= is a {type(results).__name__}."
        raise InputTypeError(message, "It takes a mapping of names to explanations.", "Write {'winter': e1, ...}.")


def _alike(results: Mapping[Hashable, Explanation], fields: Sequence[str]) -> None:
    """Check that explanations say the same kind of thing."""
    first, *others = results
    for name in others:
        for field in fields:
            one, other = (getattr(results[key], field) for key in (first, name))
            if one != other:
                message = (
                    f"results[{first!r}] and results[{name!r}] differ in {field}: {_shown(one)} and {_shown(other)}."
                )
                cure = "Explain each group of rows by the same explainer, model and features."
                raise ComparisonError(message, "Side by side stand answers to one question.", cure)


def _shown(value: object) -> str:
    return first_few(value) if isinstance(value, tuple) else repr(value)


# ---- how the prediction moves along a feature


def _effects(results: Mapping[Hashable, Any], ax: Axes | None) -> Display:
    every: list[Effects] = list(results.values())
    first = every[0]
    ranges = np.array(
        [[np.ptp(e.estimate.values[e.parts()[j]], axis=0) for j in first.lines] for e in every]
    )  # (cohorts, features, outputs)
    outputs = largest(ranges.max(axis=(0, 1)), 1 if ax is not None else _OUTPUTS)
    limit = 1 if ax is not None else _PANELS // len(outputs)
    features = [list(first.lines)[i] for i in largest(ranges.max(axis=(0, 2)), limit)]
    cells = [(feature, output) for feature in features for output in outputs]
    columns = len(outputs) if len(outputs) > 1 else 3
    united = {feature: _united([e.lines[feature] for e in every]) for feature in features}
    sheet, layout = effect_sheet([united[feature] for feature, _ in cells], ax, columns)
    handles: list[Line2D] = []
    for panel, places, (feature, output) in zip(sheet.panels, layout, cells, strict=True):
        handles = [_curve(panel, places, e, (feature, output), (n, len(every))) for n, e in enumerate(every)]
        finish_panel(panel, places, zero=first.centred)
        if len(outputs) > 1 and feature == features[0]:
            sheet.caption(panel.set_title(" "), clean(first.outputs[output]))
    label = quantity(first, first.outputs[outputs[0]] if len(outputs) == 1 else None)
    what = f"change in {label}" if first.centred else label
    along = clean(first.lines[features[0]].name) if len(features) == 1 else f"{len(features)} features"
    notes = [
        counted(len(features), len(first.lines), "features", "largest range first"),
        counted(len(outputs), len(first.outputs), "outputs", "largest range first"),
        *dict.fromkeys(places.cut for places in layout),
        *_errors(every),
        f"{RUG} They count all groups.",
        "" if first.centred else probability_beside(sheet, first, columns),
    ]
    mean = what if first.centred else f"mean {label}"
    title = f"{spoken(first.explainer)}: {mean} along {along}, in {len(every)} groups of rows"
    y_label = f"{what} (mean 0)" if first.centred else what
    return sheet.finish(title, notes, (), y_label=y_label, legend=(handles, _names(results)))


def _names(results: Mapping[Hashable, Any]) -> list[str]:
    """Name the groups, with how many rows each has."""
    names = distinct(list(results), 24)
    counts = [e.manifest.get("rows") for e in results.values()]
    return [f"{name} ({count:,} rows)" if count else name for name, count in zip(names, counts, strict=True)]


def _errors(every: Sequence[Explanation]) -> list[str]:
    return list(dict.fromkeys([*map(about_error, every), *map(serious, every)]))


def _united(axes: Sequence[Axis]) -> Axis:
    """Return an axis with the places of all groups: by position, or by name where levels have none in common."""
    first = axes[0]
    if len({axis.kind for axis in axes}) > 1:
        message = f"{first.name!r} is {' and '.join(sorted({axis.kind for axis in axes}))} in different groups."
        raise ComparisonError(message, "A feature needs one kind.", "Give it the same dtype in every group.")
    by_name = first.kind in {"category", "ordered"}
    known: dict[Any, tuple[Axis, int]] = {}
    for axis in axes:
        for place, key in enumerate(_keys(axis, by_name=by_name)):
            known.setdefault(key, (axis, place))
    order = (
        list(known) if by_name and first.kind == "category" else sorted(known, key=lambda key: _position(known[key]))
    )
    if None in known:
        order = [key for key in order if key is not None] + [None]
    places = [known[key] for key in order]
    weight = np.array([sum(_weight(axis, key, by_name=by_name) for axis in axes) for key in order]) / len(axes)
    positions = np.array([axis.positions[place] for axis, place in places])
    if first.kind == "category":
        positions = np.where(np.isnan(positions), np.nan, np.arange(len(order), dtype=np.float64))
    return replace(
        first,
        positions=positions,
        labels=tuple(axis.labels[place] for axis, place in places),
        weight=weight,
        rug=np.concatenate([axis.rug for axis in axes]),
    )


def _keys(axis: Axis, *, by_name: bool) -> list[Any]:
    """Return what tells places apart; None for the missing one."""
    plain = axis.labels if by_name else axis.positions
    return [None if np.isnan(position) else key for key, position in zip(plain, axis.positions, strict=True)]


def _position(place: tuple[Axis, int]) -> float:
    position = float(place[0].positions[place[1]])
    return np.inf if np.isnan(position) else position


def _weight(axis: Axis, key: Any, *, by_name: bool) -> float:
    keys = _keys(axis, by_name=by_name)
    return float(axis.weight[keys.index(key)]) if key in keys else 0.0


def _curve(panel: Axes, places: Places, e: Effects, cell: tuple[int, int], turn: tuple[int, int]) -> Line2D:
    """Draw one group: a line with a band, and points with whiskers where places stand alone."""
    (feature, output), (n, total) = cell, turn
    part, axis = e.parts()[feature], e.lines[feature]
    arrays = (e.estimate.values, e.estimate.lower, e.estimate.upper)
    value, lower, upper = (np.where(np.isfinite(a[part, output]), a[part, output], np.nan) for a in arrays)
    x, line, points = _where(places, axis)
    look: dict[str, Any] = {"color": COLOURS[n], "linestyle": DASHES[n], "marker": MARKERS[n]}
    few: dict[str, Any] = {} if len(line) <= _FEW else {"marker": ""}
    (handle,) = panel.plot(x[line], value[line], **{**look, **few}, markersize=3.5, zorder=3)
    if (upper[line] > lower[line]).any():
        band: dict[str, Any] = {"color": COLOURS[n], "alpha": 0.15, "linewidth": 0, "zorder": 2}
        panel.fill_between(x[line], lower[line], upper[line], **band)
    if len(points):
        stray = places.step * (2 * n / (total - 1) - 1)
        (dots,) = panel.plot(x[points] + stray, value[points], **{**look, "linestyle": ""}, markersize=4.5)
        panel.vlines(x[points] + stray, lower[points], upper[points], color=COLOURS[n], linewidth=1.2)
        handle = handle if len(line) else dots
    return handle


def _where(places: Places, axis: Axis) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Return where a group's places lie on the common ruler, and which of them a line joins, or stand alone."""
    if places.joined:
        x = places.locate(axis.positions)
        known = np.isfinite(axis.positions) & (len(places.line) > 0)
        return x, np.flatnonzero(known), np.flatnonzero(~known)
    shown = _keys(places.axis, by_name=True)
    at = {shown[g]: x for g, x in zip(places.shown, places.x, strict=True)}
    x = np.array([at.get(key, np.nan) for key in _keys(axis, by_name=True)])
    return x, np.empty(0, np.intp), np.flatnonzero(np.isfinite(x))


# ---- how much the model leans on each feature


def _importances(results: Mapping[Hashable, Any], ax: Axes | None) -> Display:
    every: list[Importances] = list(results.values())
    first = every[0]
    metrics = first_panels(first.metrics, _OUTPUTS, ax)
    mean = np.mean([np.nan_to_num(e.estimate.values[:, 0], nan=-np.inf) for e in every], axis=0)
    order = falling(mean)[: fitting(_FEATURES, ax)]
    names = distinct([first.features[i] for i in order], narrower(LIMIT, ax))
    sheet = bar_sheet(len(order), len(metrics), ax, labels=max(map(len, names)), lines=max(1, len(every) - 1))
    handles: list[Line2D] = []
    for panel, metric in zip(sheet.panels, metrics, strict=True):
        handles = [_dots(panel, e, (order, metric), (n, len(every))) for n, e in enumerate(every)]
        _dress(sheet, panel, len(order), _unit(first, metric))
    name_bars(sheet.panels[0], names)
    notes = [
        counted(len(order), len(first.features), "features", "largest mean over the groups first"),
        first_ones(len(metrics), len(first.metrics), "outputs" if first.measure == "size" else "metrics"),
        *_errors(every),
    ]
    what = "mean size of the attributions of" if first.measure == "size" else "how much the model leans on"
    title = f"{spoken(first.explainer)}: {what} each feature, in {len(every)} groups of rows"
    facts = [
        f"{clean(first.features[i])}, {name}: {told(e.estimate, (int(i), 0))}."
        for i in order[:3]
        for name, e in zip(_names(results), every, strict=True)
    ]
    return sheet.finish(title, notes, facts, legend=(handles, _names(results)))


def _dots(panel: Axes, e: Importances, cells: tuple[NDArray[np.intp], int], turn: tuple[int, int]) -> Line2D:
    """Draw one group as dots with whiskers, a little above or below the others."""
    (order, metric), (n, total) = cells, turn
    value, lower, upper = (a[order, metric] for a in (e.estimate.values, e.estimate.lower, e.estimate.upper))
    y = np.arange(len(order)) + 0.28 * (2 * n / (total - 1) - 1)
    drawn = np.isfinite(lower) & np.isfinite(upper) & (upper > lower)
    panel.hlines(y[drawn], lower[drawn], upper[drawn], color=COLOURS[n], linewidth=1.3, zorder=3)
    (handle,) = panel.plot(value, y, color=COLOURS[n], marker=MARKERS[n], linestyle="", markersize=5, zorder=4)
    return handle


def _unit(e: Importances, metric: int) -> str:
    if e.measure == "size":
        return f"mean absolute attribution ({quantity(e, e.outputs[metric])})"
    return f"importance, in units of {metric_name(e.metrics[metric])}"


def _dress(sheet: Sheet, panel: Axes, bars: int, label: str) -> None:
    panel.axvline(0, color=GREY, linewidth=0.9, zorder=1)
    panel.set_ylim(bars - 0.4, -0.6)
    panel.grid(axis="x", color=FAINT, linewidth=0.6)
    panel.hlines(np.arange(1, bars) - 0.5, 0, 1, color=FAINT, linewidth=0.6, transform=panel.get_yaxis_transform())
    panel.tick_params(axis="y", length=0)
    panel.locator_params(axis="x", nbins=5)
    sheet.caption(panel.xaxis.label, label)
