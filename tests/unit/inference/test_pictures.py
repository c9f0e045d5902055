"""Shared forms of a picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from PIL import Image

from evenhand.domain import ImagePart
from evenhand.inference import pictures
from evenhand.testing import image_part


def _gradient(width: int, height: int) -> ImagePart:
    return ImagePart(image=Image.linear_gradient("L").resize((width, height)).convert("RGB"))


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((640, 480), (640, 480)),
        ((1600, 1600), (1600, 1600)),
        ((3200, 1000), (1600, 500)),
        ((10, 4000), (4, 1600)),
        ((20_000, 1), (1600, 1)),
    ],
)
def test_working_copy_is_bounded_and_keeps_the_shape(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert pictures.working_copy(image_part(*size)).size == wanted


def test_forms_are_made_once_and_cannot_be_changed() -> None:
    part = _gradient(2000, 1000)
    assert pictures.working_copy(part) is pictures.working_copy(part)
    for make in (pictures.working_array, pictures.working_grey, lambda p: pictures.resized(p, 224, 224)):
        array = make(part)
        assert make(part) is array
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0


def test_detectors_that_ask_at_the_same_time_share_one_working_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    part, shrink, ready = _gradient(3000, 2000), pictures._shrink, Barrier(4)
    made: list[int] = []

    def counted(image: Image.Image) -> Image.Image:
        made.append(1)
        time.sleep(0.2)  # so that all others ask while it is being made
        return shrink(image)

    def ask(make: Callable[[ImagePart], object]) -> object:
        ready.wait(30)
        return make(part)

    monkeypatch.setattr(pictures, "_shrink", counted)
    forms = (pictures.working_copy, pictures.working_array, pictures.working_grey, pictures.working_copy)
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(ask, forms))
    assert made == [1]
    assert got[0] is got[3]


@pytest.mark.parametrize("size", [(64, 48), (65, 48), (64, 47), (1, 1), (3, 1)])
def test_a_halved_picture_is_the_mean_of_its_pixels(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    assert (pictures.halved(pixels) == np.asarray(Image.fromarray(pixels).reduce(2))).all()


@pytest.mark.parametrize("side", [640, 256, 224, 80, 56])
def test_small_forms_of_a_large_picture_hardly_depend_on_the_copy_they_come_from(side: int) -> None:
    """Models are shown the same, within what their training did not notice, as if it came from the full picture."""
    noise = np.random.default_rng(4).integers(0, 256, (135, 240, 3), np.uint8)
    part = ImagePart(image=Image.fromarray(noise).resize((1920, 1080), Image.Resampling.BICUBIC))
    small = pictures.fitted(part, side)
    wanted = part.image.resize((small.shape[1], small.shape[0]), Image.Resampling.BILINEAR)
    assert np.abs(small.astype(int) - np.asarray(wanted)).mean() < 4


def test_a_small_form_shows_the_same_picture() -> None:
    small = pictures.resized(_gradient(3000, 3000), 64, 64)
    wanted = np.asarray(Image.linear_gradient("L").resize((64, 64)))
    assert small.shape == (64, 64, 3)
    assert np.abs(small[..., 0].astype(int) - wanted).max() <= 3


@pytest.mark.parametrize(("size", "wanted"), [((200, 100), (128, 64)), ((1, 700), (1, 128)), ((64, 64), (128, 128))])
def test_fitted_has_the_long_side_asked_for(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    height, width, _ = pictures.fitted(image_part(*size), 128).shape
    assert (width, height) == wanted


def test_boxes_go_back_to_the_decoded_picture_and_stay_inside() -> None:
    part = image_part(3200, 1600)
    size = pictures.working_copy(part).size
    assert pictures.to_original(part, (10, 20, 30, 40), size=size) == (20.0, 40.0, 60.0, 80.0)
    assert pictures.to_original(part, (-5, -5, 9999, 9999), size=size) == pictures.whole(part)
