"""image.ocr: reads the words in a picture, so that the text detectors judge them. English and Chinese."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evenhand.detectors.ballots import LABEL, Ballot, Ballots
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.ocr_lines import as_text, reading_order
from evenhand.domain import Finding, ImagePart, PartKind, Source
from evenhand.domain.location import Box
from evenhand.inference.pictures import MIN_SIDE, WORKING_SIDE, to_original, working_array
from evenhand.inference.textlines import Line, LineReader, Reading
from evenhand.inference.textseen import Seen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LONG = 3.0  # long side over short side from which a picture is read in pieces: a long screenshot, a banner
_OVERLAP = 0.12  # share of a piece that the next one repeats, so that a line on the seam is whole in one of them
_PIECE = 1.25  # long side over short side of a piece, so that a page is read nearly at its own size
_MAX_PIECES = 20  # a page of 1,280 x 30,000 px; with eight, 14 of 40 of its lines in 14 px letters were read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A stretch of a long picture, read by itself."""

    area: tuple[int, int, int, int]  # what is read, pixels of the picture
    owns: tuple[float, float]  # lines with their middle here, along the long side, are this piece's
    tall: bool


def _notice() -> ImagePart:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (400, 120), "white")
    ImageDraw.Draw(image).text((20, 40), "Opening hours 9 to 5", fill="black", font=ImageFont.load_default(32))
    return ImagePart(image=image)


def _ballot() -> ImagePart:
    from PIL import Image, ImageDraw, ImageFont

    image, font = Image.new("RGB", (480, 300), "white"), ImageFont.load_default(28)
    for row, words in enumerate(
        ("OFFICIAL BALLOT", "City council", "Vote for one", "First candidate", "Second candidate")
    ):
        ImageDraw.Draw(image).text((30, 20 + 52 * row), words, fill="black", font=font)
    return ImagePart(image=image)


class OcrDetector:
    """Reads the words in a picture, each with its box.

    A picture is read at a long side of at most 1,600 px; one that is over three times as long as wide, in up to twenty
    pieces of that size. Text is searched for only where a first look over the whole picture saw anything like letters,
    unless it is to be thorough. Of a video's frames, what stands as it stood is not read again. Lines under a
    confidence of 0.5 are dropped; at most 200 lines of a piece are read, and where there are more the answer says that
    it is partial.
    """

    info = DetectorInfo(
        name="image.ocr",
        version="3",
        reads=PartKind.IMAGE,
        labels=(LABEL,),
        cost=Cost.HEAVY,
        description="Reads English and Chinese words in a picture; the text detectors then judge them. Marks ballots "
        "and campaign posters by their words and layout.",
        examples=(
            Example(title="A notice, whose words are handed on", part=_notice),
            Example(title="A ballot, marked as a topic", part=_ballot, labels=frozenset({LABEL})),
        ),
        emits=frozenset({PartKind.TEXT}),
    )

    def __init__(self, *, threads: int = 0, thorough: bool = False) -> None:
        self._reader, self._ballots = LineReader(threads=threads, thorough=thorough), Ballots()
        self._frames: tuple[Seen, ...] = ()  # that were read last, of all videos that are being looked at

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Read each picture, one at a time.

        Raises:
            ModelError: rapidocr or its weights are not installed.
        """
        return [self._read(part) for part in parts]

    def _read(self, part: ImagePart) -> Detection:
        if min(part.size) < MIN_SIDE:
            return NOTHING
        width, height = part.size
        if max(part.size) > max(WORKING_SIDE, _LONG * min(part.size)):
            readings = [self._read_piece(part, piece) for piece in pieces(width, height)]
        else:
            rgb = working_array(part)
            size = (rgb.shape[1], rgb.shape[0])
            reading = self._read_frame(rgb) if part.origin.source is Source.FRAME else self._reader.read(rgb)
            readings = [_placed(reading, lambda box: to_original(part, box, size=size))]
        lines = [line for reading in readings for line in reading.lines]
        left_out = sum(reading.left_out for reading in readings)
        if not lines and not left_out:
            return NOTHING
        paper = self._ballots.find(reading_order(lines))
        marked = () if paper is None else (self._mark(part, paper),)
        return Detection(
            findings=marked,
            scores={found.label: found.score for found in marked},
            parts=(as_text(lines, part.origin),) if lines else (),
            partial=f"{left_out} of the smallest lines were not read: there are too many" if left_out else None,
        )

    def _read_frame(self, rgb: NDArray[np.uint8]) -> Reading:
        reading, self._frames = self._reader.read_frame(rgb, self._frames)
        return reading

    def _mark(self, part: ImagePart, paper: Ballot) -> Finding:
        return Finding(
            label=LABEL,
            score=paper.score,
            location=part.locate(paper.box),
            detector=self.info.name,
            version=self.info.version,
            reason=paper.reason,
        )

    def _read_piece(self, part: ImagePart, piece: _Piece) -> Reading:
        # A piece is a picture of its own, cut from the full one, whose working copy would be too small to read.
        rgb, scale = _cut(part, piece)
        x, y = piece.area[0], piece.area[1]

        def back(box: Box) -> Box:
            return (box[0] * scale + x, box[1] * scale + y, box[2] * scale + x, box[3] * scale + y)

        reading = _placed(self._reader.read(rgb), back)
        axis = 1 if piece.tall else 0
        owned = (piece.owns[0] <= (line.box[axis] + line.box[axis + 2]) / 2 < piece.owns[1] for line in reading.lines)
        lines = tuple(line for line, own in zip(reading.lines, owned, strict=True) if own)
        return replace(reading, lines=lines)


def make(context: DetectorContext) -> OcrDetector:
    """Build the detector."""
    return OcrDetector(threads=context.settings.threads, thorough=context.settings.ocr_thorough)


def pieces(width: int, height: int) -> list[_Piece]:
    """Cut a long picture into overlapping stretches that cover all of it."""
    tall, long, short = height > width, max(width, height), min(width, height)
    count = 1
    while count < _MAX_PIECES and long / count * (1 + _OVERLAP) > max(_PIECE * short, WORKING_SIDE):
        count += 1
    step, half = long / count, long / count * _OVERLAP / 2
    cut = []
    for i in range(count):
        begin, end = max(0, int(i * step - half)), min(long, int((i + 1) * step + half) + 1)
        owns = (i * step if i else float("-inf"), (i + 1) * step if i + 1 < count else float("inf"))
        area = (0, begin, width, end) if tall else (begin, 0, end, height)
        cut.append(_Piece(area=area, owns=owns, tall=tall))
    return cut


def _placed(reading: Reading, move: Callable[[Box], Box]) -> Reading:
    return replace(reading, lines=tuple(_moved(line, move) for line in reading.lines))


def _moved(line: Line, move: Callable[[Box], Box]) -> Line:
    words = tuple(replace(word, box=move(word.box)) for word in line.words)
    return replace(line, words=words, box=move(line.box))


def _cut(part: ImagePart, piece: _Piece) -> tuple[NDArray[np.uint8], float]:
    """Give the piece as uint8 [height, width, 3], its long side at most 1,600 px, and how much it was reduced."""
    import numpy as np
    from PIL.Image import Resampling

    image = part.image.crop(piece.area)
    scale = max(1.0, max(image.size) / WORKING_SIDE)
    if scale > 1.0:
        size = (max(1, round(image.width / scale)), max(1, round(image.height / scale)))
        image = image.resize(size, Resampling.BILINEAR, reducing_gap=1.0)
    return np.asarray(image), scale
