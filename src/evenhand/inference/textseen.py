"""What was read of a picture, kept so that the next frame of a video is read anew only where it shows something else.

Frames are compared as they were when each cell was last read, not with the frame just before: what changes slowly is
noticed in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from evenhand.inference.glance import CELL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Cells = NDArray[np.bool_]
    Quad = NDArray[np.float32]

_BLOCK = 4  # px; compared by their mean, which noise and compression hardly move and a stroke of a letter does
_SAME = 5.0  # levels of 255 by which the mean of a block may differ
_LETTERS = 0.1  # how sure the search is of letters in a cell that may belong to a line
_NEAR = 3.0  # px of the array by which the corner of a line may move

MOST = 4  # frames that are remembered: several videos may be looked at in turn, and scenes come back
_SCENE = 0.5  # share of cells that must look the same for a frame to take the place of the one before

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A frame that was read. It holds no picture, only the means of its blocks and the lines."""

    size: tuple[int, int]  # height and width of the frame that was read, in pixels
    blocks: NDArray[np.float32]  # [height / 4, width / 4], luma as each cell was when it was last read
    searched: Cells  # cells that were searched for text
    sure: NDArray[np.float32]  # [height, width], how sure the search was of letters; 0 where it did not look
    lettered: Cells  # cells in which it was sure enough of letters, see `lettered`
    lines: tuple[tuple[Quad, object], ...]  # where a line was, in pixels of the array, and what was read


def luma(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the luma of a picture, uint8 [height, width, 3], BGR."""
    import cv2

    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def blocks(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give the mean luma of each block of a picture, uint8 [height, width, 3], BGR, sides that CELL divides."""
    import cv2

    grey = luma(small).astype(np.float32)
    size = (small.shape[1] // _BLOCK, small.shape[0] // _BLOCK)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)


def lettered(sure: NDArray[np.float32]) -> Cells:
    """Say for each cell whether it may belong to a line: float32 [height, width] -> bool [height / 16, width / 16]."""
    rows, columns = (side // CELL for side in sure.shape)
    found: Cells = sure.reshape(rows, CELL, columns, CELL).max((1, 3)) > _LETTERS
    return found


def changed(now: NDArray[np.float32], before: Seen) -> Cells:
    """Say for each cell whether it shows something else than when it was last read, or is of a line that does.

    Returns:
        bool [height / CELL, width / CELL].
    """
    import cv2

    rows, columns = (side * _BLOCK // CELL for side in now.shape)
    differs = np.abs(now - before.blocks) > _SAME
    found = differs.reshape(rows, CELL // _BLOCK, columns, CELL // _BLOCK).any((1, 3))
    # A line of which a part has changed is searched for as a whole, or it would come apart there.
    _, regions = cv2.connectedComponents((before.lettered | found).astype(np.uint8), connectivity=8)
    return np.asarray(np.isin(regions, np.unique(regions[found])), np.bool_) if found.any() else found


def likest(now: NDArray[np.float32], among: Sequence[Seen], *, size: tuple[int, int]) -> tuple[Seen, Cells] | None:
    """Give the frame that most cells are as in, and the cells that are not; None: there is none of this size."""
    found = [(one, changed(now, one)) for one in among if one.size == size]
    return min(found, key=lambda pair: int(pair[1].sum()), default=None)


def same_line(quad: Quad, before: Seen, different: Cells, kind: type[T]) -> T | None:
    """Give what was read of a line that stands where it stood, on pixels that have not changed; None: read it.

    Args:
        quad: float32 [4, 2], its corners in pixels of the array.
        before: the frame before.
        different: cells that have changed since.
        kind: what lines are kept as.
    """
    low, high = quad.min(0) - _NEAR, quad.max(0) + _NEAR
    x0, y0 = (max(0, int(v) // CELL) for v in low)
    x1, y1 = (int(v) // CELL + 1 for v in high)
    if different[y0:y1, x0:x1].any():
        return None
    for place, line in before.lines:
        if np.abs(place - quad).max() <= _NEAR and isinstance(line, kind):
            return line
    return None


def kept(now: NDArray[np.float32], before: Seen | None, anew: Cells) -> NDArray[np.float32]:
    """Give the blocks to compare the next frame with: new ones where cells were read anew, the old ones elsewhere."""
    if before is None:
        return now
    taken = np.repeat(np.repeat(anew, CELL // _BLOCK, 0), CELL // _BLOCK, 1)
    return np.where(taken, now, before.blocks)


def remembered(before: Sequence[Seen], now: Seen, last: Seen | None, different: Cells) -> tuple[Seen, ...]:
    """Give the frames to compare the next one with: this one for the one that it follows, at most MOST."""
    follows = last is not None and different.mean() <= 1 - _SCENE
    return (*(one for one in before if not (follows and one is last)), now)[-MOST:]
