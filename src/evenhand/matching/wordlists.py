"""All word lists together: every way in which their items are found, in one search; and as they change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from enum import Enum
from functools import partial

from evenhand.domain import Library, LibraryItem, Match
from evenhand.errors import LibraryError
from evenhand.matching.liveparts import Parts
from evenhand.matching.nearwords import MOST, NearWords, sounding, spelled
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
_NEAR_SMALL = 64  # a word that may differ takes a tenth of a millisecond to build

_Entry = tuple[str, LibraryItem]  # key of the list (its name), item


class _Way(Enum):
    """By which index an item is found."""

    PHRASE = "phrase"
    FUZZY = "fuzzy"
    SOUND = "sound"
    REGEX = "regex"


_Entries = Mapping[_Way, dict[str, tuple[_Entry, ...]]]  # by what an item is found under


@dataclass(frozen=True, slots=True)
class WordHit:
    """One item found at one place."""

    library: Library
    item: LibraryItem
    start: int  # code points
    end: int  # exclusive
    certainty: float  # in (0, 1]
    how: str  # for people, in brackets; "" as written


class WordLists:
    """Finds the items of word lists. Used by one thread at a time.

    Args:
        libraries: the lists.
        before: made of earlier lists. What it built is used again, and the work is that of what differs: items that are
            the same objects as before are not looked at.

    Raises:
        LibraryError: an expression cannot be searched for.
        ImportError: an item is to be found by its sound, and jellyfish (extra `audio`) is not installed.
    """

    def __init__(self, libraries: Sequence[Library], before: WordLists | None = None) -> None:
        self._libraries = _by_name(libraries)
        known: _Entries = before._entries if before is not None else {way: {} for way in _Way}
        self._entries: _Entries = _changed(known, before._libraries if before is not None else {}, self._libraries)
        phrases = before._phrases if before is not None else None
        self._phrases: LivePhrases = LivePhrases(self._entries[_Way.PHRASE], _phrase, phrases)
        near = before._near if before is not None else {way: _empty(way) for way in _NEAR}
        self._near: dict[_Way, Parts[NearWords]] = {way: _grown(near[way], self._entries[way]) for way in _NEAR}
        self._expressions: tuple[list[str], Expressions] | None
        if before is not None and self._entries[_Way.REGEX].keys() == known[_Way.REGEX].keys():
            self._expressions = before._expressions
        else:
            self._expressions = self._compiled()

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many phrases each of the indexes holds."""
        return self._phrases.sizes

    @property
    def tidy(self) -> bool:
        """Whether `tidied` would search no faster."""
        return self._phrases.tidy

    def tidied(self) -> WordLists:
        """Give the same lists in fewer indexes. Takes a second or two for 100,000 phrases; finds exactly the same."""
        return self.with_phrases_of(self, self._phrases.tidied())

    def with_phrases_of(self, other: WordLists, phrases: LivePhrases | None = None) -> WordLists:
        """Give these lists with phrases that were indexed for others, as far as they are the same."""
        made = copy(self)
        found = phrases or other._phrases
        made._phrases = found if other is self else LivePhrases(self._entries[_Way.PHRASE], _phrase, found)
        return made

    def search(self, texts: Sequence[str]) -> list[list[WordHit]]:
        """Find all items in all texts, in order of place."""
        out = []
        for text, phrases in zip(texts, self._phrases.search(texts), strict=True):
            hits: list[WordHit] = []
            for key, start, end, disguise in phrases:
                self._tell(hits, _Way.PHRASE, key, start, end, _certainty(disguise))
            alone = len(hits)
            self._others(text, hits)
            out.append(hits if len(hits) == alone else sorted(hits, key=lambda hit: (hit.start, hit.end)))
        return out

    def _others(self, text: str, hits: list[WordHit]) -> None:
        for key, start, end, differ in _find(self._near[_Way.FUZZY], text):
            self._tell(hits, _Way.FUZZY, key, start, end, _DIFFERS[min(differ, 2)])
        for key, start, end, differ in _find(self._near[_Way.SOUND], text):
            self._tell(hits, _Way.SOUND, key, start, end, (_SOUNDS, " (by sound)") if differ else (1.0, ""))
        if self._expressions is not None:
            keys, expressions = self._expressions
            for number, start, end in expressions.find(text):
                self._tell(hits, _Way.REGEX, keys[number], start, end, (1.0, " (an expression)"))

    def _tell(
        self, hits: list[WordHit], way: _Way, key: str, start: int, end: int, certainty: tuple[float, str]
    ) -> None:
        entries = self._entries[way][key]
        for name, item in entries if len(entries) == 1 else sorted(entries, key=self._order):
            hits.append(WordHit(self._libraries[name][1], item, start, end, *certainty))

    def _order(self, entry: _Entry) -> tuple[object, ...]:
        """Order of items that are found alike: by what they say, and not by when they came."""
        name, item = entry
        place = self._libraries[name][0]
        return (place, item.match, item.id, item.label or "", item.score, item.languages, item.note)

    def _compiled(self) -> tuple[list[str], Expressions] | None:
        keys = sorted(self._entries[_Way.REGEX])
        if not keys:
            return None
        try:
            return keys, Expressions(keys)
        except ValueError as error:
            told = (name for key in keys for name, _ in self._entries[_Way.REGEX][key])
            names = sorted({self._libraries[name][1].name for name in told})
            raise LibraryError(f"Word lists {', '.join(names)[:200]}: {error}.") from error


def _by_name(libraries: Sequence[Library]) -> dict[str, tuple[int, Library]]:
    """Give the lists with their places by name; of those that share one, the later get a number, too."""
    found: dict[str, tuple[int, Library]] = {}
    for place, library in enumerate(libraries):
        name, number = library.name, 2
        while name in found:
            name, number = f"{library.name} {number}", number + 1
        found[name] = (place, library)
    return found


def _changed(
    known: _Entries, older: Mapping[str, tuple[int, Library]], now: Mapping[str, tuple[int, Library]]
) -> _Entries:
    """Give way -> key -> entries, out of those of earlier lists. What was there is known by being the same object."""
    entries: _Entries = {way: dict(found) for way, found in known.items()}
    for name in older.keys() | now.keys():
        old = older[name][1] if name in older else None
        new = now[name][1] if name in now else None
        same = old is not None and new is not None and old.options == new.options
        if same and old is not None and new is not None and old.items is new.items:
            continue
        stayed = set(map(id, old.items)) if same and old is not None else set[int]()
        left = set(map(id, new.items)) if same and new is not None else set[int]()
        for item in old.items if old is not None else ():
            if id(item) not in left and old is not None:
                way, key = _key(old, item)
                rest = tuple(entry for entry in entries[way].pop(key, ()) if entry[0] != name or entry[1] is not item)
                if rest:
                    entries[way][key] = rest
        for item in new.items if new is not None else ():
            if id(item) not in stayed and new is not None:
                way, key = _key(new, item)
                there = entries[way].get(key, ())
                entries[way][key] = (*there, (name, item))
    return entries


def _key(library: Library, item: LibraryItem) -> tuple[_Way, str]:
    """Give by which index an item is found, and under what: of a phrase how it is found, and its value."""
    how = item.match
    if how is Match.FUZZY:
        return _Way.FUZZY, item.value
    if how is Match.REGEX:
        return _Way.REGEX, item.value
    if how is Match.PHONETIC and item.value.isascii():
        return _Way.SOUND, item.value
    options = library.options
    exact = "e" if how is Match.EXACT or "exact" in options else "-"
    pinyin = "p" if how is Match.PHONETIC or "pinyin" in options else "-"
    return _Way.PHRASE, f"{exact}{'s' if 'substring' in options else '-'}{pinyin}{item.value}"


def _phrase(key: str) -> Phrase:
    return Phrase(value=key[3:], exact=key[0] == "e", substring=key[1] == "s", pinyin=key[2] == "p")


_NEAR: Mapping[_Way, Callable[[Sequence[str]], NearWords]] = {
    _Way.FUZZY: lambda words: NearWords(words, spelled),
    _Way.SOUND: lambda words: NearWords(words, sounding),
}


def _empty(way: _Way) -> Parts[NearWords]:
    return Parts(build=_NEAR[way], small=_NEAR_SMALL, factor=8, spare=0.75)


def _grown(parts: Parts[NearWords], keys: Mapping[str, object]) -> Parts[NearWords]:
    """Give the words that may differ as they are now. Joined as they come: a part that is large grows seldom."""
    if parts.live == keys.keys():
        return parts
    made = parts.changed(keys)
    return made if made.wide else made.tidied()


def _find(parts: Parts[NearWords], text: str) -> Iterable[tuple[str, int, int, int]]:
    """Give key, start, end and how many letters differ, by place, then by key.

    At the place where the most that are told of one text are reached it ends, as it would in one part alone.
    """
    found = []
    for part in parts.parts:
        stands = partial(_stands, parts.live, part.keys) if parts.masked else None
        found += [(part.keys[n], start, end, differ) for n, start, end, differ in part.index.find(text, stands)]
    found.sort(key=lambda one: (one[1], one[2], one[0]))
    if len(found) > MOST:
        last = found[MOST - 1][1]
        found = [one for one in found if one[1] <= last]
    return found


def _stands(live: frozenset[str], keys: Sequence[str], number: int) -> bool:
    return keys[number] in live


def _certainty(disguise: Disguise) -> tuple[float, str]:
    worst, how = 1.0, ""
    for kind, certainty, words in _CERTAINTY:
        if certainty <= worst and disguise & kind:
            worst, how = certainty, words
    return worst, how
