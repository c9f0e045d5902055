"""AVIF files built by hand around streams that a real encoder made: grids, and files that lie about themselves."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from PIL import Image

from tests.media import encode


def box(name: bytes, *contents: bytes) -> bytes:
    """Build one box."""
    body = b"".join(contents)
    return struct.pack(">I", 8 + len(body)) + name + body


def full(name: bytes, version: int, *contents: bytes) -> bytes:
    """Build one box with a version."""
    return box(name, bytes((version, 0, 0, 0)), *contents)


def stream(image: Image.Image, **options: object) -> tuple[bytes, bytes]:
    """Give the AV1 stream of a picture and its codec configuration box."""
    data = encode(image, "AVIF", speed=10, **options)
    at = data.index(b"mdat")
    config = data.index(b"av1C")
    (length,) = struct.unpack_from(">I", data, config - 4)
    return data[at + 4 : at - 4 + struct.unpack_from(">I", data, at - 4)[0]], data[config - 4 : config - 4 + length]


def size(width: int, height: int) -> bytes:
    """Build the property that states a size."""
    return full(b"ispe", 0, struct.pack(">II", width, height))


def avif(
    items: Sequence[tuple[bytes, bytes, Sequence[int]]],
    properties: Sequence[bytes],
    *,
    tiles: Sequence[int] = (),
    shared: bool = False,
    more: bytes = b"",
) -> bytes:
    """Build a file.

    Args:
        items: kind, bytes and numbers (from 1) of its properties; numbered from 1, the first is the picture.
        properties: boxes.
        tiles: numbers of the items that a first item of the kind `grid` is put together from.
        shared: all items from the second on have the second's bytes, which stand in the file once.
        more: boxes behind all others.
    """
    infos = [
        full(b"infe", 2, struct.pack(">HH4s", number, 0, kind), b"\0") for number, (kind, _, _) in enumerate(items, 1)
    ]
    owned = [struct.pack(">HB", number, len(owns)) + bytes(owns) for number, (_, _, owns) in enumerate(items, 1)]

    def meta(start: int) -> bytes:
        places, at = [], start
        for number, (_, data, _) in enumerate(items, 1):
            places.append(struct.pack(">HHHII", number, 0, 1, at, len(data)))
            at += 0 if shared and number > 1 else len(data)
        parts = [
            full(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
            full(b"pitm", 0, struct.pack(">H", 1)),
            full(b"iloc", 0, b"\x44\x00", struct.pack(">H", len(items)), *places),
            full(b"iinf", 0, struct.pack(">H", len(items)), *infos),
            box(b"iprp", box(b"ipco", *properties), full(b"ipma", 0, struct.pack(">I", len(items)), *owned)),
        ]
        if tiles:
            numbers = struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *tiles)
            parts.append(full(b"iref", 0, box(b"dimg", numbers)))
        return full(b"meta", 0, *parts)

    kinds = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")
    held = [data for _, data, _ in (items[:2] if shared else items)]
    start = len(kinds) + len(meta(0)) + 8
    return kinds + meta(start) + box(b"mdat", *held) + more


def grid(image: Image.Image, columns: int, rows: int) -> bytes:
    """Build a picture that is put together from tiles, as large ones are."""
    width, height = image.width // columns, image.height // rows
    areas = [(x * width, y * height) for y in range(rows) for x in range(columns)]
    made = [stream(image.crop((x, y, x + width, y + height)), quality=95) for x, y in areas]
    plan = bytes((0, 0, rows - 1, columns - 1)) + struct.pack(">HH", *image.size)
    channels = full(b"pixi", 0, b"\x03\x08\x08\x08")
    properties = [size(*image.size), size(width, height), made[0][1], channels]
    items = [(b"grid", plan, (1, 4)), *((b"av01", data, (2, 3, 4)) for data, _ in made)]
    return avif(items, properties, tiles=range(2, 2 + len(made)))
