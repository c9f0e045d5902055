"""Every metric against numbers worked out by hand; ties count as ties, whatever the order of the rows."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from evenhand.evaluation.calibration import brier, expected_calibration_error, reliability
from evenhand.evaluation.intervals import bootstrap, resamples, wilson
from evenhand.evaluation.outcomes import Outcomes, count
from evenhand.evaluation.ranking import average_precision, best_f1_place, pr_curve, rank, roc_auc

# (score, truth) rows, average precision, area under the ROC curve; worked out by hand
RANKINGS: list[tuple[list[tuple[float, int]], float, float]] = [
    ([(0.9, 1), (0.8, 1), (0.2, 0), (0.1, 0)], 1.0, 1.0),
    ([(0.9, 0), (0.8, 0), (0.2, 1), (0.1, 1)], (1 / 3 + 2 / 4) / 2, 0.0),
    ([(0.8, 1), (0.4, 0), (0.35, 1), (0.1, 0)], (1 / 1 + 2 / 3) / 2, 3 / 4),
    ([(0.5, 1), (0.5, 0)], 1 / 2, 1 / 2),  # a tie: one threshold, half of the pairs
    ([(0.5, 1), (0.5, 1), (0.5, 0), (0.5, 0), (0.5, 0)], 2 / 5, 1 / 2),
    ([(0.9, 1), (0.5, 1), (0.5, 0), (0.1, 0)], (1 + 2 / 3) / 2, 3.5 / 4),
    ([(0.7, 0), (0.7, 1), (0.3, 1), (0.3, 0), (0.3, 0)], (1 / 2 + 2 / 5) / 2, (2.5 + 1) / 6),
]


def columns(rows: list[tuple[float, int]]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return np.array([score for score, _ in rows], np.float32), np.array([truth for _, truth in rows], np.bool_)


@pytest.mark.parametrize(("rows", "ap", "auc"), RANKINGS)
def test_ap_and_auc(rows: list[tuple[float, int]], ap: float, auc: float) -> None:
    for order in list(permutations(rows))[:30]:
        ranking = rank(*columns(list(order)))
        assert average_precision(ranking.positives, ranking.negatives) == pytest.approx(ap)
        assert roc_auc(ranking.positives, ranking.negatives) == pytest.approx(auc)


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(3)
    scores, truth = (rng.integers(0, 12, 90) / 12).astype(np.float32), rng.random(90) < 0.3
    pairs = [(float(a > b) + float(a == b) / 2) for a in scores[truth] for b in scores[~truth]]
    ranking = rank(scores, truth)
    assert roc_auc(ranking.positives, ranking.negatives) == pytest.approx(sum(pairs) / len(pairs))


def test_what_the_rows_do_not_define_is_not_a_number() -> None:
    without = rank(*columns([(0.4, 0), (0.6, 0)]))
    assert math.isnan(average_precision(without.positives, without.negatives))
    assert math.isnan(roc_auc(without.positives, without.negatives))
    assert pr_curve(without) == []
    only = rank(*columns([(0.4, 1)]))
    assert average_precision(only.positives, only.negatives) == 1.0
    assert math.isnan(roc_auc(only.positives, only.negatives))


@pytest.mark.parametrize(
    ("rows", "threshold"),
    [
        ([(0.9, 1), (0.8, 1), (0.2, 0)], 0.8),
        ([(0.9, 1), (0.8, 0), (0.7, 1), (0.1, 0)], 0.7),  # F1 2/3, 1/2, 4/5, 2/3
        ([(0.9, 1), (0.5, 0), (0.5, 0), (0.5, 0), (0.4, 1)], 0.9),  # F1 2/3, 2/5, 4/7
        ([(0.9, 1), (0.8, 0), (0.7, 0), (0.6, 1)], 0.9),  # F1 2/3 at both ends: the higher one
    ],
)
def test_best_f1(rows: list[tuple[float, int]], threshold: float) -> None:
    ranking = rank(*columns(rows))
    assert ranking.thresholds[best_f1_place(ranking.positives, ranking.negatives)] == pytest.approx(threshold)


def test_the_curve_is_thinned_but_keeps_its_ends() -> None:
    ranking = rank(*columns([(0.9, 1), (0.8, 0), (0.7, 1), (0.1, 0)]))
    first, *_, last = curve = pr_curve(ranking)
    assert first[:2] == (0.5, 1.0)
    assert last[:2] == (1.0, 0.5)
    assert [recall for recall, _, _ in curve] == sorted(recall for recall, _, _ in curve)
    many = rank(np.linspace(0, 1, 5_000, dtype=np.float32), np.arange(5_000) % 3 == 0)
    assert 100 < len(pr_curve(many)) <= 201


def test_outcomes() -> None:
    truth = np.array([1, 1, 1, 0, 0, 0, 0, 0], np.bool_)
    flagged = np.array([1, 1, 0, 1, 0, 0, 0, 0], np.bool_)
    got = count(flagged, truth)
    assert (got.tp, got.fp, got.fn, got.tn) == (2, 1, 1, 4)
    assert (got.precision, got.recall, got.f1, got.fpr, got.fnr) == pytest.approx((2 / 3, 2 / 3, 2 / 3, 1 / 5, 1 / 3))
    nothing = Outcomes(tp=0, fp=0, fn=0, tn=0)
    assert {nothing.precision, nothing.recall, nothing.f1, nothing.fpr, nothing.fnr} == {None}
    assert Outcomes(tp=0, fp=0, fn=2, tn=1).f1 == 0.0


def test_calibration() -> None:
    scores, truth = columns([(0.1, 0), (0.3, 0), (0.6, 1), (0.8, 0)])
    assert brier(scores, truth) == pytest.approx((0.01 + 0.09 + 0.16 + 0.64) / 4)
    low, high = reliability(scores, truth, bins=2)
    assert (low.n, low.score, low.share) == pytest.approx((2, 0.2, 0.0))
    assert (high.n, high.score, high.share) == pytest.approx((2, 0.7, 0.5))
    assert expected_calibration_error((low, high)) == pytest.approx((2 * 0.2 + 2 * 0.2) / 4)
    assert math.isnan(expected_calibration_error(()))


def test_equal_scores_share_a_bin_in_any_order() -> None:
    rows = [(0.2, 0), (0.2, 1), (0.2, 0), (0.2, 0), (0.9, 1)]
    for order in list(permutations(rows))[::17]:
        bins = reliability(*columns(list(order)), bins=5)
        assert [(one.n, round(one.score, 6), one.share) for one in bins] == [(4, 0.2, 0.25), (1, 0.9, 1.0)]
    everything = reliability(*columns([(0.0, 0)] * 40), bins=15)
    assert [(one.n, one.share) for one in everything] == [(40, 0.0)]


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Newcombe 1998, table I, method 3 (81 of 263, 15 of 148, 0 of 20, 1 of 29)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing() -> None:
    assert wilson(0, 0) is None


def test_the_bootstrap_covers_what_theory_says_and_repeats_itself() -> None:
    cells = np.repeat(np.array([0, 1]), [700, 300])

    def share(counts: NDArray[np.int64]) -> tuple[float, float]:
        return float(counts[1] / max(counts.sum(), 1)), float("nan")

    one, undefined = bootstrap(cells, 2, share, seed="a", draws=1_000)
    assert one == pytest.approx((0.3 - 1.96 * 0.01449, 0.3 + 1.96 * 0.01449), abs=0.004)
    assert undefined is None
    assert bootstrap(cells, 2, share, seed="a", draws=1_000)[0] == one
    assert bootstrap(cells, 2, share, seed="b", draws=1_000)[0] != one
    assert bootstrap(cells, 2, share, seed="a", draws=0) == [None, None]
    assert bootstrap(cells[:0], 2, share, seed="a", draws=1_000) == [None, None]


def test_large_data_is_resampled_less_and_tiny_data_not_at_all() -> None:
    assert [resamples(4, n) for n in (0, 10, 5_000, 10**6)] == [0] * 4
    assert [resamples(n, 5) for n in (4, 5, 4_995, 19_995, 10**6)] == [0, 1_000, 1_000, 250, 100]
