"""The synchronous façade: the asynchronous moderator, driven by an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from evenhand.app import AsyncModerator
from evenhand.contents import Checkable, as_content, batches
from evenhand.domain import Content, CustomClass, ItemError, Options, Result
from evenhand.errors import ClosedError

if TYPE_CHECKING:
    from evenhand.actions.redact import Redacted
    from evenhand.actions.sheet import Sheet
    from evenhand.detectors.classes_lesson import Trained

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
        self._closing, self._closed = threading.Lock(), False
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
        """Check any number of contents, in batches and in constant memory; see AsyncModerator.check_many."""
        self._inner.policy.line((options or Options()).line)  # a wrong line is told before anything is read
        # The source is read here, in the caller's thread: a slow one holds up nobody else.
        for batch in batches(contents, self._inner.settings.batch_size):
            yield from self._wait(self._inner.check_batch(batch, options=options))

    def redact(self, content: Content | str | bytes | Path, **keywords: Any) -> Redacted:
        """Give a content back with what was found covered and no metadata; see AsyncModerator.redact."""
        return self._wait(self._inner.redact(content, **keywords))

    def sheet(
        self,
        content: Content | bytes | Path,
        *,
        result: Result | None = None,
        options: Options | None = None,
        frames: int = 24,
        blur: bool = True,
    ) -> Sheet:
        """Draw a contact sheet of a recording: its incidents, and frames of its whole length.

        Args:
            content: a video or sound.
            result: of checking the same content; None: it is checked now.
            options: of that check.
            frames: thumbnails of the whole recording, 0 to 96.
            blur: blur what people should not have to see.

        Raises:
            InputError: it cannot be read, is no recording, or the result is of another content.
        """
        from evenhand.actions.sheet import sheet

        settings = self._inner.settings
        opened = as_content(content, max_bytes=settings.max_file_bytes)
        return sheet(opened, result or self.check(opened, options=options), settings, frames=frames, blur=blur)

    def decision(self, decision_id: str) -> Mapping[str, Any]:
        """Give a recorded decision; see AsyncModerator.decision."""
        return self._wait(self._inner.decision(decision_id))

    def train_class(
        self,
        name: str,
        positives: Sequence[Path] | Sequence[str],
        *,
        against: Sequence[Path] | Sequence[str] = (),
        label: str | None = None,
    ) -> Trained:
        """Teach a custom class of texts or pictures and use it from now on; see AsyncModerator.train_class."""
        return self._wait(self._inner.train_class(name, positives, against=against, label=label))

    def classes(self) -> list[CustomClass]:
        """List the custom classes that judge contents; see AsyncModerator.classes."""
        return self._wait(self._inner.classes())

    def remove_class(self, name: str) -> None:
        """Forget a custom class; see AsyncModerator.remove_class."""
        self._wait(self._inner.remove_class(name))

    def close(self) -> None:
        """Stop the loop, free threads and connections; calls that still wait in other threads raise ClosedError."""
        with self._closing:
            closed, self._closed = self._closed, True
        if closed or not self._thread.is_alive():  # (a fork leaves the thread behind)
            return
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._inner.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        # Under the lock, nothing is handed to a loop that will not run it.
        with self._closing:
            try:
                if self._closed:
                    raise ClosedError("This moderator was closed; make a new one.")
                self._inner.refuse_unusable()
            except ClosedError:
                work.close()
                raise
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError as error:
            raise ClosedError("This moderator was closed while it worked.") from error
        except BaseException:
            future.cancel()  # the caller was interrupted (Ctrl-C): nobody waits for it any more
            raise


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
