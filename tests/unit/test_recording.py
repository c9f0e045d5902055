"""Recording: many callers in one transaction, each with its own answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from evenhand.domain import Content, Result
from evenhand.errors import StoreError
from evenhand.recording import Recording
from evenhand.testing import text_content, text_result


class Book:
    """A recorder that keeps what it was given, holds until it is told to go on, and refuses one content."""

    def __init__(self) -> None:
        self.calls: list[tuple[str | None, list[str | None]]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def record(self, contents: Sequence[Content], results: Sequence[Result], *, key_id: str | None) -> None:
        self.begun.set()
        self.go_on.wait(5)
        if any(content.text == "bad" for content in contents):
            raise StoreError("refused")
        self.calls.append((key_id, [result.id for result in results]))


def entry(name: str) -> tuple[list[Content], list[Result]]:
    return [text_content(name)], [text_result(id=name)]


async def test_what_waits_is_written_together_and_one_refusal_is_one_callers() -> None:
    book = Book()
    recording = Recording(book)

    def write(name: str, key_id: str | None = None) -> asyncio.Task[Any]:
        return asyncio.create_task(recording.write(*entry(name), key_id=key_id))

    first = write("first")
    await asyncio.to_thread(book.begun.wait, 5)
    others = [write("a"), write("b"), write("key", key_id="k"), write("bad"), write("c")]
    await asyncio.sleep(0.02)
    book.go_on.set()
    answers = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None)] * 4 + [StoreError, type(None)]
    assert book.calls == [(None, ["first"]), (None, ["a"]), (None, ["b"]), (None, ["c"]), ("k", ["key"])]
    recording.close(5)


async def test_many_that_wait_take_one_transaction() -> None:
    book = Book()
    recording = Recording(book)
    first = asyncio.create_task(recording.write(*entry("0"), key_id=None))
    await asyncio.to_thread(book.begun.wait, 5)
    others = [asyncio.create_task(recording.write(*entry(str(n)), key_id=None)) for n in range(1, 21)]
    await asyncio.sleep(0.02)
    book.go_on.set()
    await asyncio.gather(first, *others)
    assert [len(names) for _, names in book.calls] == [1, 20]
    recording.close(5)


async def test_nothing_is_taken_after_closing() -> None:
    recording = Recording(Book())
    recording.close(1)
    with pytest.raises(StoreError, match="closed"):
        await recording.write(*entry("late"), key_id=None)
