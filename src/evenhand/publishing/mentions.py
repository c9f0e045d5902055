"""Which groups of people a text names, by the words of the identity audit. Texts only; persons are never looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from evenhand.fairness import audit_data
from evenhand.fairness.sentences import CONTROL

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_LETTER = re.compile(r"\w")
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


def mentions(text: str) -> frozenset[str]:
    """Give the groups that a text names, such as {"muslims", "women"}; empty for most texts."""
    finder, groups = _tables()
    folded = text.lower()
    found: set[str] = set()
    for place, start, end in finder.find_matches_as_indexes(folded, overlapping=True):
        word, named = groups[place]
        # A word of its own, where the script has words.
        before = start > 0 and _LETTER.match(folded[start - 1]) and not _UNSPACED.match(word[0])
        after = end < len(folded) and _LETTER.match(folded[end]) and not _UNSPACED.match(word[-1])
        if not before and not after:
            found |= named
    return frozenset(found)


@cache
def _tables() -> tuple[AhoCorasick, list[tuple[str, frozenset[str]]]]:
    from ahocorasick_rs import AhoCorasick, Implementation

    words: dict[str, set[str]] = {}
    for part in audit_data():
        for group in part.groups:
            if group.category == CONTROL:
                continue
            for form in group.forms.values():
                words.setdefault(form.lower().strip(), set()).add(group.id)
    listed = [(word, frozenset(named)) for word, named in sorted(words.items()) if len(word) > 1]
    return AhoCorasick([word for word, _ in listed], implementation=Implementation.ContiguousNFA), listed


@cache
def categories() -> Mapping[str, str]:
    """Give group -> what kind of group it is: "religion", "ethnicity"..."""
    return {group.id: group.category for part in audit_data() for group in part.groups}
