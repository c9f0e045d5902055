"""Faces as boxes: what BlazeFace (Bazarevsky et al. 2019) is shown, and how its candidates become faces.

Boxes and points are fractions of the picture, x to the right and y down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenhand.domain import ImagePart
from evenhand.domain.location import Box
from evenhand.inference.pictures import fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SIDE = 256  # px of the detector's canvas
SCORE_MIN = 0.5  # the detector's own threshold
_SAME = 0.3  # boxes that overlap by more (intersection over union) are one face


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceBox:
    """A candidate for a face; the mesh has the last word."""

    box: Box
    eyes: Floats  # [2, 2]: the eye on the left of the picture first
    score: float  # the detector's, >= SCORE_MIN


def canvas(part: ImagePart) -> NDArray[np.uint8]:
    """Fit the picture into a square, centred on black.

    Returns:
        uint8 [256, 256, 3], RGB.
    """
    small = fitted(part, SIDE)
    high, wide = small.shape[:2]
    out = np.zeros((SIDE, SIDE, 3), np.uint8)
    x, y = (SIDE - wide) // 2, (SIDE - high) // 2
    out[y : y + high, x : x + wide] = small
    return out


def faces(scores: Floats, boxes: Floats, *, size: tuple[int, int]) -> list[FaceBox]:
    """Give the faces of one picture, best first.

    Candidates that overlap are averaged by score, as BlazeFace's authors do, instead of dropping all but the best.

    Args:
        scores: float32 [n], of each candidate.
        boxes: float32 [n, 16]: two corners and six points as x, y in fractions of the canvas; the eyes come first.
        size: width and height of the picture.
    """
    keep = scores >= SCORE_MIN
    fit = np.array(size, np.float32) / np.float32(max(size))  # the share of the canvas that the picture fills
    scores, rows = scores[keep], ((boxes[keep].reshape(-1, 8, 2) - 0.5) / fit + 0.5).astype(np.float32)
    found: list[FaceBox] = []
    order = np.argsort(-scores, kind="stable")
    while order.size:
        same = _overlap(rows[order[0]], rows[order]) > _SAME
        same[0] = True  # also where the box is empty, or this would never end
        group, order = order[same], order[~same]
        mean = np.average(rows[group], axis=0, weights=scores[group]).astype(np.float32)
        x0, y0, x1, y1 = mean[:2].ravel().tolist()
        within = x1 > x0 and y1 > y0 and 0 < x0 + x1 < 2 and 0 < y0 + y1 < 2  # its middle is on the picture
        if within and np.isfinite(mean).all():
            found.append(FaceBox(box=(x0, y0, x1, y1), eyes=mean[2:4], score=float(scores[group[0]])))
    return found


def _overlap(one: Floats, many: Floats) -> Floats:
    """Intersection over union of a box [8, 2] with others [n, 8, 2]; rows 0 and 1 are the corners."""
    low, high = np.maximum(one[0], many[:, 0]), np.minimum(one[1], many[:, 1])
    both = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(np.clip(many[:, 1] - many[:, 0], 0, None), axis=1)
    out: Floats = both / np.maximum(areas + np.prod(np.clip(one[1] - one[0], 0, None)) - both, 1e-9)
    return out
