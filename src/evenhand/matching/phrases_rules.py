"""What may stand between and beside the letters of a match."""

from __future__ import annotations

from itertools import pairwise

from evenhand.matching.normalise import Folded
from evenhand.matching.normalise_readings import Disguise
from evenhand.matching.normalise_tables import SPACE_BYTE, Kind

GAP = 8  # most code points between two words of one phrase, or two letters of one word

_WORD, _ANY, _BREAK = int(Kind.WORD), int(Kind.ANY), int(Kind.BREAK)
_LINE_ENDS = "\n\r\u3002"


def seen(how: Disguise, buffer: bytes, elements: list[int], hidden: frozenset[int]) -> Disguise:
    """What is disguised in this very match: a reading undoes more than one word may need."""
    seen = Disguise.MASKED if hidden else Disguise.NONE
    if how and elements[-1] - elements[0] >= len(elements):
        for a, b in pairwise(elements):
            if b - a > 1:
                between = buffer[a + 1 : b]
                spaces = between.count(SPACE_BYTE)
                seen |= Disguise.STRETCHED if spaces < len(between) else Disguise.NONE
                seen |= Disguise.SPACED if spaces else Disguise.NONE
    return seen


def may_hide(hidden: frozenset[int], folded: Folded, elements: list[int]) -> bool:
    """Whether so many letters may be hidden; in three letters one, and only by the commonest sign."""
    if len(elements) > 3:
        return len(hidden) <= len(elements) // 2
    return len(hidden) == 1 and all(chr(int(folded.codes[elements[place]])) == "*" for place in hidden)


def letters_between(kinds: bytes, start: int, last: int) -> list[int]:
    """Elements from start to last, inclusive, that are letters; `kinds` holds the Kind of each element."""
    return [place for place in range(start, last + 1) if kinds[place] in (_WORD, _ANY)]


def gaps(folded: Folded, kinds: bytes, elements: list[int], *, words: bool = False) -> Disguise | None:
    """Whether what stands between the letters is a disguise: NONE for nothing, None (no match) for a clause's end.

    A comma between two characters ends a clause; commas between all of them disguise a word.

    Args:
        folded: the batch.
        kinds: the Kind of each element.
        elements: the letters.
        words: the letters are words of their own, between which spaces are no sign of anything.
    """
    if elements[-1] - elements[0] == len(elements) - 1:
        return Disguise.NONE
    wide = [(a, b) for a, b in pairwise(elements) if b - a > 1]
    if any(b - a > GAP for a, b in wide):
        return None
    if not words and len(wide) == len(elements) - 1 and len(elements) > 2:
        return Disguise.SPACED
    joined = folded.joined
    for a, b in wide:
        first, second = folded.source_of(a), folded.source_of(b)
        ends = _BREAK in kinds[a + 1 : b] or any(char in _LINE_ENDS for char in joined[first + 1 : second])
        if ends or not (_is_han(ord(joined[first])) or _is_han(ord(joined[second]))):
            return None
    return Disguise.SPACED


def whole_at_edges(kinds: bytes, start: int, last: int) -> bool:
    """Letters of whole-word scripts at the edges of a mixed pattern begin and end a word."""
    left = kinds[start] == _WORD and kinds[start - 1] == _WORD
    return not left and not (kinds[last] == _WORD and last + 1 < len(kinds) and kinds[last + 1] == _WORD)


def _is_han(code: int) -> bool:
    return 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF
