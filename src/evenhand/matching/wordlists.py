"""All word lists together: every way in which their items are found, in one search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evenhand.domain import Library, LibraryItem, Match
from evenhand.errors import LibraryError
from evenhand.matching.nearwords import NearWords, sounding, spelled
from evenhand.matching.normalise_readings import Disguise
from evenhand.matching.phrases import Phrase
from evenhand.matching.phrases_live import LivePhrases
from evenhand.matching.regexes import Expressions

# How sure a match is, by what had to be undone to find it. Chosen by hand, strongest evidence first: a match as written
# is certain; one by sound is the commonest to be another word. The lowest that applies counts.
_CERTAINTY = (
    (Disguise.LETTERS, 0.95, " (letters disguised)"),
    (Disguise.STRETCHED, 0.95, " (letters drawn out)"),
    (Disguise.SPACED, 0.9, " (letters set apart)"),
    (Disguise.MASKED, 0.8, " (letters hidden)"),
    (Disguise.PINYIN, 0.7, " (by sound)"),
)
_DIFFERS = ((1.0, ""), (0.85, " (a letter differs)"), (0.75, " (letters differ)"))  # by how many do
_SOUNDS = 0.6


@dataclass(frozen=True, slots=True)
class WordHit:
    """One item found at one place."""

    entry: int  # number of the pair of library and item
    start: int  # code points
    end: int  # exclusive
    certainty: float  # in (0, 1]
    how: str  # for people, in brackets; "" as written


class WordLists:
    """Finds the items of word lists. Used by one thread at a time.

    Args:
        entries: items with their lists.
        before: made of earlier lists; what it built is used again.

    Raises:
        LibraryError: an expression cannot be searched for.
        ImportError: an item is to be found by its sound, and jellyfish (extra `audio`) is not installed.
    """

    def __init__(self, entries: Sequence[tuple[Library, LibraryItem]], before: WordLists | None = None) -> None:
        self._phrases: dict[str, list[int]] = {}
        near: dict[Match, list[int]] = {Match.FUZZY: [], Match.PHONETIC: [], Match.REGEX: []}
        for number, (library, item) in enumerate(entries):
            how = item.match
            if how in near and not (how is Match.PHONETIC and not item.value.isascii()):
                near[how].append(number)
            else:
                self._phrases.setdefault(_key(library, item), []).append(number)
        self._live: LivePhrases = LivePhrases(self._phrases, _phrase, before._live if before is not None else None)
        self._near = near
        values = {how: [entries[number][1].value for number in numbers] for how, numbers in near.items()}
        self._fuzzy = NearWords(values[Match.FUZZY], spelled) if near[Match.FUZZY] else None
        self._sounds = NearWords(values[Match.PHONETIC], sounding) if near[Match.PHONETIC] else None
        try:
            self._expressions = Expressions(values[Match.REGEX]) if near[Match.REGEX] else None
        except ValueError as error:
            names = sorted({entries[number][0].name for number in near[Match.REGEX]})
            raise LibraryError(f"Word lists {', '.join(names)[:200]}: {error}.") from error

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many phrases each of the indexes holds."""
        return self._live.sizes

    def search(self, texts: Sequence[str]) -> list[list[WordHit]]:
        """Find all items in all texts, in order of place."""
        out = []
        for text, phrases in zip(texts, self._live.search(texts), strict=True):
            hits = [
                WordHit(entry, start, end, *_certainty(disguise))
                for key, start, end, disguise in phrases
                for entry in self._phrases[key]
            ]
            more = self._others(text)
            out.append(sorted(hits + more, key=lambda hit: (hit.start, hit.end)) if more else hits)
        return out

    def _others(self, text: str) -> list[WordHit]:
        hits: list[WordHit] = []
        if self._fuzzy is not None:
            for number, start, end, differ in self._fuzzy.find(text):
                certainty, how = _DIFFERS[min(differ, 2)]
                hits.append(WordHit(self._near[Match.FUZZY][number], start, end, certainty, how))
        if self._sounds is not None:
            for number, start, end, differ in self._sounds.find(text):
                found = (_SOUNDS, " (by sound)") if differ else (1.0, "")
                hits.append(WordHit(self._near[Match.PHONETIC][number], start, end, *found))
        if self._expressions is not None:
            for number, start, end in self._expressions.find(text):
                hits.append(WordHit(self._near[Match.REGEX][number], start, end, 1.0, " (an expression)"))
        return hits


def _key(library: Library, item: LibraryItem) -> str:
    """Give what stands for a phrase: how it is found, and its value."""
    exact = "e" if item.match is Match.EXACT or "exact" in library.options else "-"
    substring = "s" if "substring" in library.options else "-"
    pinyin = "p" if item.match is Match.PHONETIC or "pinyin" in library.options else "-"
    return exact + substring + pinyin + item.value


def _phrase(key: str) -> Phrase:
    return Phrase(value=key[3:], exact=key[0] == "e", substring=key[1] == "s", pinyin=key[2] == "p")


def _certainty(disguise: Disguise) -> tuple[float, str]:
    worst, how = 1.0, ""
    for kind, certainty, words in _CERTAINTY:
        if certainty <= worst and disguise & kind:
            worst, how = certainty, words
    return worst, how
