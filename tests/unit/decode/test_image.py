"""Pictures that are in order: every format, colour mode, orientation, transparency, animation, and large ones."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest
from PIL import Image, ImageChops

from evenhand.decode import Decoded, decode
from evenhand.decode.formats.base import sample
from evenhand.decode.image import KEPT_PIXELS, LONG_KEPT_PIXELS
from evenhand.domain import Content, ContentKind, ImagePart, Source
from evenhand.errors import UnsupportedError
from evenhand.settings import Settings
from tests.media import (
    ANIMATED_FORMATS,
    STILL_FORMATS,
    after_start,
    animation,
    drawn,
    encode,
    exif,
    gif,
    jpeg_segment,
    png,
    png_chunk,
    text_on_nothing,
)

SETTINGS = Settings()


def read(data: bytes, settings: Settings = SETTINGS) -> Decoded:
    return decode(Content(data=data), settings)


def pictures(decoded: Decoded) -> list[Image.Image]:
    return [part.image for part in decoded.parts if isinstance(part, ImagePart)]


def picture(data: bytes) -> Image.Image:
    (image,) = pictures(read(data))
    assert image.mode == "RGB"
    return image


def difference(one: Image.Image, other: Image.Image) -> int:
    """Give the largest difference of any channel of any pixel, 0 to 255."""
    extrema = ImageChops.difference(one, other).getextrema()
    return max(int(channel[1]) for channel in extrema if isinstance(channel, tuple))


@pytest.mark.parametrize("fmt", STILL_FORMATS)
def test_every_format_comes_through(fmt: str) -> None:
    original = drawn()
    data = encode(original, fmt, **({"lossless": True} if fmt == "WEBP" else {}))
    decoded = read(data)
    (image,) = pictures(decoded)
    assert (image.mode, image.size) == ("RGB", original.size)
    assert difference(image, original) <= {"JPEG": 90, "GIF": 60, "AVIF": 90}.get(fmt, 0)
    assert decoded.kind is ContentKind.IMAGE
    assert decoded.notes == ()
    assert decoded.size == len(data)
    assert decoded.content_hash == "sha256:" + hashlib.sha256(data).hexdigest()
    assert decoded.parts[0].origin.source is Source.IMAGE


@pytest.mark.parametrize(
    ("mode", "fmt", "options", "most"),
    [
        ("1", "PNG", {}, 0),
        ("L", "PNG", {}, 0),
        ("P", "PNG", {}, 0),
        ("LA", "PNG", {}, 0),
        ("RGBA", "PNG", {}, 0),
        ("CMYK", "JPEG", {"quality": 95}, 90),
        ("L", "JPEG", {}, 60),
        ("RGB", "JPEG", {"progressive": True}, 90),
        ("CMYK", "TIFF", {}, 2),
        ("1", "TIFF", {}, 0),
        ("RGB", "TIFF", {"compression": "tiff_lzw"}, 0),
        ("RGB", "TIFF", {"compression": "tiff_adobe_deflate"}, 0),
        ("RGB", "TIFF", {"compression": "packbits"}, 0),
        ("RGB", "TIFF", {"compression": "jpeg"}, 90),
        ("RGBA", "TIFF", {}, 0),
        ("P", "BMP", {}, 0),
        ("RGBA", "WEBP", {"lossless": True}, 0),
        ("L", "AVIF", {"speed": 10}, 60),
        ("RGB", "AVIF", {"speed": 10, "subsampling": "4:4:4", "quality": 100}, 20),
    ],
)
def test_colour_modes(mode: str, fmt: str, options: dict[str, object], most: int) -> None:
    original = drawn().convert(mode)
    image = picture(encode(original, fmt, **options))
    assert difference(image, original.convert("RGB")) <= most


@pytest.mark.parametrize("fmt", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_clipped(fmt: str) -> None:
    deep = Image.new("I;16", (4, 1))
    for x, value in enumerate((0, 0x4000, 0x8000, 0xFFFF)):
        deep.putpixel((x, 0), value)
    image = picture(encode(deep, fmt))
    assert [image.getpixel((x, 0)) for x in range(4)] == [(0,) * 3, (64,) * 3, (128,) * 3, (255,) * 3]


@pytest.mark.parametrize("mode", ["F", "I"])
def test_values_of_unknown_range_are_refused(mode: str) -> None:
    with pytest.raises(UnsupportedError, match="8 or 16 bits"):
        read(encode(drawn().convert("L").convert(mode), "TIFF"))


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(fmt: str, orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    turned = picture(encode(drawn(), fmt, exif=tags))
    assert turned.size == ((96, 64) if orientation < 5 else (64, 96))
    width, height = turned.size
    corners = {
        "top left": (3, 3),
        "top right": (width - 4, 3),
        "bottom right": (width - 4, height - 4),
        "bottom left": (3, height - 4),
    }
    # EXIF names where the stored picture's first row and first column stand: the red corner is where they meet.
    meet = ["top left", "top right", "bottom right", "bottom left"][(0, 1, 2, 3, 0, 1, 2, 3)[orientation - 1]]
    for name, place in corners.items():
        red, green, _ = turned.getpixel(place)  # type: ignore[misc]
        assert (red > 150 and green < 80) == (name == meet), name


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_read_in_both_byte_orders_and_bombs_beside_it_are_not(order: str) -> None:
    block = exif(6, order=order, entries=4000, values=10_000)
    data = after_start(encode(drawn(), "JPEG"), jpeg_segment(0xE1, block))
    assert picture(data).size == (64, 96)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (250, 250, 120), (127, 127, 127)])
def test_letters_on_nothing_show_on_one_of_the_pictures(colour: tuple[int, int, int]) -> None:
    shown = pictures(read(encode(text_on_nothing(colour), "PNG")))
    assert len(shown) == (1 if max(colour) < 200 else 2)
    assert shown[0].getpixel((0, 0)) == (255, 255, 255)
    contrast = [max(high - low for low, high in image.getextrema()) for image in shown]  # type: ignore[misc]
    assert max(contrast) > 100


def test_colours_under_full_transparency_stay_out() -> None:
    hidden = drawn().convert("RGBA")
    hidden.putalpha(0)
    (image,) = pictures(read(encode(hidden, "PNG")))
    assert image.getextrema() == ((255, 255),) * 3


def test_a_palette_with_transparency() -> None:
    image = Image.new("P", (40, 40), 1)
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.paste(0, (0, 0, 20, 20))
    assert picture(encode(image, "PNG", transparency=0)).getpixel((5, 5)) == (255, 255, 255)
    assert picture(encode(image, "GIF", transparency=0)).getpixel((30, 30)) == (0, 0, 200)


@pytest.mark.parametrize("fmt", ANIMATED_FORMATS)
def test_animation_gives_a_part_a_frame_with_its_time(fmt: str) -> None:
    decoded = read(animation(fmt, frames=5, duration=100))
    assert decoded.notes == ("5 frames, 5 looked at",)
    assert [part.origin.source for part in decoded.parts] == [Source.FRAME] * 5
    assert [part.origin.frame for part in decoded.parts] == [0, 1, 2, 3, 4]
    times = [part.origin.time or (0, 0) for part in decoded.parts]
    assert [start for start, _ in times] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert [end for _, end in times] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    colours = [image.getpixel((5, 5)) for image in pictures(decoded)]
    assert colours == [((37 * i) % 256, (91 * i) % 256, (153 * i) % 256) for i in range(5)]


@pytest.mark.parametrize("fmt", ANIMATED_FORMATS)
def test_long_animation_is_sampled_evenly(fmt: str) -> None:
    decoded = read(animation(fmt, frames=40), Settings(max_frames=4))
    assert [part.origin.frame for part in decoded.parts] == [0, 13, 26, 39]
    assert decoded.notes == ("40 frames, 4 looked at",)


def test_sampling() -> None:
    assert [sample(3, 5), sample(5, 1), sample(10_000, 2)] == [(0, 1, 2), (0,), (0, 9999)]


def test_repeated_frames_are_dropped_but_a_slow_change_is_not() -> None:
    shades = [Image.new("RGB", (30, 30), (value,) * 3) for value in (0, 0, 1, 2, 3, 4, 5, 6)]
    still = [drawn()] * 2 + [drawn().transpose(Image.Transpose.ROTATE_180)]
    slow = read(encode(shades[0], "WEBP", save_all=True, append_images=shades[1:], duration=10, lossless=True))
    assert [part.origin.frame for part in slow.parts] == [0, 3, 6][: len(slow.parts)]
    assert len(slow.parts) == 3
    again = read(encode(still[0], "PNG", save_all=True, append_images=[*still[1:], *still], duration=10))
    assert len(again.parts) < 6


def test_apng_whose_default_picture_is_not_a_frame_is_looked_at_too() -> None:
    hidden, shown = drawn(), [Image.new("RGB", (96, 64), colour) for colour in ("green", "blue")]
    data = encode(hidden, "PNG", save_all=True, default_image=True, append_images=shown, duration=100)
    decoded = read(data)
    assert [part.origin.frame for part in decoded.parts] == [0, 1, 2]
    assert difference(pictures(decoded)[0], hidden) == 0


def test_one_frame_animation_is_a_still() -> None:
    (part,) = read(gif(1)).parts
    assert part.origin.source is Source.IMAGE


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_large_picture_is_shrunk_and_noted(fmt: str) -> None:
    large = drawn().resize((4200, 3901), Image.Resampling.NEAREST)
    options: dict[str, dict[str, object]] = {"TIFF": {"compression": "tiff_lzw"}, "WEBP": {"method": 0}}
    decoded = read(encode(large, fmt, **options.get(fmt, {})))
    (image,) = pictures(decoded)
    assert image.size == (2100, 1951)
    assert image.width * image.height <= KEPT_PIXELS
    assert decoded.notes == ("looked at in 2100 x 1951 pixels, the file has 4200 x 3901",)
    assert difference(image.resize((96, 48)), large.resize((96, 48))) <= 70


def test_frames_of_a_large_animation_are_shrunk_to_fit_together() -> None:
    decoded = read(animation("GIF", frames=8, size=(1700, 1200)))
    assert sum(image.width * image.height for image in pictures(decoded)) <= KEPT_PIXELS
    assert len(decoded.parts) == 8
    assert "the file has 1700 x 1200" in decoded.notes[1]


def test_metadata_is_left_out_and_what_follows_the_end_is_noted() -> None:
    extra = (png_chunk(b"iCCP", b"x\0\0broken"), png_chunk(b"zTXt", b"broken"), png_chunk(b"eXIf", b"broken"))
    assert picture(png(20, 10, *extra)).size == (20, 10)
    assert read(png(20, 10) + b"PK\x03\x04" + bytes(996)).notes == (
        "1,000 bytes after the picture's end are not looked at",
    )


def test_every_page_is_a_part_of_its_own() -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    pages = [drawn(), drawn(30, 50), drawn(60, 20, "L"), drawn(16, 16, "1")]
    decoded = read(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw", exif=tags))
    assert decoded.notes == ("4 pages, 4 looked at",)
    shown = pictures(decoded)
    assert [image.size for image in shown] in ([(64, 96), *(p.size for p in pages[1:])], [p.size[::-1] for p in pages])
    assert [(part.origin.frame, part.origin.time) for part in decoded.parts] == [(i, None) for i in range(4)]
    assert difference(shown[0], pages[0].transpose(Image.Transpose.ROTATE_270)) == 0


def test_pages_are_sampled_and_repeated_ones_dropped() -> None:
    pages = [Image.new("L", (20, 20), 20 * (i // 2)) for i in range(10)]
    data = encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert read(data).notes == ("10 pages, 10 looked at, 5 of them repeat another",)
    few = read(data, Settings(max_frames=3))
    assert [part.origin.frame for part in few.parts] == [0, 4, 9]
    assert few.notes == ("10 pages, 3 looked at",)


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("size", [(30_000, 40), (40, 30_000)])
def test_very_long_pictures_keep_their_size(fmt: str, size: tuple[int, int]) -> None:
    image = picture(encode(Image.new("RGB", size, (200, 30, 60)), fmt))
    assert image.size == size
    assert difference(image.crop((0, 0, 9, 9)), Image.new("RGB", (9, 9), (200, 30, 60))) < 12


def test_a_scrolled_page_is_kept_larger_than_a_photograph() -> None:
    page = Image.new("L", (1200, 30_000), 255)
    assert picture(encode(page, "PNG")).size == page.size
    assert page.width * page.height <= LONG_KEPT_PIXELS
    assert picture(encode(Image.new("L", (1800, 30_000)), "PNG")).size == (900, 15_000)


@pytest.mark.parametrize("fmt", STILL_FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (1, 37), (37, 1), (2, 3)])
def test_the_smallest_pictures(fmt: str, size: tuple[int, int]) -> None:
    assert picture(encode(Image.new("RGB", size, "white"), fmt)).size == size


def test_sixteen_bits_a_channel() -> None:
    rows = b"".join(b"\0" + struct.pack(">12H", *[0xFFFF, 0x8000, 0x4000] * 4) for _ in range(4))
    header = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", header), png_chunk(b"IDAT", zlib.compress(rows)), png_chunk(b"IEND", b"")]
    assert picture(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).getpixel((2, 2)) == (255, 128, 64)


@pytest.mark.parametrize("fmt", ["PNG", "GIF", "WEBP", "TIFF", "AVIF"])
def test_half_seen_pixels_are_laid_over_white(fmt: str) -> None:
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 16, 32))
    shown = picture(encode(image, fmt, **({"quality": 100} if fmt == "AVIF" else {})))
    assert min(shown.getpixel((4, 16))) > 250  # type: ignore[arg-type]
    assert max(shown.getpixel((28, 16))) < 9  # type: ignore[arg-type]
