"""Proposals: what marks and suggestions say should be changed, until a second person decides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from evenhand.domain import new_id
from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.auditlog import AuditLog
from evenhand.store.auditlogchain import canonical
from evenhand.store.database import Database
from evenhand.store.librarytables import proposals as table
from evenhand.store.reviewrecords import LOCAL

_TOGETHER = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProposal:
    """What should be changed, and why."""

    kind: str  # "library", "mark", "threshold" or "examples"
    title: str
    change: Mapping[str, Any]  # what approving does; tells proposals apart
    evidence: Mapping[str, Any]  # what it rests on
    effect: Mapping[str, Any]  # what is expected of it
    persons: frozenset[str] = field(default_factory=frozenset)  # ids of those whose word it rests on


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal as it is kept."""

    id: str
    kind: str
    digest: str
    title: str
    change: Mapping[str, Any]
    evidence: Mapping[str, Any]
    effect: Mapping[str, Any]
    state: str  # "open", "approved", "rejected" or "undone"
    made_by: str
    persons: Sequence[str]
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str
    done: Mapping[str, Any] | None  # what applying it did


class Proposals:
    """Keeps proposals.

    Args:
        database: where.
        audit: is told of every step.
    """

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database, self._audit = database, audit

    def add(self, new: Sequence[NewProposal], *, actor: str) -> list[Proposal]:
        """Keep proposals; those that were made before, and not undone, are left out. Gives those that are new.

        Raises:
            StoreError: nothing was stored.
        """
        now = datetime.now(UTC)
        rows = [_row(one, actor, now) for one in new]

        def work(connection: Connection) -> list[Proposal]:
            known: set[str] = set()
            digests = [row["digest"] for row in rows]
            for start in range(0, len(digests), _TOGETHER):
                among = table.c.digest.in_(digests[start : start + _TOGETHER])
                known |= set(
                    connection.execute(select(table.c.digest).where(among, table.c.state != "undone")).scalars()
                )
            made = []
            for row in rows:
                if row["digest"] in known:
                    continue
                known.add(row["digest"])
                connection.execute(insert(table), row)
                made.append(Proposal(**row))
            for one in made:
                after = {"kind": one.kind, "title": one.title, "change": dict(one.change)}
                self._audit.append(connection, "proposal.add", f"proposal:{one.id}", actor=actor, after=after)
            return made

        return self._database.write(work)

    def page(
        self, *, state: str | None = None, kind: str | None = None, before: str = "", limit: int = 100
    ) -> list[Proposal]:
        """List proposals, newest first.

        Args:
            state: "open", "approved", "rejected" or "undone"; None: any.
            kind: "library", "mark", "threshold" or "examples"; None: any.
            before: id of the last one already seen.
            limit: most to give.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table).order_by(table.c.id.desc()).limit(limit)
        for column, wanted in ((table.c.state, state), (table.c.kind, kind)):
            if wanted is not None:
                query = query.where(column == wanted)
        if before:
            query = query.where(table.c.id < before)
        return [_proposal(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def get(self, proposal_id: str) -> Proposal:
        """Give one.

        Raises:
            NotFoundError: there is none.
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: _one(connection, proposal_id))

    def claim(self, proposal_id: str, *, actor: str, state: str, was: str, reason: str) -> Proposal:
        """Take a step: of two people who take one at the same time, one is refused. Gives it as it was before.

        Args:
            proposal_id: which.
            actor: who. Nobody approves what they asked for, or what rests on their own word.
            state: "approved", "rejected", "undone", or "open" again where a step could not be done.
            was: the state it must have.
            reason: why; needed for "rejected".

        Raises:
            NotFoundError: there is none.
            ConflictError: it is in another state, or a second person is needed.
            StoreError: nothing was stored.
            ValueError: no reason.
        """
        if state == "rejected" and not reason.strip():
            raise ValueError("say why it is rejected")
        now = datetime.now(UTC)

        def work(connection: Connection) -> Proposal:
            found = _one(connection, proposal_id, lock=True)
            if found.state != was:
                raise ConflictError(f"proposal {proposal_id} is {found.state}, not {was}")
            if (state, was) == ("approved", "open") and not may_approve(found, actor):
                raise ConflictError(
                    "a second person approves: not who asked for this proposal, nor whose marks it rests on"
                )
            values = {"state": state, "decided_by": actor, "decided_at": now, "reason": reason}
            connection.execute(update(table).where(table.c.id == proposal_id).values(values))
            subject = f"proposal:{proposal_id}"
            before, after = {"state": was}, {"state": state, "reason": reason, "title": found.title}
            self._audit.append(connection, f"proposal.{state}", subject, actor=actor, before=before, after=after)
            return found

        return self._database.write(work)

    def done(self, proposal_id: str, what: Mapping[str, Any] | None) -> None:
        """Note what applying did, for undoing it.

        Raises:
            StoreError: nothing was stored.
        """
        statement = update(table).where(table.c.id == proposal_id).values(done=None if what is None else dict(what))
        self._database.write(lambda connection: connection.execute(statement))


def may_approve(proposal: Proposal, actor: str) -> bool:
    """Say whether somebody is a second person. Where there are no accounts and no keys, there is one person only."""
    return actor == LOCAL or actor not in {proposal.made_by, *proposal.persons}


def _row(one: NewProposal, actor: str, now: datetime) -> dict[str, Any]:
    digest = hashlib.sha256(canonical({"kind": one.kind, "change": dict(one.change)})).hexdigest()
    return {
        "id": new_id(),
        "kind": one.kind,
        "digest": digest,
        "title": one.title,
        "change": dict(one.change),
        "evidence": dict(one.evidence),
        "effect": dict(one.effect),
        "state": "open",
        "made_by": actor,
        "persons": sorted(one.persons),
        "created_at": now,
        "decided_by": None,
        "decided_at": None,
        "reason": "",
        "done": None,
    }


def _one(connection: Connection, proposal_id: str, *, lock: bool = False) -> Proposal:
    query = select(table).where(table.c.id == proposal_id.replace("\x00", ""))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError(f"no proposal has the id {proposal_id[:80]!r}")
    return _proposal(row)


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(**row._mapping)
