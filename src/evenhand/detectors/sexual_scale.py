"""From the numbers of two picture models to calibrated scores, with the constants of their card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evenhand.errors import ModelError
from evenhand.inference.calibration import Platt, logit, read_platt
from evenhand.inference.cards import ModelCard

EXPLICIT, NUDITY, SUGGESTIVE, GRAPHIC = "sexual.explicit", "sexual.nudity", "sexual.suggestive", "violence.graphic"
_METHOD = "ordinal-fusion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One ordinal scale for everything sexual (McCullagh 1980), and Platt scaling for gore.

    Neither model tells kinds of sexual content apart; both only say how strongly. With m the weighted mean of their
    log-odds, P(at least the grade that begins at t) = 1 / (1 + exp(-slope (m - t))).
    """

    weights: tuple[float, float]  # of image-safety and of opennsfw in the mean; they sum to 1
    slope: float
    suggestive_from: float  # log-odds
    explicit_from: float
    gore: Platt

    @property
    def nudity_from(self) -> float:
        """Where nudity begins: half-way between suggestive and explicit, which the card gives."""
        return (self.suggestive_from + self.explicit_from) / 2

    def mean(self, first: float, second: float) -> float:
        """Give the fused log-odds of two NSFW probabilities: image-safety's and opennsfw's."""
        return self.weights[0] * logit(first) + self.weights[1] * logit(second)

    def scores(self, *, sexual: float, gore: float, less: float = 0.0) -> dict[str, float]:
        """Give a probability for each label.

        `sexual.nudity` counts everything from nudity on and `sexual.explicit` the strongest grade, while
        `sexual.suggestive` is what is sexual at all less what is explicit. So a stronger picture never scores less on
        the two that policies block, and no strength falls between the labels.

        Args:
            sexual: fused log-odds, as `mean` gives it.
            gore: probability of gore, as image-safety gives it.
            less: log-odds taken off gore because the picture shows fire or smoke; see `evenhand.detectors.fire`.
        """
        explicit = self._at_least(self.explicit_from, sexual)
        return {
            EXPLICIT: explicit,
            NUDITY: self._at_least(self.nudity_from, sexual),
            SUGGESTIVE: self._at_least(self.suggestive_from, sexual) - explicit,
            GRAPHIC: self.gore.score(logit(gore) - less / self.gore.a),
        }

    def floors(self) -> dict[str, float]:
        """Give the log-odds at which each label begins; for regions."""
        return {
            EXPLICIT: self.explicit_from,
            NUDITY: self.nudity_from,
            SUGGESTIVE: self.suggestive_from,
            GRAPHIC: -self.gore.b / self.gore.a,
        }

    def _at_least(self, begin: float, value: float) -> float:
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, self.slope * (value - begin)))))


def read_scale(card: ModelCard) -> Scale:
    """Read the constants from the card of image-safety.

    Raises:
        ModelError: the card calibrates a label not at all, or by another method.
    """
    explicit, suggestive = (_entry(card.calibration, label) for label in (EXPLICIT, SUGGESTIVE))
    first, second = explicit["weights"]
    return Scale(
        weights=(float(first), float(second)),
        slope=float(explicit["slope"]),
        suggestive_from=float(suggestive["from"]),
        explicit_from=float(explicit["from"]),
        gore=read_platt(card.calibration, [GRAPHIC])[0],
    )


def _entry(calibration: Mapping[str, Any], label: str) -> Mapping[str, Any]:
    entry = calibration.get(label)
    if not isinstance(entry, Mapping) or entry.get("method") != _METHOD:
        raise ModelError(f"The card of image-safety does not calibrate {label}; reinstall evenhand-models-vision.")
    return entry
