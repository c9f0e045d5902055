"""From the tokens that carry a label to spans of the caller's text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evenhand.domain.location import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TOKEN = re.compile(r"\w+|\W")
_CARRIES = 0.6  # share of a label's evidence that its spans hold together
_GAP = 2  # tokens between two spans that are joined


def carrying(share: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Choose the fewest tokens that together hold `_CARRIES` of what speaks for a label."""
    import numpy as np

    gain = np.maximum(share, 0)
    order = np.argsort(-gain)
    held = np.cumsum(gain[order])
    chosen = np.zeros(len(share), bool)
    if len(held) and held[-1] > 0:
        chosen[order[: int(np.searchsorted(held, _CARRIES * held[-1])) + 1]] = True
    return chosen


def joined(text: str, places: Sequence[Span], chosen: NDArray[np.bool_]) -> list[Span]:
    """Make spans of whole words of the chosen tokens; near ones become one."""
    out: list[Span] = []
    last = -9
    for i in range(len(places)):
        start, end = places[i]
        if not chosen[i] or not any(character.isalnum() for character in text[start:end]):
            continue
        start, end = _words(text, start, end)
        if out and (i - last <= _GAP or start <= out[-1][1]):
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
        last = i
    return out


def _words(text: str, start: int, end: int) -> Span:
    """Widen a span to the words it touches, in scripts that part words; without white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while start > 0 and _narrow(text[start - 1]) and _narrow(text[start]):
        start -= 1
    while end < len(text) and _narrow(text[end]) and _narrow(text[end - 1]):
        end += 1
    return start, end


def _narrow(character: str) -> bool:
    return character.isalnum() and character < "\u0e00"


def aligned(old: str, new: str, places: Sequence[Span]) -> list[Span]:
    """Give the spans of `new` as spans of `old`, from which it differs in a few words."""
    if old == new:
        return list(places)
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    starts = [0]  # for each character of `new`, and its end, where in `old` it stands
    at = 0
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        was, now = sum(map(len, before[a:b])), sum(map(len, after[c:d]))
        if kind == "equal":
            starts += range(at + 1, at + was + 1)
        else:
            starts += [at + (i * was) // now for i in range(1, now + 1)]
        at += was
        starts[-1] = at if now else starts[-1]
    return [(starts[a], starts[b]) for a, b in places]
