"""image.nudity and image.face on real photos: false alarms, faces found, and how much turning and shrinking costs.

`python -m tests.quality.test_pictures` prints the tables of quality/pictures.md. No picture is sexual or gory, so
only false alarms of image.nudity can be measured.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from functools import cache
from math import ceil
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from evenhand.detectors.base import Detection
from evenhand.detectors.face import FaceDetector
from evenhand.detectors.nudity import FLOOR, NudityDetector
from evenhand.domain import ImagePart
from evenhand.domain.location import Box

ROOT = Path(__file__).parents[2]
MEDIA = ROOT.parent / "shared" / "data" / "media"
LABELS = ROOT / "training" / "vision" / "face_labels.csv"
FOLDERS = (
    "image/guns",
    "image/guns_basegun",
    "image/fire_smoke",
    "image/neutral",
    "image/qr",
    "image/ocr",
    "neardup/image",
)
FACELESS = ("image/guns_basegun", "image/neutral", "image/qr", "image/ocr", "neardup/image")
SEXUAL_LIMIT = 0.005  # share of harmless pictures that the card of image-safety allows at .5
FIRE_LIMIT = 0.1145  # upper end of the card's interval for gore on fire and smoke
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
# (turn in degrees, longest side in pixels or 0 for as it is) -> least share of the faces found upright and full-size
CHANGES = {(30, 0): 0.85, (0, 256): 0.9}
MORE_CHANGES = ((0, 0), (15, 0), (30, 0), (45, 0), (90, 0), (0, 512), (0, 256))  # of the tables
SAMPLED = {"image/guns": 5, "image/fire_smoke": 3}  # the tests look at every so-manieth picture of these

pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="needs the test pictures in ../shared/data/media")


def read(path: Path) -> Image.Image:
    """Give a picture upright, and on white where it is transparent."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode in {"RGBA", "LA", "P", "PA"}:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


@cache
def answers(folder: str, *, step: int = 1) -> tuple[list[Detection], list[Detection]]:
    """Give what image.nudity and image.face say about every `step`-th picture of a folder."""
    nudity, face = NudityDetector(), FaceDetector()
    paths = [path for path in sorted((MEDIA / folder).rglob("*")) if path.suffix.lower() in _SUFFIXES][::step]
    of_nudity: list[Detection] = []
    of_face: list[Detection] = []
    for start in range(0, len(paths), 16):
        parts = [ImagePart(image=read(path)) for path in paths[start : start + 16]]
        of_nudity += nudity.detect(parts)
        of_face += face.detect(parts)
    return of_nudity, of_face


def alarms(folder: str, *, step: int = 1) -> dict[str, int]:
    """Count the pictures of a folder with a finding of each label, and all of them as `n`."""
    counts: dict[str, int] = defaultdict(int)
    for pair in zip(*answers(folder, step=step), strict=True):
        counts["n"] += 1
        for label in {finding.label for answer in pair for finding in answer.findings}:
            counts[label] += 1
    return counts


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Give the 95% interval of a share (Wilson 1927)."""
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)


@pytest.mark.parametrize("folder", FOLDERS)
def test_harmless_pictures_are_not_sexual(folder: str) -> None:
    counts = alarms(folder, step=SAMPLED.get(folder, 1))
    assert counts["n"] >= 10
    for label in ("sexual.explicit", "sexual.nudity", "sexual.suggestive"):
        assert counts[label] <= ceil(SEXUAL_LIMIT * counts["n"]), label


@pytest.mark.parametrize("folder", FOLDERS)
def test_harmless_pictures_are_not_gore(folder: str) -> None:
    counts = alarms(folder, step=SAMPLED.get(folder, 1))
    limit = FIRE_LIMIT if folder == "image/fire_smoke" else SEXUAL_LIMIT
    assert counts["violence.graphic"] <= ceil(limit * counts["n"])


@pytest.mark.parametrize("folder", FACELESS)
def test_no_face_where_there_is_none(folder: str) -> None:
    assert alarms(folder)["face.present"] == 0


def test_every_score_is_given_and_findings_are_those_over_the_floor() -> None:
    for answer in answers("image/neutral")[0] + answers("image/qr")[0]:
        assert {finding.label for finding in answer.findings} == {k for k, v in answer.scores.items() if v >= FLOOR}


@cache
def labelled() -> dict[str, list[dict[str, str]]]:
    """Give the labelled faces of each photo."""
    photos: dict[str, list[dict[str, str]]] = defaultdict(list)
    with LABELS.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["found"] == "whole":  # the others are found on a part of the photo only
                photos[row["photo"]].append(row)
    return photos


@cache
def found(*, turn: int, side: int) -> tuple[int, int]:
    """Count labelled faces that are found when the photos are turned and shrunk, and all of them."""
    detector, hits, total = FaceDetector(), 0, 0
    for photo, rows in labelled().items():
        image = read(MEDIA / photo)
        if side:
            image.thumbnail((side, side))
        # Turned about its middle without growing the canvas: a face that leaves it is not counted.
        turned = image.rotate(turn, resample=Image.Resampling.BICUBIC)
        (answer,) = detector.detect([ImagePart(image=turned)])
        boxes = [f.location.box for f in answer.findings if f.label == "face.present" and f.location.box]
        for row in rows:
            x, y = place(float(row["x"]), float(row["y"]), image.size, turn)
            if 0.05 < x / image.width < 0.95 and 0.05 < y / image.height < 0.95:
                total += 1
                hits += any(within(box, x, y) for box in boxes)
    return hits, total


def place(x: float, y: float, size: tuple[int, int], turn: int) -> tuple[float, float]:
    """Give where a point (fractions) of a picture is (pixels) once it is turned anticlockwise by so many degrees."""
    from cmath import exp, pi

    middle = complex(size[0] / 2, size[1] / 2)
    there = (complex(x * size[0], y * size[1]) - middle) * exp(-1j * pi * turn / 180) + middle
    return there.real, there.imag


def within(box: Box, x: float, y: float) -> bool:
    """Say whether a point lies in a box."""
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def test_labelled_faces_are_found_as_they_were_labelled() -> None:
    hits, total = found(turn=0, side=0)
    assert total >= 100
    assert hits >= 0.97 * total


@pytest.mark.parametrize(("turn", "side"), CHANGES)
def test_turned_and_shrunk_faces(turn: int, side: int) -> None:
    hits, total = found(turn=turn, side=side)
    assert hits >= CHANGES[turn, side] * total


@cache
def attributes() -> dict[str, list[tuple[bool, bool]]]:
    """Give (labelled so, found so) for each label and each labelled face that was inspected."""
    detector, out = FaceDetector(), defaultdict(list)
    for photo, rows in labelled().items():
        (answer,) = detector.detect([ImagePart(image=read(MEDIA / photo))])
        size = Image.open(MEDIA / photo).size
        for row in rows:
            x, y = float(row["x"]) * size[0], float(row["y"]) * size[1]
            here = [f for f in answer.findings if f.location.box and within(f.location.box, x, y)]
            if not here or any("not visible" in finding.reason for finding in here):
                continue
            labels = {finding.label for finding in here}
            if row["eyewear"]:
                for label in ("glasses", "sunglasses"):
                    out[f"face.{label}"].append((row["eyewear"] == label, f"face.{label}" in labels))
            if row["smile"]:
                out["face.smile"].append((row["smile"] == "1", "face.smile" in labels))
    return out


@pytest.mark.parametrize(("label", "recall", "false"), [
    ("face.glasses", 0.75, 0.06),
    ("face.sunglasses", 0.85, 0.05),
    ("face.smile", 0.85, 0.1),
])  # fmt: skip
def test_attributes_are_no_worse_than_the_card_says(label: str, recall: float, false: float) -> None:
    rows = attributes()[label]
    positive, negative = [hit for truth, hit in rows if truth], [hit for truth, hit in rows if not truth]
    assert sum(positive) >= recall * len(positive)
    assert sum(negative) <= false * len(negative)


def tables() -> str:
    """Give the tables of quality/pictures.md."""
    labels = ("sexual.explicit", "sexual.nudity", "sexual.suggestive", "violence.graphic", "face.present")
    lines = ["| pictures | n | " + " | ".join(labels) + " |", "|---" * (len(labels) + 2) + "|"]
    for folder in FOLDERS:
        counts = alarms(folder)
        shares = [f"{counts[label]} ({_interval(counts[label], counts['n'])})" for label in labels]
        lines.append(f"| {folder} | {counts['n']} | " + " | ".join(shares) + " |")
    lines += ["", "| turned by | longest side | n | found |", "|---|---|---|---|"]
    for turn, side in MORE_CHANGES:
        hits, total = found(turn=turn, side=side)
        lines.append(f"| {turn} | {side or 'as it is'} | {total} | {hits / total:.2f} ({_interval(hits, total)}) |")
    lines += ["", "| label | n | positive | recall | false alarms |", "|---|---|---|---|---|"]
    for label, rows in attributes().items():
        positive, negative = [hit for truth, hit in rows if truth], [hit for truth, hit in rows if not truth]
        cells = [f"{sum(hits) / len(hits):.2f} ({_interval(sum(hits), len(hits))})" for hits in (positive, negative)]
        lines.append(f"| {label} | {len(rows)} | {len(positive)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _interval(hits: int, count: int) -> str:
    low, high = wilson(hits, count)
    return f"{low:.1%} to {high:.1%}"


if __name__ == "__main__":
    sys.stdout.write(tables())
