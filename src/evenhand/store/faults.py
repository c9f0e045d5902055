"""What the database's errors mean, and what to do about them. No error carries SQL, parameters or a password."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from evenhand.errors import StoreError

NOT_MIGRATED = "the store has no tables yet, or older ones: run `evenhand db upgrade`"

_SQLITE = {
    sqlite3.SQLITE_BUSY: "the database stayed locked by another process: try again; for many writers use PostgreSQL",
    sqlite3.SQLITE_LOCKED: "the database stayed locked by another connection: try again",
    sqlite3.SQLITE_FULL: "the disk is full: free space or shorten what is kept; nothing of this request was stored",
    sqlite3.SQLITE_READONLY: "the database cannot be written: check the permissions of its file and folder",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened: check that its folder exists and may be written",
    sqlite3.SQLITE_IOERR: "reading or writing the database file failed: check the disk; it must be a local one",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged: restore it from a backup",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database: check EVENHAND_DATABASE_URL",
}

# SQLSTATE, whole or its two-character class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES = {
    "28": "PostgreSQL refused the user or the password: check EVENHAND_DATABASE_URL",
    "3D000": "that database does not exist on the PostgreSQL server: create it with `createdb`",
    "42501": "PostgreSQL denied a permission: grant the user its rights on the tables and the schema",
    "42P01": NOT_MIGRATED,
    "42703": NOT_MIGRATED,
    "53100": "PostgreSQL's disk is full: free space; nothing of this request was stored",
    "53300": "PostgreSQL has no connection left: raise max_connections or run fewer processes",
    "53": "PostgreSQL lacks memory or space: see its log",
    "57": "PostgreSQL is stopping, starting or ended the query: try again",
    "40": "PostgreSQL broke off one of two transactions in each other's way: try again",
}


def may_try_again(error: SQLAlchemyError) -> bool:
    """Tell whether the whole transaction may simply be run once more: a lost connection, a deadlock."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or (isinstance(state, str) and state.startswith(("40", "57P")))


def _advice(error: SQLAlchemyError) -> str:
    if isinstance(error, PoolTimeoutError):
        return "every database connection of this process is in use: try again, or send fewer requests at once"
    if isinstance(error, IntegrityError):
        return "the database refused a row that breaks one of its rules: this is a fault in evenhand, please report it"
    cause = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.Error):
        if "no such table" in str(cause) or "no such column" in str(cause) or "has no column" in str(cause):
            return NOT_MIGRATED
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the low byte is the family of an extended code
        return _SQLITE.get(code, f"SQLite failed ({getattr(cause, 'sqlite_errorname', type(cause).__name__)})")
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        return _POSTGRES.get(state) or _POSTGRES.get(state[:2]) or f"PostgreSQL failed (SQLSTATE {state}): see its log"
    if cause is not None:
        # psycopg gives no SQLSTATE when there was never a session: host, port, password, TLS.
        return "PostgreSQL cannot be reached, or refused the user: check EVENHAND_DATABASE_URL and that the server runs"
    return f"the database layer failed ({type(error).__name__})"


def as_store_error(error: SQLAlchemyError, address: str) -> StoreError:
    """Give the error to raise instead.

    Args:
        error: what SQLAlchemy raised.
        address: the store's URL without its password.
    """
    return StoreError(f"{address}: {_advice(error)}")
