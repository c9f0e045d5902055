"""One label's numbers: ranking, three thresholds, calibration, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.evaluation.calibration import Bin, brier, expected_calibration_error, reliability
from evenhand.evaluation.intervals import Interval, bootstrap, resamples, wilson
from evenhand.evaluation.outcomes import Outcomes, count
from evenhand.evaluation.ranking import Counts, Ranking, average_precision, best_f1_place, pr_curve, rank, roc_auc

HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """How flagging at one threshold turned out."""

    threshold: float | None  # flagged: a score of at least this; None: where the detectors themselves make a finding
    outcomes: Outcomes
    f1_ci95: Interval | None  # bootstrap
    fpr_ci95: Interval | None  # Wilson
    recall_ci95: Interval | None  # Wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReport:
    """One label's numbers. What the rows do not define is None."""

    label: str
    n: int  # rows whose truth is known and that were scored; everything below is about them
    positives: int
    unscored: int  # rows whose truth is known, but that failed, were incomplete, or that nothing here can score
    scored_as: tuple[str, ...]  # labels whose highest score is taken
    ap: float | None  # average precision
    ap_ci95: Interval | None  # bootstrap
    auc: float | None  # area under the ROC curve
    auc_ci95: Interval | None  # bootstrap
    ece: float | None  # expected calibration error, 15 bins of equal mass
    brier: float | None
    own: At | None  # at the detectors' own thresholds
    half: At | None  # at 0.5
    best: At | None  # at the best F1 on these very rows: what a threshold could reach, not what it will
    resamples: int  # of the bootstrap; 0: too few rows of either kind
    curve: tuple[tuple[float, float, float], ...]  # recall, precision, threshold; at most 200 points
    bins: tuple[Bin, ...]  # of the reliability diagram


def measure_label(
    label: str,
    *,
    scores: NDArray[np.float32],
    truth: NDArray[np.int8],
    found: NDArray[np.bool_],
    scored_as: Sequence[str],
) -> LabelReport:
    """Measure one label.

    Args:
        label: its name.
        scores: float[n] in [0, 1], NaN where not scored.
        truth: int8[n], 1, 0, or -1 for unknown.
        found: bool[n], a finding was made.
        scored_as: labels whose highest score this is.
    """
    known = truth >= 0
    kept = known & ~np.isnan(scores)
    score, holds, hit = scores[kept], truth[kept] == 1, found[kept]
    n, positives = len(score), int(holds.sum())
    unscored = int(known.sum()) - n
    if not n:
        return _nothing(label, unscored, scored_as)
    ranking, draws = rank(score, holds), resamples(positives, n - positives)
    best = best_f1_place(ranking.positives, ranking.negatives) if positives else None
    # A threshold stands for the first groups of equal score: so many of them score at least as much.
    upto_half = int(np.searchsorted(-ranking.thresholds, -HALF, side="right"))
    upto_best = best + 1 if best is not None else 0
    ap_ci, auc_ci, own_ci, half_ci, best_ci = _intervals(
        ranking, holds, hit, (upto_half, upto_best), seed=label, draws=draws
    )
    bins = reliability(score, holds)
    best_score = float(ranking.thresholds[best]) if best is not None else None
    return LabelReport(
        label=label,
        n=n,
        positives=positives,
        unscored=unscored,
        scored_as=tuple(scored_as),
        ap=_defined(average_precision(ranking.positives, ranking.negatives)),
        ap_ci95=ap_ci,
        auc=_defined(roc_auc(ranking.positives, ranking.negatives)),
        auc_ci95=auc_ci,
        ece=_defined(expected_calibration_error(bins)),
        brier=_defined(brier(score, holds)),
        own=_at(None, hit, holds, own_ci),
        half=_at(HALF, score >= HALF, holds, half_ci),
        best=None if best_score is None else _at(best_score, score >= np.float32(best_score), holds, best_ci),
        resamples=draws,
        curve=tuple(pr_curve(ranking)),
        bins=bins,
    )


def _intervals(
    ranking: Ranking, holds: NDArray[np.bool_], hit: NDArray[np.bool_], upto: tuple[int, int], *, seed: str, draws: int
) -> list[Interval | None]:
    """Give the intervals of AP, AUC, and F1 at the detectors' own threshold, at 0.5 and at the best."""
    size = len(ranking.thresholds)
    # One cell for each group of equal score, truth and finding: all that the five statistics ask of a row.
    cells = ranking.group * 4 + holds * 2 + hit

    def statistics(counts: Counts) -> Sequence[float]:
        table = counts.reshape(size, 2, 2)
        negatives, positives = table.sum(axis=2).T
        missed, own = int(table[:, 1, 0].sum()), int(table[:, 1, 1].sum())
        f1s = [_f1(own, int(table[:, 0, 1].sum()), missed)]
        for places in upto:
            tp = int(positives[:places].sum())
            f1s.append(_f1(tp, int(negatives[:places].sum()), int(positives.sum()) - tp))
        return (average_precision(positives, negatives), roc_auc(positives, negatives), *f1s)

    return bootstrap(cells, size * 4, statistics, seed=seed, draws=draws)


def _f1(tp: int, fp: int, fn: int) -> float:
    value = Outcomes(tp=tp, fp=fp, fn=fn, tn=0).f1
    return float("nan") if value is None else value


def _at(threshold: float | None, flagged: NDArray[np.bool_], holds: NDArray[np.bool_], f1_ci95: Interval | None) -> At:
    got = count(flagged, holds)
    return At(
        threshold=threshold,
        outcomes=got,
        f1_ci95=f1_ci95 if got.f1 is not None else None,
        fpr_ci95=wilson(got.fp, got.fp + got.tn),
        recall_ci95=wilson(got.tp, got.tp + got.fn),
    )


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value


def _nothing(label: str, unscored: int, scored_as: Sequence[str]) -> LabelReport:
    return LabelReport(
        label=label,
        n=0,
        positives=0,
        unscored=unscored,
        scored_as=tuple(scored_as),
        ap=None,
        ap_ci95=None,
        auc=None,
        auc_ci95=None,
        ece=None,
        brier=None,
        own=None,
        half=None,
        best=None,
        resamples=0,
        curve=(),
        bins=(),
    )
