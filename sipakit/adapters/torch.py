"""torch: any ``torch.nn.Module`` that maps rows of numbers to one output or several."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
import torch

from sipakit.adapters.base import Adapter, Manners, shown_row
from sipakit.adapters.outputs import ClassOutputs
from sipakit.errors import CapabilityError, InputError, PredictionError, first_few

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix
    from sipakit.table import Table

__all__ = ["TorchAdapter"]


@dataclass(frozen=True, eq=False)
class TorchAdapter(Adapter):
    """A module that takes an (m, p) tensor of numbers and returns (m,) or (m, outputs).

    It runs in eval mode, in the dtype and on the device of its first floating parameter, and is
    left as it was found: its training flags are put back, its parameters' gradients are not touched.

    Parameters
    ----------
    module : torch.nn.Module
    outputs : ClassOutputs or None
        For modules that return one logit of two classes, or one logit a class.

    Notes
    -----
    A column that the module rounds or casts to whole numbers, such as the index of an embedding, has
    no derivative and gets zeros: integrated gradients then say that they do not add up.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sipakit.intervene import Mix, Rows
    >>> from sipakit.table import Table
    >>> module = torch.nn.Linear(2, 1)
    >>> with torch.no_grad():
    ...     _ = module.weight.copy_(torch.tensor([[2.0, -1.0]])), module.bias.zero_()
    >>> rows = Mix.unchanged(Rows(Table.from_data(np.array([[1.0, 3.0]])), np.array([0])))
    >>> adapter = TorchAdapter.of(module)
    >>> adapter.predict(rows).tolist(), adapter.gradient(rows).tolist()
    ([[-1.0]], [[[2.0], [-1.0]]])
    """

    module: torch.nn.Module
    outputs: ClassOutputs | None = None

    manners: ClassVar[Manners] = Manners(threads=True, tolerance=1e-5)
    offers: ClassVar[frozenset[str]] = frozenset({"prediction", "gradient"})

    @classmethod
    def of(
        cls,
        module: torch.nn.Module,
        output: Any = None,
        classes: Sequence[Hashable] | None = None,
    ) -> TorchAdapter:
        """Wrap a module; with ``classes`` its outputs are logits, and explained as such by default.

        Raises
        ------
        InputError
            For an output that the module cannot have.
        """
        chosen = None if classes is None else ClassOutputs.of(classes, scale="score")
        return cls(module, chosen).with_output(output)

    @property
    def feature_names(self) -> None:  # type: ignore[override]
        """A module remembers no names."""
        return

    @property
    def classes(self) -> tuple[Hashable, ...] | None:  # type: ignore[override]
        """Labels, where the user named them."""
        return self.outputs.classes if self.outputs else None

    @property
    def scale(self) -> str:  # type: ignore[override]
        """Unit of the outputs."""
        return self.outputs.scale if self.outputs else "prediction"

    def names_of_outputs(self, k: int) -> tuple[str, ...]:
        """Names of the classes, ``prediction`` for one number, ``output_0`` ... for several."""
        if self.outputs:
            return self.outputs.names
        return ("prediction",) if k == 1 else tuple(f"output_{i}" for i in range(k))

    def with_output(self, output: Any) -> TorchAdapter:
        """Choose a scale, or classes on the scale that is set; without classes there is no choice."""
        if output is None or (self.outputs is None and output == "prediction"):
            return self
        if self.outputs is None:
            message = f"output={output!r}, and the model is a module without classes."
            cure = "Say sp.adapt(module, classes=[...]) first."
            raise InputError(message, "It takes 'prediction'.", cure)
        chosen = ClassOutputs.of(self.outputs.classes, output, self.outputs.scale)
        return replace(self, outputs=chosen)

    def as_array(self, table: Table) -> bool:
        """Accept a table of numbers and booleans, as an array in its column order.

        Raises
        ------
        InputError
            For columns of anything else.
        """
        other = [
            name
            for name, column in zip(table.names, table.columns, strict=True)
            if not pd.api.types.is_numeric_dtype(column.dtype)  # booleans are, to pandas
        ]
        if other:
            message = f"X has columns that are no numbers: {first_few(other)}."
            cure = "Pass the columns as encoded for it, or a function that encodes and calls it."
            raise InputError(message, "A torch.nn.Module takes numbers and booleans.", cure)
        return True

    def single_threaded(self) -> TorchAdapter:
        """Return self: torch has one number of threads for the whole process, not one a module."""
        return self

    def batch(self, mix: Mix) -> NDArray[np.float64]:
        """Return virtual rows as a fresh float64 array."""
        rows = super().batch(mix)
        if rows.dtype == object:  # nullable booleans
            return np.asarray(pd.DataFrame(rows).to_numpy(np.float64, na_value=np.nan))
        return np.asarray(rows, dtype=np.float64)

    def answer(self, batch: NDArray[np.float64]) -> Any:
        """(m, k) outputs on the scale asked for."""
        with _evaluating(self.module), torch.no_grad():
            return _numbers(self._read(self.module(self._tensor(batch))))

    def gradient(self, mix: Mix, *, strict: bool = True) -> NDArray[np.float64]:
        """(m, p, k) derivative of each output by each column: one backward pass an output.

        Raises
        ------
        CapabilityError
            If the module cuts every way from its input to an output.
        PredictionError
            If a derivative is not finite.
        """
        batch = self.batch(mix)
        # The caller may have switched gradients off, in either of torch's two ways.
        with _evaluating(self.module), torch.inference_mode(mode=False), torch.enable_grad():
            rows = self._tensor(batch).requires_grad_()
            answers = self._read(self.module(rows)).reshape(len(rows), -1)
            by_output = [_derivative(answers, i, rows) for i in range(answers.shape[1])]
        gradient = _numbers(torch.stack(by_output, dim=2))
        bad = np.flatnonzero(~np.isfinite(gradient).all(axis=(1, 2)))
        if not strict:
            gradient[bad] = np.nan
        elif len(bad):
            message = f"The derivative is not finite at {len(bad)} of {len(gradient)} rows."
            first = f"First such row: {shown_row(batch, int(bad[0]))}."
            cure = "Look for roots, logarithms or divisions at zero in the network."
            raise PredictionError(message, first, cure)
        return gradient

    def _tensor(self, batch: NDArray[np.float64]) -> torch.Tensor:
        """Return a copy of the rows in the module's own dtype, on its own device."""
        own = chain(self.module.parameters(), self.module.buffers())
        floats = (tensor for tensor in own if tensor.is_floating_point())
        like = next(floats, torch.empty(0, dtype=torch.float32))
        return torch.tensor(batch, dtype=like.dtype, device=like.device)

    def _read(self, raw: Any) -> torch.Tensor:
        """Outputs on the scale asked for; in torch, so that derivatives go through it."""
        if not isinstance(raw, torch.Tensor):
            message = f"The module returned a {type(raw).__name__}."
            cure = "Wrap it in a module that picks its output."
            raise PredictionError(message, "It must return one tensor.", cure)
        if self.outputs is None or raw.ndim not in {1, 2}:  # as_predictions refuses other shapes
            return raw
        logits = raw.reshape(len(raw), -1)
        classes = len(self.outputs.classes)
        if logits.shape[1] != classes and (logits.shape[1], classes) != (1, 2):
            message = f"The module returned {logits.shape[1]} logits for {classes} classes."
            allowed = "It must be one a class, or one for two classes."
            raise PredictionError(message, allowed, "Check classes=.")
        on_scale = _SCALES[self.outputs.scale]
        return torch.stack([on_scale(logits, i) for i in self.outputs.chosen], dim=1)


def _score(logits: torch.Tensor, i: int) -> torch.Tensor:
    if logits.shape[1] > 1:
        return logits[:, i]
    return logits[:, 0] if i == 1 else -logits[:, 0]


def _probability(logits: torch.Tensor, i: int) -> torch.Tensor:
    if logits.shape[1] > 1:
        return torch.softmax(logits, dim=1)[:, i]
    return torch.sigmoid(_score(logits, i))


def _log_odds(logits: torch.Tensor, i: int) -> torch.Tensor:
    if logits.shape[1] == 1:
        return _score(logits, i)
    others = [j for j in range(logits.shape[1]) if j != i]
    # log(p / (1 - p)) without forming p, which would round to 0 or 1
    return logits[:, i] - torch.logsumexp(logits[:, others], dim=1)


_SCALES = {"score": _score, "probability": _probability, "log_odds": _log_odds}


def _numbers(tensor: torch.Tensor) -> NDArray[np.float64]:
    # to the host first: some devices have no float64
    return np.asarray(tensor.detach().cpu().to(torch.float64).numpy())


def _derivative(answers: torch.Tensor, i: int, rows: torch.Tensor) -> torch.Tensor:
    """(m, p) derivative of output ``i``; rows do not mix, so that of the sum is that of each."""
    found = None
    if answers.requires_grad:
        more = i + 1 < answers.shape[1]
        total = answers[:, i].sum()
        (found,) = torch.autograd.grad(total, rows, retain_graph=more, allow_unused=True)
    if found is None:
        message = f"No derivative of output {i} reaches the input."
        reason = "The module cuts it: detach, argmax or a cast to whole numbers."
        raise CapabilityError(message, reason, "Use Shapley, which needs predictions only.")
    return found


_LOCK = threading.Lock()
_HELD: dict[int, tuple[int, bool]] = {}  # id of a part -> how many use it, its flag before


@contextmanager
def _evaluating(module: torch.nn.Module) -> Iterator[None]:
    """Put a module and all its parts in eval mode, and each flag back when its last user has left.

    Threads share modules: the first to leave must not switch dropout on for the others.
    """
    parts = list(module.modules())
    with _LOCK:
        for part in parts:
            users, before = _HELD.get(id(part), (0, part.training))
            _HELD[id(part)] = (users + 1, before)
        module.eval()
    try:
        yield
    finally:
        with _LOCK:
            for part in parts:
                users, before = _HELD.pop(id(part))
                if users > 1:
                    _HELD[id(part)] = (users - 1, before)
                else:
                    part.training = before
