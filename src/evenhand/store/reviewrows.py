"""Rows of review items: how decisions become them, and what their decisions show of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, select, update

from evenhand.domain import Action, id_time
from evenhand.store.librarytables import mark_touches as touches
from evenhand.store.policytables import policy_undone
from evenhand.store.qualityrows import forget_quality
from evenhand.store.records import Record
from evenhand.store.reviewqueues import Queues
from evenhand.store.reviewrecords import ReviewItem
from evenhand.store.schema import marks
from evenhand.store.schema import review_items as table
from evenhand.store.schema import review_skips as skips

# Made once: each is asked for every decision that is shown.
_THIS: BindParameter[str] = bindparam("decision_id")
_OUTCOME = select(table.c.verdict, table.c.decided_at).where(table.c.decision_id == _THIS, table.c.state == "done")
_MARKED = (
    select(marks.c.id, marks.c.verdict, marks.c.applied_at, touches.c.alike)
    .join(touches, touches.c.mark_id == marks.c.id)
    .where(touches.c.decision_id == _THIS, marks.c.state == "applied")
    # As when a content is checked: the most alike; of those equally so, what its tenant says.
    .order_by(touches.c.alike.desc(), marks.c.tenant.is_(None), marks.c.applied_at.desc())
    .limit(1)
)
_UNDONE = (
    select(policy_undone)
    .where(policy_undone.c.decision_id == _THIS, policy_undone.c.reverted_at.is_(None))
    .order_by(policy_undone.c.run_id.desc())
    .limit(1)
)


def new_items(records: Sequence[Record], queues: Queues) -> list[dict[str, Any]]:
    """Give the rows of those decisions that ask for a person."""
    asked = [record for record in records if record.result.action is Action.REVIEW]
    return [_row(record, queues) for record in asked]


def _row(record: Record, queues: Queues) -> dict[str, Any]:
    result = record.result
    line = result.policy.rpartition("/")[2] if "@" in result.policy else ""
    queue, made = queues.choose(result, line, record.key_id), id_time(result.decision_id)
    label = max(result.labels.items(), key=lambda pair: pair[1], default=("", 0.0))
    return {
        "decision_id": result.decision_id,
        "queue": queue.name,
        "priority": queue.priority,
        "level": 0,
        "state": "waiting",
        "tenant": record.key_id or "",
        "line": line,
        "kind": result.kind,
        "language": result.languages[0] if result.languages else "",
        "label": label[0] if label[1] > 0 else "",
        "content_hash": result.content_hash,
        "free_at": made,
        "due_at": made + timedelta(minutes=queue.target_minutes),
        "note": "",
        "created_at": made,
    }


def outcome(connection: Connection, decision_id: str) -> dict[str, Any] | None:
    """Give what people made of a decision, without who they are; None: nothing yet."""
    row = connection.execute(_OUTCOME, {"decision_id": decision_id}).one_or_none()
    return None if row is None else {**row.verdict, "at": _text(row.decided_at)}


def marked_as(connection: Connection, decision_id: str) -> dict[str, Any] | None:
    """Give what the applied mark that is most alike says of a stored decision; None: none speaks of it."""
    row = connection.execute(_MARKED, {"decision_id": decision_id}).one_or_none()
    if row is None:
        return None
    return {**row.verdict, "mark": row.id, "alike": row.alike, "at": _text(row.applied_at)}


def undone_of(connection: Connection, decision_id: str) -> dict[str, Any] | None:
    """Give what was undone of a decision and stands: {run, at, was}; None: nothing."""
    row = connection.execute(_UNDONE, {"decision_id": decision_id}).first()
    return None if row is None else {"run": row.run_id, "at": _text(row.at), "was": row.was}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def item(row: Row[Any], now: datetime | None = None) -> ReviewItem:
    """Give an item as it is at a moment: who held it too long holds it no more."""
    now = now or datetime.now(UTC)
    values = dict(row._mapping)
    over = values["free_at"] <= now
    if over:
        values["holder"] = None
    if values["state"] == "waiting" and not over:
        values["state"] = "claimed" if values["holder"] is not None else "held"
    return ReviewItem(**values)


def forget_reviews(connection: Connection, content_hash: str, *, wholly: bool) -> None:
    """Delete what people noted about a content; `wholly`: its items, too. What the audit log holds is erased there."""
    mine = table.c.content_hash == content_hash
    forget_quality(connection, content_hash, wholly=wholly)
    connection.execute(delete(skips).where(skips.c.decision_id.in_(select(table.c.decision_id).where(mine))))
    if wholly:
        connection.execute(delete(table).where(mine))
    else:
        connection.execute(update(table).where(mine).values(note=""))
