"""Lines known by their shape: the same letters over any ground are the same, and no other letters are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from evenhand.inference.textshape import Shape, shape_of, stands

SIZE = (640, 120)


def over(words: str, seed: int, *, ink: int = 250, high: int = 28, brightest: int = 170) -> NDArray[np.uint8]:
    """Write words on a ground of blots that is another for each seed, with noise as of a codec."""
    dice = np.random.default_rng(seed)
    small = Image.fromarray(dice.integers(10, brightest, (6, 32), dtype=np.uint8))
    image = small.resize(SIZE, Image.Resampling.BICUBIC)
    ImageDraw.Draw(image).text((30, 38), words, fill=ink, font=ImageFont.load_default(high))
    noisy = np.asarray(image, np.int16) + dice.integers(-8, 9, (SIZE[1], SIZE[0]))
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def shape(grey: NDArray[np.uint8], high: int = 28) -> Shape:
    top, bottom = 36, 42 + 1.3 * high
    made = shape_of(grey, np.asarray([[26, top], [600, top], [600, bottom], [26, bottom]], np.float32))
    assert made is not None
    return made


@pytest.mark.parametrize("words", ["Call 202 555 0147", "Where were you last night?", "BUY FOLLOWERS t.me/sells3"])
@pytest.mark.parametrize("high", [34, 44])
def test_the_same_letters_stand_on_any_ground(words: str, high: int) -> None:
    first = shape(over(words, 0, high=high), high)
    assert all(stands(first, over(words, seed, high=high)) for seed in range(1, 12))


def test_dark_letters_on_bright_grounds_do_too() -> None:
    def inked(seed: int) -> NDArray[np.uint8]:
        return np.asarray(255 - over("Where were you last night?", seed, high=34), np.uint8)

    assert all(stands(shape(inked(0), 34), inked(seed)) for seed in range(1, 12))


@pytest.mark.parametrize(("one", "other"), [*pairwise("0123456789"), *["08", "38", "17", "56", "96", "oc", "ce", "ft"]])
@pytest.mark.parametrize("place", [0, 9, 17])
def test_one_other_letter_is_another_line(one: str, other: str, place: int) -> None:
    words = "Call 202 555 01475"
    before, after = (words[:place] + letter + words[place + 1 :] for letter in (one, other))
    for high in (16, 20, 24, 28, 34, 44):
        first = shape(over(before, 0, high=high), high)
        assert not any(stands(first, over(after, seed, high=high)) for seed in range(1, 8)), high


@pytest.mark.parametrize("after", ["", "Call 202", "Call 202 555 0147 now", "Call  202 555 0147", "Quiet evening"])
def test_other_words_are_another_line(after: str) -> None:
    first = shape(over("Call 202 555 0147", 0))
    assert not any(stands(first, over(after, seed)) for seed in range(9))


def test_a_flat_bright_screen_is_no_line() -> None:
    first = shape(over("Call 202 555 0147", 0))
    for level in (0, 120, 250, 255):
        assert not stands(first, np.full((SIZE[1], SIZE[0]), level, np.uint8))


def test_small_letters_and_flat_places_have_no_shape_that_stands() -> None:
    assert shape_of(over("Call", 0), np.asarray([[26, 36], [600, 36], [600, 44], [26, 44]], np.float32)) is None
    flat = np.full((SIZE[1], SIZE[0]), 90, np.uint8)
    assert not stands(shape(flat), flat)
