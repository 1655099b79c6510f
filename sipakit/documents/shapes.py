"""The sizes that the arrays of an explanation share, as its docstring says them: one letter, one size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sipakit.estimate import Estimate

if TYPE_CHECKING:
    from sipakit.explanation import Explanation

__all__ = ["refuse_other_shapes"]

# Rows n, features u, outputs k, columns p, axes a, sets s, single features l; any other letter is free, and one size
# within an explanation.
_NAMED: Final = {
    "k": "outputs",
    "u": "features",
    "p": "columns",
    "a": "axes",
    "s": "sets",
    "t": "terms",
    "r": "where",
    "m": "metrics",
    "l": "lines",
}
_SHAPES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "Attributions": {
        "rows": ("n",),
        "predictions": ("nk",),
        "base_values": ("k", "nk"),
        "base_std_error": ("k", "nk"),
        "row_values": ("nu",),
        "completeness_gap": ("nk",),
        "fit": ("nk",),
        "weights": ("n",),
        "replicates": ("gnuk",),
    },
    "Decomposition": {
        "components": ("nsk",),
        "rows": ("n",),
        "base_values": ("nk",),
        "predictions": ("nk",),
        "row_values": ("np",),
        "own": ("na",),
    },
    "Effects": {
        "rows": ("n",),
        "own": ("na",),
        "predictions": ("nk",),
        "row_values": ("np",),
        "heterogeneity": ("lk",),
    },
    "Importances": {"baseline": ("m",), "total": ("m",)},
    "Interactions": {"weak": ("sk",)},
    "Regions": {
        "owner": ("r",),
        "support": ("r",),
        "within": ("rk",),
        "before": ("ak",),
        "after": ("ak",),
        "gain": ("ak",),
        "curves": ("dgk",),
        "members": ("da",),
    },
    "Surrogates": {"support": ("t",), "fidelity": ("k",)},
}


def refuse_other_shapes(e: Explanation) -> None:
    """Check that there is one estimate for each place along each axis, and that all arrays are of the same things.

    Raises
    ------
    ValueError
        Naming the field.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> refuse_other_shapes(sp.ALE().explain(lambda X: X[:, 0], np.eye(3)))
    """
    places = tuple(min(map(len, labels.values())) for labels in e._axes())  # noqa: SLF001 - the layout of the result
    if places != e.estimate.values.shape:
        message = f"estimate has the shape {e.estimate.values.shape}, and its labels have {places}"
        raise ValueError(message)
    sizes = {letter: len(getattr(e, name)) for letter, name in _NAMED.items() if hasattr(e, name)}
    for name, forms in _SHAPES[type(e).__name__].items():
        value: Any = getattr(e, name)
        if value is None:
            continue
        shape = np.shape(value.values) if isinstance(value, Estimate) else np.shape(value)
        fitting = [form for form in forms if _fits(form, shape, sizes)]
        if not fitting:
            message = f"{name} has the shape {shape}, which does not fit the other fields"
            raise ValueError(message)
        sizes |= dict(zip(fitting[-1], shape, strict=True))


def _fits(form: str, shape: tuple[int, ...], sizes: Mapping[str, int]) -> bool:
    return len(form) == len(shape) and all(sizes.get(one, size) == size for one, size in zip(form, shape, strict=True))
