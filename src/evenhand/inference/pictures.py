"""Derived forms of a picture, made once and shared by every detector that looks at it.

A 50-megapixel photograph is scaled down one time, to the working copy; whatever a detector needs smaller is made from
that. Boxes measured on the working copy go back to the decoded picture's pixels with `to_original`.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from evenhand.domain import ImagePart
from evenhand.domain.location import Box

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray
    from PIL.Image import Image

T = TypeVar("T")

WORKING_SIDE = 1600  # px; the longest side of the working copy. Small print of a screenshot is still read at this size
_HALF_FROM, _QUARTER_FROM = 2.5, 8.0  # times smaller than the working copy, from which a half or a quarter of it serves
MIN_SIDE = 8  # px; under this nothing can be read, and scaling up only costs time


def working_copy(part: ImagePart) -> Image:
    """Give the picture with its long side at most WORKING_SIDE; a picture that is small enough is given as it is.

    Returns:
        Pillow image, RGB, shared: do not change it.
    """
    return _once(part, "pictures.working", _shrink)


def working_array(part: ImagePart) -> NDArray[np.uint8]:
    """Give the working copy as uint8 [height, width, 3], RGB, read-only."""
    return _once(part, "pictures.working.rgb", lambda _: frozen(np.asarray(working_copy(part))))


def working_grey(part: ImagePart) -> NDArray[np.uint8]:
    """Give the working copy's luma (ITU-R 601) as uint8 [height, width], read-only."""
    return _once(part, "pictures.working.grey", lambda _: frozen(np.asarray(working_copy(part).convert("L"))))


def resized(part: ImagePart, width: int, height: int) -> NDArray[np.uint8]:
    """Give the picture squeezed to exactly width x height, bilinear with antialiasing, made from the working copy.

    Args:
        part: the picture.
        width: pixels, >= 1.
        height: pixels, >= 1.

    Returns:
        uint8 [height, width, 3], RGB, read-only.
    """
    return part.view(
        ("pictures.resized", width, height), lambda _: _resize(_source(part, width, height), width, height)
    )


def fitted(part: ImagePart, side: int) -> NDArray[np.uint8]:
    """Give the picture scaled, shape kept, so that its long side is exactly `side`; made from the working copy.

    Returns:
        uint8 [height, width, 3], RGB, read-only; the short side is at least 1.
    """
    width, height = part.size
    scale = side / max(width, height)
    return resized(part, max(1, round(width * scale)), max(1, round(height * scale)))


def to_original(part: ImagePart, box: Box, *, size: tuple[int, int]) -> Box:
    """Map a box from a scaled form back to the decoded picture, and clip it there.

    Args:
        part: the picture.
        box: x0, y0, x1, y1 in pixels of the scaled form.
        size: width and height of the scaled form.
    """
    width, height = part.size
    across, down = width / size[0], height / size[1]
    x0, y0, x1, y1 = box
    return (
        min(max(x0 * across, 0.0), float(width)),
        min(max(y0 * down, 0.0), float(height)),
        min(max(x1 * across, 0.0), float(width)),
        min(max(y1 * down, 0.0), float(height)),
    )


def whole(part: ImagePart) -> Box:
    """Give the box that holds the whole picture."""
    width, height = part.size
    return (0.0, 0.0, float(width), float(height))


def frozen(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the array read-only, so that a detector cannot spoil it for the next one."""
    array.setflags(write=False)
    return array


def _shrink(image: Image) -> Image:
    import cv2
    from PIL import Image as PillowImage

    width, height = image.size
    if max(width, height) <= WORKING_SIDE:
        return image
    scale = max(width, height) / WORKING_SIDE
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    # The whole-number part of the scale by averaging blocks, the rest (less than 2) bilinear by OpenCV: together a
    # third of what Pillow takes for the same.
    blocks = np.asarray(image.reduce(int(scale)) if scale >= 2 else image)
    return PillowImage.fromarray(cv2.resize(blocks, size, interpolation=cv2.INTER_LINEAR))


def _once(part: ImagePart, key: object, make: Callable[[Image], T]) -> T:
    """Give a form that costs much to make: detectors that ask for it at the same time wait for the one that makes it.

    They begin with the same picture at the same moment, and each would otherwise shrink it for itself.
    """
    if key in part.views:
        return part.view(key, make)
    lock = part.views.setdefault("pictures.lock", RLock())
    with cast("AbstractContextManager[bool]", lock):
        return part.view(key, make)


def halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a picture of half the size, each pixel the mean of the four it stands for (fewer at an odd edge).

    Args:
        pixels: uint8 [height, width, 3].

    Returns:
        uint8 [ceil(height / 2), ceil(width / 2), 3], read-only.
    """
    import cv2
    from PIL import Image as PillowImage

    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        return frozen(np.asarray(PillowImage.fromarray(pixels).reduce(2)))
    # The same to the bit as Pillow's, in a third of its time.
    return frozen(np.asarray(cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8))


def working_level(part: ImagePart, level: int) -> NDArray[np.uint8]:
    """Give the working copy halved `level` times, shared: uint8 [height, width, 3], RGB, read-only."""
    if level == 0:
        return working_array(part)
    return _once(part, ("pictures.working.level", level), lambda _: halved(working_level(part, level - 1)))


def _source(part: ImagePart, width: int, height: int) -> Image:
    """Give the smallest of the halved working copies that still has enough pixels: what models are shown is small."""
    from PIL import Image as PillowImage

    image = working_copy(part)
    least = min(image.width / width, image.height / height)
    level = 2 if least >= _QUARTER_FROM else 1 if least >= _HALF_FROM else 0
    if level == 0:
        return image
    return _once(part, ("pictures.working.image", level), lambda _: PillowImage.fromarray(working_level(part, level)))


def _resize(image: Image, width: int, height: int) -> NDArray[np.uint8]:
    from PIL.Image import Resampling

    if image.size != (width, height):
        image = image.resize((width, height), Resampling.BILINEAR, reducing_gap=2.0)
    return frozen(np.asarray(image))
