"""TIFF 6.0, the first page. Its directory is written anew with the few tags that make pixels."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from evenhand.decode.formats.base import Limits, Scanned, cut_short, damaged
from evenhand.errors import TooLargeError, UnsupportedError

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_WIDTH, _HEIGHT, _COMPRESSION, _TURN, _SAMPLES = 256, 257, 259, 274, 277
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_KEEP = frozenset(
    {_WIDTH, _HEIGHT, 258, _COMPRESSION, 262, 266, 273, _SAMPLES, 278, 279, 284, 317, 320}
    | {_TILE_WIDTH, _TILE_HEIGHT, 324, 325, 332, 338, 339, 347, 529, 530, 531, 532}
)
_SINGLE = frozenset({_WIDTH, _HEIGHT, _COMPRESSION, _TURN, _SAMPLES, _TILE_WIDTH, _TILE_HEIGHT, 278})
# Not the fax codecs (2, 3, 4), which read on through damage; the others are rare and little tested.
_COMPRESSIONS = frozenset({1, 5, 7, 8, 32773, 32946})
_PIXELS = ((273, 279), (324, 325))  # offsets and byte counts: of strips, of tiles
_MOST_ENTRIES = 1_000
_MOST_VALUES = 4 * 2**20  # bytes of all kept tags' values: strip tables of the largest pictures fit


def scan(data: bytes, limits: Limits) -> Scanned:
    """Read the first directory. Its kept entries go into a new one at the end, so nothing else is ever parsed."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    if count > _MOST_ENTRIES:
        raise damaged("its directory is too long")
    if start + 2 + 12 * count > len(data):
        raise cut_short()
    values, kept, total = dict[int, int](), dict[int, bytes](), 0
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number, offset = struct.unpack_from(order + "HHII", data, place)
        if tag in _SINGLE:
            values[tag] = _single(order, data, place)
        if tag not in _KEEP or tag in kept:
            continue
        size = _SIZES.get(kind, 0) * number
        if size > 4 and offset + size > len(data):
            raise cut_short()
        total += size
        kept[tag] = data[place : place + 12]
    if total > _MOST_VALUES:
        raise TooLargeError("the TIFF has too many strips or tiles; save it again with larger strips, or as PNG")
    _check(values, limits)
    for offsets, lengths in _PIXELS:
        if offsets in kept and lengths in kept:
            _check_inside(_array(order, data, kept[offsets]), _array(order, data, kept[lengths]), len(data))
    (following,) = struct.unpack_from(order + "I", data, start + 2 + 12 * count)
    directory = struct.pack(order + "H", len(kept)) + b"".join(kept[tag] for tag in sorted(kept)) + bytes(4)
    body = data[8:] + bytes(len(data) & 1)
    turned = values.get(_TURN, 1)
    return Scanned(
        data=data[:4] + struct.pack(order + "I", 8 + len(body)) + body + directory,
        width=values[_WIDTH],
        height=values[_HEIGHT],
        orientation=turned if 1 <= turned <= 8 else 1,
        notes=("the file has more pages, of which only the first is looked at",) if following else (),
    )


def open_(file: BytesIO) -> ImageFile:
    """Hand the file to Pillow's TIFF plugin."""
    from PIL.TiffImagePlugin import TiffImageFile

    return TiffImageFile(file)


def _single(order: str, data: bytes, place: int) -> int:
    """Give the value of an entry that holds one whole number."""
    kind, number = struct.unpack_from(order + "HI", data, place + 2)
    if number != 1 or kind not in {3, 4}:
        raise damaged("a tag has a wrong type")
    value: int = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, place + 8)[0]
    return value


def _array(order: str, data: bytes, entry: bytes) -> tuple[int, ...]:
    """Give the values of an entry that holds whole numbers."""
    kind, number, offset = struct.unpack_from(order + "HII", entry, 2)
    if kind not in {3, 4}:
        raise damaged("a tag has a wrong type")
    layout = f"{order}{number}{'H' if kind == 3 else 'I'}"
    if _SIZES[kind] * number <= 4:
        return struct.unpack_from(layout, entry, 8)
    return struct.unpack_from(layout, data, offset)


def _check_inside(offsets: tuple[int, ...], lengths: tuple[int, ...], size: int) -> None:
    """Check that all pixels are in the file, so that none are read out of the directory written behind them."""
    if any(offset + length > size for offset, length in zip(offsets, lengths, strict=False)):
        raise cut_short()


def _check(values: dict[int, int], limits: Limits) -> None:
    """Check sizes before the codec reserves memory for them."""
    if _WIDTH not in values or _HEIGHT not in values:
        raise damaged("its size is missing")
    width, height = values[_WIDTH], values[_HEIGHT]
    limits.check_size(width, height)
    if values.get(_COMPRESSION, 1) not in _COMPRESSIONS:
        raise UnsupportedError("the TIFF is compressed in a way that is not read; send it as PNG or JPEG")
    if values.get(_SAMPLES, 1) > 6:
        raise UnsupportedError("the TIFF has more than six samples a pixel; send it as PNG or JPEG")
    if _TILE_WIDTH in values or _TILE_HEIGHT in values:
        limits.check_size(values.get(_TILE_WIDTH, 1), values.get(_TILE_HEIGHT, 1))
