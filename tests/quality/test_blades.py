"""image.weapon on drawn blades and drawn harmless things, through the detector as it ships.

**Synthetic**: drawn by `training/vision/blades_*` on plain grounds with a seed that nothing was learnt from; no real
picture of a knife was at hand. `python -m tests.quality.test_blades` prints the table of quality/pictures.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from PIL import Image

from evenhand.detectors.weapon import FLOOR, WEAPON, WeaponDetector
from evenhand.domain import ImagePart
from tests.quality.test_pictures import wilson
from training.vision import blades_scenes, blades_shapes, blades_twins

REVIEW = 0.85  # where the default policy sends a picture to people
COUNT = 12  # drawn pictures of a kind
SEED = 2026  # training drew with 11
BLADES = (*blades_shapes.LEARNT, *blades_shapes.UNSEEN)
TWINS = (*blades_twins.LEARNT, *blades_twins.UNSEEN)


@cache
def scores(kind: str) -> tuple[float, ...]:
    """Give what image.weapon says about so many drawings of a kind."""
    draw: Callable[[str, np.random.Generator], blades_shapes.Canvas]
    draw = blades_shapes.draw if kind in BLADES else blades_twins.draw
    rng = np.random.default_rng([SEED, sorted(BLADES + TWINS).index(kind)])
    pictures = []
    for _ in range(COUNT):
        ground = blades_scenes.table((480, 640, 3), rng)
        drawn, _ = blades_scenes.place(draw(kind, rng), ground, rng, hand=rng.random() < 0.3)
        pictures.append(ImagePart(image=Image.fromarray(drawn)))
    return tuple(answer.scores[WEAPON] for answer in WeaponDetector(threads=1).detect(pictures))


def found(kinds: tuple[str, ...], bar: float) -> tuple[int, int]:
    """Count drawings of these kinds that score `bar` or more, and all of them."""
    every = [score for kind in kinds for score in scores(kind)]
    return sum(score >= bar for score in every), len(every)


@pytest.mark.parametrize(("kinds", "least"), [
    (tuple(blades_shapes.LEARNT), 0.6),
    (tuple(blades_shapes.UNSEEN), 0.4),
])  # fmt: skip
def test_drawn_blades_are_found(kinds: tuple[str, ...], least: float) -> None:
    hits, count = found(kinds, FLOOR)
    assert hits >= least * count


def test_few_drawn_harmless_things_go_to_people() -> None:
    hits, count = found(TWINS, REVIEW)
    assert hits <= 0.08 * count


def main() -> None:
    """Print the table."""
    rows: dict[str, tuple[str, ...]] = {kind: (kind,) for kind in (*BLADES, *TWINS)}
    rows |= {
        "blades learnt": tuple(blades_shapes.LEARNT),
        "never learnt": tuple(blades_shapes.UNSEEN),
        "harmless": TWINS,
    }
    for bar in (FLOOR, REVIEW):
        for name, kinds in rows.items():
            hits, count = found(kinds, bar)
            low, high = wilson(hits, count)
            sys.stdout.write(f"{bar} | {name} | {hits} of {count} | {low:.3f}-{high:.3f}\n")


if __name__ == "__main__":
    main()
