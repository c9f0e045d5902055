"""The part of a hash bank that is kept in memory: what was added since the last segment was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from evenhand.matching.hashes_tables import Found, SortedHashes

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Fresh:
    """Hashes in order of arrival, each once. Changed by one thread at a time."""

    def __init__(self) -> None:
        self._room = 1_024
        self.count = 0
        self._hashes = np.empty((self._room, 4), np.uint64)
        self._expires = np.empty(self._room, np.uint32)
        self._tags = np.empty(self._room, np.uint16)
        self._rows: dict[bytes, int] = {}

    @property
    def hashes(self) -> NDArray[np.uint64]:
        """uint64 [count, 4]."""
        return self._hashes[: self.count]

    @property
    def expires(self) -> NDArray[np.uint32]:
        """Seconds since 1970, 0 for those removed; uint32 [count]."""
        return self._expires[: self.count]

    @property
    def tags(self) -> NDArray[np.uint16]:
        """Tag numbers, uint16 [count]."""
        return self._tags[: self.count]

    def put(self, records: NDArray[Any]) -> None:
        """Add records of the log, or change what they say of hashes that are here."""
        for hashed, expires, tag in zip(records["hash"], records["expires"], records["tag"], strict=True):
            row = self._rows.setdefault(hashed.tobytes(), self.count)
            if row == self.count:
                if row == self._room:
                    self._grow()
                self._hashes[row] = hashed
                self.count += 1
            self._expires[row], self._tags[row] = expires, tag

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Give the row of each hash, -1 for those that are not here."""
        found = np.full(len(hashes), -1, np.intp)
        for number in np.flatnonzero(np.isin(hashes[:, 0], self.hashes[:, 0])).tolist():
            found[number] = self._rows.get(hashes[number].tobytes(), -1)
        return found

    def search(self, queries: NDArray[np.uint64], distance: int) -> Found:
        """Compare with all."""
        return SortedHashes(self.hashes, ()).scan(queries, distance)

    def _grow(self) -> None:
        self._room *= 2
        for name in ("_hashes", "_expires", "_tags"):
            old = getattr(self, name)
            new = np.empty((self._room, *old.shape[1:]), old.dtype)
            new[: self.count] = old
            setattr(self, name, new)
