"""The audit log: who did what to what, before and after; each link holds the hash of the one before it.

A link's hash covers a hash of its payload, not the payload, so that a payload can be erased and the chain still holds.
The payload's hash is salted: what was erased cannot be guessed from it. Erasing is a link of its own that names what it
erased; a payload that is gone without one is found by `verify`. Links cut off at the end are found by comparing with a
head that was noted elsewhere.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, text, update

from evenhand.store.auditlogchain import ERASED, START, Head, canonical, check, sha256
from evenhand.store.columns import escape, instant_text
from evenhand.store.database import Database
from evenhand.store.reviewrecords import AuditEntry, Verified
from evenhand.store.schema import audit_log as table

__all__ = ["ERASED", "START", "AuditLog", "canonical", "sha256"]

_LOCK = 0x6576686175646974  # "evhaudit": the key of PostgreSQL's advisory lock
_CHUNK = 1_000  # links read at a time


class AuditLog:
    """Appends, reads, verifies and erases.

    Args:
        database: where.
        tenant: of whoever reads: `page` and `all` give them what is theirs; None: all. The chain is one for all.
    """

    def __init__(self, database: Database, *, tenant: str | None = None) -> None:
        self._database, self._tenant = database, tenant

    def within(self, tenant: str | None) -> AuditLog:
        """Give the log as a tenant's people may read it."""
        return AuditLog(self._database, tenant=tenant)

    def append(
        self,
        connection: Connection,
        action: str,
        subject: str,
        *,
        actor: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a link, within the transaction that does what it tells. Do this last: writers wait here for each other.

        Args:
            connection: of that transaction.
            action: what was done, e.g. "review.decide".
            subject: to what, e.g. "decision:ID".
            actor: id of who did it.
            before: JSON of what was changed, as it was; None: nothing was.
            after: JSON of it as it is now; None: nothing is.
        """
        if not self._database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        last = connection.execute(select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)).first()
        payload = {"salt": secrets.token_hex(16), "before": before, "after": after}
        # Read back as the database will give it, so that what is hashed is what is stored.
        payload = json.loads(canonical(payload))
        values = {
            "seq": 1 if last is None else last.seq + 1,
            "at": _stamp(datetime.now(UTC)),
            "actor": actor,
            "action": action,
            "subject": subject,
            "payload_sha256": sha256(payload),
            "previous": START if last is None else last.hash,
        }
        connection.execute(insert(table), {**values, "hash": sha256(values), "payload": payload})

    def note(self, action: str, subject: str, *, actor: str, **payload: Mapping[str, Any] | None) -> None:
        """Add a link in a transaction of its own; arguments as for `append`.

        Raises:
            StoreError: nothing was written.
        """
        self._database.write(
            lambda connection: self.append(
                connection,
                action,
                subject,
                actor=actor,
                before=payload.get("before"),
                after=payload.get("after"),
            )
        )

    def page(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        newest: bool = False,
        actor: str | None = None,
        subject: str | None = None,
        action: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[AuditEntry]:
        """List links, oldest first.

        Args:
            after: number of the last one already seen.
            limit: most to give.
            newest: newest first; `after` then is the number of the last one seen on the way down, 0 for none.
            actor: only this one's.
            subject: only what was done to this.
            action: only this, or with a dot and a star at its end, this family ("review.*").
            since: done at or after this moment (aware).
            until: done before this moment (aware).

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        order = table.c.seq.desc() if newest else table.c.seq
        query = select(table).where(*_where(actor, subject, action, since, until)).order_by(order).limit(limit)
        if self._tenant is not None:
            from evenhand.store.auditlogwithin import of_tenants  # here: it knows the tables of those who append

            query = query.where(of_tenants(self._tenant))
        if newest and after:
            query = query.where(table.c.seq < after)
        elif not newest:
            query = query.where(table.c.seq > after)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_entry(row) for row in rows]

    def all(
        self,
        *,
        after: int = 0,
        actor: str | None = None,
        subject: str | None = None,
        action: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditEntry]:
        """Give all links that fit, oldest first, a thousand in memory at a time; arguments as for `page`.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        while found := self.page(
            after=after, limit=_CHUNK, actor=actor, subject=subject, action=action, since=since, until=until
        ):
            yield from found
            after = found[-1].seq

    def head(self) -> Head:
        """Give the number and the hash of the last link; 0 and zeros where there is none.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)
        row = self._database.read(lambda connection: connection.execute(query).first())
        return (0, START) if row is None else (row.seq, row.hash)

    def verify(self, *, expect: Head | Sequence[Head] | None = None, since: Head | None = None) -> Verified:
        """Recompute every hash.

        Args:
            expect: numbers and hashes of links, noted earlier: the log must still hold them.
            since: a link that was verified before and noted: only those after it are looked at.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        heads: list[Head] = []
        if expect and isinstance(expect[0], int):
            heads = [(expect[0], str(expect[1]))]
        elif expect:
            heads = [one for one in expect if isinstance(one, tuple)]
        if since is not None and since[0] > 0:
            found = self.page(after=since[0] - 1, limit=1)
            heads = [*heads, since]
            if not found or found[0].seq != since[0] or found[0].hash != since[1]:
                return check(self.all(), expect=heads)  # what was noted is not there: look at everything
        return check(self.all(after=0 if since is None else since[0]), expect=heads, since=since)

    def erase(
        self, *, actor: str, before: datetime | None = None, subjects: Sequence[str] = (), reason: str = ""
    ) -> int:
        """Erase payloads; their hashes stay, and a new link names the links. What erasing itself wrote stays.

        Args:
            actor: id of who erases.
            before: those written before this moment (aware); None: of any time.
            subjects: only what was done to these; none: to anything. One of the two must be given.
            reason: why, for the log.

        Returns:
            How many payloads were erased.

        Raises:
            StoreError: nothing was erased.
            ValueError: neither a moment nor a subject was given.
        """
        if before is None and not subjects:
            raise ValueError("say what to erase: a moment, or subjects")
        return self._database.write(
            lambda connection: self.erasing(connection, actor=actor, before=before, subjects=subjects, reason=reason)
        )

    def erasing(
        self,
        connection: Connection,
        *,
        actor: str,
        before: datetime | None = None,
        subjects: Sequence[str] = (),
        reason: str = "",
    ) -> int:
        """Do what `erase` does, within a transaction of the caller's."""
        if not self._database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        where = [table.c.payload.is_not(None), table.c.action != ERASED]
        if before is not None:
            where.append(table.c.at < _stamp(before))
        if subjects:
            where.append(table.c.subject.in_(list(subjects)))
        entries = list(connection.execute(select(table.c.seq).where(*where).order_by(table.c.seq)).scalars())
        if entries:
            connection.execute(update(table).where(*where).values(payload=None))
            after = {"entries": entries, "reason": reason}
            self.append(connection, ERASED, "audit", actor=actor, after=after)
        return len(entries)

    def count(self) -> int:
        """Give the number of links.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(func.count()).select_from(table)
        return self._database.read(lambda connection: connection.execute(query).scalar_one())


def _where(
    actor: str | None, subject: str | None, action: str | None, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if actor is not None:
        where.append(table.c.actor == escape(actor))
    if subject is not None:
        where.append(table.c.subject == subject)
    if action is not None and action.endswith(".*"):
        where.append(table.c.action.startswith(escape(action[:-1]), autoescape=True))
    elif action is not None:
        where.append(table.c.action == escape(action))
    if since is not None:
        where.append(table.c.at >= _stamp(since))
    if until is not None:
        where.append(table.c.at < _stamp(until))
    return where


def _stamp(moment: datetime) -> str:
    return instant_text(moment).replace(" ", "T") + "Z"


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**row._mapping)
