"""What is kept, how long, and how it goes: originals, expiry, and deletion on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Table,
    cast,
    delete,
    func,
    literal,
    select,
    tuple_,
    update,
)

from evenhand.domain import first_id
from evenhand.errors import NotFoundError
from evenhand.settings import Settings
from evenhand.store.auditlog import AuditLog
from evenhand.store.blobs import Blobs
from evenhand.store.database import Database
from evenhand.store.librarytables import decision_prints, mark_prints, mark_touches
from evenhand.store.policytables import policy_shadows, policy_undone
from evenhand.store.qualityrows import OF_DECISIONS
from evenhand.store.qualitytables import review_barred, review_tasks
from evenhand.store.records import Deleted, Original
from evenhand.store.retentiontenants import TenantKeeping
from evenhand.store.reviewrecords import LOCAL
from evenhand.store.reviewrows import forget_reviews
from evenhand.store.schema import (
    decisions,
    idempotency,
    job_tasks,
    jobs,
    marks,
    nonces,
    originals,
    review_items,
    review_skips,
    suggestions,
)
from evenhand.store.vectors import forget_content, forget_marks
from evenhand.store.vectortables import decision_vectors
from evenhand.store.wellness import KEPT
from evenhand.store.wellnesstables import exposures, review_traits

CHUNK = 500  # rows deleted in one transaction: writers wait for no more than that


class Retention:
    """Keeps to what the operator chose to keep."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings, self._audit = database, settings, AuditLog(database)
        self.tenants = TenantKeeping(database)  # periods of single tenants, and their erasure

    def original(self, content_hash: str) -> Original:
        """Give kept content.

        Raises:
            NotFoundError: it was not kept, or no longer is.
            StoreError: the database refused or cannot be reached.
        """
        now = datetime.now(UTC)
        query = select(originals.c.body, originals.c.media_type).where(
            originals.c.content_hash == content_hash, originals.c.expires_at > now
        )
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(
                "that content is not kept; set EVENHAND_KEEP_ORIGINALS_DAYS to keep content from now on"
            )
        return Original(body=bytes(row.body), media_type=row.media_type)

    def purge(self, now: datetime | None = None, *, actor: str = LOCAL) -> Deleted:
        """Delete what has expired, in small transactions, so that writers are not kept waiting.

        A period shortened since counts for what was stored before, too; one lengthened does not revive anything.

        Args:
            now: aware; None: the present.
            actor: id of who asks, for the audit log, which is told if anything was deleted.

        Raises:
            StoreError: the database refused or cannot be reached; what was deleted so far stays deleted.
        """
        now = now or datetime.now(UTC)
        settings = self._settings
        gone = originals.c.created_at <= now - timedelta(days=settings.keep_originals_days)
        content = self._sweep(originals, originals.c.expires_at <= now) + self._sweep(originals, gone)
        old = self._sweep(decisions, decisions.c.expires_at <= now)
        if settings.keep_decisions_days > 0:
            edge = first_id(now - timedelta(days=settings.keep_decisions_days))
            old += self._sweep(decisions, decisions.c.decision_id < edge)
            self._sweep(suggestions, suggestions.c.id < edge)
        tenants_old, tenants_content = self.tenants.purge(now)
        old, content = old + tenants_old, content + tenants_content
        # Decisions by their ids: those that went by an expiry of their own took no part in the range above.
        stored = select(decisions.c.decision_id)
        for table in OF_DECISIONS:
            self._sweep(table, table.c.decision_id.not_in(stored))
        # Items that are about another decision live as long as that one.
        about = select(review_tasks.c.item_id)
        for table in (policy_shadows, policy_undone, review_items, review_skips, decision_prints, decision_vectors):
            self._sweep(table, table.c.decision_id.not_in(stored) & table.c.decision_id.not_in(about))
        self._sweep(review_barred, review_barred.c.item_id.not_in(about))
        self._sweep(nonces, nonces.c.expires_at <= now)
        self._sweep(exposures, exposures.c.at < now - KEPT)
        self._sweep(review_traits, review_traits.c.content_hash.not_in(select(review_items.c.content_hash)))
        responses = self._sweep(idempotency, idempotency.c.expires_at <= now)
        if content or old or responses:
            told = {"originals": content, "decisions": old, "responses": responses}
            self._audit.note("retention.purge", "store", actor=actor, after=told)
            self._database.forget()
        return Deleted(originals=content, decisions=old, responses=responses)

    def delete_content(self, content_hash: str, *, decisions_too: bool = False, actor: str = LOCAL) -> Deleted:
        """Delete what is kept of one content: the original, words quoted from it as evidence, the context, and
        stored answers of idempotent requests that speak of it, notes of reviewers.

        Args:
            content_hash: "sha256:...".
            actor: id of who asks, for the audit log.
            decisions_too: delete the decisions themselves as well; otherwise label, score, place and reason stay.

        Returns:
            How many of each were deleted; decisions are counted only where `decisions_too`.

        Raises:
            StoreError: nothing was deleted.
        """

        def work(connection: Connection) -> Deleted:
            body = connection.execute(delete(originals).where(originals.c.content_hash == content_hash)).rowcount
            needle = cast(literal(content_hash.encode(errors="surrogatepass"), LargeBinary), LargeBinary)
            place = func.instr(idempotency.c.response, needle)
            if not self._database.is_sqlite:
                place = func.position(needle.op("IN")(idempotency.c.response))
            answers = connection.execute(delete(idempotency).where(place > 0)).rowcount
            connection.execute(delete(review_traits).where(review_traits.c.content_hash == content_hash))
            rows = 0
            connection.execute(delete(decision_prints).where(decision_prints.c.content_hash == content_hash))
            forget_content(connection, content_hash, wholly=decisions_too)
            forget_reviews(connection, content_hash, wholly=decisions_too)
            if decisions_too:
                rows = connection.execute(delete(decisions).where(decisions.c.content_hash == content_hash)).rowcount
                connection.execute(delete(suggestions).where(suggestions.c.content_hash == content_hash))
                mine = select(marks.c.id).where(marks.c.content_hash == content_hash)
                connection.execute(delete(mark_prints).where(mark_prints.c.mark_id.in_(mine)))
                connection.execute(delete(mark_touches).where(mark_touches.c.mark_id.in_(mine)))
                forget_marks(connection, mine)
                connection.execute(delete(marks).where(marks.c.content_hash == content_hash))
            else:
                self._blank(connection, content_hash)
            over = jobs.c.finished_at.is_not(None)
            about = select(jobs.c.id).where(jobs.c.content_hash == content_hash, over)
            connection.execute(
                update(job_tasks).where(job_tasks.c.job_id.in_(about)).values(result=None, progress=None)
            )
            after = {"decisions_too": decisions_too, "originals": body, "decisions": rows, "responses": answers}
            self._audit.append(connection, "content.delete", content_hash, actor=actor, after=after)
            return Deleted(originals=body, decisions=rows, responses=answers)

        deleted = self._database.write(work, repeatable=True)
        self._database.forget()
        return replace(deleted, originals=deleted.originals + self._forget_file(content_hash))

    def kept_files(self, names: Sequence[str]) -> set[str]:
        """Give those of some names of submitted files that are kept, because the decision about them is young enough.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        days = self._settings.keep_originals_days
        if days <= 0:
            return set()
        edge, found = first_id(datetime.now(UTC) - timedelta(days=days)), set[str]()
        for start in range(0, len(names), CHUNK):
            hashes = [f"sha256:{name}" for name in names[start : start + CHUNK]]
            query = select(decisions.c.content_hash).where(
                decisions.c.content_hash.in_(hashes),
                decisions.c.decision_id >= edge,
                decisions.c.kind.in_(("video", "audio")),
            )
            rows = self._database.read(partial(_scalars, query))
            found |= {content_hash.removeprefix("sha256:") for content_hash in rows}
        return found

    def _forget_file(self, content_hash: str) -> int:
        """Delete a recording that was kept as a file, unless a job still works on it; give how many were."""
        blobs, name = Blobs(self._settings), content_hash.removeprefix("sha256:")
        try:
            blobs.path(name)
        except NotFoundError:
            return 0
        query = select(jobs.c.id).where(jobs.c.content_hash == content_hash, jobs.c.finished_at.is_(None)).limit(1)
        needed = self._database.read(lambda connection: connection.execute(query).first()) is not None
        blobs.remove(name, used=lambda: needed)
        return 0 if needed else 1

    def _blank(self, connection: Connection, content_hash: str) -> None:
        mine = decisions.c.content_hash == content_hash
        connection.execute(update(decisions).where(mine, decisions.c.context.is_not(None)).values(context=None))
        query = select(decisions.c.decision_id, decisions.c.findings).where(mine)
        for row in connection.execute(query).all():
            findings: list[dict[str, Any]] = row.findings
            if any("text" in finding["location"] for finding in findings):
                for finding in findings:
                    finding["location"].pop("text", None)
                here = decisions.c.decision_id == row.decision_id
                connection.execute(update(decisions).where(here).values(findings=findings))

    def _sweep(self, table: Table, where: ColumnElement[bool]) -> int:
        keys = list(table.primary_key.columns)
        chosen = select(*keys).where(where).limit(CHUNK)
        statement = delete(table).where(tuple_(*keys).in_(chosen))
        total = 0
        while True:
            done = self._database.write(lambda connection: connection.execute(statement).rowcount, repeatable=True)
            total += done
            if done < CHUNK:
                return total


def _scalars(query: Select[Any], connection: Connection) -> Sequence[Any]:
    return connection.execute(query).scalars().all()
