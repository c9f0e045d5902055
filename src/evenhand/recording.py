"""The record stage: decisions go to the store, those of many callers in one transaction.

While one write runs, what others have to write waits, and the next write takes it all: a database's cost is mostly by
the transaction, and SQLite has room for one writer only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from evenhand.domain import Content, Result
from evenhand.errors import StoreError
from evenhand.inference.lanes import Failure, Lane

_TIMEOUT_S = 120.0  # the store has shorter ones of its own; this one is for a disk that never answers
_MOST = 2_048  # decisions in one transaction, unless one run alone brings more


class Recorder(Protocol):
    """Where decisions go. Called from a worker thread, by one thread at a time."""

    def record(self, contents: Sequence[Content], results: Sequence[Result], *, key_id: str | None) -> None:
        """Write all in one transaction, or raise StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class _Ticket:
    """What one run has to write."""

    contents: Sequence[Content]
    results: Sequence[Result]


class Recording:
    """Writes decisions for many callers.

    Args:
        recorder: where they go.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._lane = Lane("record", timeout_s=_TIMEOUT_S, most=_MOST, weigh=lambda ticket: len(ticket.results))

    async def write(self, contents: Sequence[Content], results: Sequence[Result], *, key_id: str | None) -> None:
        """Write the decisions about `contents`, perhaps together with others' of the same API key.

        Raises:
            StoreError: they were not written.
        """
        work = partial(self._write, key_id)
        (answer,) = await self._lane.call(f"key {key_id}", work, [_Ticket(contents, results)])
        if isinstance(answer, Failure):
            raise StoreError(f"The decisions could not be recorded: {answer.why}.")
        if isinstance(answer, Exception):
            raise answer

    def close(self, timeout_s: float) -> None:
        """Take no more, and wait at most `timeout_s` seconds for what is being written."""
        self._lane.close()
        self._lane.join(timeout_s)

    def _write(self, key_id: str | None, tickets: Sequence[_Ticket]) -> list[Exception | None]:
        """Write all tickets together; where that fails, each alone, so that one does not spoil the others."""
        contents = [content for ticket in tickets for content in ticket.contents]
        results = [result for ticket in tickets for result in ticket.results]
        try:
            self._recorder.record(contents, results, key_id=key_id)
        except Exception as error:  # (given to its caller, with its own traceback, on the caller's side)
            if len(tickets) == 1:
                return [error]
            return [answer for ticket in tickets for answer in self._write(key_id, [ticket])]
        return [None] * len(tickets)
