"""JPEG (ITU-T T.81). Only the first picture of a file is read; what multi-picture files append is noted."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from evenhand.decode.formats.base import MOST_BLOCKS, Limits, Scanned, cut_short, damaged, trailing
from evenhand.decode.formats.exif import orientation
from evenhand.errors import TooLargeError, UnsupportedError

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # ends the entropy-coded data of a scan
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF})
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
_FREE_SCANS = 20  # a progressive file has about ten; each costs a pass over the whole picture


def scan(data: bytes, limits: Limits) -> Scanned:
    """Walk the segments up to the end marker, counting scans: thousands of empty ones are a known bomb."""
    view, kept = memoryview(data), [memoryview(data)[:2]]
    pos, blocks, scans, width, height, turned = 2, 0, 0, 0, 0, 0
    while True:
        while data[pos] == 0xFF and data[pos + 1] == 0xFF:
            pos += 1  # fill bytes
        if data[pos] != 0xFF:
            raise damaged("a marker is missing")
        marker = data[pos + 1]
        if marker == 0xD9:
            pos += 2
            break
        blocks += 1
        if blocks > MOST_BLOCKS:
            raise TooLargeError(f"the JPEG has more than {MOST_BLOCKS:,} segments; save it again with any program")
        end = pos + 2 + int.from_bytes(data[pos + 2 : pos + 4], "big")
        if end < pos + 4 or end > len(data):
            raise cut_short()
        if marker in _OTHER_FRAMES:
            raise UnsupportedError("the picture is a lossless or hierarchical JPEG; send an ordinary JPEG or a PNG")
        if marker in _FRAMES:
            if width:
                raise damaged("it has two frame headers")
            height, width = struct.unpack_from(">HH", data, pos + 5)
            limits.check_size(width, height)
        if marker == 0xE1 and not turned and data.startswith(b"Exif\x00\x00", pos + 4):
            turned = orientation(data[pos + 4 : end])
        if marker == 0xDA:
            if not width:
                raise damaged("its pixels come before its header")
            scans += 1
            if scans > _FREE_SCANS:
                limits.check_work(scans, width, height)
            found = _NEXT_MARKER.search(data, end)
            if found is None:
                raise cut_short()
            end = found.start()
        if _is_kept(marker, data, pos):
            kept.append(view[pos:end])
        pos = end
    if not scans:
        raise damaged("it holds no pixels")
    kept.append(view[pos - 2 : pos])
    return Scanned(data=b"".join(kept), width=width, height=height, orientation=turned or 1, notes=trailing(data, pos))


def open_(file: BytesIO) -> ImageFile:
    """Hand the file to Pillow's JPEG plugin, not to its factory, which looks for more pictures in the file."""
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile(file)


def _is_kept(marker: int, data: bytes, pos: int) -> bool:
    """Keep what makes pixels: tables, frames, scans, and the two segments that say which colours are meant."""
    if marker in _TABLES or marker in _FRAMES or marker == 0xDA:
        return True
    return (marker == 0xE0 and data.startswith(b"JFIF\x00", pos + 4)) or (
        marker == 0xEE and data.startswith(b"Adobe", pos + 4)
    )
