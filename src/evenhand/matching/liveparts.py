"""What was built of keys, in a few parts: a change builds a small part of what is new, and what is gone is masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What was built together."""

    keys: tuple[str, ...]
    index: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts(Generic[T]):
    """Indexes over keys that change. A change makes a new object that shares what was built.

    Searching all parts costs more the more there are, and what is gone stays in them, masked. So parts are joined:
    small ones at once, and the others when the owner has time for it (`tidied`).
    """

    build: Callable[[Sequence[str]], T] = field(repr=False)
    small: int  # keys that are joined at once with what is new: to build them anew takes no time
    factor: int  # parts are tidy while each is so many times as large as the next
    spare: float = 0.25  # share of keys in all parts that may be gone before all are built anew
    live: frozenset[str] = frozenset()  # keys that stand now
    held: frozenset[str] = frozenset()  # keys in any part, those that are gone too
    parts: tuple[Part[T], ...] = ()

    @property
    def masked(self) -> bool:
        """Whether some part holds keys that are gone."""
        return len(self.held) > len(self.live)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many keys each part holds, those that are gone too."""
        return tuple(len(part.keys) for part in self.parts)

    @property
    def tidy(self) -> bool:
        """Whether searching is as fast as it can be made: few parts, and little in them that is gone."""
        return self.wide and not self._stale

    @property
    def wide(self) -> bool:
        """Whether the parts are few."""
        return self._wide(self.sizes)

    def changed(self, keys: Iterable[str]) -> Parts[T]:
        """Give the parts for other keys: what is new is built, with what is small."""
        live = keys if isinstance(keys, frozenset) else frozenset(keys)
        parts = list(self.parts)
        if self.held - live:
            parts = [part for part in parts if not live.isdisjoint(part.keys)]
        fresh = sorted(live.difference(*(part.keys for part in parts)))
        while fresh and parts and len(parts[-1].keys) < self.small:
            fresh = [key for key in parts.pop().keys if key in live] + fresh
        return self._of(live, parts, fresh)

    def tidied(self) -> Parts[T]:
        """Give parts for the same keys that search as fast as can be. At worst, all of them are built anew."""
        if self._stale:
            return self._of(self.live, [], sorted(self.live))
        sizes = self.sizes
        least = next(n for n in range(len(sizes), -1, -1) if self._wide((*sizes[:n], *filter(None, [sum(sizes[n:])]))))
        fresh = [key for part in self.parts[least:] for key in part.keys if key in self.live]
        return self._of(self.live, list(self.parts[:least]), fresh)

    @property
    def _stale(self) -> bool:
        return len(self.held) - len(self.live) > self.spare * len(self.held)

    def _wide(self, sizes: Sequence[int]) -> bool:
        return all(one >= max(self.small, self.factor * after) for one, after in pairwise(sizes))

    def _of(self, live: frozenset[str], parts: list[Part[T]], fresh: list[str]) -> Parts[T]:
        if fresh:
            parts = [*parts, Part(tuple(fresh), self.build(fresh))]
        held = frozenset().union(*(part.keys for part in parts))
        return replace(self, live=live, held=held, parts=tuple(parts))
