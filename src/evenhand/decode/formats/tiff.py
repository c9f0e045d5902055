"""TIFF 6.0. The directory of each page is written anew with the few tags that make pixels."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenhand.decode.formats.base import Limits, Page, Scanned, cut_short, damaged, sample
from evenhand.errors import TooLargeError, UnsupportedError

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_KIND, _WIDTH, _HEIGHT, _COMPRESSION, _TURN, _SAMPLES = 254, 256, 257, 259, 274, 277
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_KEEP = frozenset(
    {_WIDTH, _HEIGHT, 258, _COMPRESSION, 262, 266, 273, _SAMPLES, 278, 279, 284, 317, 320}
    | {_TILE_WIDTH, _TILE_HEIGHT, 324, 325, 332, 338, 339, 347, 529, 530, 531, 532}
)
_SINGLE = frozenset({_KIND, _WIDTH, _HEIGHT, _COMPRESSION, _TURN, _SAMPLES, _TILE_WIDTH, _TILE_HEIGHT, 278})
# Not the fax codecs (2, 3, 4), which read on through damage; the others are rare and little tested.
_COMPRESSIONS = frozenset({1, 5, 7, 8, 32773, 32946})
_PIXELS = ((273, 279), (324, 325))  # offsets and byte counts: of strips, of tiles
_MOST_ENTRIES = 1_000
_MOST_PAGES = 2_000
_MOST_VALUES = 4 * 2**20  # bytes of all kept tags' values, of all pages: strip tables of the largest pictures fit


@dataclass(frozen=True, slots=True)
class _Directory:
    """One page's directory."""

    kept: dict[int, bytes]  # tag -> its entry, 12 bytes
    values: dict[int, int]  # of the tags that hold one whole number
    size: int  # bytes of all kept values
    following: int  # where the next directory stands; 0: nowhere


def scan(data: bytes, limits: Limits) -> Scanned:
    """Read the directories. Their kept entries go into new ones at the end, so nothing else is ever parsed."""
    order = "<" if data[:2] == b"II" else ">"
    (place,) = struct.unpack_from(order + "I", data, 4)
    found, seen, total = list[_Directory](), set[int](), 0
    while place:
        if place in seen:
            raise damaged("its pages go round in a circle")
        seen.add(place)
        directory = _directory(order, data, place)
        total += directory.size
        if total > _MOST_VALUES or len(seen) > _MOST_PAGES:
            raise TooLargeError("the TIFF has too many pages, strips or tiles; send fewer, or pages as PNG")
        place = directory.following
        # A small copy of another page, as cameras add it, shows nothing new; one that cannot be read is passed over.
        if found and directory.values.get(_KIND, 0) & 1 and not _is_read(directory.values):
            continue
        _check(directory.values, limits)
        for offsets, lengths in _PIXELS:
            if offsets in directory.kept and lengths in directory.kept:
                starts, sizes = (_array(order, data, directory.kept[tag]) for tag in (offsets, lengths))
                _check_inside(starts, sizes, len(data))
        found.append(directory)
    if not found:
        raise damaged("it holds no pages")
    pages = tuple(_page(directory.values) for directory in found)
    looked = [pages[index] for index in sample(len(pages), limits.frames)]
    if sum(page.width * page.height for page in looked) > limits.work:
        raise TooLargeError(f"the pages have more than {limits.work:,} pixels in all; send fewer at a time")
    first = pages[0]
    return Scanned(
        data=_rewritten(order, data, found),
        width=first.width,
        height=first.height,
        orientation=first.orientation,
        pages=pages if len(pages) > 1 else (),
    )


def _directory(order: str, data: bytes, start: int) -> _Directory:
    """Read one directory without following anything in it."""
    (count,) = struct.unpack_from(order + "H", data, start)
    end = start + 2 + 12 * count
    if count > _MOST_ENTRIES:
        raise damaged("a directory is too long")
    if end + 4 > len(data):
        raise cut_short()
    values, kept, total = dict[int, int](), dict[int, bytes](), 0
    for place in range(start + 2, end, 12):
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
    (following,) = struct.unpack_from(order + "I", data, end)
    return _Directory(kept, values, total, following)


def _page(values: dict[int, int]) -> Page:
    turned = values.get(_TURN, 1)
    return Page(width=values[_WIDTH], height=values[_HEIGHT], orientation=turned if 1 <= turned <= 8 else 1)


def _rewritten(order: str, data: bytes, found: list[_Directory]) -> bytes:
    """Write the directories behind the file's own bytes, each pointing at the next."""
    out = bytearray(data) + bytes(len(data) & 1)
    struct.pack_into(order + "I", out, 4, len(out))
    for index, directory in enumerate(found):
        entries = b"".join(directory.kept[tag] for tag in sorted(directory.kept))
        end = len(out) + 2 + len(entries) + 4
        following = end if index + 1 < len(found) else 0
        out += struct.pack(order + "H", len(directory.kept)) + entries + struct.pack(order + "I", following)
    return bytes(out)


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


def _is_read(values: dict[int, int]) -> bool:
    return values.get(_COMPRESSION, 1) in _COMPRESSIONS


def _check(values: dict[int, int], limits: Limits) -> None:
    """Check sizes before the codec reserves memory for them."""
    if _WIDTH not in values or _HEIGHT not in values:
        raise damaged("its size is missing")
    width, height = values[_WIDTH], values[_HEIGHT]
    limits.check_size(width, height)
    if not _is_read(values):
        raise UnsupportedError("the TIFF is compressed in a way that is not read; send it as PNG or JPEG")
    if values.get(_SAMPLES, 1) > 6:
        raise UnsupportedError("the TIFF has more than six samples a pixel; send it as PNG or JPEG")
    if _TILE_WIDTH in values or _TILE_HEIGHT in values:
        limits.check_size(values.get(_TILE_WIDTH, 1), values.get(_TILE_HEIGHT, 1))
