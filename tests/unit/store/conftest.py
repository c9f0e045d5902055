"""One store for each test, on SQLite and again on PostgreSQL: both hold to the same contract."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from evenhand.settings import Settings
from evenhand.store import Store, open_store
from evenhand.store.schema import metadata
from tests.postgres import PostgresServer

OpenStore = Callable[..., Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'evenhand.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def sqlite_migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated database file, to be copied: quicker than to migrate for each test."""
    path = tmp_path_factory.mktemp("store") / "migrated.db"
    store = open_store(f"sqlite:///{path}")
    store.migrate()
    store.database.forget()
    store.close()
    return path


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: PostgresServer) -> Iterator[Store]:
    """Give a migrated PostgreSQL database, to be emptied: quicker than to make one for each test."""
    postgres_server.execute("CREATE DATABASE store_tests")
    store = open_store(postgres_server.url("store_tests"))
    store.migrate()
    yield store
    store.close()


def _empty(connection: Connection) -> None:
    connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)}"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a migrated database with nothing in it."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_migrated"), tmp_path / "evenhand.db")
        return f"sqlite:///{tmp_path / 'evenhand.db'}"
    shared: Store = request.getfixturevalue("postgres_migrated")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    shared.database.write(_empty)
    return server.url("store_tests")


@pytest.fixture
def open_here(store_url: str) -> Iterator[OpenStore]:
    """Give a function that opens the test's database with settings of choice."""
    with ExitStack() as stack:

        def open_with(**settings: object) -> Store:
            store = open_store(store_url, settings=Settings.model_validate(settings))
            stack.callback(store.close)
            return store

        yield open_with


@pytest.fixture
def store(open_here: OpenStore) -> Store:
    """Give a store with default settings."""
    return open_here()
