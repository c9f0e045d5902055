"""Where a picture may hold a symbol: what the finder is shown, how its map becomes boxes, what the reader is shown.

Boxes are in pixels of the working copy, x to the right and y down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenhand.domain import ImagePart
from evenhand.inference.pictures import fitted, working_copy, working_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

LEVELS = (640, 224, 80)  # px of the longer side: the finder knows shapes of about 15 to 65 px
READER_SIDE = 56  # px of the square that the reader sees
MARGIN = 1.6  # side of that square over the longer side of the box: what is around a sign tells what it means
MOST = 12  # places in one stretch of a picture that are read; the likeliest
_STRIDE = 8  # px of a level to a cell of the finder's map
_LIKELY = 0.12  # likelihood from which a place is read
_FINE = 2  # px of the copy that is cut from, at least, to one of the square
_MOST_HALVED = 3  # times
_SAME = 0.45  # places that overlap by more (intersection over union) are one


@dataclass(frozen=True, slots=True)
class Place:
    """A place that may hold a symbol."""

    box: tuple[float, float, float, float]
    likelihood: float


def levels(part: ImagePart) -> list[tuple[float, Pixels]]:
    """Give the picture in the finder's sizes, edges repeated up to whole cells.

    A picture that is small is not blown up beyond 1.5 times its size, but there is always one level.

    Returns:
        For each: pixels of the working copy to one of the level, and uint8 [height, width, 3].
    """
    long = max(working_copy(part).size)
    out = []
    for side in [side for side in LEVELS if side <= 1.5 * long] or [LEVELS[-1]]:
        small = fitted(part, side)
        high, wide = small.shape[:2]
        edges = ((0, -high % _STRIDE), (0, -wide % _STRIDE), (0, 0))
        out.append((long / side, np.pad(small, edges, mode="edge")))
    return out


def places(maps: Floats, *, scale: float) -> list[Place]:
    """Read the finder's map of one level.

    Args:
        maps: float32 [5, rows, columns]: logit, offsets across and down in cells, log2 of width and height over 32 px.
        scale: pixels of the working copy to one of the level.

    Returns:
        The places over the floor, in no order.
    """
    import cv2

    likelihood = 1 / (1 + np.exp(-np.clip(maps[0], -30, 30)))
    peaks = (likelihood >= _LIKELY) & (likelihood >= cv2.dilate(likelihood, np.ones((3, 3), np.uint8)))
    rows, columns = np.nonzero(peaks)
    if not len(rows):
        return []
    dx, dy, wide, high = np.clip(maps[1:, rows, columns], -4, 4).astype(np.float64)
    x, y = (columns + 0.5 + dx) * _STRIDE * scale, (rows + 0.5 + dy) * _STRIDE * scale
    w, h = 2**wide * 16 * scale, 2**high * 16 * scale
    corners = np.stack([x - w, y - h, x + w, y + h], 1).tolist()
    found = zip(corners, likelihood[rows, columns].tolist(), strict=True)
    return [Place((x0, y0, x1, y1), likely) for (x0, y0, x1, y1), likely in found]


def best(found: list[Place], *, most: int = MOST) -> list[Place]:
    """Keep the likeliest places, one of those that overlap."""
    kept: list[Place] = []
    for place in sorted(found, key=lambda one: -one.likelihood):
        if len(kept) == most:
            break
        if all(overlap(place.box, other.box) <= _SAME for other in kept):
            kept.append(place)
    return kept


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Give intersection over union of two boxes, 0 to 1."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(wide, 0.0) * max(high, 0.0)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return both / max(areas - both, 1e-9)


def reader_square(part: ImagePart, place: Place) -> Pixels:
    """Cut what the reader is shown of a place; a large one out of a smaller copy of the picture."""
    x0, y0, x1, y1 = place.box
    side, level = max(x1 - x0, y1 - y0), 0
    while level < _MOST_HALVED and side * MARGIN >= _FINE * READER_SIDE * 2 ** (level + 1):
        level += 1
    shrink = 2**level
    centre = ((x0 + x1) / 2 / shrink, (y0 + y1) / 2 / shrink)
    return square(working_level(part, level), centre=centre, side=side / shrink)


def square(pixels: Pixels, *, centre: tuple[float, float], side: float) -> Pixels:
    """Cut the reader's square, its side MARGIN times the longer side of a box, edges repeated beyond the picture.

    Args:
        pixels: uint8 [height, width, 3].
        centre: of the box, px.
        side: the longer side of the box, px, > 0.

    Returns:
        uint8 [READER_SIDE, READER_SIDE, 3].
    """
    import cv2

    half = max(side * MARGIN / 2, 2.0)
    height, width = pixels.shape[:2]
    # First only what the square touches: a large picture is not shrunk for a small sign on it.
    x0, x1 = (int(min(max(v, 0), width - 1)) for v in (centre[0] - half - 1, centre[0] + half + 2))
    y0, y1 = (int(min(max(v, 0), height - 1)) for v in (centre[1] - half - 1, centre[1] + half + 2))
    part = pixels[y0 : y1 + 1, x0 : x1 + 1]
    x, y, scale = centre[0] - x0, centre[1] - y0, READER_SIDE / (2 * half)
    step = int(1 / scale)
    if step >= 2:  # shrunk by averaging, or thin strokes would flicker
        size = (max(1, part.shape[1] // step), max(1, part.shape[0] // step))
        across, down = part.shape[1] / size[0], part.shape[0] / size[1]
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        x, y = x / across, y / down
    else:
        across = down = 1.0
    sx, sy = scale * across, scale * down
    warp = np.array([[sx, 0, READER_SIDE / 2 - sx * x], [0, sy, READER_SIDE / 2 - sy * y]], np.float64)
    shape = (READER_SIDE, READER_SIDE)
    out = cv2.warpAffine(part, warp, shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)
