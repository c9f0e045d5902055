"""Rendered training and test rows: one picture each with one drawing, everything decided by the row's seed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.vision.symbols_scenes import SIDE, STYLES, Backgrounds, Pixels, Placed, ground, place, worn
from training.vision.symbols_shapes import SYMBOLS, Rng
from training.vision.symbols_twins import AGAINST, ALIKE, HELD_BACK, RELIGIOUS, TWINS

Split = Literal["train", "test"]
CLASSES = (*SYMBOLS, "religious", "against", "other")  # what the reader tells apart
WANTED = len(SYMBOLS)  # the first so many are symbols of hate
_HOOKED = frozenset({"swastika", "dotted swastika", "lotus swastika", "frieze"})
_SEEDS = {"train": 1, "test": 2}
# Shares of what is drawn in training: (names, share). The hooked cross and its twins have the most to tell apart.
_SHARES: tuple[tuple[tuple[str, ...], float], ...] = (
    (("hooked-cross",), 0.13),
    (tuple(name for name in SYMBOLS if name != "hooked-cross"), 0.30),
    (tuple(sorted(_HOOKED)), 0.19),
    (tuple(name for name in RELIGIOUS if name not in _HOOKED and name not in HELD_BACK), 0.10),
    (tuple(AGAINST), 0.08),
    (tuple(name for name in ALIKE if name not in HELD_BACK), 0.20),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One rendered picture."""

    pixels: Pixels  # uint8 [height, width, 3], RGB
    placed: Placed


def class_of(name: str) -> int:
    """Give the class of what is drawn, an index of CLASSES."""
    if name in SYMBOLS:
        return list(SYMBOLS).index(name)
    return WANTED + (0 if name in _HOOKED else 1 if name in AGAINST else 2)


def render(seed: int, *, split: Split, grounds: Backgrounds, name: str | None = None, style: int | None = None,
           size: tuple[int, int] = (SIDE, SIDE), drawn: tuple[float, float] = (30, 130)) -> Row:  # fmt: skip
    """Render the row of a seed.

    Args:
        seed: any whole number >= 0; the splits draw differently from the same one.
        split: also decides which photos lie under it.
        grounds: photos of that split.
        name: what to draw; None: as in training.
        style: index of STYLES; None: any.
        size: width and height, px.
        drawn: least and most px of the drawing, in equal shares of the logarithm.
    """
    rng = np.random.default_rng([_SEEDS[split], seed])
    picked = name or _pick(rng)
    for _ in range(30):
        how = STYLES[style if style is not None else int(rng.integers(len(STYLES)))]
        canvas = ground(rng, how, grounds, *size).copy()
        px = float(np.exp(rng.uniform(*np.log(drawn))))
        room = [max(side / 2 - px / 2, 4.0) for side in size]
        x, y = (float(side / 2 + rng.uniform(-r, r)) for side, r in zip(size, room, strict=True))
        maker = SYMBOLS.get(picked) or TWINS[picked]
        placed = place(canvas, maker(rng), rng, name=picked, style=how, size=px, at=(x, y))
        if placed is not None:
            return Row(worn(canvas, rng), placed)
    raise RuntimeError(f"nothing could be seen of {picked} in 30 tries")


def rows(seeds: Sequence[int], *, split: Split, media: Path, workers: int = 2) -> list[Row]:
    """Render many rows, in order."""
    chunks = [list(seeds[i : i + 100]) for i in range(0, len(seeds), 100)]
    with ProcessPoolExecutor(workers) as pool:
        done = pool.map(_chunk, chunks, [split] * len(chunks), [media] * len(chunks))
        return [row for chunk in done for row in chunk]


def _chunk(seeds: list[int], split: Split, media: Path) -> list[Row]:
    grounds = Backgrounds(media, split)
    return [render(seed, split=split, grounds=grounds) for seed in seeds]


def _pick(rng: Rng) -> str:
    shares = np.array([share for _, share in _SHARES])
    names = _SHARES[int(rng.choice(len(_SHARES), p=shares / shares.sum()))][0]
    return str(rng.choice(names))


def arrays(found: Sequence[Row]) -> tuple[Pixels, NDArray[np.float32], NDArray[np.int64]]:
    """Give pictures uint8 [n, SIDE, SIDE, 3], boxes float32 [n, 4] in px, and classes int64 [n]."""
    pixels = np.stack([row.pixels for row in found])
    boxes = np.array([row.placed.box for row in found], np.float32)
    return pixels, boxes, np.array([class_of(row.placed.name) for row in found], np.int64)
