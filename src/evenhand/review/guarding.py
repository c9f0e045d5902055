"""What a mark may not answer by nearness alone: content that carries more than the marked content did, or less.

A text that differs in one word can say the opposite, and a picture another caption. So a mark softens nearly the same
content only where nothing was found in it but what was found in the marked content: the same labels, no stronger, on
the same words. And it blocks content in which nothing is left of what was found there only after a person has looked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evenhand.domain import Action, Finding, Fingerprint, Source
from evenhand.store.reviewcarried import ADDED

# Measured in quality/text.md.
MORE = 0.1  # a score that is higher by more than that is another finding
NEW = 0.3  # share of the evidence that is not in the marked text, from which on it is another finding
_COMPARED = frozenset({Source.TEXT, Source.IMAGE})  # a sketch sees the caller's text, a hash the picture and no words


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One finding, as far as it is compared."""

    label: str
    score: float
    source: Source
    span: tuple[int, int] | None = None


def seen(findings: Iterable[Finding]) -> list[Seen]:
    """Give what detectors found; what people added is left out."""
    return [
        Seen(label=one.label, score=one.score, source=one.location.source, span=one.location.span)
        for one in findings
        if one.detector != ADDED
    ]


def seen_in(rows: Iterable[Mapping[str, Any]]) -> list[Seen]:
    """Give what detectors found from findings as they are stored; what people added is left out."""
    return [
        Seen(label=str(row["label"]), score=float(row["score"]), source=Source(row["location"]["source"]))
        for row in rows
        if row["detector"] != ADDED
    ]


def news(
    found: Sequence[Seen], marked: Mapping[str, float], near: Fingerprint | None = None, text: str | None = None
) -> list[str]:
    """Give the labels that a content carries otherwise than the marked one did, in order.

    Args:
        found: in the content.
        marked: label -> score of what was found in the marked content.
        near: fingerprint of the marked content; None: words are not compared.
        text: what the spans are of; None: words are not compared.
    """
    return sorted({one.label for one in found if _is_new(one, marked, near, text)})


def lacks(found: Iterable[Seen], marked: Mapping[str, float], upheld: Collection[str] | None) -> bool:
    """Say whether nothing is left of what was found in the marked content and the mark upholds.

    Args:
        found: in the content.
        marked: label -> score of what was found in the marked content.
        upheld: the labels that the mark calls right; None: those that were found.
    """
    wanted = {label for label in marked if upheld is None or label in upheld}
    return bool(wanted) and not wanted & {one.label for one in found}


def answers_alike(found: Sequence[Seen], marked: Mapping[str, float], verdict: Mapping[str, Any], action: str) -> bool:
    """Say whether a mark answers a stored near-same decision as it says: labels and scores are compared, not words."""
    wanted, now = Action(verdict["action"]), Action(action)
    if wanted.severity < now.severity:
        return bool(found) and not news(found, marked)
    return wanted is not Action.BLOCK or not lacks(found, marked, verdict["labels"])


def _is_new(one: Seen, marked: Mapping[str, float], near: Fingerprint | None, text: str | None) -> bool:
    if one.label not in marked or one.score > marked[one.label] + MORE or one.source not in _COMPARED:
        return True
    if near is None or near.kind != "text" or text is None or one.span is None:
        return False
    from evenhand.matching.textsketch import share_new
    from evenhand.review.near import form

    return share_new(text, one.span, form(near)[0]) >= NEW
