"""Human loops: review items under the names that callers of another vendor's API gave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.decisions import Decisions
from evenhand.store.humanlooptables import human_loops as table
from evenhand.store.records import Record
from evenhand.store.schema import review_items as items


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanLoop:
    """One decision that people look at, for a caller who named it."""

    name: str
    flow: str  # ARN of the flow definition that the caller named
    decision_id: str
    created_at: datetime
    state: str  # "InProgress", "Completed", "Stopped" or "Failed" (its decision was deleted)
    verdict: dict[str, Any] | None = None  # of a completed one; it names nobody
    decided_at: datetime | None = None


class HumanLoops:
    """Starts, shows, stops and forgets human loops. Names are each caller's own."""

    def __init__(self, database: Database, log: Decisions, audit: AuditLog) -> None:
        self._database, self._log, self._audit = database, log, audit

    def known(self, caller: str, name: str) -> bool:
        """Say whether a caller has used a name.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table.c.name).where(_this(caller, name))
        return self._database.read(lambda connection: connection.execute(query).first()) is not None

    def start(self, caller: str, name: str, *, flow: str, decision_id: str, records: Sequence[Record] = ()) -> None:
        """Start a loop on a decision that has a review item, or on one that is written with it.

        Args:
            caller: id of the key pair.
            name: of the loop.
            flow: ARN of the flow definition.
            decision_id: what is to be looked at.
            records: decisions that are written in the same transaction, with their review items.

        Raises:
            ConflictError: the caller has used the name.
            StoreError: nothing was written.
        """
        write = self._log.writing(records)

        def work(connection: Connection) -> bool:
            if connection.execute(select(table.c.name).where(_this(caller, name))).first() is not None:
                return False
            write(connection)
            row = {"caller": caller, "name": name, "flow": flow, "decision_id": decision_id}
            connection.execute(insert(table), row | {"created_at": datetime.now(UTC)})
            self._audit.append(
                connection, "human_loop.start", f"decision:{decision_id}", actor=caller, after={"loop": name}
            )
            return True

        if not self._database.write(work):
            raise ConflictError(f"the name {name} is taken by another human loop of yours")

    def get(self, caller: str, name: str) -> HumanLoop:
        """Give a loop.

        Raises:
            NotFoundError: the caller has none of that name.
            StoreError: the database refused or cannot be reached.
        """
        found = self._database.read(lambda connection: connection.execute(_joined(_this(caller, name))).one_or_none())
        if found is None:
            raise NotFoundError(f"no human loop of yours has the name {name[:80]!r}")
        return _loop(found)

    def page(
        self,
        caller: str,
        *,
        flow: str,
        after: tuple[datetime, str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        descending: bool = False,
        limit: int = 100,
    ) -> list[HumanLoop]:
        """List a caller's loops of a flow definition by the time they were started.

        Args:
            caller: id of the key pair.
            flow: ARN of the flow definition.
            after: time and name of the last loop of the page before; None: from the start.
            since: only those started after this moment.
            until: only those started before it.
            descending: the latest first.
            limit: most that are given.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        where = [table.c.caller == caller, table.c.flow == flow]
        at, name = table.c.created_at, table.c.name
        if since is not None:
            where.append(at > since)
        if until is not None:
            where.append(at < until)
        if after is not None:
            last, known = after
            beyond = at < last if descending else at > last
            where.append(beyond | and_(at == last, name > known))
        query = _joined(and_(*where)).order_by(at.desc() if descending else at, name).limit(limit)
        return [_loop(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def stop(self, caller: str, name: str) -> None:
        """Take what nobody has judged yet out of the queue. Doing it twice, or too late, is no error.

        Raises:
            NotFoundError: the caller has none of that name.
            StoreError: nothing was changed.
        """
        loop = self.get(caller, name)

        def work(connection: Connection) -> None:
            open_ = and_(items.c.decision_id == loop.decision_id, items.c.state != "done")
            if connection.execute(delete(items).where(open_)).rowcount:
                connection.execute(update(table).where(_this(caller, name)).values(stopped_at=datetime.now(UTC)))
                self._audit.append(
                    connection, "human_loop.stop", f"decision:{loop.decision_id}", actor=caller, before={"loop": name}
                )

        if loop.state == "InProgress":
            self._database.write(work)

    def forget(self, caller: str, name: str) -> None:
        """Forget the name of a loop; its decision stays, and its item where it waits.

        Raises:
            NotFoundError: the caller has none of that name.
            StoreError: nothing was changed.
        """
        loop = self.get(caller, name)

        def work(connection: Connection) -> None:
            connection.execute(delete(table).where(_this(caller, name)))
            subject = f"decision:{loop.decision_id}"
            self._audit.append(connection, "human_loop.forget", subject, actor=caller, before={"loop": name})

        self._database.write(work)


def _this(caller: str, name: str) -> Any:
    return and_(table.c.caller == caller, table.c.name == name)


def _joined(where: Any) -> Any:
    told = (items.c.state, items.c.verdict, items.c.decided_at)
    joined = table.outerjoin(items, items.c.decision_id == table.c.decision_id)
    return select(table, *told).select_from(joined).where(where)


def _loop(row: Row[Any]) -> HumanLoop:
    state = "InProgress"
    if row.stopped_at is not None:
        state = "Stopped"
    elif row.state == "done":
        state = "Completed"
    elif row.state is None:
        state = "Failed"
    return HumanLoop(
        name=row.name,
        flow=row.flow,
        decision_id=row.decision_id,
        created_at=row.created_at,
        state=state,
        verdict=row.verdict if state == "Completed" else None,
        decided_at=row.decided_at if state == "Completed" else None,
    )
