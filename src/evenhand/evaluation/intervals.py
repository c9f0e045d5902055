"""How far chance alone may have moved a number: 95% intervals."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evenhand.fairness.intervals import Interval, wilson

__all__ = ["Interval", "bootstrap", "resamples", "wilson"]

_MOST, _LEAST, _WORK = 1_000, 100, 5_000_000  # resamples, and rows drawn in all of them together
_FEWEST = 5  # rows of each kind
_DEFINED = 0.9  # share of the resamples that must give a number


def resamples(positives: int, negatives: int) -> int:
    """Say how many resamples are drawn: 1,000; fewer for large data, where chance moves little.

    None of fewer than five rows of either kind: drawn again and again they would look certain.
    """
    if min(positives, negatives) < _FEWEST:
        return 0
    return int(min(_MOST, max(_LEAST, _WORK // (positives + negatives))))


def bootstrap(
    cells: NDArray[np.int64],
    size: int,
    statistics: Callable[[NDArray[np.int64]], Sequence[float]],
    *,
    seed: str,
    draws: int,
) -> list[Interval | None]:
    """Give 95% percentile intervals of statistics of the rows (Efron and Tibshirani 1993, chapter 13).

    Rows are drawn with replacement. A statistic sees rows only as counts of cells, so it must not ask for more.

    Args:
        cells: int[n], the cell that each row falls in.
        size: how many cells there are.
        statistics: int[size] counts -> numbers, NaN where a number is not defined.
        seed: the same seed and rows give the same intervals.
        draws: how many resamples; 0: no interval.

    Returns:
        One interval for each statistic; None where a tenth of the resamples or more do not define it.
    """
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    rows = len(cells)
    drawn = [
        statistics(np.bincount(cells[rng.integers(0, rows, rows)], minlength=size)) for _ in range(draws if rows else 0)
    ]
    if not drawn:
        return [None] * len(statistics(np.zeros(size, np.int64)))
    table = np.array(drawn, np.float64)
    out: list[Interval | None] = []
    for column in table.T:
        defined = column[~np.isnan(column)]
        if len(defined) <= _DEFINED * len(column):
            out.append(None)
            continue
        low, high = np.percentile(defined, [2.5, 97.5])
        out.append((float(low), float(high)))
    return out
