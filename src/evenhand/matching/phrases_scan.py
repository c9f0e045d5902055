"""Patterns that may begin anywhere: inside words, in scripts without spaces, by sound, and signs as written.

These are found by Aho-Corasick automata, in time linear in the text whatever the patterns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import ahocorasick_rs
import numpy as np

from evenhand.matching.normalise import Folded, Indexes, fold_texts, ranges, tokens_of
from evenhand.matching.normalise_readings import Readings
from evenhand.matching.normalise_tables import SPACE_BYTE, Bytes, CharacterTables, Codes, Kind
from evenhand.matching.phrases_forms import Forms, Search, sound_of

Candidate = tuple[int, int, int]  # form, first and last element (inclusive)

_SYLLABLE = 6  # letters of the longest syllable in pinyin


class Automaton:
    """Patterns with the forms they stand for."""

    def __init__(self, patterns: Sequence[str], forms: Sequence[int]) -> None:
        self._forms = [form for form, pattern in zip(forms, patterns, strict=True) if pattern]
        self._automaton = ahocorasick_rs.AhoCorasick([pattern for pattern in patterns if pattern], store_patterns=False)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def find(self, text: str) -> Iterator[Candidate]:
        """Give (form, start, last) for every occurrence, overlapping ones too, in code points of `text`."""
        for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            yield self._forms[number], start, end - 1


class ScanSearch:
    """Index of the forms that are not whole words. Immutable."""

    def __init__(self, forms: Forms, tables: CharacterTables) -> None:
        self._tables = tables
        inside, anywhere = forms.groups[Search.INSIDE], forms.groups[Search.ANYWHERE]
        literal, sound = forms.groups[Search.LITERAL], forms.groups[Search.SOUND]
        self._inside = Automaton([self._squeeze_pattern(forms.texts[i]) for i in inside], inside)
        self._anywhere = Automaton([self._flow_pattern(forms.texts[i]) for i in anywhere], anywhere)
        self._literal = Automaton([lowered(forms.texts[i]) for i in literal], literal)
        self._sound = Automaton([forms.texts[i] for i in sound], sound)

    def inside(self, readings: Readings) -> Iterator[Candidate]:
        """Candidates inside words, as bytes of the readings' buffer."""
        if self._inside:
            text, places = _squeeze(readings.buffer)
            for form, start, last in self._inside.find(text):
                yield form, int(places[start]), int(places[last])

    def anywhere(self, folded: Folded) -> Iterator[Candidate]:
        """Candidates in scripts written without spaces, as elements of the batch."""
        if self._anywhere and folded.has_any:
            codes, places = self._flow(folded)
            for form, start, last in self._anywhere.find(_text(codes)):
                yield form, int(places[start]), int(places[last])

    def sounds(self, folded: Folded) -> Iterator[Candidate]:
        """Candidates by sound, as elements of the batch; a syllable in letters gives its first and last element."""
        if self._sound and folded.has_any:
            codes, firsts, lasts = self._spell(folded)
            for form, start, last in self._sound.find(_text(codes)):
                yield form, int(firsts[start]), int(lasts[last])

    def literal(self, folded: Folded) -> Iterator[Candidate]:
        """Candidates as written, as code points of the joined text."""
        if self._literal:
            yield from self._literal.find(lowered(folded.joined))

    def _squeeze_pattern(self, text: str) -> str:
        return _squeeze(fold_texts([text], self._tables).buffer)[0].strip()

    def _flow_pattern(self, text: str) -> str:
        return _text(self._flow(fold_texts([text], self._tables))[0])

    def _flow(self, folded: Folded) -> tuple[Codes, Indexes]:
        """Letters only, classes for the whole-word scripts; one space stays between two words of those."""
        places = np.flatnonzero((folded.kind == Kind.WORD) | (folded.kind == Kind.ANY))
        codes = self._tables.base[folded.codes[places]]
        word = folded.kind[places] == Kind.WORD
        codes = np.where(word, folded.buffer[places], codes).astype(np.uint32)
        spaced = word[1:] & word[:-1] & (np.diff(places) > 1)
        at = np.flatnonzero(spaced) + 1
        return np.insert(codes, at, SPACE_BYTE), np.insert(places, at, places[at] - 1)

    def _spell(self, folded: Folded) -> tuple[Codes, Indexes, Indexes]:
        """Chinese characters and syllables in letters as syllable numbers; all else as a space."""
        numbers = self._tables.pinyin[self._tables.fold[folded.codes]].astype(np.int64)
        firsts = np.flatnonzero((numbers > 0) & (folded.kind == Kind.ANY))
        codes = numbers[firsts] - 1 + sound_of(0)
        starts, ends = tokens_of(folded.buffer)
        short = ends - starts <= _SYLLABLE
        starts, ends = starts[short], ends[short]
        spelt = [self._syllable(folded, a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        known = np.array([number is not None for number in spelt], np.bool_)
        extra = np.array([sound_of(number) for number in spelt if number is not None], np.int64)
        other = np.flatnonzero((folded.buffer != SPACE_BYTE) | ((folded.kind == Kind.ANY) & (numbers == 0)))
        taken = np.zeros(len(folded.kind), np.bool_)
        if known.any():
            taken[ranges(starts[known], ends[known])] = True
        other = other[~taken[other]]
        all_firsts = np.concatenate((firsts, starts[known], other))
        all_lasts = np.concatenate((firsts, ends[known] - 1, other))
        all_codes = np.concatenate((codes, extra, np.full(len(other), SPACE_BYTE)))
        order = np.argsort(all_firsts, kind="stable")
        return all_codes[order].astype(np.uint32), all_firsts[order], all_lasts[order]

    def _syllable(self, folded: Folded, start: int, end: int) -> int | None:
        letters = "".join(chr(self._tables.fold[code]) for code in folded.codes[start:end].tolist())
        return self._tables.syllables.get(letters)


def lowered(text: str) -> str:
    """Lower case with the length kept."""
    return text.replace("İ", "i").lower()


def _text(codes: Codes) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "replace")


def _squeeze(buffer: Bytes) -> tuple[str, Indexes]:
    """Class bytes as text with one space for any number, and where each came from."""
    space = buffer == SPACE_BYTE
    keep = ~space
    keep[1:] |= ~space[:-1]
    places = np.flatnonzero(keep)
    return buffer[places].tobytes().decode("latin-1"), places
