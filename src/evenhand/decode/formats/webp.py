"""WebP, still and animated (RFC 9649)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from evenhand.decode.formats.base import MOST_BLOCKS, Limits, Scanned, cut_short, damaged, durations, trailing
from evenhand.decode.formats.exif import orientation
from evenhand.errors import TooLargeError

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile

_KEEP = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
_METADATA_FLAGS = 0x20 | 0x08 | 0x04  # ICC, EXIF, XMP: what is dropped must not be announced


def scan(data: bytes, limits: Limits) -> Scanned:
    """Walk the chunks. The codec reserves the whole canvas when it opens a file, so the size is checked first."""
    stop = 8 + int.from_bytes(data[4:8], "little")
    if stop > len(data):
        raise cut_short()
    pos, blocks, width, height, turned = 12, 0, 0, 0, 1
    view, kept, lengths = memoryview(data), list[memoryview | bytes](), list[float]()
    has_still = False
    while pos < stop:
        name, length = struct.unpack_from("<4sI", data, pos)
        begin, end = pos + 8, pos + 8 + length + (length & 1)
        if begin + length > stop:
            raise cut_short()
        chunk = view[pos:end]
        blocks += 1
        if blocks > MOST_BLOCKS:
            raise TooLargeError(f"the WebP has more than {MOST_BLOCKS:,} chunks; save it again with any program")
        if name == b"VP8X":
            if blocks != 1 or length < 10:
                raise damaged("its header is doubled or of a wrong length")
            width, height = 1 + _u24(data, begin + 4), 1 + _u24(data, begin + 7)
            limits.check_size(width, height)
            kept.append(bytes(chunk[:8]) + bytes([data[begin] & ~_METADATA_FLAGS]) + bytes(chunk[9:]))
        elif name in {b"VP8 ", b"VP8L"}:
            size = _lossy(data, begin) if name == b"VP8 " else _lossless(data, begin)
            limits.check_size(*size)
            width, height, has_still = width or size[0], height or size[1], True
        elif name == b"ANMF":
            frame_w, frame_h = 1 + _u24(data, begin + 6), 1 + _u24(data, begin + 9)
            left, top = 2 * _u24(data, begin), 2 * _u24(data, begin + 3)
            if length < 16 or left + frame_w > width or top + frame_h > height:
                raise damaged("a frame lies outside the picture")
            lengths.append(_u24(data, begin + 12) / 1000)
        elif name == b"EXIF":
            turned = orientation(data[begin:end])
        if name in _KEEP and name != b"VP8X":
            kept.append(chunk)
        pos = end
    if not has_still and not lengths:
        raise damaged("it holds no pixels")
    limits.check_work(max(1, len(lengths)), width, height)
    body = b"".join(kept)
    body += b"\0" * (len(body) & 1)
    return Scanned(
        data=b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body,
        width=width,
        height=height,
        orientation=turned,
        times=durations(lengths) if len(lengths) > 1 else (),
        notes=trailing(data, stop),
    )


def open_(file: BytesIO) -> ImageFile:
    """Hand the file to Pillow's WebP plugin."""
    from PIL.WebPImagePlugin import WebPImageFile

    return WebPImageFile(file)


def _u24(data: bytes, pos: int) -> int:
    return int.from_bytes(data[pos : pos + 3], "little")


def _lossy(data: bytes, begin: int) -> tuple[int, int]:
    """Give the size from a VP8 key frame header (RFC 6386, 9.1)."""
    width, height = struct.unpack_from("<HH", data, begin + 6)
    return width & 0x3FFF, height & 0x3FFF


def _lossless(data: bytes, begin: int) -> tuple[int, int]:
    """Give the size from a VP8L header (RFC 9649, 3.4)."""
    (bits,) = struct.unpack_from("<I", data, begin + 1)
    return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
