"""Pictures come back in their own format, with the region gone and nothing said beside the pixels."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Sequence

import pytest
from PIL import Image, ImageDraw, ImageFont

from evenhand.actions.redact import Redacted, Redaction, redact
from evenhand.actions.redact_cover import Style
from evenhand.decode import decode
from evenhand.domain import Action, Content, Finding, Location, Result, Source
from evenhand.domain.location import Box
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings
from tests.media import (
    ANIMATED_FORMATS,
    STILL_FORMATS,
    after_start,
    animation,
    drawn,
    encode,
    exif,
    jpeg_segment,
    png,
    png_chunk,
)

SETTINGS = Settings()
MARK = b"only the owner knows"


def covering(data: bytes, *boxes: Box, style: Style = Style.PIXELATE, margin: float = 0.0) -> Redacted:
    wanted = Redaction(labels=(), boxes=boxes, style=style, margin=margin)
    return redact(Content(data=data), wanted, SETTINGS)


def shown(data: bytes, frame: int = 0) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.seek(frame)
    return image.convert("RGB")


def found(data: bytes, *locations: Location, label: str = "sexual.nudity", score: float = 0.9) -> Result:
    decoded = decode(Content(data=data), SETTINGS)
    findings = tuple(
        Finding(label=label, score=score, location=location, detector="test", version="1", reason="a test")
        for location in locations
    )
    return Result(
        id=None,
        decision_id="d",
        action=Action.BLOCK,
        labels={},
        findings=findings,
        rule=None,
        reason="",
        incomplete={},
        policy="p@1/default",
        models={},
        content_hash=decoded.content_hash,
        kind="image",
    )


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("fmt", STILL_FORMATS)
def test_every_format_comes_back_as_itself_with_only_the_region_changed(fmt: str, style: Style) -> None:
    before = encode(drawn(), fmt, **({"lossless": True} if fmt == "WEBP" else {}))
    done = covering(before, (0, 0, 32, 24), style=style)
    image = Image.open(io.BytesIO(done.data))
    assert (image.format, done.media_type, image.size) == (fmt, f"image/{fmt.lower()}", (96, 64))
    old, new = shown(before), shown(done.data)
    assert (done.boxes, done.covered, done.result) == (1, (), None)
    assert max(abs(a - b) for a, b in zip(old.getpixel((80, 8)), new.getpixel((80, 8)), strict=True)) < 40  # type: ignore[arg-type]
    if style is Style.BOX:
        assert max(new.getpixel((20, 12))) < 12  # type: ignore[arg-type]
    assert decode(Content(data=done.data), SETTINGS).notes == ()


@pytest.mark.parametrize("style", [Style.PIXELATE, Style.BLUR])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_pictures_that_differ_in_detail_alone_become_the_same_file(mode: str, style: Style) -> None:
    """The proof that detail cannot be had back: it has no say in a single byte of what is written."""
    rng, made = random.Random(7), set()
    for _ in range(6):
        image = Image.new("L", (200, 120), 255)
        values = [40, 90] * 50
        for cell in range(4 * 3):  # each cell gets the same dots in another order
            left, top = 20 + cell % 4 * 40, cell // 4 * 40
            rng.shuffle(values)
            for place, value in enumerate(values):
                image.putpixel((left + place % 10, top + place // 10), value)
        made.add(covering(encode(image.convert(mode), "PNG"), (23, 3, 177, 117), style=style).data)
    assert len(made) == 1


def test_a_pin_under_a_mosaic_cannot_be_found_by_trying_all_of_them() -> None:
    font = ImageFont.load_default(32)
    seen = set()
    for pin in range(0, 10_000, 25):
        image = Image.new("L", (90, 48), 255)
        ImageDraw.Draw(image).text((4, 4), f"{pin:04d}", fill=0, font=font)
        seen.add(covering(encode(image, "PNG"), (3, 3, 87, 45)).data)
    assert len(seen) <= 16  # of 400: what is written tells four bits of nearly nine


def test_words_and_codes_are_boxed_whatever_the_style() -> None:
    data = encode(Image.new("RGB", (100, 80), (200, 180, 20)), "PNG")
    for source in (Source.OCR, Source.CODE):
        result = found(data, Location(source=source, box=(20, 20, 60, 40), text="x", span=(0, 1)))
        done = redact(Content(data=data), Redaction(style=Style.BLUR), SETTINGS, result=result)
        assert shown(done.data).getpixel((40, 30)) == (0, 0, 0)
        assert shown(done.data).getpixel((90, 70)) == (200, 180, 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_count_in_the_upright_picture(orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    data = encode(drawn(), "PNG", exif=tags)
    upright = decode(Content(data=data), SETTINGS).parts[0].image  # type: ignore[union-attr]
    place = next((x, y) for x in (4, upright.width - 5) for y in (4, upright.height - 5) if _is_red(upright, (x, y)))
    box = (place[0] - 4, place[1] - 4, place[0] + 4, place[1] + 4)
    new = shown(covering(data, box, style=Style.BOX).data)
    assert new.size == upright.size
    assert new.getpixel(place) == (0, 0, 0)
    assert "exif" not in Image.open(io.BytesIO(covering(data).data)).info


def _is_red(image: Image.Image, place: tuple[int, int]) -> bool:
    red, green, _ = image.getpixel(place)  # type: ignore[misc]
    return bool(red > 150 and green < 80)


def _told() -> dict[str, bytes]:
    """Give files that say MARK outside their pixels, in every way that we know of."""
    tags = Image.Exif()
    tags[0x010E] = MARK.decode()
    tags.get_ifd(0x8825)[29] = MARK.decode()
    block = b"Exif\0\0" + tags.tobytes()[6:]
    preview = encode(Image.new("RGB", (8, 8)), "JPEG", comment=MARK)
    told = {
        f"{fmt} EXIF, ICC, XMP, end": encode(drawn(), fmt, exif=tags, icc_profile=MARK * 9, xmp=MARK) + MARK
        for fmt in ("JPEG", "PNG", "WEBP")
    }
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + MARK
    segments = ((0xE1, block), (0xE1, xmp), (0xE2, b"MPF\0" + MARK), (0xED, MARK), (0xFE, MARK), (0xEF, preview))
    told["JPEG segments"] = after_start(encode(drawn(), "JPEG"), *(jpeg_segment(*each) for each in segments))
    chunks = (png_chunk(name, b"key\0" + MARK) for name in (b"tEXt", b"iTXt", b"tIME", b"prVt", b"eXIf"))
    told["PNG chunks"] = png(20, 20, *chunks)
    told["GIF comment"] = encode(drawn(), "GIF", comment=MARK) + MARK
    told["animated GIF comment"] = animation("GIF").replace(b"\x21\xf9", b"\x21\xfe\x14" + MARK + b"\0\x21\xf9")
    told["animated WebP"] = encode(drawn(), "WEBP", save_all=True, append_images=[drawn(mode="L")], exif=tags, xmp=MARK)
    told["TIFF tags"] = encode(drawn(), "TIFF", tiffinfo={270: MARK.decode(), 315: MARK.decode(), 700: MARK}, exif=tags)
    told["BMP end"] = encode(drawn(), "BMP") + MARK
    hidden = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    hidden.putdata([(*MARK[:3], 0)] * 1600)
    return told | {"PNG under transparency": encode(hidden, "PNG", compress_level=0)}


@pytest.mark.parametrize("name", _told())
def test_nothing_is_said_beside_the_pixels(name: str) -> None:
    data = _told()[name]
    assert MARK[:3] * 1 in data
    done = covering(data)
    assert MARK not in done.data
    assert not {"exif", "icc_profile", "xmp", "comment", "photoshop", "mp"} & set(
        Image.open(io.BytesIO(done.data)).info
    )
    if name == "PNG under transparency":
        assert Image.open(io.BytesIO(done.data)).getextrema() == ((0, 0),) * 4


def test_a_bomb_in_the_metadata_is_not_opened_here_either() -> None:
    data = after_start(encode(drawn(), "JPEG"), jpeg_segment(0xE1, exif(6, entries=4000, values=10_000)))
    assert shown(covering(data).data).size == (64, 96)


@pytest.mark.parametrize("fmt", ANIMATED_FORMATS)
def test_a_finding_holds_until_the_frames_that_were_looked_at_beside_it(fmt: str) -> None:
    data = animation(fmt, frames=9)
    settings = Settings(max_frames=3)  # frames 0, 4 and 8 are looked at
    result = found(data, Location(source=Source.FRAME, frame=4, box=(10, 10, 30, 30)))
    done = redact(Content(data=data), Redaction(style=Style.BOX), settings, result=result)
    frames = Image.open(io.BytesIO(done.data))
    assert getattr(frames, "n_frames", 1) == 9
    dark = [max(shown(done.data, index).getpixel((20, 20))) < 9 for index in range(9)]  # type: ignore[arg-type]
    assert dark == [index in range(1, 8) or index == 0 for index in range(9)]  # (frame 0 is black by itself)
    assert shown(done.data, 4).getpixel((50, 35)) != (0, 0, 0)


@pytest.mark.parametrize("fmt", ANIMATED_FORMATS)
def test_animations_keep_their_times(fmt: str) -> None:
    done = covering(animation(fmt, frames=4, duration=70), (5, 5, 20, 20))
    times = [part.origin.time for part in decode(Content(data=done.data), SETTINGS).parts]
    assert [start for start, _ in filter(None, times)] == pytest.approx([0, 0.07, 0.14, 0.21])


def test_see_through_frames_stay_apart() -> None:
    frames = [Image.new("RGBA", (40, 40)) for _ in range(2)]
    for frame, left in zip(frames, (2, 30), strict=True):
        ImageDraw.Draw(frame).rectangle((left, 2, left + 6, 8), fill=(200, 0, 0, 255))
    done = covering(encode(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2), (10, 20, 20, 30))
    second = Image.open(io.BytesIO(done.data))
    second.seek(1)
    assert second.convert("RGBA").getpixel((4, 4))[3] == 0  # type: ignore[index]
    assert second.convert("RGBA").getpixel((32, 4)) == (200, 0, 0, 255)


@pytest.mark.parametrize(("loop", "kept"), [(0, 0), (3, 3), (None, None)])
def test_a_gif_repeats_as_often_as_it_did(loop: int | None, kept: int | None) -> None:
    frames = [drawn(), drawn().rotate(90)]
    options = {} if loop is None else {"loop": loop}
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(covering(data).data)).info.get("loop") == kept


def test_all_pages_of_a_tiff_are_written() -> None:
    data = encode(drawn(), "TIFF", save_all=True, append_images=[drawn(30, 50), drawn(50, 30)])
    result = found(data, Location(source=Source.FRAME, frame=1, box=(5, 5, 20, 20)))
    done = redact(Content(data=data), Redaction(style=Style.BOX), SETTINGS, result=result)
    pages = [shown(done.data, index) for index in range(3)]
    assert [page.size for page in pages] == [(96, 64), (30, 50), (50, 30)]
    assert [page.getpixel((12, 12)) == (0, 0, 0) for page in pages] == [False, True, False]


def test_boxes_of_a_shrunk_picture_are_drawn_back() -> None:
    large = Image.new("RGB", (5000, 4000), (10, 200, 10))
    data = encode(large, "JPEG", quality=60)
    (seen,) = decode(Content(data=data), SETTINGS).parts
    assert seen.size == (2500, 2000)  # type: ignore[union-attr]
    result = found(data, Location(source=Source.IMAGE, box=(2400, 1900, 2500, 2000)))
    new = shown(redact(Content(data=data), Redaction(style=Style.BOX), SETTINGS, result=result).data)
    assert new.size == (5000, 4000)
    assert [max(new.getpixel(place)) < 20 for place in ((4990, 3990), (4810, 3810), (4700, 3700))] == [  # type: ignore[arg-type]
        True,
        True,
        False,
    ]


def test_a_finding_without_a_box_covers_the_whole() -> None:
    data = encode(drawn(), "PNG")
    result = found(data, Location(source=Source.IMAGE))
    done = redact(Content(data=data), Redaction(style=Style.BOX), SETTINGS, result=result)
    assert shown(done.data).getextrema() == ((0, 0),) * 3


@pytest.mark.parametrize(
    ("label", "score", "labels", "least", "covered"),
    [
        ("sexual.nudity", 0.6, ("harm",), 0.5, True),
        ("sexual.nudity", 0.4, ("harm",), 0.5, False),
        ("sexual.nudity", 0.6, ("sexual",), 0.5, True),
        ("sexual.nudity", 0.6, ("sex", "violence"), 0.5, False),
        ("face.smile", 0.9, ("harm",), 0.5, False),
        ("face.smile", 0.9, ("face",), 0.5, True),
        ("politics", 0.9, ("all",), 0.5, True),
        ("known.black", 1.0, ("harm",), 0.5, True),
        ("known.white", 1.0, ("harm",), 0.5, False),
        ("ads.our_own", 0.9, ("harm",), 0.5, True),
    ],
)
def test_what_is_covered_by_label_and_score(
    label: str, score: float, labels: Sequence[str], least: float, covered: bool
) -> None:
    data = encode(drawn(), "PNG")
    result = found(data, Location(source=Source.IMAGE, box=(0, 0, 9, 9)), label=label, score=score)
    done = redact(Content(data=data), Redaction(labels=tuple(labels), least_score=least), SETTINGS, result=result)
    assert bool(done.covered) == covered


@pytest.mark.parametrize(
    "box",
    [(50, 50, 20, 60), (0, 0, 0, 10), (10, 10, 200, 20), (-5, 0, 10, 10), (float("nan"), 0, 10, 10), (0, 0, 1e300, 9)],
)
def test_boxes_that_would_leave_something_uncovered_are_refused(box: Box) -> None:
    with pytest.raises(InputError, match="96 x 64"):
        covering(encode(drawn(), "PNG"), box)


def test_what_cannot_be_redacted_says_why() -> None:
    data, other = encode(drawn(), "PNG"), encode(drawn(20, 20), "PNG")
    with pytest.raises(InputError, match="another content"):
        redact(Content(data=data), Redaction(), SETTINGS, result=found(other))
    with pytest.raises(InputError, match="send the file"):
        redact(Content(url="https://x.example/a.png"), Redaction(labels=()), SETTINGS)
    with pytest.raises(InputError, match="result of a check"):
        redact(Content(data=data), Redaction(), SETTINGS)
    gif = animation("GIF")
    with pytest.raises(InputError, match="frame 7 was not looked at"):
        redact(Content(data=gif), Redaction(), SETTINGS, result=found(gif, Location(source=Source.FRAME, frame=7)))
    with pytest.raises(InputError, match="from 0 to 1"):
        Redaction(least_score=2)
    with pytest.raises(UnsupportedError):
        covering(b"%PDF-1.7 and so on")
    with pytest.raises(TooLargeError, match="EVENHAND_MAX_PIXELS"):
        redact(Content(data=animation("GIF", 9)), Redaction(labels=()), Settings(max_pixels=10_000))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (9, 9)])
@pytest.mark.parametrize("style", Style)
def test_tiny_pictures(size: tuple[int, int], style: Style) -> None:
    done = covering(encode(Image.new("RGB", size, "red"), "PNG"), (0, 0, *size), style=style)
    assert shown(done.data).size == size


@pytest.mark.parametrize(
    ("mode", "fmt", "note"),
    [("CMYK", "JPEG", "CMYK"), ("CMYK", "TIFF", "CMYK"), ("I;16", "PNG", "16"), ("I;16", "TIFF", "16")],
)
def test_what_the_file_loses_is_noted(mode: str, fmt: str, note: str) -> None:
    image = drawn().convert("L").convert(mode) if mode == "I;16" else drawn(mode=mode)
    assert note in " ".join(covering(encode(image, fmt)).notes)


def test_a_detector_without_an_answer_is_named() -> None:
    data = encode(drawn(), "PNG")
    result = found(data)
    object.__setattr__(result, "incomplete", {"image.face": "out of time"})
    done = redact(Content(data=data), Redaction(), SETTINGS, result=result)
    assert done.notes == ("image.face gave no answer, so what it looks for may be uncovered: out of time",)


def test_a_size_that_its_format_cannot_be_written_in_is_refused() -> None:
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + (20_000 - 1).to_bytes(3, "little") + b"\x13\0\0"
    data = animation("WEBP", 2, (60, 20))
    wide = data[:12] + canvas + data[30:]
    with pytest.raises(UnsupportedError, match="20,000 x 20"):
        redact(Content(data=wide), Redaction(labels=()), SETTINGS)


def test_a_large_avif_is_looked_at_but_not_written() -> None:
    data, settings = encode(drawn(), "AVIF"), Settings(max_pixels=7_000)
    assert decode(Content(data=data), settings).parts
    with pytest.raises(TooLargeError, match="as JPEG or PNG"):
        redact(Content(data=data), Redaction(labels=()), settings)


def test_a_file_that_would_grow_out_of_all_proportion_is_refused() -> None:
    data = encode(Image.new("P", (300, 300)), "BMP")
    settings = Settings(max_file_bytes=len(data))
    assert redact(Content(data=data), Redaction(labels=()), settings).data
    runs = bytes((200, 1, 0, 0)) * 400 + b"\0\1"
    head = struct.pack("<IHHI", 62 + len(runs), 0, 0, 62) + struct.pack(
        "<IiiHHIIiiII", 40, 200, 400, 1, 8, 1, 0, 0, 0, 2, 0
    )
    packed = b"BM" + head + bytes(4) + b"\xff\x80\x20\0" + runs
    with pytest.raises(TooLargeError, match="send the picture as PNG"):
        redact(Content(data=packed), Redaction(labels=()), Settings(max_file_bytes=len(packed)))
