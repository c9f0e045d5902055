"""Glasses, sunglasses and smile on one face; nothing else about a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evenhand.inference.calibration import Platt, logit, read_platt
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    from numpy.typing import NDArray

GLASSES, SUNGLASSES, SMILE = "face.glasses", "face.sunglasses", "face.smile"
_PACKAGE = "evenhand_models_vision"
_EMBEDDING, _MEASURES = 1280, 5
_GLASSES, _SUNGLASSES = 1, 2  # of the output `eyewear`, as the card names them


class Heads:
    """Two linear heads: eyewear on an embedding of the eye strip, smile on measures of the lips."""

    def __init__(self, *, threads: int = 0) -> None:
        self._embed = LazySession(_PACKAGE, "lite0", threads=threads)
        self._heads = LazySession(_PACKAGE, "face-attributes", threads=threads)
        self._platts: tuple[Platt, ...] = ()

    def inspect(
        self, strips: Sequence[NDArray[np.uint8] | None], mouths: Sequence[NDArray[np.float32] | None]
    ) -> list[dict[str, float]]:
        """Give the calibrated scores of each face; what is not visible has none.

        Args:
            strips: eye strips uint8 [224, 224, 3]; None: the eyes cannot be seen.
            mouths: mouth measures float32 [5]; None: the mouth cannot be seen.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        out: list[dict[str, float]] = [{} for _ in strips]
        seen = [i for i, strip in enumerate(strips) if strip is not None]
        if not seen and all(mouth is None for mouth in mouths):
            return out
        eyes = np.zeros((len(strips), _EMBEDDING), np.float32)
        if seen:
            shown = np.stack([strip for strip in strips if strip is not None])
            eyes[seen] = self._embed.run(["embedding"], {"pixels": shown})[0]
        measures = np.stack([np.zeros(_MEASURES, np.float32) if mouth is None else mouth for mouth in mouths])
        eyewear, smile = self._heads.run(["eyewear", "smile"], {"eyes": eyes, "mouth": measures})
        if not self._platts:
            self._platts = read_platt(self._heads.card.calibration, (GLASSES, SUNGLASSES, SMILE))
        glasses, sunglasses, smiling = self._platts
        for i, scores in enumerate(out):
            if strips[i] is not None:
                scores[GLASSES] = glasses.score(logit(float(eyewear[i, _GLASSES])))
                scores[SUNGLASSES] = sunglasses.score(logit(float(eyewear[i, _SUNGLASSES])))
            if mouths[i] is not None:
                scores[SMILE] = smiling.score(logit(float(smile[i])))
        return out
