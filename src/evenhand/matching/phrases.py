"""PhraseIndex: finds many words and phrases in many texts, as written and disguised.

Linear in the text whatever the patterns: words by hash, the rest by Aho-Corasick (Aho and Corasick, 1975), then each
candidate is checked letter by letter. The index is immutable and safe to use from several threads at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evenhand.matching.normalise import Folded, fold_texts
from evenhand.matching.normalise_readings import Disguise, read
from evenhand.matching.normalise_tables import SPACE_BYTE, CharacterTables, load_tables
from evenhand.matching.phrases_confirm import Confirmer, Match
from evenhand.matching.phrases_forms import Forms, Phrase, Search, make_forms
from evenhand.matching.phrases_scan import ScanSearch
from evenhand.matching.phrases_words import WordSearch

__all__ = ["Disguise", "Hit", "Phrase", "PhraseIndex"]

_TOGETHER = 1 << 18  # code points folded at once: the arrays then stay small whatever the batch
_AROUND = 4  # most words looked at on either side of a disguised one


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One pattern found in one text."""

    phrase: int  # number of the phrase, in the order the index was given them
    start: int  # code points of the text searched
    end: int  # exclusive
    disguise: Disguise  # how it differs from the pattern; NONE: as written, save for case and width


class PhraseIndex:
    """An index of phrases. Building 100,000 takes a second or two; searching never changes it."""

    def __init__(self, phrases: Sequence[Phrase], *, tables: CharacterTables | None = None) -> None:
        self._tables = tables or load_tables()
        self._exact = [phrase.exact for phrase in phrases]
        self._values = [phrase.value.strip().casefold() for phrase in phrases]
        self._forms: Forms = make_forms(phrases, self._tables)
        self._words = WordSearch(self._forms, self._tables)
        self._scan = ScanSearch(self._forms, self._tables)
        self._around = min(self._forms.longest - 1, _AROUND)
        self._starting = frozenset(
            i for i in self._forms.groups[Search.INSIDE] if not phrases[self._forms.owners[i]].substring
        )

    def __len__(self) -> int:
        return len(self._values)

    @property
    def nbytes(self) -> int:
        """Memory of the character tables and the word hashes, in bytes; automata and pattern texts not counted."""
        return self._tables.nbytes + self._words.nbytes

    def search(self, texts: Sequence[str]) -> list[tuple[Hit, ...]]:
        """Find all phrases in all texts.

        Args:
            texts: any strings, of any length.

        Returns:
            For each text its hits, by start then end; one phrase at one place is given once, in its plainest form, and
            at about a hundred places of one text at most.
        """
        out: list[tuple[Hit, ...]] = []
        group: list[str] = []
        size = 0
        for text in texts:
            if group and size + len(text) > _TOGETHER:
                out += self._search_group(group)
                group, size = [], 0
            group.append(text)
            size += len(text)
        return out + self._search_group(group) if group else out

    def _search_group(self, texts: list[str]) -> list[tuple[Hit, ...]]:
        folded = fold_texts(texts, self._tables)
        found: dict[tuple[int, int, int], Disguise] = {}
        for form, start, end, how in self._matches(folded):
            owner = self._forms.owners[form]
            total = how | self._forms.how[form]
            if total and self._exact[owner]:
                continue
            if self._exact[owner] and folded.joined[start:end].casefold() != self._values[owner]:
                continue
            key = (start, end, owner)
            if key not in found or total < found[key]:
                found[key] = total
        hits: list[list[Hit]] = [[] for _ in texts]
        for (start, end, owner), how in sorted(found.items()):
            text = folded.text_of(start)
            first = folded.offsets[text]
            hits[text].append(Hit(phrase=owner, start=start - first, end=end - first, disguise=how))
        return [tuple(group) for group in hits]

    def _matches(self, folded: Folded) -> Iterator[Match]:
        """Give checked matches in the joined text."""
        readings = read(folded, self._tables, around=self._around)
        confirmer = Confirmer(folded, readings, self._forms, self._tables)
        for form, start, end in self._words.candidates(readings):
            yield from confirmer.in_words(form, start, end)
        for form, start, last in self._scan.inside(readings):
            if form not in self._starting or readings.buffer[start - 1] == SPACE_BYTE:
                yield from confirmer.in_words(form, start, last + 1)
        for form, start, last in self._scan.anywhere(folded):
            yield from confirmer.anywhere(form, start, last)
        for form, start, last in self._scan.sounds(folded):
            yield from confirmer.by_sound(form, start, last)
        for form, start, last in self._scan.literal(folded):
            yield from confirmer.literal(form, start, last)
