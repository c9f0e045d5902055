"""Ids of decisions: UUID version 7 (RFC 9562, sections 5.7 and 6.2), so that they sort by the time they were made."""

from __future__ import annotations

import os
import re
import threading
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from time import time_ns

_WORDS = 1024  # random 32-bit words drawn at once: one call of urandom costs as much as a whole id
_NODE_END = 1 << 48
_FORM = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class IdMaker:
    """Makes ids that rise strictly within this process, from any number of threads.

    A new millisecond starts from 73 fresh random bits; within one, the low 48 bits grow by a random step
    ("monotonic random", RFC 9562 section 6.2 method 2), so an id does not tell the next one. A clock set back
    does not lower ids: they go on from the last millisecond used until the clock has caught up.
    """

    def __init__(self, *, clock: Callable[[], int] = time_ns) -> None:
        self._clock = clock  # nanoseconds since 1970
        self._reset()
        # A forked child must neither wait for a lock that another thread held nor repeat the parent's random words.
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._ms = -1
        self._prefix = ""
        self._node = 0
        self._random: array[int] = array("I")

    def _word(self) -> int:
        if not self._random:
            self._random = array("I", os.urandom(4 * _WORDS))
        return self._random.pop()

    def _start(self, ms: int) -> None:
        first, second, third = self._word(), self._word(), self._word()
        head = f"{ms:012x}"
        rand_a, rand_b = first & 0xFFF, 0x8000 | (first >> 12 & 0x3FFF)
        self._ms = ms
        self._prefix = f"{head[:8]}-{head[8:]}-7{rand_a:03x}-{rand_b:04x}-"
        self._node = (second << 15) | (third >> 17)  # 47 bits: room to grow within the millisecond

    def __call__(self) -> str:
        """Make an id: 36 characters, lower case, e.g. `01890a5d-ac96-774b-bcce-b302099a8057`."""
        with self._lock:
            ms = self._clock() // 1_000_000
            if ms > self._ms:
                self._start(ms)
            else:
                try:
                    self._node += 1 + self._random.pop()
                except IndexError:
                    self._node += 1 + self._word()
                if self._node >= _NODE_END:
                    self._start(self._ms + 1)
            return f"{self._prefix}{self._node:012x}"


new_id: Callable[[], str] = IdMaker()  # the one maker of this process: ids rise over all its threads


def id_time(decision_id: str) -> datetime:
    """Give the moment an id was made, UTC, to the millisecond.

    Raises:
        ValueError: it is not a UUID version 7 in its usual form (36 characters, lower case).
    """
    if not _FORM.fullmatch(decision_id):
        raise ValueError("not a decision id: make ids with evenhand.domain.new_id()")
    ms = int(decision_id[:8] + decision_id[9:13], 16)
    try:
        return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
    except (ValueError, OverflowError, OSError):
        raise ValueError("not a decision id: its time is out of range") from None


def first_id(moment: datetime) -> str:
    """Give the lowest id that could be made at `moment` (aware, from 1970 on), to cut a range of time out of ids.

    Raises:
        ValueError: the moment has no time zone or is before 1970.
    """
    if moment.tzinfo is None:
        raise ValueError("give a moment with its time zone, e.g. datetime.now(UTC)")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    ms = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    if ms < 0:
        raise ValueError("give a moment from 1970 on")
    head = f"{ms:012x}"
    return f"{head[:8]}-{head[8:]}-7000-8000-000000000000"
