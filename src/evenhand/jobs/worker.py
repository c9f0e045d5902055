"""A worker: feeds the queue from the outbox, does tasks and checkpoints them, and watches over the other workers."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import TimeoutError as WaitTimeoutError
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import structlog

from evenhand.app import AsyncModerator
from evenhand.domain import new_id
from evenhand.errors import EvenhandError, StoreError, UserError
from evenhand.jobs.engine import Queue
from evenhand.jobs.gate import Gate
from evenhand.jobs.housekeeping import Housekeeping
from evenhand.jobs.kinds import Kind, StoppedError, Work
from evenhand.jobs.registry import kinds as built_in
from evenhand.settings import Settings
from evenhand.store.blobs import Blobs
from evenhand.store.jobrecords import Task, WorkerState
from evenhand.telemetry import fault

T = TypeVar("T")
_FEED_S = 0.5  # seconds between two looks into the outbox, where nobody knocks
_PERSIST_S = 60.0  # seconds that a result is held while the store cannot be reached
_ASK_S = 1.0  # seconds between two looks whether a running task is still wanted
_TURN_S = 0.2

Observe = Callable[[str, Task], None]  # "begun", "worked" or "committed"; tests watch and kill by it


class Worker:
    """Works on jobs in this process until it is stopped.

    Args:
        moderator: with a store.
        loop: the event loop that the moderator is used on; it runs in another thread.
        kinds: of jobs; None: the built-in ones.
        observe: called at each step, in the thread that works.

    Raises:
        SettingsError: the extra 'jobs' is not installed, or the database cannot hold a queue.
        StoreError: the database cannot be reached.
    """

    def __init__(
        self,
        moderator: AsyncModerator,
        loop: asyncio.AbstractEventLoop,
        *,
        kinds: Mapping[str, Kind] | None = None,
        observe: Observe | None = None,
    ) -> None:
        if moderator.store is None:
            raise ValueError("a worker needs a moderator with a store")
        self._moderator, self._loop, self._store = moderator, loop, moderator.store
        self._settings: Settings = moderator.settings
        self._kinds = kinds if kinds is not None else built_in()
        self._spared = frozenset(name for name, kind in self._kinds.items() if kind.spares)
        self._observe = observe or (lambda _step, _task: None)
        self.id = f"{socket.gethostname()}-{os.getpid()}-{new_id()[-12:]}"
        self._started = datetime.now(UTC)
        self._blobs = Blobs(self._settings)
        self._gate = Gate(self._settings.jobs_slots, self._settings.jobs_live)
        self._stopping, self._ended, self._knocked = threading.Event(), threading.Event(), threading.Event()
        self._busy: dict[str, Task] = {}
        self._lock = threading.Lock()
        self._beats = 0
        # Before the first task is taken: one who dies with a task in hand must be known, to be missed.
        self._beat()
        try:
            self._queue = Queue(self._settings, self._store.database.engine.url, worker=self.id, run=self._run)
        except BaseException:
            self._quietly(partial(self._store.tasks.gone, self.id), "the list of workers could not be written")
            raise
        self._keeping = Housekeeping(self._settings, self._store, self._queue, self._blobs)
        self._threads = [
            threading.Thread(target=self._feed, name="evenhand-jobs-feed", daemon=True),
            threading.Thread(target=self._watch, name="evenhand-jobs-watch", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def knock(self) -> None:
        """Say that something was submitted: it is taken up at once."""
        self._knocked.set()

    @property
    def busy(self) -> int:
        """How many tasks are in hand."""
        with self._lock:
            return len(self._busy)

    def stop(self, timeout_s: float) -> bool:
        """Take up no more, end what is in hand, and give back what does not end in time; True: all ended."""
        if self._stopping.is_set():
            return True
        self._queue.stop_claiming()
        self._stopping.set()
        self._knocked.set()
        self._gate.close()
        deadline = time.monotonic() + timeout_s
        while self.busy and time.monotonic() < deadline:
            time.sleep(0.05)
        with self._lock:
            left = list(self._busy.values())
        try:
            for task in left:
                self._store.tasks.handed_back(task)
            self._queue.recover([self.id])
            self._store.tasks.gone(self.id)
        except StoreError as error:  # the others take it over once our beats are missed
            structlog.get_logger().warning("work could not be given back", why=error.message)
        self._ended.set()
        for thread in self._threads:
            thread.join(5)
        self._queue.close()
        return not left

    # Feeding and watching

    def _feed(self) -> None:
        while not self._stopping.is_set():
            self._knocked.wait(_FEED_S)
            self._knocked.clear()
            while not self._stopping.is_set():
                waiting = self._quietly(self._store.tasks.waiting, "the outbox cannot be read") or []
                if not waiting or not self._quietly(partial(self._hand_over, waiting), "tasks cannot be queued"):
                    break

    def _hand_over(self, waiting: Any) -> bool:
        self._queue.put(waiting)
        self._store.tasks.queued(waiting)
        return True

    def _watch(self) -> None:
        every = self._settings.jobs_heartbeat_s
        while not self._stopping.wait(every):
            self._quietly(self._beat, "no sign of life could be given")
            self._quietly(partial(self._keeping.bury, self.id), "dead workers could not be looked for")
            self._quietly(self._keeping.tidy, "the jobs could not be tidied")
            self._moderator.keep_meter()

    def _beat(self) -> None:
        self._beats += 1
        state = WorkerState(
            id=self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            slots=self._settings.jobs_slots,
            beats=self._beats,
            started_at=self._started,
            seen_at=datetime.now(UTC),
        )
        self._store.tasks.beat(state)

    @staticmethod
    def _quietly(work: Callable[[], T], what: str) -> T | None:
        """Do what is done again soon anyway: a fault is logged and not the end of the thread."""
        try:
            return work()
        except EvenhandError as error:
            structlog.get_logger().warning(what, why=error.message)
        except Exception as error:
            structlog.get_logger().warning(what, **fault(error))
        return None

    # Working

    def _run(self, job_id: str, number: int, round_: int) -> None:
        """Do a task that the queue gave us. Called in a thread of the queue's."""
        if self._stopping.is_set():
            self._leave()
        task = self._persist(partial(self._store.tasks.begin, job_id, number, round_, self.id, spared=self._spared))
        if task is None:
            return
        key = f"{job_id}:{number}"
        with self._gate.place(task.job.priority) as got:
            if not got:
                self._quietly(partial(self._store.tasks.handed_back, task), "a task could not be given back")
                self._leave()
            with self._lock:
                self._busy[key] = task
            try:
                self._do(task)
            finally:
                with self._lock:
                    self._busy.pop(key, None)
        self.knock()  # what follows from it waits in the outbox

    def _leave(self) -> None:
        """End a thread of the queue's once its task belongs to nobody here; the queue then writes nothing about it."""
        self._ended.wait(_PERSIST_S)
        raise StoppedError("this worker stops")

    def _do(self, task: Task) -> None:
        kind = self._kinds.get(task.job.kind)
        log = structlog.get_logger().bind(job=task.job.id, kind=task.job.kind, task=task.number)
        if kind is None:
            self._give_up(task, "unknown_kind", f"This worker knows no jobs of the kind {task.job.kind!r}.", None)
            return
        started = time.monotonic()
        self._observe("begun", task)
        try:
            answer = self._in_time(partial(getattr(kind, task.role), self._work(task)))
        except StoppedError:
            log.info("task stopped: it is not wanted any more")
            return
        except UserError as error:
            self._give_up(task, error.code, error.message, None)
            log.info("task failed", why=error.code)
            return
        except Exception as error:
            again = kind.retries(self._settings).after(task.attempts + 1)
            known = isinstance(error, EvenhandError)
            message = str(error) if known else f"It failed ({type(error).__name__}); the worker's log says where."
            code = error.code if isinstance(error, EvenhandError) else "internal"
            more = {"why": message} if known else fault(error)
            log.warning("task failed", again_s=again and round(again, 1), attempt=task.attempts + 1, **more)
            self._give_up(task, code, message, again)
            return
        self._observe("worked", task)
        commit = {"plan": self._planned, "segment": self._checked, "final": self._finished}[task.role]
        done = self._persist(partial(commit, task, answer))
        self._observe("committed", task)
        log.info("task done" if done else "task was done by another", ms=round(1000 * (time.monotonic() - started)))

    def _planned(self, task: Task, plan: Any) -> bool:
        return self._store.tasks.planned(
            task, plan.result, plan.segments, source=plan.source, content_hash=plan.content_hash
        )

    def _checked(self, task: Task, outcome: Any) -> bool:
        return self._store.tasks.checked(task, outcome.result, outcome.records, amount=outcome.amount)

    def _finished(self, task: Task, ending: Any) -> bool:
        done = self._store.tasks.finished(
            task, ending.result, ending.records, detail=ending.detail, forget_segments=ending.forget_segments
        )
        blob = task.job.source.get("blob")
        # A recording is kept as other contents are; what came by URL never is. Housekeeping deletes it in its time.
        keep = self._settings.keep_originals_days > 0 and task.job.kind == "media" and "url" not in task.job.source
        if done and blob and not keep:
            used = partial(self._store.jobs.uses_blob, str(blob), but=task.job.id)
            self._quietly(partial(self._blobs.remove, str(blob), used=used), "a submitted file could not be deleted")
        return done

    def _give_up(self, task: Task, code: str, message: str, again_s: float | None) -> None:
        # Callers see it, and subscribers of webhooks: where their file lies here is nothing to them.
        error = {"code": code, "message": self._blobs.unnamed(message)[:1_000]}
        spare = task.role == "segment" and task.job.kind in self._spared
        self._persist(partial(self._store.tasks.failed, task, error, again_s=again_s, spare=spare))

    def _persist(self, work: Callable[[], T]) -> T:
        """Write to the store; while it cannot be reached, hold on and try again.

        Raises:
            StoreError: for too long; the task is found and done again later.
        """
        deadline, pause = time.monotonic() + _PERSIST_S, 0.2
        while True:
            try:
                return work()
            except StoreError as error:
                if time.monotonic() + pause > deadline or self._ended.wait(pause):
                    raise
                structlog.get_logger().warning("the store does not answer; trying again", why=error.message)
                pause = min(10.0, pause * 2)

    def _in_time(self, step: Callable[[], T]) -> T:
        """Run a step in a thread of its own, so that one that hangs can be left behind.

        Raises:
            TimeoutError: it took too long.
        """
        box: list[tuple[bool, Any]] = []
        done = threading.Event()

        def call() -> None:
            try:
                box.append((True, step()))
            except BaseException as error:
                box.append((False, error))
            finally:
                done.set()

        threading.Thread(target=call, name="evenhand-job", daemon=True).start()
        if not done.wait(self._settings.jobs_segment_timeout_s):
            limit = self._settings.jobs_segment_timeout_s
            raise TimeoutError(f"it took longer than {limit:g} s (EVENHAND_JOBS_SEGMENT_TIMEOUT_S)")
        good, value = box[0]
        if not good:
            raise value
        result: T = value
        return result

    def _work(self, task: Task) -> Work:
        asked, wanted = time.monotonic(), True

        def stopped() -> bool:
            nonlocal asked, wanted
            if self._ended.is_set():
                return True
            if wanted and time.monotonic() - asked > _ASK_S:
                asked = time.monotonic()
                wanted = self._store.tasks.wanted(task)
            return not wanted

        return Work(
            task=task,
            settings=self._settings,
            store=self._store,
            moderator=self._moderator,
            blobs=self._blobs,
            wait=partial(self._wait, stopped),
            stopped=stopped,
        )

    def _wait(self, stopped: Callable[[], bool], coroutine: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        while True:
            try:
                return future.result(_TURN_S)
            except WaitTimeoutError:
                if future.done():
                    raise  # the coroutine's own
                if stopped():
                    future.cancel()
                    raise StoppedError("the job was cancelled, or the worker stops") from None
