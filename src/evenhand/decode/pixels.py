"""Decoded pictures made alike: RGB, upright, nothing hidden by transparency, and no larger than is kept.

Large pictures are converted in strips, so that never more than one whole copy stands beside the codec's own.
Only Pillow images come in and go out; the ICC profile is not applied (colours are taken as sRGB).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from evenhand.errors import UnsupportedError

if TYPE_CHECKING:
    from PIL.Image import Image

_MODES = frozenset({"1", "L", "P", "RGB", "RGBA", "RGBX", "LA", "La", "RGBa", "PA", "CMYK", "YCbCr"})
_WIDE_GREY = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
_SEEN = 48  # alpha from which a pixel can be made out
_LIGHT = 208  # luma above which it is lost on white
_THUMB = (64, 64)


def flatten(image: Image, keep: int) -> tuple[Image, ...]:
    """Give the picture in RGB with at most `keep` pixels, as it looks on the page behind it.

    Transparency is laid over white. Where light pixels would be lost there (white letters on nothing, which show on a
    dark page), a second picture laid over black follows. Colours under full transparency are seen by nobody and stay
    out.

    Args:
        image: loaded, in any mode.
        keep: most pixels; a larger picture is shrunk by the whole factor that fits, averaging.

    Raises:
        UnsupportedError: a mode whose range of values is not known (32-bit or floating-point grey, CIE Lab).
    """
    transparent = image.has_transparency_data
    flat = _shrunk(image, "RGBA" if transparent else "RGB", shrink_factor(image.size, keep))
    if not transparent:
        return (flat,)
    white = _over(flat, (255, 255, 255))
    return (white, _over(flat, (0, 0, 0))) if _loses_on_white(flat) else (white,)


def shrink_factor(size: tuple[int, int], keep: int) -> int:
    """Give the whole factor by which both sides are divided so that at most about `keep` pixels remain."""
    return max(1, math.ceil(math.sqrt(size[0] * size[1] / keep)))


def upright(image: Image, orientation: int) -> Image:
    """Turn or mirror the picture as its EXIF orientation (1 to 8) says."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def whole(image: Image) -> Image:
    """Give the picture at full size in L, RGB or RGBA, whatever mode it came in, with nothing hidden in it.

    Colours under full transparency become black: nobody sees them, and no detector looked at them.

    Args:
        image: loaded, in any mode.

    Raises:
        UnsupportedError: a mode whose range of values is not known.
    """
    if not image.has_transparency_data:
        grey = image.mode in {"1", "L"} or image.mode in _WIDE_GREY
        return _convert(image, "L" if grey else "RGB")
    from PIL import Image as Pillow

    flat = _convert(image, "RGBA")
    bare = Pillow.new("RGBA", flat.size)
    bare.paste(flat, mask=flat.getchannel("A").point([0] + [255] * 255))
    return bare


def thumbnail(image: Image) -> Image:
    """Give a small form by which frames are compared."""
    from PIL.Image import Resampling

    return image.resize(_THUMB, Resampling.BOX)


def same(one: Image, other: Image) -> bool:
    """Say whether two thumbnails show the same: no channel of any cell differs by more than two levels of 255."""
    from PIL import ImageChops

    extrema = ImageChops.difference(one, other).getextrema()
    return all(channel[1] <= 2 for channel in extrema if isinstance(channel, tuple))


def _shrunk(image: Image, mode: str, factor: int) -> Image:
    """Convert, and divide both sides by `factor`, strip by strip."""
    from PIL import Image as Pillow

    if factor == 1:
        return _convert(image, mode)
    width, height = image.size
    small = Pillow.new(mode, (math.ceil(width / factor), math.ceil(height / factor)))
    step = factor * max(1, 2**21 // (width * factor))  # about two million pixels at a time
    for top in range(0, height, step):
        strip = _convert(image.crop((0, top, width, min(height, top + step))), mode)
        small.paste(strip.reduce(factor), (0, top // factor))
    return small


def _convert(image: Image, mode: str) -> Image:
    if image.mode in _WIDE_GREY:
        # Pillow has clipped here in some versions instead of scaling; 32-bit arithmetic is the same in all.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert(mode)
    if image.mode not in _MODES:
        raise UnsupportedError(f"pictures with {image.mode} pixels are not read; send 8 or 16 bits a channel")
    if image.mode in {"La", "RGBa"}:
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    return image.convert(mode)


def _over(image: Image, colour: tuple[int, int, int]) -> Image:
    """Lay an RGBA picture over one colour."""
    from PIL import Image as Pillow

    page = Pillow.new("RGB", image.size, colour)
    page.paste(image, mask=image.getchannel("A"))
    return page


def _loses_on_white(image: Image) -> bool:
    """Say whether light pixels can be made out beside transparent ones: at least 16, and 1 in 5,000."""
    from PIL import ImageChops

    alpha = image.getchannel("A")
    clear = sum(alpha.histogram()[:_SEEN])
    light = image.convert("RGB").convert("L").point([0] * _LIGHT + [255] * (256 - _LIGHT))
    seen = alpha.point([0] * _SEEN + [255] * (256 - _SEEN))
    lost = ImageChops.darker(light, seen).histogram()[255]
    least = max(16, image.width * image.height // 5000)
    return clear >= least and lost >= least
