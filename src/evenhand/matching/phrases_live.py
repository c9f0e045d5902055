"""A phrase index over lists that change: what was built stays, and only what is new is indexed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evenhand.matching.normalise_readings import Disguise
from evenhand.matching.phrases import Phrase, PhraseIndex

_SMALL = 2_048  # phrases that are always indexed together: some ten milliseconds
_FACTOR = 8  # parts are joined until each is so many times as large as the next


@dataclass(frozen=True, slots=True)
class _Part:
    phrases: tuple[Phrase, ...]
    index: PhraseIndex


class LivePhrases:
    """Phrases in a few indexes. A change makes a new object, which shares what was built. Safe between threads.

    Args:
        phrases: without doubles.
        before: of earlier phrases.
    """

    def __init__(self, phrases: Collection[Phrase], before: LivePhrases | None = None) -> None:
        self._live = frozenset(phrases)
        parts: list[_Part] = [] if before is None else list(before._parts)
        held = {phrase for part in parts for phrase in part.phrases}
        if 4 * len(held - self._live) > len(held):
            parts, held = [], set()
        self._gone = not held <= self._live
        fresh = [phrase for phrase in phrases if phrase not in held]
        if fresh:
            while parts and len(parts[-1].phrases) < max(_SMALL, _FACTOR * len(fresh)):
                fresh = [phrase for phrase in parts.pop().phrases if phrase in self._live] + fresh
            parts.append(_Part(tuple(fresh), PhraseIndex(fresh)))
        self._parts = tuple(parts)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many phrases each index holds, those removed too."""
        return tuple(len(part.phrases) for part in self._parts)

    def search(self, texts: Sequence[str]) -> list[list[tuple[Phrase, int, int, Disguise]]]:
        """Find all phrases in all texts: phrase, start, end (code points), how it is disguised; by place."""
        out: list[list[tuple[Phrase, int, int, Disguise]]] = [[] for _ in texts]
        for part in self._parts:
            for found, hits in zip(out, part.index.search(texts), strict=True):
                for hit in hits:
                    phrase = part.phrases[hit.phrase]
                    if not self._gone or phrase in self._live:
                        found.append((phrase, hit.start, hit.end, hit.disguise))
        if len(self._parts) > 1:
            for found in out:
                found.sort(key=lambda one: (one[1], one[2]))
        return out
