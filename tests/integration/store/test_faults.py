"""When the database fails: a clear error that says what to do, no secret in it, and the next call works again."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from evenhand.errors import StoreError
from evenhand.settings import Settings
from evenhand.store import Store, open_store
from evenhand.store.address import read_url
from evenhand.store.database import Database
from evenhand.store.decisions import Decisions
from tests.postgres import PostgresServer
from tests.unit.store.factory import record

_SECRET = "someone's own words"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a migrated database file."""
    store = open_store(f"sqlite:///{tmp_path / 'e.db'}")
    store.migrate()
    store.close()
    return tmp_path / "e.db"


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Store]:
    """Give a migrated store on PostgreSQL."""
    store = open_store(postgres_url)
    store.migrate()
    yield store
    store.close()


def _said(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_a_full_disk_stores_nothing_and_recovers(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    limit = {"pages": 0}

    @event.listens_for(store.database.engine, "begin")
    def _limit(connection: object) -> None:
        # What SQLite answers at this limit is what it answers on a full disk.
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit['pages'] or 2**30}")  # type: ignore[attr-defined]

    store.record([record()])
    limit["pages"] = 1  # no less than it has now
    many = [record(reason=_SECRET * 50) for _ in range(500)]
    with pytest.raises(StoreError, match="disk is full") as caught:
        store.record(many)
    assert _SECRET not in _said(caught.value)
    assert store.log.count() == 1
    limit["pages"] = 0
    store.record(many)
    assert store.log.count() == 501
    store.close()


def test_a_locked_database_waits_then_says_so(path: Path) -> None:
    settings = Settings()
    database = Database(read_url(f"sqlite:///{path}", settings), busy_timeout_s=0.2)
    log = Decisions(database, settings)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="stayed locked"):
        log.record([record()])
    assert log.count() == 0  # readers are not kept waiting by a writer
    other.execute("COMMIT")
    log.record([record()])
    assert log.count() == 1
    other.close()
    database.close()


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"not a database, but long enough " * 200, "not a SQLite database"), (None, "damaged|not a SQLite")],
)
def test_a_damaged_file_is_named(path: Path, body: bytes | None, said: str) -> None:
    whole = path.read_bytes()
    path.write_bytes(body if body is not None else whole[:100] + b"\xff" * (len(whole) - 100))
    store = open_store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match=said):
        store.check()
    store.close()


def test_killed_connections_are_replaced(postgres: Store, postgres_server: PostgresServer) -> None:
    name = str(postgres.database.engine.url.database)
    for _ in range(3):
        postgres.record([record()])
        assert postgres_server.kill_connections(name) >= 1
        postgres.record([record()])
        assert postgres_server.kill_connections(name) >= 1
        postgres.check()
    assert postgres.log.count() == 6


def test_a_connection_killed_at_work_is_tried_again(postgres: Store, postgres_server: PostgresServer) -> None:
    name, once = str(postgres.database.engine.url.database), [True]

    @event.listens_for(postgres.database.engine, "before_cursor_execute")
    def _kill(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if once and statement.startswith("INSERT INTO decisions"):
            once.clear()
            postgres_server.kill_connections(name)

    postgres.record([record(), record()])
    assert not once
    assert postgres.log.count() == 2


def test_a_stopped_server_is_named_without_the_password(postgres_server: PostgresServer) -> None:
    url = postgres_server.url().replace(str(postgres_server.port), "1")
    store = open_store(url)
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        store.check()
    assert "not-a-real-secret" not in _said(caught.value)
    assert "***" in caught.value.message
    store.close()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("not-a-real-secret", "wrong-s3cret", "refused the user"),
        ("evenhand:", "nobody:", "refused the user"),
        ("/postgres", "/absent", "does not exist|cannot be reached"),
    ],
)
def test_a_refusal_is_named_without_the_password(
    postgres_server: PostgresServer, old: str, new: str, said: str
) -> None:
    store = open_store(postgres_server.url().replace(old, new))
    with pytest.raises(StoreError, match=said) as caught:
        store.check()
    for secret in ("not-a-real-secret", "wrong-s3cret"):
        assert secret not in _said(caught.value)
    store.close()


def test_no_sql_and_no_content_in_errors(postgres: Store) -> None:
    postgres.database.write(lambda c: c.execute(text("ALTER TABLE decisions ADD CHECK (length(reason) < 10)")))
    with pytest.raises(StoreError) as caught:
        postgres.record([record(reason=_SECRET)])
    assert "INSERT" not in caught.value.message
    assert _SECRET not in caught.value.message
    assert postgres.log.count() == 0


def test_a_closed_store_opens_again(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    store.check()
    store.close()
    store.check()
    store.close()
