"""API keys: random tokens of which only a hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from evenhand.domain import new_id
from evenhand.errors import AuthError, NotFoundError, StoreError
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.records import KeyInfo, NewKey
from evenhand.store.schema import api_keys

TOKEN_START = "eh_"  # noqa: S105  (lets people and secret scanners see what a token is)
_SHOWN = 9  # characters of a token shown in listings: the start and 36 bits, of 256
_USED_EVERY = timedelta(minutes=1)
_ONLY = "only:"  # stands among the scopes as they are stored, before what a key is limited to
# The token has 256 random bits: a plain hash cannot be guessed backwards, and looking it up leaks no timing. Made once:
# putting a statement together costs as much as running it.
_FIND = select(api_keys).where(api_keys.c.token_sha256 == bindparam("hash"))


class Keys:
    """Makes, lists, revokes and verifies API keys."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database, self._audit = database, audit

    def create(
        self,
        name: str,
        *,
        scopes: Sequence[str] = ("check",),
        expires_at: datetime | None = None,
        tenant: str | None = None,
        only: Sequence[str] = (),
        actor: str | None = None,
    ) -> NewKey:
        """Make a key. Its token is in the answer and can never be read again.

        Args:
            name: for people: who uses it.
            scopes: what it may do.
            expires_at: aware; None: never.
            tenant: id of whose it is; None: nobody's.
            only: "native" and names of dialects that it is good for; empty: all.
            actor: id of who makes it: the audit log is told; None: it is not.

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
            tenant=tenant,
            created_by=actor,
            only=tuple(dict.fromkeys(only)),
        )
        row = {
            "id": info.id,
            "name": name,
            "prefix": info.prefix,
            "token_sha256": _hash(token),
            "scopes": [*info.scopes, *(_ONLY + place for place in info.only)],
            "created_at": info.created_at,
            "expires_at": expires_at,
            "tenant": tenant,
            "created_by": actor,
        }
        if expires_at is not None and expires_at.tzinfo is None:
            raise ValueError("give expires_at with its time zone")

        def work(connection: Connection) -> None:
            connection.execute(insert(api_keys), row)
            if actor is not None:
                after: dict[str, Any] = {"name": name, "scopes": list(info.scopes), "tenant": tenant}
                if info.only:
                    after["only"] = list(info.only)
                self._audit.append(connection, "key.create", f"key:{info.id}", actor=actor, after=after)

        self._database.write(work)
        return NewKey(token=token, info=info)

    def list(self, *, tenant: str | None = None) -> list[KeyInfo]:
        """List keys, revoked ones too, oldest first.

        Args:
            tenant: only this one's; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(api_keys).order_by(api_keys.c.id)
        if tenant is not None:
            query = query.where(api_keys.c.tenant == tenant)
        return [_info(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def revoke(self, key_id: str, *, tenant: str | None = None, actor: str | None = None) -> None:
        """Make a key useless, from the next request on. Doing it twice is no error.

        Args:
            key_id: which.
            tenant: only if it is this one's; None: whosever.
            actor: id of who revokes it: the audit log is told; None: it is not.

        Raises:
            NotFoundError: there is no such key.
            StoreError: the database refused or cannot be reached.
        """
        now = datetime.now(UTC)

        def work(connection: Connection) -> bool:
            row = connection.execute(select(api_keys).where(api_keys.c.id == key_id).with_for_update()).first()
            if row is None or (tenant is not None and row.tenant != tenant):
                return False
            if row.revoked_at is None:
                connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=now))
                if actor is not None:
                    self._audit.append(connection, "key.revoke", f"key:{key_id}", actor=actor)
            return True

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
        wanted = {"hash": _hash(token)}
        row = self._database.read(lambda connection: connection.execute(_FIND, wanted).one_or_none())
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
        scopes=tuple(scope for scope in row.scopes if not scope.startswith(_ONLY)),
        only=tuple(scope.removeprefix(_ONLY) for scope in row.scopes if scope.startswith(_ONLY)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        tenant=row.tenant,
        created_by=row.created_by,
    )
