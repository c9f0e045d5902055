"""Glasses, sunglasses, smile, and whether eyes or mouth are covered, on one face; nothing else about a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import face_features
from evenhand.inference.calibration import Platt, logit, read_platt
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    from numpy.typing import NDArray

GLASSES, SUNGLASSES, SMILE = "face.glasses", "face.sunglasses", "face.smile"
EYES, MOUTH = "eyes", "mouth"
COVERED_FROM = 0.5  # calibrated score from which a part counts as covered
_PACKAGE = "evenhand_models_vision"
_EMBEDDING = 1280
_GLASSES, _SUNGLASSES = 1, 2  # of the output `eyewear`, as the card names them


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the heads say of one face; what was not looked at is missing."""

    scores: dict[str, float] = field(default_factory=dict)  # label -> calibrated score
    covered: dict[str, float] = field(default_factory=dict)  # "eyes", "mouth" -> calibrated score


class Heads:
    """Linear heads on an embedding and the gradients of the eye strip, and on measures and gradients of the mouth."""

    def __init__(self, *, threads: int = 0) -> None:
        self._embed = LazySession(_PACKAGE, "lite0", threads=threads)
        self._heads = LazySession(_PACKAGE, "face-attributes", threads=threads)
        self._platts: tuple[Platt, ...] = ()

    def inspect(
        self, strips: Sequence[NDArray[np.uint8] | None], mouths: Sequence[NDArray[np.float32] | None]
    ) -> list[Seen]:
        """Give the calibrated scores of each face. What turns out to be covered has no scores.

        Args:
            strips: eye strips uint8 [224, 224, 3]; None: the eyes cannot be seen.
            mouths: face_features.mouth; None: the mouth cannot be seen.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        out = [Seen() for _ in strips]
        shown = [(i, strip) for i, strip in enumerate(strips) if strip is not None]
        if not shown and all(mouth is None for mouth in mouths):
            return out
        eyes = np.zeros((len(strips), _EMBEDDING + face_features.EYES), np.float32)
        if shown:
            rows = [i for i, _ in shown]
            (embedded,) = self._embed.run(["embedding"], {"pixels": np.stack([strip for _, strip in shown])})
            eyes[rows, :_EMBEDDING] = embedded
            eyes[rows, _EMBEDDING:] = np.stack([face_features.eyes(strip) for _, strip in shown])
        measures = np.zeros((len(strips), face_features.MOUTH), np.float32)
        for i, mouth in enumerate(mouths):
            if mouth is not None:
                measures[i] = mouth
        names = ["eyewear", "eyes_covered", "smile", "mouth_covered"]
        eyewear, *others = self._heads.run(names, {"eyes": eyes, "mouth": measures})
        if not self._platts:
            wanted = (GLASSES, SUNGLASSES, "eyes_covered", SMILE, "mouth_covered")
            self._platts = read_platt(self._heads.card.calibration, wanted)
        glasses, sunglasses, eyes_covered, smiling, mouth_covered = self._platts
        for i, seen in enumerate(out):
            if strips[i] is not None:
                seen.covered[EYES] = eyes_covered.score(logit(float(others[0][i])))
                if seen.covered[EYES] < COVERED_FROM:
                    clear = glasses.score(logit(float(eyewear[i, _GLASSES])))
                    dark = sunglasses.score(logit(float(eyewear[i, _SUNGLASSES])))
                    both = max(clear + dark, 1.0)  # a face wears the one or the other
                    seen.scores[GLASSES], seen.scores[SUNGLASSES] = clear / both, dark / both
            if mouths[i] is not None:
                seen.covered[MOUTH] = mouth_covered.score(logit(float(others[2][i])))
                if seen.covered[MOUTH] < COVERED_FROM:
                    seen.scores[SMILE] = smiling.score(logit(float(others[1][i])))
        return out
