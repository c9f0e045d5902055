"""Lanes: batching across callers, faults kept apart, calls that never return."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from evenhand.inference.lanes import MAX_LOST_THREADS, Failure, Lane


def double(items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


async def test_answers_come_in_order() -> None:
    lane = Lane("test", timeout_s=5)
    assert await lane.call("double", double, [1, 2, 3]) == [2, 4, 6]
    assert await lane.call("double", double, []) == []
    lane.close()


async def test_callers_that_wait_are_joined_into_one_call() -> None:
    lane = Lane("test", timeout_s=5)
    begun, busy, sizes = threading.Event(), threading.Event(), list[int]()

    def slow(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        begun.set()
        busy.wait(5)
        return double(items)

    first = asyncio.create_task(lane.call("slow", slow, [0]))
    await asyncio.to_thread(begun.wait, 5)
    others = [asyncio.create_task(lane.call("slow", slow, [n, n])) for n in range(5)]
    await asyncio.sleep(0.01)
    busy.set()
    assert await first == [0]
    assert [await other for other in others] == [[2 * n, 2 * n] for n in range(5)]
    assert sizes == [1, 10]
    lane.close()


async def test_a_batch_is_not_joined_beyond_its_limit() -> None:
    lane = Lane("test", timeout_s=5, most=4)
    go, sizes = threading.Event(), list[int]()

    def slow(items: Sequence[int]) -> list[int]:
        go.wait(5)
        sizes.append(len(items))
        return double(items)

    tasks = [asyncio.create_task(lane.call("slow", slow, [1, 2, 3])) for _ in range(3)]
    await asyncio.sleep(0.01)
    go.set()
    assert [await task for task in tasks] == [[2, 4, 6]] * 3
    assert sizes == [3, 3, 3]
    lane.close()


async def test_one_bad_item_does_not_spoil_the_others() -> None:
    lane = Lane("test", timeout_s=5)

    def picky(items: Sequence[int]) -> list[int]:
        if 13 in items:
            raise ValueError("unlucky")
        return double(items)

    answers = await lane.call("picky", picky, [1, 13, 3])
    assert (answers[0], answers[2]) == (2, 6)
    assert answers[1].why.startswith("crashed: ValueError at test_lanes.py:")
    assert "unlucky" not in answers[1].why
    lane.close()


async def test_too_few_answers_are_a_failure() -> None:
    lane = Lane("test", timeout_s=5)
    answers = await lane.call("none", lambda items: [], [1])
    assert answers == [Failure("gave 0 answers for 1 items")]
    lane.close()


async def test_a_call_that_hangs_is_given_up_and_the_lane_goes_on() -> None:
    lane = Lane("test", timeout_s=0.05)
    release = threading.Event()

    def hang(items: Sequence[int]) -> list[int]:
        release.wait(30)
        return double(items)

    hung = asyncio.create_task(lane.call("hang", hang, [1, 2]))
    await asyncio.sleep(0.01)
    after = asyncio.create_task(lane.call("double", double, [4]))
    assert await hung == [Failure("gave no answer within 0.05 s")] * 2
    assert await after == [8]
    release.set()
    lane.close()


async def test_a_lane_that_keeps_hanging_refuses_until_a_thread_comes_back() -> None:
    lane = Lane("test", timeout_s=0.03)
    release = threading.Event()

    def hang(items: Sequence[int]) -> list[int]:
        release.wait(30)
        return double(items)

    for _ in range(MAX_LOST_THREADS):
        (answer,) = await lane.call("hang", hang, [1])
        assert isinstance(answer, Failure)
    (refused,) = await lane.call("double", double, [1])
    assert isinstance(refused, Failure)
    assert "never returned" in refused.why
    release.set()
    for _ in range(500):
        if await lane.call("double", double, [1]) == [2]:
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError("the lane did not recover")
    lane.close()


async def test_a_caller_that_went_away_blocks_nobody() -> None:
    lane = Lane("test", timeout_s=0.05)
    release = threading.Event()

    def hang(items: Sequence[int]) -> list[int]:
        release.wait(30)
        return double(items)

    gone = asyncio.create_task(lane.call("hang", hang, [1]))
    await asyncio.sleep(0.01)
    gone.cancel()
    assert await lane.call("double", double, [5]) == [10]
    release.set()
    lane.close()


async def test_a_closed_lane_refuses_at_once() -> None:
    lane = Lane("test", timeout_s=5)
    assert await lane.call("double", double, [1]) == [2]
    lane.close()
    lane.join(5)
    assert await lane.call("double", double, [1]) == [Failure("the moderator was closed")]


async def test_what_nobody_waits_for_any_more_is_not_done() -> None:
    lane = Lane("test", timeout_s=5)
    begun, release, seen = threading.Event(), threading.Event(), list[int]()

    def slow(items: Sequence[int]) -> list[int]:
        seen.extend(items)
        begun.set()
        release.wait(5)
        return double(items)

    first = asyncio.create_task(lane.call("slow", slow, [1]))
    await asyncio.to_thread(begun.wait, 5)
    gone, stays = (asyncio.create_task(lane.call("slow", slow, [n])) for n in (2, 3))
    await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    release.set()
    assert [await first, await stays] == [[2], [6]]
    assert seen == [1, 3]
    lane.close()


async def test_heavy_items_are_cut_into_calls_that_can_be_done_in_time() -> None:
    lane = Lane("test", timeout_s=5, most=10, weigh=lambda item: item)
    sizes = list[list[int]]()

    def note(items: Sequence[int]) -> list[int]:
        sizes.append(list(items))
        return double(items)

    items = [4, 4, 4, 25, 1, 9, 1]
    assert await lane.call("note", note, items) == double(items)
    assert sizes == [[4, 4], [4], [25], [1, 9], [1]]
    lane.close()


async def test_the_first_call_of_a_function_may_take_longer_until_one_has_answered() -> None:
    lane = Lane("test", timeout_s=0.2, first_s=60)
    loaded, release = threading.Event(), threading.Event()

    def loads(items: Sequence[int]) -> list[int]:
        if not loaded.is_set():
            release.wait(0.6)  # three times what a call may take
            if 13 in items:
                raise ValueError("could not load")
            loaded.set()
        elif 7 in items:
            release.wait(30)
        return double(items)

    (failed,) = await lane.call("loads", loads, [13])
    assert failed.why.startswith("crashed: ValueError")
    # Nothing is loaded yet, so the next call has the time for it, too.
    assert await lane.call("loads", loads, [1]) == [2]
    assert await lane.call("loads", loads, [7]) == [Failure("gave no answer within 0.2 s")]
    # Another function on the same lane loads something of its own.
    loaded.clear()
    assert await lane.call("other", loads, [2]) == [4]
    release.set()
    lane.close()


async def test_a_first_call_that_hangs_is_given_up_too() -> None:
    lane = Lane("test", timeout_s=0.02, first_s=0.1)
    release = threading.Event()

    def hang(items: Sequence[int]) -> list[int]:
        release.wait(30)
        return double(items)

    assert await lane.call("hang", hang, [1]) == [Failure("gave no answer within 0.1 s")]
    release.set()
    lane.close()
