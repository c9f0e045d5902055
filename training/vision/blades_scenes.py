"""Drawn things put on grounds: turned, foreshortened, held in a hand, lit, shadowed, blurred. All synthetic."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.vision import blades_shapes

Pixels = NDArray[np.uint8]  # [h, w, 3], RGB
_Rng = np.random.Generator


def place(canvas: blades_shapes.Canvas, ground: Pixels, rng: _Rng, *, hand: bool) -> tuple[Pixels, NDArray[np.uint8]]:
    """(a copy of the ground with the thing on it, the thing's cover [h, w]): turned, held, lit, blurred."""
    drawn = canvas.copy()
    if hand:
        _grip(drawn, rng)
    high, wide = ground.shape[:2]
    scale = np.exp(rng.uniform(np.log(0.4), np.log(1.5))) * min(high, wide) / blades_shapes.SIDE
    turn = np.deg2rad(rng.uniform(0, 360))
    lean = np.diag([rng.choice([-1, 1]) * rng.uniform(0.6, 1.1), rng.uniform(0.75, 1.1)])
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ lean
    middle = np.array([wide, high]) * rng.uniform(0.3, 0.7, 2)
    shift = middle - linear @ np.full(2, blades_shapes.SIDE / 2)
    matrix = np.hstack([linear, shift[:, None]])
    placed = cv2.warpAffine(drawn, matrix, (wide, high), flags=cv2.INTER_AREA)
    thing = cv2.warpAffine(canvas[..., 3], matrix, (wide, high), flags=cv2.INTER_AREA)
    cover = cv2.GaussianBlur(placed[..., 3], (0, 0), rng.uniform(0.4, 1.4)).astype(np.float32)[..., None] / 255
    lit = placed[..., :3] * rng.uniform(0.55, 1.15) + rng.uniform(-10, 20)
    out: NDArray[np.float64] = ground.astype(np.float64)
    if rng.random() < 0.6:  # a shadow
        dark = cv2.GaussianBlur(placed[..., 3], (0, 0), rng.uniform(3, 12)).astype(np.float32) / 255
        offset = np.array([[1, 0, rng.uniform(-12, 12)], [0, 1, rng.uniform(-4, 14)]])
        out *= 1 - rng.uniform(0.1, 0.5) * np.asarray(cv2.warpAffine(dark, offset, (wide, high)))[..., None]
    out = out * (1 - cover) + lit * cover
    if rng.random() < 0.3:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 2.5)), np.float64)
    noise = rng.normal(0, rng.uniform(0, 7), out.shape)
    seen = np.asarray(np.clip(out * rng.uniform(0.6, 1.2) + noise, 0, 255), np.uint8)
    if rng.random() < 0.5:
        _, coded = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        seen = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return seen, np.asarray(thing, np.uint8)


def _grip(drawn: blades_shapes.Canvas, rng: _Rng) -> None:
    """A hand round the lower end, in any colour of skin or of a glove: knives are held, and then hide their handles."""
    tone = np.array([rng.uniform(50, 245), 0, 0])
    tone[1:] = tone[0] * rng.uniform(0.62, 0.82), tone[0] * rng.uniform(0.45, 0.7)
    if rng.random() < 0.25:
        tone = rng.uniform(10, 230, 3)
    paint = (*(int(v) for v in tone), 255)
    top, side = int(rng.integers(345, 380)), int(rng.integers(26, 40))
    for k in range(4):
        y = top + k * int(side * 0.85)
        cv2.ellipse(drawn, (256, y), (int(side * 1.7), side // 2), rng.uniform(-12, 12), 0, 360, paint, -1, cv2.LINE_AA)
        cv2.ellipse(drawn, (256, y), (int(side * 1.7), side // 2), 0, 0, 180, (*(int(v * 0.75) for v in tone), 255), 2)
    cv2.ellipse(drawn, (256 + side, top + 60), (side, 75), 0, 0, 360, paint, -1, cv2.LINE_AA)


def table(shape: tuple[int, ...], rng: _Rng) -> Pixels:
    """A plain ground, as goods are photographed on: one colour, unevenly lit, with a grain like wood or cloth."""
    high, wide = shape[:2]
    light = np.linspace(rng.uniform(0.7, 1), rng.uniform(0.9, 1.2), wide)[None, :, None]
    light = light * np.linspace(rng.uniform(0.8, 1), rng.uniform(0.9, 1.1), high)[:, None, None]
    colour = np.full(3, rng.uniform(20, 250)) if rng.random() < 0.5 else rng.uniform(20, 240, 3)
    noise = rng.normal(0, 1, (high, wide))
    grain = np.asarray(
        cv2.GaussianBlur(noise, (0, 0), sigmaX=rng.uniform(1, 30), sigmaY=rng.uniform(0.5, 3)), np.float64
    )
    grain = grain * rng.uniform(0, 18) / max(float(grain.std()), 1e-6)
    return np.asarray(np.clip(colour * light + grain[..., None], 0, 255), np.uint8)


def shrunk(pixels: Pixels) -> Pixels:
    """A photo brought to a longest side of 640 px, or as it is."""
    scale = 640 / max(pixels.shape[:2])
    if scale >= 1 and max(pixels.shape[:2]) >= 320:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
