"""A worker with a process to itself, and a parent for several."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import structlog

from evenhand.app import AsyncModerator
from evenhand.jobs.engine import require
from evenhand.jobs.kinds import Kind
from evenhand.jobs.worker import Observe, Worker
from evenhand.settings import Settings
from evenhand.store import open_store
from evenhand.store.auditlogsettings import note_settings

_RESTART_S = (1.0, 60.0)  # seconds before a worker that died is started anew: at first, at most
_STEADY_S = 300.0  # a worker that lived so long is restarted at once


class Companion(Protocol):
    """Something else that a worker process does."""

    def stop(self, timeout_s: float) -> None:
        """End what is in hand, or give it back."""
        ...


Beside = Callable[[AsyncModerator, asyncio.AbstractEventLoop], Companion]


@contextmanager
def working(
    settings: Settings,
    *,
    kinds: Mapping[str, Kind] | None = None,
    observe: Observe | None = None,
    warm: bool = True,
    beside: Beside | None = None,
) -> Iterator[Worker]:
    """Work on jobs within the block, with a moderator of its own; `kinds` as for Worker, `beside` does more with it.

    Raises:
        SettingsError: the extra 'jobs' is not installed, or settings cannot be used.
        StoreError: the database cannot be reached.
    """
    require()
    store = open_store(settings=settings)
    store.migrate()
    note_settings(store.audit, settings, role="worker")
    moderator = AsyncModerator(settings, store=store)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="evenhand-loop", daemon=True)
    thread.start()
    try:
        if warm:
            for name, why in moderator.warm().items():
                structlog.get_logger().warning("detector cannot answer", detector=name, why=why)
        worker = Worker(moderator, loop, kinds=kinds, observe=observe)
        companion = None
        try:
            companion = beside(moderator, loop) if beside is not None else None
            yield worker
        finally:
            if companion is not None:
                companion.stop(settings.shutdown_timeout_s)
            worker.stop(settings.shutdown_timeout_s)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        moderator.close()


def run(
    settings: Settings,
    *,
    kinds: Mapping[str, Kind] | None = None,
    observe: Observe | None = None,
    warm: bool = True,
    beside: Beside | None = None,
) -> None:
    """Work until SIGTERM or SIGINT; then end what is in hand, or give it back. Leaves the process.

    Raises:
        SettingsError, StoreError: as `working` does.
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    with working(settings, kinds=kinds, observe=observe, warm=warm, beside=beside) as worker:
        structlog.get_logger().info("working on jobs", worker=worker.id, slots=settings.jobs_slots)
        told.wait()
        structlog.get_logger().info("stopping; what does not end in time goes to others", busy=worker.busy)
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)  # at once: a step that was given back may still run in its thread


def supervise(command: list[str], count: int) -> None:
    """Keep `count` worker processes running until SIGTERM or SIGINT, which all of them are told.

    Args:
        command: that starts one worker.
        count: how many.
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    guards = [threading.Thread(target=_guard, args=(command, told)) for _ in range(count)]
    for guard in guards:
        guard.start()
    told.wait()
    for guard in guards:
        guard.join()


def _guard(command: list[str], told: threading.Event) -> None:
    pause = _RESTART_S[0]
    while not told.is_set():
        started = time.monotonic()
        child = subprocess.Popen(command)  # noqa: S603  (our own command)
        while child.poll() is None and not told.wait(0.2):
            pass
        if told.is_set():
            child.send_signal(signal.SIGTERM)
            child.wait()
            return
        pause = _RESTART_S[0] if time.monotonic() - started > _STEADY_S else pause
        structlog.get_logger().warning("a worker ended; starting another", code=child.returncode, in_s=pause)
        told.wait(pause)
        pause = min(_RESTART_S[1], pause * 2)
