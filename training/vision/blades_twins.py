"""Drawn things that are long, thin or shiny but no blades: spoons, pens, rulers, ties. All synthetic."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from training.vision.blades_shapes import SIDE, Canvas

_Rng = np.random.Generator
_M = SIDE // 2


def _metal(rng: _Rng) -> tuple[int, int, int, int]:
    grey = int(rng.integers(90, 225))
    return grey, grey, int(grey * rng.uniform(0.9, 1)), 255


def _paint(rng: _Rng) -> tuple[int, int, int, int]:
    return int(rng.integers(5, 250)), int(rng.integers(5, 250)), int(rng.integers(5, 250)), 255


def _line(c: Canvas, top: tuple[int, int], end: tuple[int, int], colour: tuple[int, int, int, int], wide: int) -> None:
    cv2.line(c, top, end, colour, wide, cv2.LINE_AA)


def _spoon(c: Canvas, rng: _Rng) -> None:
    metal = _metal(rng)
    cv2.ellipse(c, (_M, 110), (int(rng.integers(38, 60)), 85), 0, 0, 360, metal, -1, cv2.LINE_AA)
    cv2.ellipse(c, (_M - 8, 105), (24, 60), 0, 0, 360, (*(int(v * 0.8) for v in metal[:3]), 255), -1, cv2.LINE_AA)
    _line(c, (_M, 190), (_M, 490), metal, int(rng.integers(14, 26)))


def _fork(c: Canvas, rng: _Rng) -> None:
    metal, count = _metal(rng), int(rng.integers(3, 5))
    for x in np.linspace(-36, 36, count):
        _line(c, (int(_M + x), 20), (int(_M + x), 160), metal, 10)
    cv2.ellipse(c, (_M, 160), (42, 60), 0, 0, 180, metal, -1, cv2.LINE_AA)
    _line(c, (_M, 210), (_M, 490), metal, int(rng.integers(14, 24)))


def _screwdriver(c: Canvas, rng: _Rng) -> None:
    _line(c, (_M, 20), (_M, 300), _metal(rng), int(rng.integers(10, 18)))
    cv2.rectangle(c, (_M - 28, 300), (_M + 28, 480), _paint(rng), -1)


def _pen(c: Canvas, rng: _Rng) -> None:
    wide, colour = int(rng.integers(12, 22)), _paint(rng)
    cv2.fillPoly(c, [np.array([[_M, 20], [_M - wide, 80], [_M + wide, 80]])], _metal(rng), cv2.LINE_AA)
    cv2.rectangle(c, (_M - wide, 80), (_M + wide, 490), colour, -1)


def _ruler(c: Canvas, rng: _Rng) -> None:
    wide, colour = int(rng.integers(30, 50)), _metal(rng) if rng.random() < 0.5 else _paint(rng)
    cv2.rectangle(c, (_M - wide, 20), (_M + wide, 490), colour, -1)
    for y in range(30, 480, 12):
        _line(c, (_M + wide, y), (_M + wide - (26 if y % 60 == 30 else 12), y), (20, 20, 20, 255), 2)


def _toothbrush(c: Canvas, rng: _Rng) -> None:
    _line(c, (_M, 30), (_M, 490), _paint(rng), int(rng.integers(18, 30)))
    cv2.rectangle(c, (_M + 8, 30), (_M + 55, 150), (235, 235, 240, 255), -1)


def _tie(c: Canvas, rng: _Rng) -> None:
    colour = _paint(rng)
    cv2.fillPoly(c, [np.array([[_M - 30, 20], [_M + 30, 20], [_M + 70, 420], [_M, 495], [_M - 70, 420]])], colour)
    for y in range(60, 420, 40):
        _line(c, (_M - 50, y), (_M + 50, y + 40), _paint(rng), 8)


def _leaf(c: Canvas, rng: _Rng) -> None:
    green = (int(rng.integers(20, 110)), int(rng.integers(90, 190)), int(rng.integers(10, 80)), 255)
    cv2.ellipse(c, (_M, 200), (int(rng.integers(35, 90)), 180), 0, 0, 360, green, -1, cv2.LINE_AA)
    _line(c, (_M, 20), (_M, 490), (60, 80, 20, 255), 6)


def _spatula(c: Canvas, rng: _Rng) -> None:
    metal = _metal(rng)
    cv2.rectangle(c, (_M - 60, 30), (_M + 60, 190), metal, -1)
    for x in (-30, 0, 30):
        _line(c, (_M + x, 60), (_M + x, 160), (0, 0, 0, 0), 10)
    _line(c, (_M, 190), (_M, 360), metal, 16)
    _line(c, (_M, 360), (_M, 490), _paint(rng), 34)


def _bottle(c: Canvas, rng: _Rng) -> None:
    glass = _paint(rng)
    cv2.rectangle(c, (_M - 75, 220), (_M + 75, 490), glass, -1)
    cv2.fillPoly(c, [np.array([[_M - 75, 220], [_M - 25, 130], [_M + 25, 130], [_M + 75, 220]])], glass)
    cv2.rectangle(c, (_M - 25, 30), (_M + 25, 130), glass, -1)


def _scissors(c: Canvas, rng: _Rng) -> None:
    metal, grip, spread = _metal(rng), _paint(rng), int(rng.integers(10, 90))
    for sign in (-1, 1):
        tip, ring = (_M + sign * spread, 30), (_M - sign * (spread + 45), 430)
        cv2.fillPoly(c, [np.array([tip, (_M + sign * 22, 260), (_M - sign * 12, 280)])], metal, cv2.LINE_AA)
        _line(c, (_M, 270), ring, grip, 20)
        cv2.circle(c, ring, 48, grip, 16, cv2.LINE_AA)


def _wrench(c: Canvas, rng: _Rng) -> None:
    metal = _metal(rng)
    _line(c, (_M, 140), (_M, 470), metal, int(rng.integers(26, 44)))
    cv2.ellipse(c, (_M, 90), (60, 60), 0, -50, 230, metal, 32, cv2.LINE_AA)


def _stick(c: Canvas, rng: _Rng) -> None:
    _line(c, (_M, 25), (_M, 490), _paint(rng), int(rng.integers(8, 60)))


def _phone(c: Canvas, rng: _Rng) -> None:
    wide = int(rng.integers(90, 130))
    cv2.rectangle(c, (_M - wide, 40), (_M + wide, 480), _paint(rng), -1)
    cv2.rectangle(c, (_M - wide + 12, 70), (_M + wide - 12, 450), _paint(rng), -1)


def _feather(c: Canvas, rng: _Rng) -> None:
    grey = _metal(rng)
    for y in range(40, 360, 6):
        reach = int(60 * np.sin(np.pi * min((y - 20) / 360, 1)) + rng.integers(-8, 9))
        _line(c, (_M, y + 40), (_M - reach, y), grey, 4)
        _line(c, (_M, y + 40), (_M + reach, y), grey, 4)
    _line(c, (_M, 30), (_M, 490), (230, 225, 215, 255), 5)


LEARNT: dict[str, Callable[[Canvas, _Rng], None]] = {
    "spoon": _spoon, "screwdriver": _screwdriver, "pen": _pen, "ruler": _ruler, "tie": _tie, "leaf": _leaf,
    "bottle": _bottle, "scissors": _scissors, "stick": _stick, "phone": _phone,
}  # fmt: skip
UNSEEN: dict[str, Callable[[Canvas, _Rng], None]] = {
    "fork": _fork, "spatula": _spatula, "toothbrush": _toothbrush, "wrench": _wrench, "feather": _feather
}  # fmt: skip


def draw(kind: str, rng: _Rng) -> Canvas:
    """One thing of a kind, upright, lit from one side, with what surrounds it transparent."""
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    (LEARNT | UNSEEN)[kind](canvas, rng)
    light = np.linspace(rng.uniform(0.6, 1.0), rng.uniform(0.9, 1.4), SIDE)[None, :, None]
    canvas[..., :3] = np.clip(canvas[..., :3] * light, 0, 255).astype(np.uint8)
    return canvas
