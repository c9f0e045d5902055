"""Lines that moved as they are, with all that is around them: pages that scroll, windows that are dragged, credits.

Compared in full size and moved by whole pixels: every pixel, and the mean of small blocks. Any two letters of 11 px and
more, in four fonts, differ by over .3 of their contrast in some pixel; what H.264 leaves of a line that moves differs
by less in three lines of four: they are not read again. What moves by parts of a pixel, or over another ground, is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Quad = NDArray[np.float32]

T = TypeVar("T")

_BLOCK = 4  # px
_PIXEL, _MEAN = 0.3, 0.08  # share of the contrast by which a pixel, or the mean of a block, may differ
_LEAST = (8.0, 5.0)  # levels of 255 by which they may differ on whatever contrast
_LEVEL = 2.0  # px by which the corners of an edge may differ; slanted lines are not known again
_ROUND = (8, 4)  # px to the sides and above and below that are compared too: a letter more is another line
_LARGER = (6.0, 4.0)  # px by which the search may mark the same line wider or higher
_REACH = 4  # px by which a line may lie beside where the search's marks say that it has moved
_MOST = 60  # comparisons in a frame for lines that moved unlike those before them


@dataclass(frozen=True, slots=True)
class Look:
    """How a line and what is around it looked when it was read."""

    box: tuple[float, float, float, float]  # of the line, pixels of the frame
    left: int  # of what is kept
    top: int
    grey: Grey  # [height, width]
    contrast: float  # levels between its dark and its bright


def look_of(grey: Grey, quad: Quad) -> Look | None:
    """Give the look of a line; None: it is slanted, or so near the frame's edge that some of it may be cut off.

    Args:
        grey: luma of the frame in full size, uint8 [height, width].
        quad: float32 [4, 2], the line's corners in it.
    """
    if max(abs(quad[0, 1] - quad[1, 1]), abs(quad[3, 1] - quad[2, 1])) > _LEVEL:
        return None
    (x0, y0), (x1, y1) = quad.min(0).tolist(), quad.max(0).tolist()
    left, top, right, bottom = (
        int(x0) - _ROUND[0],
        int(y0) - _ROUND[1],
        int(x1) + 1 + _ROUND[0],
        int(y1) + 1 + _ROUND[1],
    )
    if left < 0 or top < 0 or bottom > grey.shape[0] or right > grey.shape[1]:
        return None
    cut = grey[top:bottom, left:right]
    dark, bright = np.percentile(cut, (3, 97))
    return Look((x0, y0, x1, y1), left, top, cut.copy(), float(bright - dark))


class Moved(Generic[T]):
    """Finds lines of earlier frames in a new one.

    Args:
        grey: luma of the new frame in full size.
        before: looks of lines with what was read of them, the latest last.
    """

    def __init__(self, grey: Grey, before: Iterable[tuple[Look, T]]) -> None:
        self._grey, self._before = grey, list(before)[::-1]
        self._ways: list[tuple[int, int]] = []  # by which lines have moved, the commonest first
        self._left = _MOST

    def find(self, quad: Quad) -> tuple[T, tuple[int, int]] | None:
        """Give what was read of the line within a quad and by how much it moved; None: it is not known."""
        (x0, y0), (x1, y1) = quad.min(0).tolist(), quad.max(0).tolist()
        near: list[tuple[Look, T, float, float]] = []
        for look, read in self._before:
            wide, high = look.box[2] - look.box[0], look.box[3] - look.box[1]
            if abs(wide - (x1 - x0)) <= _LARGER[0] and abs(high - (y1 - y0)) <= _LARGER[1]:
                near.append(
                    (look, read, (x0 + x1 - look.box[0] - look.box[2]) / 2, (y0 + y1 - look.box[1] - look.box[3]) / 2)
                )
        for way in self._ways:
            for look, read, dx, dy in near:
                if max(abs(dx - way[0]), abs(dy - way[1])) <= _REACH and self._is(look, *way):
                    return read, way
        for look, read, dx, dy in near:
            if self._left <= 0:
                return None
            self._left -= 1
            found = self._where(look, round(dx), round(dy))
            if found is not None and self._is(look, *found):
                self._ways.append(found)
                return read, found
        return None

    def _where(self, look: Look, dx: int, dy: int) -> tuple[int, int] | None:
        """Give the way to the place around (dx, dy) that is most like a line; None: it would be outside."""
        import cv2

        high, wide = look.grey.shape
        top, bottom = max(0, look.top + dy - _REACH), look.top + dy + high + _REACH
        left, right = max(0, look.left + dx - _REACH), look.left + dx + wide + _REACH
        around = self._grey[top : max(0, bottom), left : max(0, right)]
        if around.shape[0] < high or around.shape[1] < wide:
            return None
        _, _, (x, y), _ = cv2.minMaxLoc(cv2.matchTemplate(around, look.grey, cv2.TM_SQDIFF))
        return left + x - look.left, top + y - look.top

    def _is(self, look: Look, dx: int, dy: int) -> bool:
        """Say whether a line, and what is around it, stands where it has moved to by (dx, dy)."""
        import cv2

        high, wide = (side // _BLOCK * _BLOCK for side in look.grey.shape)
        top, left = look.top + dy, look.left + dx
        if top < 0 or left < 0:
            return False
        now = self._grey[top : top + high, left : left + wide]
        if now.shape != (high, wide):
            return False
        apart = now.astype(np.float32) - look.grey[:high, :wide]
        if float(np.abs(apart).max()) > max(_PIXEL * look.contrast, _LEAST[0]):
            return False
        means = cv2.resize(apart, (wide // _BLOCK, high // _BLOCK), interpolation=cv2.INTER_AREA)
        return float(np.abs(means).max()) <= max(_MEAN * look.contrast, _LEAST[1])
