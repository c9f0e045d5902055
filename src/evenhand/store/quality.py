"""What becomes of verdicts once they are given: own results, disagreements, feedback, pairs that agreement rests on.

Nobody is named and nobody is measured for others: a person sees their own results, everybody else totals.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from evenhand.domain import new_id
from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.auditlog import AuditLog
from evenhand.store.belonging import mine, theirs
from evenhand.store.database import Database
from evenhand.store.qualityrecords import Disagreement, Feedback, GoldenAnswer, OwnQuality, Purpose, Vote, answer
from evenhand.store.qualitytables import golden_questions, review_feedback
from evenhand.store.qualitytables import review_tasks as tasks
from evenhand.store.qualitytables import review_votes as votes
from evenhand.store.quorum import SHOWN_AFTER
from evenhand.store.reviewrecords import Person
from evenhand.store.schema import review_items as items

_SHOWN = 100  # golden questions of a person's own results
_BLIND = (Purpose.FIRST.value, Purpose.SECOND.value)
_REVIEWING = (*_BLIND, Purpose.DISAGREEMENT.value)


class Quality:
    """Reads verdicts, and keeps feedback on them.

    Args:
        database: where.
        audit: is told of feedback.
        tenant: only what is about its decisions; None: all.
    """

    def __init__(self, database: Database, audit: AuditLog, *, tenant: str | None = None) -> None:
        self._database, self._audit, self._tenant = database, audit, tenant

    def within(self, tenant: str | None) -> Quality:
        """Give what is about a tenant's decisions."""
        return Quality(self._database, self._audit, tenant=tenant)

    def own(self, person: Person, since: datetime, *, now: datetime | None = None) -> OwnQuality:
        """Give a person's own results since a moment (aware). For them alone.

        Golden questions are told of an hour after they were answered, when the answer cannot be undone any more.

        Args:
            person: whose.
            since: from when.
            now: aware; None: the present.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        shown = (now or datetime.now(UTC)) - SHOWN_AFTER
        own = and_(votes.c.person == person.id, votes.c.at >= since)
        golden = (
            select(votes, golden_questions.c.verdict.label("right"), golden_questions.c.note)
            .join(golden_questions, golden_questions.c.id == votes.c.source)
            .where(own, votes.c.purpose == Purpose.GOLDEN.value, votes.c.correct.is_not(None), votes.c.at < shown)
            .order_by(votes.c.at.desc())
        )
        given = select(votes.c.decision_id, votes.c.verdict, items.c.verdict.label("stands")).outerjoin(
            items, and_(items.c.decision_id == votes.c.decision_id, items.c.state == "done")
        )
        given = given.where(own, votes.c.purpose.in_(_REVIEWING))
        several = select(votes.c.decision_id).where(votes.c.purpose.in_(_REVIEWING)).group_by(votes.c.decision_id)
        several = several.having(func.count() > 1)

        def work(connection: Connection) -> OwnQuality:
            answered = connection.execute(golden).all()
            said = connection.execute(given).all()
            compared = set(connection.execute(several.where(votes.c.decision_id.in_([x[0] for x in said]))).scalars())
            both = [row for row in said if row.decision_id in compared and row.stands is not None]
            return OwnQuality(
                golden_answered=len(answered),
                golden_correct=sum(row.correct for row in answered),
                golden=tuple(_golden(row) for row in answered[:_SHOWN]),
                verdicts=len(said),
                compared=len(both),
                agreed=sum(answer(row.verdict) == answer(row.stands) for row in both),
            )

        return self._database.read(work)

    def votes(self, decision_id: str) -> tuple[Vote, ...]:
        """Give all verdicts of reviewing on a decision, or on what an item is about, oldest first, without names.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        name = decision_id.replace("\x00", "")

        def work(connection: Connection) -> tuple[Vote, ...]:
            about = connection.execute(select(tasks.c.decision_id).where(tasks.c.item_id == name)).scalar_one_or_none()
            query = select(votes).where(votes.c.decision_id == (about or name), votes.c.purpose.in_(_REVIEWING))
            query = query.where(*theirs(votes.c.decision_id, self._tenant))
            return tuple(_vote(row) for row in connection.execute(query.order_by(votes.c.at, votes.c.id)))

        return self._database.read(work)

    def blind_pairs(
        self, since: datetime, *, queue: str | None = None, limit: int = 20_000
    ) -> list[tuple[str, str, list[Vote]]]:
        """Give what two people or more judged without knowing of each other, newest first.

        Args:
            since: from when (aware).
            queue: only of this queue.
            limit: most verdicts to read.

        Returns:
            For each decision its queue, its label and the verdicts on it, oldest first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        where: list[ColumnElement[bool]] = [votes.c.purpose.in_(_BLIND), *theirs(votes.c.decision_id, self._tenant)]
        if queue is not None:
            where.append(votes.c.queue == queue)
        several = select(votes.c.decision_id).where(*where).group_by(votes.c.decision_id)
        several = several.having(func.count() > 1, func.max(votes.c.at) >= since)
        query = select(votes).where(*where, votes.c.decision_id.in_(several))
        query = query.order_by(votes.c.decision_id.desc(), votes.c.at, votes.c.id).limit(limit)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        found: dict[str, list[Vote]] = {}
        for row in rows:
            found.setdefault(row.decision_id, []).append(_vote(row))
        return [(given[0].queue, given[0].label, given) for given in found.values() if len(given) > 1]

    def disagreements(
        self, *, queue: str | None = None, done: bool = False, after: str = "", limit: int = 100
    ) -> list[Disagreement]:
        """List decisions about which people differ and that wait for somebody senior, oldest first.

        Args:
            queue: only of this queue.
            done: those that were settled instead.
            after: item of the last one already seen.
            limit: most to give, 1 to 1000.

        Raises:
            ValueError: the limit is wrong.
            StoreError: the database refused or cannot be reached.
        """
        if not 1 <= limit <= 1_000:
            raise ValueError(f"limit is {limit}: give 1 to 1000")
        query = (
            select(items, tasks.c.decision_id.label("about"), tasks.c.created_at.label("since"))
            .join(tasks, tasks.c.item_id == items.c.decision_id)
            .where(tasks.c.purpose == Purpose.DISAGREEMENT.value, items.c.decision_id > after)
            .where(items.c.state == "done" if done else items.c.state != "done", *mine(items.c.tenant, self._tenant))
        )
        if queue is not None:
            query = query.where(items.c.queue == queue)
        query = query.order_by(items.c.decision_id).limit(limit)

        def work(connection: Connection) -> list[Disagreement]:
            rows = connection.execute(query).all()
            ids = [row.about for row in rows]
            of = select(votes).where(votes.c.decision_id.in_(ids), votes.c.purpose.in_(_REVIEWING))
            given: dict[str, list[Vote]] = {}
            for row in connection.execute(of.order_by(votes.c.at, votes.c.id)):
                given.setdefault(row.decision_id, []).append(_vote(row))
            standing = select(items.c.decision_id, items.c.verdict).where(items.c.decision_id.in_(ids))
            stands = {row.decision_id: row.verdict for row in connection.execute(standing)}
            return [
                Disagreement(
                    item_id=row.decision_id,
                    decision_id=row.about,
                    queue=row.queue,
                    label=row.label,
                    state="done" if row.state == "done" else "open",
                    votes=tuple(given.get(row.about, ())),
                    verdict=stands.get(row.about),
                    since=row.since,
                )
                for row in rows
            ]

        return self._database.read(work)

    def advise(self, person: Person, vote_id: str, note: str) -> Feedback:
        """Tell whoever gave a verdict something about it. They see it, and acknowledge it.

        Args:
            person: who tells them; senior.
            vote_id: the verdict, as `votes` gives it.
            note: what they should know.

        Raises:
            ConflictError: it is the person's own.
            NotFoundError: there is no such verdict.
            StoreError: nothing was stored.
        """

        def work(connection: Connection) -> Feedback:
            query = select(votes).where(votes.c.id == vote_id.replace("\x00", ""))
            vote = connection.execute(query.where(*theirs(votes.c.decision_id, self._tenant))).one_or_none()
            if vote is None:
                raise NotFoundError(f"no verdict has the id {vote_id[:80]!r}; it may have been taken back")
            if vote.person == person.id:
                raise ConflictError("that verdict is your own")
            row = {
                "id": new_id(),
                "vote_id": vote.id,
                "item_id": vote.item_id,
                "decision_id": vote.decision_id,
                "person": vote.person,
                "author": person.id,
                "note": note,
                "answer": "",
                "created_at": datetime.now(UTC),
                "acknowledged_at": None,
            }
            connection.execute(insert(review_feedback), row)
            subject = f"decision:{vote.item_id}"
            after = {"feedback": row["id"], "to": vote.person}
            self._audit.append(connection, "review.feedback", subject, actor=person.id, after=after)
            return _feedback(connection.execute(_feedbacks().where(review_feedback.c.id == row["id"])).one())

        return self._database.write(work)

    def feedback(
        self, person: Person, *, sent: bool = False, unread: bool = False, after: str = "", limit: int = 100
    ) -> list[Feedback]:
        """List feedback that a person got, or sent, oldest first.

        Args:
            person: whose.
            sent: what they sent instead of what they got.
            unread: only what is not acknowledged yet.
            after: id of the last one already seen.
            limit: most to give.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        c = review_feedback.c
        query = _feedbacks().where((c.author if sent else c.person) == person.id, c.id > after)
        if unread:
            query = query.where(c.acknowledged_at.is_(None))
        query = query.order_by(c.id).limit(limit)
        return [_feedback(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def acknowledge(self, person: Person, feedback_id: str, said: str = "") -> Feedback:
        """Say that feedback was read, and perhaps something to it. Doing it twice changes nothing.

        Raises:
            NotFoundError: nothing of that id was sent to this person.
            StoreError: nothing was changed.
        """
        c = review_feedback.c
        here = and_(c.id == feedback_id.replace("\x00", ""), c.person == person.id)
        now = datetime.now(UTC)

        def work(connection: Connection) -> Feedback:
            new = update(review_feedback).where(here, c.acknowledged_at.is_(None))
            done = connection.execute(new.values(acknowledged_at=now, answer=said)).rowcount
            row = connection.execute(_feedbacks().where(here)).one_or_none()
            if row is None:
                raise NotFoundError(f"no feedback to you has the id {feedback_id[:80]!r}")
            if done:
                subject = f"decision:{row.item_id}"
                after = {"feedback": row.id}
                self._audit.append(connection, "review.feedback_read", subject, actor=person.id, after=after)
            return _feedback(row)

        return self._database.write(work)


def _feedbacks() -> Any:
    of = and_(votes.c.id == review_feedback.c.vote_id)
    return select(review_feedback, votes.c.verdict).outerjoin(votes, of)


def _golden(row: Row[Any]) -> GoldenAnswer:
    return GoldenAnswer(
        item_id=row.item_id,
        queue=row.queue,
        label=row.label,
        verdict=row.verdict,
        right=row.right,
        correct=bool(row.correct),
        note=row.note,
        at=row.at,
    )


def _vote(row: Row[Any]) -> Vote:
    names = ("id", "item_id", "decision_id", "queue", "label", "verdict", "at")
    return Vote(purpose=Purpose(row.purpose), **{name: row._mapping[name] for name in names})


def _feedback(row: Row[Any]) -> Feedback:
    names = ("id", "vote_id", "item_id", "note", "answer", "verdict", "created_at", "acknowledged_at")
    return Feedback(**{name: row._mapping[name] for name in names})
