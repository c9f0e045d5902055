"""PDQ: the reference implementation's bits, and what a hash withstands."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from evenhand.matching import pdq


def drawn(seed: int, size: tuple[int, int]) -> Image.Image:
    """Draw coloured boxes on a slope. Whole-number arithmetic only, so every machine draws the same picture."""
    width, height = size
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], axis=-1).astype(
        np.uint8
    )
    for _ in range(30):
        x0, x1 = sorted(rng.randint(0, width + 1, 2))
        y0, y1 = sorted(rng.randint(0, height + 1, 2))
        pixels[y0:y1, x0:x1] = rng.randint(0, 256, 3)
    return Image.fromarray(pixels)


def hashed(image: Image.Image) -> pdq.PictureHash:
    return pdq.hash_luma(np.asarray(image.convert("F")))


# Recorded with pdqhash 0.2.8, which wraps the authors' C++ code.
GOLDEN = [
    (1, (512, 512), "2e184439875c1e3807dc1e3c88cc1ebddfc40ff8e95aabf87726ebe1607b5005", 100),
    (2, (640, 480), "41a3103cac5a604b61b3c46ca13e933ad6a625bc5b477ac736ed353bddd69a50", 100),
    (3, (300, 201), "bebc1ffe2ebc037a03b4a59919662e59a8f6017e043c10460458bba3ffc3e785", 100),
    (4, (100, 128), "c00c7206c09cab111ea5ab525ea4afd857fcefd827fc7f982fd0dbb1ae440445", 100),
    (5, (63, 65), "f54cfb8ffd164e32ee13ad3aee83a572ae141612b400aebef5c3aa830c385415", 100),
    (6, (1601, 999), "1456b0fb90d6f0e115d6aaa355e7a92b1d5e7ea13ea5690ea85ec03dd2bc0554", 100),
]


@pytest.mark.parametrize(("seed", "size", "wanted", "quality"), GOLDEN)
def test_agrees_with_the_reference(seed: int, size: tuple[int, int], wanted: str, quality: int) -> None:
    found = hashed(drawn(seed, size))
    # 2 bits of room: a frequency that lies on the median may fall either way with another build of the matrix product.
    assert pdq.distance(found.turns[0], pdq.from_hex(wanted)) <= 2
    assert found.quality == quality


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg 30": lambda image: _jpeg(image, 30),
    "half size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "double size": lambda image: image.resize((image.width * 2, image.height * 2)),
    "other shape": lambda image: image.resize((400, 300)),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "blur": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "brighter": lambda image: image.point(lambda value: min(255, value + 20)),
}


@pytest.mark.parametrize("edit", list(EDITS), ids=str)
def test_the_same_picture_after_an_edit(edit: str) -> None:
    for seed in range(5):
        image = drawn(seed, (512, 400))
        changed = hashed(EDITS[edit](image))
        assert pdq.distance(hashed(image).turns[0], changed.turns[0]) <= pdq.MATCH_DISTANCE


TRANSPOSES = [  # Pillow turns to the left
    (1, Image.Transpose.FLIP_LEFT_RIGHT),
    (2, Image.Transpose.FLIP_TOP_BOTTOM),
    (3, Image.Transpose.ROTATE_180),
    (4, Image.Transpose.TRANSPOSE),
    (5, Image.Transpose.ROTATE_270),
    (6, Image.Transpose.ROTATE_90),
    (7, Image.Transpose.TRANSVERSE),
]


@pytest.mark.parametrize(("row", "transpose"), TRANSPOSES)
def test_mirrored_and_turned(row: int, transpose: Image.Transpose) -> None:
    image = drawn(11, (512, 512))
    own, other = hashed(image), hashed(image.transpose(transpose))
    # A picture so changed is found by its own hash among the original's eight, and in no other row.
    distances = [pdq.distance(turn, other.turns[0]) for turn in own.turns]
    assert distances[row] <= pdq.MATCH_DISTANCE
    assert min(distances[:row] + distances[row + 1 :]) > pdq.MATCH_DISTANCE


def test_different_pictures_are_far_apart() -> None:
    hashes = [hashed(drawn(seed, (256, 256))).turns[0] for seed in range(12)]
    nearest = min(pdq.distance(one, other) for i, one in enumerate(hashes) for other in hashes[:i])
    assert nearest > 2 * pdq.MATCH_DISTANCE


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (512, 512), (40, 90, 200)),
        Image.new("RGB", (1, 1)),
        drawn(7, (4, 900)),  # too thin, as in the reference
        Image.linear_gradient("L"),
    ],
    ids=["one colour", "one pixel", "thin", "slope"],
)
def test_a_flat_picture_has_low_quality(image: Image.Image) -> None:
    assert hashed(image).quality < pdq.MIN_QUALITY


def test_hex_goes_both_ways() -> None:
    found = hashed(drawn(1, (128, 128)))
    assert np.array_equal(pdq.from_hex(found.hex), found.turns[0])
    assert pdq.from_hex(" " + found.hex.upper() + "\n").tolist() == found.turns[0].tolist()


@pytest.mark.parametrize("text", ["", "ab", "g" * 64, "0" * 63, "0" * 66, "00" * 24 + " " * 15 + "0"])
def test_bad_hex_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal digits"):
        pdq.from_hex(text)
