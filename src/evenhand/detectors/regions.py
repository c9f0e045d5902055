"""Where on a picture a classifier saw what it saw: boxes from its class activation map.

A class activation map (Zhou et al. 2016, "Learning deep features for discriminative localization") is the last linear
layer applied to each cell of the last feature map; its mean is the class's logit. The maps here are 7 x 7, so a box is
rough: a cell is a seventh of the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenhand.domain.location import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

GRID = 28  # cells a side that maps are drawn on, over the whole picture
MOST = 3  # boxes of one label
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_SHARE = 0.2  # of the way from the floor to the peak, below which a cell does not count (Zhou et al. use 20%)
_SMALLEST = 0.01  # share of the picture, below which a region beside a stronger one is dropped


def margin(maps: Floats, index: int) -> Floats:
    """Give the evidence for one class against all others, cell by cell.

    Args:
        maps: float32 [classes, 7, 7], logits.
        index: the class.

    Returns:
        float32 [7, 7]: the cell's log-odds for the class.
    """
    rest = np.delete(maps, index, axis=0)
    top = rest.max(axis=0)
    out: Floats = maps[index] - top - np.log(np.exp(rest - top).sum(axis=0))
    return out


def spread(cells: Floats, window: Box) -> Floats:
    """Draw a map over the whole picture, between cells in straight lines, beyond its edge as at its edge.

    Args:
        cells: float32 [n, n], over what the model was shown.
        window: what the model was shown, in fractions of the picture; larger than the picture where it was fitted in.

    Returns:
        float32 [GRID, GRID], over the picture.
    """
    count = cells.shape[0]
    at = (np.arange(GRID) + 0.5) / GRID

    def weights(low: float, high: float) -> Floats:
        place = np.clip((at - low) / (high - low) * count - 0.5, 0, count - 1)
        return np.asarray(np.clip(1 - np.abs(place[:, None] - np.arange(count)), 0, None), np.float32)

    return np.asarray(weights(window[1], window[3]) @ cells @ weights(window[0], window[2]).T, np.float32)


def boxes(evidence: Floats, *, floor: float) -> list[Box]:
    """Give the boxes of the regions that carry the evidence, strongest first.

    A cell counts when its evidence is over `floor` by at least a fifth of what the strongest is; cells that touch by an
    edge are one region.

    Args:
        evidence: float32 [GRID, GRID], log-odds.
        floor: log-odds from which a picture as a whole would be called positive.

    Returns:
        At most MOST boxes in fractions of the picture; the whole picture when no cell is over the floor.
    """
    import cv2

    peak = float(evidence.max())
    if peak <= floor:
        return [WHOLE]
    over = evidence - (floor + _SHARE * (peak - floor))
    count, names, stats, _ = cv2.connectedComponentsWithStats((over >= 0).astype(np.uint8), connectivity=4)
    ranked = sorted(range(1, count), key=lambda name: -float(over[names == name].sum()))
    kept = [name for name in ranked if stats[name, 4] >= _SMALLEST * GRID * GRID][:MOST] or ranked[:1]
    found = []
    for x, y, wide, high, _ in stats[kept].tolist():
        found.append((x / GRID, y / GRID, (x + wide) / GRID, (y + high) / GRID))
    return found
