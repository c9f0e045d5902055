"""What versions of policies did and would have done, counted; and work on versions that takes a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, func, insert, select, update
from sqlalchemy import delete as remove

from evenhand.domain import new_id
from evenhand.errors import NotFoundError
from evenhand.store.database import Database
from evenhand.store.policies import one_version
from evenhand.store.policyrecords import LEFT, Run, Shadowed, Tally
from evenhand.store.policytables import policy_runs as runs
from evenhand.store.policytables import policy_shadows as shadows
from evenhand.store.policytables import policy_tallies as tallies
from evenhand.store.policytables import policy_versions as versions

MOST_SHADOWED = 5_000  # decisions told one by one of a version in shadow mode; all are counted
_KEEP_RULED = timedelta(days=2)  # counts for brakes
_KEEP_SHADOW = timedelta(days=90)
_KEY = ["version_id", "what", "at", "line", "label", "language", "was", "would"]


class PolicyCounts:
    """Counts of decisions by version.

    Args:
        database: where.
        tenant: of whoever asks: what its own versions did is counted for them, and of others nothing; None: all.
    """

    def __init__(self, database: Database, *, tenant: str | None = None) -> None:
        self._database, self._tenant = database, tenant
        added = database.insert(tallies)
        total = tallies.c.count + added.excluded.count
        self._add = added.on_conflict_do_update(index_elements=_KEY, set_={"count": total})
        self._note = database.insert(shadows).on_conflict_do_nothing(index_elements=["version_id", "decision_id"])

    def add(self, counted: Sequence[Tally], told: Sequence[Shadowed] = ()) -> None:
        """Add counts, and decisions that a version in shadow mode would have made otherwise.

        Raises:
            StoreError: nothing was added.
        """
        # One order for all writers, so that two of them never wait for each other's rows.
        rows = sorted((_row(one) for one in counted), key=lambda row: [str(row[name]) for name in _KEY])

        def work(connection: Connection) -> None:
            if rows:
                connection.execute(self._add, rows)
            for version_id in sorted({one.version_id for one in told}):
                query = select(func.count()).select_from(shadows).where(shadows.c.version_id == version_id)
                room = MOST_SHADOWED - connection.execute(query).scalar_one()
                mine = [_row(one) for one in told if one.version_id == version_id][: max(0, room)]
                if mine:
                    connection.execute(self._note, mine)

        if rows or told:
            self._database.write(work)

    def within(self, tenant: str | None) -> PolicyCounts:
        """Give what a tenant's people see of the counts."""
        return PolicyCounts(self._database, tenant=tenant)

    def ruled(self, version_id: str, since: datetime) -> dict[str, int]:
        """Give how often a version led to each action since a moment: "pass", "mark", "review", "block"."""
        query = (
            select(tallies.c.would, func.sum(tallies.c.count))
            .where(tallies.c.version_id == version_id, tallies.c.what == "ruled", tallies.c.at >= since)
            .where(*_own(tallies.c.version_id, self._tenant))
            .group_by(tallies.c.would)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row[0]: int(row[1]) for row in rows}

    def timeline(self, version_id: str, since: datetime) -> list[tuple[datetime, str, int]]:
        """Give (moment, action, count) of a version since a moment, oldest first."""
        query = (
            select(tallies.c.at, tallies.c.would, func.sum(tallies.c.count))
            .where(tallies.c.version_id == version_id, tallies.c.what == "ruled", tallies.c.at >= since)
            .where(*_own(tallies.c.version_id, self._tenant))
            .group_by(tallies.c.at, tallies.c.would)
            .order_by(tallies.c.at)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [(row[0], row[1], int(row[2])) for row in rows]

    def shadow(self, version_id: str) -> list[Tally]:
        """Give what a version in shadow mode would have done, added up over time."""
        c = tallies.c
        by = (c.line, c.label, c.language, c.was, c.would)
        query = (
            select(*by, func.sum(c.count).label("count"), func.min(c.at).label("at"))
            .where(c.version_id == version_id, c.what == "shadow", *_own(c.version_id, self._tenant))
            .group_by(*by)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        fixed = {"version_id": version_id, "what": "shadow"}
        return [Tally(**{**fixed, **row._mapping, "count": int(row._mapping["count"])}) for row in rows]

    def left_out(self, version_id: str) -> dict[str, int]:
        """Give how many decisions were not compared with a version in shadow mode: why -> how many, most first."""
        c = tallies.c
        many = func.sum(c.count)
        query = (
            select(c.would, many)
            .where(c.version_id == version_id, c.what == LEFT, *_own(c.version_id, self._tenant))
            .group_by(c.would)
            .order_by(many.desc())
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row[0]: int(row[1]) for row in rows}

    def shadowed(self, version_id: str, *, after: str = "", limit: int = 100) -> list[Shadowed]:
        """List decisions that a version in shadow mode would have made otherwise, oldest first."""
        query = (
            select(shadows)
            .where(shadows.c.version_id == version_id, shadows.c.decision_id > after)
            .where(*_own(shadows.c.version_id, self._tenant))
            .order_by(shadows.c.decision_id)
            .limit(limit)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [Shadowed(**row._mapping) for row in rows]

    def purge(self, now: datetime | None = None) -> None:
        """Delete counts that nobody asks for any more."""
        now = now or datetime.now(UTC)
        old = ((tallies.c.what == "ruled") & (tallies.c.at < now - _KEEP_RULED)) | (tallies.c.at < now - _KEEP_SHADOW)
        self._database.write(lambda connection: connection.execute(remove(tallies).where(old)))


class PolicyRuns:
    """Work on versions that takes a while: audits, blast radii, undoing.

    Args:
        database: where.
        tenant: of whoever asks: they start and see work on their own versions alone; None: all.
    """

    def __init__(self, database: Database, *, tenant: str | None = None) -> None:
        self._database, self._tenant = database, tenant

    def within(self, tenant: str | None) -> PolicyRuns:
        """Give what a tenant's people see and start of them."""
        return PolicyRuns(self._database, tenant=tenant)

    def start(self, kind: str, policy: str, version_id: str, asked: Mapping[str, Any], *, actor: str) -> Run:
        """Note that something is to be done.

        Raises:
            NotFoundError: there is no such version.
            ForbiddenError: it is not the tenant's own.
        """
        row: dict[str, Any] = {
            "id": new_id(),
            "kind": kind,
            "policy": policy,
            "version_id": version_id,
            "asked": dict(asked),
            "state": "queued",
            "done": 0,
            "total": 0,
            "actor": actor,
            "created_at": datetime.now(UTC),
        }

        def work(connection: Connection) -> None:
            if self._tenant is not None:
                one_version(connection, version_id, tenant=self._tenant, own=True)
            connection.execute(insert(runs), row)

        self._database.write(work)
        return self.get(row["id"])

    def change(self, run_id: str, **values: Any) -> None:
        """Note how far it is: done, total, state, job, result, error."""
        if values.get("state") in ("done", "failed"):
            values["finished_at"] = datetime.now(UTC)
        change = update(runs).where(runs.c.id == run_id).values(**values)
        self._database.write(lambda connection: connection.execute(change))

    def get(self, run_id: str) -> Run:
        """Give a run.

        Raises:
            NotFoundError: there is none.
        """
        query = select(runs).where(runs.c.id == run_id.replace("\x00", ""), *_own(runs.c.version_id, self._tenant))
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(f"no run has the id {run_id[:80]!r}")
        return _run(row)

    def page(
        self, *, version_id: str | None = None, policy: str | None = None, kind: str | None = None, limit: int = 20
    ) -> list[Run]:
        """List runs, newest first."""
        query = select(runs).where(*_own(runs.c.version_id, self._tenant)).order_by(runs.c.id.desc()).limit(limit)
        for column, wanted in ((runs.c.version_id, version_id), (runs.c.policy, policy), (runs.c.kind, kind)):
            if wanted is not None:
                query = query.where(column == wanted)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_run(row) for row in rows]


def _own(column: Column[Any], tenant: str | None) -> list[ColumnElement[bool]]:
    return [] if tenant is None else [column.in_(select(versions.c.id).where(versions.c.tenant == tenant))]


def _row(one: Tally | Shadowed) -> dict[str, Any]:
    return {name: getattr(one, name) for name in type(one).__dataclass_fields__}


def _run(row: Row[Any]) -> Run:
    return Run(**row._mapping)
