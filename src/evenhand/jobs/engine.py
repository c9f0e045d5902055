"""The queue: DBOS Transact, on SQLite beside the store's file or in a schema of the store's PostgreSQL database.

What it holds are ids (job, task, try): no content, no result. It runs as a library in this process and talks to its
database only: no hosted conductor, no exporter of its own, no file in the working folder, nothing listens.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, create_engine, event

from evenhand.errors import SettingsError, StoreError
from evenhand.settings import Settings
from evenhand.store.database import make_private
from evenhand.store.jobrecords import PRIORITIES, Waiting
from evenhand.store.jobtasks import task_key
from evenhand.telemetry import fault

if TYPE_CHECKING:
    from dbos import DBOSConfig

_WORKFLOW = "evenhand_task"
_VERSION = "evenhand-jobs-1"  # changes when an older worker could not do a newer one's tasks
_SCHEMA = "evenhand_jobs"
_NO_LIMIT = 100_000
_POLL_S = {"live": 0.25, "interactive": 0.25, "bulk": 0.5}
_AHEAD = 2  # tasks claimed for each place: the next is at hand when one ends
_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_HELD = ["ENQUEUED", "PENDING", "DELAYED"]

Run = Callable[[str, int, int], None]  # job, number, round


class Queue:
    """The queues of this process. There is one at a time: DBOS keeps its state in the module.

    Args:
        settings: limits of the queues.
        url: of the store's database.
        worker: id of this worker.
        run: does a task; called from many threads.

    Raises:
        SettingsError: the extra is not installed, or the database cannot hold a queue.
        StoreError: the database cannot be reached.
    """

    def __init__(self, settings: Settings, url: URL, *, worker: str, run: Run) -> None:
        dbos = _library()
        if getattr(dbos, "_dbos", None) is not None and dbos._dbos._dbos_global_instance is not None:
            raise SettingsError("Jobs are worked on in this process already; start another process for more.")
        self._dbos, self._engine = dbos.DBOS, _engine(url)
        self._handler = _hear()
        config: DBOSConfig = {
            "name": "evenhand",
            "executor_id": worker,
            "application_version": _VERSION,
            "system_database_url": _address(url),
            "dbos_system_schema": _SCHEMA,
            "sys_db_pool_size": 8,
            "serializer": _json_serializer(),
            "enable_otlp": False,
            "log_level": "WARNING",
            "use_listen_notify": False,  # only queues are used, and they are polled
            "run_migrations": True,
            "scheduler_polling_interval_sec": 3600.0,  # there are no schedules
            "notification_listener_polling_interval_sec": 0.5,
        }
        if self._engine is not None:
            config["system_database_engine"] = self._engine
        try:
            instance = self._dbos(config=config)

            self._dbos.workflow(name=_WORKFLOW, max_recovery_attempts=None)(_task_of(run))
            self._dbos.launch()
            self._instance = instance
            for priority in PRIORITIES:
                self._register(settings, priority)
        except Exception as error:
            self.close()
            raise StoreError(
                f"The queue of jobs cannot be opened ({type(error).__name__}): check EVENHAND_DATABASE_URL, that the "
                "server runs and that its user may make a schema."
            ) from error

    def put(self, tasks: Iterable[Waiting]) -> None:
        """Put tasks into the queue; one that is there already is left as it is.

        Raises:
            StoreError: the queue's database refused or cannot be reached.
        """
        for one in tasks:
            options: Any = {
                "workflow_name": _WORKFLOW,
                "queue_name": _name(one.priority),
                "workflow_id": task_key(one.job_id, one.number, one.round),
                "queue_partition_key": one.tenant or "-",
                "app_version": _VERSION,
            }
            self._ask(partial(self._dbos.enqueue_workflow_with_options, options, one.job_id, one.number, one.round))

    def recover(self, workers: Sequence[str]) -> None:
        """Give what dead workers had in hand to the living.

        Raises:
            StoreError: the queue's database refused or cannot be reached.
        """
        self._ask(lambda: self._dbos._recover_pending_workflows(list(workers)))

    def holds(self, keys: Sequence[str]) -> set[str]:
        """Give those of some tries (`task_key`) that the queue holds.

        Raises:
            StoreError: the queue's database refused or cannot be reached.
        """
        found = self._ask(
            lambda: self._dbos.list_workflows(
                workflow_ids=list(keys), status=_HELD, load_input=False, load_output=False, limit=len(keys) or 1
            )
        )
        return {status.workflow_id for status in found}

    def holders(self) -> set[str]:
        """Give the ids of the workers that have tasks in hand, dead or alive.

        Raises:
            StoreError: the queue's database refused or cannot be reached.
        """
        found = self._ask(lambda: self._dbos.list_workflows(status="PENDING", load_input=False, load_output=False))
        return {status.executor_id for status in found if status.executor_id}

    def tidy(self, older: timedelta = timedelta(minutes=5), limit: int = 1_000) -> int:
        """Delete what is over from the queue's tables; give how many rows.

        Raises:
            StoreError: the queue's database refused or cannot be reached.
        """
        before = (datetime.now(UTC) - older).isoformat()
        found = self._ask(
            lambda: self._dbos.list_workflows(
                status=_OVER, end_time=before, load_input=False, load_output=False, limit=limit
            )
        )
        over = [status.workflow_id for status in found]
        if over:
            self._ask(lambda: self._dbos.delete_workflows(over))
        return len(over)

    def stop_claiming(self) -> None:
        """Take no more tasks."""
        for stop in self._instance.background_thread_stop_events:
            stop.set()

    def close(self) -> None:
        """End the queue's threads and connections; what runs goes on in its thread, and is recorded nowhere here."""
        instance = getattr(self, "_instance", None)
        system = None if instance is None else instance._sys_db_field
        self._dbos.destroy(destroy_registry=True)
        if system is not None:
            # The thread of a task that was given back asks for its result, from whoever does it now, once a second for
            # as long as the process lives, and keeps it from ending: nobody here wants to know.
            system.check_workflow_result = _leave
        if self._engine is not None:
            self._engine.dispose()
        logging.getLogger("dbos").removeHandler(self._handler)

    def _register(self, settings: Settings, priority: str) -> None:
        places = settings.jobs_live if priority == "live" else _AHEAD * settings.jobs_slots
        rate = settings.jobs_rate
        self._dbos.register_queue(
            _name(priority),
            worker_concurrency=places,
            partition_concurrency=settings.jobs_per_tenant or _NO_LIMIT,
            partition_limiter={"limit": rate, "period": 60.0} if rate else None,
            polling_interval_sec=_POLL_S[priority],
            on_conflict="always_update",
        )

    @staticmethod
    def _ask(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except Exception as error:
            raise StoreError(f"The queue of jobs cannot be reached ({type(error).__name__}); try again.") from error


def require() -> None:
    """Check that jobs can be worked on here.

    Raises:
        SettingsError: the extra is not installed.
    """
    _library()


def available() -> bool:
    """Say whether jobs could be worked on here: the extra is installed."""
    return importlib.util.find_spec("dbos") is not None


def _leave(*_: Any, **__: Any) -> Any:
    raise SystemExit  # ends the thread it is raised in, and DBOS writes no error about it


def _task_of(run: Run) -> Run:
    def task(job_id: str, number: int, round_: int) -> None:
        run(job_id, number, round_)

    return task


def _library() -> Any:
    if os.environ.get("DBOS__CLOUD") == "true":
        raise SettingsError("DBOS__CLOUD is set, which would report to a hosted service; unset it.")
    try:
        import dbos
        import dbos._dbos
    except ImportError as error:
        raise SettingsError("Jobs need the extra 'jobs': pip install 'evenhand[jobs]'.") from error
    return dbos


def _name(priority: str) -> str:
    return f"evenhand-{priority}"


def _address(url: URL) -> str:
    if url.get_backend_name() != "sqlite":
        return url.render_as_string(hide_password=False)
    return URL.create("sqlite", database=str(_file(url))).render_as_string()


def _file(url: URL) -> Path:
    """Give the file of the queue on SQLite: beside the store's, so that its many small writes hold up no decision."""
    if url.database in {None, "", ":memory:"}:
        raise SettingsError("Jobs need a database that lasts: set EVENHAND_DATABASE_URL to a file or to PostgreSQL.")
    store = Path(str(url.database))
    return store.with_name(f"{store.stem}-jobs{store.suffix}")


def _engine(url: URL) -> Engine | None:
    """Make the engine for SQLite; for PostgreSQL, DBOS makes a good one itself."""
    if url.get_backend_name() != "sqlite":
        return None
    path = _file(url)
    try:
        make_private(path)
        with sqlite3.connect(path, timeout=30) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path}: the queue's file cannot be made; check its folder and the disk.") from error
    engine = create_engine(
        URL.create("sqlite", database=str(path)), pool_size=8, max_overflow=4, connect_args={"timeout": 30}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _json_serializer() -> Any:
    """Give a serializer that holds plain JSON: what is in a database is never run as code (the default is pickle)."""
    from dbos import Serializer

    class Plain(Serializer):
        def serialize(self, data: Any) -> str:
            return json.dumps(data, default=lambda value: f"{type(value).__name__}")

        def deserialize(self, serialized_data: str) -> Any:
            return json.loads(serialized_data)

        def name(self) -> str:
            return "evenhand_json"

    return Plain()


class _Told(logging.Handler):
    """Puts the library's warnings into our own log; its console is not used."""

    def emit(self, record: logging.LogRecord) -> None:
        import structlog

        error = record.exc_info[1] if record.exc_info else None
        more = fault(error) if error is not None else {}
        structlog.get_logger().log(record.levelno, record.getMessage()[:300], source="queue", **more)


def _hear() -> logging.Handler:
    handler = _Told(level=logging.WARNING)
    logger = logging.getLogger("dbos")
    logger.propagate = False
    logger.addHandler(handler)  # with a handler there, the library adds none of its own
    return handler
