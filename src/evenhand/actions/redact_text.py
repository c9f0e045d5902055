"""Masks spans of a text, character by character, so that all other spans keep their places."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from evenhand.domain.location import Span

MASK = "\N{FULL BLOCK}"
_JOINERS = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")


def mask(text: str, spans: Iterable[Span], *, character: str = MASK) -> str:
    """Put a mask in the place of every character of the spans, line breaks excepted.

    Spaces are masked too, for the lengths of words give them away. A span that ends inside a character of several code
    points (a letter and its accent, a joined emoji) is drawn out to that character's end.

    Args:
        text: the text that the spans count in.
        spans: [start, end) in code points; what lies outside the text is cut off.
        character: one code point.

    Returns:
        A text of the same length.
    """
    out = list(text)
    for start, end in spans:
        begin, stop = max(0, start), min(len(text), end)
        while 0 < stop < len(text) and begin < stop and _belongs(text[stop - 1], text[stop]):
            stop += 1
        for place in range(begin, stop):
            if text[place] not in "\r\n":
                out[place] = character
    return "".join(out)


def _belongs(before: str, character: str) -> bool:
    """Say whether a code point is drawn together with the one before it."""
    modifier = "\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}" <= character <= "\N{EMOJI MODIFIER FITZPATRICK TYPE-6}"
    return unicodedata.category(character).startswith("M") or character in _JOINERS or before in _JOINERS or modifier
