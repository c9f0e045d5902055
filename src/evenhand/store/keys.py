"""API keys: random tokens of which only a hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from evenhand.domain import new_id
from evenhand.errors import AuthError, NotFoundError, StoreError
from evenhand.store.database import Database
from evenhand.store.records import KeyInfo, NewKey
from evenhand.store.schema import api_keys

TOKEN_START = "eh_"  # noqa: S105  (lets people and secret scanners see what a token is)
_SHOWN = 9  # characters of a token shown in listings: the start and 36 bits, of 256
_USED_EVERY = timedelta(minutes=1)


class Keys:
    """Makes, lists, revokes and verifies API keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, *, scopes: Sequence[str] = ("check",), expires_at: datetime | None = None) -> NewKey:
        """Make a key. Its token is in the answer and can never be read again.

        Args:
            name: for people: who uses it.
            scopes: what it may do.
            expires_at: aware; None: never.

        Raises:
            StoreError: the database refused or cannot be reached.
            ValueError: the name is empty or the moment has no time zone.
        """
        if not name.strip():
            raise ValueError("give the key a name: who will use it")
        token = TOKEN_START + secrets.token_urlsafe(32)
        info = KeyInfo(
            id=new_id(),
            name=name,
            prefix=token[:_SHOWN],
            scopes=tuple(dict.fromkeys(scopes)),
            created_at=datetime.now(UTC),
            expires_at=expires_at,
            revoked_at=None,
            last_used_at=None,
        )
        row = {
            "id": info.id,
            "name": name,
            "prefix": info.prefix,
            "token_sha256": _hash(token),
            "scopes": list(info.scopes),
            "created_at": info.created_at,
            "expires_at": expires_at,
        }
        if expires_at is not None and expires_at.tzinfo is None:
            raise ValueError("give expires_at with its time zone")
        self._database.write(lambda connection: connection.execute(insert(api_keys), row))
        return NewKey(token=token, info=info)

    def list(self) -> list[KeyInfo]:
        """List all keys, revoked ones too, oldest first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(api_keys).order_by(api_keys.c.id)
        return [_info(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def revoke(self, key_id: str) -> None:
        """Make a key useless, from the next request on. Doing it twice is no error.

        Raises:
            NotFoundError: there is no such key.
            StoreError: the database refused or cannot be reached.
        """
        now = datetime.now(UTC)

        def work(connection: Connection) -> bool:
            known = connection.execute(select(api_keys.c.id).where(api_keys.c.id == key_id)).first() is not None
            mine = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
            connection.execute(update(api_keys).where(mine).values(revoked_at=now))
            return known

        if "\x00" in key_id or not self._database.write(work, repeatable=True):
            raise NotFoundError(f"no API key has the id {key_id[:80]!r}; list them with their ids first")

    def verify(self, token: str | None, *, scope: str | None = None) -> KeyInfo:
        """Give the key that a token belongs to.

        Args:
            token: what the caller sent.
            scope: what the key must allow; None: nothing in particular.

        Raises:
            AuthError: no token, an unknown, revoked or expired one, or one without the scope.
            StoreError: the database refused or cannot be reached.
        """
        if not token:
            raise AuthError("no API key: send one as `Authorization: Bearer eh_...`")
        # The token has 256 random bits: a plain hash cannot be guessed backwards, and looking it up leaks no timing.
        query = select(api_keys).where(api_keys.c.token_sha256 == _hash(token))
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        now = datetime.now(UTC)
        if row is None:
            raise AuthError("this API key is unknown: check that it was copied whole, or ask for a new one")
        if row.revoked_at is not None:
            raise AuthError("this API key was revoked: ask for a new one")
        if row.expires_at is not None and row.expires_at <= now:
            raise AuthError("this API key has expired: ask for a new one")
        if scope is not None and scope not in row.scopes:
            raise AuthError(f"this API key lacks the scope {scope!r}: ask for one that has it")
        if row.last_used_at is None or now - row.last_used_at >= _USED_EVERY:
            self._used(row.id, now)
        return _info(row)

    def _used(self, key_id: str, now: datetime) -> None:
        statement = update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now)
        try:
            self._database.write(lambda connection: connection.execute(statement))
        except StoreError:
            return  # a note for people: a full disk or a lock must not turn callers away


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _info(row: Row[Any]) -> KeyInfo:
    return KeyInfo(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
