"""Migrations: brings a database to this version's tables, safely from several processes at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from evenhand.errors import StoreError
from evenhand.store.database import Database
from evenhand.store.faults import NOT_MIGRATED
from evenhand.store.schema import REVISIONS

_LOCK = 0x6576656E68616E64  # "evenhand" in ASCII: the key of PostgreSQL's advisory lock
_FOLDER = Path(__file__).parent / "migrations"


def migrate(database: Database, *, revision: str = "head") -> None:
    """Upgrade the tables, in one transaction; a second process waits for the first and finds nothing to do.

    A database that a newer evenhand migrated is left alone.

    Args:
        database: where.
        revision: up to which revision; tests use it.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    from alembic import command
    from alembic.config import Config

    def work(connection: Connection) -> None:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        current = current_revision(connection)
        if current is not None and current not in REVISIONS:
            return
        config = Config()
        config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    database.write(work, repeatable=True)


def current_revision(connection: Connection) -> str | None:
    """Give the revision that the database has; None: no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def check(database: Database) -> None:
    """Check that the database answers and has the tables that this version needs.

    A revision unknown here is a newer one: tables are widened before new code needs them and narrowed only after
    the old code is gone, so running on it is fine.

    Raises:
        StoreError: it cannot be reached, or must be migrated first.
    """
    current = database.read(current_revision)
    if current is None or current in REVISIONS[:-1]:
        raise StoreError(f"{database.address}: {NOT_MIGRATED}")
