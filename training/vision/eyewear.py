"""Draw glasses and sunglasses on bare faces, to teach the eyewear head what few licensed photos show.

All drawing happens on a levelled square crop around the eyes. Bare and dressed crops go through the same blur, noise
and compression, so nothing but the eyewear tells them apart; shadows and bars over the eyes are drawn on some bare
ones, so that darkness alone is no sign of sunglasses.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from training.vision.reference import Floats, Pixels, crop, f32, levelled

SIDE = 448  # pixels of the crop
SPANS = 2.6  # width of the crop in eye spans
Eyewear = Literal["none", "glasses", "sunglasses"]
_EYES = (((33, 133), (159, 145)), ((263, 362), (386, 374)))  # corners (outer, inner) and lids of each eye
_EARS = (127, 356)
_FRAMES = ((20, 20, 20), (60, 35, 20), (110, 70, 40), (150, 150, 155), (190, 160, 90), (120, 20, 30), (215, 215, 210))


class Scene:
    """One face's eye region: the crop and where its mesh points lie in it."""

    def __init__(self, image: Pixels, mesh: Floats) -> None:
        transform = levelled(mesh, wide=SPANS, high=SPANS, size=SIDE)
        self.pixels = crop(image, transform, SIDE)
        self.points = f32(mesh[:, :2] @ transform[:, :2].T + transform[:, 2])
        self.sharpness = float(np.linalg.norm(mesh[33, :2] - mesh[263, :2]))  # eye span in picture pixels


def dressed(scene: Scene, kind: Eyewear, rng: np.random.Generator) -> Pixels:
    """The scene wearing ``kind``, degraded as photos are; ``none`` sometimes gets a shadow, a bar or a streak."""
    canvas = scene.pixels.astype(np.float32)
    if kind == "none":
        _distract(canvas, scene, rng)
    else:
        _wear(canvas, scene, dark=kind == "sunglasses", rng=rng)
    return _degrade(np.clip(canvas, 0, 255).astype(np.uint8), scene.sharpness, rng)


def _wear(canvas: Floats, scene: Scene, *, dark: bool, rng: np.random.Generator) -> None:
    sport = dark and rng.random() < 0.35  # wide, low, wrapped; a visor half the time
    lenses = _lenses(scene, rng, sport=sport)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [lens.astype(np.int32) for lens in lenses], 255, cv2.LINE_AA)
    if sport and rng.random() < 0.5:
        cv2.fillPoly(mask, [cv2.convexHull(np.vstack(lenses).astype(np.int32))], 255, cv2.LINE_AA)
    inside = f32(f32(mask)[:, :, None] / 255)
    tint, cover = _dark_lens(rng) if dark else _clear_lens(rng)
    canvas += inside * cover * (tint - canvas)
    if rng.random() < (0.5 if dark else 0.45):
        _glare(canvas, inside, lenses, rng)
    _frame(canvas, scene, lenses, rng, dark=dark)


def _lenses(scene: Scene, rng: np.random.Generator, *, sport: bool) -> list[Floats]:
    """Two closed outlines: superellipses, some narrower below as an aviator's."""
    grow, flat = rng.uniform(1.45, 2.15), rng.uniform(0.55, 1.0)
    if sport:
        grow, flat = rng.uniform(1.9, 2.6), rng.uniform(0.4, 0.7)
    power, drop = rng.uniform(2.0, 5.0), rng.uniform(0.0, 0.35)
    taper = rng.uniform(0.0, 0.35) if rng.random() < 0.5 else 0.0
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    unit_x = np.sign(cos) * np.abs(cos) ** (2 / power)
    unit_y = np.sign(sin) * np.abs(sin) ** (2 / power)
    unit_x = unit_x * (1 - taper * np.clip(unit_y, 0, 1))
    outlines = []
    for corners, lids in _EYES:
        outer, inner = scene.points[corners[0]], scene.points[corners[1]]
        wide = float(np.linalg.norm(outer - inner)) * grow / 2
        high = max(wide, 20.0) * flat
        centre = (outer + inner + scene.points[lids[0]] + scene.points[lids[1]]) / 4
        centre = centre + np.array([0.0, drop * high])
        outlines.append(f32(np.stack([centre[0] + wide * unit_x, centre[1] + high * unit_y], axis=1)))
    return outlines


def _dark_lens(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Colour and cover [h, w, 3] of a dark or mirrored lens, often lighter towards its lower edge."""
    down = f32(np.linspace(0, 1, SIDE))[:, None, None]
    tint = f32(rng.uniform(0, 45, 3)) + np.zeros((SIDE, SIDE, 3), np.float32)
    if rng.random() < 0.25:  # mirrored: a sky, a horizon and some ground
        sky, ground = rng.uniform(90, 230, 3), rng.uniform(20, 120, 3)
        horizon = rng.uniform(0.42, 0.58)
        tint = f32(np.where(down < horizon, sky, ground)) + np.zeros((SIDE, SIDE, 3), np.float32)
        tint = f32(cv2.GaussianBlur(tint, (0, 0), rng.uniform(2, 14)))
    cover = rng.uniform(0.82, 1.0) - down * (rng.uniform(0.0, 0.35) if rng.random() < 0.4 else 0.0)
    return tint, f32(np.clip(cover, 0.55, 1.0))


def _clear_lens(rng: np.random.Generator) -> tuple[Floats, Floats]:
    tint = f32(rng.uniform(120, 255, 3)) + np.zeros((SIDE, SIDE, 3), np.float32)
    return tint, f32(np.full((1, 1, 1), rng.uniform(0.0, 0.14)))


def _glare(canvas: Floats, inside: Floats, lenses: list[Floats], rng: np.random.Generator) -> None:
    light = np.zeros((SIDE, SIDE), np.uint8)
    for lens in lenses:
        low, high = lens.min(0), lens.max(0)
        x, y = rng.uniform(low, high)
        lean, wide = rng.uniform(-60, 60), rng.uniform(4, 30)
        band = [
            [x - lean - wide, y - 80],
            [x - lean + wide, y - 80],
            [x + lean + wide, y + 80],
            [x + lean - wide, y + 80],
        ]
        if rng.random() < 0.7:
            cv2.fillPoly(light, [np.array(band, np.int32)], 255, cv2.LINE_AA)
        else:
            cv2.circle(light, (int(x), int(y)), int(rng.uniform(3, 14)), 255, -1, cv2.LINE_AA)
    soft = f32(cv2.GaussianBlur(light, (0, 0), rng.uniform(1, 9)))[:, :, None] / 255
    canvas += inside * soft * rng.uniform(0.2, 0.85) * (255 - canvas)


def _frame(canvas: Floats, scene: Scene, lenses: list[Floats], rng: np.random.Generator, *, dark: bool) -> None:
    """Rims, bridge and arms; some rims are missing or only above."""
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    thick = int(rng.integers(2, 13))
    style = rng.choice(["full", "above", "none"], p=[0.75, 0.15, 0.10])
    for lens in lenses:
        outline = lens.astype(np.int32)
        if style == "full":
            cv2.polylines(drawn, [outline], True, 255, thick, cv2.LINE_AA)
        elif style == "above":
            cv2.polylines(drawn, [outline[24:]], False, 255, thick + 3, cv2.LINE_AA)
        elif not dark:
            cv2.polylines(drawn, [outline], True, 120, 2, cv2.LINE_AA)
    left, right = lenses
    bridge_y = int(left[:, 1].mean() - rng.uniform(0.0, 0.5) * np.ptp(left[:, 1]) / 2)
    start, end = (int(left[:, 0].max()), bridge_y), (int(right[:, 0].min()), bridge_y)
    cv2.line(drawn, start, end, 255, max(thick, 3), cv2.LINE_AA)
    for lens, ear, edge in ((left, _EARS[0], left[:, 0].argmin()), (right, _EARS[1], right[:, 0].argmax())):
        hinge = lens[edge] - np.array([0, 0.3 * np.ptp(lens[:, 1]) / 2])
        far = scene.points[ear]
        cv2.line(drawn, _at(hinge), _at(far), 255, max(thick - 1, 2), cv2.LINE_AA)
    colour = f32(_FRAMES[int(rng.integers(len(_FRAMES)))]) * rng.uniform(0.7, 1.1)
    shadow = f32(cv2.GaussianBlur(np.roll(drawn, int(rng.integers(2, 10)), axis=0), (0, 0), 4))[:, :, None] / 255
    canvas *= 1 - shadow * rng.uniform(0.0, 0.35)
    canvas += f32(drawn)[:, :, None] / 255 * rng.uniform(0.75, 1.0) * (colour - canvas)


def _at(point: Floats) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _distract(canvas: Floats, scene: Scene, rng: np.random.Generator) -> None:
    """Over bare eyes, sometimes: a hat's shadow, a censoring bar, or strands of hair."""
    kind = rng.choice(["plain", "shadow", "bar", "hair"], p=[0.6, 0.2, 0.08, 0.12])
    if kind == "shadow":
        _shade(canvas, rng, edge=SIDE * rng.uniform(0.42, 0.72))
    elif kind == "bar":
        half = rng.uniform(25, 60)
        y = float(scene.points[[33, 263], 1].mean())
        canvas[int(max(y - half, 0)) : int(y + half)] = rng.uniform(0, 30)
    elif kind == "hair":
        for _ in range(int(rng.integers(1, 5))):
            start, end = (int(rng.integers(SIDE)), 0), (int(rng.integers(SIDE)), int(rng.integers(150, SIDE)))
            cv2.line(
                canvas, start, end, [float(c) for c in rng.uniform(10, 90, 3)], int(rng.integers(2, 10)), cv2.LINE_AA
            )


def _shade(canvas: Floats, rng: np.random.Generator, *, edge: float) -> None:
    """Darken everything above ``edge`` (pixels from the top), with a hard or soft border."""
    down = f32(np.arange(SIDE))[:, None, None]
    canvas *= 1 - rng.uniform(0.4, 0.9) / (1 + np.exp((down - edge) / rng.uniform(4, 60)))


def _degrade(pixels: Pixels, sharpness: float, rng: np.random.Generator) -> Pixels:
    """As soft as the photo was or softer, then noise, brightness and JPEG."""
    span = SIDE / SPANS
    scale = min(1.0, min(sharpness, float(rng.uniform(16, 110))) / span)
    small = max(16, round(SIDE * scale))
    picture = cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA).astype(np.float32)
    picture = (picture - 127) * rng.uniform(0.75, 1.2) + 127 + rng.uniform(-30, 30)
    picture += rng.normal(0, rng.uniform(0, 6), picture.shape)
    stored = cv2.imencode(
        ".jpg", np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 96))]
    )
    decoded = np.asarray(cv2.imdecode(stored[1], cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.resize(decoded, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)
