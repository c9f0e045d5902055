"""What callers hand in becomes contents, and contents become batches that keep nobody waiting."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from evenhand.contents import PAUSE, as_content, async_batches, batches, read_file
from evenhand.domain import Content
from evenhand.errors import InputError, TooLargeError


def test_batches_are_cut_by_weight() -> None:
    picture = Content(data=b"x")
    assert [len(batch) for batch in batches(["a"] * 10, 4)] == [4, 4, 2]
    assert [len(batch) for batch in batches([picture] * 10, 256)] == [4, 4, 2]
    assert list(batches([], 4)) == []


def test_a_pause_hands_on_what_is_there() -> None:
    assert list(batches([PAUSE, "a", PAUSE, PAUSE, "b", "c"], 4)) == [["a"], ["b", "c"]]


def test_what_came_before_a_source_broke_is_handed_on_first() -> None:
    def source() -> Iterator[str]:
        yield from "abc"
        raise ValueError("broke")

    cut = batches(source(), 2)
    assert [next(cut), next(cut)] == [["a", "b"], ["c"]]
    with pytest.raises(ValueError, match="broke"):
        next(cut)


@pytest.mark.parametrize("single", ["text", b"bytes"])
def test_one_text_is_not_cut_into_its_characters(single: Any) -> None:
    with pytest.raises(InputError, match="check_many"):
        list(batches(single, 4))


async def test_a_slow_asynchronous_source_gets_answers_meanwhile() -> None:
    answered = asyncio.Event()

    async def source() -> AsyncIterator[str]:
        yield "a"
        await answered.wait()  # only an answer to the first lets the second come
        yield "b"
        raise ValueError("broke")

    cut = async_batches(source(), 100)
    assert await anext(cut) == ["a"]
    answered.set()
    assert await anext(cut) == ["b"]
    with pytest.raises(ValueError, match="broke"):
        await anext(cut)


async def test_leaving_asynchronous_batches_early_stops_the_source() -> None:
    stopped = asyncio.Event()

    async def source() -> AsyncIterator[str]:
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            stopped.set()

    cut = async_batches(source(), 100)
    assert await anext(cut) == ["a"]
    await cut.aclose()
    await asyncio.wait_for(stopped.wait(), 5)


@pytest.mark.parametrize("nothing", [5, None, 1.5, object()])
def test_what_cannot_be_checked_is_told(nothing: Any) -> None:
    with pytest.raises(InputError, match="cannot be checked"):
        as_content(nothing, max_bytes=10)


def test_files_are_read_within_the_limit_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(b"x" * 10)
    (tmp_path / "large").write_bytes(b"x" * 11)
    os.mkfifo(tmp_path / "pipe")
    assert read_file(tmp_path / "good", 10) == b"x" * 10
    with pytest.raises(TooLargeError):
        read_file(tmp_path / "large", 10)
    for name, said in (("pipe", "no regular file"), ("none", "No such file"), ("", "Is a directory"), ("\0", "null")):
        with pytest.raises(InputError, match=said):
            read_file(tmp_path / name, 10)
