"""Calibration: a model's logits to probabilities, with the constants of its card."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evenhand.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Platt:
    """Platt scaling (Platt 1999): probability = 1 / (1 + exp(-(a * logit + b)))."""

    a: float
    b: float
    recommended: float = 0.5  # operating threshold that the card recommends, in [0, 1]

    def score(self, logit: float) -> float:
        """Give the probability of one logit."""
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, self.a * logit + self.b))))


def logit(probability: float) -> float:
    """Give the log-odds of a probability in [0, 1], kept within +-13.8 so that 0 and 1 stay finite."""
    kept = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def read_platt(calibration: Mapping[str, Any], labels: Sequence[str]) -> tuple[Platt, ...]:
    """Read the constants of `labels`, in order, from a card's `calibration`.

    Raises:
        ModelError: a label is missing or its method is not "platt".
    """
    out = []
    for label in labels:
        entry = calibration.get(label)
        if not isinstance(entry, Mapping) or entry.get("method") != "platt":
            raise ModelError(f"The model card has no Platt calibration for {label}; reinstall the model package.")
        out.append(Platt(a=float(entry["a"]), b=float(entry["b"]), recommended=float(entry.get("recommended", 0.5))))
    return tuple(out)


def apply(platts: Sequence[Platt], logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give probabilities float32[n, labels] of logits float32[n, labels]."""
    import numpy as np

    a = np.array([p.a for p in platts], np.float32)
    b = np.array([p.b for p in platts], np.float32)
    scores: NDArray[np.float32] = (1.0 / (1.0 + np.exp(-np.clip(logits * a + b, -60, 60)))).astype(np.float32)
    return scores
