"""The engine: connections, transactions, and one way in for all reads and writes."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from evenhand.errors import StoreError
from evenhand.store.address import masked
from evenhand.store.checkpoint import BACKSTOP_PAGES, Checkpointer
from evenhand.store.columns import dumps, loads
from evenhand.store.faults import as_store_error, may_try_again

T = TypeVar("T")
Begin = Literal["DEFERRED", "IMMEDIATE"]
_BEGIN = "evenhand_begin"


def make_private(path: Path) -> None:
    """Make a database's file, for its owner alone, where there is none.

    One that is there is never opened here: closing a file takes away all locks that this process holds on it, those of
    SQLite's own connections, too, and another process would then take the log away under them
    (https://www.sqlite.org/howtocorrupt.html, section 2.2).

    Raises:
        OSError: it cannot be made, or be read and written.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


class Database:
    """A pool of connections to one database. Safe to share between threads; not between forked processes.

    Args:
        url: as `read_url` gives it.
        busy_timeout_s: seconds to wait for a lock or for a free connection.
    """

    def __init__(self, url: URL, *, busy_timeout_s: float = 15.0) -> None:
        self.address = masked(url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._busy_timeout_s = busy_timeout_s
        self._turn = threading.Lock()
        self._reading = threading.local()  # the connection of a thread that reads together
        in_memory = self.is_sqlite and url.database in {None, "", ":memory:"}
        if self.is_sqlite and not in_memory:
            self._make_file(Path(str(url.database)))
        self._checkpointer = Checkpointer(str(url.database)) if self.is_sqlite and not in_memory else None
        # An in-memory database lives in its one connection, so that one is shared and never closed.
        size = {"pool_size": 1, "max_overflow": 0} if in_memory else {"pool_size": 8, "max_overflow": 8}
        self.engine: Engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_timeout=busy_timeout_s,
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,  # parameters are people's content: never in an error or a log
            json_serializer=dumps,
            json_deserializer=loads,
            connect_args={"timeout": busy_timeout_s, "check_same_thread": False}
            if self.is_sqlite
            else {"connect_timeout": max(2, int(busy_timeout_s)), "application_name": "evenhand"},
            **size,
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", self._prepare)
            event.listen(self.engine, "begin", _begin)

    def _make_file(self, path: Path) -> None:
        """Make folder and file readable by their owner alone: they hold people's content."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_private(path)
        except OSError as error:
            raise StoreError(
                f"{self.address}: the file cannot be made ({error.strerror}); set EVENHAND_DATABASE_URL or "
                "EVENHAND_DATA_DIR to a place that may be written"
            ) from error

    def _prepare(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, see _begin
        cursor = connection.cursor()
        try:
            checkpoints = f"wal_autocheckpoint={BACKSTOP_PAGES}"
            for pragma in (
                "foreign_keys=ON",
                "synchronous=NORMAL",
                "secure_delete=ON",
                "cache_size=-16000",
                checkpoints,
            ):
                cursor.execute(f"PRAGMA {pragma}")
            deadline = time.monotonic() + self._busy_timeout_s
            # Changing the journal does not wait for locks by itself; once changed, the file remembers.
            while cursor.execute("PRAGMA journal_mode").fetchone()[0] not in {"wal", "memory"}:
                try:
                    cursor.execute("PRAGMA journal_mode=WAL")
                except sqlite3.OperationalError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
        finally:
            cursor.close()

    def _run(self, work: Callable[[Connection], T], begin: Begin, attempts: int) -> T:
        while True:
            attempts -= 1
            try:
                with self.engine.connect().execution_options(**{_BEGIN: begin}) as connection, connection.begin():
                    return work(connection)
            except SQLAlchemyError as error:
                if attempts <= 0 or not may_try_again(error):
                    raise as_store_error(error, self.address) from error

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run reading work in one transaction; once more if the connection was lost.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        shared: Connection | None = getattr(self._reading, "connection", None)
        if shared is not None:
            return work(shared)
        return self._run(work, "DEFERRED", 2)

    def together(self, work: Callable[[], T]) -> T:
        """Run work whose reads, on this thread, are to be one transaction; once more if the connection was lost.

        One connection instead of one a read. On SQLite, all of them see the same state. What it writes is, as ever, in
        transactions of its own.

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def run(connection: Connection) -> T:
            self._reading.connection = connection
            try:
                return work()
            finally:
                self._reading.connection = None

        return self._run(run, "DEFERRED", 2)

    def write(self, work: Callable[[Connection], T], *, repeatable: bool = False) -> T:
        """Run writing work in one transaction: all of it is stored, or nothing.

        Args:
            work: gets the connection.
            repeatable: doing it twice is the same as once, so a lost connection is tried again.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        with self._in_turn():
            done = self._run(work, "IMMEDIATE", 2 if repeatable else 1)
        if self._checkpointer is not None:
            self._checkpointer.wrote()
        return done

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Let this process's writers of an SQLite file wait for each other here, and go on the moment it is their turn.

        SQLite lets who waits for its one lock sleep, longer each time, up to a tenth of a second. Other processes still
        wait that way; so does who has waited here in vain, and is then told what SQLite says.
        """
        mine = self.is_sqlite and self._turn.acquire(timeout=self._busy_timeout_s)
        try:
            yield
        finally:
            if mine:
                self._turn.release()

    def insert(self, table: Table) -> Any:
        """Start an INSERT that knows ON CONFLICT, which both databases spell the same."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def forget(self) -> None:
        """On SQLite, empty the write-ahead log, where deleted content would otherwise stay a while. Best effort."""
        if self.is_sqlite:
            try:
                with self.engine.connect() as connection:
                    raw = connection.connection.driver_connection
                    if isinstance(raw, sqlite3.Connection):
                        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except (SQLAlchemyError, sqlite3.Error):
                return  # another connection is reading: the next checkpoint does it

    def close(self) -> None:
        """Close every connection."""
        if self._checkpointer is not None:
            self._checkpointer.close()
        self.engine.dispose()


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once: a transaction that reads first and writes later cannot wait for it (SQLite
    # answers SQLITE_BUSY without delay when another wrote in between).
    begin = connection.get_execution_options().get(_BEGIN, "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {begin}")
