"""Drawn films whose frames differ much and often: for what recognises known videos."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

Scene = Callable[[float], Image.Image]


def scenes(seed: int) -> Scene:
    """Draw another composition of shapes every second and a half, which drift."""

    def draw(moment: float) -> Image.Image:
        dice = np.random.default_rng([seed, int(moment / 1.5)])
        image = Image.new("RGB", (320, 180), tuple(dice.integers(0, 256, 3).tolist()))
        pen = ImageDraw.Draw(image)
        for _ in range(14):
            x, y, w, h = (dice.uniform(0, 1, 4) * (300, 160, 120, 90)).tolist()
            x += 6 * (moment % 1.5)
            shape = pen.ellipse if dice.random() < 0.5 else pen.rectangle
            shape((x, y, x + w + 8, y + h + 8), fill=tuple(dice.integers(0, 256, 3).tolist()))
        return image

    return draw


def around(inner: Scene, start: float, length: float, other: Scene) -> Scene:
    """Put a scene into another."""
    return lambda moment: inner(moment - start) if start <= moment < start + length else other(moment)
