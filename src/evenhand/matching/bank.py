"""A bank of known pictures: millions of 256-bit hashes in a folder, searched by many processes while one changes it.

A bank is a few segments (sorted once, mapped, never rewritten in place) and a log of what was added since, which every
reader holds in memory; the writer turns a full log into a segment, and small segments into larger ones. What is added,
removed or past its time shows at the next search. Files: see `bank_files`; what a crash may cost: see `bank_log`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from evenhand.errors import LibraryError
from evenhand.matching.bank_files import Manifest, Segment, manifest_mark, map_segment, read_manifest
from evenhand.matching.bank_fresh import Fresh
from evenhand.matching.bank_log import ADD, LogReader
from evenhand.matching.hashes_plan import WIDEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evenhand.matching.hashes_tables import Found

_BATCH = 64  # queries searched together; more use up the cache
_TRIES = 20  # at following a writer that replaces files faster than they are opened


@dataclass(frozen=True, slots=True)
class BankMatch:
    """One hash of the bank that is near a query."""

    query: int  # its number
    bits: int  # that differ
    hash: bytes  # 32 bytes, the words as they lie in memory
    tag: str  # what its source said of it


@dataclass(frozen=True, slots=True)
class BankItems:
    """A run of hashes with what is known of them."""

    hashes: NDArray[np.uint64]  # [n, 4]
    expires: NDArray[np.uint32]  # seconds since 1970; bank_files.NEVER
    tags: NDArray[np.uint16]  # numbers of HashBank.tags


class HashBank:
    """Reads a bank. May be asked from several threads; each process opens its own."""

    _writes = False

    def __init__(self, folder: Path) -> None:
        """Open a bank.

        Raises:
            LibraryError: the folder is no bank, cannot be read or is damaged.
        """
        self.folder = folder
        self._lock = threading.Lock()
        self._mark = (0, 0)
        self._log: LogReader | None = None
        self._manifest = Manifest()
        self._segments: tuple[Segment, ...] = ()
        self._fresh = Fresh()
        self._follow()

    def __enter__(self) -> Self:
        """Give the bank itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __len__(self) -> int:
        """Count the hashes that are good now."""
        moment = int(time.time())
        with self._lock:
            self._follow()
            return sum(int((part.expires > moment).sum()) for part in self._parts())

    @property
    def tags(self) -> tuple[str, ...]:
        """What tag numbers stand for."""
        return self._manifest.tags

    @property
    def segments(self) -> tuple[int, ...]:
        """Rows of each segment, and last of the part in memory; those no longer good are counted too."""
        with self._lock:
            self._follow()
            return (*(len(segment) for segment in self._segments), self._fresh.count)

    def close(self) -> None:
        """Close the log; mapped pages are given back when the last result is."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def search(
        self, queries: NDArray[np.uint64], *, distance: int = WIDEST, now: float | None = None
    ) -> list[BankMatch]:
        """Find every good hash near each query; what other processes have changed by now is seen.

        Args:
            queries: uint64 [n, 4].
            distance: bits, 0 to 31.
            now: seconds since 1970; None: the clock's.

        Returns:
            By query, nearest first.

        Raises:
            ValueError: the distance is out of range.
            LibraryError: the bank is gone or damaged.
        """
        if not 0 <= distance <= WIDEST:
            raise ValueError(f"distance is 0 to {WIDEST} bits, not {distance}")
        queries = np.ascontiguousarray(queries, np.uint64)
        moment = int(time.time() if now is None else now)
        matches: list[BankMatch] = []
        with self._lock:
            self._follow()
            for begin in range(0, len(queries), _BATCH):
                some = queries[begin : begin + _BATCH]
                for segment in self._segments:
                    matches += self._good(segment, segment.sorted.search(some, distance), begin, moment)
                matches += self._good(self._fresh, self._fresh.search(some, distance), begin, moment)
        return sorted(matches, key=lambda match: (match.query, match.bits, match.hash))

    def items(self, *, first: int = 0, now: float | None = None) -> Iterator[BankItems]:
        """Give all good hashes, a segment at a time and then the part in memory; those of each in no order.

        Args:
            first: number of segments left out.
            now: seconds since 1970; None: the clock's.
        """
        moment = int(time.time() if now is None else now)
        with self._lock:
            self._follow()
            parts = self._parts()
        for part in parts[first:]:
            hashes = part.hashes if isinstance(part, Fresh) else part.sorted.hashes
            good = np.flatnonzero(part.expires > moment)
            yield BankItems(hashes[good], part.expires[good], part.tags[good])

    def _parts(self) -> tuple[Segment | Fresh, ...]:
        return (*self._segments, self._fresh)

    def _good(self, part: Segment | Fresh, found: Found, begin: int, moment: int) -> Iterator[BankMatch]:
        """Leave out what was removed or is past its time."""
        query, row, bits = found
        good = np.flatnonzero(part.expires[row] > moment)
        hashes = part.hashes if isinstance(part, Fresh) else part.sorted.hashes
        for at in good.tolist():
            where = int(row[at])
            tag = self.tags[int(part.tags[where])]
            yield BankMatch(int(query[at]) + begin, int(bits[at]), hashes[where].tobytes(), tag)

    def _follow(self) -> None:
        """Take in what the writer has done since."""
        for _ in range(_TRIES):
            mark = manifest_mark(self.folder)
            try:
                if mark != self._mark or mark == (0, 0):
                    self._reopen()
                    self._mark = mark
                break
            except FileNotFoundError:
                time.sleep(0.005)  # a file of the manifest just read is gone already: read the next manifest
        else:
            raise LibraryError(f"{self.folder}: files of the bank are missing; restore the folder from a copy")
        if self._log is not None:
            for records in self._log.read():
                self._fresh.put(records[records["what"] == ADD])

    def _reopen(self) -> None:
        manifest = read_manifest(self.folder)
        held = {segment.number: segment for segment in self._segments}
        segments = tuple(
            held.get(number) or map_segment(self.folder, number, write=self._writes) for number in manifest.segments
        )
        if manifest.log != self._manifest.log or self._log is None:
            log = LogReader(self.folder / f"{manifest.log}.log")
            if self._log is not None:
                self._log.close()
            self._log, self._fresh = log, Fresh()
        self._manifest, self._segments = manifest, segments
