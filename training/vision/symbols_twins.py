"""Innocent twins of the symbols: religious signs first, then what only looks alike, and signs against hate.

`HELD_BACK` kinds are never trained on: they tell how the detector takes shapes that nobody thought of.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.vision.symbols_shapes import (
    SYMBOLS,
    Drawing,
    Layer,
    Rng,
    bar,
    circle,
    disc,
    flipped,
    hooks,
    moved,
    path,
    polygon,
    ring,
    sig_rune,
    turned,
)


def _upright(rng: Rng) -> Drawing:
    """Give an upright swastika to either side, a little tilted as photos are."""
    out = hooks(thick=rng.uniform(0.16, 0.5), hook=rng.uniform(0.55, 1.0))
    if rng.random() < 0.5:
        out = flipped(out)
    return moved(out, degrees=rng.normal(0, 6), scale=rng.uniform(0.7, 0.95))


def swastika(rng: Rng) -> Drawing:
    """Upright and bare: on doors, maps, thresholds and the chests of statues."""
    out = _upright(rng)
    if rng.random() < 0.35:
        out.insert(0, disc(1.3, role="ground"))
    if rng.random() < 0.2:
        out.append(ring(1.25, rng.uniform(0.05, 0.15)))
    return out


def dotted_swastika(rng: Rng) -> Drawing:
    """Hindu and Jain: a dot in each quarter, at times with curved or flared ends, tilted more freely."""
    out = hooks(thick=rng.uniform(0.12, 0.32), hook=rng.uniform(0.55, 1.0))
    size, far = rng.uniform(0.07, 0.15), rng.uniform(0.4, 0.58)
    role = "accent" if rng.random() < 0.3 else "ink"
    out += [disc(size, at=(x * far, y * far), role=role) for x in (-1, 1) for y in (-1, 1)]  # type: ignore[arg-type]
    if rng.random() < 0.4:
        for arm in range(4):
            out += moved([disc(0.16, at=(0.95, -1.0))], degrees=90 * arm)
    if rng.random() < 0.5:
        out = flipped(out)
    out = moved(out, degrees=rng.uniform(-25, 25), scale=rng.uniform(0.65, 0.9))
    if rng.random() < 0.3:
        out.insert(0, disc(1.3, role="ground"))
    return out


def lotus_swastika(rng: Rng) -> Drawing:
    """Temple style: an upright swastika within petals."""
    petals = int(rng.choice([8, 12, 16]))
    out: Drawing = []
    for petal in range(petals):
        one = np.array([(0.0, -1.35), (0.2, -1.05), (0.12, -0.8), (-0.12, -0.8), (-0.2, -1.05)])
        role = "accent" if petal % 2 else "field"
        out.append(Layer(role, (turned(one, 360 / petals * petal),)))  # type: ignore[arg-type]
    out.append(disc(0.92, role="ground"))
    return out + moved(_upright(rng), scale=0.68)


def frieze(rng: Rng) -> Drawing:
    """Draw a temple band: upright swastikas in a row."""
    one = hooks(thick=rng.uniform(0.2, 0.4), hook=1.0)
    if rng.random() < 0.5:
        one = flipped(one)
    out = [shape for place in (-1.0, 0.0, 1.0) for shape in moved(one, scale=0.38, by=(place, 0))]
    out += [bar((-1.4, y), (1.4, y), 0.1) for y in (-0.6, 0.6)]
    return moved(out, degrees=rng.normal(0, 5))


def jain(rng: Rng) -> Drawing:
    """Draw the Jain sign: crescent and dot, three dots, swastika below."""
    out = moved(hooks(thick=rng.uniform(0.2, 0.4), hook=0.95), scale=0.55, by=(0, 0.5))
    out += [disc(0.11, at=(x, -0.35)) for x in (-0.4, 0, 0.4)]
    out.append(Layer("ink", (circle(0.4, at=(0, -0.85)),)))
    out += [disc(0.36, at=(0, -1.0), role="ground"), disc(0.1, at=(0, -1.0))]
    return moved(out, degrees=rng.normal(0, 6))


def dharma_wheel(rng: Rng) -> Drawing:
    """Draw a wheel of eight spokes, at times twelve or twenty-four; also cart wheels and rims."""
    spokes = int(rng.choice([6, 8, 8, 12, 16, 24]))
    thick = rng.uniform(0.05, 0.14)
    out: Drawing = [ring(0.9, rng.uniform(0.08, 0.22)), ring(rng.uniform(0.15, 0.3), thick)]
    for spoke in range(spokes):
        out += moved([bar((0, -0.2), (0, -1.0), thick)], degrees=360 / spokes * spoke)
        if rng.random() < 0.4:
            out += moved([disc(0.1, at=(0, -1.08))], degrees=360 / spokes * spoke)
    return moved(out, degrees=rng.uniform(0, 60))


def plain_othala(rng: Rng) -> Drawing:
    """The rune as it stands in the old alphabet, without feet."""
    thick, wide = rng.uniform(0.14, 0.32), rng.uniform(0.45, 0.7)
    out: Drawing = []
    for side in (-1, 1):
        out += path([(0, -0.95), (side * wide, -0.38), (-side * wide, 0.9)], thick)
    return moved(out, degrees=rng.normal(0, 7))


def long_cross(rng: Rng) -> Drawing:
    """Draw a cross with a long foot, half the time with the ring of a church's high cross."""
    thick, foot = rng.uniform(0.14, 0.36), rng.uniform(1.3, 1.5)
    out: Drawing = [bar((-0.62, -0.5), (0.62, -0.5), thick), bar((0, -1.2), (0, foot), thick * rng.uniform(1, 1.4))]
    if rng.random() < 0.6:
        out.append(ring(rng.uniform(0.36, 0.5), rng.uniform(0.08, 0.2), at=(0, -0.5)))
    if rng.random() < 0.4:
        out.append(bar((-0.5, foot), (0.5, foot), 0.25))
    return moved(out, degrees=rng.normal(0, 6))


def pattee(rng: Rng) -> Drawing:
    """Draw a cross whose arms widen, alone or within a ring."""
    arm = np.array([(-0.1, 0.0), (-rng.uniform(0.25, 0.5), -1.0), (0.0, -1.0), (0.1, 0.0)])
    arm[2, 0] = -arm[1, 0]
    out: Drawing = [Layer("ink", (turned(arm, 90 * i),)) for i in range(4)]
    if rng.random() < 0.5:
        out.append(ring(rng.uniform(1.05, 1.2), rng.uniform(0.06, 0.16)))
    return moved(out, degrees=rng.normal(0, 8))


def star(rng: Rng) -> Drawing:
    """Draw a star of four to twelve points, filled, drawn as a line, or two triangles."""
    points, turn = int(rng.integers(4, 13)), rng.uniform(-10, 10)
    if rng.random() < 0.3:
        out: Drawing = []
        for side in (0, 180):
            corners = [(np.sin(np.deg2rad(a + side)), -np.cos(np.deg2rad(a + side))) for a in (0, 120, 240, 0)]
            out += path(corners, rng.uniform(0.08, 0.2))
        return moved(out, degrees=turn)
    inner = rng.uniform(0.3, 0.7)
    angles = np.deg2rad(np.arange(2 * points) * 180 / points)
    radii = np.where(np.arange(2 * points) % 2, inner, 1.0)
    outline = np.stack([np.sin(angles) * radii, -np.cos(angles) * radii], 1)
    layers: Drawing = [Layer("ink", (outline, outline * rng.uniform(0.5, 0.8)) if rng.random() < 0.3 else (outline,))]
    return moved(layers, degrees=turn)


def plus(rng: Rng) -> Drawing:
    """Draw a plus, an x or a medical cross, at times on a disc."""
    thick = rng.uniform(0.12, 0.7)
    out: Drawing = [bar((-1, 0), (1, 0), thick), bar((0, -1), (0, 1), thick)]
    if rng.random() < 0.4:
        out.insert(0, disc(1.35, role="ground"))
    return moved(out, degrees=float(rng.choice([0, 45])) + rng.normal(0, 6), scale=0.9)


def windmill(rng: Rng) -> Drawing:
    """Draw three to six sails or blades about a hub, some with a tower."""
    blades = int(rng.choice([3, 4, 4, 4, 5, 6]))
    wide, skew = rng.uniform(0.12, 0.5), rng.uniform(0.0, 0.6)
    blade = np.array([(0.0, 0.0), (0.04, -1.0), (wide, -1.0), (wide + skew * 0.3, -0.35)])
    out: Drawing = [Layer("ink", (turned(blade, 360 / blades * i),)) for i in range(blades)]
    out = moved(out, degrees=rng.uniform(0, 90))
    if rng.random() < 0.5:
        out.insert(0, polygon((-0.12, 0), (0.12, 0), (0.3, 1.4), (-0.3, 1.4), role="accent"))
    out.append(disc(rng.uniform(0.08, 0.2)))
    return flipped(out) if rng.random() < 0.5 else out


def fan(rng: Rng) -> Drawing:
    """Draw round blades, in a cage half the time."""
    blades, reach = int(rng.integers(3, 7)), rng.uniform(0.3, 0.42)
    out: Drawing = []
    for i in range(blades):
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        oval = np.stack([np.cos(turn) * reach * 0.7 + 0.15, np.sin(turn) * reach - 0.55], 1)
        out.append(Layer("ink", (turned(oval, 360 / blades * i),)))
    out.append(disc(0.2))
    if rng.random() < 0.5:
        out += [ring(r, 0.05) for r in (1.1, 0.8, 0.5)]
    return moved(out, degrees=rng.uniform(0, 90))


def gear(rng: Rng) -> Drawing:
    """Draw a toothed wheel with a hole or spokes."""
    teeth = int(rng.integers(6, 17))
    out: Drawing = [ring(0.65, rng.uniform(0.2, 0.5))]
    for i in range(teeth):
        tooth = polygon((-0.13, -0.75), (-0.09, -1.05), (0.09, -1.05), (0.13, -0.75))
        out += moved([tooth], degrees=360 / teeth * i)
    if rng.random() < 0.4:
        out += [bar((-0.6, 0), (0.6, 0), 0.15), bar((0, -0.6), (0, 0.6), 0.15)]
    return moved(out, degrees=rng.uniform(0, 60))


def hash_sign(rng: Rng) -> Drawing:
    """Draw a hash sign, a window or a lattice."""
    thick, lean, off = rng.uniform(0.1, 0.3), rng.uniform(0, 0.3), rng.uniform(0.25, 0.45)
    out: Drawing = [bar((-1, s * off), (1, s * off), thick) for s in (-1, 1)]
    out += [bar((s * off + lean, -1), (s * off - lean, 1), thick) for s in (-1, 1)]
    return moved(out, degrees=float(rng.choice([0, 0, 45])) + rng.normal(0, 8))


def snowflake(rng: Rng) -> Drawing:
    """Draw six branching arms."""
    thick = rng.uniform(0.06, 0.14)
    arm: Drawing = [bar((0, 0), (0, -1), thick)]
    for place in (0.45, 0.7):
        for side in (-1, 1):
            arm.append(bar((0, -place), (side * 0.25, -place - 0.2), thick))
    out = [shape for i in range(6) for shape in moved(arm, degrees=60 * i)]
    return moved(out, degrees=rng.uniform(0, 60))


def spinner_logo(rng: Rng) -> Drawing:
    """Draw a made-up logo: arms bent, curled or cut about a centre, three to six fold."""
    fold = int(rng.choice([3, 3, 4, 5, 6]))
    if fold != 4 and rng.random() < 0.5:
        return moved(
            hooks(thick=rng.uniform(0.2, 0.4), hook=rng.uniform(0.4, 0.7), fold=fold), degrees=rng.uniform(0, 90)
        )
    thick, out = rng.uniform(0.15, 0.4), []
    bend, reach = rng.uniform(30, 100), rng.uniform(0.35, 0.7)
    for i in range(fold):
        angles = np.deg2rad(np.linspace(0, bend, 7))
        arc = [(reach + reach * -np.cos(a), -reach * np.sin(a)) for a in angles]
        out += moved(path(arc, thick, round_ends=True), degrees=360 / fold * i)
    out = moved(out, degrees=rng.uniform(0, 90))
    return flipped(out) if rng.random() < 0.5 else out


def cycle_arrows(rng: Rng) -> Drawing:
    """Draw two to four arrows that chase each other, or four that point away."""
    fold, thick = int(rng.choice([2, 3, 4])), rng.uniform(0.14, 0.28)
    out: Drawing = []
    for i in range(fold):
        angles = np.deg2rad(np.linspace(0, 250 / fold, 8))
        arc = [(0.8 * np.sin(a), -0.8 * np.cos(a)) for a in angles]
        tip = angles[-1]
        head = np.array([(0.0, -0.8 - thick * 1.3), (thick * 2, -0.8), (0.0, -0.8 + thick * 1.3)])
        out += moved([*path(arc, thick), Layer("ink", (turned(head, float(np.rad2deg(tip))),))], degrees=360 / fold * i)
    out = moved(out, degrees=rng.uniform(0, 90))
    return flipped(out) if rng.random() < 0.5 else out


def single_bolt(rng: Rng) -> Drawing:
    """Draw one lightning sign, in a triangle or disc half the time; at times three of them."""
    bolt = sig_rune(thick=rng.uniform(0.2, 0.4), lean=rng.uniform(0.2, 0.45), pointed=bool(rng.random() < 0.7))
    kind = rng.random()
    if kind < 0.4:
        out = moved(bolt, scale=0.6, by=(0, 0.2))
        frame = [(0, -1.2), (1.2, 0.95), (-1.2, 0.95), (0, -1.2)]
        out = [*path(frame, 0.15, round_ends=True), *out] if kind < 0.25 else [disc(1.1, role="ground"), *out]
    elif kind < 0.55:
        out = [shape for x in (-0.8, 0.0, 0.8) for shape in moved(bolt, scale=0.8, by=(x, 0))]
    else:
        out = bolt
    return moved(out, degrees=rng.uniform(-15, 15))


def letters(rng: Rng) -> Drawing:
    """Draw pairs of angular letters and digits: S, Z, N, X, K, H, 5, 2, 7."""
    glyphs = {
        "S": [(0.4, -0.9), (-0.4, -0.9), (-0.4, 0), (0.4, 0), (0.4, 0.9), (-0.4, 0.9)],
        "Z": [(-0.4, -0.9), (0.4, -0.9), (-0.4, 0.9), (0.4, 0.9)],
        "N": [(-0.4, 0.9), (-0.4, -0.9), (0.4, 0.9), (0.4, -0.9)],
        "5": [(0.4, -0.9), (-0.4, -0.9), (-0.4, -0.1), (0.2, -0.1), (0.4, 0.4), (0.2, 0.9), (-0.4, 0.9)],
        "7": [(-0.4, -0.9), (0.4, -0.9), (-0.1, 0.9)],
        "W": [(-0.5, -0.9), (-0.25, 0.9), (0, -0.2), (0.25, 0.9), (0.5, -0.9)],
    }
    thick = rng.uniform(0.16, 0.32)
    pair = rng.choice(list(glyphs), 2) if rng.random() < 0.5 else [str(rng.choice(list(glyphs)))] * 2
    out = [s for x, name in zip((-0.6, 0.6), pair, strict=True) for s in moved(path(glyphs[name], thick), by=(x, 0))]
    return moved(out, degrees=rng.normal(0, 6))


def crosshair(rng: Rng) -> Drawing:
    """Draw a sight or a place marker: thin lines, a gap or a dot in the middle, or all inside the ring."""
    thick, radius = rng.uniform(0.04, 0.13), rng.uniform(0.6, 0.85)
    inner = rng.uniform(0.2, 0.5) if rng.random() < 0.6 else 0.0
    outer = radius if rng.random() < 0.35 else 1.0
    out: Drawing = [ring(radius, thick * rng.uniform(0.8, 2.0))]
    for i in range(4):
        out += moved([bar((0, -inner), (0, -outer), thick)], degrees=90 * i)
    if rng.random() < 0.4:
        out.append(disc(rng.uniform(0.08, 0.25)))
    return moved(out, degrees=rng.normal(0, 6))


def quartered(rng: Rng) -> Drawing:
    """Draw a circle with a thick cross that stays inside: earth sign, wheel cross, window, button."""
    thick = rng.uniform(0.14, 0.4)
    out: Drawing = [ring(0.95 - thick / 2, thick * rng.uniform(0.6, 1.2)), bar((-0.8, 0), (0.8, 0), thick)]
    out.append(bar((0, -0.8), (0, 0.8), thick))
    return moved(out, degrees=float(rng.choice([0, 45])) + rng.normal(0, 8))


def compass(rng: Rng) -> Drawing:
    """Draw a compass rose."""
    out: Drawing = [ring(0.7, 0.06)]
    for i in range(8):
        long = 1.1 if i % 2 == 0 else 0.75
        out += moved([polygon((0, -long), (0.14, -0.14), (0, 0), (-0.14, -0.14))], degrees=45 * i)
    return moved(out, degrees=rng.uniform(-20, 20))


def ribbon(rng: Rng) -> Drawing:
    """Draw an awareness ribbon."""
    thick = rng.uniform(0.2, 0.35)
    top = [(0.35 * np.sin(a), -0.55 - 0.4 * np.cos(a)) for a in np.linspace(-2.0, 2.0, 11)]
    return moved(path([(0.6, 1.0), *top, (-0.6, 1.0)], thick), degrees=rng.normal(0, 8))


def tetris(rng: Rng) -> Drawing:
    """Draw blocks of four squares, and a maze corner."""
    cells = [[(0, 0), (1, 0), (1, 1), (2, 1)], [(0, 0), (0, 1), (1, 1), (0, 2)], [(0, 0), (0, 1), (0, 2), (1, 2)]]
    out: Drawing = []
    for x, y in cells[int(rng.integers(3))]:
        a, b = x * 0.7 - 1, y * 0.7 - 1
        out.append(polygon((a, b), (a + 0.66, b), (a + 0.66, b + 0.66), (a, b + 0.66)))
    return moved(out, degrees=float(rng.choice([0, 45, 90])))


def struck(rng: Rng) -> Drawing:
    """Draw a symbol with a prohibition sign over it, or crossed out: against hate."""
    out = moved(_any_symbol(rng), scale=rng.uniform(0.6, 0.95))
    thick = rng.uniform(0.12, 0.24)
    slash = [bar((-0.85, -0.85), (0.85, 0.85), thick, role="strike")]
    if rng.random() < 0.65:
        over = [ring(1.15, thick, role="strike"), *slash]
    else:
        over = moved([*slash, bar((-0.85, 0.85), (0.85, -0.85), thick, role="strike")], scale=1.15)
    over = flipped(over) if rng.random() < 0.5 else over
    return out + moved(over, degrees=rng.normal(0, 6))


def binned(rng: Rng) -> Drawing:
    """Draw a figure that throws a symbol into a bin."""
    symbol = moved(_any_symbol(rng), degrees=rng.uniform(0, 360), scale=rng.uniform(0.4, 0.55), by=(0.65, -0.45))
    out: Drawing = [polygon((0.25, 0.4), (1.2, 0.4), (1.1, 1.35), (0.35, 1.35)), *symbol]
    out += [disc(0.2, at=(-0.7, -0.95)), *path([(-0.7, -0.7), (-0.7, 0.3), (-0.95, 1.35)], 0.26, round_ends=True)]
    out += path([(-0.7, 0.3), (-0.4, 1.35)], 0.22, round_ends=True)
    out += path([(-0.7, -0.5), (-0.25, -0.25), (0.15, -0.5)], 0.16, round_ends=True)
    return flipped(out) if rng.random() < 0.5 else out


def _any_symbol(rng: Rng) -> Drawing:
    names = list(SYMBOLS)
    weights = np.array([0.5, *[0.5 / (len(names) - 1)] * (len(names) - 1)])  # such signs mostly show the first
    return SYMBOLS[str(rng.choice(names, p=weights))](rng)


Maker = Callable[[Rng], Drawing]
RELIGIOUS: dict[str, Maker] = {
    "swastika": swastika,
    "dotted swastika": dotted_swastika,
    "lotus swastika": lotus_swastika,
    "frieze": frieze,
    "jain": jain,
    "dharma wheel": dharma_wheel,
    "plain othala": plain_othala,
    "long cross": long_cross,
    "cross pattee": pattee,
}
AGAINST: dict[str, Maker] = {"struck": struck, "binned": binned}
ALIKE: dict[str, Maker] = {
    "star": star, "plus": plus, "windmill": windmill, "fan": fan, "gear": gear, "hash": hash_sign,
    "snowflake": snowflake, "logo": spinner_logo, "arrows": cycle_arrows, "bolt": single_bolt, "letters": letters,
    "crosshair": crosshair, "quartered circle": quartered, "compass": compass, "ribbon": ribbon, "blocks": tetris,
}  # fmt: skip
TWINS: dict[str, Maker] = {**RELIGIOUS, **AGAINST, **ALIKE}
HELD_BACK = frozenset({"jain", "compass", "ribbon", "blocks", "fan"})
