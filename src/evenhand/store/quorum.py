"""When a verdict takes effect, and who is asked besides.

- A verdict takes effect at once, unless the queue asks for a quorum: then the item goes on until so many agree.
- Where two people differ before that, somebody senior who has not judged it yet is asked; their verdict takes effect
  once the quorum that it needs agrees with it.
- A share of what took effect goes to a second person, blind. Their verdict changes nothing by itself: where it differs,
  the first one stands until somebody senior has decided, and then that one does.

Two verdicts agree when they come to the same action and the same labels (`qualityrecords.answer`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, insert, or_, select, update

from evenhand.domain import new_id
from evenhand.errors import ConflictError
from evenhand.store.announcing import announce
from evenhand.store.database import Database
from evenhand.store.qualityids import item_id_at
from evenhand.store.qualityrecords import Purpose, Task, answer
from evenhand.store.qualitytables import appeals, golden_questions, review_barred, review_votes
from evenhand.store.qualitytables import review_tasks as tasks
from evenhand.store.reviewfollows import follow
from evenhand.store.reviewqueues import APPEALS, Queue, Queues
from evenhand.store.reviewrecords import Person, ReviewItem, Verdict
from evenhand.store.schema import review_items as items

SHOWN_AFTER = timedelta(hours=1)  # after which people see how they answered golden questions
_SENIOR = 1  # level of what only seniors get
_TOP = 1_000_000  # priority of what people differ about: before anything that a queue says
_REVIEWING = (Purpose.FIRST, Purpose.SECOND, Purpose.DISAGREEMENT)
_DIFFER = "People differ about this one: "


def free_for(person: Person, queue: str | None) -> list[ColumnElement[bool]]:
    """Give what an item must meet so that a person may be given it: they have not judged it, and may.

    Appeals are given only to who asks for their queue.
    """
    mine = review_votes.c.person == person.id
    judged = exists().where(review_votes.c.decision_id == items.c.decision_id, mine)
    judged_about = exists().where(
        tasks.c.item_id == items.c.decision_id, review_votes.c.decision_id == tasks.c.decision_id, mine
    )
    barred = exists().where(review_barred.c.item_id == items.c.decision_id, review_barred.c.person == person.id)
    found = [~judged, ~judged_about, ~barred]
    if queue != APPEALS:
        found.append(items.c.queue != APPEALS)
    return found


def task_of(connection: Connection, item_id: str) -> Task:
    """Give what an item is about."""
    row = connection.execute(select(tasks).where(tasks.c.item_id == item_id)).one_or_none()
    if row is None:
        return Task(item_id=item_id, decision_id=item_id, purpose=Purpose.FIRST, source=None)
    return Task(item_id=item_id, decision_id=row.decision_id, purpose=Purpose(row.purpose), source=row.source)


def took_part(connection: Connection, task: Task, person: Person) -> str | None:
    """Say why somebody may not judge what an item is about; None: they may."""
    votes, barred = review_votes.c, review_barred.c
    judged = exists().where(votes.decision_id == task.decision_id, votes.person == person.id)
    kept_away = exists().where(barred.item_id == task.item_id, barred.person == person.id)
    row = connection.execute(select(judged.label("judged"), kept_away.label("kept_away"))).one()
    if row.judged:
        return "you have judged that decision already: somebody else is asked now"
    if row.kept_away:
        return "you took part in what this appeal is about: somebody else decides it"
    return None


def refuse_person(connection: Connection, task: Task, person: Person) -> None:
    """Refuse who judged already, or took part in what is appealed against.

    Raises:
        ConflictError: they may not judge this.
    """
    if (why := took_part(connection, task, person)) is not None:
        raise ConflictError(why)


def cast(
    connection: Connection, found: ReviewItem, task: Task, person: Person, verdict: Verdict, now: datetime
) -> list[Row[Any]]:
    """Store a person's verdict; give those of others on the same decision, oldest first."""
    told = verdict.as_dict()
    correct = None
    if task.purpose is Purpose.GOLDEN:
        known = select(golden_questions.c.verdict).where(golden_questions.c.id == task.source)
        right = connection.execute(known).scalar_one_or_none()
        correct = None if right is None else int(answer(told) == answer(right))
    row = {
        "item_id": found.decision_id,
        "person": person.id,
        "id": new_id(),
        "decision_id": task.decision_id,
        "content_hash": found.content_hash,
        "queue": found.queue,
        "label": found.label,
        "purpose": task.purpose.value,
        "source": task.source,
        "verdict": told,
        "correct": correct,
        "at": now,
    }
    others = votes_on(connection, task.decision_id)
    connection.execute(insert(review_votes), row)
    return others


def votes_on(connection: Connection, decision_id: str) -> list[Row[Any]]:
    """Give all verdicts of reviewing on a decision, oldest first."""
    of = (review_votes.c.decision_id == decision_id, review_votes.c.purpose.in_(_REVIEWING))
    query = select(review_votes).where(*of).order_by(review_votes.c.at, review_votes.c.id)
    return list(connection.execute(query))


class Judging:
    """What a verdict comes to.

    Args:
        database: that connections belong to.
        queues: say what needs a quorum, and how many are asked twice.
    """

    def __init__(self, database: Database, queues: Queues) -> None:
        self._database, self.queues = database, queues

    def judge(
        self, connection: Connection, found: ReviewItem, person: Person, verdict: Verdict, now: datetime
    ) -> dict[str, Any]:
        """Store a verdict and do what follows from it; give the item's new fields.

        Args:
            connection: in a transaction that holds a lock on the item.
            found: the item; not done, and the person may have it.
            person: who judges.
            verdict: what they say.
            now: the moment.

        Raises:
            ConflictError: they judged it already, may not, or it is an appeal.
        """
        task = task_of(connection, found.decision_id)
        if task.purpose is Purpose.APPEAL:
            raise ConflictError("that item is an appeal: decide it with `POST /v1/appeals/ID/decide`")
        if task.decision_id != found.decision_id:
            # One lock for all who judge the same decision; the order is always item, then decision.
            lock = select(items.c.decision_id).where(items.c.decision_id == task.decision_id)
            connection.execute(lock.with_for_update())
        refuse_person(connection, task, person)
        others = cast(connection, found, task, person, verdict, now)
        queue = self.queues.working(found.queue)
        done = {
            "state": "done",
            "verdict": verdict.as_dict(),
            "decided_by": person.id,
            "decided_at": now,
            "holder": None,
            "free_at": now,
        }
        if task.purpose is Purpose.GOLDEN:
            return done
        if task.purpose is Purpose.SECOND:
            self._compare(connection, found, task, verdict, now)
            return done
        arbiter = task.purpose is Purpose.DISAGREEMENT and person.senior
        if not self._settled(found, queue, others, verdict, arbiter=arbiter):
            return self._go_on(connection, found, task, [*(row.verdict for row in others), verdict.as_dict()], now)
        if task.decision_id != found.decision_id:
            self._replace(connection, task.decision_id, person, verdict, now)
        else:
            self._tell(connection, found, verdict)
            if not others and random.random() < queue.second_rate:  # noqa: S311  (a sample, no secret)
                self._ask_second(connection, found, queue, now)
        return done

    def _settled(
        self, found: ReviewItem, queue: Queue, others: Sequence[Row[Any]], verdict: Verdict, *, arbiter: bool
    ) -> bool:
        mine = answer(verdict.as_dict())
        agree = sum(answer(row.verdict) == mine for row in others)
        labels = [label for label in (found.label, *(verdict.labels or ())) if label]
        enough = agree + 1 >= queue.needed(verdict.action, labels)
        return enough and (arbiter or agree == len(others))

    def _go_on(
        self,
        connection: Connection,
        found: ReviewItem,
        task: Task,
        verdicts: Sequence[Mapping[str, Any]],
        now: datetime,
    ) -> dict[str, Any]:
        """Give an item to others: more are needed, or, where people differ, somebody senior."""
        fields: dict[str, Any] = {"state": "waiting", "holder": None, "free_at": now}
        if len({answer(verdict) for verdict in verdicts}) == 1:
            return fields
        if task.purpose is Purpose.FIRST:
            row = _task_row(found.decision_id, task.decision_id, Purpose.DISAGREEMENT, now)
            connection.execute(insert(tasks), row)
        return {**fields, "level": _SENIOR, "priority": _TOP, "note": _note(verdicts)}

    def _compare(self, connection: Connection, found: ReviewItem, task: Task, verdict: Verdict, now: datetime) -> None:
        """Ask somebody senior where a second verdict differs from the one that stands."""
        query = select(items.c.verdict).where(items.c.decision_id == task.decision_id, items.c.state == "done")
        stands = connection.execute(query).scalar_one_or_none()
        if stands is None or answer(stands) == answer(verdict.as_dict()):
            return
        row = _copy(found, now, self.queues.working(found.queue))
        row |= {"level": _SENIOR, "priority": _TOP, "note": _note([stands, verdict.as_dict()])}
        connection.execute(insert(items), row)
        new = _task_row(row["decision_id"], task.decision_id, Purpose.DISAGREEMENT, now)
        connection.execute(insert(tasks), new)

    def _ask_second(self, connection: Connection, found: ReviewItem, queue: Queue, now: datetime) -> None:
        known = select(tasks.c.item_id).where(
            tasks.c.decision_id == found.decision_id, tasks.c.purpose == Purpose.SECOND.value
        )
        if connection.execute(known).first() is not None:
            return
        row = _copy(found, now, queue)
        connection.execute(insert(items), row)
        connection.execute(insert(tasks), _task_row(row["decision_id"], found.decision_id, Purpose.SECOND, now))

    def _replace(
        self, connection: Connection, decision_id: str, person: Person, verdict: Verdict, now: datetime
    ) -> None:
        """Let a senior's verdict stand in the place of the first."""
        query = select(items).where(items.c.decision_id == decision_id)
        row = connection.execute(query).one_or_none()
        if row is None or row.state != "done":
            return
        changed = answer(row.verdict) != answer(verdict.as_dict())
        fields = {"verdict": verdict.as_dict(), "decided_by": person.id}
        connection.execute(update(items).where(items.c.decision_id == decision_id).values(**fields))
        if changed:
            self._tell(connection, ReviewItem(**row._mapping), verdict)

    def _tell(self, connection: Connection, found: ReviewItem, verdict: Verdict) -> None:
        said = {"decision_id": found.decision_id, "content_hash": found.content_hash, "queue": found.queue}
        said |= verdict.as_dict()
        del said["reason"]  # events hold nobody's words
        announce(connection, self._database, "review.decided", said)
        follow(connection, self._database, found.decision_id)


def take_back(connection: Connection, vote: Row[Any], found: ReviewItem, person: Person) -> bool:
    """Delete a person's last verdict, where nothing has followed from it yet; give whether it had taken effect.

    Args:
        connection: in a transaction that holds a lock on the item.
        vote: the verdict.
        found: its item.
        person: whose it is.

    Raises:
        ConflictError: others have judged since, or somebody has the item now; says so.
    """
    told = "your last verdict cannot be taken back: "
    later = [row for row in votes_on(connection, vote.decision_id) if row.at > vote.at and row.person != person.id]
    if vote.purpose != Purpose.GOLDEN and later:
        raise ConflictError(told + "somebody else has judged it since; tell somebody senior")
    if vote.purpose == Purpose.GOLDEN and datetime.now(UTC) - vote.at > SHOWN_AFTER:
        raise ConflictError(told + "its answer was shown")
    if found.state == "claimed" and found.holder != person.id:
        raise ConflictError(told + "somebody else is looking at it now")
    if found.state == "done" and vote.purpose == Purpose.DISAGREEMENT and vote.item_id != vote.decision_id:
        raise ConflictError(told + "it settled a disagreement; mark the decision instead")
    appealed = select(appeals.c.id).where(appeals.c.decision_id == vote.decision_id)
    if connection.execute(appealed.limit(1)).first() is not None:
        raise ConflictError(told + "it was appealed against")
    _withdraw(connection, vote)
    mine = (review_votes.c.item_id == vote.item_id, review_votes.c.person == person.id)
    connection.execute(delete(review_votes).where(*mine))
    return found.state == "done" and vote.purpose in (Purpose.FIRST, Purpose.DISAGREEMENT)


def _withdraw(connection: Connection, vote: Row[Any]) -> None:
    """Take back who was asked because of a verdict, unless they have begun."""
    now = datetime.now(UTC)
    asked = Purpose.SECOND if vote.purpose == Purpose.FIRST else Purpose.DISAGREEMENT
    query = (
        select(items.c.decision_id)
        .join(tasks, tasks.c.item_id == items.c.decision_id)
        .where(tasks.c.decision_id == vote.decision_id, tasks.c.purpose == asked.value, tasks.c.item_id != vote.item_id)
        .where(items.c.state == "waiting", or_(items.c.holder.is_(None), items.c.free_at <= now))
    )
    found = list(connection.execute(query).scalars())
    connection.execute(delete(items).where(items.c.decision_id.in_(found)))
    connection.execute(delete(tasks).where(tasks.c.item_id.in_(found)))


def _copy(found: ReviewItem, now: datetime, queue: Queue) -> dict[str, Any]:
    """Give the row of another item about what an item is about. Nothing in it says that it is another."""
    kept = ("queue", "tenant", "line", "kind", "language", "label", "content_hash")
    return {
        **{name: getattr(found, name) for name in kept},
        "decision_id": item_id_at(now),
        "priority": queue.priority,
        "level": 0,
        "state": "waiting",
        "free_at": now,
        "due_at": now + timedelta(minutes=queue.target_minutes),
        "note": "",
        "created_at": now,
    }


def _task_row(item_id: str, decision_id: str, purpose: Purpose, now: datetime) -> dict[str, Any]:
    return {"item_id": item_id, "decision_id": decision_id, "purpose": purpose.value, "source": None, "created_at": now}


def _note(verdicts: Sequence[Mapping[str, Any]]) -> str:
    said = [
        f"{verdict['verdict']}, {verdict['action']} {' '.join(verdict['labels'] or ())}".strip() for verdict in verdicts
    ]
    return _DIFFER + "; ".join(dict.fromkeys(said)) + "."
