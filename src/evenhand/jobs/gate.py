"""Places to work in one process: live streams have their own, of the rest the interactive ones go first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from evenhand.store.jobrecords import PRIORITIES


class Gate:
    """Lets so many in at a time, the more urgent first.

    Args:
        slots: how many interactive and bulk tasks together.
        live: how many live ones.
    """

    def __init__(self, slots: int, live: int) -> None:
        self._free = {True: live, False: slots}
        self._asking = dict.fromkeys(PRIORITIES, 0)
        self._changed, self._closed = threading.Condition(), False

    @contextmanager
    def place(self, priority: str) -> Iterator[bool]:
        """Wait for a place; False: the gate was closed, and there is none."""
        got = self._enter(priority)
        try:
            yield got
        finally:
            if got:
                with self._changed:
                    self._free[priority == "live"] += 1
                    self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _enter(self, priority: str) -> bool:
        live = priority == "live"
        with self._changed:
            self._asking[priority] += 1
            try:
                while not self._closed and (
                    not self._free[live] or (priority == "bulk" and self._asking["interactive"])
                ):
                    self._changed.wait()
            finally:
                self._asking[priority] -= 1
                self._changed.notify_all()
            if self._closed:
                return False
            self._free[live] -= 1
            return True
