"""The synchronous door: many threads, closing, forking, and event loops that come and go."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from evenhand import AsyncModerator, Moderator, Options, Settings
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorInfo, Example
from evenhand.domain import PartKind, Result, TextPart
from evenhand.errors import ClosedError, PolicyError
from tests.turned_off import MODELS

QUICK = Settings(plugins=False, disabled_detectors=MODELS)


class Held:
    """A detector that answers when it is let go."""

    info = DetectorInfo(
        name="text.held",
        version="1",
        reads=PartKind.TEXT,
        labels=(),
        cost=Cost.HEAVY,
        description="A test.",
        examples=(Example(title="nothing", part=lambda: TextPart(text="hello")),),
    )

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        self.begun.set()
        self.go.wait(30)
        return [NOTHING for _ in parts]


def caught(call: Callable[[], object]) -> list[BaseException]:
    """Give a list that gets the error of a call which runs in a thread."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    return errors


def test_after_closing_every_door_says_so() -> None:
    moderator = Moderator(QUICK)
    rest = moderator.check_many(["a"] * 2000)
    next(rest)
    moderator.close()
    moderator.close()
    for call in (lambda: moderator.check("a"), lambda: list(moderator.check_many(["a"])), lambda: list(rest)):
        (error,) = caught(call)
        assert isinstance(error, ClosedError)


async def test_a_closed_asynchronous_moderator_says_so() -> None:
    moderator = AsyncModerator(QUICK)
    moderator.close()
    moderator.close()
    with pytest.raises(ClosedError):
        await moderator.check("a")


def test_closing_frees_threads_that_wait() -> None:
    held = Held()
    moderator = Moderator(QUICK, detectors=[held])
    errors: list[BaseException] = []
    waiting = threading.Thread(target=lambda: errors.extend(caught(lambda: moderator.check("a"))))
    waiting.start()
    assert held.begun.wait(20)
    threading.Timer(0.2, held.go.set).start()
    moderator.close()
    waiting.join(20)
    assert [type(error) for error in errors] == [ClosedError]


def test_a_moderator_does_not_survive_a_fork_in_silence() -> None:
    with Moderator(QUICK) as moderator:
        moderator.check("a")
        child = os.fork()
        if child == 0:
            try:
                moderator.check("a")
            except ClosedError:
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_slow_source_holds_up_no_other_thread() -> None:
    other_done = threading.Event()

    def source() -> Iterator[str]:
        yield "a"
        assert other_done.wait(20)
        yield "b"

    with Moderator(QUICK) as moderator:
        answers: list[object] = []
        slow = threading.Thread(target=lambda: answers.extend(moderator.check_many(source())))
        slow.start()
        moderator.check("quick")
        other_done.set()
        slow.join(20)
    assert len(answers) == 2


def test_a_wrong_line_is_told_before_anything_is_read() -> None:
    def source() -> Iterator[str]:
        raise AssertionError("read")
        yield ""

    with Moderator(QUICK) as moderator, pytest.raises(PolicyError):
        list(moderator.check_many(source(), options=Options(line="nowhere")))


def test_one_asynchronous_moderator_serves_one_event_loop_after_another() -> None:
    moderator = AsyncModerator(QUICK)

    async def many() -> list[Result]:
        return await asyncio.gather(*(moderator.check(b"bytes of a text") for _ in range(5)))

    for _ in range(2):
        assert len(asyncio.run(many())) == 5
    moderator.close()
