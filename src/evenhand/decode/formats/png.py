"""PNG and APNG (W3C PNG, third edition)."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from evenhand.decode.formats.base import MOST_BLOCKS, Limits, Scanned, cut_short, damaged, durations, trailing
from evenhand.decode.formats.exif import orientation
from evenhand.errors import TooLargeError

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile

_KEEP = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # samples a pixel by colour type
_MOST_DEFLATE = 1_040  # deflate packs at most 1,032 bytes into one
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})


def scan(data: bytes, limits: Limits) -> Scanned:
    """Walk the chunks. Checksums of what is kept are verified, so a flipped bit is an error and not another picture."""
    pos, blocks, width, height, needed, packed = 8, 0, 0, 0, 0, 0
    kept: list[memoryview | bytes] = [data[:8]]
    view = memoryview(data)
    announced, seen_data, turned, is_first_hidden = 0, False, 1, False
    lengths: list[float] = []
    while True:
        if pos + 12 > len(data):
            raise cut_short()
        length, name = struct.unpack_from(">I4s", data, pos)
        end = pos + 12 + length
        if end > len(data):
            raise cut_short()
        blocks += 1
        if blocks > MOST_BLOCKS:
            raise TooLargeError(f"the PNG has more than {MOST_BLOCKS:,} chunks; save it again with any picture program")
        if (name == b"IHDR") != (blocks == 1) or (name == b"IHDR" and length != 13):
            raise damaged("its header is missing, doubled or of a wrong length")
        if name == b"IHDR":
            width, height = struct.unpack_from(">II", data, pos + 8)
            limits.check_size(width, height)
            bits = data[pos + 16] * _CHANNELS.get(data[pos + 17], 1)
            needed = height * ((width * bits + 7) // 8)
        elif name == b"IDAT":
            seen_data = True
            packed += length
        elif name == b"eXIf":
            turned = orientation(data[pos + 8 : end - 4])
        elif name == b"acTL" and (length != 8 or announced or seen_data):
            raise damaged("its animation control is misplaced")
        elif name == b"acTL":
            (announced,) = struct.unpack_from(">I", data, pos + 8)
            announced = announced or -1
        elif name == b"fcTL" and announced:
            is_first_hidden = is_first_hidden or (not lengths and seen_data)
            lengths.append(_frame(data, pos, length, width, height))
        if name in _KEEP or (announced and name in _ANIMATION):
            if zlib.crc32(view[pos + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
                raise damaged(f"the checksum of its {name.decode('ascii')} chunk is wrong")
            kept.append(view[pos:end])
        pos = end
        if name == b"IEND":
            break
    if not seen_data:
        raise damaged("it holds no pixels")
    if packed * _MOST_DEFLATE < needed:
        raise cut_short()  # before memory for all its pixels is reserved
    if announced and announced != len(lengths):
        raise damaged("it does not hold the frames that it announces")
    if is_first_hidden:
        # The default picture is not part of the animation; viewers without APNG show it, so it is frame 0 here.
        lengths.insert(0, 0.0)
    limits.check_work(max(1, len(lengths)), width, height)
    return Scanned(
        data=b"".join(kept),
        width=width,
        height=height,
        orientation=turned,
        times=durations(lengths) if len(lengths) > 1 else (),
        notes=trailing(data, pos),
    )


def open_(file: BytesIO) -> ImageFile:
    """Hand the file to Pillow's PNG plugin."""
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile(file)


def _frame(data: bytes, pos: int, length: int, width: int, height: int) -> float:
    """Check one frame control chunk and give the frame's length in seconds."""
    if length != 26:
        raise damaged("a frame control chunk has a wrong length")
    frame_w, frame_h, left, top, delay, base = struct.unpack_from(">IIIIHH", data, pos + 12)
    if not frame_w or not frame_h or left + frame_w > width or top + frame_h > height:
        raise damaged("a frame lies outside the picture")
    return float(delay) / (base or 100)
