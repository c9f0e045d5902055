"""Golden questions: decisions whose right verdict is known, given to reviewers among all others.

Each answer belongs to who gave it. Others see totals, and only where so many people answered that none of them stands
alone.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, exists, func, insert, or_, select, update

from evenhand.domain import id_time, new_id
from evenhand.errors import ConflictError, InputError, NotFoundError
from evenhand.store.accountscope import has_label, within
from evenhand.store.auditlog import AuditLog
from evenhand.store.belonging import mine, theirs
from evenhand.store.database import Database
from evenhand.store.qualityids import item_id_at
from evenhand.store.qualityrecords import GoldenQuestion, GoldenTotals, Purpose, answer
from evenhand.store.qualitytables import golden_questions as table
from evenhand.store.qualitytables import review_tasks as tasks
from evenhand.store.qualitytables import review_votes as votes
from evenhand.store.reviewqueues import APPEALS, DEFAULT, Queues
from evenhand.store.reviewrecords import Person, Verdict, Wanted
from evenhand.store.schema import decisions
from evenhand.store.schema import review_items as items
from evenhand.store.wellness import counted
from evenhand.store.wellnessrecords import Pace

LEAST_TOTAL = 3  # people of whom a total is told
LEAST_SPREAD = 5  # people of whom a distribution is told
SPREAD = (0.5, 0.7, 0.8, 0.9)  # edges of its groups, as shares of right answers
_TRIED = 20  # questions that are looked at for one claim
_LOOKED = 5_000  # verdicts that are searched for agreed decisions


class Golden:
    """Makes, gives, retires and counts golden questions.

    Args:
        database: where.
        queues: how many claims get one.
        audit: is told what is made and retired.
        tenant: only of its decisions; None: of all.
    """

    def __init__(self, database: Database, queues: Queues, audit: AuditLog, *, tenant: str | None = None) -> None:
        self._database, self._queues, self._audit, self._tenant = database, queues, audit, tenant

    def within(self, tenant: str | None) -> Golden:
        """Give the questions about a tenant's decisions."""
        return Golden(self._database, self._queues, self._audit, tenant=tenant)

    def make(
        self, person: Person, decision_id: str, verdict: Verdict, *, queue: str | None = None, note: str = ""
    ) -> GoldenQuestion:
        """Make a golden question by hand.

        Args:
            person: who says what is right.
            decision_id: a stored decision.
            verdict: the right one.
            queue: where it is asked; None: where the decision waited, or else in the default queue.
            note: why, for who gets it wrong.

        Raises:
            ConflictError: it is one already.
            InputError: there is no such queue.
            NotFoundError: the decision is not stored.
            StoreError: nothing was stored.
        """

        def work(connection: Connection) -> GoldenQuestion:
            row = _decision(connection, decision_id, self._tenant)
            where = queue or _queue_of(connection, decision_id)
            if where not in {known.name for known in self._queues.all}:
                raise InputError(f"There is no queue {where[:80]!r}.")
            return self._add(connection, person, row, where, verdict.as_dict(), note, "hand")

        return self._database.write(work)

    def from_agreed(self, person: Person, *, queue: str = DEFAULT, count: int = 20) -> list[GoldenQuestion]:
        """Make golden questions of the latest decisions that two people or more judged, and all alike.

        Args:
            person: who asks for them.
            queue: of which queue.
            count: most to make, 1 to 500.

        Raises:
            ValueError: the number is wrong.
            StoreError: nothing was stored.
        """
        if not 1 <= count <= 500:
            raise ValueError(f"count is {count}: give 1 to 500")
        query = (
            select(votes.c.decision_id, votes.c.verdict)
            .join(items, and_(items.c.decision_id == votes.c.decision_id, items.c.state == "done"))
            .where(votes.c.queue == queue, votes.c.purpose.in_(("first", "second", "disagreement")))
            .where(~exists().where(table.c.decision_id == votes.c.decision_id))
            .where(*theirs(votes.c.decision_id, self._tenant))
            .order_by(votes.c.at.desc())
            .limit(_LOOKED)
        )

        def work(connection: Connection) -> list[GoldenQuestion]:
            said: dict[str, list[Mapping[str, Any]]] = {}
            for row in connection.execute(query):
                said.setdefault(row.decision_id, []).append(row.verdict)
            agreed = [name for name, all_ in said.items() if len(all_) > 1 and len({answer(x) for x in all_}) == 1]
            made = []
            for decision_id in agreed[:count]:
                found = _decision(connection, decision_id, self._tenant)
                made.append(self._add(connection, person, found, queue, said[decision_id][0], "", "agreed"))
            return made

        return self._database.write(work)

    def page(
        self, *, queue: str | None = None, retired: bool = False, after: str = "", limit: int = 100
    ) -> list[GoldenQuestion]:
        """List golden questions, oldest first.

        Args:
            queue: only of this queue.
            retired: also those that are no longer asked.
            after: id of the last one already seen.
            limit: most to give.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table).where(table.c.id > after, *theirs(table.c.decision_id, self._tenant))
        query = query.order_by(table.c.id).limit(limit)
        if queue is not None:
            query = query.where(table.c.queue == queue)
        if not retired:
            query = query.where(table.c.retired_at.is_(None))
        return [_question(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def retire(self, person: Person, question_id: str) -> GoldenQuestion:
        """Ask a golden question no more; what was answered stays counted.

        Raises:
            NotFoundError: there is none with that id.
            StoreError: nothing was changed.
        """
        here = and_(table.c.id == question_id.replace("\x00", ""), *theirs(table.c.decision_id, self._tenant))

        def work(connection: Connection) -> GoldenQuestion:
            statement = update(table).where(here, table.c.retired_at.is_(None)).values(retired_at=datetime.now(UTC))
            done = connection.execute(statement).rowcount
            row = connection.execute(select(table).where(here)).one_or_none()
            if row is None:
                raise NotFoundError(f"no golden question has the id {question_id[:80]!r}")
            if done:
                self._audit.append(connection, "golden.retire", f"golden:{row.id}", actor=person.id)
            return _question(row)

        return self._database.write(work)

    def instead(
        self, connection: Connection, row: Row[Any], person: Person, wanted: Wanted | None, pace: Pace
    ) -> Row[Any]:
        """Give a golden question's item in the place of the one that a claim found, as often as its queue says.

        Args:
            connection: within the claim's transaction.
            row: the item that was found; it stays free where another is given.
            person: who claims.
            wanted: what they asked for.
            pace: which labels they may be given.
        """
        rate = self._queues.working(row.queue).golden_rate
        if not rate or row.level or row.queue == APPEALS or random.random() >= rate:  # noqa: S311  (a sample, no secret)
            return row
        # The same content may have been sent in again: who judged it then would know it.
        judged = or_(votes.c.decision_id == table.c.decision_id, votes.c.content_hash == table.c.content_hash)
        known = exists().where(judged, votes.c.person == person.id)
        # Somebody has it before them, or has put it back: that item is given to the next one.
        waits = (
            exists()
            .where(tasks.c.source == table.c.id, items.c.decision_id == tasks.c.item_id)
            .where(items.c.state == "waiting")
        )
        query = (
            select(table.c.id.label("question"), decisions)
            .join(decisions, decisions.c.decision_id == table.c.decision_id)
            .where(table.c.queue == row.queue, table.c.retired_at.is_(None), ~known, ~waits)
            .where(*mine(decisions.c.key_id, person.tenant))
            .order_by(func.random())
            .limit(_TRIED)
        )
        for found in connection.execute(query).all():
            values = _item(found, row)
            if (
                not has_label(person, values["label"])
                or not _fits(values, wanted, row)
                or pace.bars(counted(found.labels, values["label"]))
            ):
                continue
            task = {
                "item_id": values["decision_id"],
                "decision_id": found.decision_id,
                "purpose": Purpose.GOLDEN.value,
                "source": found.question,
                "created_at": datetime.now(UTC),
            }
            here = items.c.decision_id == values["decision_id"]
            connection.execute(insert(items), values)
            made = connection.execute(select(items).where(here, *within(person))).one_or_none()
            if made is None:  # another tenant's, or a label that they do not review
                connection.execute(delete(items).where(here))
                continue
            connection.execute(insert(tasks), task)
            return made
        return row

    def totals(self, since: datetime) -> tuple[GoldenTotals, ...]:
        """Give how golden questions were answered since a moment (aware), by queue.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        asked = select(table.c.queue, func.count().label("number")).where(table.c.retired_at.is_(None))
        asked = asked.where(*theirs(table.c.decision_id, self._tenant))
        right = func.sum(case((votes.c.correct == 1, 1), else_=0)).label("right")
        people = (
            select(votes.c.queue, votes.c.person, func.count().label("number"), right)
            .where(votes.c.purpose == Purpose.GOLDEN.value, votes.c.correct.is_not(None), votes.c.at >= since)
            .where(*theirs(votes.c.decision_id, self._tenant))
            .group_by(votes.c.queue, votes.c.person)
        )

        def work(connection: Connection) -> tuple[GoldenTotals, ...]:
            questions = {row.queue: row.number for row in connection.execute(asked.group_by(table.c.queue))}
            answered: dict[str, list[tuple[int, int]]] = {}
            for row in connection.execute(people):
                answered.setdefault(row.queue, []).append((row.number, row.right))
            names = sorted({*questions, *answered})
            return tuple(_totals(name, questions.get(name, 0), answered.get(name, [])) for name in names)

        return self._database.read(work)

    def _add(
        self,
        connection: Connection,
        person: Person,
        row: Row[Any],
        queue: str,
        verdict: Mapping[str, Any],
        note: str,
        origin: str,
    ) -> GoldenQuestion:
        if connection.execute(select(table.c.id).where(table.c.decision_id == row.decision_id)).first() is not None:
            raise ConflictError("that decision is a golden question already")
        values = {
            "id": new_id(),
            "decision_id": row.decision_id,
            "content_hash": row.content_hash,
            "queue": queue,
            "verdict": dict(verdict),
            "note": note,
            "origin": origin,
            "made_by": person.id,
            "created_at": datetime.now(UTC),
            "retired_at": None,
        }
        connection.execute(insert(table), values)
        after = {"decision_id": row.decision_id, "queue": queue, "origin": origin, **verdict}
        self._audit.append(connection, "golden.make", f"golden:{values['id']}", actor=person.id, after=after)
        return _question(connection.execute(select(table).where(table.c.id == values["id"])).one())


def _totals(queue: str, questions: int, people: Sequence[tuple[int, int]]) -> GoldenTotals:
    groups = [0] * (len(SPREAD) + 1)
    for number, right in people:
        groups[sum(right / number >= edge for edge in SPREAD)] += 1
    return GoldenTotals(
        queue=queue,
        questions=questions,
        people=len(people),
        answered=sum(number for number, _ in people),
        correct=sum(right for _, right in people) if len(people) >= LEAST_TOTAL else None,
        spread=tuple(groups) if len(people) >= LEAST_SPREAD else None,
    )


def _item(found: Row[Any], like: Row[Any]) -> dict[str, Any]:
    """Give the row of an item about a decision, as old and as urgent as another."""
    label = max(found.labels.items(), key=lambda pair: pair[1], default=("", 0.0))
    return {
        "decision_id": item_id_at(like.created_at),
        "queue": like.queue,
        "priority": like.priority,
        "level": 0,
        "state": "waiting",
        "tenant": found.key_id or "",
        "line": found.line or "",
        "kind": found.kind,
        "language": found.languages[0] if found.languages else "",
        "label": label[0] if label[1] > 0 else "",
        "content_hash": found.content_hash,
        "shown_hash": f"sha256:{secrets.token_hex(32)}",  # by its source's it could be told, and be marked
        "free_at": like.free_at,
        "due_at": like.due_at,
        "note": "",
        "created_at": like.created_at,
    }


def _fits(values: Mapping[str, Any], wanted: Wanted | None, like: Row[Any]) -> bool:
    """Say whether the item is of the kind that was asked for; and in a language that the person reads."""
    if values["language"] != like.language:
        return False
    wanted = wanted or Wanted()
    names = ("line", "tenant", "kind")
    if any(getattr(wanted, name) and getattr(wanted, name) != values[name] for name in names):
        return False
    return not wanted.label or f"{values['label']}.".startswith(f"{wanted.label}.")


def _decision(connection: Connection, decision_id: str, tenant: str | None) -> Row[Any]:
    try:
        id_time(decision_id)
    except ValueError:
        row = None
    else:
        query = select(decisions).where(decisions.c.decision_id == decision_id, *mine(decisions.c.key_id, tenant))
        row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"no decision with the id {decision_id[:80]!r} is stored; it may have been deleted")
    return row


def _queue_of(connection: Connection, decision_id: str) -> str:
    query = select(items.c.queue).where(items.c.decision_id == decision_id)
    return connection.execute(query).scalar_one_or_none() or DEFAULT


def _question(row: Row[Any]) -> GoldenQuestion:
    names = ("id", "decision_id", "queue", "verdict", "note", "origin", "created_at", "retired_at")
    return GoldenQuestion(**{name: row._mapping[name] for name in names})
