"""image.hash: recognises pictures of the operator's own libraries, re-encoded, resized, mirrored or turned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evenhand.decode import decode
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import Content, Finding, ImagePart, Library, LibraryItem, LibraryKind, ListColour, PartKind
from evenhand.errors import InputError, LibraryError, TooLargeError
from evenhand.inference.pictures import whole, working_copy
from evenhand.settings import Settings

if TYPE_CHECKING:
    from evenhand.matching.hashes import HashIndex
    from evenhand.matching.pdq import PictureHash

_FARTHEST = 0.6  # score of a match at the greatest distance that still counts; between, it falls in a straight line
_TURNED = 0.95  # factor on the score of a match that had to be mirrored or turned


class HashDetector:
    """Compares a picture's PDQ hash, and those of its mirrored and turned copies, with every sample.

    A match is a distance of at most 31 of 256 bits. Score: 1.0 at distance 0, falling evenly to 0.6 at 31; times 0.95
    where the picture was mirrored or turned; times the sample's own score. Flat pictures (quality under 50)
    never match.
    """

    def __init__(self, libraries: Sequence[Library] = ()) -> None:
        """Read the samples' hashes; the index is built when the first picture comes.

        Raises:
            LibraryError: a sample is not 64 hexadecimal digits.
        """
        self._samples = [
            (library, item) for library in libraries if library.kind is LibraryKind.IMAGES for item in library.items
        ]
        for library, item in self._samples:
            _check(library, item)
        self._index: HashIndex | None = None
        own = {_label(library, item) for library, item in self._samples}
        self.info = DetectorInfo(
            name="image.hash",
            version="1",
            reads=PartKind.IMAGE,
            labels=tuple(sorted({f"known.{colour.value}" for colour in ListColour} | own)),
            cost=Cost.MODEL,
            description="Recognises pictures of the operator's libraries, re-encoded, resized, mirrored or turned.",
            examples=(Example(title="A drawing that no library holds", part=_drawn),),
        )

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Compare each picture with all samples; without samples nothing is computed."""
        if not self._samples:
            return [NOTHING] * len(parts)
        return [self._compare(part) for part in parts]

    def _compare(self, part: ImagePart) -> Detection:
        from evenhand.matching import pdq

        hashed = hash_part(part)
        if hashed.quality < pdq.MIN_QUALITY:
            return NOTHING
        if self._index is None:
            self._index = _build([item for _, item in self._samples])
        best: dict[tuple[str, str], Finding] = {}
        for turn, query in enumerate(hashed.turns):
            for row, distance in self._index.within(query, distance=pdq.MATCH_DISTANCE):
                library, item = self._samples[row]
                score = item.score * (_TURNED if turn else 1.0) * (1 - (1 - _FARTHEST) * distance / pdq.MATCH_DISTANCE)
                label = _label(library, item)
                held = best.get((library.name, label))
                if held is None or score > held.score:
                    best[library.name, label] = Finding(
                        label=label,
                        score=score,
                        location=part.locate(whole(part)),
                        detector=self.info.name,
                        version=self.info.version,
                        reason=f"{distance} of 256 bits from a sample" + (f", {pdq.TURNS[turn]}" if turn else ""),
                        library=library.name,
                    )
        return Detection(findings=tuple(best.values()))


def make(context: DetectorContext) -> HashDetector:
    """Build the detector.

    Raises:
        LibraryError: a sample of an image library is not 64 hexadecimal digits.
    """
    return HashDetector(context.libraries)


def hash_part(part: ImagePart) -> PictureHash:
    """Hash a decoded picture, once; pictures over 1,600 px are hashed from their working copy (2 to 4 bits away)."""
    import numpy as np

    from evenhand.matching import pdq

    return part.view("imagehash.pdq", lambda _: pdq.hash_luma(np.asarray(working_copy(part).convert("F"))))


def hash_image(source: Path | str | bytes, *, settings: Settings | None = None) -> tuple[str, int]:
    """Hash a picture for a sample library.

    Args:
        source: path of a picture, or its encoded bytes. Of an animation the first frame is hashed.
        settings: limits on size; None: the defaults and the environment.

    Returns:
        64 hexadecimal digits, and the quality from 0 to 100; under 50 the picture is too flat ever to match.

    Raises:
        TooLargeError: the file, or the picture, is over a limit.
        InputError: the file cannot be read, or is no picture.
    """
    settings = settings or Settings()
    if not isinstance(source, bytes):
        path = Path(source)
        try:
            if path.stat().st_size > settings.max_file_bytes:
                raise TooLargeError(f"{path} is over {settings.max_file_bytes} bytes; raise the setting max_file_bytes")
            source = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}); check the path") from error
    for part in decode(Content(data=source), settings).parts:
        if isinstance(part, ImagePart):
            hashed = hash_part(part)
            return hashed.hex, hashed.quality
    raise InputError("the file is no picture; a library of pictures is made from pictures")


def _label(library: Library, item: LibraryItem) -> str:
    return item.label or library.label or f"known.{library.colour.value}"


def _check(library: Library, item: LibraryItem) -> None:
    from evenhand.matching import pdq

    try:
        pdq.from_hex(item.value)
    except ValueError as error:
        raise LibraryError(
            f"library {library.name}: {error}; make the library with 'evenhand library from-pictures'"
        ) from error


def _build(items: Sequence[LibraryItem]) -> HashIndex:
    import numpy as np

    from evenhand.matching import pdq
    from evenhand.matching.hashes import HashIndex

    return HashIndex(np.stack([pdq.from_hex(item.value) for item in items]))


def _drawn() -> ImagePart:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (256, 256), (240, 240, 230))
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 30, 150, 140), fill=(180, 40, 40))
    draw.rectangle((120, 110, 230, 220), fill=(30, 90, 160))
    return ImagePart(image=image)
