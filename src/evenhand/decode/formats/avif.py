"""AVIF stills (AV1 Image File Format 1.1, on ISO/IEC 23008-12 and 14496-12). Sequences are refused."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evenhand.decode.formats.av1 import sequences
from evenhand.decode.formats.base import MOST_BLOCKS, Limits, Scanned, cut_short, damaged
from evenhand.errors import TooLargeError, UnsupportedError

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile

_MOST_ITEMS = 1_000  # tiles, their transparency, thumbnails, metadata
_METADATA = frozenset({b"Exif", b"mime", b"uri "})
# A frame may overrule the size in its sequence header, within the bits set aside for it: at most twice each way.
_SLACK = 4
# By quarter turns to the left and then mirroring (none, top with bottom, left with right): the EXIF orientation.
_TURNS = ((1, 4, 2), (8, 5, 7), (3, 2, 4), (6, 7, 5))


@dataclass(slots=True)
class _Item:
    kind: bytes = b""
    kind_at: int = 0  # where the kind stands in the file
    extents: list[tuple[int, int]] = field(default_factory=list)  # start and length, in the file
    properties: list[int] = field(default_factory=list)  # from 1


def scan(data: bytes, limits: Limits) -> Scanned:
    """Read the directory of items, and the sequence headers of every stream: the codec believes those."""
    boxes = _top(data)
    if b"moov" in boxes:
        raise UnsupportedError("the picture is an animated AVIF, which is not read; send an animated WebP or GIF")
    if b"meta" not in boxes:
        raise damaged("its directory is missing")
    begin, end = boxes[b"meta"]
    inner = {name: (start, stop) for name, start, stop in _boxes(data, begin + 4, end)}
    for name in (b"pitm", b"iinf", b"iloc", b"iprp"):
        if name not in inner:
            raise damaged("its directory is not whole")
    items = _items(data, *inner[b"iinf"])
    _locate(data, inner[b"iloc"][0], items, inner.get(b"idat", (0, 0))[0])
    properties = _properties(data, *inner[b"iprp"], items)
    at = inner[b"pitm"][0]
    primary = items.get(struct.unpack_from(">I" if data[at] else ">H", data, at + 4)[0])
    if primary is None:
        raise damaged("it names no picture of its own")
    sizes = [struct.unpack_from(">II", data, start + 4) for name, start in _of(primary, properties) if name == b"ispe"]
    if len(sizes) != 1:
        raise damaged("its size is missing or doubled")
    width, height = sizes[0]
    limits.check_size(width, height)
    _check_streams(data, items, properties, limits)
    written = bytearray(data)
    for item in items.values():
        if item.kind in _METADATA:
            written[item.kind_at : item.kind_at + 4] = b"skip"
    return Scanned(data=bytes(written), width=width, height=height, orientation=_turned(data, _of(primary, properties)))


def open_(file: BytesIO) -> ImageFile:
    """Hand the file to Pillow's AVIF plugin.

    Raises:
        UnsupportedError: this Pillow has none.
    """
    try:
        from PIL.AvifImagePlugin import SUPPORTED, AvifImageFile

        known = SUPPORTED  # built with the codec
    except ImportError:
        known = False
    if not known:
        raise UnsupportedError("the Pillow that is installed reads no AVIF; install 11.3 or newer, or send JPEG or PNG")
    return AvifImageFile(file)


def _top(data: bytes) -> dict[bytes, tuple[int, int]]:
    found: dict[bytes, tuple[int, int]] = {}
    for name, start, stop in _boxes(data, 0, len(data)):
        if name in found and name in {b"meta", b"moov", b"ftyp"}:
            raise damaged("it has two directories")
        found[name] = (start, stop)
    return found


def _boxes(data: bytes, pos: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Give name, start and end of the contents of each box."""
    for _ in range(MOST_BLOCKS):
        if pos + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", data, pos)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, pos + 8)
            head = 16
        elif size == 0:
            size = end - pos  # to the end of the file
        if size < head or pos + size > end:
            raise cut_short()
        yield name, pos + head, pos + size
        pos += size
    raise TooLargeError(f"the AVIF has more than {MOST_BLOCKS:,} boxes; save it again with any picture program")


def _items(data: bytes, start: int, end: int) -> dict[int, _Item]:
    wide = data[start] > 0
    items: dict[int, _Item] = {}
    for name, at, _ in _boxes(data, start + (8 if wide else 6), end):
        if name != b"infe" or data[at] not in {2, 3}:
            raise damaged("an entry of its directory is of no known kind")
        number, kind_at = (
            (struct.unpack_from(">H", data, at + 4)[0], at + 8)
            if data[at] == 2
            else (struct.unpack_from(">I", data, at + 4)[0], at + 10)
        )
        if number in items:
            raise damaged("an entry of its directory is doubled")
        items[number] = _Item(kind=data[kind_at : kind_at + 4], kind_at=kind_at)
        if len(items) > _MOST_ITEMS:
            raise TooLargeError(f"the AVIF has more than {_MOST_ITEMS:,} pieces; save it again as one picture")
    return items


def _locate(data: bytes, at: int, items: dict[int, _Item], idat: int) -> None:
    """Read where the items' bytes are."""
    version, packed = data[at], struct.unpack_from(">H", data, at + 4)[0]
    offset_size, length_size, base_size = packed >> 12, packed >> 8 & 15, packed >> 4 & 15
    index_size = packed & 15 if version else 0
    layout = ">I" if version > 1 else ">H"
    pos = at + 6
    (count,) = struct.unpack_from(layout, data, pos)
    pos += struct.calcsize(layout)
    if count > _MOST_ITEMS:
        raise TooLargeError(f"the AVIF has more than {_MOST_ITEMS:,} pieces; save it again as one picture")
    for _ in range(count):
        (number,) = struct.unpack_from(layout, data, pos)
        pos += struct.calcsize(layout)
        method = struct.unpack_from(">H", data, pos)[0] & 15 if version else 0
        pos += 4 if version else 2  # and the reference to the data, which is this file
        base, pos = _number(data, pos, base_size)
        (extents,) = struct.unpack_from(">H", data, pos)
        pos += 2
        if method > 1 or extents > _MOST_ITEMS:
            raise UnsupportedError("the AVIF is put together in a way that is not read; save it again as one picture")
        item = items.get(number)
        for _ in range(extents):
            pos += index_size
            offset, pos = _number(data, pos, offset_size)
            length, pos = _number(data, pos, length_size)
            begin = base + offset + (idat if method else 0)
            length = length or len(data) - begin
            if begin + length > len(data):
                raise cut_short()
            if item is not None:
                item.extents.append((begin, length))


def _number(data: bytes, pos: int, size: int) -> tuple[int, int]:
    if size not in {0, 4, 8} or pos + size > len(data):
        raise damaged("its table of places is wrong")
    return int.from_bytes(data[pos : pos + size], "big"), pos + size


def _properties(data: bytes, start: int, end: int, items: dict[int, _Item]) -> list[tuple[bytes, int]]:
    """Give name and start of all properties, and tell the items which are theirs."""
    properties = list[tuple[bytes, int]]()
    for name, begin, stop in _boxes(data, start, end):
        if name == b"ipco":
            properties += ((inner, at) for inner, at, _ in _boxes(data, begin, stop))
        elif name == b"ipma":
            _associate(data, begin, items)
    return properties


def _associate(data: bytes, at: int, items: dict[int, _Item]) -> None:
    wide_ids, wide_indexes = data[at] > 0, data[at + 3] & 1
    (count,) = struct.unpack_from(">I", data, at + 4)
    pos = at + 8
    for _ in range(min(count, _MOST_ITEMS)):
        (number,) = struct.unpack_from(">I" if wide_ids else ">H", data, pos)
        pos += 4 if wide_ids else 2
        owned, pos = data[pos], pos + 1
        for _ in range(owned):
            index = struct.unpack_from(">H", data, pos)[0] & 0x7FFF if wide_indexes else data[pos] & 0x7F
            pos += 2 if wide_indexes else 1
            if number in items:
                items[number].properties.append(index)


def _of(item: _Item, properties: list[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
    return [properties[index - 1] for index in item.properties if 0 < index <= len(properties)]


def _check_streams(data: bytes, items: dict[int, _Item], properties: list[tuple[bytes, int]], limits: Limits) -> None:
    """Check what the codec will reserve, for every stream in the file: tiles, transparency, all of it."""
    work = streams = 0
    for item in items.values():
        for name, at in _of(item, properties):
            if name == b"ispe":
                limits.check_size(*struct.unpack_from(">II", data, at + 4))
        if item.kind != b"av01":
            continue
        stream = b"".join(data[begin : begin + length] for begin, length in item.extents)
        headers, frames = sequences(stream)
        streams += len(stream)
        for header in headers:
            limits.check_size(header.width, header.height)
            if header.most > _SLACK * limits.pixels:
                raise TooLargeError(
                    "frames of the AVIF may be larger than is allowed; save it again as a still picture"
                )
        work += max(header.most for header in headers) * frames
    if not work:
        raise damaged("it holds no pixels")
    # Items may share bytes; what they say in all must still be in proportion to the file.
    if work > limits.work or streams > 4 * len(data):
        raise TooLargeError(f"the pieces of the AVIF have more than {limits.work:,} pixels in all; send a smaller one")


def _turned(data: bytes, owned: list[tuple[bytes, int]]) -> int:
    """Give the EXIF orientation that turning and mirroring amount to; the EXIF block's own counts for nothing here."""
    turns = next((data[at] & 3 for name, at in owned if name == b"irot"), 0)
    mirror = next((1 + (data[at] & 1) for name, at in owned if name == b"imir"), 0)
    return _TURNS[turns][mirror]
