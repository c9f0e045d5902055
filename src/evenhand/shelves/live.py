"""The libraries in force: those of the operator's folder, and those that the store keeps and that change meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from evenhand.domain import Library, LibraryItem, LibraryKind

if TYPE_CHECKING:
    from evenhand.store import Store
    from evenhand.store.libraryrecords import Kept

_EVERY_S = 0.9  # how often the store is asked: what others changed is in force within two seconds
_WAIT_S = 2.0  # that the first check after a change waits for the indexes; others go on with those there are
DETECTORS = {  # that read them
    LibraryKind.WORDS: ("text.words", "text.voice"),
    LibraryKind.IMAGES: ("image.hash",),
    LibraryKind.SOUNDS: ("audio.known",),
    LibraryKind.VIDEOS: ("video.known",),
    LibraryKind.TEXTS: ("text.known",),
}


class Shelves:
    """Keeps the libraries of one process as they are now.

    Args:
        fixed: of the operator's folder, and given by hand.
        store: already migrated; None: there are no others.
        changed: called, in a worker thread, with all libraries and the names of the detectors that read those changed.

    Raises:
        StoreError: the store cannot be asked.
    """

    def __init__(
        self,
        fixed: Sequence[Library],
        *,
        store: Store | None,
        changed: Callable[[tuple[Library, ...], frozenset[str]], None],
    ) -> None:
        self._fixed, self._store, self._changed = tuple(fixed), store, changed
        self._lock = Lock()
        self._revision = 0
        self._heads: dict[str, Kept] = {}
        self._items: dict[str, dict[str, LibraryItem]] = {}
        self._made: dict[str, Library] = {}
        self._ends = float("inf")  # when the next item ends, in seconds since 1970
        self._looking: asyncio.Task[None] | None = None
        self._load()
        self.libraries = self._all(time.time())
        self._looked = time.monotonic()

    @property
    def revision(self) -> int:
        """The number of the last change of the store's libraries that is in force here; 0: there are none."""
        return self._revision

    async def fresh(self) -> None:
        """See to it that what was changed two seconds ago is in force here.

        Raises:
            StoreError: the store cannot be asked.
        """
        if time.monotonic() - self._looked < _EVERY_S or (self._store is None and time.time() < self._ends):
            return
        if self._lock.locked():
            return  # another run looks, and this one need not wait for what it builds
        # Not cancelled with the caller: a half of a change would otherwise stay for ever.
        looking = asyncio.ensure_future(asyncio.to_thread(self.look))
        done, _ = await asyncio.wait([looking], timeout=_WAIT_S)
        if done:
            looking.result()
        else:
            looking.add_done_callback(_consumed)

    def look(self) -> None:
        """Ask the store now, and build what has changed. Blocks.

        Raises:
            StoreError: the store cannot be asked.
        """
        with self._lock:
            kinds = self._load()
            now = time.time()
            ended = now >= self._ends
            if kinds or ended:
                libraries = self._all(now)
                if ended:
                    kinds = set(LibraryKind)
                self.libraries = libraries
                names = frozenset(name for kind in kinds for name in DETECTORS[kind])
                self._changed(libraries, names)
            self._looked = time.monotonic()

    def _load(self) -> set[LibraryKind]:
        """Take over what is new in the store; give the kinds of libraries that have changed."""
        if self._store is None or self._store.shelf.revision() == self._revision:
            return set()
        delta = self._store.shelf.since(self._revision)
        heads = {head.name: head for head in delta.heads}
        touched = {name for name, head in heads.items() if self._heads.get(name) != head} | (
            set(self._heads) - set(heads)
        )
        kinds = {LibraryKind((heads.get(name) or self._heads[name]).kind) for name in touched}
        for name in touched:
            items = self._items.pop(name, {})
            if name in heads:
                for key in delta.removed & items.keys():
                    del items[key]
                items.update((item.id, item) for item in delta.added.get(name, ()))
                self._items[name] = items
            self._made.pop(name, None)
        self._heads, self._revision = heads, delta.revision
        return kinds

    def _all(self, now: float) -> tuple[Library, ...]:
        from evenhand.store.libraryrows import as_library

        for name, head in self._heads.items():
            if name not in self._made:
                self._made[name] = as_library(head, list(self._items[name].values()))
        everything = (*self._fixed, *(self._made[name] for name in sorted(self._made)))
        ends = [end for library in everything for end in _ends(library.items)]
        self._ends = min((end for end in ends if end > now), default=float("inf"))
        if not any(end <= now for end in ends):
            return everything
        moment = datetime.fromtimestamp(now, UTC)
        return tuple(
            replace(library, items=tuple(x for x in library.items if x.expires is None or x.expires > moment))
            for library in everything
        )


def _ends(items: Iterable[LibraryItem]) -> list[float]:
    return [item.expires.timestamp() for item in items if item.expires is not None]


def _consumed(task: asyncio.Future[None]) -> None:
    """Take a failure that nobody waits for any more: the next run meets it again."""
    if not task.cancelled():
        task.exception()
