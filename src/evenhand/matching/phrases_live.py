"""A phrase index over lists that change: what was built stays, and only what is new is indexed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evenhand.matching.normalise_readings import Disguise
from evenhand.matching.phrases import Phrase, PhraseIndex

_SMALL = 2_048  # phrases that are always indexed together: some ten milliseconds
_FACTOR = 8  # parts are joined until each is so many times as large as the next


@dataclass(frozen=True, slots=True)
class _Part:
    keys: tuple[str, ...]
    index: PhraseIndex


class LivePhrases:
    """Phrases by keys, in a few indexes. A change makes a new object that shares what was built. Safe between threads.

    Args:
        keys: of the phrases; what a key stands for never changes. (Strings know their hash; phrases would work it out.)
        make: gives the phrase of a key.
        before: of earlier phrases.
    """

    def __init__(self, keys: Iterable[str], make: Callable[[str], Phrase], before: LivePhrases | None = None) -> None:
        self._live = frozenset(keys)
        parts: list[_Part] = [] if before is None else list(before._parts)
        held: frozenset[str] = before._held if before is not None else frozenset()
        gone = len(held - self._live)
        if 4 * gone > len(held):
            parts, held, gone = [], frozenset(), 0
        fresh = sorted(self._live - held)
        if fresh:
            while parts and len(parts[-1].keys) < max(_SMALL, _FACTOR * len(fresh)):
                fresh = [key for key in parts.pop().keys if key in self._live] + fresh
            parts.append(_Part(tuple(fresh), PhraseIndex([make(key) for key in fresh])))
        self._parts: tuple[_Part, ...] = tuple(parts)
        self._held: frozenset[str] = frozenset(key for part in parts for key in part.keys) if fresh else held
        self._gone = gone > 0

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many phrases each index holds, those removed too."""
        return tuple(len(part.keys) for part in self._parts)

    def search(self, texts: Sequence[str]) -> list[list[tuple[str, int, int, Disguise]]]:
        """Find all phrases in all texts: key, start, end (code points), how it is disguised; by place."""
        out: list[list[tuple[str, int, int, Disguise]]] = [[] for _ in texts]
        for part in self._parts:
            for found, hits in zip(out, part.index.search(texts), strict=True):
                for hit in hits:
                    key = part.keys[hit.phrase]
                    if not self._gone or key in self._live:
                        found.append((key, hit.start, hit.end, hit.disguise))
        if len(self._parts) > 1:
            for found in out:
                found.sort(key=lambda one: (one[1], one[2]))
        return out
