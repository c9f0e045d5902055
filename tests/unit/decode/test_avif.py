"""AVIF: what is read, and files whose streams are larger than they say."""

from __future__ import annotations

import struct
import tracemalloc
from dataclasses import dataclass

import pytest
from PIL import Image, ImageChops

from evenhand.decode import decode
from evenhand.decode.formats.av1 import sequences
from evenhand.domain import Content, ImagePart
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings
from tests.avif import avif, box, full, grid, size, stream
from tests.media import drawn, encode, exif, text_on_nothing

SETTINGS = Settings()
STREAM, CONFIG = stream(drawn())
CHANNELS = full(b"pixi", 0, b"\x03\x08\x08\x08")


def still(*properties: bytes, data: bytes = STREAM, more: bytes = b"") -> bytes:
    owned = [CONFIG, CHANNELS, *properties]
    return avif([(b"av01", data, range(1, 1 + len(owned)))], owned, more=more)


def pictures(data: bytes) -> list[Image.Image]:
    return [part.image for part in decode(Content(data=data), SETTINGS).parts if isinstance(part, ImagePart)]


def test_a_file_built_by_hand_is_read_as_the_encoders_own() -> None:
    (built,), (own,) = pictures(still(size(96, 64))), pictures(encode(drawn(), "AVIF", speed=10))
    assert ImageChops.difference(built, own).getbbox() is None


def test_a_grid_of_tiles_is_one_picture() -> None:
    whole = drawn(256, 128)
    (image,) = pictures(grid(whole, 4, 2))
    assert image.size == (256, 128)
    difference = ImageChops.difference(image.resize((64, 32)), whole.resize((64, 32))).getextrema()
    assert max(high for _, high in difference) < 40  # type: ignore[misc]


def test_letters_on_nothing_show_on_one_of_the_pictures() -> None:
    white, black = pictures(encode(text_on_nothing((255, 255, 255)), "AVIF", quality=95))
    assert white.getpixel((0, 0)) == (255, 255, 255)
    assert black.getpixel((0, 0)) == (0, 0, 0)


def test_what_an_exif_block_says_is_neither_believed_nor_read() -> None:
    bomb = exif(6, entries=4000, values=60_000)[6:]
    items = [(b"av01", STREAM, (1, 2, 3)), (b"Exif", bytes(4) + bomb, ())]
    data = avif(items, [CONFIG, CHANNELS, size(96, 64)])
    tracemalloc.start()
    try:
        (image,) = pictures(data)
        assert tracemalloc.get_traced_memory()[1] < 6 * len(data) + 2**20
    finally:
        tracemalloc.stop()
    assert image.size == (96, 64)


def _larger(width: int, height: int) -> bytes:
    """Give a stream whose short header says another size, within the bits that it has."""
    data = bytearray(STREAM)
    at = data.index(b"\x0a")  # the sequence header, with its length behind it
    value = int.from_bytes(data[at + 2 : at + 12], "big")
    bits = 80 - 3 - 1 - 1 - 5
    wide, high = (value >> bits - 4 & 15) + 1, (value >> bits - 8 & 15) + 1
    place = bits - 8 - wide - high
    value &= ~(((1 << wide + high) - 1) << place)
    value |= (width - 1 << high | height - 1) << place
    data[at + 2 : at + 12] = value.to_bytes(10, "big")
    return bytes(data)


def test_sequence_headers_are_read() -> None:
    assert [(found.width, found.height, frames) for (found, *_), frames in [sequences(STREAM)]] == [(96, 64, 1)]
    ((found,), _) = sequences(_larger(128, 33))
    assert (found.width, found.height, found.most) == (128, 33, 128 * 33)
    both = encode(drawn(), "AVIF", save_all=True, append_images=[drawn(mode="L").convert("RGB")], speed=10)
    at = both.index(b"mdat")
    (header,), frames = sequences(both[at + 4 : at - 4 + struct.unpack_from(">I", both, at - 4)[0]])
    assert (header.width, header.height) == (96, 64)  # a header that is not a still picture's short one
    assert header.most >= 96 * 64
    assert frames > 1


SMALL = Settings(max_pixels=7_000)
TOO_LARGE = {
    "a size over the limit": still(size(9000, 9000)),
    "a size of 2^62": still(size(2**31 - 1, 2**31 - 1)),
    "a stream larger than the file says": still(size(8, 8), data=_larger(128, 64)),
    "a second stream that is larger": avif(
        [(b"av01", STREAM, (1, 2, 3)), (b"av01", _larger(128, 64), (1, 2))], [CONFIG, CHANNELS, size(96, 64)]
    ),
    "a second header in the stream": still(size(96, 64), data=_larger(128, 64)[:13] + STREAM),
    "900 tiles that share their bytes": avif(
        [(b"grid", bytes((0, 0, 29, 29)) + struct.pack(">HH", 80, 80), (1,)), *[(b"av01", STREAM, (2, 3))] * 900],
        [size(80, 80), size(80, 80), CONFIG],
        tiles=range(2, 902),
        shared=True,
    ),
    "1,001 items": avif([(b"av01", STREAM, (1,))] * 1001, [size(8, 8)], shared=True),
    "41,000 boxes": still(size(96, 64), more=box(b"free") * 41_000),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_over_a_limit(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            decode(Content(data=TOO_LARGE[name]), SMALL)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(TOO_LARGE[name]) + 4 * 2**20
    finally:
        tracemalloc.stop()


@dataclass(frozen=True)
class Damage:
    data: bytes
    error: type[InputError] = InputError


WHOLE = still(size(96, 64))
DAMAGED = {
    "no directory": Damage(WHOLE.replace(b"meta", b"free")),
    "two directories": Damage(WHOLE + full(b"meta", 0)),
    "no table of places": Damage(WHOLE.replace(b"iloc", b"free")),
    "no size": Damage(still()),
    "two sizes": Damage(still(size(96, 64), size(8, 8))),
    "no width": Damage(still(size(0, 64))),
    "another picture's number": Damage(WHOLE.replace(full(b"pitm", 0, b"\0\1"), full(b"pitm", 0, b"\0\2"))),
    "an item of no known kind": Damage(WHOLE.replace(b"infe\x02", b"infe\x07")),
    "a codec that is not AV1": Damage(WHOLE.replace(b"av01", b"hvc1")),
    "a stream that is none": Damage(still(size(96, 64), data=b"\xff" * 300)),
    "a stream without a frame": Damage(still(size(96, 64), data=STREAM[:13])),
    "a length that never ends": Damage(still(size(96, 64), data=b"\x0a" + b"\xff" * 300)),
    "bytes far behind the end": Damage(avif([(b"av01", STREAM, (1,))], [size(8, 8)])[: -len(STREAM) // 2]),
    "an animation": Damage(
        encode(drawn(), "AVIF", save_all=True, append_images=[drawn(mode="L").convert("RGB")]), UnsupportedError
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged(name: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(Content(data=DAMAGED[name].data), SETTINGS)
    assert type(caught.value) is DAMAGED[name].error
