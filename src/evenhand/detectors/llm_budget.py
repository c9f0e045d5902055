"""What a language model may cost: requests and tokens in the last minute and the last day, counted in this process.

Both windows slide, so that a budget is never spent twice around midnight. They are kept as sums of small buckets.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from evenhand.detectors.models_schema import Limits
from evenhand.errors import DetectorError

_BUCKETS = 60  # in each window; what was spent is forgotten a sixtieth of the window late


@dataclass(slots=True)
class _Bucket:
    start: float
    requests: int = 0
    tokens: int = 0


class _Window:
    """What was spent in the last `span` seconds."""

    def __init__(self, name: str, *, span: float, requests: int | None, tokens: int | None) -> None:
        self.name, self._span, self._requests, self._tokens = name, span, requests, tokens
        self._buckets: deque[_Bucket] = deque()

    def refusal(self, now: float, tokens: int) -> str | None:
        """Say why one more request of `tokens` may not be made, or give None."""
        width = self._span / _BUCKETS
        while self._buckets and self._buckets[0].start + width <= now - self._span:
            self._buckets.popleft()
        if self._requests is not None and sum(b.requests for b in self._buckets) + 1 > self._requests:
            return f"the budget of {self._requests} requests a {self.name} is spent"
        if self._tokens is not None and sum(b.tokens for b in self._buckets) + tokens > self._tokens:
            return f"the budget of {self._tokens} tokens a {self.name} is spent"
        return None

    def spend(self, at: float, *, requests: int, tokens: int) -> None:
        """Count in the bucket of the time `at`; what lies before the window no longer counts."""
        width = self._span / _BUCKETS
        start = at // width * width
        if not self._buckets or self._buckets[-1].start < start:
            self._buckets.append(_Bucket(start))
        for bucket in reversed(self._buckets):
            if bucket.start == start:
                bucket.requests += requests
                bucket.tokens += tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """One request that was counted before it was made."""

    at: float  # the clock's seconds
    tokens: int  # guessed


class BudgetSpentError(DetectorError):
    """A language model's budget is spent; its contents are incomplete until some of it is free again."""


class Budget:
    """Counts what is asked, and refuses what would be too much. Safe to share between threads.

    Args:
        limits: most requests and tokens a minute and a day.
        clock: gives seconds that never go back.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        minute = _Window("minute", span=60, requests=limits.requests_per_minute, tokens=limits.tokens_per_minute)
        day = _Window("day", span=86_400, requests=limits.requests_per_day, tokens=limits.tokens_per_day)
        self._windows = (minute, day)

    def reserve(self, tokens: int) -> Reservation:
        """Count one request of about `tokens` tokens, before it is made.

        Raises:
            BudgetSpentError: it would be over a limit; nothing was counted.
        """
        with self._lock:
            now = self._clock()
            for window in self._windows:
                if (why := window.refusal(now, tokens)) is not None:
                    raise BudgetSpentError(f"{why}; it frees up as time goes by, or raise it in the models file")
            for window in self._windows:
                window.spend(now, requests=1, tokens=tokens)
        return Reservation(at=now, tokens=tokens)

    def settle(self, reservation: Reservation, *, used: int) -> None:
        """Replace the guess by what was used; 0 where the endpoint did nothing. The request still counts."""
        with self._lock:
            for window in self._windows:
                window.spend(reservation.at, requests=0, tokens=used - reservation.tokens)
