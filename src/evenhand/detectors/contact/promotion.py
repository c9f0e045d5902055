"""Promotion: calls to action, prices, gains and goods, together or with a contact. One of them alone is talk.

The cues are in `data/contact_cues.json`, by kind: action ("order now"), price ("% off"), gain ("earn money"), goods.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from evenhand.detectors.contact.cues import Cue
from evenhand.detectors.contact.view import Hit

SCORE_TWO_AND_CONTACT = 0.9  # two kinds of cue and a contact or link
SCORE_ONE_AND_CONTACT = 0.6  # one kind and a contact or link
SCORE_THREE = 0.7  # three kinds, no contact
SCORE_TWO = 0.5  # two kinds, no contact
MIN_CONTACT = 0.5  # a contact weaker than this does not count

_PRICE = re.compile(r"[$€£¥₹₽₩]\s?\d|\d\s?(?:元|usd|eur|руб|₽|円|원|dollars|euros|reais|рублей)")
_SPAN = 400  # longest evidence, in code points
_NEAR = 200  # code points between a cue and the contact that goes with it


def find(
    text: str, cues: Iterable[tuple[Cue, int, int]], contacts: Iterable[Hit]
) -> tuple[int, int, float, str] | None:
    """Give (start, end, score, reason) of the promotion in a folded text, or None."""
    kinds: set[str] = set()
    spans: list[tuple[int, int]] = []
    for cue, start, end in cues:
        if cue.group.startswith("promo:") and _whole(text, start, end):
            kinds.add(cue.group.removeprefix("promo:"))
            spans.append((start, end))
    if not kinds:
        return None
    first, last = min(spans)[0] - _NEAR, max(spans)[1] + _NEAR
    found = [hit for hit in contacts if hit.score >= MIN_CONTACT and first <= hit.start <= last]
    if "price" not in kinds and (price := _PRICE.search(text)) is not None and (found or len(kinds) > 1):
        kinds.add("price")
        spans.append(price.span())
    if found:
        score = SCORE_TWO_AND_CONTACT if len(kinds) > 1 else SCORE_ONE_AND_CONTACT
        spans.append((found[0].start, found[0].end))
    elif len(kinds) > 1:
        score = SCORE_THREE if len(kinds) > 2 else SCORE_TWO
    else:
        return None
    start = min(span[0] for span in spans)
    end = min(max(span[1] for span in spans), start + _SPAN)
    behind = " with a contact" if found else ""
    return start, end, score, f"promotion: {', '.join(sorted(kinds))}{behind}"


def _whole(text: str, start: int, end: int) -> bool:
    """Say whether a cue of Latin letters stands as a word of its own."""
    first, last = text[start], text[end - 1]
    if first.isascii() and first.isalpha() and start and text[start - 1].isascii() and text[start - 1].isalpha():
        return False
    return not (last.isascii() and last.isalpha() and end < len(text) and text[end].isascii() and text[end].isalpha())
