"""Patterns as the operator wrote them -> the forms that are searched for.

Each pattern becomes one form for one of five searches, and some get more: "kill joy" also as "killjoy", a Chinese
pattern with the pinyin option also by sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from evenhand.matching.normalise import fold_texts, whole
from evenhand.matching.normalise_readings import Disguise
from evenhand.matching.normalise_tables import CharacterTables, Kind

_PLAIN_SIGNS = frozenset("-.'’_/·&,:")  # signs in a pattern that only separate its words
_RUN_TOGETHER = 6  # letters a phrase needs to be looked for without its spaces
_SOUND_BASE = 0xE000  # private-use code points stand for syllables


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One pattern of the operator's."""

    value: str  # a word or phrase; a final "*" stands for any ending
    exact: bool = False  # only as written, save for case
    substring: bool = False  # also inside longer words
    pinyin: bool = False  # Chinese also by its sound


class Search(IntEnum):
    """Which search finds a form."""

    WHOLE = 0  # whole words, by hash
    PREFIX = 1  # beginning of a word, by hash
    INSIDE = 2  # anywhere in a word
    ANYWHERE = 3  # scripts written without spaces
    LITERAL = 4  # signs and emoji: as written
    SOUND = 5  # syllables


@dataclass(slots=True, kw_only=True)
class Forms:
    """All forms, as columns: form i is the text texts[i], belongs to the phrase owners[i], and so on."""

    texts: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    how: list[Disguise] = field(default_factory=list)  # disguise that a match with this form itself means
    groups: dict[Search, list[int]] = field(default_factory=lambda: {search: [] for search in Search})
    longest: int = 1  # most words in one form

    def add(self, search: Search, text: str, owner: int, how: Disguise = Disguise.NONE) -> None:
        """Add one form."""
        self.groups[search].append(len(self.texts))
        self.texts.append(text)
        self.owners.append(owner)
        self.how.append(how)


def make_forms(phrases: Sequence[Phrase], tables: CharacterTables) -> Forms:
    """Sort phrases into searches. A phrase with nothing to search for (blank) gets no form."""
    forms = Forms()
    values = [whole(phrase.value.strip().lower()) for phrase in phrases]
    folded = fold_texts(values, tables)
    kinds = folded.kind
    sources = np.arange(len(kinds)) if folded.source is None else folded.source
    firsts = np.searchsorted(sources, folded.offsets)
    has_word, has_any, has_sign = (
        np.logical_or.reduceat(np.append(flags, False), firsts) if len(values) else np.zeros(0, np.bool_)
        for flags in (
            kinds == Kind.WORD,
            kinds == Kind.ANY,
            (kinds == Kind.PUNCT) | (kinds == Kind.MASK) | (kinds == Kind.LEET),
        )
    )
    for owner, (phrase, value) in enumerate(zip(phrases, values, strict=True)):
        open_end = len(value) > 1 and value.endswith("*") and not value[-2].isspace()
        stem = value[:-1] if open_end else value
        if not value:
            continue
        if not (has_word[owner] or has_any[owner]) or (has_sign[owner] and _is_literal(stem, tables)):
            forms.add(Search.LITERAL, value, owner)
        elif has_any[owner]:
            forms.add(Search.ANYWHERE, stem, owner)
            if phrase.pinyin:
                _add_sounds(forms, stem, owner, tables)
        elif phrase.substring:
            forms.add(Search.INSIDE, stem, owner)
        else:
            if stem.isascii() and stem.replace(" ", "").isalpha():  # most are, and need no looking at each letter
                words = stem.split(" ")
            else:
                words = "".join(c if tables.kind[ord(c)] in _IN_WORDS else " " for c in stem).split()
            forms.longest = max(forms.longest, len(words))
            if open_end:
                forms.add(Search.PREFIX if len(words) == 1 else Search.INSIDE, stem, owner)
                continue
            forms.add(Search.WHOLE, stem, owner)
            if len(words) > 1 and sum(map(len, words)) >= _RUN_TOGETHER:
                forms.add(Search.WHOLE, "".join(words), owner, Disguise.SPACED)
    return forms


_IN_WORDS = frozenset({int(Kind.WORD), int(Kind.DROP), int(Kind.EXPAND)})


def _is_literal(value: str, tables: CharacterTables) -> bool:
    return any(tables.kind[ord(c)] in (Kind.PUNCT, Kind.MASK, Kind.LEET) and c not in _PLAIN_SIGNS for c in value)


def _add_sounds(forms: Forms, value: str, owner: int, tables: CharacterTables) -> None:
    """Forms by sound, for patterns of two Chinese characters or more. The commonest reading of each is used."""
    letters = [char for char in value if tables.kind[ord(char)] == Kind.ANY]
    numbers = [int(tables.pinyin[tables.fold[ord(char)]]) - 1 for char in letters]
    if len(numbers) < 2 or min(numbers) < 0 or any(tables.kind[ord(c)] == Kind.WORD for c in value):
        return
    names = list(tables.syllables)
    forms.add(Search.SOUND, "".join(chr(_SOUND_BASE + number) for number in numbers), owner, Disguise.PINYIN)
    forms.add(Search.WHOLE, "".join(names[number] for number in numbers), owner, Disguise.PINYIN)
    forms.add(Search.WHOLE, " ".join(names[number] for number in numbers), owner, Disguise.PINYIN)
    forms.longest = max(forms.longest, len(numbers))


def sound_of(number: int) -> int:
    """Code point that stands for a syllable in a text read by sound."""
    return _SOUND_BASE + number
