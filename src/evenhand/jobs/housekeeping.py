"""What workers do besides: bury dead workers, end overdue jobs, find lost tasks, delete what is past its time."""

from __future__ import annotations

import time

import structlog

from evenhand.accounting.alerts import look
from evenhand.jobs.engine import Queue
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.blobs import Blobs
from evenhand.store.jobtasks import task_key

MISSED = 6  # beats after which a worker is dead
_TIDY_S = 60.0  # seconds between two rounds of tidying
_COUNTED = 100_000  # decisions that one round counts, some ten seconds of work
_LOST_S = 120.0  # a task in the queue that nothing happened to for so long is looked for there


class Housekeeping:
    """The watch of one worker over the others and over the tables. Not shared between threads."""

    def __init__(self, settings: Settings, store: Store, queue: Queue, blobs: Blobs) -> None:
        self._settings, self._store, self._queue, self._blobs = settings, store, queue, blobs
        # Worker -> its count, and since when, on our own clock, it stands at it: machines' clocks may differ.
        self._seen: dict[str, tuple[int, float]] = {}
        self._tidied = time.monotonic() - _TIDY_S

    def bury(self, me: str) -> list[str]:
        """Find workers that show no sign of life, and give what they had in hand to the living.

        Args:
            me: our own id.

        Returns:
            The ids of the dead.

        Raises:
            StoreError: the database refused or cannot be reached; next time, then.
        """
        now, patience = time.monotonic(), MISSED * self._settings.jobs_heartbeat_s
        listed = {worker.id: worker.beats for worker in self._store.tasks.workers() if worker.id != me}
        for worker_id, beats in listed.items():
            if self._seen.get(worker_id, (None, 0.0))[0] != beats:
                self._seen[worker_id] = (beats, now)
        self._seen = {worker_id: seen for worker_id, seen in self._seen.items() if worker_id in listed}
        dead = [worker_id for worker_id, (_, since) in self._seen.items() if now - since > patience]
        if dead:
            self._queue.recover(dead)
            for worker_id in dead:
                self._store.tasks.gone(worker_id)
            structlog.get_logger().warning("workers died; their work goes to the living", workers=dead)
        return dead

    def tidy(self) -> None:
        """Do, once a minute, what need not be done at once.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        if time.monotonic() - self._tidied < _TIDY_S:
            return
        self._tidied = time.monotonic()
        self._store.jobs.overdue()
        # First who holds tasks, then who lives: a worker gives a sign of life before it takes its first task.
        holders = self._queue.holders()
        unknown = sorted(holders - {worker.id for worker in self._store.tasks.workers()})
        if unknown:
            self._queue.recover(unknown)
            structlog.get_logger().warning("tasks of unknown workers go to the living", workers=unknown)
        stale = self._store.tasks.stale(_LOST_S)
        if stale:
            held = self._queue.holds([task_key(one.job_id, one.number, one.round) for one in stale])
            lost = [one for one in stale if task_key(one.job_id, one.number, one.round) not in held]
            if lost:
                self._store.tasks.put_back(lost)
                structlog.get_logger().warning("tasks had left the queue and were put back", tasks=len(lost))
        self._queue.tidy()
        self._store.tallies.catch_up(_COUNTED)
        look(self._store, unless_s=_TIDY_S / 2)
        self._store.jobs.purge()
        self._store.webhooks.purge()
        needed = self._store.jobs.blobs()
        if self._settings.keep_originals_days > 0:
            needed |= self._store.retention.kept_files(self._blobs.names())
        self._blobs.sweep(needed)
