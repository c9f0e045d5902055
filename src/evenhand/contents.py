"""What callers hand in becomes contents, and contents become batches."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO, Final

from evenhand.decode import is_recording
from evenhand.domain import Content, ItemError
from evenhand.errors import EvenhandError, InputError, TooLargeError
from evenhand.pipeline import FILES_TOGETHER

_HEAD = 65_536  # bytes of a file that tell what it is
_LINGER_S = 0.05  # a batch that has waited longer for its next content is not kept waiting for more


class Pause(Enum):
    """Says among contents: nothing more for now, answer those that came so far."""

    PAUSE = "pause"


PAUSE: Final = Pause.PAUSE

Checkable = Content | ItemError | str | bytes | Path | Pause  # an ItemError is given back in its place


def as_content(content: Content | str | bytes | Path, *, max_bytes: int, **fields: Any) -> Content:
    """Make a Content of what a caller gave; a path is read now.

    Args:
        content: a text, the bytes of a file, the path of a file, or a Content.
        max_bytes: largest file that is read.
        fields: fields of Content, when `content` is not one already.

    Raises:
        InputError: a path cannot be read, or this is nothing that can be checked.
    """
    if isinstance(content, Content):
        return content
    if isinstance(content, str):
        return Content(text=content, **fields)
    if isinstance(content, Path):
        return file_content(content, max_bytes, **fields)
    if isinstance(content, bytes | bytearray | memoryview):
        return Content(data=bytes(content), **fields)
    raise InputError(f"A {type(content).__name__} cannot be checked; give a str, bytes, a pathlib.Path or a Content.")


def file_content(path: Path, max_bytes: int, *, pipes: bool = False, **fields: Any) -> Content:
    """Make a Content of a file: its bytes, or of a video or sound its path, since those are too large to hold.

    Args:
        path: of the file.
        max_bytes: largest file that is read; videos and sounds have a limit of their own.
        pipes: also read pipes and devices; opening one may wait for ever.
        fields: fields of Content.

    Raises:
        TooLargeError, InputError: as `read_file` does.
    """
    if path.is_file():
        with suppress(OSError), open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) and is_recording(stream.read(_HEAD)):
                return Content(path=path, **fields)
    return Content(data=read_file(path, max_bytes, pipes=pipes), **fields)


def item_error(error: EvenhandError, *, id: str | None) -> ItemError:
    """Give the form that an error has inside a batch's answer."""
    return ItemError(id=id, code=error.code, message=error.message, status=error.status)


def read_file(path: Path, max_bytes: int, *, pipes: bool = False) -> bytes:
    """Read a file, never more than `max_bytes` and one.

    Args:
        path: of the file.
        max_bytes: largest file that is read.
        pipes: also read pipes and devices; opening one may wait for ever.

    Raises:
        TooLargeError: it is larger.
        InputError: it cannot be read, or is no regular file.
    """
    try:
        # Not blocking, so that a pipe that took the place of a file cannot hold us up before it is seen.
        with open(os.open(path, os.O_RDONLY | (0 if pipes else os.O_NONBLOCK)), "rb") as stream:
            if not pipes and not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise InputError(f"{path} is no regular file.")
            return read_limited(stream, str(path), max_bytes)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def read_limited(stream: BinaryIO, name: str, max_bytes: int) -> bytes:
    """Read a stream to its end.

    Raises:
        TooLargeError: there are more than `max_bytes` bytes.
    """
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise TooLargeError(f"{name} is larger than {max_bytes} bytes (EVENHAND_MAX_FILE_BYTES).")
    return data


class _Batch:
    """A batch being filled: at most `size` texts or FILES_TOGETHER files, for files are what memory goes into."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._weight, self._items, self._since = 0.0, list[Checkable](), 0.0

    def __bool__(self) -> bool:
        return bool(self._items)

    def cost(self, content: Checkable) -> float:
        text = isinstance(content, str) or (isinstance(content, Content) and content.text is not None)
        return 1.0 if text else self._size / FILES_TOGETHER

    def has_room(self, cost: float) -> bool:
        return not self._items or self._weight + cost <= self._size

    def add(self, content: Checkable, cost: float) -> None:
        if not self._items:
            self._since = time.monotonic()
        self._items.append(content)
        self._weight += cost

    def late(self) -> bool:
        return bool(self._items) and time.monotonic() - self._since > _LINGER_S

    def take(self) -> list[Checkable]:
        items, self._items, self._weight = self._items, [], 0.0
        return items


def batches(contents: Iterable[Checkable], size: int) -> Iterator[list[Checkable]]:
    """Cut contents into batches, none of them empty.

    What came before a pause, or before the source broke, is not held back.

    Args:
        contents: may hold PAUSE.
        size: most texts in a batch.

    Raises:
        InputError: a single str or bytes was given, which would be cut into its characters.
    """
    if isinstance(contents, str | bytes | bytearray | memoryview):
        raise InputError("check_many takes many contents; give a list of texts, or use check for one.")
    batch = _Batch(size)
    try:
        for content in contents:
            if content is PAUSE:
                if batch:
                    yield batch.take()
                continue
            cost = batch.cost(content)
            if not batch.has_room(cost):
                yield batch.take()
            batch.add(content, cost)
            if batch.late():
                yield batch.take()
    except Exception:
        if batch:
            yield batch.take()
        raise
    if batch:
        yield batch.take()


async def async_batches(contents: AsyncIterable[Checkable], size: int) -> AsyncGenerator[list[Checkable], None]:
    """Cut contents into batches as `batches` does; a source that takes its time is a pause."""
    batch, source = _Batch(size), aiter(contents)
    coming: asyncio.Future[Checkable] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(source))
            if batch and not (await asyncio.wait({coming}, timeout=_LINGER_S))[0]:
                yield batch.take()
                continue
            try:
                content = await coming
            except StopAsyncIteration:
                break
            except Exception:
                if batch:
                    yield batch.take()
                raise
            finally:
                coming = None
            if content is PAUSE:
                if batch:
                    yield batch.take()
                continue
            cost = batch.cost(content)
            if not batch.has_room(cost):
                yield batch.take()
            batch.add(content, cost)
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
    if batch:
        yield batch.take()
