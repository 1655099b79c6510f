"""The tables as pandas frames, read from the compressed files in this folder."""

from importlib.resources import as_file, files
from typing import Literal, overload

import pandas as pd

__all__ = ["bike", "census"]


def bike() -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """Hourly rentals of a bike-sharing system, a regression task.

    Two whole years in Washington, D.C. ``temp`` and ``feel_temp`` are almost collinear
    (correlation .99), and ``season`` and ``month`` tell much of the same, so the table is a fair
    test of what a method does with dependent features.

    Returns
    -------
    X : pandas.DataFrame, 17,379 rows x 12 features, no missing cells
        Text: ``season`` ("spring" is 21 December to 20 March) and ``weather``. Integers:
        ``year``, ``month``, ``hour``, ``holiday`` (0, 1), ``weekday`` (0 is Sunday),
        ``workingday`` (0, 1). Floats: ``temp`` and ``feel_temp`` in degrees Celsius, ``humidity``
        as a fraction, ``windspeed`` in km/h. In the order of time.
    y : pandas.Series, 17,379 integers
        ``count``, the rentals in the hour.

    References
    ----------
    Fanaee-T and Gama (2013), Bike Sharing, UCI Machine Learning Repository, CC BY 4.0.
    doi:10.24432/C5W894

    Examples
    --------
    >>> import sipakit as sp
    >>> X, y = sp.datasets.bike()
    >>> X.shape, float(y.mean().round(1))
    ((17379, 12), 189.5)
    """
    table = _read("bike_hourly.csv.gz")
    return table.drop(columns="count"), table["count"]


@overload
def census(*, weights: Literal[False] = False) -> tuple[pd.DataFrame, "pd.Series[str]"]: ...


@overload
def census(*, weights: Literal[True]) -> tuple[pd.DataFrame, "pd.Series[str]", "pd.Series[float]"]: ...


def census(
    *, weights: bool = False
) -> tuple[pd.DataFrame, "pd.Series[str]"] | tuple[pd.DataFrame, "pd.Series[str]", "pd.Series[float]"]:
    """Incomes of adults in the United States census of 1994, a binary classification task.

    Many of the features are text, cells are missing, ``capital-gain`` and ``capital-loss`` are
    mostly zero with a long tail, and ``age``, ``sex`` and ``race`` are protected attributes.
    ``education-num`` is ``education`` as a number: one says all that the other says.

    Parameters
    ----------
    weights : bool, default False
        Also return the sampling weights of the census. They say how many people a row stands
        for, and nothing about the person, so they are never among the features.

    Returns
    -------
    X : pandas.DataFrame, 48,842 rows x 13 features
        Text: ``workclass`` (2,799 missing cells), ``education``, ``marital-status``,
        ``occupation`` (2,809 missing), ``relationship``, ``race``, ``sex``, ``native-country``
        (857 missing). Numbers: ``age`` in years, ``education-num`` (1 to 16), ``capital-gain``
        and ``capital-loss`` in US dollars, ``hours-per-week``. Text stays plain text and missing
        cells stay missing: how to encode them is the model's business.
    y : pandas.Series, 48,842 strings
        ``class``, "<=50K" (76 %) or ">50K" US dollars a year.
    sample_weight : pandas.Series, 48,842 positive floats, only if `weights`
        ``fnlwgt``, the people a row stands for.

    References
    ----------
    Becker and Kohavi (1996), Adult, UCI Machine Learning Repository, CC BY 4.0.
    doi:10.24432/C5XW20

    Examples
    --------
    >>> import sipakit as sp
    >>> X, y, w = sp.datasets.census(weights=True)
    >>> X.shape, sorted(y.unique()), w.name
    ((48842, 13), ['<=50K', '>50K'], 'fnlwgt')
    """
    table = _read("adult_census.csv.gz")
    features = table.drop(columns=["class", "fnlwgt"])
    if weights:
        return features, table["class"], table["fnlwgt"]
    return features, table["class"]


def _read(name: str) -> pd.DataFrame:
    """Read one table; only an empty cell is missing, never a word such as "None"."""
    with as_file(files("sipakit.datasets") / name) as path:
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
