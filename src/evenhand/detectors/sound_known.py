"""audio.known: recognises sounds of the operator's own libraries, re-encoded, louder or softer, cut, or under noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import AudioPart, Finding, Library, LibraryItem, LibraryKind, ListColour, PartKind
from evenhand.errors import LibraryError

if TYPE_CHECKING:
    from evenhand.matching.audioprint_index import PrintIndex, PrintMatch

_NEW_S = 0.3  # seconds of a part that a match must reach into
_NEAREST, _LEAST_SCORE = 0.1, 0.6  # up to this share of different bits the score is 1; at the farthest, the second


def _tone() -> AudioPart:
    import numpy as np

    times = np.arange(48_000) / 16_000
    return AudioPart(samples=(0.2 * np.sin(2 * np.pi * 500 * times)).astype(np.float32))


class KnownSoundDetector:
    """Compares fingerprints with every sample.

    A match is a second of sound at least (three of a longer sample), of whose fingerprint's bits at most 20% differ, or
    28% in ten seconds and more. Score: 1.0 up to 10%, falling evenly to 0.6 at 28%; times the sample's own. Speed and
    pitch must be the same within about one per cent.
    """

    def __init__(self, libraries: Sequence[Library] = ()) -> None:
        """Read the samples; the index is built when the first sound comes.

        Raises:
            LibraryError: a sample is no fingerprint.
        """
        from evenhand.matching.audioprint import from_text

        self._samples: list[tuple[Library, LibraryItem]] = []
        self._words = []
        for library in libraries:
            if library.kind is LibraryKind.SOUNDS:
                for item in library.items:
                    try:
                        self._words.append(from_text(item.value))
                    except ValueError as error:
                        raise LibraryError(f"library '{library.name}': {error}") from error
                    self._samples.append((library, item))
        self._index: PrintIndex | None = None
        labels = {_label(library, item) for library, item in self._samples}
        self.info = DetectorInfo(
            name="audio.known",
            version="1",
            reads=PartKind.AUDIO,
            labels=tuple(sorted(labels | {f"known.{colour.value}" for colour in ListColour})),
            cost=Cost.MODEL,
            description="Recognises sounds of the operator's libraries, re-encoded, louder or softer, cut, or under "
            "noise; says when they are heard.",
            examples=(Example(title="A tone that no library holds", part=_tone),),
        )

    def detect(self, parts: Sequence[AudioPart]) -> list[Detection]:
        """Compare all parts with all samples; without samples nothing is computed."""
        if not self._samples:
            return [NOTHING] * len(parts)
        from evenhand.matching.audioprint_index import PrintIndex

        if self._index is None:
            self._index = PrintIndex(self._words)
        return [self._one(part, self._index) for part in parts]

    def _one(self, part: AudioPart, index: PrintIndex) -> Detection:
        import numpy as np

        from evenhand.inference.vad import at_16k
        from evenhand.matching.audioprint import fingerprint

        sound = at_16k(part.samples, part.rate)
        lead = (
            0.0  # what comes before is matched too, so that no border cuts a sample; alone it is no match of this part
        )
        if part.before is not None and len(part.before):
            sound = np.concatenate([at_16k(part.before, part.rate), sound])
            lead = len(part.before) / part.rate
        best: dict[tuple[int, int], PrintMatch] = {}
        for offset in (0.0, 0.5):  # a sample seldom begins on our own grid
            for match in index.find(fingerprint(sound, offset=offset)):
                if match.end <= lead + _NEW_S:
                    continue
                key = (match.sample, round(match.start - match.at))
                if key not in best or match.differs < best[key].differs:
                    best[key] = match
        return (
            Detection(findings=tuple(self._finding(part, match, lead) for match in best.values())) if best else NOTHING
        )

    def _finding(self, part: AudioPart, match: PrintMatch, lead: float) -> Finding:
        from evenhand.matching.audioprint_index import FARTHEST

        library, item = self._samples[match.sample]
        over = max(0.0, match.differs - _NEAREST) / (FARTHEST - _NEAREST)
        return Finding(
            label=_label(library, item),
            score=item.score * (1 - (1 - _LEAST_SCORE) * min(1.0, over)),
            location=part.locate(match.start - lead, min(match.end - lead, part.seconds)),
            detector=self.info.name,
            version=self.info.version,
            reason=f"{match.differs:.0%} of the bits differ from a sample, {match.at:.1f} s into it",
            library=library.name,
        )


def make(context: DetectorContext) -> KnownSoundDetector:
    """Build the detector.

    Raises:
        LibraryError: a sample of a library of sounds is no fingerprint.
    """
    return KnownSoundDetector(context.libraries)


def _label(library: Library, item: LibraryItem) -> str:
    known = f"known.{library.colour.value}"
    return known if library.colour is ListColour.WHITE else item.label or library.label or known
