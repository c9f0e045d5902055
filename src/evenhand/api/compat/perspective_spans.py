"""Sentences of a comment, in Perspective's offsets.

Its spans count UTF-16 code units ("the UTF-16 codepoint range" of its schema); Python counts code points.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

MOST_SPANS = 100  # of one comment; neighbouring sentences of a longer one go together

_END = re.compile(r"[.!?\u2026]+[\"')\]\u201d\u2019]*(?=\s|$)|[\u3002\uff01\uff1f\u061f\u0964]+|\n+")


def sentences(text: str) -> list[tuple[int, int]]:
    """Give the sentences of a text as [start, end) in code points, without the white space around them."""
    out: list[tuple[int, int]] = []
    start = 0
    for end in (*(match.end() for match in _END.finditer(text)), len(text)):
        piece = text[start:end]
        if stripped := piece.strip():
            first = start + piece.index(stripped[0])
            out.append((first, first + len(stripped)))
        start = end
    share = -(-len(out) // MOST_SPANS)
    return [(group[0][0], group[-1][1]) for group in (out[i : i + share] for i in range(0, len(out), share or 1))]


def utf16(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Turn spans in code points into spans in UTF-16 code units."""
    if text.isascii():
        return list(spans)
    at = [0, *accumulate(2 if ord(letter) > 0xFFFF else 1 for letter in text)]
    return [(at[start], at[end]) for start, end in spans]
