"""Idempotency keys: the first request with a key does the work, later ones get its answer.

After draft-ietf-httpapi-idempotency-key-header: the key belongs to the caller (its API key), a key used for another
request is refused, and so is a second request while the first is being answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, update

from evenhand.domain import new_id
from evenhand.errors import ConflictError, StoreError, UserError
from evenhand.store.database import Database
from evenhand.store.records import Claim, Replay
from evenhand.store.schema import idempotency as table

MAX_KEY = 255  # characters
_ROUNDS = 5  # others may delete or take the row between two of our statements; not for ever


class Idempotency:
    """Claims keys, and remembers answers.

    Args:
        database: where.
        keep: how long an answer is remembered.
        lease: how long a claim lives whose process died before it answered.
    """

    def __init__(
        self, database: Database, *, keep: timedelta = timedelta(hours=24), lease: timedelta = timedelta(minutes=5)
    ) -> None:
        self._database, self._keep, self._lease = database, keep, lease
        self._insert = (
            database.insert(table)
            .on_conflict_do_nothing(index_elements=["key_id", "key"])
            .execution_options(preserve_rowcount=True)  # whether it inserted is the question
        )

    def claim(self, key: str, *, key_id: str | None, fingerprint: str) -> Claim | Replay:
        """Claim the right to answer, or get the answer given before.

        Args:
            key: the caller's idempotency key, 1 to 255 characters.
            key_id: id of the caller's API key; None without one.
            fingerprint: hash of the request (method, path, body).

        Raises:
            ConflictError: the key was used for another request, or its first request is still being answered.
            StoreError: the database refused or cannot be reached.
            UserError: the key is empty or too long.
        """
        if not 1 <= len(key) <= MAX_KEY:
            raise UserError(f"an idempotency key has 1 to {MAX_KEY} characters, e.g. a UUID")
        claim = Claim(key=key, key_id=key_id, owner=new_id())
        for _ in range(_ROUNDS):
            found = self._database.write(lambda connection: self._try(connection, claim, fingerprint))
            if isinstance(found, bool):
                return claim
            if found is None:
                continue  # it changed between two statements
            if found.fingerprint != fingerprint:
                raise ConflictError(
                    "this idempotency key was used for another request: use a new key for a new request"
                )
            if found.status is None:
                raise ConflictError("a request with this idempotency key is still being answered: try again shortly")
            return Replay(
                status=found.status,
                response=bytes(found.response),
                media_type=found.media_type,
                headers=found.headers or {},
            )
        raise StoreError("an idempotency key changed hands too often at once: try again")

    def finish(
        self,
        claim: Claim,
        *,
        status: int,
        response: bytes,
        media_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> bool:
        """Remember the answer. False: the claim had lapsed and another took over; that one's answer counts.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        values = {
            "status": status,
            "response": response,
            "media_type": media_type,
            "headers": dict(headers) if headers else None,
            "expires_at": datetime.now(UTC) + self._keep,
        }
        statement = update(table).where(_mine(claim)).values(values)
        return self._database.write(lambda connection: connection.execute(statement).rowcount, repeatable=True) == 1

    def abandon(self, claim: Claim) -> None:
        """Give the claim back without an answer, so that the request can be sent again.

        Raises:
            StoreError: the database refused or cannot be reached; the claim then lapses by itself.
        """
        statement = delete(table).where(_mine(claim), table.c.status.is_(None))
        self._database.write(lambda connection: connection.execute(statement), repeatable=True)

    def _try(self, connection: Connection, claim: Claim, fingerprint: str) -> Row[Any] | Literal[True] | None:
        """True: claimed; a row: another's; None: it changed meanwhile, look again."""
        now = datetime.now(UTC)
        values = {
            "fingerprint": fingerprint,
            "owner": claim.owner,
            "status": None,
            "media_type": None,
            "response": None,
            "headers": None,
            "created_at": now,
            "expires_at": now + self._lease,
        }
        place = {"key_id": claim.key_id or "", "key": claim.key}
        if connection.execute(self._insert.values(place | values)).rowcount == 1:
            return True
        here = and_(table.c.key_id == place["key_id"], table.c.key == claim.key)
        row = connection.execute(select(table).where(here)).one_or_none()
        if row is None or row.expires_at > now:
            return row
        # A claim that lapsed or an answer that is too old: of several that see it, one takes it over.
        taken = update(table).where(here, table.c.owner == row.owner, table.c.expires_at <= now).values(values)
        return True if connection.execute(taken).rowcount == 1 else None


def _mine(claim: Claim) -> ColumnElement[bool]:
    return and_(table.c.key_id == (claim.key_id or ""), table.c.key == claim.key, table.c.owner == claim.owner)
