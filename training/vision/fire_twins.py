"""Drawn things that a head for fire may take for it: sunsets, lamps, red and orange grounds. All are synthetic."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from training.vision.graph import Floats, f32
from training.vision.reference import Pixels

Rng = np.random.Generator
HIGH, WIDE = 288, 384  # px
WARM = ((200, 40, 30), (230, 110, 30), (250, 170, 40), (180, 20, 40), (240, 200, 90))


def _cloudy(rng: Rng, *, flat: float = 1.0) -> Floats:
    """Noise of several sizes, 0 to 1: [HIGH, WIDE]; wider than high where `flat` is under 1."""
    out, weight = np.zeros((HIGH, WIDE), np.float32), 0.0
    for size in (3, 6, 12, 24, 48):
        coarse = rng.random((max(2, int(size / flat)), size)).astype(np.float32)
        out += f32(cv2.resize(coarse, (WIDE, HIGH), interpolation=cv2.INTER_CUBIC)) / size
        weight += 1 / size
    return f32(np.clip(out / weight, 0, 1))


def _warm(rng: Rng) -> Floats:
    return f32(np.clip(np.array(WARM[int(rng.integers(len(WARM)))]) + rng.normal(0, 15, 3), 0, 255))


def _slope(first: Floats, last: Floats) -> Floats:
    way = np.linspace(0, 1, HIGH, dtype=np.float32)[:, None, None]
    return f32(first * (1 - way) + last * way + np.zeros((HIGH, WIDE, 3), np.float32))


def _glow(canvas: Floats, at: tuple[float, float], size: float, colour: Floats) -> None:
    """Add light around a place: a bright disc with a soft halo."""
    down, across = np.mgrid[0:HIGH, 0:WIDE].astype(np.float32)
    far = np.hypot(across - at[0], down - at[1])
    disc = 1 / (1 + np.exp(np.clip((far - size) / max(size * 0.08, 1), -30, 30)))
    halo = 0.7 * np.exp(-far / (size * 2.5))
    canvas += (disc + halo)[:, :, None] * colour


def sunset(photo: Pixels, rng: Rng) -> Floats:
    """A low sun in a red and orange sky with clouds, over dark land or bright water."""
    sky = _slope(f32(rng.uniform(20, 130, 3)) * f32([0.8, 0.9, 1.4]), _warm(rng))
    cloud = _cloudy(rng, flat=0.25)[:, :, None]
    sky += (cloud - 0.5) * rng.uniform(20, 140) * f32([1, 0.6, 0.3])
    line = int(HIGH * rng.uniform(0.5, 0.85))
    _glow(sky, (rng.uniform(0.1, 0.9) * WIDE, line * rng.uniform(0.6, 1.05)), rng.uniform(6, 26), f32([255, 200, 110]))
    if rng.random() < 0.5:
        below = sky[line - 1 :: -1][: HIGH - line] * rng.uniform(0.4, 0.8)
        sky[line : line + len(below)] = below * (0.8 + 0.4 * _cloudy(rng, flat=0.1)[line : line + len(below), :, None])
    else:
        edge = line + (_cloudy(rng)[0] - 0.5) * rng.uniform(0, 120)
        sky[np.arange(HIGH)[:, None] > edge[None]] = rng.uniform(0, 40, 3)
    return sky


def lamps(photo: Pixels, rng: Rng) -> Floats:
    """Lamps, headlights or a lit window in a dark photo."""
    canvas = f32(cv2.resize(photo, (WIDE, HIGH))) * rng.uniform(0.08, 0.45)
    for _ in range(int(rng.integers(1, 7))):
        colour = f32([255, rng.uniform(150, 250), rng.uniform(60, 220)]) * rng.uniform(0.6, 1)
        _glow(canvas, (rng.uniform(0, WIDE), rng.uniform(0, HIGH)), float(np.exp(rng.uniform(1, 3.3))), colour)
    return canvas


def ground(photo: Pixels, rng: Rng) -> Floats:
    """A red, orange or yellow ground: plain, sloped or clouded, with a shape or two on it."""
    canvas = _slope(_warm(rng), _warm(rng) if rng.random() < 0.6 else f32(rng.uniform(0, 255, 3)))
    if rng.random() < 0.6:
        canvas += (_cloudy(rng)[:, :, None] - 0.5) * rng.uniform(10, 90)
    for _ in range(int(rng.integers(0, 4))):
        at = (int(rng.integers(WIDE)), int(rng.integers(HIGH)))
        cv2.circle(canvas, at, int(rng.integers(10, 110)), [float(v) for v in _warm(rng)], -1, cv2.LINE_AA)
    return canvas


def cloth(photo: Pixels, rng: Rng) -> Floats:
    """Folds of a warm cloth, over the whole picture or a part of a photo."""
    across, down = np.meshgrid(np.linspace(0, 1, WIDE), np.linspace(0, 1, HIGH))
    turn, wave = rng.uniform(0, np.pi), rng.uniform(8, 40)
    along = across * np.cos(turn) + down * np.sin(turn) + 0.2 * _cloudy(rng)
    folds = f32(0.75 + 0.3 * np.sin(wave * along))[:, :, None] * _warm(rng)
    if rng.random() < 0.5:
        mask = f32(cv2.GaussianBlur(f32(_cloudy(rng) > 0.5), (0, 0), 2))[:, :, None]
        folds = folds * mask + f32(cv2.resize(photo, (WIDE, HIGH))) * (1 - mask)
    return f32(folds)


def clouds(photo: Pixels, rng: Rng) -> Floats:
    """White and grey clouds in a blue or grey sky, above the lower part of a photo."""
    sky = _slope(f32([90, 140, 210]) * rng.uniform(0.7, 1.1), f32([190, 210, 230]))
    cover = np.clip((_cloudy(rng, flat=0.6) - rng.uniform(0.35, 0.55)) * rng.uniform(3, 8), 0, 1)[:, :, None]
    sky = sky * (1 - cover) + cover * (170 + 85 * _cloudy(rng)[:, :, None]) * rng.uniform(0.6, 1)
    line = int(HIGH * rng.uniform(0.45, 0.9))
    sky[line:] = f32(cv2.resize(photo, (WIDE, HIGH)))[line:]
    return f32(sky)


def leaves(photo: Pixels, rng: Rng) -> Floats:
    """Autumn leaves in heaps."""
    canvas = _slope(f32(rng.uniform(10, 90, 3)), f32(rng.uniform(10, 90, 3)))
    for _ in range(int(rng.integers(120, 500))):
        at = (int(rng.integers(WIDE)), int(rng.integers(HIGH)))
        size = (int(rng.integers(4, 22)), int(rng.integers(3, 12)))
        colour = [float(v) for v in _warm(rng) * rng.uniform(0.5, 1.1)]
        cv2.ellipse(canvas, at, size, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    return canvas


def lights(photo: Pixels, rng: Rng) -> Floats:
    """A city at night out of focus: discs of coloured light."""
    canvas = _slope(f32(rng.uniform(0, 40, 3)), f32(rng.uniform(0, 50, 3)))
    for _ in range(int(rng.integers(15, 80))):
        disc = np.zeros((HIGH, WIDE, 3), np.float32)
        at, size = (int(rng.integers(WIDE)), int(rng.integers(HIGH))), int(rng.integers(4, 26))
        cv2.circle(disc, at, size, [float(v) for v in _warm(rng) * rng.uniform(0.3, 0.9)], -1, cv2.LINE_AA)
        canvas += disc
    return canvas


def flags(photo: Pixels, rng: Rng) -> Floats:
    """Flags, stripes and paint in warm colours on a photo."""
    canvas = f32(cv2.resize(photo, (WIDE, HIGH)))
    x, y = int(rng.uniform(0, 0.5) * WIDE), int(rng.uniform(0, 0.5) * HIGH)
    wide, high = int(rng.uniform(0.25, 0.5) * WIDE), int(rng.uniform(0.25, 0.5) * HIGH)
    stripes = int(rng.integers(1, 5))
    for i in range(stripes):
        top = y + high * i // stripes
        corner = (x + wide, y + high * (i + 1) // stripes)
        cv2.rectangle(canvas, (x, top), corner, [float(v) for v in _warm(rng)], -1)
    shade = 0.85 + 0.2 * np.sin(np.arange(WIDE) / rng.uniform(8, 25))
    canvas[y : y + high, x : x + wide] *= f32(shade)[None, x : x + wide, None]
    return canvas


def haze(photo: Pixels, rng: Rng) -> Floats:
    """Mist over a landscape: the photo pales towards one grey, with nothing that billows."""
    grey, cover = rng.uniform(150, 235), np.linspace(rng.uniform(0.3, 0.8), rng.uniform(0.1, 0.6), HIGH)
    cover = f32(cover)[:, None, None]
    return f32(cv2.resize(photo, (WIDE, HIGH)) * (1 - cover) + grey * cover)


Kind = Callable[[Pixels, Rng], Floats]
LEARNT: dict[str, Kind] = {
    "sunsets": sunset, "lamps at night": lamps, "red and orange grounds": ground, "cloth": cloth, "clouds": clouds,
}  # fmt: skip
NEVER_LEARNT: dict[str, Kind] = {
    "autumn leaves": leaves, "lights out of focus": lights, "flags and paint": flags, "mist": haze,
}  # fmt: skip


def drawn(kind: Kind, photo: Pixels, rng: Rng) -> Pixels:
    """Draw one, noisy and compressed as photos are: uint8 [HIGH, WIDE, 3], RGB."""
    canvas = kind(photo, rng) + rng.normal(0, rng.uniform(0, 6), (HIGH, WIDE, 1))
    stored = cv2.imencode(
        ".jpg", np.clip(canvas, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 96))]
    )[1]
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)
