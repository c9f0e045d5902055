"""Retention of one tenant: sooner than everybody's, and everything at once. The audit log's chain holds throughout.

A tenant is an API key, or a tenant of the accounts with all its keys and people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, or_, select

from evenhand.domain import first_id
from evenhand.store.accountingtables import tenant_retention as table
from evenhand.store.accounttables import users
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.librarytables import mark_prints, mark_touches
from evenhand.store.qualityrows import forget_decisions
from evenhand.store.reviewrecords import LOCAL
from evenhand.store.reviewrows import forget_reviews
from evenhand.store.schema import (
    api_keys,
    decisions,
    idempotency,
    job_tasks,
    jobs,
    marks,
    originals,
    review_items,
    review_skips,
    suggestions,
)
from evenhand.store.streamtables import stream_events, streams
from evenhand.store.vectors import forget_marks

_CHUNK = 200  # decisions in one transaction; their subjects stand in one statement

MOST_DAYS = 18_250  # fifty years: ids hold the time since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRetention:
    """How long a tenant's data is kept; None: as the settings say."""

    tenant: str
    decisions_days: int | None
    originals_days: int | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What erasing a tenant's data deleted."""

    decisions: int
    originals: int  # contents that nobody else has submitted
    jobs: int  # those that are over
    streams: int
    responses: int  # stored answers of idempotent requests
    audit_payloads: int  # of links about these decisions; the links and their hashes stay


class TenantKeeping:
    """Sets periods, keeps to them, and erases."""

    def __init__(self, database: Database) -> None:
        self._database, self._audit = database, AuditLog(database)

    def list(self) -> list[TenantRetention]:
        """List the tenants that have periods of their own.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table).order_by(table.c.tenant)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [TenantRetention(**row._mapping) for row in rows]

    def set(
        self, tenant: str, *, decisions_days: int | None, originals_days: int | None, actor: str = LOCAL
    ) -> TenantRetention:
        """Give a tenant periods of its own: sooner than the settings', never later. None for both takes them away.

        Raises:
            StoreError: nothing was changed.
            ValueError: a number of days is negative, or over fifty years.
        """
        if min(decisions_days or 0, originals_days or 0) < 0:
            raise ValueError("a number of days is negative")
        if max(decisions_days or 0, originals_days or 0) > MOST_DAYS:
            raise ValueError(f"more than {MOST_DAYS} days is for ever: leave the number out")
        row = {
            "tenant": tenant,
            "decisions_days": decisions_days,
            "originals_days": originals_days,
            "changed_at": datetime.now(UTC),
        }
        told = {"decisions_days": decisions_days, "originals_days": originals_days}

        def work(connection: Connection) -> None:
            old = connection.execute(select(table).where(table.c.tenant == tenant)).first()
            connection.execute(delete(table).where(table.c.tenant == tenant))
            if decisions_days is not None or originals_days is not None:
                connection.execute(table.insert(), row)
            before = {name: old._mapping[name] for name in told} if old else None
            subject = f"tenant:{tenant}"
            self._audit.append(connection, "retention.set", subject, actor=actor, before=before, after=told)

        self._database.write(work)
        return TenantRetention(**row)  # type: ignore[arg-type]

    def purge(self, now: datetime) -> tuple[int, int]:
        """Delete what is past its tenant's time; give how many decisions and originals.

        Raises:
            StoreError: the database refused or cannot be reached; what was deleted so far stays deleted.
        """
        old = content = 0
        for one in self.list():
            if one.originals_days is not None:
                edge = first_id(now - timedelta(days=one.originals_days))
                content += self._originals(one.tenant, edge)
            if one.decisions_days is not None:
                edge = first_id(now - timedelta(days=one.decisions_days))
                done = self._erase(one.tenant, edge, payloads=False, actor="system", reason="")
                old, content = old + done.decisions, content + done.originals
        return old, content

    def erase(self, tenant: str, *, actor: str = LOCAL, reason: str = "") -> Erased:
        """Delete everything a tenant brought: decisions, contents, evidence, jobs and streams that are over, stored
        answers, what people noted about them, and what links of the audit log about them say was before and after.

        Totals that name nobody stay: tallies, and the links themselves.

        Raises:
            StoreError: the database refused or cannot be reached; what was deleted so far stays deleted.
        """
        done = self._erase(tenant, None, payloads=True, actor=actor, reason=reason or f"erasure of tenant {tenant}")
        counts: dict[str, int] = {}

        def rest(connection: Connection) -> None:
            keys = _keys(connection, tenant)
            over = select(jobs.c.id).where(jobs.c.tenant.in_(keys), jobs.c.finished_at.is_not(None))
            connection.execute(delete(job_tasks).where(job_tasks.c.job_id.in_(over)))
            counts["jobs"] = connection.execute(delete(jobs).where(jobs.c.id.in_(over))).rowcount
            ended = select(streams.c.id).where(streams.c.tenant.in_(keys), streams.c.finished_at.is_not(None))
            connection.execute(delete(stream_events).where(stream_events.c.stream_id.in_(ended)))
            counts["streams"] = connection.execute(delete(streams).where(streams.c.id.in_(ended))).rowcount
            counts["responses"] = connection.execute(delete(idempotency).where(idempotency.c.key_id.in_(keys))).rowcount
            connection.execute(delete(suggestions).where(suggestions.c.key_id.in_(keys)))
            theirs = select(marks.c.id).where(marks.c.tenant == tenant)
            for table_of in (mark_prints, mark_touches):
                connection.execute(delete(table_of).where(table_of.c.mark_id.in_(theirs)))
            forget_marks(connection, theirs)
            connection.execute(delete(marks).where(marks.c.tenant == tenant))
            after = {"reason": reason, "decisions": done.decisions, "originals": done.originals, **counts}
            self._audit.append(connection, "tenant.erase", f"tenant:{tenant}", actor=actor, after=after)

        self._database.write(rest)
        self._database.forget()
        return Erased(
            decisions=done.decisions,
            originals=done.originals,
            jobs=counts["jobs"],
            streams=counts["streams"],
            responses=counts["responses"],
            audit_payloads=done.payloads,
        )

    def _erase(self, tenant: str, edge: str | None, *, payloads: bool, actor: str, reason: str) -> _Done:
        total = _Done(0, 0, 0)

        def work(connection: Connection) -> _Done:
            keys = _keys(connection, tenant)
            mine = decisions.c.key_id.in_(keys)
            query = select(decisions.c.decision_id, decisions.c.content_hash).where(mine)
            if edge is not None:
                query = query.where(decisions.c.decision_id < edge)
            rows = connection.execute(query.order_by(decisions.c.decision_id).limit(_CHUNK)).all()
            ids, hashes = [row.decision_id for row in rows], {row.content_hash for row in rows}
            if not ids:
                return _Done(0, 0, 0)
            connection.execute(delete(review_skips).where(review_skips.c.decision_id.in_(ids)))
            connection.execute(delete(review_items).where(review_items.c.decision_id.in_(ids)))
            connection.execute(delete(marks).where(marks.c.decision_id.in_(ids)))
            besides = forget_decisions(connection, ids)
            connection.execute(delete(decisions).where(decisions.c.decision_id.in_(ids)))
            others = select(decisions.c.content_hash).where(decisions.c.content_hash.in_(hashes))
            alone = sorted(hashes - set(connection.execute(others).scalars()))
            body = 0
            if alone:
                body = connection.execute(delete(originals).where(originals.c.content_hash.in_(alone))).rowcount
                for content_hash in alone:
                    forget_reviews(connection, content_hash, wholly=True)
            gone = 0
            if payloads:
                subjects = [f"decision:{decision_id}" for decision_id in ids] + alone + besides
                gone = self._audit.erasing(connection, actor=actor, subjects=subjects, reason=reason)
            return _Done(len(ids), body, gone)

        while True:
            done = self._database.write(work)
            total = _Done(
                total.decisions + done.decisions, total.originals + done.originals, total.payloads + done.payloads
            )
            if done.decisions < _CHUNK:
                return total

    def _originals(self, tenant: str, edge: str) -> int:
        """Delete contents that only this tenant has submitted, and last before `edge`; their decisions stay."""

        def work(connection: Connection, after: str) -> tuple[int, str | None]:
            keys = _keys(connection, tenant)
            mine = select(decisions.c.content_hash).join(
                originals, originals.c.content_hash == decisions.c.content_hash
            )
            mine = mine.where(decisions.c.key_id.in_(keys), decisions.c.decision_id < edge)
            found = mine.where(decisions.c.content_hash > after).distinct().order_by(decisions.c.content_hash)
            hashes = list(connection.execute(found.limit(_CHUNK)).scalars())
            if not hashes:
                return 0, None
            later = or_(decisions.c.key_id.is_(None), decisions.c.key_id.not_in(keys), decisions.c.decision_id >= edge)
            kept = select(decisions.c.content_hash).where(decisions.c.content_hash.in_(hashes), later)
            gone = sorted(set(hashes) - set(connection.execute(kept).scalars()))
            count = connection.execute(delete(originals).where(originals.c.content_hash.in_(gone))).rowcount
            return count, hashes[-1]

        total, after = 0, ""
        while True:
            count, last = self._database.write(lambda connection, after=after: work(connection, after))  # type: ignore[misc]
            total += count
            if last is None:
                return total
            after = last


@dataclass(frozen=True, slots=True)
class _Done:
    decisions: int
    originals: int
    payloads: int


def _keys(connection: Connection, tenant: str) -> Sequence[str]:
    keys = select(api_keys.c.id).where(api_keys.c.tenant == tenant)
    people = select(users.c.id).where(users.c.tenant == tenant)
    return [tenant, *connection.execute(keys).scalars(), *connection.execute(people).scalars()]
