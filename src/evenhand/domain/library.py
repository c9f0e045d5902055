"""Libraries: samples that an operator owns, and what a match with them means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ListColour(StrEnum):
    """What a match means: stop it, allow it, or let a person look."""

    BLACK = "black"
    WHITE = "white"
    REVIEW = "review"


class LibraryKind(StrEnum):
    """What the library holds."""

    WORDS = "words"
    IMAGES = "images"
    SOUNDS = "sounds"
    VIDEOS = "videos"
    TEXTS = "texts"


class Match(StrEnum):
    """How a word list finds one of its items."""

    PLAIN = ""  # as the list's options say: as written and disguised, unless they say otherwise
    EXACT = "exact"  # as written, in any case and width
    FUZZY = "fuzzy"  # with a letter or two changed, left out, put in or swapped
    PHONETIC = "phonetic"  # what sounds alike: English words by Metaphone, Chinese ones by pinyin
    REGEX = "regex"  # a regular expression of RE2: no look-around, no references back


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryItem:
    """One sample."""

    # a word or phrase; of pictures 64 hexadecimal digits of PDQ; of sounds a fingerprint, "s1:..."; of videos "v1:...";
    # of texts a sketch, "t1:..."
    value: str
    label: str | None = None  # overrides the library's label
    score: float = 1.0  # overrides nothing: multiplied with the match's own certainty
    match: Match = Match.PLAIN  # for words
    languages: tuple[str, ...] = ()  # for words and texts: only texts in these, besides what the library says
    expires: datetime | None = None  # aware; from then on it is not found any more
    note: str = ""  # for people
    id: str = ""  # of the entry, in a library that the store keeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A named set of samples. Names and labels that ask for a protected attribute are refused at load."""

    name: str  # lower-case letters, digits, '-' and '_'
    kind: LibraryKind
    colour: ListColour
    label: str | None = None  # label of a match ("ads.promotion"); None: known.<colour>
    items: tuple[LibraryItem, ...] = ()
    version: str = "1"
    languages: tuple[str, ...] = ()  # only texts in these; empty: any
    # for words: "pinyin", "exact" (no obfuscation handling), "substring", "phonetic" (as heard); for images:
    # "no-quarantine"
    options: tuple[str, ...] = ()
    bank: str | None = None  # for images: path of a hash bank that holds the samples, instead of items
