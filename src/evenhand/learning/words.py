"""Words that judged texts have more often than harmless ones.

A word is proposed where contents that people judged hold it more often than chance explains (Fisher's exact test, over
all words looked at: Bonferroni); the list is in order of log-odds. Each content counts a word once, so that one long or
repeated text proposes nothing; words that name a group, a person's attribute or an identity are never proposed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evenhand.domain import JsonValue
from evenhand.errors import RefusedLabelError
from evenhand.fairness import audit_words, refuse_label

LEAST_CONTENTS = 5  # different judged contents that hold a word
_CHANCE = 0.05  # that any of all words looked at is proposed by chance alone
_MOST_HARMLESS = 0.2  # share of the contents with it that may be harmless
_MOST_WORDS = 3  # of a phrase
_MOST_PROPOSED = 50
_MOST_CHARS = 20_000  # of one text
_PRIOR = 0.5
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_WIDE = re.compile(r"[\u3400-\u9fff]{2,}")
_CHARS = (2, 4)  # of a Chinese phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One word or phrase."""

    value: str
    judged: int  # contents with it that people called harmful
    harmless: int  # contents with it that are harmless
    odds: float  # log-odds of a judged content's holding it, over those of a harmless one's
    chance: float  # probability that chance puts as many into the judged ones

    def as_dict(self) -> dict[str, JsonValue]:
        """Give the JSON form."""
        return {"value": self.value, "judged": self.judged, "harmless": self.harmless, "odds": round(self.odds, 2)}


def candidates(judged: Sequence[str], harmless: Sequence[str]) -> list[Candidate]:
    """Give the words that tell judged texts from harmless ones, the clearest first, at most 50.

    Args:
        judged: texts that people called harmful, for one label; each once.
        harmless: texts that are not.
    """
    here, there = _counts(judged), _counts(harmless)
    ours, theirs = len(judged), len(harmless)
    tested = [(word, count, there[word]) for word, count in here.items() if count >= LEAST_CONTENTS]
    found = []
    for word, count, other in tested:
        if other > _MOST_HARMLESS * (count + other):
            continue
        chance = _by_chance(count, ours, other, theirs)
        if chance * len(tested) <= _CHANCE and not _refused(word):
            odds = math.log((count + _PRIOR) / (ours - count + _PRIOR))
            odds -= math.log((other + _PRIOR) / (theirs - other + _PRIOR))
            found.append(Candidate(value=word, judged=count, harmless=other, odds=odds, chance=chance))
    found.sort(key=lambda one: (-one.odds, len(one.value.split()), -len(one.value), one.value))
    return _apart(found)[:_MOST_PROPOSED]


def holds(text: str, value: str) -> bool:
    """Say whether a text holds a candidate."""
    return value in _pieces(text)


def _counts(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_pieces(text))
    return counts


def _pieces(text: str) -> set[str]:
    """Give the words and phrases of a text, each once."""
    text = text[:_MOST_CHARS].casefold()
    found: set[str] = set()
    for run in _WIDE.findall(text):
        for size in range(_CHARS[0], _CHARS[1] + 1):
            found.update(run[at : at + size] for at in range(len(run) - size + 1))
    words = [word for word in _WORD.findall(text) if not _WIDE.search(word)]
    for size in range(1, _MOST_WORDS + 1):
        found.update(" ".join(words[at : at + size]) for at in range(len(words) - size + 1))
    return {piece for piece in found if 3 <= len(piece) <= 60 or _WIDE.fullmatch(piece)}


def _by_chance(count: int, ours: int, other: int, theirs: int) -> float:
    """Give the probability of so many or more among ours, the totals being what they are (hypergeometric)."""
    both, everything = count + other, ours + theirs
    whole = _choose(everything, both)
    most = min(both, ours)
    return min(1.0, sum(math.exp(_choose(ours, x) + _choose(theirs, both - x) - whole) for x in range(count, most + 1)))


def _choose(n: int, k: int) -> float:
    """Give the logarithm of the number of ways; minus infinity where there is none."""
    if not 0 <= k <= n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _refused(word: str) -> bool:
    """Whether a word names a group or an attribute: alone, or any of a phrase's words."""
    if audit_words([word, *word.split()]):
        return True
    try:
        refuse_label(word.replace(" ", "_"), where="word")
    except RefusedLabelError:
        return True
    return False


def _apart(found: Sequence[Candidate]) -> list[Candidate]:
    """Leave out what only says again what a clearer candidate says: a part of it, or what holds it."""
    kept: list[Candidate] = []
    for one in found:
        if not any(one.value in other.value or other.value in one.value for other in kept):
            kept.append(one)
    return kept
