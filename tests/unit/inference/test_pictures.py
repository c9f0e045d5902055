"""Shared forms of a picture."""

from __future__ import annotations

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
