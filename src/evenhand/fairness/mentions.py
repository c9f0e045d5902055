"""Which groups a text names, for error rates by group: was the machine wrong more often where one is named?

It looks only into texts that people have judged already, when a report is made, and keeps nothing but totals. It looks
at words of the text, never at who wrote it. The words are those of the identity audit (data/audit).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from evenhand.fairness.sentences import CONTROL, audit_data
from evenhand.fairness.spelling import fold, is_unspaced

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_LEAST = 2  # characters of a form in a script without spaces
_LONGEST = 20_000  # characters of a text that are read
_LETTER = re.compile(r"\w")
_COMMON = frozenset({"black", "white", "old", "young", "blind"})  # their bare adjectives mostly say other things


def mentioned(texts: Iterable[str]) -> list[frozenset[str]]:
    """Give for each text the groups it names, as "category/group"; none for one that names no group.

    Args:
        texts: any; only the first 20,000 characters of each are read.
    """
    finder, forms = _table()
    names = list(forms)
    out = []
    for text in texts:
        folded = fold(text[:_LONGEST].encode("utf-8", "replace").decode("utf-8"))
        found = set[str]()
        for number, start, end in finder.find_matches_as_indexes(folded, overlapping=True):
            name = names[number]
            if is_unspaced(name) or _alone(folded, start, end):
                found |= forms[name]
        out.append(frozenset(found))
    return out


def _alone(text: str, start: int, end: int) -> bool:
    """Say whether a stretch is a word of its own; an ending "s" belongs to it."""
    if start and _LETTER.match(text[start - 1]):
        return False
    rest = text[end : end + 2]
    return not rest[:1] or not _LETTER.match(rest[0]) or (rest[0] == "s" and not _LETTER.match(rest[1:2] or " "))


@cache
def _table() -> tuple[AhoCorasick, Mapping[str, frozenset[str]]]:
    from ahocorasick_rs import AhoCorasick

    forms: dict[str, set[str]] = {}
    for data in audit_data():
        for group in data.groups:
            if group.category == CONTROL:
                continue
            for kind, form in group.forms.items():
                if kind == "adj" and group.id in _COMMON:
                    continue
                word = fold(form).strip()
                for one in {word, word.removesuffix("s") if len(word) > 4 else word}:
                    if len(one) >= (_LEAST if is_unspaced(one) else 3):
                        forms.setdefault(one, set()).add(f"{group.category}/{group.id}")
    kept = {word: frozenset(groups) for word, groups in sorted(forms.items())}
    return AhoCorasick(list(kept)), kept
