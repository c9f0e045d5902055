"""Rows of appeals: how they are made, and who took part in what they are about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select

from evenhand.domain import id_time, new_id
from evenhand.errors import InputError
from evenhand.store.qualityids import item_id_at
from evenhand.store.qualityrecords import Appeal, Purpose
from evenhand.store.qualitytables import appeals as table
from evenhand.store.qualitytables import review_barred, review_tasks, review_votes
from evenhand.store.reviewqueues import APPEALS, Queue
from evenhand.store.schema import audit_log, decisions, marks
from evenhand.store.schema import review_items as items
from evenhand.store.schema import review_skips as skips

LONGEST = 4_000  # characters of a statement or an explanation


def insert_appeal(
    connection: Connection,
    queue: Queue,
    row: Row[Any],
    judged: Row[Any] | None,
    statement: str,
    *,
    party: str,
    language: str,
    via: str,
    now: datetime,
) -> Appeal:
    """Store an appeal with its item and whom it is not given to.

    Args:
        connection: in a transaction that holds a lock on the decision.
        queue: of appeals.
        row: the decision.
        judged: its item; None: nobody was asked.
        statement: what the appellant says.
        party: who they are.
        language: in which they are answered.
        via: "api" or "link".
        now: the moment.
    """
    best = max(row.labels.items(), key=lambda pair: pair[1], default=("", 0.0))
    label = best[0] if best[1] > 0 else ""
    found = sorted({finding["label"] for finding in row.findings})
    before = {"action": row.action, "labels": found}
    if judged is not None and judged.verdict is not None:
        named = judged.verdict["labels"]
        before = {"action": judged.verdict["action"], "labels": found if named is None else named}
    item_id, appeal_id = item_id_at(now), new_id()
    due = now + timedelta(minutes=queue.target_minutes)
    new_item = {
        "decision_id": item_id,
        "queue": APPEALS,
        "priority": queue.priority,
        "level": 0,
        "state": "waiting",
        "tenant": row.key_id or "",
        "line": row.line or "",
        "kind": row.kind,
        "language": row.languages[0] if row.languages else "",
        "label": label,
        "content_hash": row.content_hash,
        "free_at": now,
        "due_at": due,
        "note": f"This is an appeal; it is decided at /console/appeals/{appeal_id}",
        "created_at": now,
    }
    task = {"item_id": item_id, "decision_id": row.decision_id, "purpose": Purpose.APPEAL.value}
    values = {
        "id": appeal_id,
        "decision_id": row.decision_id,
        "party": party,
        "content_hash": row.content_hash,
        "item_id": item_id,
        "via": via,
        "tenant": row.key_id or "",
        "language": language,
        "statement": statement,
        "label": label,
        "judged": int(judged is not None and judged.queue != APPEALS),
        "before": before,
        "state": "open",
        "explanation": "",
        "due_at": due,
        "created_at": now,
    }
    connection.execute(insert(items), new_item)
    connection.execute(insert(review_tasks), {**task, "source": appeal_id, "created_at": now})
    connection.execute(insert(table), values)
    barred = [{"item_id": item_id, "person": one} for one in sorted(took_part(connection, row))]
    if barred:
        connection.execute(insert(review_barred), barred)
    return as_appeal(connection.execute(select(table).where(table.c.id == appeal_id)).one())


def read_statement(statement: str) -> str:
    """Give a statement as it is stored.

    Raises:
        InputError: it is empty or too long.
    """
    said = statement.replace("\r\n", "\n").strip()
    if not said:
        raise InputError("Say why the decision is wrong: the statement is empty.")
    if len(said) > LONGEST:
        raise InputError(f"The statement has {len(said)} characters; {LONGEST} are the most.")
    return said


def locked_decision(connection: Connection, decision_id: str) -> Row[Any] | None:
    """Lock and give the row of a decision; None: there is none."""
    try:
        id_time(decision_id)
    except ValueError:
        return None
    query = select(decisions).where(decisions.c.decision_id == decision_id).with_for_update()
    return connection.execute(query).one_or_none()


def appeal_row(connection: Connection, decision_id: str, party: str) -> Row[Any] | None:
    """Give the row of a party's appeal against a decision; None: there is none."""
    query = select(table).where(table.c.decision_id == clean(decision_id), table.c.party == party)
    return connection.execute(query).one_or_none()


def took_part(connection: Connection, row: Row[Any]) -> set[str]:
    """Give everybody who had a hand in a decision."""
    of = select(review_tasks.c.item_id).where(review_tasks.c.decision_id == row.decision_id)
    ids = [row.decision_id, *connection.execute(of).scalars()]
    marked = or_(marks.c.decision_id == row.decision_id, marks.c.content_hash == row.content_hash)
    subjects = [f"decision:{name}" for name in ids]
    logged = select(audit_log.c.actor).where(
        audit_log.c.subject.in_(subjects), audit_log.c.action.startswith("review.", autoescape=True)
    )
    people = set(connection.execute(logged).scalars())
    for query in (
        select(review_votes.c.person).where(review_votes.c.decision_id == row.decision_id),
        select(items.c.decided_by).where(items.c.decision_id.in_(ids)),
        select(skips.c.person).where(skips.c.decision_id.in_(ids)),
        select(marks.c.person).where(marked),
        select(marks.c.applied_by).where(marked),
    ):
        people |= {one for one in connection.execute(query).scalars() if one is not None}
    return people


def final_action(action: str) -> str:
    """Give what an action comes to where a person has the last word."""
    return "block" if action == "review" else action


def clean(name: str) -> str:
    """Give an id as a database can be asked for it."""
    return name.replace("\x00", "")


def as_appeal(row: Row[Any]) -> Appeal:
    """Give an appeal, without who decided it."""
    kept = {name: value for name, value in row._mapping.items() if name != "decided_by"}
    return Appeal(**{**kept, "judged": bool(row.judged)})
