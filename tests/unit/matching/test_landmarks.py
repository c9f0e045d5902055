"""Landmarks agree on copies, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from evenhand.matching import landmarks
from tests.unit.detectors.scenes import scene


def _find(image: Image.Image) -> landmarks.Landmarks:
    grey = ImageOps.contain(image.convert("L"), (landmarks.SIDE, landmarks.SIDE))
    return landmarks.find(np.asarray(grey))


@pytest.mark.parametrize(
    "edited",
    [
        scene(1).resize((300, 225)),
        scene(1).crop((60, 40, 420, 320)),
        scene(1).rotate(17),
        scene(1).rotate(90, expand=True),
        ImageOps.expand(scene(1), 60, "white"),
        scene(1).resize((400, 360)),
    ],
    ids=["small", "crop", "turned", "quarter turn", "framed", "squeezed"],
)
def test_a_copy_agrees(edited: Image.Image) -> None:
    assert landmarks.agreeing(_find(edited), _find(scene(1))) >= 30


@pytest.mark.parametrize("seed", range(2, 8))
def test_another_picture_does_not(seed: int) -> None:
    assert landmarks.agreeing(_find(scene(seed)), _find(scene(1))) < 8


def test_a_mirror_image_agrees_only_when_asked_mirrored() -> None:
    mirrored = ImageOps.mirror(scene(1))
    assert landmarks.agreeing(_find(mirrored), _find(scene(1))) < 8
    assert landmarks.agreeing(_find(ImageOps.mirror(mirrored)), _find(scene(1))) >= 30


def test_a_shared_corner_is_no_copy() -> None:
    """A logo in both pictures agrees with itself, but spans too little of them."""
    logo = scene(99, size=(70, 50))
    one, other = scene(1), scene(2)
    for image in (one, other):
        image.paste(logo, (400, 300))
    assert landmarks.agreeing(_find(one), _find(other)) < 8


def test_landmarks_survive_packing() -> None:
    found = _find(scene(3))
    row = landmarks.pack(found)
    back = landmarks.unpack(np.frombuffer(row, np.uint8))
    assert len(row) == landmarks.ROW_BYTES
    assert back.size == found.size
    assert np.array_equal(back.places, found.places)
    assert np.array_equal(back.bits, found.bits)


@pytest.mark.parametrize("size", [(1, 1), (448, 3), (31, 448), (448, 448)])
def test_plain_pictures_have_none(size: tuple[int, int]) -> None:
    found = landmarks.find(np.full(size, 128, np.uint8))
    assert len(found) == 0
    assert landmarks.agreeing(found, found) == 0
