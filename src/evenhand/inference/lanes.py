"""Lanes: worker threads that batch across callers and survive a call that never returns.

While a lane's thread is busy, the parts of all waiting callers pile up; when it is free it takes them together, so
batches grow with load and an idle lane adds no waiting. A call that outlives its time limit is given up: its callers
are told, its thread is left behind, and a fresh thread goes on with the rest. When too many threads have been left
behind, the lane refuses at once instead of collecting more of them. The first call of a function may take longer:
it loads a model, which on a slow, busy machine takes longer than using it ever does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import Any

from evenhand.errors import EvenhandError

MAX_LOST_THREADS = 3


@dataclass(frozen=True, slots=True)
class Failure:
    """Stands in the place of an answer that could not be had."""

    why: str  # for people; becomes the text of `incomplete`


@dataclass(slots=True)
class _Job:
    call: Callable[[Sequence[Any]], Sequence[Any]]
    items: Sequence[Any]
    weight: int
    future: Future[list[Any]] = field(default_factory=Future)


@dataclass(slots=True)
class _Run:
    """What one thread is doing now; a thread whose run is no longer the lane's has been given up."""

    started: float | None = None
    limit: float = 0.0  # seconds that the call may take
    jobs: list[_Job] = field(default_factory=list)
    thread: threading.Thread | None = None


class Lane:
    """One worker thread for one or more functions, called with batches.

    Args:
        name: for thread names and messages.
        timeout_s: seconds that one call may take.
        first_s: seconds that calls of a function may take until one has answered; None: as long as any.
        most: most weight given to one call, so that it can be done in the time; a single item may weigh more.
        weigh: gives the weight of an item, at least 1; None: each weighs 1.
    """

    def __init__(
        self,
        name: str,
        *,
        timeout_s: float,
        first_s: float | None = None,
        most: int = 512,
        weigh: Callable[[Any], int] | None = None,
    ) -> None:
        self._name, self._timeout, self._most = name, timeout_s, most
        self._first = timeout_s if first_s is None else max(timeout_s, first_s)
        self._answered = set[str]()  # keys of functions that gave an answer: what they load is loaded
        self._weigh = weigh or (lambda item: 1)
        self._waiting: OrderedDict[str, list[_Job]] = OrderedDict()
        self._changed = threading.Condition()
        self._run: _Run | None = None
        self._lost = 0
        self._closed = False

    async def call(
        self, key: str, function: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Any]
    ) -> list[Any | Failure]:
        """Run `function(items)` on the lane, perhaps together with others' items, and give one answer an item.

        Args:
            key: calls with the same key are the same function and may be joined.
            function: gives one answer for each item, in order. When it raises, the items are tried one by one.
            items: passed on as they are.

        Returns:
            An answer or a Failure for each item. Never raises for the function's faults.
        """
        jobs = self._jobs(function, items)
        if len(jobs) == 1:
            return await self._one(key, jobs[0])
        answers = await asyncio.gather(*(self._one(key, job) for job in jobs))
        return [answer for some in answers for answer in some]

    def _jobs(self, function: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Any]) -> list[_Job]:
        """Cut items into jobs of at most `most` weight each."""
        jobs, start, weight = list[_Job](), 0, 0
        for place, item in enumerate(items):
            own = self._weigh(item)
            if place > start and weight + own > self._most:
                jobs.append(_Job(function, items[start:place], weight))
                start, weight = place, 0
            weight += own
        jobs.append(_Job(function, items[start:] if start else items, weight))
        return jobs

    async def _one(self, key: str, job: _Job) -> list[Any | Failure]:
        if (refused := self._enqueue(key, job)) is not None:
            return [Failure(refused)] * len(job.items)
        wrapped = asyncio.wrap_future(job.future)
        try:
            while True:
                done, _ = await asyncio.wait({wrapped}, timeout=self._patience())
                if done:
                    return wrapped.result()
                self._give_up_if_late()
        finally:
            job.future.cancel()  # does nothing to one that is done; else its caller went away

    def close(self) -> None:
        """Let the thread end once it has nothing left to do; take no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread of a closed lane to end, at most `timeout_s` seconds.

        An interpreter that ends while a model still runs in a thread takes the process down with it.
        """
        run = self._run
        if run is not None and run.thread is not None:
            run.thread.join(timeout_s)

    def _enqueue(self, key: str, job: _Job) -> str | None:
        """Queue a job, or say why not."""
        with self._changed:
            if self._closed:
                return "the moderator was closed"
            if self._lost >= MAX_LOST_THREADS:
                return f"{self._lost} earlier calls never returned; restart the process"
            self._waiting.setdefault(key, []).append(job)
            if self._run is None:
                self._start()
            self._changed.notify()
        return None

    def _start(self) -> None:
        run = self._run = _Run()
        # Daemon: a call that hangs for ever must not keep the process from ending.
        run.thread = threading.Thread(target=self._work, args=(run,), name=f"lane-{self._name}", daemon=True)
        run.thread.start()

    def _patience(self) -> float:
        run = self._run
        started = run.started if run else None
        if run is None or started is None:
            return self._timeout
        # Never longer than one ordinary call: the thread may still be handing out what it did before, a first call
        # with a long limit, and our own has a shorter one.
        return min(self._timeout, max(0.01, started + run.limit - time.monotonic()))

    def _give_up_if_late(self) -> None:
        with self._changed:
            run = self._run
            if run is None or run.started is None or time.monotonic() - run.started < run.limit:
                return
            self._lost += 1
            self._run = None
            if self._waiting and self._lost < MAX_LOST_THREADS:
                self._start()
            late, limit = run.jobs, run.limit
            if self._lost >= MAX_LOST_THREADS:
                late = late + [job for jobs in self._waiting.values() for job in jobs]
                self._waiting.clear()
        for job in late:
            _finish(job, [Failure(f"gave no answer within {limit:g} s")] * len(job.items))

    def _take(self, run: _Run) -> tuple[str, list[_Job]] | None:
        """Wait for work; give the key that has waited longest and its jobs, or None when this thread should end."""
        with self._changed:
            run.started, run.jobs = None, []
            while not self._waiting and not self._closed and self._run is run:
                self._changed.wait()
            if self._run is not run or not self._waiting:
                return None
            key, jobs = self._waiting.popitem(last=False)
            # What nobody waits for any more need not be done; one is kept, so that there is always something to take.
            jobs = [job for job in jobs if not job.future.cancelled()] or jobs[:1]
            taken, weight = 1, jobs[0].weight
            while taken < len(jobs) and weight + jobs[taken].weight <= self._most:
                weight += jobs[taken].weight
                taken += 1
            if jobs[taken:]:
                self._waiting[key] = jobs[taken:]
            run.limit = self._timeout if key in self._answered else self._first
            run.started, run.jobs = time.monotonic(), jobs[:taken]
            return key, run.jobs

    def _work(self, run: _Run) -> None:
        while (taken := self._take(run)) is not None:
            key, jobs = taken
            items = [item for job in jobs for item in job.items] if len(jobs) > 1 else jobs[0].items
            answers = _answers(jobs[0].call, items)
            if not all(isinstance(answer, Failure) for answer in answers):
                self._answered.add(key)
            start = 0
            for job in jobs:
                _finish(job, answers[start : start + len(job.items)])
                start += len(job.items)
        with self._changed:
            if self._run is not run and self._lost:
                self._lost -= 1  # a thread given up for lost came back after all


def _answers(function: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Any]) -> list[Any]:
    """Call for all items; where that fails, for each alone, so that one bad item does not spoil the others."""
    try:
        answers = list(function(items))
        if len(answers) == len(items):
            return answers
        failure = Failure(f"gave {len(answers)} answers for {len(items)} items")
    except BaseException as error:  # (a detector may raise anything, SystemExit too; it becomes `incomplete`)
        failure = Failure(_why(error))
    if len(items) <= 1:
        return [failure] * len(items)
    return [answer for item in items for answer in _answers(function, [item])]


def _why(error: BaseException) -> str:
    """Say what went wrong and where; another's message may quote the content, and results are kept."""
    if isinstance(error, EvenhandError):
        return error.message
    place = traceback.extract_tb(error.__traceback__)[-1:]
    return f"crashed: {type(error).__name__}" + "".join(
        f" at {os.path.basename(at.filename)}:{at.lineno}" for at in place
    )


def _finish(job: _Job, answers: list[Any]) -> None:
    # The caller may be gone, or the job given up while its thread still ran.
    with contextlib.suppress(InvalidStateError):
        job.future.set_result(answers)
