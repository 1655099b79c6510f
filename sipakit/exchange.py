"""To and from other packages' explanations: shap's plots work on our attributions, and ours on shap's values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.caveats import Caveat, caveat
from sipakit.door import open_table
from sipakit.errors import InputError, InputTypeError, MissingPackageError, first_few
from sipakit.estimate import Estimate
from sipakit.explanation import Attributions
from sipakit.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["from_shap", "to_shap"]

_SCALES = ("prediction", "probability", "log_odds", "score")
_WHOLE = "Pass what the explainer returned, or some of its rows and outputs."


def to_shap(explanation: Attributions) -> Any:
    """Return attributions as shap holds them; see `Attributions.to_shap`."""
    shap = _shap("to_shap")
    if not explanation.additive:
        message = f"{explanation.explainer} gives slopes that do not add up to the prediction."
        raise InputError(message, "shap's pictures add them up.", "Use plot('beeswarm') or plot('bars') of this one.")
    n, _, k = explanation.values.shape
    base = np.broadcast_to(explanation.base_values, (n, k)).copy()
    one = k == 1
    arrays = {"values": explanation.values}
    e = explanation.estimate
    if np.isfinite([e.std_error, e.lower, e.upper]).all():
        arrays |= {"error_std": e.std_error, "lower_bounds": e.lower, "upper_bounds": e.upper}
    return shap.Explanation(
        **{name: (array[..., 0] if one else array).copy() for name, array in arrays.items()},
        base_values=base[:, 0] if one else base,
        data=_numbers(explanation.row_values),
        feature_names=[str(name) for name in explanation.features],
        output_names=explanation.outputs[0] if one else list(explanation.outputs),
    )


def from_shap(
    shap_explanation: Any,
    *,
    outputs: Sequence[str] | str | None = None,
    scale: str = "prediction",
    X: Any = None,
    background: Any = None,
    conf_level: float = 0.95,
) -> Attributions:
    """Read shap's values, so that they can be drawn, compared, reported and saved as ours.

    Parameters
    ----------
    shap_explanation : shap.Explanation
        What calling an explainer of shap returns, for one row or many, one output or many.
    outputs : str or sequence of str, optional
        Names of the outputs; shap's ``output_names`` by default, or ``"prediction"``.
    scale : {"prediction", "probability", "log_odds", "score"}
        What the values are differences of; shap does not tell.
    X : (n, p) table, optional
        The explained rows as the model takes them. Needed to compare with other explanations, and for names of features
        where shap has none.
    background : (b, p) table, optional
        The background that shap used. Needed to compare with other explanations.
    conf_level : float, default 0.95
        The level of the bounds, where there are any.

    Returns
    -------
    Attributions
        Their errors are infinite and a caveat (SIPA040) says that none are known, but where lower and upper bounds and
        standard errors are all there, as `Attributions.to_shap` gives them. ``predictions`` are what base value and
        attributions add up to.

    Raises
    ------
    InputTypeError
        For anything but a shap.Explanation.
    InputError
        For interaction values, values that are not finite, no base value, names of another number, and for what was
        computed of attributions or leaves features out, which does not add up to a prediction.
    MissingPackageError
        Where shap is not installed.

    References
    ----------
    Lundberg and Lee (2017), A unified approach to interpreting model predictions. arXiv:1705.07874

    Examples
    --------
    >>> import numpy as np, shap, sipakit as sp
    >>> values = shap.Explanation(np.array([[1.0, -0.5]]), base_values=np.array([2.0]), feature_names=["a", "b"])
    >>> e = sp.from_shap(values)
    >>> e.features, e.predictions.item(), [c.code for c in e.caveats]
    (('a', 'b'), 2.5, ['SIPA040'])
    """
    shap = _shap("from_shap")
    if not isinstance(shap_explanation, shap.Explanation):
        message = f"from_shap was given a {type(shap_explanation).__name__}."
        raise InputTypeError(message, "It takes a shap.Explanation.", "Call the explainer, as in explainer(X).")
    if scale not in _SCALES:
        raise InputError(f"scale={scale!r} is no scale.", f"It must be one of {', '.join(map(repr, _SCALES))}.")
    values, data = _values(shap_explanation)
    n, u, k = values.shape
    _refuse_parts(shap_explanation, u)
    base = _base_values(shap_explanation.base_values, values.shape)
    estimate = _estimate(shap_explanation, values)
    told = np.isfinite(estimate.std_error).all()
    rows, names, caveats = _rows(X, data, shap_explanation.feature_names, (n, u))
    return Attributions(
        explainer="SHAP",
        parameters={},
        question="How do the features share a prediction's distance from the base value?",
        references=("Lundberg and Lee (2017), A unified approach to interpreting model predictions. arXiv:1705.07874",),
        features=names,
        outputs=_outputs(outputs, shap_explanation.output_names, k),
        scale=scale,
        estimate=estimate,
        error="As they came with the values." if told else "Unknown: shap tells no errors of its values.",
        estimator=f"read from shap {shap.__version__}",
        conf_level=conf_level,
        caveats=(*caveats, *(() if told else (_unknown(),))),
        manifest=_manifest(shap.__version__, n, X, background),
        base_values=base,
        base_std_error=np.full(base.shape, np.inf),
        predictions=base + values.sum(axis=1),
        row_values=rows,
        rows=np.arange(n),
    )


def _shap(what: str) -> Any:
    try:
        import shap
    except ImportError as error:
        raise MissingPackageError.of(what, "shap", "shap") from error
    return shap


def _unknown() -> Caveat:
    message = "These values came from shap, which tells no errors; how far they are from the truth is not known."
    return caveat("SIPA040", message, "Shapley(background=...) has values with errors.")


def _numbers(row_values: NDArray[np.object_]) -> NDArray[Any]:
    """Rows as shap colours and writes them: numbers where all cells are, NaN for missing ones, all else as text."""
    cells = np.empty(row_values.size, dtype=object)
    for i, cell in enumerate(map(_cell, row_values.flat)):
        number = isinstance(cell, (bool, int, float))
        cells[i] = np.nan if cell is None else cell if number else str(cell)  # shap cannot write a date
    plain = not any(isinstance(cell, str) for cell in cells)
    return cells.astype(np.float64 if plain else object).reshape(row_values.shape)


def _values(told: Any) -> tuple[NDArray[np.float64], NDArray[Any] | None]:
    """(n, u, k) values and (n, u) rows of whatever shape shap gave them."""
    values = np.asarray(told.values, dtype=np.float64)
    data = None if told.data is None else np.asarray(told.data, dtype=object)
    one_row = values.ndim == 1 or (values.ndim == 2 and data is not None and data.ndim == 1)
    if one_row:
        values, data = values[None], None if data is None else data[None]
    if values.ndim == 2:
        values = values[..., None]
    base = np.shape(told.base_values)
    square = values.ndim == 3 and values.shape[1] == values.shape[2] > 1  # pairs of features, but where k = u
    if values.ndim != 3 or (square and base not in {values.shape[2:], (len(values), values.shape[2])}):
        message = f"values of shape {np.shape(told.values)} are no attributions."
        raise InputError(message, "They must be (rows, features) or (rows, features, outputs).", "Choose one order.")
    if not np.isfinite(values).all():
        message = f"{int((~np.isfinite(values)).sum())} of {values.size} values are not finite."
        raise InputError(message, "Every value must be a number.", "Leave out the rows that have none.")
    return values, data


def _refuse_parts(told: Any, u: int) -> None:
    """Refuse what no longer adds up to a prediction; shap remembers what was done to an explanation."""
    history = getattr(told, "op_history", [])
    done = [one.name for one in history if one.name != "__getitem__"]
    if done:
        message = f"These values went through {first_few(done)}, and no longer add up to a prediction."
        raise InputError(message, "from_shap takes attributions as they were computed.", _WHOLE)
    before = history[0].prev_shape if history else ()
    features = before[min(1, len(before) - 1)] if before else u
    if features != u:
        message = f"The values are of {u} features and {features} were explained: they do not add up to a prediction."
        raise InputError(message, "from_shap takes the values of all features.", _WHOLE)


def _base_values(given: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """(k,) where all rows start from the same, (n, k) where they do not."""
    n, _, k = shape
    if given is None:
        raise InputError("base_values is None.", "It must be a number for each output.", "Set base_values first.")
    base = np.asarray(given, dtype=np.float64)
    if base.ndim == 0:
        base = base[None]
    if base.shape == (n,) and k == 1:
        base = base[:, None]
    if base.shape not in {(k,), (n, k), (1, k)} or not np.isfinite(base).all():
        message = f"base_values has shape {np.shape(given)} and values {shape}."
        raise InputError(message, f"It must be finite, of shape {(k,)} or {(n, k)}.")
    same = base.ndim == 2 and bool((base == base[0]).all())
    return base[0] if same else base


def _estimate(told: Any, values: NDArray[np.float64]) -> Estimate:
    """Values with the errors that `to_shap` gave along; without all of them, none are known."""
    errors = [getattr(told, name, None) for name in ("error_std", "lower_bounds", "upper_bounds")]
    if any(error is None or np.size(error) != values.size for error in errors):
        return Estimate.unknown(values)
    std_error, lower, upper = (np.asarray(error, dtype=np.float64).reshape(values.shape) for error in errors)
    return Estimate(values, std_error, lower, upper)


def _outputs(given: Sequence[str] | str | None, told: Any, k: int) -> tuple[str, ...]:
    names = given if given is not None else told
    if names is None:
        names = ["prediction"] if k == 1 else [f"output {i}" for i in range(k)]
    listed = (names,) if isinstance(names, str) else tuple(map(str, names))
    if len(listed) != k or len(set(listed)) != k:
        message = f"outputs={listed!r} for {k} output(s)."
        raise InputError(message, "Each output needs one name of its own.", "Pass outputs=[...] in shap's order.")
    return listed


def _rows(
    X: Any, data: NDArray[Any] | None, told: Any, shape: tuple[int, int]
) -> tuple[NDArray[np.object_], tuple[Any, ...], list[Caveat]]:
    """Explained rows as a person reads them, and the names of the features."""
    rows = np.full(shape, None, dtype=object)
    caveats: list[Caveat] = []
    names: list[Any] | None = None if told is None else [str(name) for name in np.asarray(told, dtype=object).ravel()]
    if X is not None:
        table, caveats = open_table(X)
        if (len(table), table.n_columns) != shape:
            message = (
                f"X has {len(table)} rows and {table.n_columns} columns, and the values {shape[0]} and {shape[1]}."
            )
            raise InputError(message, "They must be the same.", "Pass the rows that shap explained.")
        names = list(table.names) if names is None or names == [str(n) for n in table.names] else names
        for j, column in enumerate(table.columns):
            rows[:, j] = [_cell(cell) for cell in column.tolist()]
    elif data is not None and data.shape == shape:
        rows[:] = np.array([_cell(cell) for cell in data.ravel()], dtype=object).reshape(shape)
    names = [f"x{j}" for j in range(shape[1])] if names is None else names
    if len(names) != shape[1] or len(set(names)) != shape[1]:
        message = f"feature_names has {first_few(names)} for {shape[1]} features."
        raise InputError(message, "Each feature needs one name of its own.", "Set feature_names first.")
    return rows, tuple(names), caveats


def _cell(cell: Any) -> Any:
    plain = cell.item() if isinstance(cell, np.generic) else cell
    return None if plain is None or plain != plain else plain  # noqa: PLR0124 - NaN


def _manifest(version: str, n: int, X: Any, background: Any) -> dict[str, Any]:
    """What is known of how the values were made; without X and background, no fingerprints."""
    told: dict[str, Any] = {"versions": {"sipakit": __version__, "shap": version}, "rows": n}
    for name, given in (("rows", X), ("background", background)):
        if given is not None:
            table, _ = open_table(given, argument="X" if name == "rows" else name)
            told |= {name: len(table), f"{name}_fingerprint": table.fingerprint}
    return told
