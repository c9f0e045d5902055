"""How much of a text is repetition meant to flood. Every measure is linear in the text.

Each measure gives a score that grows with the share of the text that repeats and with how much of it there is, so that
"hahahaha", "!!!" and a chorus score nothing and a screen full of the same line scores near 0.95. Repeated phrases are
measured by shingles: the share of runs of three words (or of six characters, for scripts without spaces) that stood in
the text before (Broder 1997, "On the resemblance and containment of documents").
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

TOP = 0.95  # no repetition is surer spam than this: people do flood in good cheer
FLOOR = 0.3  # weaker scores are not worth a finding
MAX_CHARS = 100_000  # code points looked at together

_RUN = re.compile(r"(\S)\1{7,}")
_RULES = frozenset("-=_*~#.·•─━═—│┃|+ \u2500\u2501")  # what rules, tables and drawings are made of
_WORD = re.compile(r"\w+")
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f]")
_STACK = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3,}")
_EMOJI = re.compile("[\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff][\ufe0f\u200d\U0001f3fb-\U0001f3ff]{0,3}")
_TAG = re.compile(r"(?<![\w&])[@#]\w{1,60}")
_REPLY = re.compile(r"\A(?:@\w{1,60}:?\s{1,3})+")


@dataclass(frozen=True, slots=True)
class Flood:
    """One kind of repetition."""

    score: float  # in [0, 1]
    start: int  # code points
    end: int
    reason: str


def measure(text: str) -> Flood | None:
    """Give the strongest repetition in a text, or None where none reaches the floor."""
    text = text[:MAX_CHARS]
    found = [*_characters(text), *_phrases(text), *_emoji(text), *_tags(text), *_stacks(text)]
    best = max(found, key=lambda flood: flood.score, default=None)
    return best if best is not None and best.score >= FLOOR else None


def ramp(amount: float, low: float, high: float) -> float:
    """Give 0 at `low` and below, 1 at `high` and above, and between them what the logarithm says."""
    if amount <= low:
        return 0.0
    return min(1.0, math.log(amount / low) / math.log(high / low))


def _characters(text: str) -> Iterator[Flood]:
    runs = [m for m in _RUN.finditer(text) if m[1] not in _RULES]
    if runs:
        amount = sum(m.end() - m.start() for m in runs)
        share = amount / (len(text) - text.count(" "))
        score = TOP * ramp(amount, 16, 96) * min(1.0, share * 1.5)
        yield Flood(score, runs[0].start(), runs[-1].end(), "the same character over and over")


def _phrases(text: str) -> Iterator[Flood]:
    words = [m.group() for m in _WORD.finditer(text.lower())]
    spaceless = len(_SPACELESS.findall(text))
    if spaceless * 2 > len(text):
        units: Sequence[Hashable] = [text[i : i + 6] for i in range(len(text) - 5)]
        scale = 3  # characters of such scripts that weigh like a word
    else:
        units, scale = list(zip(words, words[1:], words[2:], strict=False)), 1
        if len(words) == 1 and len(words[0]) > 40:  # "hahaha..." or "buynowbuynow..." without a space
            units, scale = [words[0][i : i + 6] for i in range(len(words[0]) - 5)], 5
    if len(units) < 8:
        return
    again = len(units) - len(set(units))
    share = again / len(units)
    score = TOP * ramp(again / scale, 6, 40) * min(1.0, max(0.0, (share - 0.45) / 0.3))
    yield Flood(score, 0, len(text), "the same words over and over")


def _emoji(text: str) -> Iterator[Flood]:
    found = list(_EMOJI.finditer(text))
    if len(found) > 8:
        share = len(found) / max(1, len(found) + len(_WORD.findall(text)))
        score = TOP * ramp(len(found), 10, 80) * min(1.0, share * 1.25)
        yield Flood(score, found[0].start(), found[-1].end(), "emoji over and over")


def _tags(text: str) -> Iterator[Flood]:
    found = list(_TAG.finditer(text))
    if len(found) > 6:
        share = len(found) / max(1, len(_WORD.findall(text)))
        # A reply carries the names of everyone in the thread in front: those weigh a third.
        reply = _REPLY.match(text)
        amount = len(found) - (reply.group().count("@") * 2 / 3 if reply else 0)
        score = TOP * ramp(amount, 7, 35) * min(1.0, share * 1.5)
        yield Flood(score, found[0].start(), found[-1].end(), "mentions or hashtags over and over")


def _stacks(text: str) -> Iterator[Flood]:
    found = list(_STACK.finditer(text))
    if len(found) >= 3:  # no script writes three marks above or below one letter again and again
        score = TOP * ramp(len(found), 2, 14)
        yield Flood(score, max(0, found[0].start() - 1), found[-1].end(), "marks stacked on letters")
