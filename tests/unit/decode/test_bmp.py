"""Every kind of BMP that programs have written since 1987, built by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from evenhand.decode import decode
from evenhand.domain import Content, ImagePart
from evenhand.errors import InputError, UnsupportedError
from evenhand.settings import Settings

SETTINGS = Settings()
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
FOUR = b"".join(bytes(colour[::-1]) + b"\0" for colour in COLOURS)
THREE = b"".join(bytes(colour[::-1]) for colour in COLOURS)
OPAQUE = b"".join(bytes(colour[::-1]) + b"\xff" for colour in COLOURS)
HIGH = struct.pack("<4H", 0xF800, 0x07E0, 0x001F, 0xFFFF)
ARGB = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


def bmp(
    header: int,
    bits: int,
    rows: bytes,
    *,
    compression: int = 0,
    palette: bytes = b"",
    masks: Sequence[int] = (),
    height: int = 2,
) -> bytes:
    """Build a file of four pixels a row; a header of 12 bytes is OS/2's, with three bytes a colour."""
    if header == 12:
        info = struct.pack("<IHHHH", 12, 4, height, 1, bits)
    else:
        info = struct.pack(
            "<IiiHHIIiiII", header, 4, height, 1, bits, compression, len(rows), 0, 0, len(palette) // 4, 0
        )
        info = (info + struct.pack(f"<{len(masks)}I", *masks) * (header > 40))[:header].ljust(header, b"\0")
    behind = struct.pack("<3I", *masks[:3]) if header == 40 and masks else b""
    start = 14 + len(info) + len(behind) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + info + behind + palette + rows


KINDS = {
    "OS/2, 8 bits": bmp(12, 8, b"\0\1\2\3" * 2, palette=THREE),
    "OS/2, 24 bits": bmp(12, 24, THREE * 2),
    "OS/2 version 2": bmp(64, 8, b"\0\1\2\3" * 2, palette=FOUR),
    "4 bits": bmp(40, 4, b"\x01\x23\0\0" * 2, palette=FOUR),
    "8 bits": bmp(40, 8, b"\0\1\2\3" * 2, palette=FOUR),
    "from the top": bmp(40, 8, b"\0\1\2\3" * 2, palette=FOUR, height=-2),
    "15 bits": bmp(40, 16, struct.pack("<4H", 0x7C00, 0x03E0, 0x001F, 0x7FFF) * 2),
    "16 bits": bmp(40, 16, HIGH * 2, compression=3, masks=(0xF800, 0x07E0, 0x001F)),
    "16 bits, version 2": bmp(52, 16, HIGH * 2, compression=3, masks=(0xF800, 0x07E0, 0x001F)),
    "24 bits": bmp(40, 24, THREE * 2),
    "32 bits": bmp(40, 32, FOUR * 2),
    "32 bits with alpha, version 4": bmp(108, 32, OPAQUE * 2, compression=3, masks=ARGB),
    "32 bits with alpha, version 5": bmp(124, 32, OPAQUE * 2, compression=3, masks=ARGB),
    "run lengths of 8 bits": bmp(40, 8, b"\1\0\1\1\1\2\1\3\0\0\0\4\0\1\2\3\0\1", palette=FOUR, compression=1),
    "run lengths of 4 bits": bmp(40, 4, b"\2\x01\2\x23\0\0\0\4\x01\x23\0\1", palette=FOUR, compression=2),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_gives_the_same_picture(name: str) -> None:
    decoded = decode(Content(data=KINDS[name]), SETTINGS)
    (part,) = decoded.parts
    assert isinstance(part, ImagePart)
    assert [part.image.getpixel((x, y)) for y in range(2) for x in range(4)] == COLOURS * 2
    assert decoded.notes == ()


def test_one_bit() -> None:
    (part,) = decode(Content(data=bmp(40, 1, b"\x50\0\0\0" * 2, palette=FOUR[:8])), SETTINGS).parts
    assert isinstance(part, ImagePart)
    assert [part.image.getpixel((x, 0)) for x in range(4)] == COLOURS[:2] * 2


@pytest.mark.parametrize(
    "data",
    [
        bmp(40, 0, b"\xff\xd8\xff\xd9", compression=4),  # a JPEG inside
        bmp(40, 0, b"\x89PNG", compression=5),
        bmp(40, 2, b"\x1b\0\0\0" * 2, palette=FOUR),
        bmp(40, 64, bytes(64)),
        bmp(56, 16, HIGH * 2, compression=3, masks=(0xF00, 0xF0, 0xF, 0xF000)),
        bmp(40, 8, b"\0\1\2\3" * 2, palette=FOUR, compression=11),
    ],
)
def test_rare_ones_are_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedError, match="send it as PNG"):
        decode(Content(data=data), SETTINGS)


def test_what_follows_the_rows_is_noted_and_missing_rows_are_an_error() -> None:
    data = KINDS["24 bits"]
    assert decode(Content(data=data + bytes(900)), SETTINGS).notes == (
        "900 bytes after the picture's end are not looked at",
    )
    with pytest.raises(InputError, match="cut short"):
        decode(Content(data=data[:-12]), SETTINGS)
