"""A phrase index over lists that change: what was built stays, and only what is new is indexed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from evenhand.matching.liveparts import Parts
from evenhand.matching.normalise_readings import Disguise
from evenhand.matching.phrases import Phrase, PhraseIndex

_SMALL = 2_048  # phrases that are always indexed together: some ten milliseconds
_FACTOR = 8


class LivePhrases:
    """Phrases by keys, in a few indexes. A change makes a new object that shares what was built. Safe between threads.

    Args:
        keys: of the phrases; what a key stands for never changes. (Strings know their hash; phrases would work it out.)
        make: gives the phrase of a key.
        before: of earlier phrases.
    """

    def __init__(self, keys: Iterable[str], make: Callable[[str], Phrase], before: LivePhrases | None = None) -> None:
        empty: Parts[PhraseIndex] = Parts(build=partial(_build, make), small=_SMALL, factor=_FACTOR)
        self._make = make
        self._parts: Parts[PhraseIndex] = (empty if before is None else before._parts).changed(keys)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many phrases each index holds, those removed too."""
        return self._parts.sizes

    @property
    def tidy(self) -> bool:
        """Whether `tidied` would give the same."""
        return self._parts.tidy

    def tidied(self) -> LivePhrases:
        """Give the same phrases in fewer indexes, which are searched faster. May build all of them anew."""
        made = LivePhrases.__new__(LivePhrases)
        made._make, made._parts = self._make, self._parts.tidied()
        return made

    def search(self, texts: Sequence[str]) -> list[list[tuple[str, int, int, Disguise]]]:
        """Find all phrases in all texts: key, start, end (code points), how it is disguised; by place, then by key."""
        out: list[list[tuple[str, int, int, Disguise]]] = [[] for _ in texts]
        live, masked = self._parts.live, self._parts.masked
        for part in self._parts.parts:
            for found, hits in zip(out, part.index.search(texts), strict=True):
                for hit in hits:
                    key = part.keys[hit.phrase]
                    if not masked or key in live:
                        found.append((key, hit.start, hit.end, hit.disguise))
        for found in out:
            if len(found) > 1:
                found.sort(key=lambda one: (one[1], one[2], one[0]))
        return out


def _build(make: Callable[[str], Phrase], keys: Sequence[str]) -> PhraseIndex:
    return PhraseIndex([make(key) for key in keys])
