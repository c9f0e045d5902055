"""How much faster two worker processes are than one, on a queue of chunks: python -m benchmarks.jobs [CHUNKS]

Every chunk is checked by all text detectors but the model. A ratio of one run; on a quiet
machine with two cores at least 1.8 is wanted. Starting the workers is not counted: the clock runs from the first task's
start to the job's end.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from evenhand.store import open_store
from tests.jobworker import hand_in, lines_in, settings_for, started, until, until_over

_TEXT = "Remark {n}: the train was late again, the coffee was cold, and nobody said a word about it. " * 20


def main() -> None:
    """Measure, and print one line a run and the ratio."""
    chunks = next((int(word) for word in sys.argv[1:] if word.isdigit()), 100)
    seconds = {count: _run(count, chunks) for count in (1, 2)}
    for count, spent in seconds.items():
        print(f"{count} worker(s): {chunks} chunks in {spent:.1f} s")
    print(f"two are {seconds[1] / seconds[2]:.2f} times as fast as one")


def _run(count: int, chunks: int) -> float:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        settings = settings_for(f"sqlite:///{folder / 'e.db'}", folder, jobs_slots=1, threads=1, jobs_chunk_items=200)
        store = open_store(settings=settings)
        store.migrate()
        stack.callback(store.close)
        for _ in range(count):
            stack.enter_context(started(settings, folder))
        until(lambda: len(store.tasks.workers()) == count)
        # A small job first: both workers have loaded what they need when the clock starts.
        warm = [{"text": _TEXT.format(n=-n)} for n in range(200 * 2 * count)]
        until_over(store, hand_in(settings, store, lines_in(folder, settings, warm)).id)
        rows = [{"text": _TEXT.format(n=n)} for n in range(200 * chunks)]
        over = until_over(store, hand_in(settings, store, lines_in(folder, settings, rows)).id)
        if over.state != "done" or over.started_at is None or over.finished_at is None:
            raise SystemExit(f"the job is {over.state}: {over.error}")
        return (over.finished_at - over.started_at).total_seconds()


if __name__ == "__main__":
    main()
