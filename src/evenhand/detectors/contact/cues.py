"""Cue words: what makes a channel look closer. A cue alone is never a finding.

The words are in `data/contact_cues.json`, folded, in many languages. A messenger's `strong` spellings are used for
nothing else ("whatsapp"); its `weak` ones mean other things too ("line", "tg") and count only with a separator behind
them ("line: abc1", "tg @name"). `phone` holds the words that stand before numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ahocorasick_rs import AhoCorasick, MatchKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What a matched pattern is."""

    group: str  # "link", "mail", "generic", "texting", "promo:<kind>" or a messenger's name
    length: int  # code points of the word itself; what follows in the pattern is its separator
    strong: bool = True  # False: a spelling that means other things too
    messenger: bool = False


class CueIndex:
    """All cues in one Aho-Corasick automaton. Reading and building takes a few milliseconds."""

    def __init__(self) -> None:
        table: dict[str, Any] = json.loads(
            files("evenhand.detectors.data").joinpath("contact_cues.json").read_text("utf-8")
        )
        patterns = _patterns(table)
        self.cues = tuple(tuple(cues) for cues in patterns.values())
        self.phone = re.compile("|".join(rf"\b{w}\b" if w.isascii() else re.escape(w) for w in table["phone"]))
        self._automaton = AhoCorasick(list(patterns), matchkind=MatchKind.Standard)

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """Give (index into `cues`, start, end) for every cue in a folded text, overlaps included."""
        found: list[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return found


def _patterns(table: Mapping[str, Any]) -> dict[str, list[Cue]]:
    patterns: dict[str, list[Cue]] = {}

    def add(pattern: str, cue: Cue) -> None:
        patterns.setdefault(pattern, []).append(cue)

    for group in ("link", "mail", "generic", "texting"):
        for word in table[group]:
            add(word, Cue(group=group, length=len(word)))
    for kind, words in table["promotion"].items():
        for word in words:
            add(word, Cue(group=f"promo:{kind}", length=len(word)))
    for name, spellings in table["channels"].items():
        for word in spellings["strong"]:
            add(word, Cue(group=name, length=len(word), messenger=True))
        for word in spellings["weak"]:
            for separator in table["separators"]:
                add(word + separator, Cue(group=name, length=len(word), strong=False, messenger=True))
    return patterns
