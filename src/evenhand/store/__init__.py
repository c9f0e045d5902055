"""The store: what evenhand remembers, in SQLite or PostgreSQL.

    open_store(url) -> Store   one object: record, decision, decisions, purge, delete_content, keys, idempotency...
    records.py                 what goes in and comes out; frozen values
    schema.py, columns.py      the tables, and types that mean the same on both databases
    database.py, faults.py     connections and transactions; what the database's errors mean
    decisions.py, retention.py, keys.py, idempotency.py, versions.py, classes.py,
    dialects.py, blocklists.py one idea each, over the same Database
    sealing.py                 secrets that must be readable again, encrypted at rest
    migrate.py, migrations/    how a database comes to have the tables

By default it keeps decisions with their evidence, and never the content itself. Importing this package does not
import SQLAlchemy; opening a store does.
"""

from evenhand.store.opening import open_store
from evenhand.store.recorder import StoreRecorder
from evenhand.store.records import (
    Blocklist,
    BlocklistItem,
    Claim,
    Deleted,
    DialectKey,
    Filters,
    KeyInfo,
    LibraryVersion,
    NewKey,
    Original,
    Page,
    PolicyVersion,
    Record,
    Replay,
    Suggestion,
)
from evenhand.store.store import Store

__all__ = [
    "Blocklist",
    "BlocklistItem",
    "Claim",
    "Deleted",
    "DialectKey",
    "Filters",
    "KeyInfo",
    "LibraryVersion",
    "NewKey",
    "Original",
    "Page",
    "PolicyVersion",
    "Record",
    "Replay",
    "Store",
    "StoreRecorder",
    "Suggestion",
    "open_store",
]
