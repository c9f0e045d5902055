"""text.known: recognises near-duplicates of the operator's own sample texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import Finding, Library, LibraryItem, LibraryKind, ListColour, PartKind, TextPart
from evenhand.errors import LibraryError

if TYPE_CHECKING:
    from evenhand.matching.textsketch_index import SketchIndex


class KnownTextDetector:
    """Compares the sketch of each text (see `matching.textsketch`) with those of every sample.

    A text is a copy where at least 0.6 of the numbers are equal, an estimate of the share of pieces that both texts
    have. Score: that share, times the sample's own. A text that is more alike to a white sample than to another one is
    no copy of the other. Texts of under twenty letters and digits are never compared.
    """

    def __init__(self, libraries: Sequence[Library] = ()) -> None:
        """Read the samples; the index is built when the first text comes.

        Raises:
            LibraryError: a sample is no sketch.
        """
        from evenhand.matching.textsketch import from_text

        self._samples: list[tuple[Library, LibraryItem]] = []
        self._sketches = []
        for library in libraries:
            if library.kind is LibraryKind.TEXTS:
                for item in library.items:
                    try:
                        self._sketches.append(from_text(item.value))
                    except ValueError as error:
                        raise LibraryError(f"library '{library.name}': {error}") from error
                    self._samples.append((library, item))
        self._index: SketchIndex | None = None
        labels = {_label(library, item) for library, item in self._samples}
        self.info = DetectorInfo(
            name="text.known",
            version="1",
            reads=PartKind.TEXT,
            labels=tuple(sorted(labels | {f"known.{colour.value}" for colour in ListColour})),
            cost=Cost.CHEAP,
            description="Recognises near-duplicates of the sample texts of the operator's libraries.",
            examples=(Example(title="A sentence that no library holds", part=_plain),),
        )

    def detect(self, parts: Sequence[TextPart]) -> list[Detection]:
        """Compare all texts with all samples; without samples nothing is computed."""
        if not self._samples:
            return [NOTHING] * len(parts)
        from evenhand.matching.textsketch_index import SketchIndex

        if self._index is None:
            self._index = SketchIndex(self._sketches)
        return [self._one(part, self._index) for part in parts]

    def _one(self, part: TextPart, index: SketchIndex) -> Detection:
        from evenhand.matching.textsketch import sketch

        numbers = sketch(part.text)
        if numbers is None:
            return NOTHING
        found = [
            (library, item, share)
            for number, share in index.find(numbers)
            for library, item in (self._samples[number],)
            if _reads(library.languages, part.language) and _reads(item.languages, part.language)
        ]
        white = max((share for library, _, share in found if library.colour is ListColour.WHITE), default=0.0)
        best: dict[tuple[str, str], Finding] = {}
        for library, item, share in found:
            key = library.name, _label(library, item)
            held = best.get(key)
            if (library.colour is not ListColour.WHITE and share < white) or (
                held is not None and held.score >= share * item.score
            ):
                continue
            best[key] = Finding(
                label=key[1],
                score=share * item.score,
                location=part.locate(0, len(part.text)),
                detector=self.info.name,
                version=self.info.version,
                reason=f"{share:.0%} alike to a text of library '{library.name}'",
                language=part.language,
                library=library.name,
            )
        return Detection(findings=tuple(best.values())) if best else NOTHING


def make(context: DetectorContext) -> KnownTextDetector:
    """Build the detector.

    Raises:
        LibraryError: a sample of a library of texts is no sketch.
    """
    return KnownTextDetector(context.libraries)


def _label(library: Library, item: LibraryItem) -> str:
    known = f"known.{library.colour.value}"
    return known if library.colour is ListColour.WHITE else item.label or library.label or known


def _reads(languages: Sequence[str], language: str | None) -> bool:
    if not languages or language is None:
        return True
    return any(f"{language}-".lower().startswith(f"{wanted}-".lower()) for wanted in languages)


def _plain() -> TextPart:
    return TextPart(text="The library on the corner opens at nine and closes at noon on Saturdays.", language="en")
