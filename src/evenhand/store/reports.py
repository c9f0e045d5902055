"""What reports, dashboards and alerts are made of, beside the tallies: bounded reads of the newest of a period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from evenhand.domain import first_id
from evenhand.store.belonging import mine
from evenhand.store.database import Database
from evenhand.store.decisions import result_document, rfc3339
from evenhand.store.qualityrows import standing
from evenhand.store.qualitytables import appeals, review_votes
from evenhand.store.schema import decisions, originals, review_items

MOST = 50_000  # rows read for one figure, the newest of the period
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRow:
    """A decision that a person judged."""

    decision_id: str
    queue: str
    line: str
    language: str
    label: str
    kind: str
    content_hash: str
    wrong: bool
    seconds: float  # from the decision to the person's


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealRow:
    """An appeal."""

    label: str
    judged: bool  # a person had judged before
    state: str  # "open", "upheld", "overturned" or "partly"
    seconds: float | None  # from the appeal to its decision; None: it is open


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentRow:
    """A decision of late."""

    decision_id: str
    line: str
    action: str
    language: str
    labels: Mapping[str, float]
    incomplete: bool


class Reports:
    """Reads. Each method raises StoreError when the database refuses or cannot be reached.

    Args:
        database: where.
        tenant: only what its keys and people asked for; None: all.
    """

    def __init__(self, database: Database, *, tenant: str | None = None) -> None:
        self._database, self._tenant = database, tenant

    def within(self, tenant: str | None) -> Reports:
        """Give what a report of a tenant is made of."""
        return Reports(self._database, tenant=tenant)

    def restricted(self, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
        """Give the result documents of decisions that did, or may have come to, restrict a content: each with `review`
        once a person judged. By action, oldest first.
        """
        for action in ("block", "mark", "review"):
            after = ""
            while True:
                c = decisions.c
                query = select(decisions).where(
                    c.action == action,
                    c.decision_id >= first_id(since),
                    c.decision_id < first_id(until),
                    c.decision_id > after,
                    *mine(c.key_id, self._tenant),
                )
                query = query.order_by(c.decision_id).limit(_PAGE)

                def work(connection: Connection, query: Any = query) -> tuple[Sequence[Any], dict[str, Any]]:
                    rows = connection.execute(query).all()
                    asked = and_(
                        review_items.c.decision_id.in_([row.decision_id for row in rows]),
                        review_items.c.state == "done",
                    )
                    found = connection.execute(select(review_items).where(asked)).all() if rows else []
                    return rows, {row.decision_id: _outcome(row) for row in found}

                rows, judged = self._database.read(work)
                for row in rows:
                    document = result_document(row)
                    if row.decision_id in judged:
                        document["review"] = judged[row.decision_id]
                    yield document
                if len(rows) < _PAGE:
                    break
                after = rows[-1].decision_id

    def judged(self, since: datetime, until: datetime, *, most: int = MOST) -> list[JudgedRow]:
        """Give what people judged in a period, newest first."""
        c = review_items.c
        query = (
            select(
                c.decision_id,
                c.queue,
                c.line,
                c.language,
                c.label,
                c.kind,
                c.content_hash,
                c.created_at,
                c.decided_at,
                c.verdict,
            )
            .where(c.decided_at >= since, c.decided_at < until, c.state == "done", standing())
            .where(*mine(c.tenant, self._tenant))
            .order_by(c.decided_at.desc())
            .limit(most)
        )
        return [
            JudgedRow(
                decision_id=row.decision_id,
                queue=row.queue,
                line=row.line,
                language=row.language,
                label=row.label,
                kind=row.kind,
                content_hash=row.content_hash,
                wrong=(row.verdict or {}).get("verdict") == "wrong",
                seconds=max(0.0, (row.decided_at - row.created_at).total_seconds()),
            )
            for row in self._read(query)
        ]

    def appeals(self, since: datetime, until: datetime, *, most: int = MOST) -> list[AppealRow]:
        """Give the appeals that were made in a period, newest first."""
        c = appeals.c
        query = select(c.label, c.judged, c.state, c.created_at, c.decided_at)
        query = query.where(c.id >= first_id(since), c.id < first_id(until), *mine(c.tenant, self._tenant))
        query = query.order_by(c.id.desc()).limit(most)
        return [
            AppealRow(
                label=row.label,
                judged=bool(row.judged),
                state=row.state,
                seconds=None if row.decided_at is None else max(0.0, (row.decided_at - row.created_at).total_seconds()),
            )
            for row in self._read(query)
        ]

    def votes(self, since: datetime, until: datetime, *, most: int = MOST) -> list[tuple[str, str]]:
        """Give what several people said about the same decisions: (decision, verdict and action), without who."""
        c = review_votes.c
        query = select(c.decision_id, c.verdict).where(
            c.at >= since, c.at < until, c.purpose.in_(("first", "second", "disagreement"))
        )
        if self._tenant is not None:
            query = query.where(c.decision_id.in_(select(decisions.c.decision_id).where(*self._theirs())))
        rows = self._read(query.order_by(c.at.desc()).limit(most))
        return [(row.decision_id, f"{row.verdict.get('verdict')}/{row.verdict.get('action')}") for row in rows]

    def timings(self, since: datetime, until: datetime, *, most: int = 5_000) -> list[float]:
        """Give the milliseconds from content to decision, of the newest decisions of a period."""
        c = decisions.c
        query = select(c.timing_ms).where(c.decision_id >= first_id(since), c.decision_id < first_id(until))
        query = query.where(*self._theirs())
        rows = self._read(query.order_by(c.decision_id.desc()).limit(most))
        return [sum(row.timing_ms.values()) for row in rows if row.timing_ms]

    def texts(self, hashes: Sequence[str]) -> dict[str, str]:
        """Give kept texts by the hash of their content; those that are not kept are left out. At most 1000."""
        c = originals.c
        query = select(c.content_hash, c.body).where(c.content_hash.in_(list(hashes)[:1_000]))
        rows = self._read(query.where(c.media_type == "text/plain"))
        return {row.content_hash: bytes(row.body).decode("utf-8", "replace") for row in rows}

    def recent(self, since: datetime, *, line: str | None = None, most: int = MOST) -> list[RecentRow]:
        """Give the decisions since a moment, newest first."""
        c = decisions.c
        query = select(c.decision_id, c.line, c.action, c.languages, c.labels, c.incomplete)
        query = query.where(c.decision_id >= first_id(since), *self._theirs())
        if line is not None:
            query = query.where(c.line == line)
        return [
            RecentRow(
                decision_id=row.decision_id,
                line=row.line or "",
                action=row.action,
                language=row.languages[0] if row.languages else "",
                labels=row.labels,
                incomplete=row.incomplete is not None,
            )
            for row in self._read(query.order_by(c.decision_id.desc()).limit(most))
        ]

    def _theirs(self) -> list[ColumnElement[bool]]:
        return mine(decisions.c.key_id, self._tenant)

    def _read(self, query: Any) -> Sequence[Any]:
        return self._database.read(lambda connection: connection.execute(query).all())


def _outcome(row: Any) -> dict[str, Any]:
    return {**row.verdict, "at": rfc3339(row.decided_at)}
