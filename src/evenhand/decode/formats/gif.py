"""GIF (87a and 89a)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from evenhand.decode.formats.base import MOST_BLOCKS, MOST_FRAMES, Limits, Scanned, damaged, durations, trailing
from evenhand.errors import TooLargeError

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile


def scan(data: bytes, limits: Limits) -> Scanned:
    """Walk the blocks to the trailer, measuring the canvas that the frames really need. Comments are dropped."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    pos = 13 + _table(flags)
    view, kept = memoryview(data), [memoryview(data)[:pos]]
    lengths: list[float] = []
    delay, blocks = 0.0, 0
    while data[pos] != 0x3B:
        start, kind, blocks = pos, data[pos], blocks + 1
        if kind == 0x2C:
            left, top, frame_w, frame_h, flags = struct.unpack_from("<HHHHB", data, pos + 1)
            width, height = max(width, left + frame_w), max(height, top + frame_h)
            pos = _skip(data, pos + 11 + _table(flags))
            lengths.append(delay)
            delay = 0.0
            if len(lengths) % 256 == 0:
                limits.check_time()
        elif kind == 0x21:
            label = data[pos + 1]
            if label == 0xF9 and data[pos + 2] == 4:
                delay = struct.unpack_from("<H", data, pos + 4)[0] / 100
            pos = _skip(data, pos + 2)
        else:
            raise damaged("a block of no known kind")
        if kind == 0x2C or label == 0xF9:
            kept.append(view[start:pos])
        if blocks > MOST_BLOCKS or len(lengths) > MOST_FRAMES:
            raise TooLargeError(f"the GIF has more than {MOST_FRAMES:,} frames; send fewer")
    if not lengths:
        raise damaged("it holds no pixels")
    limits.check_work(len(lengths), width, height)
    kept.append(view[pos : pos + 1])
    return Scanned(
        data=b"".join(kept),
        width=width,
        height=height,
        times=durations(lengths) if len(lengths) > 1 else (),
        notes=trailing(data, pos + 1),
    )


def open_(file: BytesIO) -> ImageFile:
    """Hand the file to Pillow's GIF plugin."""
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile(file)


def _table(flags: int) -> int:
    """Give the bytes of the colour table that follows."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(data: bytes, pos: int) -> int:
    """Give the position after a chain of sub-blocks."""
    while size := data[pos]:
        pos += size + 1
    return pos + 1
