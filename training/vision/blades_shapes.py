"""Drawn blades: knives, daggers, cleavers, machetes and swords from outlines, with steel, edge, guard and handle.

All are synthetic. A shape is drawn upright on a canvas of its own, point up; `blades_data` turns and places it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_Rng = np.random.Generator
Canvas = NDArray[np.uint8]  # [SIDE, SIDE, 4], RGB and cover
SIDE = 512  # px
_TOP = 20.0  # px; where the point is
_HEEL = 330.0  # px; where the blade ends in most knives


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A blade's sides as functions of how far from the point one is, and what it is held by."""

    spine: Floats  # [k, 2]: share of the length from the point, half width to the left in px
    edge: Floats  # the same, to the right: the side that is sharpened
    heel: float = _HEEL  # px; row where the blade ends
    both: bool = False  # sharpened on both sides
    guard: float = 0.0  # half length of the cross guard, in px
    handle: float = 17.0  # half width, in px
    butt: float = 490.0  # px; row where the handle ends
    teeth: bool = False  # part of the spine is a saw
    hole: bool = False  # as cleavers have


def _line(*points: tuple[float, float]) -> Floats:
    return np.array(points, np.float32)


def _chef(rng: _Rng) -> Outline:
    wide = rng.uniform(42, 75)
    return Outline(
        spine=_line((0, 0), (0.4, 10), (1, 14)), edge=_line((0, 0), (0.25, wide * 0.45), (0.65, wide * 0.85), (1, wide))
    )


def _paring(rng: _Rng) -> Outline:
    wide = rng.uniform(26, 42)
    return Outline(
        spine=_line((0, 0), (0.3, 8), (1, 9)), edge=_line((0, 0), (0.35, wide * 0.8), (1, wide)),
        heel=rng.uniform(250, 290), handle=rng.uniform(20, 26),
    )  # fmt: skip


def _cleaver(rng: _Rng) -> Outline:
    wide = rng.uniform(110, 165)
    return Outline(
        spine=_line((0, 25), (1, 25)), edge=_line((0, wide * 0.9), (0.06, wide), (1, wide * rng.uniform(0.85, 1))),
        heel=rng.uniform(260, 320), hole=rng.random() < 0.6,
    )  # fmt: skip


def _dagger(rng: _Rng) -> Outline:
    wide = rng.uniform(20, 36)
    side = _line((0, 0), (0.25, wide * 0.75), (0.8, wide), (1, wide))
    return Outline(spine=side, edge=side, both=True, guard=rng.uniform(45, 80), handle=rng.uniform(13, 19))


def _hunting(rng: _Rng) -> Outline:
    wide = rng.uniform(32, 50)
    return Outline(
        spine=_line((0, 0), (0.3, 6), (0.36, 20), (1, 22)),
        edge=_line((0, 0), (0.2, wide * 0.7), (0.5, wide), (1, wide * 0.9)),
        guard=rng.uniform(0, 55), handle=rng.uniform(18, 25), teeth=rng.random() < 0.5,
    )  # fmt: skip


def _machete(rng: _Rng) -> Outline:
    wide = rng.uniform(38, 60)
    return Outline(
        spine=_line((0, 4), (0.1, 14), (1, 16)), edge=_line((0, 8), (0.12, wide), (0.4, wide), (1, wide * 0.5)),
        heel=rng.uniform(370, 400), handle=rng.uniform(14, 19),
    )  # fmt: skip


def _tanto(rng: _Rng) -> Outline:
    wide = rng.uniform(26, 40)
    return Outline(
        spine=_line((0, 0), (0.05, 10), (1, 14)), edge=_line((0, 0), (0.18, wide), (1, wide)),
        guard=rng.uniform(0, 40), handle=rng.uniform(16, 22),
    )  # fmt: skip


def _bread(rng: _Rng) -> Outline:
    wide = rng.uniform(24, 36)
    return Outline(
        spine=_line((0, 2), (0.2, 10), (1, 12)), edge=_line((0, 4), (0.06, wide), (1, wide)), heel=rng.uniform(350, 380)
    )


def _folding(rng: _Rng) -> Outline:
    wide = rng.uniform(24, 38)
    return Outline(
        spine=_line((0, 0), (0.3, 9), (1, 10)), edge=_line((0, 0), (0.3, wide * 0.8), (0.6, wide), (1, wide * 0.7)),
        heel=rng.uniform(230, 260), handle=rng.uniform(22, 32), butt=rng.uniform(470, 500),
    )  # fmt: skip


def _karambit(rng: _Rng) -> Outline:
    wide = rng.uniform(40, 60)
    return Outline(
        spine=_line((0, -70), (0.3, -25), (0.7, 14), (1, 18)),
        edge=_line((0, 70), (0.3, 66), (0.7, wide), (1, wide * 0.7)),
        heel=rng.uniform(260, 300), handle=rng.uniform(20, 26),
    )  # fmt: skip


def _sword(rng: _Rng) -> Outline:
    wide = rng.uniform(11, 19)
    side = _line((0, 0), (0.08, wide * 0.8), (1, wide))
    return Outline(
        spine=side,
        edge=side,
        both=True,
        guard=rng.uniform(40, 75),
        heel=rng.uniform(390, 420),
        handle=rng.uniform(8, 12),
    )


def _katana(rng: _Rng) -> Outline:
    wide = rng.uniform(12, 19)
    bend = rng.uniform(4, 22)
    return Outline(
        spine=_line((0, bend), (0.5, bend * 0.3), (1, 3)),
        edge=_line((0, -bend), (0.06, wide - bend), (0.5, wide - bend * 0.3), (1, wide)),
        guard=rng.uniform(18, 30), heel=rng.uniform(370, 400), handle=rng.uniform(9, 13),
    )  # fmt: skip


LEARNT: dict[str, Callable[[_Rng], Outline]] = {
    "chef's knife": _chef, "paring knife": _paring, "cleaver": _cleaver, "dagger": _dagger, "hunting knife": _hunting,
    "machete": _machete, "bread knife": _bread, "sword": _sword,
}  # fmt: skip
UNSEEN: dict[str, Callable[[_Rng], Outline]] = {
    "tanto": _tanto, "folding knife": _folding, "karambit": _karambit, "katana": _katana
}  # fmt: skip  # never trained on: they show what the head makes of blades it does not know


def draw(kind: str, rng: _Rng) -> Canvas:
    """One blade of a kind, upright, with what surrounds it transparent."""
    outline = (LEARNT | UNSEEN)[kind](rng)
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    rows = np.arange(_TOP, outline.heel)
    share = (rows - _TOP) / (outline.heel - _TOP)
    left = SIDE / 2 - np.interp(share, outline.spine[:, 0], outline.spine[:, 1])
    right = SIDE / 2 + np.interp(share, outline.edge[:, 0], outline.edge[:, 1])
    if outline.teeth:
        left += 6 * ((rows // 9) % 2) * ((share > 0.4) & (share < 0.85))
    if kind == "bread knife":
        right += 3 * np.sin(rows / 4)
    shape = np.concatenate([np.stack([left, rows], 1), np.stack([right, rows], 1)[::-1]])
    cv2.fillPoly(canvas, [np.round(shape * 8).astype(np.int32)], (255, 255, 255, 255), cv2.LINE_AA, 3)
    _steel(canvas, rows.astype(int), left, right, outline, rng)
    if outline.hole:
        cv2.circle(canvas, (int(SIDE / 2 + 70), int(_TOP + 35)), 11, (0, 0, 0, 0), -1, cv2.LINE_AA)
    _handle(canvas, outline, rng)
    return canvas


def _steel(
    canvas: Canvas, rows: NDArray[np.int_], left: NDArray[Any], right: NDArray[Any], outline: Outline, rng: _Rng
) -> None:
    """Grey across the blade as light would fall: a streak, a brighter sharpened edge, scratches, rust."""
    across = np.arange(SIDE)[None, :]
    wide = np.maximum(right - left, 1)[:, None]
    at = (across - left[:, None]) / wide  # 0 at the spine, 1 at the edge
    base, streak, where = rng.uniform(60, 200), rng.uniform(-50, 90), rng.uniform(0.2, 0.8)
    grey = base + streak * np.exp(-(((at - where) / rng.uniform(0.08, 0.3)) ** 2))
    bevel = rng.uniform(0.06, 0.3)
    lighter = rng.uniform(15, 80)
    grey += lighter * (at > 1 - bevel)
    if outline.both:
        grey += lighter * (at < bevel) + rng.uniform(-30, 30) * (at < 0.5)
    grey += np.linspace(rng.uniform(-40, 40), rng.uniform(-40, 40), len(rows))[:, None]
    grey += cv2.GaussianBlur(rng.normal(0, 1, (len(rows), SIDE)), (0, 0), sigmaX=6, sigmaY=0.6) * rng.uniform(0, 25)
    tint = np.array([1.0, 1.0, 1.0]) + rng.uniform(-0.05, 0.05, 3)
    if rng.random() < 0.12:
        tint = np.array([1.05, 0.85, 0.7])  # rust, or warm light
    canvas[rows[0] : rows[-1] + 1, :, :3] = np.clip(grey[..., None] * tint, 0, 255).astype(np.uint8)


def _handle(canvas: Canvas, outline: Outline, rng: _Rng) -> None:
    middle, heel = SIDE // 2, int(outline.heel)
    dark = rng.random() < 0.6
    colour = (
        rng.integers(10, 60, 3)
        if dark
        else np.array([rng.integers(80, 190), rng.integers(40, 120), rng.integers(15, 80)])
    )
    paint = (*(int(c) for c in colour), 255)
    half, end, bulge = outline.handle, outline.butt, rng.uniform(0, 6)
    length = np.linspace(0, 1, 24)
    side = half + bulge * np.sin(length * np.pi * rng.integers(1, 4)) + rng.uniform(-4, 8) * length
    y = heel + (end - heel) * length
    shape = np.concatenate([np.stack([middle - side, y], 1), np.stack([middle + side, y], 1)[::-1]])
    cv2.fillPoly(canvas, [np.round(shape * 8).astype(np.int32)], paint, cv2.LINE_AA, 3)
    cv2.ellipse(canvas, (middle, int(end)), (int(side[-1]), int(side[-1] * 0.5)), 0, 0, 360, paint, -1, cv2.LINE_AA)
    shade = np.linspace(rng.uniform(0.7, 1), rng.uniform(1, 1.5), SIDE)[None, :, None]
    canvas[heel:, :, :3] = np.clip(canvas[heel:, :, :3] * shade, 0, 255).astype(np.uint8)
    if outline.guard:
        metal = int(rng.integers(50, 200))
        cv2.line(canvas, (int(middle - outline.guard), heel), (int(middle + outline.guard), heel),
                 (metal, metal, metal - 20, 255), int(rng.integers(8, 18)), cv2.LINE_AA)  # fmt: skip
    style = rng.random()
    if style < 0.45:  # rivets
        for y_at in np.linspace(heel + 25, end - 25, int(rng.integers(2, 4))):
            cv2.circle(canvas, (middle, int(y_at)), int(rng.integers(4, 7)), (190, 190, 185, 255), -1, cv2.LINE_AA)
    elif style < 0.7:  # grooves or a wrapping
        for y_at in np.arange(heel + 12, end - 6, rng.uniform(9, 18)):
            skew = int(rng.integers(-6, 7))
            cv2.line(canvas, (int(middle - half), int(y_at) - skew), (int(middle + half), int(y_at) + skew),
                     (*(int(c) // 2 for c in colour), 255), 2, cv2.LINE_AA)  # fmt: skip
