"""video.known: recognises videos of the operator's own libraries, re-encoded, resized, cut or mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.imagehash import hash_part
from evenhand.domain import Finding, ImagePart, Library, LibraryItem, LibraryKind, ListColour, PartKind, Source
from evenhand.errors import LibraryError
from evenhand.timeline.copies import DETECTOR, lone

if TYPE_CHECKING:
    from evenhand.matching.hashes import HashIndex
    from evenhand.matching.pdq import PictureHash
    from evenhand.matching.videoprint import VideoPrint

_FARTHEST = 0.6  # resemblance at the greatest distance that still counts; between, it falls in a straight line
_MIRRORED = 0.95
_MOST = 8  # moments of samples that a frame is matched with; a frame that resembles more tells little
_COMMON = 400  # a frame that resembles more than that resembles everything, and counts for none


def _plain() -> ImagePart:
    from PIL import Image

    return ImagePart(image=Image.new("RGB", (128, 72), (90, 120, 150)))


class KnownVideoDetector:
    """Compares the PDQ hash of each frame of a recording, and of its mirrored copy, with the frames of every sample.

    A frame resembles one of a sample within 31 of 256 bits; flat frames (quality under 50) never do. A copy is at
    least three different moments of a sample, in order and at its speed, or half of a sample that hardly moves
    (`timeline.copies`). Its score is the mean of its frames': 1.0 at distance 0, falling evenly to 0.6 at 31; times
    0.95 where it is mirrored; times the sample's own.
    """

    def __init__(self, libraries: Sequence[Library] = ()) -> None:
        """Read the samples; the index is built when the first frame comes.

        Raises:
            LibraryError: a sample is no print of a video.
        """
        from evenhand.matching.videoprint import from_text

        self._samples: list[tuple[Library, LibraryItem, int]] = []
        self._prints: list[VideoPrint] = []
        for library in libraries:
            if library.kind is LibraryKind.VIDEOS:
                for number, item in enumerate(library.items, 1):
                    try:
                        self._prints.append(from_text(item.value))
                    except ValueError as error:
                        raise LibraryError(f"library '{library.name}': {error}") from error
                    self._samples.append((library, item, number))
        self._index: HashIndex | None = None
        self._rows: list[tuple[int, int]] = []
        labels = {_label(library, item) for library, item, _ in self._samples}
        self.info = DetectorInfo(
            name=DETECTOR,
            version="1",
            reads=PartKind.IMAGE,
            labels=tuple(sorted(labels | {f"known.{colour.value}" for colour in ListColour})),
            cost=Cost.MODEL,
            description="Recognises videos of the operator's libraries, re-encoded, resized, cut or mirrored; "
            "says from when to when, in both.",
            examples=(Example(title="A plain picture, which no library holds", part=_plain),),
        )

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Compare all frames with all samples; without samples nothing is computed, nor for stills."""
        if not self._samples:
            return [NOTHING] * len(parts)
        return [self._one(part) if _moves(part) else NOTHING for part in parts]

    def _one(self, part: ImagePart) -> Detection:
        from evenhand.matching import pdq

        hashed = hash_part(part)
        if hashed.quality < pdq.MIN_QUALITY:
            return NOTHING
        found: dict[tuple[int, int], tuple[float, int]] = {}
        for (sample, entry), bits, turned in self._near(hashed):
            near = 1 - (1 - _FARTHEST) * bits / pdq.MATCH_DISTANCE
            score = near * (_MIRRORED if turned else 1.0)
            if score > found.get((sample, entry), (0.0, 0))[0]:
                found[sample, entry] = (score, turned)
        best = sorted(found.items(), key=lambda pair: (-pair[1][0], pair[0]))[:_MOST]
        if not best:
            return NOTHING
        return Detection(findings=tuple(self._finding(part, *where, *said) for where, said in best))

    def _near(self, hashed: PictureHash) -> list[tuple[tuple[int, int], int, int]]:
        import numpy as np

        from evenhand.matching.hashes import HashIndex

        if self._index is None:
            self._rows = [(sample, entry) for sample, one in enumerate(self._prints) for entry in range(len(one))]
            self._index = HashIndex(np.concatenate([one.hashes for one in self._prints]))
        found = self._index.within_many(np.ascontiguousarray(hashed.turns[:2]))
        return [(self._rows[row], bits, turn) for turn, row, bits in found] if len(found) <= _COMMON else []

    def _finding(self, part: ImagePart, sample: int, entry: int, score: float, turned: int) -> Finding:
        from evenhand.matching.videoprint import STEP_S

        library, item, number = self._samples[sample]
        held = self._prints[sample]
        begin, end = (round(float(moment), 3) for moment in held.times[entry])
        return Finding(
            label=_label(library, item),
            score=lone(score * item.score),
            location=part.locate(),
            detector=DETECTOR,
            version=self.info.version,
            reason="resembles a frame of a sample" + (", mirrored" if turned else ""),
            library=library.name,
            facts={
                "sample": number,
                "sample_start": begin,
                "sample_end": end,
                "sample_share": round((end - begin + STEP_S) / held.seconds, 4),
            },
        )


def make(context: DetectorContext) -> KnownVideoDetector:
    """Build the detector.

    Raises:
        LibraryError: a sample of a library of videos is no print.
    """
    return KnownVideoDetector(context.libraries)


def _moves(part: ImagePart) -> bool:
    return part.origin.source is Source.FRAME and part.origin.time is not None


def _label(library: Library, item: LibraryItem) -> str:
    known = f"known.{library.colour.value}"
    return known if library.colour is ListColour.WHITE else item.label or library.label or known
