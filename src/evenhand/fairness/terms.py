"""The tables of terms behind the refusals, read once from the data files beside this module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from evenhand.fairness.spelling import is_unspaced, squash

_FILES = {
    "attributes.txt": "names a protected attribute of a person ({})",
    "identification.txt": "asks for the {}",
    "groups.txt": "names a group of people ({})",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Why one term is refused."""

    why: str  # "names a protected attribute of a person (caste)"
    group: bool  # the term names a group of people, not an attribute


Entries = Mapping[str, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All terms, folded and written as one word each. attributes.txt explains the classes."""

    words: Entries  # whole words and phrases
    starts: Entries  # beginnings of words
    inside: Entries  # anywhere, also inside words
    alone: Entries
    topic: Entries
    person: Entries
    language: Entries
    allow: frozenset[str]  # phrases that mean something else
    persons: frozenset[str]  # words for a person
    frames: frozenset[str]  # those, and "classifier", "group", "of"
    unspaced_frames: tuple[str, ...]  # those of them written without spaces, longest first
    texts: frozenset[str]  # "words", "list", "spam"
    topics: frozenset[str]  # top-level labels under which a `topic` term is free
    longest: int  # most characters of a term


def read_sections(text: str, *, separator: str = ",") -> Iterator[tuple[str, str]]:
    """Give (heading, term) for each term of a data file: "[heading]" lines, terms `separator` apart, # comments."""
    heading = ""
    for line in text.splitlines():
        line = line.strip()  # noqa: PLW2901
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            heading = line.strip("[]")
        else:
            yield from ((heading, term.strip()) for term in line.split(separator) if term.strip())


def read_data(name: str) -> str:
    """Give the text of a data file of this package."""
    return files("evenhand.fairness").joinpath("data", name).read_text(encoding="utf-8")


@cache
def terms() -> Terms:
    """Read the tables. Reading takes some tens of milliseconds, so it waits for the first name worth a look."""
    tables: dict[str, dict[str, Entry]] = {
        name: {} for name in ("words", "starts", "inside", "alone", "topic", "person", "language", "allow")
    }
    for name, wording in _FILES.items():
        for heading, term in read_sections(read_data(name)):
            kind, _, category = (part.strip() for part in heading.partition("|"))
            plain = squash(term)
            if kind == "words" and (term.startswith("*") or is_unspaced(plain)):
                kind = "inside"
            elif kind == "words" and term.endswith("*"):
                kind = "starts"
            tables[kind].setdefault(plain, Entry(why=wording.format(category), group=name == "groups.txt"))
    frames: dict[str, set[str]] = {}
    for heading, term in read_sections(read_data("frames.txt")):
        frames.setdefault(heading, set()).add(term if heading == "topic labels" else squash(term))
    both = frames["frame person"] | frames["frame tool"]
    return Terms(
        words=tables["words"],
        starts=tables["starts"],
        inside=tables["inside"],
        alone=tables["alone"],
        topic=tables["topic"],
        person=tables["person"],
        language=tables["language"],
        allow=frozenset(tables["allow"]),
        persons=frozenset(frames["frame person"]),
        frames=frozenset(both),
        unspaced_frames=tuple(sorted(filter(is_unspaced, both), key=lambda word: (-len(word), word))),
        texts=frozenset(frames["frame language"]),
        topics=frozenset(frames["topic labels"]),
        longest=max(len(term) for table in tables.values() for term in table),
    )
