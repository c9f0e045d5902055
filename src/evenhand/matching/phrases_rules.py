"""What may stand between and beside the letters of a match."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from evenhand.matching.normalise import Folded
from evenhand.matching.normalise_readings import Disguise
from evenhand.matching.normalise_tables import SPACE_BYTE, Kind

GAP = 8  # most code points between two words of one phrase, or two letters of one word


def seen(how: Disguise, folded: Folded, elements: list[int], hidden: frozenset[int]) -> Disguise:
    """What is disguised in this very match: a reading undoes more than one word may need."""
    seen = Disguise.MASKED if hidden else Disguise.NONE
    if how:
        for a, b in pairwise(elements):
            if b - a > 1:
                between = folded.buffer[a + 1 : b]
                seen |= Disguise.STRETCHED if (between != SPACE_BYTE).any() else Disguise.NONE
                seen |= Disguise.SPACED if (between == SPACE_BYTE).any() else Disguise.NONE
    return seen


def may_hide(hidden: frozenset[int], folded: Folded, elements: list[int]) -> bool:
    """Whether so many letters may be hidden; in three letters one, and only by the commonest sign."""
    if len(elements) > 3:
        return len(hidden) <= len(elements) // 2
    return len(hidden) == 1 and all(chr(int(folded.codes[elements[place]])) == "*" for place in hidden)


def letters_between(folded: Folded, start: int, last: int) -> list[int]:
    kinds = folded.kind[start : last + 1]
    return (np.flatnonzero((kinds == Kind.WORD) | (kinds == Kind.ANY)) + start).tolist()


def gaps(folded: Folded, elements: list[int], *, words: bool = False) -> Disguise | None:
    """Whether what stands between the letters is a disguise: NONE for nothing, None (no match) for a clause's end.

    A comma between two characters ends a clause; commas between all of them disguise a word.
    """
    wide = [(a, b) for a, b in pairwise(elements) if b - a > 1]
    if not wide:
        return Disguise.NONE
    if not words and len(wide) == len(elements) - 1 and len(elements) > 2:
        return Disguise.SPACED if all(b - a <= GAP for a, b in wide) else None
    for a, b in wide:
        between = folded.kind[a + 1 : b]
        han = _is_han(int(folded.codes[a])) or _is_han(int(folded.codes[b]))
        ends = (between == Kind.BREAK).any() or any(int(code) in (10, 13, 0x3002) for code in folded.codes[a + 1 : b])
        if ends or not han or b - a > GAP:
            return None
    return Disguise.SPACED


def _is_han(code: int) -> bool:
    return 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF


def whole_at_edges(folded: Folded, start: int, last: int) -> bool:
    """Letters of whole-word scripts at the edges of a mixed pattern begin and end a word."""
    kind = folded.kind
    left = kind[start] == Kind.WORD and kind[start - 1] == Kind.WORD
    return not left and not (kind[last] == Kind.WORD and last + 1 < len(kind) and kind[last + 1] == Kind.WORD)
