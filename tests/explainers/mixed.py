"""A table with columns of every kind, models on it, and what the tests of explainers check over and over."""

import numpy as np
import pandas as pd

NAMES = ("number", "whole", "text", "level", "size", "flag", "when", "same")


def table(n, seed=0):
    """Numbers with missing cells, integers, text with missing cells, categories of both kinds, booleans, dates."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=n),
            "whole": rng.integers(0, 5, n),
            "text": rng.choice(["red", "green", "blue"], n),
            "level": pd.Categorical(rng.choice(list("uvw"), n), categories=list("uvwx")),
            "size": pd.Categorical(
                rng.choice(["small", "mid", "big"], n), categories=["small", "mid", "big"], ordered=True
            ),
            "flag": rng.random(n) < 0.4,
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
            "same": np.full(n, 7.0),
        }
    )
    if n > 3:
        frame.loc[rng.random(n) < 0.2, "number"] = np.nan
        frame.loc[rng.random(n) < 0.2, "text"] = None
    return frame


def score(X):
    """One number a row, with interactions between columns of all kinds; ``same`` is not used."""
    number = X["number"].fillna(-2.0).to_numpy(float)
    text = X["text"].map({"red": 1.0, "green": -1.0, "blue": 0.5}).fillna(2.0).to_numpy(float)
    size = X["size"].cat.codes.to_numpy(float)
    level = X["level"].cat.codes.to_numpy(float)
    days = (X["when"] - pd.Timestamp("2024-01-01")).dt.days.to_numpy(float) / 100
    flag = X["flag"].to_numpy(float)
    return number * text + X["whole"].to_numpy(float) * flag + size * level * days + np.sin(number * days)


def scores(X):
    """Two outputs."""
    return np.column_stack([score(X), np.cos(score(X)) + X["whole"].to_numpy(float)])


def probabilities(X):
    """Three classes."""
    raw = np.column_stack([score(X) / 3, np.cos(score(X)), X["whole"].to_numpy(float) / 3])
    raised = np.exp(raw - raw.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def assert_within(values, truth, std_error, *, limit=4.0):
    """Every value is within ``limit`` of its own standard errors of the truth."""
    z = (np.asarray(values) - truth) / np.maximum(std_error, 1e-12)
    assert np.abs(z).max() < limit, z


def assert_mean_is(values, truth, *, limit=4.0):
    """The mean of independent runs (first axis) is the truth, by their own spread."""
    values = np.asarray(values)
    assert_within(values.mean(axis=0), truth, values.std(axis=0, ddof=1) / np.sqrt(len(values)), limit=limit)
