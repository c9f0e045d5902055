"""Run by Alembic, only through `evenhand.store.migrate`, which gives it a connection inside a transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from evenhand.errors import StoreError
from evenhand.store.schema import metadata

connection = context.config.attributes.get("connection")
if not isinstance(connection, Connection):
    raise StoreError("migrations run through Store.migrate() or `evenhand db upgrade`, not through alembic itself")
# Both databases can undo DDL. The transaction is the caller's, so that the lock is held until all is done.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
