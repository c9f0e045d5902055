"""What callers in other vendors' protocols need kept: key pairs, nonces of signed requests, suggested scores."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from evenhand.domain import new_id
from evenhand.errors import AuthError, NotFoundError, StoreError
from evenhand.store.belonging import mine
from evenhand.store.database import Database
from evenhand.store.records import DialectKey, Suggestion
from evenhand.store.schema import dialect_keys as table
from evenhand.store.schema import nonces, suggestions
from evenhand.store.sealing import Seal

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_START = "EHK"  # lets people see whose key it is
_ID_CHARS = 20  # as long as the vendors' own: some clients check
_USED_EVERY = timedelta(minutes=1)
# Made once: putting a statement together costs as much as running it, and each signed request needs this one.
_FIND = select(table).where(table.c.access_id == bindparam("one"), table.c.dialect == bindparam("of"))


class DialectKeys:
    """Makes, lists, revokes and finds key pairs."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database, self._seal = database, seal

    def create(
        self, name: str, *, dialect: str, scopes: Sequence[str] = ("check",), expires_at: datetime | None = None
    ) -> DialectKey:
        """Make a pair; its secret is in the answer.

        Args:
            name: for people: who uses it.
            dialect: whose protocol it is for.
            scopes: what it may do.
            expires_at: aware; None: never.

        Raises:
            SettingsError: EVENHAND_SECRET_KEY is missing.
            StoreError: the database refused or cannot be reached.
            ValueError: the name is empty.
        """
        if not name.strip():
            raise ValueError("give the key a name: who will use it")
        access_id = _START + "".join(secrets.choice(_LETTERS) for _ in range(_ID_CHARS - len(_START)))
        made = DialectKey(
            id=new_id(),
            dialect=dialect,
            access_id=access_id,
            secret=secrets.token_urlsafe(30),
            name=name,
            scopes=tuple(dict.fromkeys(scopes)),
            created_at=datetime.now(UTC),
            expires_at=expires_at,
            revoked_at=None,
            last_used_at=None,
        )
        row = {
            "id": made.id,
            "dialect": dialect,
            "access_id": access_id,
            "secret": self._seal.seal(made.secret, owner=_owner(dialect, access_id)),
            "name": name,
            "scopes": list(made.scopes),
            "created_at": made.created_at,
            "expires_at": expires_at,
        }
        self._database.write(lambda connection: connection.execute(insert(table), row))
        return made

    def list(self) -> list[DialectKey]:
        """List all pairs without their secrets, oldest first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table).order_by(table.c.id)
        return [_pair(row, "") for row in self._database.read(lambda connection: connection.execute(query).all())]

    def revoke(self, key_id: str) -> None:
        """Make a pair useless, from the next request on. Doing it twice is no error.

        Raises:
            NotFoundError: there is no such pair.
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> bool:
            known = connection.execute(select(table.c.id).where(table.c.id == key_id)).first() is not None
            mine = (table.c.id == key_id) & table.c.revoked_at.is_(None)
            connection.execute(update(table).where(mine).values(revoked_at=datetime.now(UTC)))
            return known

        if "\x00" in key_id or not self._database.write(work, repeatable=True):
            raise NotFoundError(f"no key pair has the id {key_id[:80]!r}; list them with their ids first")

    def find(self, access_id: str, *, dialect: str) -> DialectKey:
        """Give the pair whose public half a request names; whether the request is signed with it is not yet known.

        Raises:
            AuthError: it is unknown, of another dialect, revoked or expired.
            SettingsError: its secret cannot be read with EVENHAND_SECRET_KEY.
            StoreError: the database refused or cannot be reached.
        """
        wanted = {"one": access_id, "of": dialect}
        known = "\x00" not in access_id and access_id.isascii()
        row = self._database.read(lambda one: one.execute(_FIND, wanted).one_or_none()) if known else None
        now = datetime.now(UTC)
        if row is None:
            raise AuthError(f"this access key id is unknown here: make one with `evenhand keys create --for {dialect}`")
        if row.revoked_at is not None:
            raise AuthError("this access key was revoked: ask for a new one")
        if row.expires_at is not None and row.expires_at <= now:
            raise AuthError("this access key has expired: ask for a new one")
        return _pair(row, self._seal.open(bytes(row.secret), owner=_owner(dialect, access_id)))

    def used(self, key: DialectKey) -> None:
        """Note that a pair was used, to the minute."""
        now = datetime.now(UTC)
        if key.last_used_at is not None and now - key.last_used_at < _USED_EVERY:
            return
        statement = update(table).where(table.c.id == key.id).values(last_used_at=now)
        try:
            self._database.write(lambda connection: connection.execute(statement))
        except StoreError:
            return  # a note for people: a full disk or a lock must not turn callers away


class Nonces:
    """Remembers signed requests, so that each is answered once, whichever process it comes to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = (
            database.insert(nonces)
            .on_conflict_do_nothing(index_elements=["key_id", "nonce"])
            .execution_options(preserve_rowcount=True)
        )

    def take(self, nonce: str, *, key_id: str, until: datetime) -> bool:
        """Remember a nonce. False: it was taken before.

        Args:
            nonce: what makes the request the only one of its kind; any length.
            key_id: id of the key pair that signed.
            until: when it may be forgotten: the request's date is then refused anyway.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        (fresh,) = self.take_each([nonce], key_id=key_id, until=until)
        return fresh

    def take_each(self, wanted: Sequence[str], *, key_id: str, until: datetime) -> list[bool]:
        """Remember several nonces of one request together; says of each what `take` would.

        Args:
            wanted: the nonces.
            key_id: id of the key pair that signed.
            until: when they may be forgotten.

        Raises:
            StoreError: the database refused or cannot be reached; none is taken then.
        """
        digests = [hashlib.sha256(nonce.encode(errors="surrogatepass")).hexdigest() for nonce in wanted]
        rows = [{"key_id": key_id, "nonce": digest, "expires_at": until} for digest in digests]
        return self._database.write(
            lambda connection: [connection.execute(self._insert, row).rowcount == 1 for row in rows]
        )


class Suggestions:
    """Keeps scores that callers suggested."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, suggestion: Suggestion) -> Suggestion:
        """Keep one; gives it with its id and time.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        kept = replace(suggestion, id=new_id(), created_at=datetime.now(UTC))
        row = {
            "id": kept.id,
            "dialect": kept.dialect,
            "content_hash": kept.content_hash,
            "scores": dict(kept.scores),
            "labels": dict(kept.labels),
            "details": dict(kept.details),
            "key_id": kept.key_id,
            "created_at": kept.created_at,
        }
        self._database.write(lambda connection: connection.execute(insert(suggestions), row))
        return kept

    def list(self, *, tenant: str | None = None, after: str = "", limit: int = 100) -> list[Suggestion]:
        """List them, oldest first.

        Args:
            tenant: only those of its keys and people; None: all.
            after: id of the last one already seen.
            limit: most to give.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        where = (suggestions.c.id > after, *mine(suggestions.c.key_id, tenant))
        query = select(suggestions).where(*where).order_by(suggestions.c.id).limit(limit)
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [Suggestion(**dict(row)) for row in rows]


def _owner(dialect: str, access_id: str) -> str:
    return f"{dialect}/{access_id}"


def _pair(row: Row[Any], secret: str) -> DialectKey:
    return DialectKey(
        id=row.id,
        dialect=row.dialect,
        access_id=row.access_id,
        secret=secret,
        name=row.name,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
