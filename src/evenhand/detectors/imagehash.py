"""image.hash: recognises pictures of the operator's own libraries, re-encoded, resized, mirrored or turned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evenhand.decode import decode
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import Content, Finding, ImagePart, Library, LibraryKind, ListColour, PartKind
from evenhand.errors import InputError, TooLargeError
from evenhand.inference.pictures import whole, working_copy
from evenhand.settings import Settings

if TYPE_CHECKING:
    from evenhand.matching.known import KnownMatch, KnownPictures
    from evenhand.matching.pdq import PictureHash

_FARTHEST = 0.6  # score of a match at the greatest distance that still counts; between, it falls in a straight line
_TURNED = 0.95  # factor on the score of a match that had to be mirrored or turned


class HashDetector:
    """Compares a picture's PDQ hash, and those of its mirrored and turned copies, with every sample.

    A match is a distance of at most 31 of 256 bits. Score: 1.0 at distance 0, falling evenly to 0.6 at 31; times 0.95
    where the picture was mirrored or turned; times the sample's own score. Flat pictures (quality under 50)
    never match, and a picture that is nearer to a white sample than to another one does not match the other. What a
    sample in quarantine (`matching.floods`) says is `known.review`, unless it is the same picture saved again.
    """

    def __init__(self, libraries: Sequence[Library] = ()) -> None:
        """Look at the samples; indexes are built and banks are opened when the first picture comes.

        Raises:
            LibraryError: a sample is not 64 hexadecimal digits, or a bank is missing.
        """
        self._libraries = [library for library in libraries if library.kind is LibraryKind.IMAGES]
        for library in self._libraries:
            _check(library)
        self._any = any(library.items or library.bank is not None for library in self._libraries)
        self._known: KnownPictures | None = None
        own = {label for library in self._libraries for label in _labels(library)}
        self.info = DetectorInfo(
            name="image.hash",
            version="2",
            reads=PartKind.IMAGE,
            labels=tuple(sorted({f"known.{colour.value}" for colour in ListColour} | own)),
            cost=Cost.MODEL,
            description="Recognises pictures of the operator's libraries, re-encoded, resized, mirrored or turned.",
            examples=(Example(title="A drawing that no library holds", part=_drawn),),
        )

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Compare all pictures with all samples; without samples nothing is computed.

        Raises:
            LibraryError: a bank is gone or damaged.
        """
        if not self._any:
            return [NOTHING] * len(parts)
        from evenhand.matching import pdq
        from evenhand.matching.known import KnownPictures

        if self._known is None:
            self._known = KnownPictures(self._libraries)
        hashed = [hash_part(part) for part in parts]
        sharp = [number for number, one in enumerate(hashed) if one.quality >= pdq.MIN_QUALITY]
        found = dict(zip(sharp, self._known.matches([hashed[number].turns for number in sharp]), strict=True))
        return [self._detection(part, found.get(number, [])) for number, part in enumerate(parts)]

    def _detection(self, part: ImagePart, matches: Sequence[KnownMatch]) -> Detection:
        from evenhand.matching import pdq

        best: dict[tuple[str, str], Finding] = {}
        for match in matches:
            near = 1 - (1 - _FARTHEST) * match.bits / pdq.MATCH_DISTANCE
            score = match.weight * (_TURNED if match.turn else 1.0) * near
            held = best.get((match.library.name, match.label))
            if held is None or score > held.score:
                best[match.library.name, match.label] = Finding(
                    label=match.label,
                    score=score,
                    location=part.locate(whole(part)),
                    detector=self.info.name,
                    version=self.info.version,
                    reason=_reason(match),
                    library=match.library.name,
                )
        return Detection(findings=tuple(best.values())) if best else NOTHING


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


def _labels(library: Library) -> set[str]:
    known = library.label or f"known.{library.colour.value}"
    return {item.label or known for item in library.items} | ({known} if library.bank is not None else set())


def _check(library: Library) -> None:
    from evenhand.matching.bank_files import read_manifest
    from evenhand.matching.known import sample_hash

    for item in library.items:
        sample_hash(library, item.value)
    if library.bank is not None:
        read_manifest(Path(library.bank))


def _reason(match: KnownMatch) -> str:
    from evenhand.matching import pdq

    said = f"{match.bits} of 256 bits from a sample"
    if match.tag:
        said += f" listed as {match.tag}"
    if match.turn:
        said += f", {pdq.TURNS[match.turn]}"
    return said + (", which is in quarantine: it matches too many different pictures" if match.flooded else "")


def _drawn() -> ImagePart:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (256, 256), (240, 240, 230))
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 30, 150, 140), fill=(180, 40, 40))
    draw.rectangle((120, 110, 230, 220), fill=(30, 90, 160))
    return ImagePart(image=image)
