"""Both databases, for tests of what marks and items make of past decisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'past.db'}"
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    postgres.execute("DROP DATABASE IF EXISTS review_past WITH (FORCE)")
    postgres.execute("CREATE DATABASE review_past")
    return postgres.url("review_past")
