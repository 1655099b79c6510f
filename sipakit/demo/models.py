"""The models of the tour: gradient boosting on raw tables with strings and missing cells, and a small network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import threadpoolctl
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Split", "boosted", "network", "one_thread", "split"]


@dataclass(frozen=True)
class Split:
    """A table in two parts: rows that a model is fitted on, and rows that it has not seen."""

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: pd.Series[Any]
    y_test: pd.Series[Any]


def split(X: pd.DataFrame, y: pd.Series[Any]) -> Split:
    """Hold out 30 % of the rows, drawn at random with a fixed seed."""
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    return Split(X_train, X_test, y_train, y_test)


def boosted(data: Split, rounds: int) -> Any:
    """Fit gradient-boosted trees to the raw table: text becomes categories inside the pipeline, missing cells stay.

    Parameters
    ----------
    data : Split
    rounds : int
        Trees, one after the other.

    Returns
    -------
    Pipeline
        A regressor for a numeric target, otherwise a classifier.
    """
    text = [name for name in data.X_train if not pd.api.types.is_numeric_dtype(data.X_train[name])]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    encoder = make_column_transformer((codes, text), remainder="passthrough", verbose_feature_names_out=False)
    regression = pd.api.types.is_numeric_dtype(data.y_train)
    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    trees = kind(max_iter=rounds, random_state=0, categorical_features=list(range(len(text))))
    return make_pipeline(encoder, trees).fit(data.X_train, data.y_train)


def network(X: NDArray[np.float32], target: NDArray[np.float32], epochs: int) -> Any:
    """Train a network with two hidden layers of 64 units to say the log-odds of a class; needs torch.

    Parameters
    ----------
    X : (n, p) standardised numbers
    target : (n,) of 0 and 1
    epochs : int
        Passes over the rows, in batches of 512.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = torch.nn.Sequential(
            torch.nn.Linear(X.shape[1], 64), torch.nn.SiLU(),
            torch.nn.Linear(64, 64), torch.nn.SiLU(),
            torch.nn.Linear(64, 1),
        )  # fmt: skip
        rows, truth = torch.from_numpy(X), torch.from_numpy(target)[:, None]
        weights = list(net.parameters())
        speed = [torch.zeros_like(weight) for weight in weights]
        for _ in range(epochs):
            for batch in torch.split(torch.randperm(len(rows)), 512):
                loss = torch.nn.functional.binary_cross_entropy_with_logits(net(rows[batch]), truth[batch])
                slopes = torch.autograd.grad(loss, weights)
                with torch.no_grad():  # descent with momentum by hand: torch.optim takes seconds to import
                    for weight, v, slope in zip(weights, speed, slopes, strict=True):
                        v.mul_(0.9).add_(slope)
                        weight.sub_(0.03 * v)
    return net.eval()


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread in everything that brings its own: where cores are busy, waiting threads cost ten times more."""
    torch: Any = import_module("torch") if find_spec("torch") is not None else None
    before = torch.get_num_threads() if torch else 1
    try:
        if torch:
            torch.set_num_threads(1)
        with threadpoolctl.threadpool_limits(limits=1):
            yield
    finally:
        if torch:
            torch.set_num_threads(before)
