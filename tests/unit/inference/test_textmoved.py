"""Lines that moved with all that is around them: the same are known, and no others are."""

from __future__ import annotations

from itertools import combinations
from string import ascii_letters, digits

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from evenhand.inference.textmoved import Moved, look_of

SIZE = (640, 200)
Grey = NDArray[np.uint8]


def page(words: str, at: tuple[int, int], *, high: int = 17, ink: int = 230, ground: int = 40, grain: int = 0) -> Grey:
    """Write words on a page, with noise as of a codec."""
    image = Image.new("L", SIZE, ground)
    ImageDraw.Draw(image).text(at, words, fill=ink, font=ImageFont.load_default(high))
    noise = np.random.default_rng(grain).integers(-6, 7, (SIZE[1], SIZE[0])) if grain else 0
    return np.asarray(np.clip(np.asarray(image, np.int16) + noise, 0, 255), np.uint8)


def quad(at: tuple[int, int], *, wide: float = 300, high: float = 22, slant: float = 0) -> NDArray[np.float32]:
    x, y = at
    corners = [[x, y], [x + wide, y + slant], [x + wide, y + high + slant], [x, y + high]]
    return np.asarray(corners, np.float32)


def found(
    before: Grey, after: Grey, there: tuple[int, int], *, tall: float = 22, **shape: float
) -> tuple[int, int] | None:
    look = look_of(before, quad((30, 40), high=tall))
    assert look is not None
    known = Moved(after, [(look, "read")]).find(quad(there, **{"high": tall, **shape}))
    return known[1] if known else None


@pytest.mark.parametrize("way", [(0, 0), (0, 97), (-11, 53), (200, -20), (300, 120)])
@pytest.mark.parametrize("beside", [(0, 0), (2, -2), (-3, 1)])
def test_a_line_is_known_wherever_it_moves(way: tuple[int, int], beside: tuple[int, int]) -> None:
    before, after = page("Call 202 555 0147", (30, 40)), page("Call 202 555 0147", (30 + way[0], 40 + way[1]), grain=1)
    there = (30 + way[0] + beside[0], 40 + way[1] + beside[1])
    assert found(before, after, there, wide=302, high=21) == way


@pytest.mark.parametrize("high", [13, 17, 22, 30])
def test_one_other_letter_is_another_line(high: int) -> None:
    alike = {"lI", "Il"}  # the same but for a row of pixels
    for one, other in combinations(digits + ascii_letters, 2):
        if one + other not in alike:
            before, after = (
                page(f"Ask {letter} now", at, high=high) for letter, at in ((one, (30, 40)), (other, (30, 90)))
            )
            assert found(before, after, (30, 90), tall=1.3 * high) is None, one + other


@pytest.mark.parametrize(
    "after", ["Call 202 555 0147.", "Call 202 555 01472", "Call 202 555 014", "", "(Call 202 555 0147"]
)
def test_a_letter_more_or_less_is_another_line(after: str) -> None:
    assert found(page("Call 202 555 0147", (30, 40)), page(after, (30, 90)), (30, 90)) is None


def test_faint_letters_are_told_apart_too() -> None:
    before, after = (page(words, at, ink=64, ground=40) for words, at in (("0147", (30, 40)), ("0141", (30, 90))))
    assert found(before, after, (30, 90)) is None


def test_what_cannot_be_compared_is_not_known() -> None:
    before = page("Call 202 555 0147", (30, 40))
    assert look_of(before, quad((30, 40), slant=9)) is None
    assert all(
        look_of(before, quad(at)) is None for at in ((30, 2), (30, 176), (4, 40), (336, 40))
    )  # it may be cut off
    assert found(before, page("Call 202 555 0147", (30, 90)), (30, 90), wide=340) is None
    assert found(before, page("Call 202 555 0147", (30, 190)), (30, 190)) is None  # half of it has left the page
    assert found(before, page("Call 202 555 0147", (30, 90), ground=90), (30, 90)) is None
