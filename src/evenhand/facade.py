"""The synchronous façade: the asynchronous moderator, driven by an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from evenhand.app import AsyncModerator, Checkable
from evenhand.domain import Content, ItemError, Options, Result

T = TypeVar("T")


class Moderator:
    """Checks contents, from ordinary code. Safe to share between threads.

        with Moderator() as moderator:
            result = moderator.check("some text")

    Args:
        arguments: those of AsyncModerator.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self._inner = AsyncModerator(*arguments, **keywords)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="evenhand-loop", daemon=True)
        self._thread.start()

    @property
    def inner(self) -> AsyncModerator:
        """The asynchronous moderator behind it: settings, policy, registry, store."""
        return self._inner

    def __enter__(self) -> Self:
        """Give the moderator itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def check(self, content: Content | str | bytes | Path, *, options: Options | None = None, **fields: Any) -> Result:
        """Check one content; see AsyncModerator.check."""
        return self._wait(self._inner.check(content, options=options, **fields))

    def check_many(
        self, contents: Iterable[Checkable], *, options: Options | None = None
    ) -> Iterator[Result | ItemError]:
        """Check any number of contents in constant memory; see AsyncModerator.check_many."""
        answers = self._inner.check_many(contents, options=options)
        size = self._inner.settings.batch_size

        async def some() -> list[Result | ItemError]:
            # One hop between threads for a whole batch, not for each answer.
            taken: list[Result | ItemError] = []
            async for answer in answers:
                taken.append(answer)
                if len(taken) >= size:
                    break
            return taken

        while taken := self._wait(some()):
            yield from taken

    def decision(self, decision_id: str) -> Mapping[str, Any]:
        """Give a recorded decision; see AsyncModerator.decision."""
        return self._wait(self._inner.decision(decision_id))

    def close(self) -> None:
        """Stop the loop, free threads and connections."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._inner.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
