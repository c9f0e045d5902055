"""Words on the screen of a recording, judged once for as long as they stand there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from evenhand.domain import Finding, Part, Source, TextPart
from evenhand.domain.location import TimeRange

_ALIKE = 0.92  # share of letters in common from which two readings are of the same words
_RECENT = 16  # captions that a new one is compared with
_LONG = 2_000  # letters from which only the same words are the same


@dataclass(slots=True)
class _Caption:
    source: Source
    letters: str
    first: TimeRange
    last: float


class Captions:
    """Remembers what was read from the frames of one segment."""

    def __init__(self) -> None:
        self._captions: list[_Caption] = []

    def is_new(self, part: Part) -> bool:
        """Say whether a part read out of another has to be looked at; a caption that still stands has been."""
        if not isinstance(part, TextPart) or part.origin.source not in (Source.OCR, Source.CODE):
            return True
        if part.origin.time is None:
            return True
        letters = "".join(ch for ch in part.text.casefold() if ch.isalnum())
        for caption in reversed(self._captions[-_RECENT:]):
            if caption.source is part.origin.source and _alike(caption.letters, letters):
                caption.last = max(caption.last, part.origin.time[1])
                return False
        self._captions.append(_Caption(part.origin.source, letters, part.origin.time, part.origin.time[1]))
        return True

    def extended(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Give findings in captions the time for which the caption stood."""
        until = {(caption.source, caption.first): caption.last for caption in self._captions}
        out = []
        for finding in findings:
            place = finding.location
            last = until.get((place.source, place.time)) if place.time is not None else None
            if place.time is not None and last is not None and last > place.time[1]:
                finding = replace(finding, location=replace(place, time=(place.time[0], last)))  # noqa: PLW2901
            out.append(finding)
        return tuple(out)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    longest = max(len(one), len(other))
    if longest > _LONG or min(len(one), len(other)) < _ALIKE * longest * 0.85:
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE
