"""From the reader's thread to the follower's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from evenhand.domain import AudioPart, JsonValue
from evenhand.intake.reader import Ending
from evenhand.intake.sampling import Shown
from evenhand.telemetry import fault

if TYPE_CHECKING:
    from evenhand.intake.follower import Follower


class LoopSink:
    """Brings what the reader's thread has to the loop.

    Args:
        follower: takes it.
        loop: that the follower lives on.
    """

    def __init__(self, follower: Follower, loop: asyncio.AbstractEventLoop) -> None:
        self._follower, self._loop = follower, loop

    def pictures(self, shown: Sequence[Shown], still: Sequence[tuple[float, float]]) -> None:
        """Take the pictures of a window."""
        self._tell(self._follower.take_pictures, shown, still)

    def sound(self, parts: Sequence[AudioPart]) -> None:
        """Take pieces of sound."""
        self._tell(self._follower.take_sound, parts)

    def note(self, kind: str, data: Mapping[str, JsonValue]) -> None:
        """Take what happened."""
        self._tell(self._follower.take_note, kind, data)

    def over(self, ending: Ending) -> None:
        """Hear that nothing more comes."""
        self._tell(self._follower.take_end, ending)

    def _tell(self, take: Any, *what: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(take, *what)
        except RuntimeError as error:  # the loop is closed: nobody listens any more
            structlog.get_logger().debug("a stream's reader came late", **fault(error))
