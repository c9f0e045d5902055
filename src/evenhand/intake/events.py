"""What is told of a stream, and to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

OPENED, EXTENDED, ESCALATED, CLOSED = (
    "incident.opened",
    "incident.extended",
    "incident.escalated",
    "incident.closed",
)
STOP = "stop"  # the policy blocks: whoever runs the stream is asked to end it


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of a stream's journal. It holds nobody's words."""

    kind: str  # as above, or "connected", "interrupted", "gap", "clock", "incomplete", "ended", "failed", "stopped"
    data: Mapping[str, Any] = field(default_factory=dict)


class Journal(Protocol):
    """Where a stream's events and its state are kept, together or not at all. Called in a thread."""

    def write(self, events: Sequence[Event], state: Mapping[str, Any]) -> bool:
        """Write; False: the stream is not ours any more.

        Raises:
            StoreError: nothing was written.
        """
        ...

    def clip(self, incident: str, data: bytes) -> bool:
        """Keep a clip; False: none are kept here.

        Raises:
            StoreError: it could not be kept.
        """
        ...
