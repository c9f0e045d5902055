"""Drawn things that a gun finder may mistake for guns: tools, phones, drills, umbrellas. All are synthetic."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from training.vision.reference import Pixels

_Rng = np.random.Generator
_Canvas = NDArray[np.uint8]
_SIDE = 400  # px; of the canvas that a thing is drawn on before it is placed


def _colour(rng: _Rng) -> tuple[int, int, int]:
    base = int(rng.integers(10, 110)) if rng.random() < 0.6 else int(rng.integers(60, 230))
    return tuple(int(np.clip(base + rng.integers(-30, 31), 0, 255)) for _ in range(3))  # type: ignore[return-value]


def _phone(draw: _Canvas, rng: _Rng) -> None:
    wide = int(rng.integers(80, 130))
    cv2.rectangle(draw, (200 - wide, 40), (200 + wide, 360), (*_colour(rng), 255), -1)
    cv2.rectangle(draw, (210 - wide, 65), (190 + wide, 335), (*_colour(rng), 255), -1)


def _wrench(draw: _Canvas, rng: _Rng) -> None:
    colour = (*_colour(rng), 255)
    cv2.line(draw, (200, 110), (200, 330), colour, int(rng.integers(22, 42)), cv2.LINE_AA)
    cv2.ellipse(draw, (200, 80), (55, 55), 0, -50, 230, colour, 28, cv2.LINE_AA)


def _hammer(draw: _Canvas, rng: _Rng) -> None:
    cv2.line(draw, (200, 90), (200, 370), (*_colour(rng), 255), int(rng.integers(18, 34)), cv2.LINE_AA)
    cv2.rectangle(draw, (110, 50), (300, 110), (*_colour(rng), 255), -1)
    cv2.fillPoly(draw, [np.array([[110, 50], [60, 100], [110, 110]])], (*_colour(rng), 255))


def _drill(draw: _Canvas, rng: _Rng) -> None:
    body = (*_colour(rng), 255)
    cv2.rectangle(draw, (90, 100), (270, 180), body, -1)
    cv2.fillPoly(draw, [np.array([[120, 170], [190, 170], [175, 310], [105, 310]])], body)
    cv2.rectangle(draw, (85, 300), (215, 350), (*_colour(rng), 255), -1)
    cv2.fillPoly(draw, [np.array([[270, 112], [320, 128], [320, 152], [270, 168]])], (*_colour(rng), 255))
    cv2.line(draw, (320, 140), (390, 140), (150, 150, 150, 255), 7, cv2.LINE_AA)


def _umbrella(draw: _Canvas, rng: _Rng) -> None:
    colour = (*_colour(rng), 255)
    if rng.random() < 0.5:
        cv2.ellipse(draw, (200, 180), (150, 130), 0, 180, 360, colour, -1, cv2.LINE_AA)
    else:
        cv2.fillPoly(draw, [np.array([[185, 60], [215, 60], [225, 270], [175, 270]])], colour)
    cv2.line(draw, (200, 60), (200, 350), (60, 60, 60, 255), 8, cv2.LINE_AA)
    cv2.ellipse(draw, (218, 350), (18, 18), 0, 0, 180, (60, 60, 60, 255), 8, cv2.LINE_AA)


def _camera(draw: _Canvas, rng: _Rng) -> None:
    body = (*_colour(rng), 255)
    cv2.rectangle(draw, (60, 120), (340, 310), body, -1)
    cv2.rectangle(draw, (150, 90), (240, 125), body, -1)
    cv2.circle(draw, (200, 215), 80, (*_colour(rng), 255), -1, cv2.LINE_AA)
    cv2.circle(draw, (200, 215), 50, (20, 20, 25, 255), -1, cv2.LINE_AA)


def _pipe(draw: _Canvas, rng: _Rng) -> None:
    colour, thick = (*_colour(rng), 255), int(rng.integers(14, 40))
    cv2.line(draw, (30, 200), (370, 200), colour, thick, cv2.LINE_AA)
    if rng.random() < 0.6:
        cv2.line(draw, (int(rng.integers(60, 340)), 200), (int(rng.integers(60, 340)), 290), colour, thick, cv2.LINE_AA)


THINGS: tuple[Callable[[_Canvas, _Rng], None], ...] = (_phone, _wrench, _hammer, _drill, _umbrella, _camera, _pipe)


def on(picture: Pixels, rng: _Rng) -> Pixels:
    """A copy of the picture with one thing drawn on it, turned, lit and a little blurred."""
    canvas = np.zeros((_SIDE, _SIDE, 4), np.uint8)
    THINGS[int(rng.integers(len(THINGS)))](canvas, rng)
    light = np.linspace(rng.uniform(0.6, 1.0), rng.uniform(0.9, 1.4), _SIDE)[:, None, None]
    canvas[..., :3] = np.clip(canvas[..., :3] * light, 0, 255).astype(np.uint8)
    high, wide = picture.shape[:2]
    scale = rng.uniform(0.35, 0.95) * min(high, wide) / _SIDE
    place = cv2.getRotationMatrix2D((_SIDE / 2, _SIDE / 2), float(rng.uniform(0, 360)), float(scale))
    place[:, 2] += np.array([wide, high]) * rng.uniform(0.35, 0.65, 2) - _SIDE / 2
    placed = cv2.GaussianBlur(cv2.warpAffine(canvas, place, (wide, high), flags=cv2.INTER_AREA), (0, 0), 0.8)
    cover = placed[..., 3:].astype(np.float32) / 255
    mixed = picture * (1 - cover) + placed[..., :3] * cover + rng.normal(0, 3, picture.shape)
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)
