"""Drawn test pictures, and hostile ones built by hand. Made at test time; nothing here is a photograph."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

STILL_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
ANIMATED_FORMATS = ("GIF", "PNG", "WEBP")


def drawn(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    """Draw a picture with a red corner at the top left, so that turning and mirroring show."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 3, height // 3), fill=(220, 20, 30))
    draw.ellipse((width // 2, height // 2, width - 4, height - 4), fill=(20, 60, 200))
    return image.convert(mode)


def encode(image: Image.Image, fmt: str, **options: Any) -> bytes:
    """Encode a picture; `fmt` is Pillow's name of the format."""
    out = BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def animation(fmt: str, frames: int = 5, size: tuple[int, int] = (60, 40), duration: int = 100) -> bytes:
    """Encode an animation whose frames all differ; `duration` in milliseconds a frame."""
    pictures = [Image.new("RGB", size, ((37 * i) % 256, (91 * i) % 256, (153 * i) % 256)) for i in range(frames)]
    options = {"lossless": True} if fmt == "WEBP" else {}
    return encode(pictures[0], fmt, save_all=True, append_images=pictures[1:], duration=duration, **options)


def text_on_nothing(colour: tuple[int, int, int], size: tuple[int, int] = (120, 40)) -> Image.Image:
    """Draw letters of one colour on a wholly transparent ground."""
    image = Image.new("RGBA", size, (*colour, 0))
    ImageDraw.Draw(image).text((8, 12), "LETTERS HERE", fill=(*colour, 255))
    return image


def png_chunk(name: bytes, body: bytes) -> bytes:
    """Build one PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *extra: bytes, pixels: bytes | None = None) -> bytes:
    """Build a grey PNG by hand: `extra` chunks before its pixels, which by default are all black (one row if large)."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (1 + width) * height if width * height < 10**6 else 10
    body = zlib.compress(bytes(rows)) if pixels is None else pixels
    chunks = (png_chunk(b"IHDR", header), *extra, png_chunk(b"IDAT", body), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """Build one JPEG segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def after_start(jpeg: bytes, *segments: bytes) -> bytes:
    """Put segments right behind a JPEG's start marker."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def exif(orientation: int, *, order: str = "<", entries: int = 0, values: int = 0) -> bytes:
    """Build an EXIF block; `entries` more tags that all point at the same `values` bytes, as bombs do."""
    head = b"II*\x00" if order == "<" else b"MM\x00*"
    tags = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    end = 8 + 2 + 12 * (1 + entries) + 4
    for tag in range(0x8000, 0x8000 + entries):
        tags += struct.pack(order + "HHII", tag, 7, values, end)
    body = head + struct.pack(order + "IH", 8, 1 + entries) + tags + bytes(4) + bytes(values)
    return b"Exif\x00\x00" + body


def gif(
    frames: int, size: tuple[int, int] = (1, 1), frame_size: tuple[int, int] = (1, 1), *, end: bytes = b";"
) -> bytes:
    """Build a GIF by hand, each frame one pixel of data."""
    head = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80, 0, 0) + bytes(3) + b"\xff\xff\xff"
    one = b"," + struct.pack("<HHHHB", 0, 0, *frame_size, 0) + b"\x02\x02\x44\x01\x00"
    return head + one * frames + end


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """Build a WebP file of chunks."""
    body = b"".join(name + struct.pack("<I", len(data)) + data + bytes(len(data) & 1) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def tiff(*tags: tuple[int, int, int, int], tail: bytes = b"") -> bytes:
    """Build a little-endian TIFF of (tag, type, count, value) entries."""
    entries = b"".join(struct.pack("<HHII", *entry) for entry in tags)
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + tail


def bmp(width: int, height: int, *, compression: int = 0, size: int = 100) -> bytes:
    """Build a BMP header with `size` bytes behind it."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, compression, size, 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", 62 + size, 0, 0, 62) + info + bytes(8) + bytes(size)
