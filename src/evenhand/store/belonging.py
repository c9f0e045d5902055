"""Whose things are: which tenant a key or a person belongs to, and which decisions and contents are a tenant's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, null, or_, select, union_all

from evenhand.errors import NotFoundError
from evenhand.store.accountrows import of_tenant
from evenhand.store.accounttables import users
from evenhand.store.database import Database
from evenhand.store.schema import api_keys, decisions, dialect_keys

_MOST_KNOWN = 100_000


class Belonging:
    """Tells tenants apart.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, str | None] = {}  # neither keys nor people ever change their tenant

    def known(self, caller: str | None) -> bool:
        """Say whether `tenant` answers without asking the database."""
        return caller is None or caller in self._known

    def tenant(self, caller: str | None) -> str | None:
        """Give the id of the tenant that a key or a person belongs to; None: nobody's, or there is no such one.

        Args:
            caller: id of an API key or a user; None: whoever needs neither.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        if caller is None or "\x00" in caller:
            return None
        if caller in self._known:
            return self._known[caller]
        keys = select(api_keys.c.tenant).where(api_keys.c.id == caller)
        people = select(users.c.tenant).where(users.c.id == caller)
        # Key pairs of other vendors' protocols belong to nobody; that is worth remembering, too: each request asks.
        pairs = select(null().label("tenant")).where(dialect_keys.c.id == caller)

        def find(connection: Connection) -> Row[Any] | None:
            found = (connection.execute(query).first() for query in (keys, people, pairs))
            return next((row for row in found if row is not None), None)

        row = self._database.read(find)
        if row is None:
            return None  # perhaps made in a moment: nothing to remember
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[caller] = row.tenant
        return self._known[caller]

    def check_content(self, content_hash: str, tenant: str | None) -> None:
        """Check that a tenant's keys or people sent a content; None: whoever sent it.

        Raises:
            NotFoundError: they did not.
            StoreError: the database refused or cannot be reached.
        """
        if tenant is None:
            return
        query = select(decisions.c.decision_id).where(decisions.c.content_hash == content_hash.replace("\x00", ""))
        query = query.where(of_tenant(decisions.c.key_id, tenant)).limit(1)
        if self._database.read(lambda connection: connection.execute(query).first()) is None:
            raise NotFoundError(f"no content with the hash {content_hash[:80]!r} is kept")


def mine(column: Column[Any], tenant: str | None) -> list[ColumnElement[bool]]:
    """Give the condition that a column with the id of a key or a user names one of a tenant's; none for None."""
    return [] if tenant is None else [of_tenant(column, tenant)]


def callers_of(connection: Connection, tenant: str) -> list[str]:
    """Give the ids of a tenant's keys and people."""
    keys = select(api_keys.c.id).where(api_keys.c.tenant == tenant)
    people = select(users.c.id).where(users.c.tenant == tenant)
    return list(connection.execute(union_all(keys, people)).scalars())


def asked_by(column: Column[Any], who: str | None) -> list[ColumnElement[bool]]:
    """Give the condition that a column with the id of a key or a user names this one, or one of this tenant's.

    Args:
        column: e.g. `tenant` of jobs and streams.
        who: id of a key, a user or a tenant; None: everybody.
    """
    return [] if who is None else [or_(column == who, of_tenant(column, who))]


def theirs(column: Column[Any], tenant: str | None) -> list[ColumnElement[bool]]:
    """Give the condition that a column with the id of a decision names one that a tenant asked for; none for None."""
    if tenant is None:
        return []
    return [column.in_(select(decisions.c.decision_id).where(of_tenant(decisions.c.key_id, tenant)))]


def owned(column: Column[Any], tenant: str | None) -> list[ColumnElement[bool]]:
    """Give the condition that a column with the id of a tenant names this one; none for None: everybody's."""
    return [] if tenant is None else [column == tenant]


def readable(column: Column[Any], tenant: str | None) -> list[ColumnElement[bool]]:
    """Give the condition that something is this tenant's, or nobody's; none for None: everybody's."""
    return [] if tenant is None else [or_(column.is_(None), column == tenant)]
