"""Regions are where the class activation map is high, in fractions of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.detectors.regions import GRID, MOST, WHOLE, boxes, margin, spread
from evenhand.domain.location import Box


def hill(*cells: tuple[int, int], height: float = 6.0) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    grid = np.full((7, 7), -4.0, np.float32)
    for y, x in cells:
        grid[y, x] = height
    return grid


def close(one: Box, two: Box, by: float) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, two, strict=True))


def test_margin_of_two_classes_is_their_difference_and_of_more_the_log_odds() -> None:
    rng = np.random.default_rng(1)
    two, three = (rng.normal(size=(n, 7, 7)).astype(np.float32) for n in (2, 3))
    np.testing.assert_allclose(margin(two, 1), two[1] - two[0], atol=1e-6)
    share = np.exp(three[1]) / np.exp(three).sum(axis=0)
    np.testing.assert_allclose(margin(three, 1), np.log(share / (1 - share)), atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "window", "wanted"),
    [
        ((3, 3), WHOLE, (3 / 7, 3 / 7, 4 / 7, 4 / 7)),
        ((0, 6), WHOLE, (6 / 7, 0.0, 1.0, 1 / 7)),
        # a picture twice as wide as high, fitted into the square: the map reaches over its top and foot
        ((3, 0), (0.0, -0.5, 1.0, 1.5), (0.0, 0.36, 1 / 7, 0.64)),
        # the middle of the picture only
        ((3, 3), (1 / 16, 1 / 16, 15 / 16, 15 / 16), (0.4375, 0.4375, 0.5625, 0.5625)),
    ],
)
def test_one_cell_gives_a_box_around_it(cell: tuple[int, int], window: Box, wanted: Box) -> None:
    (box,) = boxes(spread(hill(cell), window), floor=0.0)
    assert close(box, wanted, by=2 / GRID)


def test_two_hills_give_two_boxes_the_stronger_first() -> None:
    cells = hill((1, 1)) + hill((5, 5), (5, 4)) + 4.0
    first, second = boxes(spread(cells, WHOLE), floor=0.0)
    assert first[0] > 0.4
    assert second[2] < 0.45


def test_there_are_never_many_boxes() -> None:
    cells = hill(*[(y, x) for y in (0, 2, 4, 6) for x in (0, 2, 4, 6)])
    assert len(boxes(spread(cells, WHOLE), floor=0.0)) == MOST


@pytest.mark.parametrize("height", [-4.0, 0.0, 6.0])
def test_a_flat_map_gives_the_whole_picture(height: float) -> None:
    assert boxes(np.full((GRID, GRID), height, np.float32), floor=0.0) == [WHOLE]


def test_evidence_under_the_floor_gives_the_whole_picture() -> None:
    assert boxes(spread(hill((3, 3)), WHOLE), floor=6.5) == [WHOLE]
