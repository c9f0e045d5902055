"""Quantile matching with isotonic smoothing, and what it is measured by. Pure numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.perspective.data import Floats

KNOTS = 40
_LEVELS = np.unique(np.concatenate([np.linspace(0, 0.9, 91), 1 - np.geomspace(0.1, 0.001, 160)]))
_SMOOTH = 5  # neighbouring levels averaged; where scores are few, single rows must not make steps


@dataclass(frozen=True, slots=True)
class Sample:
    """One attribute's scores in a population."""

    scores: Floats
    weights: Floats  # sum to 1

    def quantiles(self, levels: Floats) -> Floats:
        """Give the scores below which each share of the population lies."""
        order = np.argsort(self.scores, kind="stable")
        reached = np.cumsum(self.weights[order]) - self.weights[order] / 2
        return np.interp(levels, reached, self.scores[order])

    def share(self, least: float) -> float:
        """Give the share of the population with at least a score."""
        return float(self.weights[self.scores >= least].sum())


def part(scores: Floats, weights: Floats) -> Sample:
    """Make a sample of the rows that have a weight."""
    chosen = weights > 0
    return Sample(scores[chosen], weights[chosen] / weights[chosen].sum())


def isotonic(values: Floats, weights: Floats) -> Floats:
    """Give the closest sequence that never falls (pool adjacent violators)."""
    level: list[float] = []
    mass: list[float] = []
    size: list[int] = []
    for value, weight in zip(values, weights, strict=True):
        level.append(float(value))
        mass.append(float(weight))
        size.append(1)
        while len(level) > 1 and level[-2] >= level[-1]:
            total = mass[-2] + mass[-1]
            joined = (level[-2] * mass[-2] + level[-1] * mass[-1]) / total
            pooled = size[-2] + size[-1]
            del level[-1], mass[-1], size[-1]
            level[-1], mass[-1], size[-1] = joined, total, pooled
    return np.repeat(np.array(level), np.array(size))


def fit(ours: Sample, theirs: Sample) -> tuple[Floats, Floats]:
    """Give the curve that leads our scores to theirs: knots in [0, 1], ascending, from (0, 0) to (1, 1)."""
    x, y = ours.quantiles(_LEVELS), theirs.quantiles(_LEVELS)
    kernel = np.ones(_SMOOTH) / _SMOOTH
    pad = _SMOOTH // 2
    y = np.convolve(np.pad(y, pad, mode="edge"), kernel, mode="valid")
    knots = np.unique(np.concatenate([[0.0], np.quantile(x, np.linspace(0, 1, KNOTS)), [1.0]]).round(4))
    order = np.argsort(x, kind="stable")
    smooth = isotonic(np.interp(knots, x[order], np.maximum.accumulate(y[order])), np.ones(len(knots)))
    smooth[0], smooth[-1] = 0.0, 1.0
    return knots, np.clip(np.maximum.accumulate(smooth), 0, 1).round(4)


def applied(curve: tuple[Floats, Floats], scores: Floats) -> Floats:
    """Give scores on the other scale."""
    return np.interp(scores, curve[0], curve[1])


def rank_correlation(first: Floats, second: Floats) -> float:
    """Give Spearman's rank correlation."""
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle = ends - (counts - 1) / 2
    return middle[inverse].astype(np.float64)


def interval(draws: Floats) -> tuple[float, float]:
    """Give the middle 95% of bootstrap draws."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
