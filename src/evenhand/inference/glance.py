"""A first look for letters over a whole picture: which stretches are worth the search for text, which costs much more.

The network behind it is small and looks at the very array that text is searched in, so small letters are not lost by
shrinking. It learnt from the search for text what that finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Cells = NDArray[np.bool_]

Window = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels, sides that UNIT divides

CELL = 16  # px of the array to a cell
UNIT = 32  # px; sides of a window are multiples of it, as the search for text wants them
_LETTERS = 0.0  # log-odds from which a cell is searched; see quality/pictures.md
_AROUND = 2  # cells on every side that are searched too, so that a line's surroundings are seen
_CALL = 12 * UNIT * UNIT  # px that one more search costs besides its own
_WHOLE = 0.85  # share of the picture from which all of it is searched at once
_MOST = 24  # stretches that are joined by cost; more are taken as one


class Glance:
    """Says which cells of a picture may hold letters. Weights are loaded on the first call.

    Args:
        threads: threads inside one run; 0: one per core that this process may use.
    """

    def __init__(self, *, threads: int = 0) -> None:
        self._session = LazySession("evenhand_models_vision", "text-glance", threads=threads)

    def cells(self, small: NDArray[np.uint8]) -> Cells:
        """Say for each cell whether it may hold letters.

        Args:
            small: uint8 [height, width, 3], BGR, sides that UNIT divides.

        Returns:
            bool [height / CELL, width / CELL].

        Raises:
            ModelError: the weights are missing or not what their card describes.
        """
        letters = self._session.run(None, {"pixels": small[None, :, :, ::-1]})[0]
        found: Cells = letters[0, 0] > _LETTERS
        return found


def windows(cells: Cells) -> list[Window]:
    """Give the stretches to be searched: all cells that are asked for with what is around them, in few rectangles.

    Two rectangles become one where that costs less than searching both.

    Args:
        cells: bool [rows, columns], both even.
    """
    import cv2

    rows, columns = cells.shape[0] * CELL // UNIT, cells.shape[1] * CELL // UNIT
    if not cells.any():
        return []
    side = 2 * _AROUND + 1
    around = cv2.dilate(cells.astype(np.uint8), np.ones((side, side), np.uint8))
    units = around.reshape(rows, UNIT // CELL, columns, UNIT // CELL).max((1, 3))
    _, _, stats, _ = cv2.connectedComponentsWithStats(units, connectivity=8)
    found = [(x, y, x + wide, y + high) for x, y, wide, high, _ in stats[1:].tolist()]
    if len(found) > _MOST:
        found = [_around(found)]
    boxes = [(x0 * UNIT, y0 * UNIT, x1 * UNIT, y1 * UNIT) for x0, y0, x1, y1 in _joined(found)]
    if sum(_cost(box) for box in boxes) >= _WHOLE * rows * columns * UNIT * UNIT:
        return [(0, 0, columns * UNIT, rows * UNIT)]
    return boxes


def _joined(units: list[Window]) -> list[Window]:
    """Join rectangles, in units, as long as that saves anything."""
    boxes, again = units, True
    while again:
        again = False
        for i, one in enumerate(boxes):
            for other in boxes[i + 1 :]:
                both = _around([one, other])
                if _area(both) * UNIT * UNIT < (_area(one) + _area(other)) * UNIT * UNIT + _CALL:
                    boxes = [box for box in boxes if box not in (one, other)] + [both]
                    again = True
                    break
            if again:
                break
    return boxes


def _around(boxes: list[Window]) -> Window:
    return (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))


def _area(box: Window) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _cost(box: Window) -> int:
    return _area(box) + _CALL
