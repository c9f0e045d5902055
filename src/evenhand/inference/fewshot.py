"""Few-shot heads: a linear classifier on a shipped model's vectors, from some twenty examples, in under a second.

Ridge regression onto +1 and -1 with both sides weighing the same, solved among the examples (there are fewer of them
than dimensions), and Platt's scaling of scores that were made without the example's fold. Copies of one example are
kept in one fold, so the figures do not rest on having seen the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FOLDS = 5
RIDGE = 0.1  # of the examples' mean squared distance from the middle
_SAME = 0.93  # cosine from which two pictures count as copies of one
_SHARE = 1 / 3  # positives for each negative that scores are calibrated to: people use a class where it is likely
_STEPS = 50  # of Newton's method, which needs about ten


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A trained head and the scores that it gave to examples it had not seen."""

    weights: Floats  # [width + 1]: weights and bias; gives log-odds
    positives: Floats  # [n]: cross-validated probabilities of the positive examples
    negatives: Floats  # [m]: of the negative ones


def fit(
    positives: Sequence[Floats],
    negatives: Floats,
    *,
    ridge: float = RIDGE,
    same: NDArray[np.intp] | None = None,
    same_negatives: NDArray[np.intp] | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Head:
    """Train a head and cross-validate it.

    Args:
        positives: of each example the vectors of its views, float32 [views, width], each of length 1, the example
            itself first; at least FOLDS examples that are no copies of each other make sense.
        negatives: float32 [m, width], each of length 1, m >= FOLDS.
        ridge: of the examples' mean squared distance from the middle.
        same: a number for each positive, equal for copies; None: pictures as alike as copies are.
        same_negatives: as well, of the negatives; None: none are copies.
        weights: how much each negative counts beside the others; None: all alike.
    """
    own = np.stack([views[0] for views in positives])
    fold_of = (groups(own) if same is None else same) % FOLDS
    against = (np.arange(len(negatives)) if same_negatives is None else same_negatives) % FOLDS
    share = np.ones(len(negatives)) if weights is None else weights
    held_own, held_against = np.zeros(len(own)), np.zeros(len(negatives))
    for fold in range(FOLDS):
        kept = [views for views, at in zip(positives, fold_of, strict=True) if at != fold]
        if not kept:
            kept = list(positives)
        left = against != fold
        if not left.any():
            left = ~left
        head = _ridge(np.concatenate(kept), negatives[left], share[left], ridge)
        held_own[fold_of == fold] = own[fold_of == fold] @ head[:-1] + head[-1]
        held_against[against == fold] = negatives[against == fold] @ head[:-1] + head[-1]
    slope, shift = _platt(held_own, held_against, share)
    whole = _ridge(np.concatenate(positives), negatives, share, ridge) * slope
    whole[-1] += shift
    return Head(
        weights=whole.astype(np.float32),
        positives=odds(held_own * slope + shift),
        negatives=odds(held_against * slope + shift),
    )


def score(weights: Floats, embeddings: Floats) -> Floats:
    """Give the probability of each example: float32 [n] of embeddings float32 [n, width]."""
    return odds(embeddings @ weights[:-1] + weights[-1])


def groups(vectors: Floats, *, same: float = _SAME) -> NDArray[np.intp]:
    """Number the examples so that copies of one, and copies of copies, have one number; `same`: cosine of copies."""
    number = np.arange(len(vectors))
    alike = vectors @ vectors.T >= same
    for i in range(len(vectors)):
        for j in np.flatnonzero(alike[i, :i]):
            number[number == number[i]] = number[j]
    return np.unique(number, return_inverse=True)[1]


def _ridge(positives: Floats, negatives: Floats, weights: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    rows = np.concatenate([positives, negatives]).astype(np.float64)
    part = weights / weights.sum()
    middle = (positives.mean(0) + part @ negatives) / 2
    rows -= middle
    signs = np.concatenate([np.ones(len(positives)), -np.ones(len(negatives))])
    share = np.concatenate([np.full(len(positives), 0.5 / len(positives)), 0.5 * part])
    # With weights D the solution is X'(XX' + ridge D^-1)^-1 y: a system as large as there are examples.
    likeness = rows @ rows.T
    alpha = np.linalg.solve(likeness + np.diag(ridge * float(share @ np.diag(likeness)) / share), signs)
    weights = rows.T @ alpha
    return np.append(weights, -weights @ middle)


def _platt(
    positives: NDArray[np.float64], negatives: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Fit probability = 1 / (1 + exp(-(slope * x + shift))) (Platt 1999), with his smoothed targets."""
    values = np.concatenate([positives, negatives])
    n, m = len(positives), len(negatives)
    wanted = np.concatenate([np.full(n, (n + 1) / (n + 2)), np.full(m, 1 / (m + 2))])
    counts = np.concatenate([np.full(n, max(1.0, _SHARE * m / n)), weights * m / weights.sum()])
    slope, shift = 4.0, float(np.log(_SHARE))
    for _ in range(_STEPS):
        odds = 1 / (1 + np.exp(-np.clip(slope * values + shift, -40, 40)))
        error, weight = (odds - wanted) * counts, odds * (1 - odds) * counts + 1e-9
        gradient = np.array([error @ values + 1e-3 * slope, error.sum()])
        curve = np.array([[weight @ values**2 + 1e-3, weight @ values], [weight @ values, weight.sum()]])
        step = np.clip(np.linalg.solve(curve + 1e-9 * np.eye(2), gradient), -2.0, 2.0)
        slope, shift = slope - float(step[0]), shift - float(step[1])
        if np.abs(step).max() < 1e-6:
            break
    return max(slope, 1e-3), shift


def odds(values: NDArray[np.floating]) -> Floats:
    """Give the probabilities of log-odds."""
    out: Floats = (1 / (1 + np.exp(-np.clip(values, -40, 40)))).astype(np.float32)
    return out
