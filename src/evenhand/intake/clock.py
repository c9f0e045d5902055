"""The time line of a stream: seconds since it was first seen, whatever the sender's clock does."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

NEAR_S = 30.0  # how far a clock may be from ours after a new connection and still be believed
JUMP_S = 10.0  # a step of the clock from which it counts as set anew
_OVER_S = 60.0  # seconds over which the smallest delay is taken
_BACK_S = 1.0
_AGAIN_S = 600.0  # how far before the place that was reached reading may begin again


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clock says of one packet."""

    time: float  # seconds of the stream
    gap: tuple[float, float] | None = None  # what was missed before it
    jumped: bool = False  # the sender's clock was set anew


class Clock:
    """Turns the sender's times into those of the stream.

    Args:
        began: wall time at second 0 (`time.time()`); None: the first packet says.
        position: seconds reached so far, of a stream that is taken up again.
        offset: what was added to the sender's clock until then.
    """

    def __init__(self, *, began: float | None = None, position: float = 0.0, offset: float | None = None) -> None:
        self.began, self.position, self.offset = began, position, offset
        self.paced = False  # the source waits for us (a file): nothing is missed between two connections
        self.resumed = False  # it is read again from a place before the one that was reached
        self._fresh = True
        self._delays: deque[tuple[float, float]] = deque()
        self._since: float | None = None
        self._first_delay: float | None = None

    @property
    def delay(self) -> float:
        """Seconds by which what comes is behind the wall clock: the smallest of the last minute."""
        return min((delay for _, delay in self._delays), default=0.0)

    @property
    def drift(self) -> float:
        """Seconds that the sender's clock lost against ours since the first minute; negative: it runs fast."""
        return 0.0 if self._first_delay is None else self.delay - self._first_delay

    def reconnected(self) -> None:
        """Say that what comes next is of a new connection."""
        self._fresh = True
        self._forget()

    def read(self, stamp: float, now: float) -> Reading:
        """Read a packet's time.

        Args:
            stamp: on the sender's clock, seconds.
            now: wall time.
        """
        if self.began is None:
            self.began = now
        expected = self.position if self.paced else max(now - self.began, 0.0)
        moment = None if self.offset is None else stamp + self.offset
        jumped, gap = False, None
        if self.resumed and moment is not None and self.position - _AGAIN_S <= moment < self.position:
            return Reading(moment)
        self.resumed = False
        if self._fresh:
            if moment is None or abs(moment - expected) > NEAR_S or moment < self.position - _BACK_S:
                moment = self._set(stamp, max(expected, self.position))
            if self.position and moment > self.position + _BACK_S and not self.paced:
                gap = (self.position, moment)
        elif moment is None or moment < self.position - JUMP_S or moment > self.position + JUMP_S:
            moment, jumped = self._set(stamp, max(expected, self.position)), True
            if moment > self.position + _BACK_S and not self.paced:
                gap = (self.position, moment)
        self._fresh = False
        self.position = max(self.position, moment)
        self._note(now, (now - self.began) - moment)
        return Reading(moment, gap, jumped)

    def wall(self, moment: float) -> float:
        """Give the wall time at which a moment of the stream came, with the drift taken into account."""
        return (self.began or 0.0) + moment + self.delay

    def _set(self, stamp: float, moment: float) -> float:
        self.offset = moment - stamp
        self._forget()
        return moment

    def _forget(self) -> None:
        self._delays.clear()
        self._since, self._first_delay = None, None

    def _note(self, now: float, delay: float) -> None:
        while self._delays and self._delays[0][0] < now - _OVER_S:
            self._delays.popleft()
        while self._delays and self._delays[-1][1] >= delay:
            self._delays.pop()
        self._delays.append((now, delay))
        self._since = now if self._since is None else self._since
        if self._first_delay is None and now - self._since >= _OVER_S:  # streams begin with a burst
            self._first_delay = self.delay
