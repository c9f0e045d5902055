"""The audit of word lists: the name of a group, alone, is nothing to stop or to review."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evenhand.fairness.spelling import fold, is_unspaced, split, stems
from evenhand.fairness.terms import Entries, Terms, terms

_MOST_WORDS = 6  # a longer entry is a phrase
_ENDING = 5  # most letters of an ending on a stem ("muslim" + "s")
_GROUP_ENDINGS = ("人", "徒", "族", "裔", "们", "們", "者")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordProblem:
    """An entry of a word list that names a group and nothing else."""

    index: int  # place in the list, from 0
    word: str  # as given
    message: str  # what is wrong, and what to do
    where: str = ""  # name of the list


def audit_words(words: Iterable[str], *, where: str = "") -> list[WordProblem]:
    """Find entries of a black or review list that are the name of a group: naming a group is not a violation.

    Longer phrases that hold such a name ("go home, X") are the operator's to judge and are not touched.

    Args:
        words: entries in order.
        where: name of the list, for the report.
    """
    table = terms()
    return [
        WordProblem(
            index=index,
            word=word,
            where=where,
            message=f"{word[:60]!r} is the name of a group of people; naming a group is not a violation. "
            "Remove the entry, or give the whole phrase that attacks.",
        )
        for index, word in enumerate(words)
        if _is_group(word, table)
    ]


def _is_group(word: str, table: Terms) -> bool:
    if len(word) > 3 * table.longest:
        return False
    tokens = split(fold(word))
    if not tokens:
        return False
    joined = "".join(tokens)
    if is_unspaced(joined):
        return _is_unspaced_group(joined, table)
    if len(tokens) > _MOST_WORDS:
        return False
    persons = [token for token in tokens if token in table.persons]
    named = [token for token in tokens if _names_group(token, table, beside_person=bool(persons))]
    if len(tokens) > 1 and _names_group(joined, table, beside_person=False):  # "m-u-s-l-i-m"
        return True
    if named:
        return all(token in named or token in table.frames for token in tokens)
    # "women", "girls": words for a person by gender
    return all(token in table.topic or token in table.words for token in persons) and len(persons) == len(tokens)


def _names_group(token: str, table: Terms, *, beside_person: bool) -> bool:
    tables = (table.words, table.alone, table.language, *((table.person,) if beside_person else ()))
    for stem in stems(token):
        if any(stem in entries and entries[stem].group for entries in tables):
            return True
    return _inflected(token, table.starts) or _inflected(token, table.inside)


def _inflected(token: str, entries: Entries) -> bool:
    """Say whether `token` is a group's stem with an ending."""
    for size in range(max(3, len(token) - _ENDING), len(token) + 1):
        entry = entries.get(token[:size])
        if entry is not None and entry.group:
            return True
    return False


def _is_unspaced_group(text: str, table: Terms) -> bool:
    for ending in ("", *_GROUP_ENDINGS):
        stem = text.removesuffix(ending)
        entry = table.inside.get(stem) or table.alone.get(stem)
        if entry is not None and entry.group:
            return True
    return False
