"""Covers a region of a picture so that what was there cannot be had back.

A mosaic or a blur is a summary, and a summary can be matched against guesses: text under a mosaic was read back by
trying candidates (Hill et al. 2016, "On the (in)effectiveness of mosaicing and blurring as tools for document
redaction"), and faces under 16 px mosaics were told apart by a network (McPherson et al. 2016, "Defeating image
obfuscation with deep learning"). What bounds such attacks is how much the summary says. So a region becomes at most
CELLS x CELLS cells whatever its size, each of LEVELS values a channel: the size of a block follows from the region, not
from a fixed number of pixels. A blur is the same few cells, drawn smoothly, so it says no more than the mosaic does.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

CELLS = 4  # cells along the longer side of a region
LEVELS = 4  # values of a channel of a cell
SMALLEST = 8  # px; side of a cell, so that a small region becomes one or two
_STEP = 256 // LEVELS


class Style(StrEnum):
    """How a region is covered."""

    PIXELATE = "pixelate"  # a few even cells
    BLUR = "blur"  # the same cells, drawn smoothly
    BOX = "box"  # black: says nothing at all


def cover(image: Image, area: tuple[int, int, int, int], style: Style) -> None:
    """Cover a region in place. It becomes opaque.

    Args:
        image: L, RGB or RGBA.
        area: left, top, right, bottom in whole pixels, inside the picture; right > left, bottom > top.
        style: how.
    """
    from PIL import Image as Pillow
    from PIL.Image import Resampling

    width, height = area[2] - area[0], area[3] - area[1]
    if style is Style.BOX:
        image.paste(Pillow.new("RGB", (width, height)).convert(image.mode), area)
        return
    block = max(SMALLEST, -(-max(width, height) // CELLS))
    grid = (-(-width // block), -(-height // block))
    cells = _opaque(image.crop(area)).resize(grid, Resampling.BOX)
    cells = cells.point([value // _STEP * _STEP + _STEP // 2 for value in range(256)] * len(cells.getbands()))
    drawn = cells.resize((width, height), Resampling.NEAREST if style is Style.PIXELATE else Resampling.BICUBIC)
    image.paste(drawn.convert(image.mode), area)


def _opaque(image: Image) -> Image:
    """Lay a see-through region over white."""
    if image.mode != "RGBA":
        return image
    from PIL import Image as Pillow

    page = Pillow.new("RGB", image.size, (255, 255, 255))
    page.paste(image, mask=image.getchannel("A"))
    return page
