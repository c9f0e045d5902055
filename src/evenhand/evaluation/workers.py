"""Judges in processes of their own, for machines with more cores than one model can keep busy."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection

from evenhand.domain import Content, ItemError
from evenhand.errors import EvenhandError, SystemFault
from evenhand.evaluation.running import Judge, Judged, moderator_judge
from evenhand.facade import Moderator
from evenhand.settings import Settings

_STOP_S = 5.0  # seconds that a worker has to end by itself


@contextmanager
def worker_judges(settings: Settings, line: str, jobs: int) -> Iterator[list[Judge]]:
    """Give `jobs` judges, each a process with a moderator of its own; they end with the block.

    Args:
        settings: what each moderator is opened on; threads that are not set are shared out among them.
        line: business line whose rules decide.
        jobs: how many.
    """
    if not settings.threads:
        settings = settings.model_copy(update={"threads": max(1, len(os.sched_getaffinity(0)) // jobs)})
    with ExitStack() as stack:
        yield [stack.enter_context(_worker(settings, line)) for _ in range(jobs)]


@contextmanager
def _worker(settings: Settings, line: str) -> Iterator[Judge]:
    spawning = multiprocessing.get_context("spawn")  # a fork would copy threads and models in an unknown state
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs, settings, line), daemon=True)
    process.start()
    theirs.close()

    def judge(contents: Sequence[Content | ItemError]) -> Judged:
        try:
            ours.send(list(contents))
            answer = ours.recv()
        except (EOFError, OSError) as error:
            raise SystemFault("A worker process ended (out of memory?); try again with fewer --jobs.") from error
        if isinstance(answer, Judged):
            return answer
        raise answer

    try:
        yield judge
    finally:
        ours.close()  # which is how a worker is told to end
        process.join(_STOP_S)
        if process.is_alive():
            process.terminate()


def _serve(pipe: Connection, settings: Settings, line: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one ends the others
    with suppress(EOFError, OSError), Moderator(settings) as moderator:
        judge = moderator_judge(moderator, line)
        while True:
            contents = pipe.recv()
            try:
                pipe.send(judge(contents))
            except EvenhandError as error:
                pipe.send(error)
