"""Pictures of drawn symbols and twins: print, photo, tattoo, banner, paint, carving, faint marks, textbook and museum.

Everything follows from a seed. Photos under the drawings show things and textures, never people: nothing is drawn on
anybody, and tattoos are drawn on a shaded tone between very light and very dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from training.vision.symbols_shapes import Drawing, Layer, Rng, disc

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Style = Literal["plain", "print", "photo", "tattoo", "banner", "paint", "carved", "faint", "textbook", "museum"]
STYLES: tuple[Style, ...] = (
    "plain", "print", "photo", "tattoo", "banner", "paint", "carved", "faint", "textbook", "museum",
)  # fmt: skip
SIDE = 192  # px of a training picture
_SEEN = 9.0  # of 255; ink that changes its place by less is not there for anybody
_PATCH, _REACH = 192, 1.6  # px of the drawing's own square, and how far it reaches in units
# Photos without people or emblems, by the folder of the optional pictures. The second list is only ever tested on.
_PHOTOS: dict[str, tuple[str, ...]] = {
    "train": (
        "image/neutral/image1.jpg", "image/neutral/image2.jpg", "image/neutral/image5.jpg", "image/neutral/image6.jpg",
        "image/neutral/image7.jpg", "image/ocr/easyocr_chinese.jpg", "image/ocr/easyocr_japanese.jpg",
        *(f"image/qr/falsepositives-2/{n:02d}.png" for n in range(1, 11)),
        *(f"image/qr/qrcode-3/{n:02d}.png" for n in range(1, 4)),
    ),
    "test": (
        "image/neutral/image8.jpg", "image/neutral/image4.jpg", "image/ocr/easyocr_thai.jpg",
        "image/ocr/easyocr_korean.png", "neardup/image/bridge-1-original.jpg",
        *(f"image/qr/falsepositives-2/{n:02d}.png" for n in range(11, 16)),
        *(f"image/qr/qrcode-5/{n:02d}.png" for n in range(1, 3)),
    ),
}  # fmt: skip
_WORDS = (
    "history", "chapter", "figure", "the", "symbol", "of", "museum", "exhibit", "page", "early", "used", "sign",
    "temple", "door", "year", "object", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """One drawing on a picture."""

    name: str
    style: Style
    box: tuple[float, float, float, float]  # of its ink, px


class Backgrounds:
    """Grounds to draw on: the clean photos of one split, and made-up textures.

    Args:
        media: the folder of the optional pictures; without it only textures are given.
        split: "train" or "test".
    """

    def __init__(self, media: Path, split: Literal["train", "test"]) -> None:
        found = (cv2.imread(str(media / name)) for name in _PHOTOS[split] if (media / name).is_file())
        self._photos = [np.asarray(one[:, :, ::-1], np.uint8) for one in found if one is not None]

    @staticmethod
    def names(split: Literal["train", "test"]) -> frozenset[str]:
        """Give the names of the photos that are drawn on, in the folder of the pictures."""
        return frozenset(_PHOTOS[split])

    def photo(self, rng: Rng, width: int, height: int) -> Floats:
        """Give a random crop of a photo as float32 [height, width, 3], 0 to 255."""
        if not self._photos:
            return texture(rng, width, height)
        photo = self._photos[int(rng.integers(len(self._photos)))]
        high, wide = photo.shape[:2]
        share = rng.uniform(0.25, 1.0) * min(wide / width, high / height)
        w, h = max(8, int(width * share)), max(8, int(height * share))
        x, y = int(rng.integers(wide - w + 1)), int(rng.integers(high - h + 1))
        crop = photo[y : y + h, x : x + w]
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        out = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        if rng.random() < 0.3:  # grey and brown photos get a colour of their own
            out = np.clip(out * rng.uniform(0.5, 1.4, 3), 0, 255).astype(np.float32)
        return np.asarray(out, np.float32)


def texture(rng: Rng, width: int, height: int) -> Floats:
    """Make a wall, cloth, wood or plain gradient, float32 [height, width, 3]."""
    base = rng.uniform(15, 245, 3)
    if rng.random() < 0.4:
        base[:] = base.mean()
    out = np.zeros((height, width, 3), np.float32) + base.astype(np.float32)
    ramp = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None] * np.float32(rng.normal(0, 18))
    out += ramp + np.linspace(-1, 1, height, dtype=np.float32)[:, None, None] * np.float32(rng.normal(0, 18))
    for cells in (4, 12, 40):
        rough = rng.normal(0, rng.choice([0, 4, 12]), (cells, max(2, cells // int(rng.choice([1, 1, 6]))), 1))
        out += cv2.resize(rough.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)[:, :, None]
    if rng.random() < 0.25:  # courses of brick or tile
        step, tone = int(rng.integers(12, 48)), rng.normal(0, 35)
        out[::step] += tone
        for row in range(0, height, step):
            out[row : row + step, (row // step % 2) * step :: 2 * step] += tone
    return np.asarray(np.clip(out, 0, 255), np.float32)


def page(rng: Rng, width: int, height: int) -> Floats:
    """Make a printed page: paper, a heading and lines of words."""
    paper = rng.uniform(215, 255) * np.array([1, 1, rng.uniform(0.86, 1)])
    out = np.zeros((height, width, 3), np.float32) + paper.astype(np.float32)
    size = rng.uniform(0.25, 0.5)
    tone = [float(rng.uniform(10, 80))] * 3
    for line in range(int(12 + 20 * size), height, int(14 + 30 * size)):
        words = " ".join(rng.choice(_WORDS, 14))
        cv2.putText(out, words, (int(rng.integers(4, 10)), line), cv2.FONT_HERSHEY_COMPLEX, size, tone, 1, cv2.LINE_AA)
    return out


def ground(rng: Rng, style: Style, grounds: Backgrounds, width: int, height: int) -> Floats:
    """Make what a style is drawn on, float32 [height, width, 3]."""
    if style == "plain":
        return np.zeros((height, width, 3), np.float32) + rng.uniform(0, 255, 3).astype(np.float32)
    if style in {"print", "textbook"}:
        return page(rng, width, height) if style == "textbook" or rng.random() < 0.6 else texture(rng, width, height)
    if style == "tattoo":
        light = rng.uniform(45, 235)
        tone = np.array([light, light * rng.uniform(0.7, 0.85), light * rng.uniform(0.5, 0.75)])
        across = np.cos(np.linspace(-1.2, 1.2, width) + rng.uniform(-0.4, 0.4))[None, :, None]
        rough = cv2.GaussianBlur(rng.normal(0, 14, (height, width, 1)).astype(np.float32), (0, 0), 1.2)[:, :, None]
        return np.asarray(np.clip(tone * (0.5 + 0.5 * across) + rough, 0, 255), np.float32)
    if style == "museum":
        wall = texture(rng, width, height)
        return np.asarray(cv2.GaussianBlur(wall, (0, 0), 3), np.float32)
    return grounds.photo(rng, width, height) if rng.random() < 0.65 else texture(rng, width, height)


def place(canvas: Floats, drawing: Drawing, rng: Rng, *, name: str, style: Style, size: float,
          at: tuple[float, float]) -> Placed | None:  # fmt: skip
    """Draw on the picture, in place.

    Args:
        canvas: float32 [h, w, 3], 0 to 255.
        drawing: the shapes.
        rng: decides colours, perspective and wear.
        name: what it is, for the record.
        style: how it is made.
        size: px from -1 to 1 of the drawing.
        at: px of its middle.

    Returns:
        Where its ink is; None, and nothing drawn, where none of it would be seen.
    """
    if style == "banner":
        drawing = [*_cloth(rng), *drawing]
    if style == "museum" or (style in {"textbook", "print"} and rng.random() < 0.3):
        drawing = [_panel(rng), *drawing]
    behind = _behind(canvas, size, at)
    rgb, alpha, ink = _paint(drawing, _colours(rng, style, behind, drawing))
    if style == "paint":
        rgb, alpha, ink = _wobble(rng, rgb, alpha, ink)
    if style != "tattoo" and rng.random() < 0.08:  # drawn in outline
        edge = np.asarray(cv2.morphologyEx(alpha, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)), np.float32)
        alpha = edge
    if style == "banner":
        rgb, alpha, ink = _wave(rng, rgb, alpha, ink)
    warp, corner, wide, high = _view(rng, size, at, canvas.shape)
    if wide < 2 or high < 2:
        return None
    soft = max(0.0, _PATCH / _REACH / max(size, 1) * 0.4 - 0.4)  # against aliasing when shrunk
    if soft > 0.2:
        rgb, alpha, ink = (np.asarray(cv2.GaussianBlur(a, (0, 0), soft), np.float32) for a in (rgb, alpha, ink))
    rgb, alpha, ink = (np.asarray(cv2.warpPerspective(a, warp, (wide, high)), np.float32) for a in (rgb, alpha, ink))
    x, y = corner
    there = canvas[y : y + high, x : x + wide]
    before = there.copy()
    _blend(there, rgb, alpha, rng, style)
    rows, columns = np.nonzero(ink > 0.4)
    if rows.size < 12 or np.abs(there - before)[rows, columns].mean() < _SEEN:
        there[:] = before
        return None
    box = (columns.min() + x, rows.min() + y, columns.max() + x + 1, rows.max() + y + 1)
    return Placed(name, style, tuple(float(v) for v in box))  # type: ignore[arg-type]


def worn(canvas: Floats, rng: Rng) -> Pixels:
    """Degrade as cameras and networks do: light, blur, lost pixels, noise, JPEG."""
    out: Any = (canvas - 127) * rng.uniform(0.6, 1.15) + 127 + rng.uniform(-30, 30)
    high, wide = out.shape[:2]
    if rng.random() < 0.5:
        scale = rng.uniform(0.35, 0.9)
        small = cv2.resize(out, (max(8, int(wide * scale)), max(8, int(high * scale))), interpolation=cv2.INTER_AREA)
        out = cv2.resize(small, (wide, high), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.4:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.8))
    grain = float(rng.choice([0, 2, 8]))
    if grain:
        out = out + rng.standard_normal((*out.shape[:2], 1), np.float32) * np.float32(grain)
    if rng.random() < 0.12:
        out = np.repeat(out.mean(2, keepdims=True), 3, axis=2)
    pixels = np.clip(out, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        stored = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))])[1]
        pixels = cv2.imdecode(stored, cv2.IMREAD_COLOR)
    return np.asarray(pixels, np.uint8)


def _paint(drawing: Drawing, colours: dict[str, Floats]) -> tuple[Floats, Floats, Floats]:
    rgb = np.zeros((_PATCH, _PATCH, 3), np.uint8) + colours["ink"].astype(np.uint8)
    alpha, ink = np.zeros((_PATCH, _PATCH), np.uint8), np.zeros((_PATCH, _PATCH), np.uint8)
    for layer in drawing:
        points = [np.round((c / _REACH + 1) * _PATCH / 2 * 16).astype(np.int32) for c in layer.contours]
        tone = [float(v) for v in colours[layer.role]]
        cv2.fillPoly(rgb, points, tone, cv2.LINE_AA, 4)
        for mask in (alpha, ink) if layer.role == "ink" else (alpha,):
            cv2.fillPoly(mask, points, 255, cv2.LINE_AA, 4)
    full = np.float32(255)
    return rgb.astype(np.float32), np.divide(alpha, full, dtype=np.float32), np.divide(ink, full, dtype=np.float32)


def _colours(rng: Rng, style: Style, behind: Floats, drawing: Drawing) -> dict[str, Floats]:
    """Choose colours: ink that can be told from what is behind it, also where the drawing brings its own ground."""
    roles = {layer.role for layer in drawing}
    bright = rng.uniform(190, 255, 3) * ([1, 1, 1] if rng.random() < 0.7 else [1, 0.85, 0.4])
    ground_, field = bright, rng.uniform(10, 230, 3)
    if rng.random() < 0.4:
        field = np.array([rng.uniform(140, 225), rng.uniform(0, 50), rng.uniform(0, 50)])
    under = ground_ if "ground" in roles else (field if "field" in roles else behind)
    dark = float(np.mean(under)) > 110
    pick = rng.random()
    if pick < 0.55:
        ink = np.full(3, rng.uniform(0, 50) if dark else rng.uniform(205, 255))
    elif pick < 0.8:  # red to gold
        ink = np.array([rng.uniform(150, 255), rng.uniform(10, 190), rng.uniform(0, 50)])
    else:
        ink = rng.uniform(0, 255, 3)
    if abs(float(np.mean(ink) - np.mean(under))) < 55:
        ink = np.full(3, 15.0 if dark else 240.0)
    if style == "faint":
        ink = under + rng.choice([-1, 1] if 60 < np.mean(under) < 195 else [-1 if dark else 1]) * rng.uniform(18, 45)
    if style == "tattoo":
        ink = np.array([rng.uniform(10, 60), rng.uniform(15, 65), rng.uniform(25, 80)])
    strike = np.array([rng.uniform(180, 255), rng.uniform(0, 60), rng.uniform(0, 60)])
    if ink[0] > 140 > ink[1] or rng.random() < 0.12:
        strike = np.full(3, rng.uniform(0, 40))
    named = {"ink": ink, "ground": ground_, "field": field, "accent": rng.uniform(0, 255, 3), "strike": strike}
    return {role: np.asarray(np.clip(colour, 0, 255), np.float32) for role, colour in named.items()}


def _behind(canvas: Floats, size: float, at: tuple[float, float]) -> Floats:
    x, y, half = int(at[0]), int(at[1]), max(2, int(size / 2))
    part = canvas[max(0, y - half) : y + half, max(0, x - half) : x + half]
    return np.asarray(part.mean((0, 1)) if part.size else canvas.mean((0, 1)), np.float32)


def _cloth(rng: Rng) -> Drawing:
    w, h = rng.uniform(1.2, 1.58), rng.uniform(1.2, 1.58)
    field = Layer("field", (np.array([(-w, -h), (w, -h), (w, h), (-w, h)]),))
    return [field, disc(rng.uniform(1.05, 1.2), role="ground")] if rng.random() < 0.6 else [field]


def _panel(rng: Rng) -> Layer:
    w, h = rng.uniform(1.15, 1.5), rng.uniform(1.15, 1.5)
    return Layer("ground", (np.array([(-w, -h), (w, -h), (w, h), (-w, h)]),))


def _wobble(rng: Rng, *masks: Floats) -> tuple[Floats, Floats, Floats]:
    """Bend shapes as a hand does, and soften them as a spray can does."""
    coarse = rng.normal(0, 1, (2, 6, 6)).astype(np.float32) * rng.uniform(1.5, 5)
    dx, dy = (cv2.resize(c, (_PATCH, _PATCH), interpolation=cv2.INTER_CUBIC) for c in coarse)
    yy, xx = np.mgrid[0:_PATCH, 0:_PATCH].astype(np.float32)
    soft = rng.uniform(0.6, 3)
    a, b, c = (
        np.asarray(cv2.GaussianBlur(cv2.remap(m, xx + dx, yy + dy, cv2.INTER_LINEAR), (0, 0), soft), np.float32)
        for m in masks
    )
    return a, b, c


def _wave(rng: Rng, rgb: Floats, alpha: Floats, ink: Floats) -> tuple[Floats, Floats, Floats]:
    """Let cloth hang in folds: shapes shift, and light runs along."""
    yy, xx = np.mgrid[0:_PATCH, 0:_PATCH].astype(np.float32)
    turn = (xx * rng.uniform(-1, 1) + yy * rng.uniform(-0.4, 0.4)) / _PATCH * rng.uniform(3, 16) + rng.uniform(0, 6)
    shift = (np.sin(turn) * rng.uniform(0, 5)).astype(np.float32)
    moved_ = [np.asarray(cv2.remap(m, xx, yy + shift, cv2.INTER_LINEAR), np.float32) for m in (rgb, alpha, ink)]
    shade = (1 + rng.uniform(0, 0.3) * np.cos(turn)).astype(np.float32)[:, :, None]
    return np.asarray(moved_[0] * shade, np.float32), moved_[1], moved_[2]


def _view(rng: Rng, size: float, at: tuple[float, float], shape: tuple[int, ...]
          ) -> tuple[NDArray[np.float64], tuple[int, int], int, int]:  # fmt: skip
    """Give the camera's view as a homography into the part of the picture that it touches."""
    half = size / 2 * _REACH
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64)
    jitter = rng.normal(0, 0.06, (4, 2)) if rng.random() < 0.7 else np.zeros((4, 2))
    there = (square * [rng.uniform(0.85, 1.0), 1.0] + jitter) * half + np.array(at)
    x0, y0 = np.maximum(np.floor(there.min(0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(there.max(0)), [shape[1], shape[0]]).astype(int)
    source = ((square + 1) * _PATCH / 2).astype(np.float32)
    warp = np.asarray(cv2.getPerspectiveTransform(source, (there - [x0, y0]).astype(np.float32)), np.float64)
    return warp, (int(x0), int(y0)), int(x1 - x0), int(y1 - y0)


def _blend(canvas: Floats, rgb: Floats, alpha: Floats, rng: Rng, style: Style) -> None:
    """Lay the drawing over its place, in place: ink soaks in, carving shifts light, paint covers."""
    cover = alpha[:, :, None]
    if style == "tattoo":
        canvas *= 1 - cover * rng.uniform(0.5, 0.92) * (1 - rgb / 255)
    elif style == "carved":
        soft = cv2.GaussianBlur(alpha, (0, 0), max(0.6, alpha.shape[0] / 160))
        light = np.float32(rng.choice([-1, 1])) * (
            cv2.Sobel(soft, cv2.CV_32F, 1, 1) + cv2.Sobel(soft, cv2.CV_32F, 0, 1)
        )
        canvas += light[:, :, None] * np.float32(rng.uniform(40, 110)) - cover * np.float32(rng.uniform(10, 60))
        np.clip(canvas, 0, 255, out=canvas)
    else:
        if style == "photo":  # the light of the place falls on it
            local = cv2.GaussianBlur(canvas.mean(2), (0, 0), 9)[:, :, None]
            rgb = np.clip(rgb * (0.5 + 0.5 * local / max(float(local.mean()), 20.0)), 0, 255)
        canvas += cover * np.float32(rng.uniform(0.75, 1.0)) * (rgb - canvas)
