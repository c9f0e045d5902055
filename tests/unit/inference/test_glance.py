"""The first look for letters: where it wants text to be searched for, and in which rectangles that is done."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from evenhand.inference.glance import CELL, UNIT, Glance, Window, windows

ROWS, COLUMNS = 34, 60  # cells of 960 x 544 px


def cells(*places: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    made = np.zeros((ROWS, COLUMNS), np.bool_)
    for row, column in places:
        made[row, column] = True
    return made


def inside(row: int, column: int, box: Window) -> bool:
    return box[0] <= column * CELL < box[2] and box[1] <= row * CELL < box[3]


def test_nothing_to_look_at_is_no_window() -> None:
    assert windows(cells()) == []


def test_one_cell_is_searched_with_what_is_around_it() -> None:
    ((x0, y0, x1, y1),) = windows(cells((10, 20)))
    assert (x0, y0, x1, y1) == (288, 128, 384, 224)
    assert x0 <= 18 * CELL
    assert x1 >= 23 * CELL


def test_far_stretches_are_searched_apart_and_near_ones_together() -> None:
    assert len(windows(cells((2, 2), (30, 55)))) == 2
    assert len(windows(cells((2, 2), (2, 9)))) == 1


def test_a_page_full_of_letters_is_searched_as_a_whole() -> None:
    assert windows(np.ones((ROWS, COLUMNS), np.bool_)) == [(0, 0, COLUMNS * CELL, ROWS * CELL)]


@pytest.mark.parametrize("seed", range(20))
def test_every_cell_that_is_asked_for_is_searched(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = rng.random((ROWS, COLUMNS)) < rng.choice((0.002, 0.01, 0.05))
    found = windows(wanted)
    assert all(any(inside(row, column, box) for box in found) for row, column in np.argwhere(wanted))
    assert all(side % UNIT == 0 for box in found for side in box)
    assert all(0 <= x0 < x1 <= COLUMNS * CELL and 0 <= y0 < y1 <= ROWS * CELL for x0, y0, x1, y1 in found)


def test_sees_small_words_and_leaves_plain_ground_alone() -> None:
    image = Image.new("RGB", (960, 544), "#7a8a99")
    ImageDraw.Draw(image).text((600, 400), "call 202 555 0147", fill="#e8e8e8", font=ImageFont.load_default(14))
    found = Glance(threads=1).cells(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]))
    assert found[400 // CELL, 620 // CELL : 700 // CELL].all()
    assert found[: 300 // CELL].sum() == 0
    assert found[:, : 500 // CELL].sum() == 0
