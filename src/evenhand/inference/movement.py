"""What moves in two seconds of a video, in numbers: optical flow, and how what moves changes its looks.

Flow is Farneback's (Farneback, "Two-frame motion estimation based on polynomial expansion", SCIA 2003), less the median
of each pair of frames, so that a camera that pans moves nothing. The changes of its size are counted as in ViF
(Hassner, Itcher and Kliper-Gross, "Violent flows", CVPR workshops 2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from evenhand.domain.location import Box
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RATE, FRAMES = 10, 20  # frames a second, and in one look
LEAST = 16  # frames of a look; with fewer, speeds are not what was learnt
SIDE = 640  # px; longest side of the frames of a look
_WIDTH, _HEIGHT = 160, 120  # px; what flow is computed on, the picture squeezed
_SHOWN = 256  # px; what the general model is shown, what moves squeezed
_LOOKS = 6  # frames whose looks are compared
_NEAR, _FAR = 18.0, 60.0  # px of the small picture; half the side of the square around what moves
_TINY = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What moves in a look."""

    measures: NDArray[np.float32]  # float32[55]
    box: Box  # around most of what moves, in pixels of the frames
    speed: float  # px of the small picture between two frames, which the fastest hundredth of that square exceeds


def moments(frames: int) -> list[int]:
    """Give which frames of a look are compared by their looks, first and last among them."""
    return [round(at) for at in np.linspace(0, frames - 1, _LOOKS)]


def shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a frame with its longest side at most SIDE: uint8 [height, width, 3], RGB."""
    import cv2

    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def measure(frames: NDArray[np.uint8]) -> Movement:
    """Measure what moves.

    Args:
        frames: uint8 [n, height, width, 3], RGB, RATE a second, n at least LEAST.

    Returns:
        The measures, and where they were taken.

    Raises:
        ValueError: there are too few frames.
    """
    if len(frames) < LEAST:
        raise ValueError(f"a look takes {LEAST} frames at least, not {len(frames)}")
    flow = _flow(frames)
    size = np.linalg.norm(flow, axis=-1)
    across, down, half = _place(size.mean(0))
    rows = slice(int(max(0.0, down - half)), int(min(_HEIGHT, down + half)))
    columns = slice(int(max(0.0, across - half)), int(min(_WIDTH, across + half)))
    inside, own = flow[:, rows, columns], size[:, rows, columns]
    share = own.mean() / (size.mean() + _TINY)
    height, width = frames.shape[1:3]
    wide, high = width / _WIDTH, height / _HEIGHT
    return Movement(
        measures=np.array([*_sizes(own), *_turns(inside, own), half / _FAR, share], np.float32),
        box=(columns.start * wide, rows.start * high, columns.stop * wide, rows.stop * high),
        speed=float(np.percentile(own, 99)),
    )


def changes(general: LazySession, frames: NDArray[np.uint8], found: Movement) -> NDArray[np.float32]:
    """Give how the looks of what moves change: float32[1280], mean absolute steps between six moments of a look.

    Args:
        general: `lite0`.
        frames: uint8 [n, height, width, 3], RGB.
        found: where it moves.
    """
    import cv2

    x0, y0, x1, y1 = (int(side) for side in found.box)
    shown = frames[moments(len(frames)), y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    pixels = np.stack([cv2.resize(one, (_SHOWN, _SHOWN), interpolation=cv2.INTER_AREA) for one in shown])
    means = general.run(["coarse"], {"pixels": pixels.astype(np.uint8)})[0].mean((2, 3))
    return np.asarray(np.abs(np.diff(means, axis=0)).mean(0), np.float32)


def _flow(frames: NDArray[np.uint8]) -> Floats:
    """[n - 1, height, width, 2], px of the small picture."""
    import cv2

    small = [
        cv2.cvtColor(cv2.resize(frame, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        for frame in frames
    ]
    empty = np.zeros((_HEIGHT, _WIDTH, 2), np.float32)
    flow = np.array(
        [cv2.calcOpticalFlowFarneback(a, b, empty, 0.5, 3, 13, 3, 5, 1.2, 0) for a, b in pairwise(small)], float
    )
    return np.asarray(flow - np.median(flow.reshape(len(flow), -1, 2), axis=1)[:, None, None])


def _place(moving: Floats) -> tuple[float, float, float]:
    """The middle of what moves most, and half the side of the square around it: x, y, half."""
    import cv2

    smooth = np.asarray(cv2.GaussianBlur(moving, (0, 0), 4), float)
    down, across = np.nonzero(smooth >= max(0.5 * smooth.max(), 1e-6))
    if not len(down):
        return _WIDTH / 2, _HEIGHT / 2, _FAR
    weight = np.clip(smooth[down, across], 1e-6, None)
    weight /= weight.sum()
    x, y = float((across * weight).sum()), float((down * weight).sum())
    spread = np.sqrt([((across - x) ** 2 * weight).sum(), ((down - y) ** 2 * weight).sum()]).max()
    return x, y, float(np.clip(2.2 * max(spread, 8.0), _NEAR, _FAR))


def _sizes(own: Floats) -> list[float]:
    """How fast, how evenly, and how often the speed of a place changes: 29 numbers."""
    rows = own.reshape(len(own), -1)
    mean = rows.mean(1)
    out = [*_log([mean.mean(), mean.max(), mean.std(), np.percentile(mean, 20)], _TINY)]
    parts = np.percentile(rows, [50, 75, 90, 95, 99], axis=1)
    out += [*_log(parts.mean(1)), *_log(parts.max(1)), *(parts.std(1) / (parts.mean(1) + 0.01))]
    change = np.abs(np.diff(rows, axis=0))
    often = (change >= change.mean(1, keepdims=True)).mean(0)
    return [*out, *np.histogram(often, bins=10, range=(0, 1), density=True)[0]]


def _turns(inside: Floats, own: Floats) -> list[float]:
    """How movement is sped up, how many ways it goes, how it spreads and whirls: 24 numbers."""
    sped = np.linalg.norm(np.diff(inside, axis=0), axis=-1).reshape(len(inside) - 1, -1)
    parts = np.percentile(sped, [50, 75, 90, 95, 99], axis=1)
    plain = np.percentile(own.reshape(len(own), -1), [50, 75, 90, 95, 99], axis=1).mean(1)
    out = [*_log(parts.mean(1)), *_log(parts.max(1)), *(_log(parts.mean(1)) - _log(plain))]
    ways = [_ways(angles, sizes) for angles, sizes in zip(np.arctan2(inside[..., 1], inside[..., 0]), own, strict=True)]
    out += [float(np.mean(ways)), max(ways), min(ways)]
    spreads = np.gradient(inside[..., 0], axis=2) + np.gradient(inside[..., 1], axis=1)
    whirls = np.gradient(inside[..., 1], axis=2) - np.gradient(inside[..., 0], axis=1)
    for field in (spreads, whirls):
        out += [*_log(np.percentile(np.abs(field), [75, 95, 99]), _TINY)]
    return out


def _ways(angles: Floats, sizes: Floats) -> float:
    """Entropy of the directions, weighted by speed, in nats."""
    share, _ = np.histogram(angles, 8, (-np.pi, np.pi), weights=sizes)
    share = share / (share.sum() + 1e-6)
    return float(-(share * np.log(share + 1e-6)).sum())


def _log(values: object, least: float = 0.01) -> Floats:
    return np.log(np.asarray(values, float) + least)
