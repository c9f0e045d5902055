"""Rows of what decides for policies, as values."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.policyrecords import SHIPPED, Live, Version
from evenhand.store.policytables import policy_live as table

UNKNOWN = "nothing of a policy {!r} was published here"


def live_row(connection: Connection, policy: str, *, lock: bool = False) -> Live:
    """Give what decides for a policy, whosever it is. Raises NotFoundError."""
    query = select(table).where(table.c.policy == policy.replace("\x00", ""))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError(UNKNOWN.format(policy[:80]))
    return as_live(row)


def as_live(row: Row[Any]) -> Live:
    """Give a row as a value."""
    return Live(**row._mapping)


def taken(row: Live, version_id: str) -> dict[str, Any]:
    """Give what makes a version the live one."""
    if row.live == version_id:
        return {"candidate": None, "share": 0.0}
    return {"live": version_id, "previous": row.live or SHIPPED, "candidate": None, "share": 0.0}


def refuse_unapproved(found: Version) -> None:
    """Refuse to publish what nobody approved. Raises ConflictError."""
    if found.state not in ("approved", "published", "stopped"):
        raise ConflictError(f"this version is {found.state}; it is published once it was approved")
