"""The audit log: who did what to what, before and after; each link holds the hash of the one before it.

A link's hash covers a hash of its payload, not the payload, so that a payload can be erased and the chain still holds.
The payload's hash is salted: what was erased cannot be guessed from it. Erasing is a link of its own that names what it
erased; a payload that is gone without one is found by `verify`. Links cut off at the end are found by comparing with a
head that was noted elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text, update

from evenhand.store.columns import instant_text
from evenhand.store.database import Database
from evenhand.store.reviewrecords import AuditEntry, Verified
from evenhand.store.schema import audit_log as table

START = "0" * 64  # what stands in the first link for the hash of the one before
ERASED = "audit.erased"
_LOCK = 0x6576686175646974  # "evhaudit": the key of PostgreSQL's advisory lock
_CHUNK = 1_000  # links read at a time
_MOST_PROBLEMS = 100  # told; a log that was rewritten has as many as links


class AuditLog:
    """Appends, reads, verifies and erases."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
            "at": instant_text(datetime.now(UTC)).replace(" ", "T") + "Z",
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
        self, *, after: int = 0, limit: int = 100, actor: str | None = None, subject: str | None = None
    ) -> list[AuditEntry]:
        """List links, oldest first.

        Args:
            after: number of the last one already seen.
            limit: most to give.
            actor: only this one's.
            subject: only what was done to this.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table).where(table.c.seq > after).order_by(table.c.seq).limit(limit)
        if actor is not None:
            query = query.where(table.c.actor == actor)
        if subject is not None:
            query = query.where(table.c.subject == subject)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_entry(row) for row in rows]

    def verify(self, *, expect: tuple[int, str] | None = None) -> Verified:
        """Recompute every hash.

        Args:
            expect: number and hash of a link, noted earlier: the log must still hold it.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        problems: list[str] = []
        previous, number, gone, told = START, 0, set[int](), set[int]()
        for entry in self._all():
            number += 1
            if entry.seq != number:
                problems.append(f"entry {number} is missing: the next one is {entry.seq}")
                number = entry.seq
            if entry.previous != previous:
                problems.append(f"entry {entry.seq} does not follow the one before it")
            if sha256(_sealed(entry)) != entry.hash:
                problems.append(f"entry {entry.seq} was changed")
            if entry.payload is None:
                gone.add(entry.seq)
            elif sha256(entry.payload) != entry.payload_sha256:
                problems.append(f"the payload of entry {entry.seq} was changed")
            elif entry.action == ERASED:
                told.update((entry.payload.get("after") or {}).get("entries", ()))
            if expect is not None and entry.seq == expect[0] and entry.hash != expect[1]:
                problems.append(f"entry {entry.seq} is not the one that was expected")
            previous = entry.hash
        problems += [f"the payload of entry {seq} is gone, and no entry says so" for seq in sorted(gone - told)]
        if expect is not None and number < expect[0]:
            problems.append(f"entries after {number} are missing: entry {expect[0]} was expected")
        return Verified(
            entries=number, head=previous, erased=len(gone & told), problems=tuple(problems[:_MOST_PROBLEMS])
        )

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
            where.append(table.c.at < instant_text(before).replace(" ", "T") + "Z")
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

    def _all(self) -> Iterator[AuditEntry]:
        after = 0
        while page := self.page(after=after, limit=_CHUNK):
            yield from page
            after = page[-1].seq


def canonical(value: object) -> bytes:
    """Give the one JSON form that is hashed: keys sorted, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def sha256(value: object) -> str:
    """Give the SHA-256 of the canonical JSON of a value, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _sealed(entry: AuditEntry) -> dict[str, Any]:
    names = ("seq", "at", "actor", "action", "subject", "payload_sha256", "previous")
    return {name: getattr(entry, name) for name in names}


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**row._mapping)
