"""Changing a hash bank: one process at a time adds, removes and tidies, while others search."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from evenhand.errors import LibraryError
from evenhand.matching.bank import BankItems, HashBank
from evenhand.matching.bank_files import (
    NEVER,
    Manifest,
    Segment,
    flush_state,
    manifest_mark,
    remove_others,
    write_manifest,
    write_segment,
)
from evenhand.matching.bank_log import ADD, PUT, RECORD, LogReader, LogWriter
from evenhand.matching.hashes_tables import MAX_ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FULL = 16_384  # rows of the log, after which it becomes a segment
_AT_ONCE = 1_000_000  # rows; larger segments are joined only by compact(), so that adding never takes minutes
_SPREAD = 4  # a segment is joined with those before it until the next one is so many times as large
_MOST_TAGS = 1 << 16


class BankWriter(HashBank):
    """The one writer of a bank. What a call has changed is on the disk when it returns, and seen by all readers."""

    _writes = True

    def __init__(self, folder: Path) -> None:
        """Open a bank for writing; make it if there is none.

        Raises:
            LibraryError: the folder cannot be used, or another process is writing there.
        """
        self._turn = threading.RLock()  # one change at a time, also of several threads
        with _advice(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock_file = _locked(folder)
            try:
                if manifest_mark(folder) == (0, 0):
                    _begin(folder)
                super().__init__(folder)
                self._appender = self._recover()
            except BaseException:
                self._lock_file.close()
                raise

    def close(self) -> None:
        """Bring everything to the disk, and let others write."""
        super().close()
        if not self._lock_file.closed:
            for segment in self._segments:
                flush_state(segment)
            self._appender.close()
            self._lock_file.close()

    def add(self, hashes: NDArray[np.uint64], *, expires: int | NDArray[np.uint32] = NEVER, tag: str = "") -> int:
        """Add hashes; those that are there already get the new time and tag.

        Args:
            hashes: uint64 [n, 4]; of repeated ones the last counts.
            expires: when they stop matching, seconds since 1970; one for all or one each.
            tag: what the source says of them, at most 65,536 different ones a bank.

        Returns:
            How many were not there, or no longer good.

        Raises:
            LibraryError: the files cannot be written, or there are too many tags.
        """
        return self._put(hashes, np.broadcast_to(np.asarray(expires, np.uint32), len(hashes)), tag)

    def remove(self, hashes: NDArray[np.uint64]) -> int:
        """Remove hashes, uint64 [n, 4]; give how many were there.

        Raises:
            LibraryError: the files cannot be written.
        """
        return self._put(hashes, np.zeros(len(hashes), np.uint32), None)

    def compact(self) -> None:
        """Join all segments and drop what was removed or is past its time. Other processes search on meanwhile.

        Raises:
            LibraryError: the files cannot be written.
        """
        with self._turn, _advice(self.folder):
            if len(self._segments) > 1 or self._fresh.count or len(self) < sum(self.segments):
                self._join(len(self._segments))

    def _put(self, hashes: NDArray[np.uint64], expires: NDArray[np.uint32], tag: str | None) -> int:
        if hashes.ndim != 2 or hashes.shape[1] != 4:
            raise ValueError(f"hashes must be uint64 [n, 4], not {list(hashes.shape)}")
        hashes = np.ascontiguousarray(hashes, np.uint64)
        last = _once(hashes)
        records = np.zeros(len(last), RECORD)
        records["hash"], records["expires"] = hashes[last], expires[last]
        with self._turn, _advice(self.folder):
            records["tag"] = self._tag(tag) if tag is not None else 0
            with self._lock:
                self._follow()
                was_good, known = self._known(records)
            new = records[~known] if tag is not None else records[:0]
            many = len(new) > _FULL
            self._log_and_apply(records[known] if many or tag is None else records)
            if many or self._fresh.count >= _FULL:
                self._join(self._small(len(new) if many else 0), new if many else new[:0])
        return int(was_good.sum()) if tag is None else int((~was_good).sum())

    def _known(self, records: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell which hashes are good now, and which are here at all; those in segments are marked PUT."""
        moment = int(time.time())
        good, known = np.zeros(len(records), np.bool_), np.zeros(len(records), np.bool_)
        records["what"] = ADD
        hashes = np.ascontiguousarray(records["hash"])
        for part in self._parts():
            row = part.sorted.find(hashes) if isinstance(part, Segment) else part.find(hashes)
            here = np.flatnonzero((row >= 0) & ~known)
            known[here] = True
            good[here] = part.expires[row[here]] > moment
            if isinstance(part, Segment):
                records["what"][here] = PUT
        return good, known

    def _log_and_apply(self, records: NDArray[Any]) -> None:
        if len(records):
            self._appender.append(records)
            with self._lock:
                self._in_place(records[records["what"] == PUT])
                self._follow()

    def _in_place(self, records: NDArray[Any]) -> None:
        hashes = np.ascontiguousarray(records["hash"])
        for segment in self._segments if len(records) else ():
            row = segment.sorted.find(hashes)
            here = row >= 0
            segment.tags[row[here]] = records["tag"][here]
            segment.expires[row[here]] = records["expires"][here]

    def _small(self, new: int) -> int:
        """Tell how many of the last segments are joined with a full log and so many new rows."""
        rows, count = self._fresh.count + new, 0
        for segment in reversed(self._segments):
            if len(segment) > rows * _SPREAD or rows + len(segment) > _AT_ONCE:
                break
            rows, count = rows + len(segment), count + 1
        return count

    def _join(self, count: int, new: NDArray[Any] | None = None) -> None:
        """Make one segment of the last so many, the log and new records, or several if they are too many for one."""
        old = self._manifest
        kept = old.segments[: len(old.segments) - count]
        parts = list(self.items(first=len(kept)))
        if new is not None:
            parts.append(BankItems(new["hash"], new["expires"], new["tag"]))
        hashes = np.concatenate([part.hashes for part in parts])
        expires = np.concatenate([part.expires for part in parts])
        tags = np.concatenate([part.tags for part in parts])
        del parts
        number, numbers = max((*old.segments, old.log)) + 1, list(kept)
        for begin in range(0, len(hashes), MAX_ROWS):
            some = slice(begin, begin + MAX_ROWS)
            write_segment(self.folder, number, hashes[some], expires[some], tags[some])
            numbers.append(number)
            number += 1
        del hashes, expires, tags
        for segment in self._segments:
            flush_state(segment)  # the log that says the same is about to go
        (self.folder / f"{number}.log").touch()
        manifest = replace(old, segments=tuple(numbers), log=number)
        write_manifest(self.folder, manifest)
        with self._lock:
            self._follow()
        self._appender.close()
        self._appender = LogWriter(self.folder / f"{number}.log", end=0)
        remove_others(self.folder, manifest)

    def _tag(self, tag: str) -> int:
        if tag not in self._manifest.tags:
            if len(self._manifest.tags) >= _MOST_TAGS:
                raise LibraryError(f"{self.folder} has {_MOST_TAGS} tags, no more fit; import without tags")
            with self._lock:
                write_manifest(self.folder, replace(self._manifest, tags=(*self._manifest.tags, tag)))
                self._follow()
        return self._manifest.tags.index(tag)

    def _recover(self) -> LogWriter:
        """Do again what a crash may have kept from the segments, and tidy up."""
        path = self.folder / f"{self._manifest.log}.log"
        log = LogReader(path)
        for records in log.read():
            self._in_place(records[records["what"] == PUT])
        log.close()
        remove_others(self.folder, self._manifest)
        return LogWriter(path, end=log.place)


def _begin(folder: Path) -> None:
    if any(folder.glob("*.hashes")):
        raise LibraryError(f"{folder} holds segments but no manifest; restore the folder from a copy")
    (folder / "0.log").touch()
    write_manifest(folder, Manifest())


def _once(hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Give the place of the last one of each hash."""
    order = np.lexsort(hashes.T[::-1])
    ordered = hashes[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return np.sort(order[last])


def _locked(folder: Path) -> IO[bytes]:
    """Take the writer's lock; the system frees it when the process ends, however it ends."""
    stream = (folder / "writer.lock").open("ab")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise LibraryError(f"another process is changing {folder}; try again when it has ended") from error
    return stream


@contextmanager
def _advice(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise LibraryError(f"{folder} cannot be written ({why}); check room and permissions") from error
