"""Long pictures are looked at in stretches that cover them, and boxes find their way back."""

from __future__ import annotations

import itertools

import pytest
from PIL import Image

from evenhand.detectors.stretches import MOST, stretches
from evenhand.domain import ImagePart
from evenhand.inference.pictures import working_copy
from evenhand.testing import image_part


@pytest.mark.parametrize(
    ("width", "height", "count"),
    [
        (640, 480, 1),
        (1600, 534, 1),  # not quite three times as long as wide
        (1600, 400, 3),
        (400, 1600, 3),
        (9000, 900, 7),
        (8000, 400, 14),
        (1280, 30_000, MOST),
        (8, 8, 1),
        (7, 8, 0),  # nothing can be seen
        (1, 1, 0),
        (1, 5000, 0),
        (8000, 20, MOST),
        (30_000, 6, 0),
    ],
)
def test_how_many(width: int, height: int, count: int) -> None:
    assert len(stretches([image_part(width, height)])) == count


@pytest.mark.parametrize("size", [(5000, 500), (500, 5000), (3200, 100), (100, 900)])
def test_they_cover_the_picture_and_overlap(size: tuple[int, int]) -> None:
    part = image_part(*size)
    axis = 0 if size[0] > size[1] else 1
    cut = stretches([part])
    ends = [(s.area[axis], s.area[axis + 2]) for s in cut]
    assert ends[0][0] == 0
    assert ends[-1][1] == max(size)
    for (begin, end), (next_begin, _) in itertools.pairwise(ends):
        assert begin < next_begin < end - 0.15 * (end - begin)


def test_boxes_go_back_to_pixels_of_the_decoded_picture() -> None:
    wide = image_part(4000, 800)
    first, *_, last = stretches([wide])
    assert first.to_picture((0.0, 0.0, 1.0, 1.0))[:2] == (0.0, 0.0)
    assert last.to_picture((0.0, 0.0, 1.0, 1.0))[2:] == (4000.0, 800.0)
    (only,) = stretches([image_part(4000, 3000)])
    assert only.to_picture((0.25, 0.5, 0.75, 2.0)) == (1000.0, 1500.0, 3000.0, 3000.0)


def test_each_says_which_picture_it_is_of() -> None:
    cut = stretches([image_part(1, 1), image_part(1600, 400), image_part(64, 64)])
    assert [stretch.picture for stretch in cut] == [1, 1, 1, 2]


def test_pieces_of_a_long_page_keep_its_detail() -> None:
    page = Image.new("RGB", (1280, 30_000), "white")
    page.paste("black", (600, 29_000, 640, 29_040))
    *_, last = stretches([ImagePart(image=page)])
    assert min(last.part.size) >= 600  # of 1,280; the working copy of the whole is 68 px wide
    assert last.area[3] == 30_000
    dark = last.part.image.convert("L").point([255] * 40 + [0] * 216).getbbox()
    assert dark is not None
    width, height = last.part.size
    box = last.to_picture((dark[0] / width, dark[1] / height, dark[2] / width, dark[3] / height))
    assert box == pytest.approx((600, 29_000, 640, 29_040), abs=3)
    assert last.scale == pytest.approx(1280 / working_copy(last.part).width)
