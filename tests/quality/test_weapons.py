"""image.weapon and the doubt about fire on real photos, through the detectors as they ship.

`python -m tests.quality.test_weapons` prints the tables of quality/pictures.md. Photos of guns that the head did not
learn from are named in training/vision/weapons_held_out.txt.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from evenhand.detectors.base import Detection
from evenhand.detectors.nudity import FLOOR as GORE_FLOOR
from evenhand.detectors.nudity import NudityDetector
from evenhand.detectors.weapon import FLOOR, WEAPON, WeaponDetector
from evenhand.domain import ImagePart
from tests.quality.test_pictures import MEDIA, read, wilson

ROOT = Path(__file__).parents[2]
HELD_OUT = ROOT / "training" / "vision" / "weapons_held_out.txt"
CAMERA = "image/guns_basegun"
HARMLESS = ("image/neutral", "image/qr", "image/ocr", "image/fire_smoke")
REVIEW = 0.85  # where the default policy sends a picture to people
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}

pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="needs the test pictures in ../shared/data/media")


@cache
def answers(folder: str) -> list[Detection]:
    """Give what image.weapon says: "held out": of the gun photos held out; else of the pictures of a folder."""
    if folder == "held out":
        names = HELD_OUT.read_text("utf-8").split()
        paths = [MEDIA / name for name in names if name.startswith("image/guns/")]
    else:
        held = set(HELD_OUT.read_text("utf-8").split())
        every = [path for path in sorted((MEDIA / folder).rglob("*")) if path.suffix.lower() in _SUFFIXES]
        paths = [path for path in every if folder == CAMERA or str(path.relative_to(MEDIA)) in held]
    detector, out = WeaponDetector(threads=1), []
    for start in range(0, len(paths), 8):
        out += detector.detect([ImagePart(image=read(path)) for path in paths[start : start + 8]])
    return out


def share(folder: str, bar: float) -> tuple[int, int]:
    """Count pictures of a folder that score `bar` or more, and all of them."""
    scores = [answer.scores[WEAPON] for answer in answers(folder)]
    return sum(score >= bar for score in scores), len(scores)


@pytest.mark.parametrize(("folder", "bar", "least"), [
    ("held out", FLOOR, 0.9),
    (CAMERA, FLOOR, 0.75),
])  # fmt: skip
def test_guns_are_found(folder: str, bar: float, least: float) -> None:
    hits, count = share(folder, bar)
    assert count >= 12
    assert hits >= least * count


@pytest.mark.parametrize("folder", HARMLESS)
def test_harmless_pictures_that_were_held_out_are_not_guns(folder: str) -> None:
    hits, count = share(folder, REVIEW)
    assert count > 0
    assert hits <= max(1, 0.03 * count)


def test_findings_are_those_over_the_floor() -> None:
    for answer in answers("held out"):
        assert bool(answer.findings) == (answer.scores[WEAPON] >= FLOOR)


@cache
def burning() -> list[Detection]:
    """Give what image.nudity says about every third frame of fire and smoke."""
    paths = sorted((MEDIA / "image/fire_smoke").rglob("*.jpg"))[::3]
    detector = NudityDetector(threads=1)
    return [detector.detect([ImagePart(image=read(path))])[0] for path in paths]


def test_fire_seldom_reads_as_gore() -> None:
    flags = [answer.scores["violence.graphic"] >= GORE_FLOOR for answer in burning()]
    assert np.mean(flags) <= 0.012


def tables() -> str:
    """Give the table of recall and false alarms."""
    lines = ["| pictures | n | score >= .5 | score >= .85 (review) |", "|---" * 4 + "|"]
    for folder in ("held out", CAMERA, *HARMLESS):
        cells = []
        for bar in (FLOOR, REVIEW):
            hits, count = share(folder, bar)
            low, high = wilson(hits, count)
            cells.append(f"{hits / count:.1%} ({low:.1%} to {high:.1%})")
        lines.append(f"| {folder} | {len(answers(folder))} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(tables())
