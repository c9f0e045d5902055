"""BMP (Windows and OS/2 device-independent bitmaps)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from evenhand.decode.formats.base import Limits, Scanned, cut_short, trailing
from evenhand.errors import TooLargeError, UnsupportedError

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile

_MOST_RUN_LENGTH = 2 * 2**20  # bytes; Pillow unpacks run lengths in Python, some microseconds a pair of bytes
_DEPTHS = frozenset({1, 4, 8, 16, 24, 32})  # bits a pixel
_PLAIN, _RUN_LENGTHS = frozenset({0, 3}), frozenset({1, 2})  # compressions: none (3: with masks), run lengths


def scan(data: bytes, limits: Limits) -> Scanned:
    """Read the header."""
    (pixels,) = struct.unpack_from("<I", data, 10)
    (header,) = struct.unpack_from("<I", data, 14)
    compression = 0
    if header == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    limits.check_size(width, abs(height))
    if bits not in _DEPTHS or compression not in _PLAIN | _RUN_LENGTHS:
        raise _not_read()
    if compression in _RUN_LENGTHS and len(data) > _MOST_RUN_LENGTH:
        raise TooLargeError(f"a run-length BMP may have {_MOST_RUN_LENGTH:,} bytes; send it as PNG")
    notes: tuple[str, ...] = ()
    if compression in _PLAIN:
        row = (width * bits + 31) // 32 * 4
        end = pixels + row * abs(height)
        if end - row > len(data):  # of the last row, the padding may be missing; the codec sees to the rest
            raise cut_short()
        notes = trailing(data, end)
    return Scanned(data=data, width=width, height=abs(height), notes=notes)


def open_(file: BytesIO) -> ImageFile:
    """Hand the file to Pillow's BMP plugin.

    Raises:
        UnsupportedError: colours are laid out as the plugin does not read them.
    """
    from PIL.BmpImagePlugin import BmpImageFile

    try:
        return BmpImageFile(file)
    except OSError as error:
        if str(error).startswith("Unsupported BMP"):
            raise _not_read() from error
        raise


def _not_read() -> UnsupportedError:
    return UnsupportedError("the BMP lays out its colours in a way that is not read; send it as PNG")
