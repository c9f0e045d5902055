"""A limit on the seconds that decoding takes; what happens between, while others look at the frames, does not count."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from evenhand.errors import TooLargeError


class Budget:
    """Seconds of work.

    Args:
        seconds: how many.
    """

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    @contextmanager
    def spend(self, what: str) -> Iterator[None]:
        """Count the time of a piece of work.

        Raises:
            TooLargeError: the seconds are used up, before the piece begins.
        """
        if self._left <= 0:
            raise TooLargeError(f"decoding its {what} took longer than EVENHAND_MEDIA_TIMEOUT_S")
        started = time.monotonic()
        try:
            yield
        finally:
            self._left -= time.monotonic() - started
