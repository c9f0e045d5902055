"""Custom classes on drawn pictures: taught, used, and refused."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from evenhand.detectors import drawings
from evenhand.detectors.base import DetectorContext
from evenhand.detectors.classes import ClassDetector, make
from evenhand.detectors.classes_lesson import LEAST, Lesson, Sample, Trained, checked_label
from evenhand.detectors.classes_train import pictures_in, train
from evenhand.domain import CustomClass, ImagePart, Medium
from evenhand.errors import InputError, LibraryError, ModelError, RefusedLabelError
from evenhand.settings import Settings
from evenhand.testing import DetectorContract
from tests.unit.detectors.scenes import scene

SETTINGS = Settings(threads=1)


class TestContract(DetectorContract):
    def make(self) -> ClassDetector:
        return ClassDetector(threads=1)


def sticker(seed: int) -> Image.Image:
    """Put a yellow sticker with stripes somewhere on a scene."""
    rnd, image = random.Random(seed), scene(seed, size=(320, 240))
    side = rnd.randint(90, 130)
    x, y = rnd.randint(0, 320 - side), rnd.randint(0, 240 - side)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((x, y, x + side, y + side), 12, fill=(250, 220, 0), outline="black", width=5)
    for line in range(4):
        draw.line((x + 10, y + 20 + line * 20, x + side - 10, y + 20 + line * 20), "black", 8)
    return image


def _save(folder: Path, images: list[Image.Image]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(images):
        image.save(folder / f"{number:02}.png")
    return pictures_in(folder)


def lesson(name: str, positives: list[Path], against: list[Path] | None = None, label: str | None = None) -> Lesson:
    return Lesson(
        name=name,
        medium=Medium.IMAGE,
        positives=[Sample(content=path, name=path.name) for path in positives],
        against=[Sample(content=path, name=path.name) for path in against or ()],
        label=label,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("examples")
    positives = _save(folder / "with", [sticker(seed) for seed in range(16)])
    against = _save(folder / "without", [scene(seed, size=(320, 240)) for seed in range(100, 116)])
    return train(lesson("stickers", positives, against, "ads.stickers"), settings=SETTINGS)


def _quality(made: Trained) -> dict[str, Any]:
    return dict(made.made.quality)


def test_a_class_is_learnt_and_says_how_well(trained: Trained) -> None:
    one, quality = trained.made, _quality(trained)
    assert (one.name, one.label) == ("stickers", "ads.stickers")
    assert quality["examples"] + len(trained.left_out) == 16
    assert quality["found"]["of"] == quality["examples"]
    assert quality["found"]["low"] < quality["found"]["count"] / quality["found"]["of"] <= quality["found"]["high"]
    assert quality["auc"] >= 0.9
    assert quality["false_alarms_ordinary"]["count"] <= 10


def test_a_taught_class_is_found(trained: Trained) -> None:
    detector = make(DetectorContext(settings=SETTINGS, classes=lambda: [trained.made]))
    shown = [ImagePart(image=sticker(seed)) for seed in range(200, 208)]
    others = [ImagePart(image=scene(seed, size=(320, 240))) for seed in range(300, 308)] + [drawings.notice()]
    answers = detector.detect([*shown, *others])
    hits = [any(finding.label == "ads.stickers" for finding in answer.findings) for answer in answers]
    assert sum(hits[:8]) >= 6
    assert sum(hits[8:]) <= 2
    assert all(set(answer.scores) == {"ads.stickers"} for answer in answers)


def test_the_version_changes_with_the_classes(trained: Trained) -> None:
    one = trained.made
    versions = {ClassDetector(some).info.version for some in ([], [one], [replace(one, version="other")])}
    assert len(versions) == 3


@pytest.mark.parametrize(
    ("change", "words"), [({"space": "lite0 9.9"}, "train it again"), ({"weights": b"short"}, "damaged")]
)
def test_a_class_that_cannot_be_used_is_an_error(trained: Trained, change: dict[str, Any], words: str) -> None:
    spoilt: CustomClass = replace(trained.made, **change)
    with pytest.raises(ModelError, match=words):
        ClassDetector([spoilt], threads=1).detect([drawings.notice()])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ethnicity", None),
        ("uyghur_detector", None),
        ("celebrity", None),
        ("hats", "face.hats"),
        ("hats", "ads.is_muslim"),
        ("hats", "known.religion"),
    ],
)
def test_what_evenhand_refuses_is_refused_before_any_picture_is_read(name: str, label: str | None) -> None:
    with pytest.raises(RefusedLabelError):
        train(lesson(name, [Path("no such file.png")] * 20, label=label))


@pytest.mark.parametrize(
    ("name", "label", "words"),
    [
        ("Two Words", None, "lower-case"),
        ("x", None, "2 to 40"),
        ("hats", "hats", "top-level"),
        ("hats", "clothes.hats", "top-level"),
        ("hats", "ads.Hats", "top-level"),
        ("hats", "known.white", "not for classes"),
        ("white", None, "not for classes"),
        ("hats", "known.white.hats", "not for classes"),
        ("hats", "face.smile", "not for classes"),
    ],
)
def test_names_that_cannot_be_used(name: str, label: str | None, words: str) -> None:
    with pytest.raises(LibraryError, match=words):
        checked_label(name, label)


@pytest.mark.parametrize(
    ("label", "wanted"), [(None, "known.hats"), ("ads.hats", "ads.hats"), ("ads.promotion", "ads.promotion")]
)
def test_labels_of_classes(label: str | None, wanted: str) -> None:
    assert checked_label("hats", label) == wanted


def test_faces_are_no_examples(tmp_path: Path) -> None:
    faces = _save(tmp_path / "faces", [drawings.face(smile=bool(i % 2)).image for i in range(LEAST + 2)])
    with pytest.raises(LibraryError, match="mostly a face"):
        train(lesson("my_friend", faces), settings=SETTINGS)


def test_too_few_and_broken_examples_are_told(tmp_path: Path) -> None:
    few = _save(tmp_path / "few", [scene(1), scene(2)])
    broken = tmp_path / "few" / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(LibraryError, match=f"2 usable examples, at least {LEAST}"):
        train(lesson("things", [*few, broken]), settings=SETTINGS)


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder with pictures"):
        pictures_in(tmp_path)
