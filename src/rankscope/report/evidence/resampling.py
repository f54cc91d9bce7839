"""Bootstrap draws: every number of the report carries its uncertainty through these arrays.

A *draw array* has length `DRAWS + 1`: entry 0 is the statistic on the data as they are, entries 1…
are the statistic on resampled data. Arithmetic on draw arrays (differences, maxima over steps,
correlations) is therefore arithmetic on the statistic and on its bootstrap distribution at once.

What is resampled, with replacement, are the *units* of a measurement (test items, or weight
matrices), jointly for everything that is measured on the same units, so that comparisons are
paired. Seeds and samplings are too few to be resampled: see `spread`, which adds to these draws.
Deterministic: the generator is seeded from the name of what is resampled.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
COVERAGE = 0.95
CORRELATION_DECIMALS = 12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A point estimate and the percentile interval around it."""

    value: float
    low: float
    high: float


def generator(key: str) -> np.random.Generator:
    """The generator of what is drawn under a name: the same every time."""
    return np.random.default_rng([0, zlib.crc32(key.encode())])


@lru_cache(maxsize=64)
def unit_counts(units: int, key: str, draws: int = DRAWS) -> Floats:
    """How often each unit is in each draw: (draws + 1) × units; row 0 holds ones."""
    rng = generator(f"units of {key}")
    resampled = rng.multinomial(units, np.full(units, 1 / units), size=draws)
    return np.vstack([np.ones(units), resampled]).astype(np.float64)


def mean_draws(values: Floats, weights: Floats, units_key: str) -> Floats:
    """Draws of the weighted mean over units.

    Args:
        values: one per unit.
        weights: one per unit, such as bytes of a document, so that the weighted mean is the
            value of the corpus.
        units_key: measurements with the same key and number of units are resampled jointly.
    """
    counts = unit_counts(len(values), units_key)
    return np.asarray((counts @ (values * weights)) / (counts @ weights))


def interval(draws: Floats) -> Interval:
    """Point estimate and percentile interval of a draw array; undefined draws are left out."""
    resampled = draws[1:][np.isfinite(draws[1:])]
    if not len(resampled) or not np.isfinite(draws[0]):
        return Interval(float(draws[0]), float("nan"), float("nan"))
    tail = 50 * (1 - COVERAGE)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return Interval(float(draws[0]), float(low), float(high))


def _ranks(rows: Floats) -> Floats:
    """Ranks within each row, those of ties averaged; quadratic in the length, which is short."""
    smaller = (rows[:, :, None] > rows[:, None, :]).sum(axis=2)
    equal = (rows[:, :, None] == rows[:, None, :]).sum(axis=2)
    return np.asarray(smaller + (equal + 1) / 2)


def spearman(x: Floats, y: Floats) -> Floats:
    """Spearman's correlation of each row of `x` with the same row of `y`; nan where one is flat."""
    x, y = np.broadcast_arrays(np.atleast_2d(x), np.atleast_2d(y))
    a, b = _ranks(x), _ranks(y)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(scale > 0, (a * b).sum(axis=1) / scale, np.nan))


def spearman_draws(x: Floats, rows: Floats) -> Floats:
    """Draws of Spearman's correlation; a flat row of resampled data, which has no order, gives 0.

    Left out, such rows would narrow the interval by the very draws that show nothing.
    """
    found = spearman(x, rows).round(CORRELATION_DECIMALS)  # 0.9 as such, not a bit less
    found[1:] = np.nan_to_num(found[1:])
    return found


def rank_correlation(x: Floats, rows: Floats) -> Interval:
    """Spearman's correlation of `x` with the true values, of which `rows` are draws; its interval.

    Noise mixes the order of measured values, and of resampled ones twice, so that their correlation
    is nearer to zero than that of the truth: where all values rise by less than the noise, the
    percentile interval excludes 1. It reaches to 1 here unless the values fall with `x` beyond the
    noise, and to −1 unless they rise: by the interval of the linear trend over the places of `x`.
    A rising truth has a trend above zero, whatever its steps; so that 1 is wrongly excluded in one
    of 40 cases at most.
    """
    found = interval(spearman_draws(x, rows))
    if not np.isfinite(found.value):
        return found
    places = _ranks(np.atleast_2d(x))[0]
    trend = interval(rows @ (places - places.mean()))
    low = found.low if trend.low > 0 else -1.0
    high = found.high if trend.high < 0 else 1.0
    return Interval(found.value, low, high)


def kendall(x: Floats, y: Floats) -> Floats:
    """Kendall's tau-a of `x` with each row of `y`: concordant minus discordant share of pairs."""
    y = np.atleast_2d(y)
    first, second = np.triu_indices(len(x), k=1)
    signs = np.sign(x[second] - x[first]) * np.sign(y[:, second] - y[:, first])
    return np.asarray(signs.mean(axis=1))
