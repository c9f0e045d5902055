"""Jobs that follow verdicts: who asked for people is told what they said, and again where it is said otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select

from evenhand.errors import NotFoundError
from evenhand.store.announcing import DELIVERY_S
from evenhand.store.database import Database
from evenhand.store.jobrecords import NewJob
from evenhand.store.jobrows import insert_job
from evenhand.store.qualitytables import review_follows as table
from evenhand.store.schema import review_items as items


class ReviewFollows:
    """Says which jobs follow which verdicts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, decision_id: str, kind: str, *, tenant: str, source: Mapping[str, Any]) -> None:
        """Let a job be made each time a verdict on a decision takes effect; at once, too, where one stands already.

        Args:
            decision_id: of a decision with a review item.
            kind: of the job; asking again with the same one replaces what was asked.
            tenant: of the job.
            source: of the job, JSON; `decision` is added, the decision's id.

        Raises:
            NotFoundError: there is no such item.
            StoreError: nothing was written.
        """

        def work(connection: Connection) -> None:
            query = select(items.c.state).where(items.c.decision_id == decision_id).with_for_update()
            state = connection.execute(query).scalar_one_or_none()
            if state is None:
                raise NotFoundError(f"nothing is to be reviewed about the decision {decision_id[:80]!r}")
            connection.execute(delete(table).where(and_(table.c.decision_id == decision_id, table.c.kind == kind)))
            row = {"decision_id": decision_id, "kind": kind, "tenant": tenant, "source": dict(source)}
            connection.execute(insert(table), row)
            if state == "done":
                follow(connection, self._database, decision_id)

        self._database.write(work)


def follow(connection: Connection, database: Database, decision_id: str) -> None:
    """Make the jobs that follow a verdict, within the transaction in which it takes effect."""
    for row in connection.execute(select(table).where(table.c.decision_id == decision_id)).all():
        source = {**row.source, "decision": decision_id}
        insert_job(connection, database, NewJob(kind=row.kind, tenant=row.tenant, source=source, timeout_s=DELIVERY_S))
