"""text.voice: finds words of word lists in speech by how they sound, where the transcript spells something alike.

For word lists with the option `phonetic`, and English speech only. What is spelled as listed is left to text.words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import Finding, Library, LibraryItem, LibraryKind, ListColour, Location, PartKind, Source, TextPart

_KEPT = "text.voice"  # under this name the keys of words are kept for the next detector
_WORD = re.compile(r"[a-z']+")
_CERTAINTY = 0.6  # of a match by sound alone
_LEAST_KEY = 3  # consonants and a first vowel; shorter keys are shared by too many words
_ALIKE = 0.7  # Jaro-Winkler similarity of the letters; keys alone take "taught" for "tight"
_SPLIT = 2  # a word of the list may be heard as so many words more
_MOST = 100  # findings of one text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sought:
    library: Library
    item: LibraryItem
    letters: str
    words: int


class VoiceDetector:
    """Compares the Metaphone keys of spoken words with those of the lists' words. Score: 0.6 times the item's own."""

    def __init__(self, libraries: Sequence[Library] = (), *, keep: dict[str, Any] | None = None) -> None:
        self._keep = {} if keep is None else keep
        self._lists = [
            library
            for library in libraries
            if library.kind is LibraryKind.WORDS
            and "phonetic" in library.options
            and library.colour is not ListColour.WHITE
        ]
        self._sought: dict[str, list[_Sought]] | None = None
        labels = {_label(library, item) for library in self._lists for item in library.items}
        self.info = DetectorInfo(
            name="text.voice",
            version="1",
            reads=PartKind.TEXT,
            labels=tuple(sorted(labels | {"known.black", "known.review"})),
            cost=Cost.CHEAP,
            description="Finds words of word lists in English speech by how they sound, for lists with the option "
            "phonetic.",
            examples=(Example(title="speech that no list speaks of", part=_spoken),),
        )

    def detect(self, parts: Sequence[TextPart]) -> list[Detection]:
        """Look at what was heard; other texts are passed over, and without such lists nothing is loaded."""
        if not self._lists:
            return [NOTHING] * len(parts)
        if self._sought is None:
            known: dict[str, str] = self._keep.get(_KEPT, {})
            self._sought = _keys(self._lists, known)
            self._keep[_KEPT] = {one.letters: key for key, ones in self._sought.items() for one in ones}
        return [self._one(part, self._sought) if _is_english_speech(part) else NOTHING for part in parts]

    def _one(self, part: TextPart, sought: dict[str, list[_Sought]]) -> Detection:
        found: list[Finding] = []
        taken: set[tuple[int, str]] = set()
        most = max((one.words for ones in sought.values() for one in ones), default=0) + _SPLIT
        for start, end, letters, words, key in _windows(part.text.lower(), most):
            for one in sought.get(key, ()):
                apart = abs(words - one.words) > _SPLIT or letters == one.letters
                if apart or (start, one.letters) in taken or not _alike(letters, one.letters):
                    continue
                taken.add((start, one.letters))
                found.append(self._finding(part, start, end, one))
        return Detection(findings=tuple(found[:_MOST])) if found else NOTHING

    def _finding(self, part: TextPart, start: int, end: int, one: _Sought) -> Finding:
        return Finding(
            label=_label(one.library, one.item),
            score=one.item.score * _CERTAINTY,
            location=part.locate(start, end),
            detector=self.info.name,
            version=self.info.version,
            reason=f"sounds like a word of word list '{one.library.name}'",
            language=part.language,
            library=one.library.name,
        )


def make(context: DetectorContext) -> VoiceDetector:
    """Build the detector from the word lists among the context's libraries.

    Raises:
        ImportError: a list asks for it, and jellyfish (extra 'audio') is not installed.
    """
    made = VoiceDetector(context.libraries, keep=context.keep)
    if any("phonetic" in library.options for library in context.libraries):
        import jellyfish  # noqa: F401
    return made


def _spoken() -> TextPart:
    return TextPart(text="the library opens at nine", language="en", origin=Location(source=Source.SPEECH))


def _is_english_speech(part: TextPart) -> bool:
    spoken = part.origin.source is Source.SPEECH
    return spoken and (part.language is None or part.language.partition("-")[0].lower() == "en")


def _keys(lists: Sequence[Library], known: Mapping[str, str]) -> dict[str, list[_Sought]]:
    out: dict[str, list[_Sought]] = {}
    for library in lists:
        for item in library.items:
            words = _WORD.findall(item.value.lower())
            letters = "".join(words)
            key = known.get(letters) or _key(letters)
            if words and len(key) >= _LEAST_KEY:
                out.setdefault(key, []).append(_Sought(library=library, item=item, letters=letters, words=len(words)))
    return out


def _windows(text: str, most: int) -> Iterator[tuple[int, int, str, int, str]]:
    """Give start, end, letters, number of words and key of each run of up to `most` words."""
    words = list(_WORD.finditer(text))
    for first in range(len(words)):
        for count in range(1, most + 1):
            run = words[first : first + count]
            if len(run) < count:
                break
            letters = "".join(match.group() for match in run)
            yield run[0].start(), run[-1].end(), letters, count, _key(letters)


def _key(letters: str) -> str:
    import jellyfish

    return str(jellyfish.metaphone(letters.replace("'", "")))


def _alike(one: str, other: str) -> bool:
    import jellyfish

    return float(jellyfish.jaro_winkler_similarity(one, other)) >= _ALIKE


def _label(library: Library, item: LibraryItem) -> str:
    return item.label or library.label or f"known.{library.colour.value}"
