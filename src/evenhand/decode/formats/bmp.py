"""BMP (Windows and OS/2 device-independent bitmaps)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from evenhand.decode.formats.base import Limits, Scanned
from evenhand.errors import TooLargeError

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile

_MOST_RUN_LENGTH = 2 * 2**20  # bytes; Pillow unpacks run lengths in Python, some microseconds a pair of bytes


def scan(data: bytes, limits: Limits) -> Scanned:
    """Read the header."""
    (header,) = struct.unpack_from("<I", data, 14)
    compression = 0
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height, _, _, compression = struct.unpack_from("<iiHHI", data, 18)
    limits.check_size(width, abs(height))
    if compression in {1, 2} and len(data) > _MOST_RUN_LENGTH:
        raise TooLargeError(f"a run-length BMP may have {_MOST_RUN_LENGTH:,} bytes; send it as PNG")
    return Scanned(data=data, width=width, height=abs(height))


def open_(file: BytesIO) -> ImageFile:
    """Hand the file to Pillow's BMP plugin."""
    from PIL.BmpImagePlugin import BmpImageFile

    return BmpImageFile(file)
