"""Draw what hides a part of a face (masks, scarves, hands, things held up), to teach the heads to say "not visible".

Everything is drawn on the photo itself, from the mesh of the bare face, before the mesh is made anew from the result.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from training.vision.reference import Floats, Pixels, f32

Place = Literal["eyes", "mouth"]
# mesh points around the lower face, from ear to ear below the nose, and back over its bridge
_JAW = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454)
_NOSE_LINE = (280, 419, 197, 196, 50)
_LIPS = (61, 291, 0, 17)
_EYES = (33, 133, 263, 362, 159, 145, 386, 374)
_CHEEKS = (50, 280, 205, 425)
_SOFT = ((235, 240, 245), (150, 190, 215), (40, 40, 45), (90, 95, 80), (120, 110, 90), (200, 60, 60), (70, 90, 140))


def covered(image: Pixels, mesh: Floats, place: Place, rng: np.random.Generator) -> Pixels:
    """The photo with one part of the face hidden; ``mesh`` in its pixels."""
    canvas = image.astype(np.float32)
    points, span = mesh[:, :2], float(np.linalg.norm(mesh[33, :2] - mesh[263, :2]))
    if place == "mouth":
        kind = rng.choice(["mask", "scarf", "hand", "thing"], p=[0.35, 0.2, 0.25, 0.2])
        if kind in ("mask", "scarf"):
            _mask(canvas, points, span, rng, scarf=kind == "scarf")
        else:
            _held(canvas, points, _LIPS, span, rng, hand=kind == "hand")
    else:
        kind = rng.choice(["bar", "hand", "thing", "hair"], p=[0.25, 0.3, 0.25, 0.2])
        if kind == "hair":
            _hair(canvas, points, span, rng)
        elif kind == "bar":
            _bar(canvas, points, span, rng)
        else:
            _held(canvas, points, _EYES, span, rng, hand=kind == "hand")
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _mask(canvas: Floats, points: Floats, span: float, rng: np.random.Generator, *, scarf: bool) -> None:
    """A surgical or cloth mask: jaw to nose, with folds; a scarf also hangs over the jaw."""
    jaw, nose = points[list(_JAW)], points[list(_NOSE_LINE)]
    upper = nose + (points[152] - points[10]) * rng.uniform(0.0, 0.1)
    outline = np.vstack([jaw[2:-2], upper])
    if scarf:
        middle = points[[234, 454]].mean(0)
        outline = np.vstack([jaw[1:-1] + (jaw[1:-1] - middle) * rng.uniform(0.1, 0.4), upper])
    mask = _filled(canvas, outline, soft=span * 0.01)
    colour = f32(_SOFT[int(rng.integers(len(_SOFT)))]) * rng.uniform(0.7, 1.1)
    down = f32(np.arange(canvas.shape[0]))[:, None, None]
    folds = 1 + rng.uniform(0, 0.2) * np.sin(down / span * rng.uniform(15, 45) + rng.uniform(0, 6))
    across = f32(np.arange(canvas.shape[1]))[None, :, None]
    shade = 1 + rng.uniform(-0.5, 0.5) * (across - points[:, 0].mean()) / (2 * span)
    canvas += mask * (colour * folds * shade - canvas)


def _held(
    canvas: Floats, points: Floats, part: tuple[int, ...], span: float, rng: np.random.Generator, *, hand: bool
) -> None:
    """A hand in the face's own colour, or a thing (telephone, cup, camera), over the middle of ``part``."""
    centre = points[list(part)].mean(0) + rng.normal(0, 0.06, 2) * span
    if hand:
        cheeks = points[list(_CHEEKS)].astype(int)
        inside = np.clip(cheeks, 0, np.array(canvas.shape[1::-1]) - 1)
        colour = np.median(canvas[inside[:, 1], inside[:, 0]], axis=0) * rng.uniform(0.8, 1.15)
        lean, width = rng.uniform(-0.6, 0.6), span * rng.uniform(0.16, 0.24)
        for finger in range(4):
            offset = (finger - 1.5) * width * 1.02
            middle = centre + np.array([np.sin(lean), np.cos(lean)]) * offset
            reach = np.array([np.cos(lean), -np.sin(lean)]) * span * rng.uniform(0.55, 0.8)
            line = np.zeros(canvas.shape[:2], np.uint8)
            cv2.line(line, _at(middle - reach), _at(middle + reach), 255, max(int(width), 1), cv2.LINE_AA)
            edge = f32(cv2.GaussianBlur(line, (0, 0), max(span * 0.015, 0.3)))[:, :, None] / 255
            canvas += edge * (colour * rng.uniform(0.85, 1.0) - canvas)
            cv2.line(canvas, _at(middle - reach), _at(middle + reach), (colour * 0.6).tolist(), 1, cv2.LINE_AA)
        return
    turn, wide, high = rng.uniform(-0.8, 0.8), span * rng.uniform(0.9, 1.5), span * rng.uniform(0.5, 0.8)
    corners = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    mask = _filled(canvas, corners @ rotation.T + centre, soft=span * 0.01)
    canvas += mask * (f32(rng.uniform(10, 230, 3)) - canvas)
    inner = _filled(canvas, corners @ rotation.T * rng.uniform(0.3, 0.8) + centre, soft=span * 0.01)
    canvas += inner * rng.uniform(0.3, 1.0) * (f32(rng.uniform(0, 230, 3)) - canvas)


def _bar(canvas: Floats, points: Floats, span: float, rng: np.random.Generator) -> None:
    across = points[263] - points[33]
    up = np.array([across[1], -across[0]]) * rng.uniform(0.18, 0.35)
    left, right = points[33] - across * rng.uniform(0.1, 0.5), points[263] + across * rng.uniform(0.1, 0.5)
    shade = rng.uniform(0, 40) if rng.random() < 0.8 else rng.uniform(150, 255)
    mask = _filled(canvas, np.stack([left + up, right + up, right - up, left - up]), soft=span * 0.01)
    canvas += mask * (shade - canvas)


def _hair(canvas: Floats, points: Floats, span: float, rng: np.random.Generator) -> None:
    colour = rng.uniform(10, 120) * f32(rng.uniform(0.7, 1.0, 3))
    down = (points[152] - points[10]) * rng.uniform(0.45, 0.6)
    before = canvas.copy()
    for _ in range(90):
        start = points[10] + (points[263] - points[33]) * rng.uniform(-0.8, 0.8)
        end = start + down + rng.normal(0, 0.08, 2) * span
        cv2.line(canvas, _at(start), _at(end), (colour * rng.uniform(0.6, 1.3)).tolist(), max(int(span * 0.05), 1))
    strands = f32(np.abs(canvas - before).sum(2) > 0)
    mask = cv2.GaussianBlur(strands, (0, 0), max(span * 0.012, 0.4))[:, :, None]
    canvas[:] = before + mask * (cv2.GaussianBlur(canvas, (0, 0), max(span * 0.008, 0.3)) - before)


def _filled(canvas: Floats, outline: NDArray[np.floating], *, soft: float) -> Floats:
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(mask, [outline.astype(np.int32)], 255, cv2.LINE_AA)
    return f32(cv2.GaussianBlur(mask, (0, 0), max(soft, 0.3)))[:, :, None] / 255


def _at(point: NDArray[np.floating]) -> tuple[int, int]:
    return int(point[0]), int(point[1])
