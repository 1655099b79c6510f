"""Which adapter a model gets: one table, read from the top. No foreign library is imported to find out."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sipakit.adapters.base import Adapter
from sipakit.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

__all__ = ["adapt", "called"]


def _is_torch(model: object) -> bool:
    torch = sys.modules.get("torch")  # whoever has a module has imported torch
    return torch is not None and isinstance(model, torch.nn.Module)


def _is_estimator(model: object) -> bool:
    return hasattr(model, "predict")


def _look_at_classes(classes: Any) -> None:
    listed = [] if isinstance(classes, str) or not isinstance(classes, Iterable) else list(classes)
    if len(listed) < 2 or len({str(label) for label in listed}) < len(listed):
        message = f"classes={classes!r} cannot be used."
        raise InputError(message, "It takes a list of two or more different labels.", "Give them in the model's order.")


def _torch(model: Any, output: Any, classes: Sequence[Hashable] | None) -> Adapter:
    from sipakit.adapters.torch import TorchAdapter

    return TorchAdapter.of(model, output=output, classes=classes)


def _estimator(model: Any, output: Any, classes: Sequence[Hashable] | None) -> Adapter:
    from sipakit.adapters.sklearn import SklearnAdapter

    if classes is not None:
        raise InputError("classes= was given for an estimator.", "Its own classes_ are used.", "Leave classes= out.")
    return SklearnAdapter.of(model, output)


def _function(model: Any, output: Any, classes: Sequence[Hashable] | None) -> Adapter:
    from sipakit.adapters.function import FunctionAdapter
    from sipakit.adapters.outputs import ClassOutputs

    adapter = FunctionAdapter(model, ClassOutputs.of(classes) if classes is not None else None)
    return adapter.with_output(output)


# (what it is called, is it one?, its adapter)
_TABLE: tuple[tuple[str, Callable[[Any], bool], Callable[[Any, Any, Any], Adapter]], ...] = (
    ("a torch.nn.Module", _is_torch, _torch),
    ("an estimator with predict", _is_estimator, _estimator),
    ("a function of a table", callable, _function),
)


def adapt(
    model: Any, *, output: Any = None, classes: Sequence[Hashable] | None = None, structure: bool = True
) -> Adapter:
    """Say how a model is to be read; plain models need no call of this.

    Parameters
    ----------
    model : fitted estimator, torch module, callable, or an adapter (returned as it is, or on another output)
    output : str or list, optional
        ``"prediction"`` for regressors; ``"probability"``, ``"log_odds"``, ``"score"``, a class or a list of classes
        for classifiers.
    classes : sequence of labels, optional
        For functions and networks whose outputs are classes.
    structure : bool, default True
        Whether what follows from the trees or the terms of a model may be computed from them; False asks the model for
        everything.

    Returns
    -------
    Adapter

    Raises
    ------
    InputError, InputTypeError
        For an object that is none of these, and for classes that cannot be told apart.

    Examples
    --------
    >>> import sipakit as sp
    >>> sp.adapt(lambda X: X[:, 0], classes=["no", "yes"]).names_of_outputs(1)
    ('yes',)
    """
    if classes is not None:
        _look_at_classes(classes)
    if isinstance(model, Adapter):
        if classes is not None:
            message = "classes= was given for a model that is adapted already."
            raise InputError(message, "It takes the model itself.", "Say sp.adapt(model, classes=[...]) once.")
        adapted = model.with_output(output)
        return adapted if structure else adapted.closed()
    if isinstance(model, type):
        message = f"model is the class {model.__name__}."
        raise InputTypeError(message, "It can be a fitted object of that class.", f"Pass {model.__name__}().fit(X, y).")
    for _, is_one, make in _TABLE:
        if is_one(model):
            adapted = make(model, output, classes)
            return adapted if structure else adapted.closed()
    kinds = ", ".join(name for name, *_ in _TABLE)
    raise InputTypeError(f"model is a {type(model).__name__}.", f"It can be {kinds}.", "Pass a function that predicts.")


def called(model: Any) -> str:
    """Say what kind of thing a model is; only for readers, nothing follows from it.

    Examples
    --------
    >>> called(lambda X: X[:, 0]), called(adapt(max))
    ('a function', 'max')
    """
    if isinstance(model, Adapter):
        return called(next(iter(vars(model).values()), None))  # an adapter's first field is the model
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps:
        return " after ".join(called(step) for _, step in reversed(steps))
    name = str(getattr(model, "__name__", type(model).__name__))
    return "a function" if name == "<lambda>" else name
