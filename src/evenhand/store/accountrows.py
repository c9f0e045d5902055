"""Rows of accounts as values, and which rows of others are a tenant's."""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, or_, select

from evenhand.errors import NotFoundError
from evenhand.store.accountrecords import Session, User
from evenhand.store.accounttables import users
from evenhand.store.schema import api_keys

_LONGEST = 200


def login_name(name: str) -> str:
    """Give the form in which names are compared: no two people differ by case or look alike by width.

    Raises:
        ValueError: it is empty, too long, or holds what cannot be seen.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
    if not 1 <= len(folded) <= _LONGEST or len(name) > _LONGEST:
        raise ValueError(f"a name has 1 to {_LONGEST} characters")
    if any(unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" for char in folded):
        raise ValueError("a name holds no invisible characters")
    return folded


def user_of(row: Row[Any]) -> User:
    """Give a user without their secrets."""
    return User(
        id=row.id,
        name=row.name,
        roles=tuple(row.roles),
        queues=tuple(row.queues),
        labels=tuple(row.labels),
        tenant=row.tenant,
        has_password=row.password is not None,
        must_change=bool(row.must_change),
        has_totp=row.totp_at is not None,
        recovery_left=len(row.recovery),
        external=row.external is not None,
        language=row.language,
        theme=row.theme,
        created_by=row.created_by,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        last_login_at=row.last_login_at,
    )


def session_of(row: Row[Any]) -> Session:
    """Give a session without its cookie."""
    names = ("id", "user_id", "how", "address", "agent", "created_at", "seen_at", "expires_at")
    return Session(**{name: getattr(row, name) for name in names})


def find_user(connection: Connection, name: str, *, lock: bool = False) -> Row[Any]:
    """Give a user's row by id or name.

    Raises:
        NotFoundError: there is none.
    """
    try:
        login = login_name(name)
    except ValueError:
        login = None
    query = select(users).where(or_(users.c.id == name, users.c.login == login))
    # Ids come first: nobody takes another's place by taking their id for a name.
    rows = connection.execute(query.with_for_update() if lock else query).all() if login is not None else []
    found = sorted(rows, key=lambda row: row.id != name)
    if not found:
        raise NotFoundError(f"no account has the id or name {name[:80]!r}; `evenhand accounts list` shows them")
    return found[0]


def of_tenant(column: Column[Any], tenant: str) -> ColumnElement[bool]:
    """Give the condition that a column with the id of a key or a user names one of a tenant's.

    Args:
        column: e.g. `decisions.c.key_id`, or `tenant` of review items, jobs and streams.
        tenant: id of the tenant.
    """
    keys = select(api_keys.c.id).where(api_keys.c.tenant == tenant)
    people = select(users.c.id).where(users.c.tenant == tenant)
    return or_(column.in_(keys), column.in_(people))
