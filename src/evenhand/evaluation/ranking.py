"""How well scores put harmful rows before harmless ones: precision-recall and ROC, with ties counted as ties.

Rows of equal score cannot be told apart by any threshold, so everything here works on groups of equal score. That also
makes every number independent of the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The rows of one label, in groups of equal score, highest first."""

    thresholds: NDArray[np.float64]  # [k] the groups' scores, descending
    group: NDArray[np.int64]  # [n] the group of each row
    positives: Counts  # [k] rows of each group that have the label
    negatives: Counts  # [k] rows of each group that do not


def rank(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> Ranking:
    """Sort rows into groups of equal score.

    Args:
        scores: float[n] in [0, 1], no NaN.
        truth: bool[n].
    """
    values, inverse = np.unique(scores, return_inverse=True)
    size = len(values)
    group = (size - 1 - inverse).astype(np.int64)
    return Ranking(
        thresholds=values[::-1].astype(np.float64),
        group=group,
        positives=np.bincount(group[truth], minlength=size),
        negatives=np.bincount(group[~truth], minlength=size),
    )


def average_precision(positives: Counts, negatives: Counts) -> float:
    """Give average precision: the sum over thresholds of (gain in recall) * (precision there), without interpolation.

    This is the area under the precision-recall steps (Manning, Raghavan, Schuetze 2008, section 8.4), not the
    trapezoid, which flatters (Davis and Goadrich 2006). NaN where no row has the label.

    Args:
        positives: int[k], rows of each group of equal score that have the label, highest score first.
        negatives: int[k], the others.
    """
    total = int(positives.sum())
    if total == 0:
        return float("nan")
    found, raised = np.cumsum(positives), np.cumsum(positives + negatives)
    precision = found / np.maximum(raised, 1)
    return float((positives * precision).sum() / total)


def roc_auc(positives: Counts, negatives: Counts) -> float:
    """Give the area under the ROC curve: how often a row with the label scores above one without; ties count half.

    The Mann-Whitney form (Hanley and McNeil 1982). NaN where one of the two kinds is missing.

    Args:
        positives: as for `average_precision`.
        negatives: the same.
    """
    pairs = int(positives.sum()) * int(negatives.sum())
    if pairs == 0:
        return float("nan")
    below = negatives.sum() - np.cumsum(negatives)  # negatives with a lower score than the group's
    return float((positives * (below + negatives / 2.0)).sum() / pairs)


def best_f1_place(positives: Counts, negatives: Counts) -> int:
    """Give the group at whose score, as a threshold, F1 is highest; of equals the one with the highest score.

    Args:
        positives: as for `average_precision`, at least one group.
        negatives: the same.
    """
    found, raised = np.cumsum(positives), np.cumsum(positives + negatives)
    return int(np.argmax(2.0 * found / np.maximum(raised + positives.sum(), 1)))


def pr_curve(ranking: Ranking, *, points: int = 200) -> list[tuple[float, float, float]]:
    """Give (recall, precision, threshold) along the curve, thinned to at most `points`, from the highest threshold."""
    total = int(ranking.positives.sum())
    if total == 0:
        return []
    found = np.cumsum(ranking.positives)
    precision = found / np.cumsum(ranking.positives + ranking.negatives)
    # Even steps of recall, and the first group, which a curve of many rows would else lose.
    wanted = np.searchsorted(found, np.linspace(0, total, min(points, len(found))))
    places = np.unique(np.minimum(np.append(wanted, len(found) - 1), len(found) - 1))
    return [(float(found[i] / total), float(precision[i]), float(ranking.thresholds[i])) for i in places]
