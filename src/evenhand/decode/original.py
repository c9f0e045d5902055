"""A picture in its own size, format and frames, for whoever changes it and writes it again.

It goes through the same scanner and the same limits as a picture that is looked at; what a scanner leaves out (EXIF,
GPS, XMP, ICC profile, comments, previews, what follows the end) is not here either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from evenhand.decode.formats.base import Format, Limits, Scanned
from evenhand.decode.formats.table import FORMATS
from evenhand.decode.image import codec_errors, opened, walk
from evenhand.decode.pixels import upright, whole
from evenhand.decode.sniff import sniff
from evenhand.errors import TooLargeError, UnsupportedError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_QUALITY = 92  # of JPEG and AVIF where the file's own tables cannot be used again
_TIFF_KEPT = frozenset({"tiff_lzw", "packbits", "tiff_adobe_deflate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A picture as its file has it, but upright and without metadata. Its frames may be changed in place."""

    media: str  # "image/png"
    name: str  # Pillow's name of the format
    frames: tuple[Image, ...]  # L, RGB or RGBA, upright, full size; one for a still
    options: Mapping[str, Any] = field(default_factory=dict)  # with which it is written again
    notes: tuple[str, ...] = ()  # what it loses by that

    def encode(self) -> bytes:
        """Write it in its own format, without metadata of any kind.

        Raises:
            UnsupportedError: the format can be read in this size but not written (WebP over 16,383 px a side).
            TooLargeError: it takes more memory than there is.
        """
        out = BytesIO()
        first, *rest = self.frames
        more = {"save_all": True, "append_images": rest} if rest else {}
        try:
            first.save(out, self.name, **self.options, **more)
        except MemoryError as error:
            raise TooLargeError("writing the picture takes more memory than there is; send a smaller one") from error
        except (OSError, RuntimeError, ValueError) as error:  # what the codecs raise
            width, height = first.size
            raise UnsupportedError(
                f"a {self.name} of {width:,} x {height:,} pixels cannot be written; send it smaller, or as PNG"
            ) from error
        return out.getvalue()


def open_original(data: bytes, settings: Settings) -> Original:
    """Open a picture at full size.

    Args:
        data: the file; at most `settings.max_file_bytes` long, which the caller has checked.
        settings: the limits. All frames together may have `max_pixels`, for all are held and written again.

    Raises:
        TooLargeError, UnsupportedError, InputError: as when it is decoded.
    """
    media = sniff(data)
    entry = next((entry for entry in FORMATS if entry.media == media), None)
    if entry is None:
        raise UnsupportedError(f"a file of kind {media or 'unknown'} is not written again; send a picture that is read")
    limits = Limits.start(settings)
    with codec_errors(entry.name):
        scanned = entry.scan(data, limits)
        with opened(entry, scanned) as image:
            frames = tuple(_frames(image, scanned, limits))
            options = _options(entry, scanned, image, data)
            notes = _losses(entry.media, scanned, image)
    return Original(media=entry.media, name=entry.name.upper(), frames=frames, options=options, notes=notes)


def _losses(media: str, scanned: Scanned, image: ImageFile) -> tuple[str, ...]:
    """Say what is lost beyond metadata, as far as the first frame tells."""
    if image.mode == "CMYK":
        return ("written in RGB, the file was CMYK",)
    deep = image.mode.startswith("I;16") or (media == "image/png" and scanned.data[24] == 16)
    return ("written in 8 bits a channel, the file had 16",) if deep else ()


def _frames(image: ImageFile, scanned: Scanned, limits: Limits) -> Iterator[Image]:
    total = scanned.frames
    if total == 1:
        # The AVIF encoder takes 1.7 GB for 64 million pixels, the others a third of that.
        if image.format == "AVIF" and 2 * scanned.width * scanned.height > limits.pixels:
            raise TooLargeError(
                f"an AVIF of {scanned.width:,} x {scanned.height:,} pixels is over what is written again "
                f"({limits.pixels // 2:,}); send it as JPEG or PNG, or raise EVENHAND_MAX_PIXELS"
            )
        image.load()
        yield _bare(image, scanned.orientation)
        return
    held = sum(page.width * page.height for page in map(scanned.page, range(total)))
    if held > limits.pixels:
        raise TooLargeError(
            f"{total:,} frames with {held:,} pixels in all are more than are written again ({limits.pixels:,}); "
            "send fewer or smaller ones, or raise EVENHAND_MAX_PIXELS"
        )
    for index, frame in walk(image, scanned, frozenset(range(total)), limits):
        yield _bare(frame, scanned.page(index).orientation)


def _bare(image: Image, orientation: int) -> Image:
    picture = upright(whole(image), orientation)
    picture.info = {}  # Pillow writes what stands here into the new file
    return picture


def _options(entry: Format, scanned: Scanned, image: ImageFile, data: bytes) -> dict[str, Any]:
    """Say how the picture is written again: as the file was, as far as its codec tells."""
    options = _still_options(entry.media, scanned, image)
    if scanned.times:
        lengths = [max(0, round(1000 * (end - start))) for start, end in scanned.times]
        options["duration"] = lengths
        loop = _gif_loop(data) if entry.media == "image/gif" else image.info.get("loop", 0)
        if loop is not None:
            options["loop"] = loop
    if entry.media == "image/gif" and scanned.times:
        options["disposal"] = 2  # frames are whole pictures: a see-through one must not show the one before
    if entry.media == "image/png" and image.info.get("default_image"):
        options["default_image"] = True
        options["duration"] = options["duration"][1:]
    return options


def _still_options(media: str, scanned: Scanned, image: ImageFile) -> dict[str, Any]:
    if media == "image/jpeg":
        from PIL.JpegImagePlugin import get_sampling

        tables = getattr(image, "quantization", None)
        sampling = get_sampling(image)
        how = {"qtables": tables} if tables and len(tables) <= 2 and image.mode != "CMYK" else {"quality": _QUALITY}
        return how if sampling < 0 or image.mode == "L" else {**how, "subsampling": sampling}
    if media == "image/webp":
        # A file with no lossy chunk is lossless; method 2 is a third of the time for some percent of size.
        return {"lossless": b"VP8 " not in scanned.data, "quality": 90, "method": 2}
    if media == "image/tiff":
        used = image.info.get("compression", "")
        return {"compression": used if used in _TIFF_KEPT else "tiff_adobe_deflate"}
    if media == "image/avif":
        return {"quality": _QUALITY, "speed": 9}
    return {}


def _gif_loop(data: bytes) -> int | None:
    """Give how often a GIF repeats (0: for ever), or None where it plays once. The scanner leaves this block out."""
    at = data.find(b"\x21\xff\x0bNETSCAPE2.0\x03\x01")
    return int.from_bytes(data[at + 16 : at + 18], "little") if at >= 0 else None
