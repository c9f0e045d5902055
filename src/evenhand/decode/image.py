"""Pictures and animations, by Pillow, behind our own scanners."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING

from evenhand.decode.base import Blob, Decoded
from evenhand.decode.formats.base import Format, Limits, Scanned, cut_short, sample
from evenhand.decode.formats.table import FORMATS
from evenhand.decode.pixels import flatten, same, shrink_factor, thumbnail, upright
from evenhand.domain import ContentKind, ImagePart, Location, Source
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

# Pixels kept of one content, over all its frames: detectors look at far fewer, and it bounds a content to 64 MB.
KEPT_PIXELS = 16_000_000
# Of a still that is over three times as long as wide: a scrolled page, whose letters would be lost if it were shrunk.
LONG_KEPT_PIXELS = 3 * KEPT_PIXELS
_LONG = 3


class ImageDecoder:
    """Reads JPEG, PNG and APNG, GIF, WebP, BMP and TIFF. Boxes of findings are in pixels of what it gives."""

    kind = ContentKind.IMAGE
    media = frozenset(entry.media for entry in FORMATS)

    def decode(self, blob: Blob, settings: Settings) -> Decoded:
        """Take a picture apart: one part for a still, one for each sampled and distinct frame or page.

        Raises:
            TooLargeError: too many pixels, frames, blocks or seconds; the size is known before pixels are decoded.
            UnsupportedError: a variant that is not read, or the image extra is not installed.
            InputError: damaged or cut short.
        """
        limits = Limits.start(settings)
        (entry,) = (entry for entry in FORMATS if entry.media == blob.media)
        with codec_errors(entry.name):
            scanned = entry.scan(blob.data, limits)
            with opened(entry, scanned) as image:
                parts, notes = _frames(image, scanned, limits) if scanned.frames > 1 else _still(image, scanned)
        return Decoded(
            kind=ContentKind.IMAGE,
            parts=parts,
            content_hash="sha256:" + sha256(blob.data).hexdigest(),
            size=len(blob.data),
            notes=(*scanned.notes, *notes),
        )


@contextmanager
def codec_errors(name: str) -> Iterator[None]:
    """Turn whatever a scanner or codec raises on hostile bytes into an InputError; each is the file's fault.

    Args:
        name: of the format, for people.
    """
    try:
        yield
    except InputError:
        raise
    except ModuleNotFoundError as error:
        raise UnsupportedError("reading pictures needs an extra: pip install 'evenhand[image]'") from error
    except MemoryError as error:
        raise TooLargeError("decoding the picture takes more memory than there is; send a smaller one") from error
    except Exception as error:
        raise InputError(f"the {name} picture is damaged or cut short; send the whole file") from error


@contextmanager
def opened(entry: Format, scanned: Scanned) -> Iterator[ImageFile]:
    """Open what the scanner wrote anew.

    Raises:
        InputError: the codec sees another size than the scanner.
    """
    with entry.open(BytesIO(scanned.data)) as image:
        # What the codec will reserve must be what was checked; one that disagrees with the scanner is not trusted.
        if entry.media != "image/gif":
            _check_size(image, scanned, 0)
        yield image


def _check_size(image: ImageFile, scanned: Scanned, index: int) -> None:
    page = scanned.page(index)
    if image.size != (page.width, page.height):
        raise InputError("the picture gives two different sizes; send the file as its program wrote it")


def _still(image: ImageFile, scanned: Scanned) -> tuple[tuple[ImagePart, ...], tuple[str, ...]]:
    keep = LONG_KEPT_PIXELS if max(image.size) > _LONG * min(image.size) else KEPT_PIXELS
    factor = shrink_factor(image.size, keep)
    if factor > 1:
        # JPEG can leave out the finest detail while decoding; it takes the scale nearest above what is asked for.
        image.draft(None, (scanned.width // factor, scanned.height // factor))
    image.load()
    pictures = [upright(picture, scanned.orientation) for picture in flatten(image, keep)]
    notes = _note_shrunk((scanned.width, scanned.height), scanned.orientation, pictures[0])
    return tuple(ImagePart(image=picture) for picture in pictures), notes


def _frames(image: ImageFile, scanned: Scanned, limits: Limits) -> tuple[tuple[ImagePart, ...], tuple[str, ...]]:
    total, wanted = scanned.frames, sample(scanned.frames, limits.frames)
    keep = max(1, KEPT_PIXELS // len(wanted))
    parts, last = list[ImagePart](), None
    for index, frame in walk(image, scanned, frozenset(wanted), limits):
        pictures = flatten(frame, keep)
        small = thumbnail(pictures[0])
        if last is not None and same(last, small):
            continue  # compared with the last kept frame, so that a slow change still shows in time
        last = small
        time = scanned.times[index] if scanned.times else None
        origin, turn = Location(source=Source.FRAME, frame=index, time=time), scanned.page(index).orientation
        parts += (ImagePart(image=upright(picture, turn), origin=origin) for picture in pictures)
    notes = _note_shrunk((scanned.width, scanned.height), scanned.orientation, parts[0].image)
    kept = len({part.origin.frame for part in parts})
    return tuple(parts), (_note_frames("pages" if scanned.pages else "frames", total, len(wanted), kept), *notes)


def walk(image: ImageFile, scanned: Scanned, wanted: frozenset[int], limits: Limits) -> Iterator[tuple[int, Image]]:
    """Give the frames or pages that are wanted, loaded, in order.

    All frames are gone through, since each is drawn upon the one before; pages are opened one by one.

    Raises:
        TooLargeError: the time is used up.
        InputError: there are fewer frames than the scanner saw, or a page is not of the size that was checked.
    """
    for index in sorted(wanted) if scanned.pages else range(scanned.frames):
        limits.check_time()
        try:
            image.seek(index)
            if scanned.pages:
                _check_size(image, scanned, index)
            if index in wanted:
                image.load()
                yield index, image
        except EOFError as error:
            raise cut_short() from error


def _note_frames(what: str, total: int, looked: int, kept: int) -> str:
    same_note = f", {looked - kept} of them repeat another" if kept < looked else ""
    return f"{total:,} {what}, {looked} looked at{same_note}"


def _note_shrunk(size: tuple[int, int], orientation: int, picture: Image) -> tuple[str, ...]:
    """Say by how much boxes differ from the file's own pixels."""
    width, height = size if orientation < 5 else size[::-1]
    if (width, height) == picture.size:
        return ()
    return (f"looked at in {picture.width} x {picture.height} pixels, the file has {width} x {height}",)
