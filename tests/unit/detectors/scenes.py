"""Busy pictures that are drawn at random, but always the same for the same number."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageFilter


def scene(seed: int, *, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """Draw a picture full of shapes, textures and edges: in points and contrast much like a photograph."""
    rnd = random.Random(seed)
    wide, high = size
    image = Image.effect_noise(size, rnd.randint(10, 40)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, high * rnd.uniform(0.4, 0.7), wide, high), fill=_colour(rnd))
    for _ in range(70):
        x, y, w, h = rnd.randint(0, wide), rnd.randint(0, high), rnd.randint(6, wide // 4), rnd.randint(6, high // 4)
        shape = rnd.choice((draw.ellipse, draw.rectangle))
        shape((x - w // 2, y - h // 2, x + w // 2, y + h // 2), fill=_colour(rnd), outline=_colour(rnd))
        draw.line((x, y, x + rnd.randint(-w, w), y + rnd.randint(-h, h)), _colour(rnd), rnd.randint(1, 5))
    return image.filter(ImageFilter.GaussianBlur(0.7))


def _colour(rnd: random.Random) -> tuple[int, int, int]:
    return rnd.randint(0, 255), rnd.randint(0, 255), rnd.randint(0, 255)
