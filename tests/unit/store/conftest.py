"""One store for each test, on SQLite and again on PostgreSQL: both hold to the same contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from evenhand.settings import Settings
from evenhand.store import Store, open_store

OpenStore = Callable[..., Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'evenhand.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def open_here(store_url: str) -> Iterator[OpenStore]:
    """Give a function that opens the test's database with settings of choice, migrated."""
    with ExitStack() as stack:

        def open_with(**settings: object) -> Store:
            store = open_store(store_url, settings=Settings.model_validate(settings))
            stack.callback(store.close)
            store.migrate()
            return store

        yield open_with


@pytest.fixture
def store(open_here: OpenStore) -> Store:
    """Give a store with default settings."""
    return open_here()
