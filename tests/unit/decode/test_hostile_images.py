"""Pictures made to harm: each gets the right error, at once, and before memory is spent."""

from __future__ import annotations

import contextlib
import random
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.decode import decode
from evenhand.decode.original import open_original
from evenhand.domain import Content, ContentKind
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings
from tests.media import (
    ANIMATED_FORMATS,
    STILL_FORMATS,
    after_start,
    animation,
    bmp,
    drawn,
    encode,
    exif,
    gif,
    jpeg_segment,
    png,
    png_chunk,
    riff,
    tiff,
)

SETTINGS = Settings()
SAMPLES = {fmt: encode(drawn(24, 16), fmt) for fmt in STILL_FORMATS} | {
    f"animated {fmt}": animation(fmt, frames=3, size=(24, 16)) for fmt in ANIMATED_FORMATS
}
JPEG = SAMPLES["JPEG"]
_SCAN = jpeg_segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x00"
_HUGE_FRAME = jpeg_segment(0xC0, b"\x08\xff\xff\xff\xff\x01\x01\x11\x00")
_SIZE = ((256, 4, 1, 60000), (257, 4, 1, 60000))
_SMALL = ((256, 4, 1, 8), (257, 4, 1, 8))
_VP8X = b"\x02\x00\x00\x00" + b"\x07\x00\x00" * 2


def _chunk_flood() -> bytes:
    return png(4, 4, png_chunk(b"tEXt", b"") * 41_000)


def _apng(announced: int, *, frame: tuple[int, int, int, int] = (4, 4, 0, 0)) -> bytes:
    control = struct.pack(">IIIIIHHBB", 0, *frame, 1, 10, 0, 0)
    return png(4, 4, png_chunk(b"acTL", struct.pack(">II", announced, 0)), png_chunk(b"fcTL", control))


TOO_LARGE = {
    "PNG of 4 billion pixels": png(65535, 65535),
    "PNG of 2^62 pixels": png(2**31 - 1, 2**31 - 1),
    "PNG one pixel row over the limit": png(8001, 8000),
    "PNG with 41,000 chunks": _chunk_flood(),
    "JPEG of 4 billion pixels": after_start(b"\xff\xd8\xff\xd9", _HUGE_FRAME),
    "JPEG with 5,000 scans": after_start(
        b"\xff\xd8\xff\xd9", jpeg_segment(0xC2, b"\x08\x0f\xa0\x0f\xa0\x01\x01\x11\x00"), _SCAN * 5000
    ),
    "JPEG with 41,000 comments": after_start(JPEG, jpeg_segment(0xFE, b"") * 41_000),
    "GIF with a huge screen": gif(1, size=(65535, 65535)),
    "GIF with a huge frame": gif(1, frame_size=(65535, 65535)),
    "GIF with 10,001 frames": gif(10_001),
    "GIF with 300 frames of 4 million pixels": gif(300, size=(2000, 2000)),
    "WebP with a huge canvas": riff((b"VP8X", b"\x00" * 4 + b"\xff\xff\xff" * 2)),
    "WebP with a huge frame": riff((b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(20))),
    "WebP with 10,001 frames": riff((b"VP8X", _VP8X), *[(b"ANMF", bytes(16))] * 10_001),
    "BMP of 2^62 pixels": bmp(2**31 - 1, 2**31 - 1),
    "BMP of many rows upwards": bmp(60000, -60000),
    "BMP with long run lengths": bmp(4000, 4000, compression=1, size=3 * 2**20),
    "TIFF of 3.6 billion pixels": tiff(*_SIZE),
    "TIFF with a huge tile": tiff(*_SMALL, (322, 4, 1, 2**31), (323, 4, 1, 2**31)),
    "TIFF with a million strips": tiff(*_SMALL, (273, 4, 1_200_000, 8), tail=bytes(5_000_000)),
}


def _pages(*places: int) -> bytes:
    """Build a TIFF of 4 x 4 pixels a page, whose pages stand at 8, 8 + 54... and point where they are told."""
    tags = struct.pack("<HHIIHHIIHHIIHHII", 256, 4, 1, 4, 257, 4, 1, 4, 273, 4, 1, 4, 279, 4, 1, 4)
    directories = (struct.pack("<H", 4) + tags + struct.pack("<I", place) for place in places)
    return b"II*\x00" + struct.pack("<I", 8) + b"".join(directories)


def _second_entry(number: int, entry: tuple[int, int, int, int]) -> bytes:
    """Give a TIFF of two pages with one entry of the second changed."""
    data, at = _pages(62, 0), 64 + 12 * number
    return data[:at] + struct.pack("<HHII", *entry) + data[at + 12 :]


TOO_LARGE |= {
    "TIFF of 2,001 pages": _pages(*range(62, 62 + 54 * 2000, 54), 0),
    "TIFF whose second page is huge": _second_entry(0, (256, 4, 1, 2**30)),
}

DAMAGED = {
    "TIFF whose pages go round": _pages(62, 116, 62),
    "TIFF whose page is itself the next": _pages(8),
    "TIFF whose second page is outside": _pages(2**31),
    "TIFF whose second page ends in the middle": _pages(62, 0)[:-9],
    "PNG without pixels": b"\x89PNG\r\n\x1a\n"
    + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0))
    + png_chunk(b"IEND", b""),
    "PNG with two headers": png(4, 4, png_chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0))),
    "PNG of no width": png(0, 4),
    "PNG with too few rows": png(100, 100, pixels=zlib.compress(bytes(500))),
    "PNG whose pixels are not packed": png(4, 4, pixels=b"not deflate"),
    "PNG with a wrong checksum": png(4, 4)[:-16] + b"\0\0\0\0" + png(4, 4)[-12:],
    "APNG that announces too many frames": _apng(1000),
    "APNG with a frame outside": _apng(1, frame=(4, 4, 1, 0)),
    "JPEG with two frame headers": after_start(JPEG, jpeg_segment(0xC0, b"\x08\x00\x10\x00\x10\x01\x01\x11\x00")),
    "JPEG of no height": after_start(b"\xff\xd8\xff\xd9", jpeg_segment(0xC0, b"\x08\x00\x00\x00\x10\x01\x01\x11\x00")),
    "JPEG without pixels": b"\xff\xd8\xff\xd9" + bytes(20),
    "GIF without pixels": gif(0),
    "GIF with an unknown block": gif(1, end=b"\x99;"),
    "WebP with a frame outside": riff((b"VP8X", _VP8X), (b"ANMF", b"\x09\x00\x00" + bytes(13))),
    "WebP without pixels": riff((b"VP8X", _VP8X)),
    "WebP whose picture is not its canvas": riff(
        (b"VP8X", b"\x00\x00\x00\x00" + b"\xff\x00\x00" * 2), (b"VP8L", SAMPLES["WEBP"][20:])
    ),
    "TIFF without a size": tiff((259, 3, 1, 1)),
    "TIFF with strips outside the file": tiff(*_SMALL, (273, 4, 1, 2**31), (279, 4, 1, 64)),
    "TIFF whose directory is outside": b"II*\x00\xff\xff\xff\x7f" + bytes(50),
    "BMP of no width": bmp(0, 4),
}

UNSUPPORTED = {
    "lossless JPEG": after_start(b"\xff\xd8\xff\xd9", jpeg_segment(0xC3, b"\x08\x00\x10\x00\x10\x01\x01\x11\x00")),
    "TIFF with an old kind of JPEG inside": tiff(*_SMALL, (259, 3, 1, 6)),
    "TIFF that is a fax": tiff(*_SMALL, (259, 3, 1, 4)),
    "TIFF with a fax behind its first page": _second_entry(2, (259, 3, 1, 4)),
    "TIFF with many samples": tiff(*_SMALL, (277, 3, 1, 65535)),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_over_a_limit(name: str) -> None:
    _refused_cheaply(TOO_LARGE[name], TooLargeError)


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged(name: str) -> None:
    _refused_cheaply(DAMAGED[name], InputError)


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_not_read(name: str) -> None:
    _refused_cheaply(UNSUPPORTED[name], UnsupportedError)


def _refused_cheaply(data: bytes, error: type[InputError]) -> None:
    """Refuse with exactly that error, and without reserving memory beyond some copies of the file."""
    if len(data) < 100_000:  # tracing makes the walk through the larger ones ten times slower
        tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            decode(Content(data=data), SETTINGS)
        assert type(caught.value) is error
        assert tracemalloc.get_traced_memory()[1] < 3 * len(data) + 4 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [
        png(4, 4, png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**26)))),
        png(4, 4, png_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(2**26)))),
        png(4, 4, png_chunk(b"eXIf", exif(1, entries=20_000, values=200_000)[6:])),
        after_start(JPEG, jpeg_segment(0xE1, exif(1, entries=4000, values=15_000)) * 30),
        riff((b"VP8L", SAMPLES["WEBP"][20:]), (b"EXIF", exif(1, entries=20_000, values=200_000)))
        if SAMPLES["WEBP"][12:16] == b"VP8L"
        else encode(drawn(), "WEBP", exif=exif(1, entries=4000, values=200_000)),
    ],
    ids=["zTXt", "iCCP", "eXIf", "JPEG EXIF", "WebP EXIF"],
)
def test_metadata_bombs_are_not_unpacked(data: bytes) -> None:
    tracemalloc.start()
    try:
        assert decode(Content(data=data), SETTINGS).parts
        assert tracemalloc.get_traced_memory()[1] < 4 * len(data) + 2**20
    finally:
        tracemalloc.stop()


def test_time_is_limited() -> None:
    with pytest.raises(TooLargeError, match="EVENHAND_DECODE_TIMEOUT_S"):
        decode(Content(data=animation("GIF", frames=4)), Settings(decode_timeout_s=1e-9))


@pytest.mark.parametrize("name", SAMPLES)
def test_cut_off_anywhere_is_an_error_and_never_part_of_a_picture(name: str) -> None:
    data = SAMPLES[name]
    assert decode(Content(data=data), SETTINGS).parts
    # The magic bytes themselves are left: with fewer, it is another (unknown) kind of file, or a short text.
    for end in range(18, len(data)):
        if name == "BMP" and end >= len(data) - 2:
            continue  # rows are padded, so the last bytes may carry no pixel
        with pytest.raises(InputError):
            decode(Content(data=data[:end], media_type="image/x"), SETTINGS)


@pytest.mark.parametrize("name", SAMPLES)
def test_flipped_bytes_give_a_picture_or_an_input_error(name: str) -> None:
    rng, data = random.Random(name), SAMPLES[name]
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 8, 40))):
            broken[rng.randrange(len(broken))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        with contextlib.suppress(InputError):
            decode(Content(data=bytes(broken)), SETTINGS)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_spliced_files_give_parts_or_an_input_error(name: str, draw: st.DataObject) -> None:
    data = SAMPLES[name]
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, len(data)))
    middle = draw.draw(
        st.one_of(st.binary(max_size=40), st.sampled_from([data[s : s + 60] for s in range(0, 300, 50)]))
    )
    with contextlib.suppress(InputError):
        assert decode(Content(data=data[:start] + middle + data[end:]), SETTINGS).parts


ZIP = b"PK\x03\x04\x14\x00\x00\x00\x00\x00" + b"inner.html<script>alert(1)</script>" * 9
LOSSLESS = encode(drawn(24, 16), "WEBP", lossless=True)
SCRIPT = b"<html><script>alert('both')</script></html>"


@pytest.mark.parametrize(
    ("data", "kind", "notes"),
    [
        (JPEG + ZIP, "JPEG", True),
        (SAMPLES["PNG"] + ZIP, "PNG", True),
        (SAMPLES["GIF"] + ZIP, "GIF", True),
        (SAMPLES["WEBP"] + ZIP, "WEBP", True),
        (SAMPLES["BMP"] + ZIP, "BMP", True),
        (after_start(JPEG, jpeg_segment(0xFE, SCRIPT)), "JPEG", False),
        (after_start(JPEG, jpeg_segment(0xE0, b"PK\x03\x04" + SCRIPT)), "JPEG", False),
        (png(24, 16, png_chunk(b"tEXt", b"k\0" + SCRIPT)), "PNG", False),
        (png(24, 16, png_chunk(b"prVt", b"%PDF-1.7 " + SCRIPT)), "PNG", False),
        (encode(drawn(24, 16), "GIF", comment=SCRIPT), "GIF", False),
        (
            SAMPLES["WEBP"][:4] + struct.pack("<I", len(SAMPLES["WEBP"])) + SAMPLES["WEBP"][8:] + b"XTRA\0\0\0\0",
            "WEBP",
            False,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_two_things_is_the_picture_alone(data: bytes, kind: str, notes: bool) -> None:
    """The picture is judged; the other thing is noted where it is behind the end, and redaction leaves it out."""
    decoded = decode(Content(data=data), SETTINGS)
    assert bool(decoded.notes) == notes
    original = open_original(data, SETTINGS)
    assert original.name == kind
    written = original.encode()
    assert b"script" not in written
    assert b"PK\x03\x04" not in written


@pytest.mark.parametrize("data", [ZIP + JPEG, b"%PDF-1.7\n" + JPEG])
def test_a_picture_behind_something_else_is_not_found(data: bytes) -> None:
    with pytest.raises(UnsupportedError):
        decode(Content(data=data), SETTINGS)
    assert decode(Content(data=SCRIPT + JPEG[:3]), SETTINGS).kind is ContentKind.TEXT


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_what_is_damaged_is_not_written_again(name: str) -> None:
    data, rng = SAMPLES[name], random.Random(name)
    for _ in range(60):
        broken = bytearray(data)
        broken[rng.randrange(len(broken))] = rng.randrange(256)
        with contextlib.suppress(InputError):
            open_original(bytes(broken), SETTINGS).encode()
    with pytest.raises(InputError):
        open_original(data[: len(data) // 2], SETTINGS)
