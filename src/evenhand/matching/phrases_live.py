"""A phrase index over lists that change: what was built stays, and only what is new is indexed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evenhand.matching.normalise_readings import Disguise
from evenhand.matching.phrases import Phrase, PhraseIndex

_SMALL = 2_048  # phrases that are always indexed together: some ten milliseconds
_FACTOR = 8  # parts are joined until each is so many times as large as the next


@dataclass(frozen=True, slots=True)
class _Part:
    keys: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    index: PhraseIndex


class LivePhrases:
    """Phrases by keys, in at most some four indexes. Changes make a new object that shares what was built.

    Args:
        phrases: key -> phrase.
        before: of earlier phrases; what a key stands for never changes.
    """

    def __init__(self, phrases: dict[str, Phrase], before: LivePhrases | None = None) -> None:
        self._live = phrases
        parts: list[_Part] = [] if before is None else list(before._parts)
        held = {key for part in parts for key in part.keys}
        dead = sum(key not in phrases for key in held)
        if 4 * dead > len(held):
            parts, held = [], set()
        fresh = [key for key in phrases if key not in held]
        if fresh:
            while parts and (len(parts[-1].keys) < _FACTOR * len(fresh) or len(parts[-1].keys) < _SMALL):
                fresh = [key for key in parts.pop().keys if key in phrases] + fresh
            kept = tuple(phrases[key] for key in fresh)
            parts.append(_Part(tuple(fresh), kept, PhraseIndex(kept)))
        self._parts: tuple[_Part, ...] = tuple(parts)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many phrases each index holds, removed ones too."""
        return tuple(len(part.keys) for part in self._parts)

    def search(self, texts: Sequence[str]) -> list[list[tuple[str, int, int, Disguise]]]:
        """Find all phrases in all texts: key, start, end (code points) and how it is disguised, by part and place."""
        out: list[list[tuple[str, int, int, Disguise]]] = [[] for _ in texts]
        for part in self._parts:
            for found, hits in zip(out, part.index.search(texts), strict=True):
                for hit in hits:
                    key = part.keys[hit.phrase]
                    if key in self._live:
                        found.append((key, hit.start, hit.end, hit.disguise))
        return out
