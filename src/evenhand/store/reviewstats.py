"""Totals of the review service. Of people, only what they did together: nobody is measured alone."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, select

from evenhand.store.accountscope import within
from evenhand.store.belonging import mine
from evenhand.store.database import Database
from evenhand.store.qualityrecords import Purpose
from evenhand.store.qualityrows import standing
from evenhand.store.qualitytables import review_tasks
from evenhand.store.reviewqueues import APPEALS
from evenhand.store.reviewrecords import LabelTotals, Person, QueueTotals, ReviewStats
from evenhand.store.schema import review_items as table

# What an appeal left on a decision that nobody had been asked about: work on the appeal is counted with its own item.
_noted = and_(table.c.queue == APPEALS, ~exists().where(review_tasks.c.item_id == table.c.decision_id))
# Only what stands on the decision itself says whether its label is right, or each would count as often as it is asked.
_besides = exists().where(
    review_tasks.c.item_id == table.c.decision_id, review_tasks.c.decision_id != table.c.decision_id
)


def _asked(purpose: Purpose) -> ColumnElement[bool]:
    return exists().where(review_tasks.c.item_id == table.c.decision_id, review_tasks.c.purpose == purpose.value)


class ReviewTotals:
    """Counts.

    Args:
        database: where.
        tenant: only items about what its keys and people asked for; None: all.
    """

    def __init__(self, database: Database, *, tenant: str | None = None) -> None:
        self._database, self._tenant = database, tenant

    def within(self, tenant: str | None) -> ReviewTotals:
        """Give the totals of a tenant."""
        return ReviewTotals(self._database, tenant=tenant)

    def stats(self, since: datetime, person: Person | None = None) -> ReviewStats:
        """Give how the queues are, and what was done since a moment (aware); for a person, of what they may see.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        now, c = datetime.now(UTC), table.c
        theirs = [*within(person), *mine(c.tenant, self._tenant)]
        open_, over = c.state == "waiting", c.free_at <= now
        done = and_(c.state == "done", c.decided_at >= since)

        def total(*tests: object) -> object:
            return func.coalesce(func.sum(case((and_(*tests), 1), else_=0)), 0)  # type: ignore[arg-type]

        queues = (
            select(
                c.queue,
                total(open_, over).label("waiting"),  # type: ignore[attr-defined]
                total(open_, ~over, c.holder.is_not(None)).label("claimed"),  # type: ignore[attr-defined]
                total(open_, ~over, c.holder.is_(None)).label("held"),  # type: ignore[attr-defined]
                total(open_, c.level > 0).label("escalated"),  # type: ignore[attr-defined]
                total(open_, c.due_at < now).label("overdue"),  # type: ignore[attr-defined]
                func.min(case((open_, c.created_at))).label("oldest"),
                total(done).label("done"),  # type: ignore[attr-defined]
                total(done, c.decided_at <= c.due_at).label("in_time"),  # type: ignore[attr-defined]
            )
            .where((c.state == "waiting") | (c.decided_at >= since), ~_asked(Purpose.GOLDEN), ~_noted, *theirs)
            .group_by(c.queue)
            .order_by(c.queue)
        )
        said = c.verdict["verdict"].as_string()
        labels = (
            select(c.label, said.label("said"), func.count().label("count"))
            # What people said besides counts once, where it stands on the decision itself.
            .where(done, c.label != "", standing(), *theirs)
            .group_by(c.label, said)
        )

        def work(connection: Connection) -> ReviewStats:
            rows = connection.execute(queues).all()
            counts: dict[str, list[int]] = {}
            for row in connection.execute(labels).all():
                counts.setdefault(row.label, [0, 0])[row.said == "wrong"] += int(row._mapping["count"])
            return ReviewStats(
                queues=tuple(
                    QueueTotals(
                        queue=row.queue,
                        waiting=row.waiting,
                        claimed=row.claimed,
                        held=row.held,
                        escalated=row.escalated,
                        overdue=row.overdue,
                        oldest_s=None if row.oldest is None else max(0.0, (now - row.oldest).total_seconds()),
                        done=row.done,
                        in_time=row.in_time,
                    )
                    for row in rows
                ),
                labels=tuple(LabelTotals(label=name, right=n[0], wrong=n[1]) for name, n in sorted(counts.items())),
            )

        return self._database.read(work)
