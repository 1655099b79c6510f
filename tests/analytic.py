"""Models whose explanations are known in closed form, each with the distribution of its rows.

Every model is a frozen dataclass with

- ``names``, the columns; ``predict(rows)``, for a frame (by name) or an array (by position);
- ``sample(n, rng)``, a frame of n independent rows;
- ``population()``, a few rows and their weights (summing to one) that stand for the whole
  population: nodes of quadrature, on which ``pdp``, ``pfi``, ``h_*`` and ``shapley`` hold to
  rounding, with no Monte Carlo error (``ale`` needs rows in every cell, so it does not);
- closed forms of the population: ``pdp(feature, v)`` uncentred, ``ale(feature, v)`` centred to
  mean zero, ``pfi(feature)`` for the squared loss and the target y = f(x), ``h_squared(*features)``
  of a pair or a triple and its unnormalised ``h_numerator``, ``h_total(feature)`` (over
  ``variance``, that of f), and others where they are known. H^2 is the variance that the lower
  orders do not explain over that of the joint partial dependence; ``nan`` where that is 0/0.

T1 to T10 are the models with their usual parameters; ALL holds them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import nan, pi, prod, sqrt
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Rows = pd.DataFrame | NDArray[np.generic]


def columns(rows: Rows, names: Sequence[str]) -> list[NDArray[np.generic]]:
    """The columns of a frame by name, or of an array by position."""
    if isinstance(rows, pd.DataFrame):
        return [rows[name].to_numpy() for name in names]
    return [np.asarray(rows)[:, position] for position in range(len(names))]


def frame(names: Sequence[str], table: ArrayLike) -> pd.DataFrame:
    """A frame of float columns."""
    return pd.DataFrame(np.asarray(table, dtype=float), columns=list(names))


def centred_normal(rng: np.random.Generator, n: int, r: float) -> Array:
    """n rows of two standard normals with correlation r."""
    return rng.multivariate_normal([0.0, 0.0], [[1.0, r], [r, 1.0]], size=n)


Axis = tuple[Array, Array]  # the nodes of a quadrature, and their weights


def normal_axis(nodes: int) -> Axis:
    """Of the standard normal, exact for polynomials of degree < 2 nodes."""
    place, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return place, weight / weight.sum()


def uniform_axis(nodes: int, low: float, high: float) -> Axis:
    """Of the uniform distribution, exact for polynomials of degree < 2 nodes."""
    place, weight = np.polynomial.legendre.leggauss(nodes)
    return low + (high - low) * (place + 1) / 2, weight / 2


def joined_axes(first: Axis, second: Axis) -> Axis:
    """Of a function with a kink or jump where two halves of equal probability meet."""
    return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]]) / 2


def even_axis(places: ArrayLike) -> Axis:
    """Equal weights: signs, or points of a circle for trigonometric functions."""
    places = np.asarray(places, dtype=float)
    return places, np.full(len(places), 1 / len(places))


def product_rows(*axes: Axis) -> tuple[Array, Array]:
    """All combinations of the nodes of independent axes, and their weights."""
    places = np.meshgrid(*(place for place, _ in axes), indexing="ij")
    weights = np.meshgrid(*(weight for _, weight in axes), indexing="ij")
    rows = np.stack([place.ravel() for place in places], axis=1)
    return rows, prod(weight.ravel() for weight in weights)


class Pair(ABC):
    """A model of two features, where the total H of each is the H of the pair."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """The variance of f."""

    @property
    @abstractmethod
    def strength(self) -> float:
        """The variance of f minus both partial dependences."""

    def h_numerator(self, *features: str) -> float:
        del features
        return self.strength

    def h_squared(self, *features: str) -> float:
        del features
        return self.strength / self.variance

    def h_total(self, feature: str) -> float:
        del feature
        return self.strength / self.variance


class Independent(ABC):
    """A model of independent features, known by the variances of its functional decomposition."""

    @property
    @abstractmethod
    def parts(self) -> dict[tuple[str, ...], float]:
        """The variance of each term that has one."""

    @property
    def variance(self) -> float:
        return sum(self.parts.values())

    def sobol_first(self, feature: str) -> float:
        return self.parts.get((feature,), 0.0) / self.variance

    def sobol_total(self, feature: str) -> float:
        return sum(part for term, part in self.parts.items() if feature in term) / self.variance

    def pfi(self, feature: str) -> float:
        return 2 * self.variance * self.sobol_total(feature)

    def sage(self, feature: str) -> float:
        return sum(part / len(term) for term, part in self.parts.items() if feature in term)

    def h_numerator(self, *features: str) -> float:
        return sum(part for term, part in self.parts.items() if set(term) == set(features))

    def h_squared(self, *features: str) -> float:
        joint = sum(part for term, part in self.parts.items() if set(term) <= set(features))
        return self.h_numerator(*features) / joint if joint else nan

    def h_total(self, feature: str) -> float:
        return self.sobol_total(feature) - self.sobol_first(feature)


@dataclass(frozen=True)
class LinearGaussian(Pair):
    """f = a1 x1 + a2 x2; standard normals with correlation r."""

    a: tuple[float, float] = (2.0, -1.0)
    r: float = 0.6
    names: ClassVar = ("x1", "x2")
    strength: ClassVar[float] = 0.0

    def predict(self, rows: Rows) -> Array:
        x1, x2 = columns(rows, self.names)
        return self.a[0] * x1 + self.a[1] * x2

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        return frame(self.names, centred_normal(rng, n, self.r))

    def population(self) -> tuple[pd.DataFrame, Array]:
        rows, weights = product_rows(normal_axis(5), normal_axis(5))
        rows[:, 1] = self.r * rows[:, 0] + sqrt(1 - self.r**2) * rows[:, 1]
        return frame(self.names, rows), weights

    @property
    def variance(self) -> float:
        a1, a2 = self.a
        return a1**2 + a2**2 + 2 * self.r * a1 * a2

    def _own(self, feature: str) -> tuple[float, float]:
        """The slope of the feature and that of the other."""
        j = self.names.index(feature)
        return self.a[j], self.a[1 - j]

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        return self._own(feature)[0] * np.asarray(v)

    def ale(self, feature: str, v: ArrayLike) -> Array:
        return self.pdp(feature, v)

    def pfi(self, feature: str) -> float:
        return 2 * self._own(feature)[0] ** 2

    def conditional_pfi(self, feature: str) -> float:
        """The feature is drawn given the other."""
        return self.pfi(feature) * (1 - self.r**2)

    def lofo(self, feature: str) -> float:
        """Rise of the squared loss when least squares is fitted without the feature."""
        return self.conditional_pfi(feature) / 2

    def sage_conditional(self, feature: str) -> float:
        own, other = self._own(feature)
        alone, other_alone = (own + self.r * other) ** 2, (other + self.r * own) ** 2
        return (alone + self.variance - other_alone) / 2

    def sage_marginal(self, feature: str) -> float:
        """Features outside the coalition are replaced by draws from their marginal."""
        own, other = self._own(feature)
        return own**2 + self.r * own * other

    def shapley(self, rows: Rows) -> Array:
        """Interventional values with the population as background: rows x features."""
        return np.stack(columns(rows, self.names), axis=1) * np.array(self.a)


@dataclass(frozen=True)
class ProductGaussian(Pair):
    """f = x1 x2; normals of means m, unit variances and correlation r."""

    m: tuple[float, float] = (1.0, 0.5)
    r: float = 0.6
    names: ClassVar = ("x1", "x2")

    def predict(self, rows: Rows) -> Array:
        x1, x2 = columns(rows, self.names)
        return x1 * x2

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        return frame(self.names, centred_normal(rng, n, self.r) + np.array(self.m))

    def population(self) -> tuple[pd.DataFrame, Array]:
        rows, weights = product_rows(normal_axis(5), normal_axis(5))
        rows[:, 1] = self.r * rows[:, 0] + sqrt(1 - self.r**2) * rows[:, 1]
        return frame(self.names, rows + np.array(self.m)), weights

    @property
    def mean(self) -> float:
        return self.m[0] * self.m[1] + self.r

    @property
    def variance(self) -> float:
        m1, m2 = self.m
        return 1 + self.r**2 + m1**2 + m2**2 + 2 * self.r * m1 * m2

    def _means(self, feature: str) -> tuple[float, float]:
        """The mean of the feature and that of the other."""
        j = self.names.index(feature)
        return self.m[j], self.m[1 - j]

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        return self._means(feature)[1] * np.asarray(v)

    def ale(self, feature: str, v: ArrayLike) -> Array:
        own, other = self._means(feature)
        d = np.asarray(v) - own
        return other * d + self.r / 2 * (d**2 - 1)

    def ale_pair(self, v1: ArrayLike, v2: ArrayLike) -> Array:
        """The pure second-order effect, without the main effects of its features."""
        d1, d2 = np.asarray(v1) - self.m[0], np.asarray(v2) - self.m[1]
        return d1 * d2 - self.r / 2 * (d1**2 - 1) - self.r / 2 * (d2**2 - 1) - self.r

    def pfi(self, feature: str) -> float:
        own, other = self._means(feature)
        r = self.r
        both_squared = 1 + 2 * r**2 + own**2 + other**2 + 4 * r * own * other + (own * other) ** 2
        own_by_other_squared = own * (1 + other**2) + 2 * r * other
        return both_squared + (1 + own**2) * (1 + other**2) - 2 * own * own_by_other_squared

    @property
    def strength(self) -> float:
        return 1 + self.r**2

    def shapley(self, rows: Rows) -> Array:
        """Interventional values with the population as background: rows x features."""
        x1, x2 = columns(rows, self.names)
        m1, m2 = self.m
        first = (x1 * m2 - self.mean + x1 * x2 - m1 * x2) / 2
        second = (m1 * x2 - self.mean + x1 * x2 - x1 * m2) / 2
        return np.stack([first, second], axis=1)


@dataclass(frozen=True)
class Ishigami(Independent):
    """f = sin x1 + a sin^2 x2 + b x3^4 sin x1; independent, uniform on (-pi, pi)."""

    a: float = 7.0
    b: float = 0.1
    names: ClassVar = ("x1", "x2", "x3")

    def predict(self, rows: Rows) -> Array:
        x1, x2, x3 = columns(rows, self.names)
        return np.sin(x1) + self.a * np.sin(x2) ** 2 + self.b * x3**4 * np.sin(x1)

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        return frame(self.names, rng.uniform(-pi, pi, size=(n, 3)))

    def population(self) -> tuple[pd.DataFrame, Array]:
        circle = even_axis(np.arange(-4, 4) * pi / 4)
        rows, weights = product_rows(circle, circle, uniform_axis(5, -pi, pi))
        return frame(self.names, rows), weights

    @property
    def parts(self) -> dict[tuple[str, ...], float]:
        """The variance of each term of the functional decomposition that has one."""
        return {
            ("x1",): (1 + self.b * pi**4 / 5) ** 2 / 2,
            ("x2",): self.a**2 / 8,
            ("x1", "x3"): 8 * self.b**2 * pi**8 / 225,
        }

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        v = np.asarray(v)
        if feature == "x1":
            return self.a / 2 + np.sin(v) * (1 + self.b * pi**4 / 5)
        return self.a * np.sin(v) ** 2 if feature == "x2" else np.full(v.shape, self.a / 2)

    def pdp_of_x1_and_x3(self, v1: ArrayLike, v3: ArrayLike) -> Array:
        return self.a / 2 + np.sin(v1) * (1 + self.b * np.asarray(v3) ** 4)

    def ale(self, feature: str, v: ArrayLike) -> Array:
        return self.pdp(feature, v) - self.a / 2


@dataclass(frozen=True)
class SobolG(Independent):
    """f = prod (|4 x_i - 2| + a_i) / (1 + a_i); independent, uniform on (0, 1)."""

    a: tuple[float, ...] = (0.0, 1.0, 4.5)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"x{i + 1}" for i in range(len(self.a)))

    def predict(self, rows: Rows) -> Array:
        return prod(self.pdp(name, x) for name, x in zip(self.names, columns(rows, self.names), strict=True))

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        return frame(self.names, rng.uniform(size=(n, len(self.a))))

    def population(self) -> tuple[pd.DataFrame, Array]:
        axis = joined_axes(uniform_axis(2, 0.0, 0.5), uniform_axis(2, 0.5, 1.0))
        rows, weights = product_rows(*[axis] * len(self.a))
        return frame(self.names, rows), weights

    @property
    def parts(self) -> dict[tuple[str, ...], float]:
        """The variance of each term of the functional decomposition."""
        own = {name: 1 / (3 * (1 + a) ** 2) for name, a in zip(self.names, self.a, strict=True)}
        terms = [t for k in range(1, len(own) + 1) for t in combinations(own, k)]
        return {term: prod(own[name] for name in term) for term in terms}

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        a = self.a[self.names.index(feature)]
        return (np.abs(4 * np.asarray(v) - 2) + a) / (1 + a)

    def ale(self, feature: str, v: ArrayLike) -> Array:
        return self.pdp(feature, v) - 1


@dataclass(frozen=True)
class Parity(Independent):
    """f = x1 x2 x3; independent signs. Nothing shows before all three are looked at."""

    names: ClassVar = ("x1", "x2", "x3")
    parts: ClassVar = {("x1", "x2", "x3"): 1.0}

    def predict(self, rows: Rows) -> Array:
        return prod(columns(rows, self.names))

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        return frame(self.names, rng.choice([-1.0, 1.0], size=(n, 3)))

    def population(self) -> tuple[pd.DataFrame, Array]:
        rows, weights = product_rows(*[even_axis([-1, 1])] * 3)
        return frame(self.names, rows), weights

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        del feature
        return np.zeros(np.shape(v))

    def ale(self, feature: str, v: ArrayLike) -> Array:
        return self.pdp(feature, v)

    def shapley(self, rows: Rows) -> Array:
        """Interventional values with the population as background: rows x features."""
        return np.repeat(self.predict(rows)[:, None] / 3, 3, axis=1)


@dataclass(frozen=True)
class ExtrapolationTrap(Pair):
    """f = c (x1 - x2)^2 + x1; x1 = x2, uniform on (0, 1).

    On the data f is x1, and x2 does nothing. Partial dependence, permutation importance and H look
    away from the diagonal, where no row ever was; H^2 is above 1, no share.
    """

    c: float = 3.0
    names: ClassVar = ("x1", "x2")
    variance: ClassVar[float] = 1 / 12

    def predict(self, rows: Rows) -> Array:
        x1, x2 = columns(rows, self.names)
        return self.c * (x1 - x2) ** 2 + x1

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        return frame(self.names, np.repeat(rng.uniform(size=(n, 1)), 2, axis=1))

    def population(self) -> tuple[pd.DataFrame, Array]:
        place, weights = uniform_axis(5, 0.0, 1.0)
        return frame(self.names, np.stack([place, place], axis=1)), weights

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        v = np.asarray(v)
        return self.c * (v**2 - v + 1 / 3) + (v if feature == "x1" else 1 / 2)

    def ale(self, feature: str, v: ArrayLike) -> Array:
        v = np.asarray(v)
        return v - 1 / 2 if feature == "x1" else np.zeros(v.shape)

    def pfi(self, feature: str) -> float:
        return self.c**2 / 15 + (1 / 6 if feature == "x1" else 0)

    def conditional_pfi(self, feature: str) -> float:
        """The feature is drawn given the other, so nothing changes."""
        del feature
        return 0.0

    def lofo(self, feature: str) -> float:
        """The other feature says the same."""
        del feature
        return 0.0

    @property
    def strength(self) -> float:
        return 4 * self.c**2 / 180


@dataclass(frozen=True)
class CategoryLine(Pair):
    """f = g_c + h_c x; c is A, B or C with shares p, and x given c is normal with mean mu_c."""

    g: tuple[float, float, float] = (0.0, 2.0, 1.0)
    h: tuple[float, float, float] = (1.0, -1.0, 0.5)
    p: tuple[float, float, float] = (0.5, 0.3, 0.2)
    mu: tuple[float, float, float] = (0.0, 1.0, 3.0)
    names: ClassVar = ("c", "x")
    levels: ClassVar = ("A", "B", "C")

    def predict(self, rows: Rows) -> Array:
        c, x = columns(rows, self.names)
        level = self._level(c)
        return np.array(self.g)[level] + np.array(self.h)[level] * x.astype(float)

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        level = rng.choice(3, size=n, p=self.p)
        x = rng.normal(np.array(self.mu)[level])
        return pd.DataFrame({"c": np.array(self.levels)[level], "x": x})

    def population(self) -> tuple[pd.DataFrame, Array]:
        place, weight = normal_axis(4)
        c = np.repeat(self.levels, len(place))
        x = np.concatenate([mean + place for mean in self.mu])
        return pd.DataFrame({"c": c, "x": x}), np.outer(self.p, weight).ravel()

    def _level(self, c: ArrayLike) -> NDArray[np.intp]:
        return np.searchsorted(self.levels, np.asarray(c).astype(str))

    @property
    def _arrays(self) -> tuple[Array, Array, Array, Array]:
        return np.array(self.g), np.array(self.h), np.array(self.p), np.array(self.mu)

    @property
    def mean_of_x(self) -> float:
        return float(np.dot(self.p, self.mu))

    @property
    def variance_of_x(self) -> float:
        return float(np.dot(self.p, 1 + np.square(self.mu))) - self.mean_of_x**2

    @property
    def variance(self) -> float:
        g, h, p, mu = self._arrays
        line = g + h * mu
        return float(p @ (line**2 + h**2) - (p @ line) ** 2)

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        """At levels for `c`, at numbers for `x`."""
        g, h, p, _ = self._arrays
        if feature == "x":
            return p @ g + p @ h * np.asarray(v)
        level = self._level(v)
        return g[level] + h[level] * self.mean_of_x

    def ale(self, feature: str, v: ArrayLike) -> Array:
        """Of `c` at levels; that of `x` has no closed form."""
        if feature != "c":
            message = "the ALE of x has no closed form"
            raise NotImplementedError(message)
        g, h, p, mu = self._arrays
        curve = [0.0]
        for k in (1, 2):
            either = [k - 1, k]
            steps = g[k] - g[k - 1] + (h[k] - h[k - 1]) * mu[either]
            curve.append(curve[-1] + float(p[either] @ steps / p[either].sum()))
        return (np.array(curve) - p @ curve)[self._level(v)]

    def pfi(self, feature: str) -> float:
        g, h, p, mu = self._arrays
        if feature == "x":
            away = (self.mean_of_x - mu) ** 2 + self.variance_of_x + 1
            return float(p @ (h**2 * away))
        dg, dh = g[:, None] - g, h[:, None] - h  # donor x receiver
        return float(p @ ((dg + dh * mu) ** 2 + dh**2) @ p)

    @property
    def strength(self) -> float:
        _, h, p, mu = self._arrays
        dh, away = h - p @ h, mu - self.mean_of_x
        return float(p @ (dh**2 * (1 + away**2)) - (p @ (dh * away)) ** 2)


@dataclass(frozen=True)
class SingleBox(Independent):
    """f = 10 if x1 > .5 and x2 > .5, else 0; independent, uniform on (0, 1). One small tree."""

    names: ClassVar = ("x1", "x2")
    parts: ClassVar = {("x1",): 6.25, ("x2",): 6.25, ("x1", "x2"): 6.25}

    def predict(self, rows: Rows) -> Array:
        x1, x2 = columns(rows, self.names)
        return 10.0 * ((x1 > 0.5) & (x2 > 0.5))

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        return frame(self.names, rng.uniform(size=(n, 2)))

    def population(self) -> tuple[pd.DataFrame, Array]:
        rows, weights = product_rows(*[even_axis([0.25, 0.75])] * 2)
        return frame(self.names, rows), weights

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        del feature
        return 5.0 * (np.asarray(v) > 0.5)

    def ale(self, feature: str, v: ArrayLike) -> Array:
        """The limit of small cells; the cell that holds .5 is a line between the two values."""
        return self.pdp(feature, v) - 2.5

    def anchor(self, *features: str) -> tuple[float, float]:
        """Precision and coverage of the rule that these features exceed .5, for a row with f = 10.

        The precision is the share of rows under the rule with the same prediction.
        """
        coverage = 0.5 ** len(set(features))
        return 0.25 / coverage, coverage

    def shapley(self, rows: Rows) -> Array:
        """Interventional values with the population as background: rows x features."""
        x1, x2 = columns(rows, self.names)
        first, second, both = 5.0 * (x1 > 0.5), 5.0 * (x2 > 0.5), self.predict(rows)
        return np.stack([first - second + both - 2.5, second - first + both - 2.5], axis=1) / 2


@dataclass(frozen=True)
class StepClass(Independent):
    """f = 1 if x1 > 0, else 0, a class label; two independent standard normals.

    The permutation importance is the same for the 0/1 and for the squared loss.
    """

    names: ClassVar = ("x1", "x2")
    parts: ClassVar = {("x1",): 1 / 4}

    def predict(self, rows: Rows) -> Array:
        return 1.0 * (columns(rows, self.names)[0] > 0)

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        return frame(self.names, centred_normal(rng, n, 0.0))

    def population(self) -> tuple[pd.DataFrame, Array]:
        rows, weights = product_rows(*[even_axis([-1, 1])] * 2)
        return frame(self.names, rows), weights

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        v = np.asarray(v)
        return 1.0 * (v > 0) if feature == "x1" else np.full(v.shape, 0.5)

    def ale(self, feature: str, v: ArrayLike) -> Array:
        """The limit of small cells; the cell that holds 0 is a line between the two values."""
        return self.pdp(feature, v) - 0.5


@dataclass(frozen=True)
class Square(Independent):
    """f = x1^2; x1 is standard normal. What a weighted line through it must find."""

    names: ClassVar = ("x1",)
    parts: ClassVar = {("x1",): 2.0}

    def predict(self, rows: Rows) -> Array:
        return columns(rows, self.names)[0] ** 2

    def sample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        return frame(self.names, rng.normal(size=(n, 1)))

    def population(self) -> tuple[pd.DataFrame, Array]:
        rows, weights = product_rows(normal_axis(5))
        return frame(self.names, rows), weights

    def pdp(self, feature: str, v: ArrayLike) -> Array:
        del feature
        return np.asarray(v) ** 2

    def ale(self, feature: str, v: ArrayLike) -> Array:
        return self.pdp(feature, v) - 1

    def lime_slope(self, x0: float, s: float = 1.0, kernel_width: float = 0.75) -> float:
        """Of LIME without discretiser, neighbours N(0, s^2), kernel exp(-d^2 / 2 kernel_width^2).

        Samples around the mean of the data, not around x0, shrink the gradient.
        """
        return 2 * x0 * s**2 / (s**2 + kernel_width**2)

    def lime_slope_around_the_row(self, x0: float) -> float:
        """The same with neighbours N(x0, s^2), for any s and kernel width."""
        return 2 * x0


T1 = LinearGaussian()
T2 = ProductGaussian()
T3 = Ishigami()
T4 = SobolG()
T5 = Parity()
T6 = ExtrapolationTrap()
T7 = CategoryLine()
T8 = SingleBox()
T9 = StepClass()
T10 = Square()
ALL = (T1, T2, T3, T4, T5, T6, T7, T8, T9, T10)
