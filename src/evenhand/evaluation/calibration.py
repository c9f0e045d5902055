"""Whether a score of 0.8 means 80 of 100: reliability bins, expected calibration error, Brier score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Rows of neighbouring scores."""

    n: int
    score: float  # mean score, what the model promises
    share: float  # share of rows that have the label, what came true


def reliability(scores: NDArray[np.float32], truth: NDArray[np.bool_], *, bins: int = BINS) -> tuple[Bin, ...]:
    """Cut rows, sorted by score, into bins of equal mass (Naeini, Cooper, Hauskrecht 2015), lowest scores first.

    Rows of equal score stay together, in the bin that the middle of them falls in: the bins do not depend on the order
    of the rows, and many equal scores leave fewer bins.

    Args:
        scores: float[n] in [0, 1], no NaN.
        truth: bool[n].
        bins: how many, at most.
    """
    if not len(scores):
        return ()
    values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2.0
    place = np.minimum((middle * bins / len(scores)).astype(np.int64), bins - 1)[inverse]
    sizes = np.bincount(place, minlength=bins)
    promised = np.bincount(place, weights=values[inverse].astype(np.float64), minlength=bins)
    came_true = np.bincount(place, weights=truth.astype(np.float64), minlength=bins)
    return tuple(
        Bin(n=int(n), score=float(score / n), share=float(share / n))
        for n, score, share in zip(sizes, promised, came_true, strict=True)
        if n
    )


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Give the mean over rows of |promised - came true| of their bin (the sum of Guo et al. 2017); NaN without rows."""
    total = sum(one.n for one in bins)
    return sum(one.n * abs(one.score - one.share) for one in bins) / total if total else float("nan")


def brier(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Give the mean squared difference of score and truth (Brier 1950, for two classes); NaN without rows."""
    return float(np.mean((scores.astype(np.float64) - truth) ** 2)) if len(scores) else float("nan")
