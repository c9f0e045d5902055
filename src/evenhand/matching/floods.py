"""Samples that match too much, and what is done about them.

A blank card, a meme's template or a screen that every player of a game sees lies within 31 bits of many pictures that
have nothing else in common. A sample that matched many different pictures within an hour goes into quarantine: from
then on it counts only within 8 bits, which is the same picture saved again. Reposts do not lead there: pictures within
8 bits of the sample, or of one that was counted before, do not count.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evenhand.errors import LibraryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLOSE = 8  # bits; two hashes this close are the same picture saved again, and no template filled in anew
PICTURES = 50  # different ones within SECONDS, in one process, that put a sample into quarantine
SECONDS = 3_600.0
_WATCHED = 10_000  # samples watched at a time, those hit last; each takes 2 kB at most
_FILE = "quarantine.jsonl"
_LONGEST = 16 * 2**20  # bytes of that file


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One sample in quarantine."""

    hash: str  # 64 hexadecimal digits
    since: int  # seconds since 1970
    pictures: int  # different ones that it had matched within the hour


@dataclass(slots=True)
class _Watch:
    times: deque[float] = field(default_factory=deque)
    hashes: deque[NDArray[np.uint64]] = field(default_factory=deque)


class Floods:
    """Counts, for the samples of one library, the different pictures they match. Used by one thread at a time."""

    def __init__(self, record: QuarantineFile | None = None) -> None:
        """Start counting.

        Args:
            record: where quarantines are kept and shared with other processes; None: in memory alone.
        """
        self._record = record
        self._own: set[bytes] = set()
        self._watched: OrderedDict[bytes, _Watch] = OrderedDict()

    def matched(self, sample: bytes, picture: NDArray[np.uint64], bits: int, *, now: float | None = None) -> bool:
        """Count a match, and tell whether the sample is in quarantine.

        Args:
            sample: its hash, 32 bytes.
            picture: hash of the picture, turned as it matched; uint64 [4].
            bits: that differ.
            now: seconds of any steady clock; None: the system's.
        """
        if self._record is not None and self._record.knows(sample):
            return self._record.holds(sample)
        if sample in self._own:
            return True
        if bits <= CLOSE:
            return False
        moment = time.monotonic() if now is None else now
        watch = self._watched.setdefault(sample, _Watch())
        self._watched.move_to_end(sample)
        if len(self._watched) > _WATCHED:
            self._watched.popitem(last=False)
        while watch.times and watch.times[0] <= moment - SECONDS:
            watch.times.popleft()
            watch.hashes.popleft()
        if watch.hashes and np.bitwise_count(np.stack(watch.hashes) ^ picture).sum(axis=1).min() <= CLOSE:
            return False
        watch.times.append(moment)
        watch.hashes.append(picture.copy())
        if len(watch.times) < PICTURES:
            return False
        del self._watched[sample]
        self._own.add(sample)
        if self._record is not None:
            self._record.put(sample, pictures=PICTURES)
        return True


class QuarantineFile:
    """The samples of a bank that are in quarantine, or were released from it for good: lines of JSON, only added to."""

    def __init__(self, bank: Path) -> None:
        self._path = bank / _FILE
        self._size = 0
        self._states: dict[bytes, Quarantined | None] = {}  # None: released

    def knows(self, sample: bytes) -> bool:
        """Tell whether a sample is in quarantine or was released."""
        self._follow()
        return sample in self._states

    def holds(self, sample: bytes) -> bool:
        """Tell whether a sample is in quarantine."""
        self._follow()
        return self._states.get(sample) is not None

    def all(self) -> list[Quarantined]:
        """Give those in quarantine, the latest first."""
        self._follow()
        return sorted((one for one in self._states.values() if one), key=lambda one: -one.since)

    def put(self, sample: bytes, *, pictures: int) -> None:
        """Put a sample into quarantine. Where the folder may not be written, only this process knows."""
        found = Quarantined(hash=_hex(sample), since=int(time.time()), pictures=pictures)
        self._states[sample] = found
        try:
            self._append({"hash": found.hash, "since": found.since, "pictures": pictures})
        except OSError:
            return

    def release(self, sample: bytes) -> bool:
        """Let a sample match as before, now and always; tell whether it was in quarantine.

        Raises:
            LibraryError: the file cannot be written.
        """
        if not self.holds(sample):
            return False
        try:
            self._append({"hash": _hex(sample), "released": int(time.time())})
        except OSError as error:
            raise LibraryError(f"{self._path} cannot be written ({error.strerror}); check its permissions") from error
        self._states[sample] = None
        return True

    def _append(self, line: dict[str, object]) -> None:
        with self._path.open("ab", buffering=0) as stream:  # one write of a short line: processes do not mix theirs
            stream.write(json.dumps(line).encode() + b"\n")

    def _follow(self) -> None:
        """Read what was added since, by any process."""
        try:
            if self._path.stat().st_size <= self._size:
                return
            with self._path.open("rb") as stream:
                stream.seek(self._size)
                data = stream.read(_LONGEST)
        except OSError:
            return
        end = data.rfind(b"\n") + 1
        self._size += end
        for line in data[:end].splitlines():
            try:
                fields = json.loads(line)
                words = np.frombuffer(bytes.fromhex(fields["hash"]), ">u8").astype(np.uint64)
                sample = words.tobytes()
                if "released" in fields:
                    self._states[sample] = None
                elif self._states.get(sample, ...) is not None:
                    self._states[sample] = Quarantined(
                        hash=str(fields["hash"]), since=int(fields["since"]), pictures=int(fields["pictures"])
                    )
            except (ValueError, KeyError, TypeError):
                continue  # a line that was cut off; the next one is whole again


def _hex(sample: bytes) -> str:
    return np.frombuffer(sample, np.uint64).astype(">u8").tobytes().hex()
