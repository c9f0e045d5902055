"""Undoing what a version of a policy did: its decisions are replaced, each with what it was kept beside it.

What a person has judged stays. The way back puts every decision, and the review item that went with it, as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from evenhand.domain import Action, id_time
from evenhand.store.announcing import announce
from evenhand.store.auditlog import AuditLog
from evenhand.store.columns import Instant
from evenhand.store.database import Database
from evenhand.store.policyrecords import Run
from evenhand.store.policytables import policy_undone as table
from evenhand.store.reviewqueues import Queues
from evenhand.store.schema import decisions, review_items

CHUNK = 200  # decisions in one transaction
_FIELDS = ("action", "rule", "reason", "policy", "policy_version", "line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redecided:
    """A decision as it is to be from now on."""

    decision_id: str
    action: Action
    rule: str | None
    reason: str
    policy: str
    policy_version: str
    line: str


class PolicyUndo:
    """Replaces decisions, and puts them back.

    Args:
        database: where.
        audit: is told of every chunk.
        queues: what is reopened goes into the one that would have taken it, with its service level from now on.
    """

    def __init__(self, database: Database, audit: AuditLog, queues: Queues) -> None:
        self._database, self._audit, self._queues = database, audit, queues

    def judged(self, decision_ids: Sequence[str]) -> set[str]:
        """Give those of these decisions that a person has judged, or is judging now."""
        now = datetime.now(UTC)
        c = review_items.c
        taken = (c.state == "done") | (c.holder.is_not(None) & (c.free_at > now))
        query = select(c.decision_id).where(c.decision_id.in_(list(decision_ids)), taken)
        return set(self._database.read(lambda connection: connection.execute(query).scalars().all()))

    def replace(self, run: Run, chunk: Sequence[Redecided]) -> int:
        """Replace decisions, all in one transaction; those that a person has judged meanwhile stay.

        Doing it again changes nothing: what was replaced in this run is left as it is.

        Returns:
            How many were replaced.
        """
        now = datetime.now(UTC)

        def work(connection: Connection) -> int:
            ids = [one.decision_id for one in chunk]
            known = set(connection.execute(_of(run.id, ids)).scalars())
            rows = {row.decision_id: row for row in connection.execute(_some(ids))}
            items = {row.decision_id: row for row in connection.execute(_items(ids).with_for_update())}
            done = 0
            for one in chunk:
                row, item = rows.get(one.decision_id), items.get(one.decision_id)
                busy = item is not None and (item.state == "done" or (item.holder and item.free_at > now))
                if row is None or busy or one.decision_id in known:
                    continue
                self._replace(connection, run, one, row, item, now)
                done += 1
            if done:
                after = {"run": run.id, "decisions": done, "first": ids[0], "last": ids[-1]}
                self._audit.append(connection, "policy.undo", f"policy:{run.policy}", actor=run.actor, after=after)
            return done

        return self._database.write(work)

    def _replace(self, connection: Connection, run: Run, one: Redecided, row: Any, item: Any, now: datetime) -> None:
        was = {name: getattr(row, name) for name in _FIELDS}
        then = {name: getattr(one, name) for name in _FIELDS} | {"action": one.action.value}
        kept = None
        if item is not None and one.action is not Action.REVIEW:
            kept = _item_values(item._mapping)
            connection.execute(delete(review_items).where(review_items.c.decision_id == one.decision_id))
        if item is None and one.action is Action.REVIEW:
            connection.execute(insert(review_items), self._new_item(row, one, now))
        values = {"run_id": run.id, "decision_id": one.decision_id, "was": was, "now": then, "item": kept, "at": now}
        connection.execute(insert(table), values)
        connection.execute(update(decisions).where(decisions.c.decision_id == one.decision_id).values(**then))
        self._announce(connection, "decision.undone", row, run, was["action"], then["action"])

    def revert(self, run_id: str, run: Run, after: str) -> str | None:
        """Put a chunk of decisions back as they were before a run; those that a person judged since stay.

        Args:
            run_id: of what is taken back.
            run: of taking it back.
            after: id of the last decision already done.

        Returns:
            Id of the last one done; None: all are.
        """
        now = datetime.now(UTC)
        query = (
            select(table)
            .where(table.c.run_id == run_id, table.c.decision_id > after, table.c.reverted_at.is_(None))
            .order_by(table.c.decision_id)
            .limit(CHUNK)
        )

        def work(connection: Connection) -> str | None:
            found = connection.execute(query).all()
            ids = [row.decision_id for row in found]
            rows = {row.decision_id: row for row in connection.execute(_some(ids))}
            items = {row.decision_id: row for row in connection.execute(_items(ids).with_for_update())}
            done = 0
            for mine in found:
                row, item = rows.get(mine.decision_id), items.get(mine.decision_id)
                if row is None or (item is not None and item.state == "done"):
                    continue
                if item is not None and mine.was["action"] != "review":
                    connection.execute(delete(review_items).where(review_items.c.decision_id == mine.decision_id))
                if item is None and mine.item is not None:
                    connection.execute(insert(review_items), _item_back(mine.item))
                here = decisions.c.decision_id == mine.decision_id
                connection.execute(update(decisions).where(here).values(**mine.was))
                mark = (table.c.run_id == run_id, table.c.decision_id == mine.decision_id)
                connection.execute(update(table).where(*mark).values(reverted_at=now))
                self._announce(connection, "decision.restored", row, run, mine.now["action"], mine.was["action"])
                done += 1
            if done:
                told = {"run": run_id, "decisions": done, "first": ids[0], "last": ids[-1]}
                self._audit.append(connection, "policy.revert", f"policy:{run.policy}", actor=run.actor, after=told)
            return ids[-1] if ids else None

        return self._database.write(work)

    def count(self, run_id: str) -> tuple[int, int]:
        """Give how many decisions a run replaced, and how many of those were put back."""
        query = select(table.c.reverted_at).where(table.c.run_id == run_id)
        rows = self._database.read(lambda connection: connection.execute(query).scalars().all())
        return len(rows), sum(1 for one in rows if one is not None)

    def _new_item(self, row: Any, one: Redecided, now: datetime) -> dict[str, Any]:
        queue = self._queues.choose(row, one.line, row.key_id)
        label = max(row.labels.items(), key=lambda pair: pair[1], default=("", 0.0))
        return {
            "decision_id": one.decision_id,
            "queue": queue.name,
            "priority": queue.priority,
            "level": 0,
            "state": "waiting",
            "tenant": row.key_id or "",
            "line": one.line,
            "kind": row.kind,
            "language": row.languages[0] if row.languages else "",
            "label": label[0] if label[1] > 0 else "",
            "content_hash": row.content_hash,
            "free_at": now,
            "due_at": now + timedelta(minutes=queue.target_minutes),
            "note": "",
            "created_at": id_time(one.decision_id),
        }

    def _announce(self, connection: Connection, event: str, row: Any, run: Run, was: str, now: str) -> None:
        told = {"decision_id": row.decision_id, "id": row.caller_id, "content_hash": row.content_hash}
        told |= {"was": was, "now": now, "policy": run.policy, "run": run.id}
        announce(connection, self._database, event, told)


def _some(ids: Sequence[str]) -> Any:
    return select(decisions).where(decisions.c.decision_id.in_(list(ids)))


def _items(ids: Sequence[str]) -> Any:
    return select(review_items).where(review_items.c.decision_id.in_(list(ids)))


def _of(run_id: str, ids: Sequence[str]) -> Any:
    return select(table.c.decision_id).where(table.c.run_id == run_id, table.c.decision_id.in_(list(ids)))


def _item_values(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _item_back(kept: Mapping[str, Any]) -> dict[str, Any]:
    moments = {column.name for column in review_items.columns if isinstance(column.type, Instant)}
    known = {column.name for column in review_items.columns}
    return {
        name: datetime.fromisoformat(value) if name in moments and value is not None else value
        for name, value in kept.items()
        if name in known
    }
