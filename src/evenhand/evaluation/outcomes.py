"""Right and wrong at one threshold: the four counts, and the rates made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How many rows were flagged and should have been. A rate whose denominator is 0 is None, never 0."""

    tp: int  # flagged, and has the label
    fp: int  # flagged, and has it not
    fn: int  # not flagged, but has it
    tn: int  # not flagged, and has it not

    @property
    def precision(self) -> float | None:
        """Share of the flagged rows that have the label."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        """Share of the rows with the label that are flagged."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall: 2 tp / (2 tp + fp + fn) (van Rijsbergen 1979)."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def fpr(self) -> float | None:
        """False-positive rate: share of the rows without the label that are flagged."""
        return ratio(self.fp, self.fp + self.tn)

    @property
    def fnr(self) -> float | None:
        """False-negative rate: share of the rows with the label that are not flagged."""
        return ratio(self.fn, self.tp + self.fn)


def ratio(part: int, whole: int) -> float | None:
    """Divide; None where there is nothing to divide by."""
    return part / whole if whole else None


def count(flagged: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Outcomes:
    """Count the four outcomes of bool[n] answers beside bool[n] truths."""
    tp, flags, labels = int((flagged & truth).sum()), int(flagged.sum()), int(truth.sum())
    return Outcomes(tp=tp, fp=flags - tp, fn=labels - tp, tn=len(truth) - flags - labels + tp)
