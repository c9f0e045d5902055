"""The shape of a line of letters, by which a caption over footage that moves is known again.

What is around and between the letters says nothing there; the letters themselves keep their level of grey and their
places. A line is the same where all strokes are still there and none has come, in every stretch about a letter long.
When in doubt it is not, and is read anew: on grounds as bright as the letters, and letters of many greys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Quad = NDArray[np.float32]

_LEAST_HIGH = 10  # px; strokes of smaller letters are mixed with the ground
_SURE, _LIKE = 25, 45  # levels of 255 by which a stroke may differ from the letters' level, and in another frame
_APART = 50  # levels between the letters and the middle of the ground
_INK = (0.04, 0.5)  # share of the box that letters fill
_RIM = 0.05  # share of the outermost rows that letters may fill
_LETTER = 0.6  # width of a stretch, of the line's height
_CHANGED, _STRAY = 0.06, 2  # share and number of a stretch's pixels that may be lost or new, for noise
_MOVED = 0.3  # of its height, how far the corners of what the search marks may move: grounds pull at them
_NEAR = 3.0  # px


@dataclass(frozen=True, slots=True)
class Shape:
    """How a line looked when it was read."""

    quad: Quad  # float32 [4, 2], its corners
    left: int  # pixels of the array
    top: int
    grey: Grey  # [height, width]


def shape_of(grey: Grey, quad: Quad) -> Shape | None:
    """Give the shape of a line; None: it is too small, or outside.

    Args:
        grey: luma of the frame, uint8 [height, width].
        quad: float32 [4, 2], corners of the line in it.
    """
    low, high = np.floor(quad.min(0)).astype(int), np.ceil(quad.max(0)).astype(int)
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    cut = grey[top : int(high[1]), left : int(high[0])]
    if min(cut.shape) < _LEAST_HIGH:
        return None
    return Shape(quad, left, top, cut.copy())


def standing(grey: Grey, quad: Quad, shape: Shape) -> bool:
    """Say whether the line that was found at a place is the one of a shape, on whatever ground.

    Args:
        grey: luma of the frame.
        quad: corners of a line in it.
        shape: of a line of a frame before.
    """
    reach = max(_NEAR, _MOVED * min(shape.grey.shape))
    return bool(np.abs(shape.quad - quad).max() <= reach) and stands(shape, grey)


def stands(shape: Shape, grey: Grey) -> bool:
    """Say whether the letters of a shape, and no others, are in their place in a frame."""
    high, wide = shape.grey.shape
    now = grey[shape.top : shape.top + high, shape.left : shape.left + wide].astype(np.int16)
    before = shape.grey.astype(np.int16)
    if now.shape != before.shape:
        return False
    return any(_same(before, now, level) for level in np.percentile(before, (97, 3)))


def _same(before: NDArray[np.int16], now: NDArray[np.int16], level: float) -> bool:
    away, away_now = np.abs(before - level), np.abs(now - level)
    ink = away <= _LIKE
    if not _INK[0] <= ink.mean() <= _INK[1] or abs(float(np.median(before[~ink])) - level) < _APART:
        return False
    # The box is a little higher than its letters: what reaches its long edges is ground.
    rim = ink if ink.shape[1] >= ink.shape[0] else ink.T
    if rim[[0, 1, -2, -1]].mean() > _RIM:
        return False
    strokes = away <= _SURE
    lost = _along(strokes & (away_now > _LIKE))
    come = _along((away_now <= _SURE) & ~ink)
    inked = _along(strokes)
    allowed = _CHANGED * np.maximum(inked, inked.mean()) + _STRAY
    return bool((lost <= allowed).all() and (come <= allowed).all())


def _along(pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Count pixels in each stretch of the line, about a letter long, that begins at a column (or a row, if tall)."""
    counts = pixels.sum(axis=0 if pixels.shape[1] >= pixels.shape[0] else 1)
    width = min(len(counts), max(4, round(_LETTER * min(pixels.shape))))
    return np.convolve(counts, np.ones(width), "valid")
