"""Symbols from their standard geometric descriptions, as polygons in a square from -1 to 1, x right and y down.

Few and historic: the hooked cross, the sun wheel of twelve zigzag spokes, two sig runes side by side, the short
cross within a ring, and the othala rune with feet; all are described in public registers of hate symbols and in the
literature on the National Socialist state. No emblem of a living movement and no flag is drawn. They exist only to
teach and measure a detector; the drawings are never stored in the project.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Role = Literal["ink", "accent", "ground", "field", "strike"]
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Layer:
    """Contours filled together by the even-odd rule, in one colour."""

    role: Role
    contours: tuple[Points, ...]


Drawing = list[Layer]


def turned(points: Points, degrees: float) -> Points:
    """Turn points clockwise about the origin."""
    a = np.deg2rad(degrees)
    return np.asarray(points @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]), np.float64)


def moved(drawing: Drawing, *, degrees: float = 0.0, scale: float = 1.0, by: tuple[float, float] = (0, 0)) -> Drawing:
    """Turn, scale and shift a drawing, in this order."""
    at = np.array(by, np.float64)
    return [Layer(one.role, tuple(turned(c, degrees) * scale + at for c in one.contours)) for one in drawing]


def flipped(drawing: Drawing) -> Drawing:
    """Mirror a drawing left to right."""
    return [Layer(one.role, tuple(c * np.array([-1.0, 1.0]) for c in one.contours)) for one in drawing]


def polygon(*points: tuple[float, float], role: Role = "ink") -> Layer:
    """Fill one polygon."""
    return Layer(role, (np.array(points, np.float64),))


def circle(radius: float, *, at: tuple[float, float] = (0, 0)) -> Points:
    """Give a circle as 48 points."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.asarray(np.stack([np.cos(turn), np.sin(turn)], 1) * radius + np.array(at), np.float64)


def disc(radius: float, *, at: tuple[float, float] = (0, 0), role: Role = "ink") -> Layer:
    """Fill a circle."""
    return Layer(role, (circle(radius, at=at),))


def ring(radius: float, thick: float, *, at: tuple[float, float] = (0, 0), role: Role = "ink") -> Layer:
    """Fill a ring; `radius` runs to the middle of its stroke."""
    return Layer(role, (circle(radius + thick / 2, at=at), circle(radius - thick / 2, at=at)))


def bar(start: Sequence[float], end: Sequence[float], thick: float, *, role: Role = "ink") -> Layer:
    """Fill a straight stroke with square ends."""
    a, b = np.array(start, np.float64), np.array(end, np.float64)
    along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
    side = np.array([-along[1], along[0]]) * thick / 2
    return Layer(role, (np.stack([a + side, b + side, b - side, a - side]),))


def path(points: Sequence[Sequence[float]], thick: float, *, role: Role = "ink", round_ends: bool = False) -> Drawing:
    """Fill a stroke along points, with round joints."""
    out = [bar(a, b, thick, role=role) for a, b in pairwise(points)]
    joints = points if round_ends else points[1:-1]
    return out + [disc(thick / 2, at=(float(p[0]), float(p[1])), role=role) for p in joints]


def hooks(*, thick: float, hook: float, fold: int = 4) -> Drawing:
    """Give a cross whose arms end in hooks to the right (clockwise), upright.

    Args:
        thick: of the strokes; 0.4 is the classic fifth of the side.
        hook: length of a hook from the middle of its arm; 1 reaches the corner.
        fold: number of arms.
    """
    out: Drawing = []
    for arm in range(fold):
        out += moved(
            [
                bar((0, thick / 2), (0, -1), thick),
                bar((-thick / 2, -1 + thick / 2), (hook, -1 + thick / 2), thick),
            ],
            degrees=360 / fold * arm,
        )
    return out


def hooked_cross(rng: Rng) -> Drawing:
    """Draw the hooked cross standing on a corner (35 to 55 degrees), to either side, often on a light disc.

    An upright one without more is also a religious sign: it is left to the twins, and is not what is looked for.
    """
    out = hooks(thick=rng.uniform(0.26, 0.5), hook=rng.uniform(0.7, 1.0))
    out = moved(out, degrees=45 + rng.uniform(-10, 10), scale=rng.uniform(0.75, 0.95))
    if rng.random() < 0.25:
        out = flipped(out)
    if rng.random() < 0.4:
        out = [disc(rng.uniform(1.15, 1.35), role="ground"), *out]
    if rng.random() < 0.12:
        out.append(ring(1.22, rng.uniform(0.05, 0.14)))
    return out


def sun_wheel(rng: Rng) -> Drawing:
    """Draw the wheel of twelve spokes bent like sig runes, between two rings."""
    thick, bend = rng.uniform(0.07, 0.13), rng.uniform(14, 30)
    inner, knee = rng.uniform(0.12, 0.3), rng.uniform(0.5, 0.64)
    back = knee - rng.uniform(-0.02, 0.1)
    out: Drawing = [ring(0.95, rng.uniform(0.06, 0.16))]
    for spoke in range(12):
        a, b = np.deg2rad(30.0 * spoke), np.deg2rad(30.0 * spoke + bend)
        corners = [(inner * np.sin(a), -inner * np.cos(a)), (knee * np.sin(a), -knee * np.cos(a))]
        corners += [(back * np.sin(b), -back * np.cos(b)), (0.95 * np.sin(b), -0.95 * np.cos(b))]
        out += path(corners, thick)
    middle = rng.random()
    if middle < 0.4:
        out.append(disc(inner + thick / 2))
    else:
        out.append(ring(inner, thick * rng.uniform(0.7, 1.3)))
    if rng.random() < 0.3:
        out.append(ring(knee, thick * 0.7))
    out = moved(out, degrees=rng.uniform(0, 360))
    return flipped(out) if rng.random() < 0.5 else out


def sig_rune(*, thick: float, lean: float, pointed: bool) -> Drawing:
    """Draw one sig rune, 2 high: down to the left, a jog back to the right, down to the left again."""
    top, low = (lean, -1.0), (-lean, 1.0)
    left, right = (-lean * 0.95, 0.16), (lean * 0.95, -0.16)
    if not pointed:
        return path([top, left, right, low], thick)
    half = thick / 2
    return [
        polygon(
            (lean - half, -1), (lean + half * 1.4, -1), (left[0] + thick * 1.1, -0.08), (right[0] + half, -0.16 - half),
            (low[0], 1), (right[0] - thick * 1.1, 0.08), (left[0] - half, 0.16 + half),
        )
    ]  # fmt: skip


def double_runes(rng: Rng) -> Drawing:
    """Draw two equal sig runes side by side."""
    thick, lean = rng.uniform(0.18, 0.34), rng.uniform(0.2, 0.42)
    gap = rng.uniform(0.72, 1.1)
    rune = sig_rune(thick=thick, lean=lean, pointed=bool(rng.random() < 0.6))
    out = moved(rune, by=(-gap / 2, 0)) + moved(rune, by=(gap / 2, 0))
    out = moved(out, degrees=rng.uniform(-12, 12))
    if rng.random() < 0.1:
        out = flipped(out)
    if rng.random() < 0.15:
        out.insert(0, disc(1.3, role="ground"))
    return out


def ringed_cross(rng: Rng) -> Drawing:
    """Draw the short cross of four equal thick arms within a ring that they just pass."""
    thick = rng.uniform(0.2, 0.38)
    out: Drawing = [bar((-1, 0), (1, 0), thick), bar((0, -1), (0, 1), thick)]
    out.append(ring(rng.uniform(0.58, 0.74), rng.uniform(0.7, 1.1) * thick))
    return moved(out, degrees=rng.uniform(-15, 15))


def footed_othala(rng: Rng) -> Drawing:
    """Draw the othala rune with feet: a square on its corner, two legs, and strokes upwards at their ends."""
    thick, wide = rng.uniform(0.2, 0.34), rng.uniform(0.5, 0.65)
    foot = rng.uniform(0.24, 0.42)
    out: Drawing = []
    for side in (-1, 1):
        leg = [(0, -0.95), (side * wide, -0.38), (-side * wide, 0.85)]
        out += path([*leg, (-side * (wide + foot), 0.85 - foot * rng.uniform(0.75, 1.2))], thick)
    out.append(polygon((0, -0.95 - thick * 0.7), (thick / 2, -0.95), (-thick / 2, -0.95)))
    return moved(out, degrees=rng.uniform(-12, 12))


SYMBOLS: dict[str, Callable[[Rng], Drawing]] = {
    "hooked-cross": hooked_cross,
    "sun-wheel": sun_wheel,
    "double-runes": double_runes,
    "ringed-cross": ringed_cross,
    "footed-othala": footed_othala,
}
