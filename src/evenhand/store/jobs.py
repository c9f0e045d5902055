"""Jobs: submitted, listed, cancelled, set going again, deleted. What workers do with them is in `jobtasks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, func, select, update

from evenhand.domain import id_time
from evenhand.errors import ConflictError, NotFoundError
from evenhand.settings import Settings
from evenhand.store.announcing import DELIVERY_S, announce
from evenhand.store.belonging import asked_by
from evenhand.store.database import Database
from evenhand.store.jobrecords import OPEN_STATES, PLAN, STATES, Job, JobPage, NewJob, TaskState
from evenhand.store.jobrows import as_job, insert_job, job_document, select_jobs
from evenhand.store.schema import job_tasks as tasks
from evenhand.store.schema import jobs

MAX_PAGE = 1_000
_CHUNK = 200  # rows in one transaction, where there may be many


class Jobs:
    """What callers and operators do with jobs.

    Args:
        database: where.
        settings: how long finished ones are kept.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def submit(self, new: NewJob) -> tuple[Job, bool]:
        """Store a job and its first task in one transaction, or give the job that already answers the same.

        Returns:
            The job, and whether it is new.

        Raises:
            StoreError: nothing was stored.
        """

        def work(connection: Connection) -> str | None:
            return insert_job(connection, self._database, new)

        for _ in range(5):  # the twin may be deleted between our two statements; not for ever
            made = self._database.write(work)
            if made is not None:
                return self.get(made), True
            found = self._rows(select_jobs().where(jobs.c.dedup == new.dedup))
            if found:
                return as_job(found[0]), False
        raise ConflictError("the same job was submitted and deleted again and again at once: try again")

    def get(self, job_id: str, *, tenant: str | None = None) -> Job:
        """Give a job with its progress.

        Args:
            job_id: which.
            tenant: only if this key or user, or one of this tenant's, asked for it; None: whoever did.

        Raises:
            NotFoundError: there is none, or no longer.
            StoreError: the database refused or cannot be reached.
        """
        row = None
        if _is_id(job_id):
            query = select_jobs().where(jobs.c.id == job_id, *asked_by(jobs.c.tenant, tenant))
            row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(f"no job has the id {job_id[:80]!r}; it may have been deleted")
        return as_job(row)

    def page(
        self,
        *,
        state: str | None = None,
        kind: str | None = None,
        tenant: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> JobPage:
        """List jobs, newest first; `tenant` as for `get`. Deliveries of webhooks are listed only by their kind.

        Raises:
            ValueError: a filter has a value that cannot be.
            StoreError: the database refused or cannot be reached.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise ValueError(f"limit is {limit}: give 1 to {MAX_PAGE}")
        if state is not None and state not in STATES:
            raise ValueError(f"there is no state {state!r}; there are {', '.join(STATES)}")
        where: list[ColumnElement[bool]] = [jobs.c.kind == kind if kind is not None else jobs.c.kind != "webhook"]
        if state is not None:
            where.append(jobs.c.state == state)
        where += asked_by(jobs.c.tenant, tenant)
        if after is not None:
            id_time(after)  # refuses what is no cursor
            where.append(jobs.c.id < after)
        query = select_jobs().where(*where).order_by(jobs.c.id.desc()).limit(limit + 1)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        shown = rows[:limit]
        return JobPage(items=tuple(map(as_job, shown)), after=shown[-1].id if len(rows) > limit else None)

    def tasks(self, job_id: str) -> list[TaskState]:
        """List a job's tasks, in order.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        names = TaskState.__dataclass_fields__
        query = select(*(tasks.c[name] for name in names)).where(tasks.c.job_id == job_id).order_by(tasks.c.number)
        return [TaskState(**row._mapping) for row in self._database.read(lambda c: c.execute(query).all())]

    def results(self, job_id: str) -> Iterator[Any]:
        """Give the checkpointed results of a job's segments, in order, a few at a time.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        last = PLAN
        while True:
            here = and_(tasks.c.job_id == job_id, tasks.c.number > last)
            done = and_(here, tasks.c.role == "segment", tasks.c.state == "done")
            query = select(tasks.c.number, tasks.c.result).where(done).order_by(tasks.c.number).limit(20)
            rows = self._rows(query)
            if not rows:
                return
            for row in rows:
                yield row.result
            last = rows[-1].number

    def spared(self, job_id: str) -> str:
        """Say why segments could not be done that the job went on without, each reason once; "": there are none.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        gone = and_(tasks.c.job_id == job_id, tasks.c.role == "segment", tasks.c.state == "dead")
        rows = self._rows(select(tasks.c.error).where(gone).order_by(tasks.c.number).limit(100))
        return " ".join(dict.fromkeys(str(row.error["message"]) for row in rows))

    def detail(self, job_id: str) -> Any:
        """Give all that a finished job has to say; None: nothing, or its content was deleted.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        rows = self._rows(select(tasks.c.result).where(tasks.c.job_id == job_id, tasks.c.role == "final"))
        return rows[0].result if rows else None

    def cancel(self, job_id: str) -> Job:
        """Stop a job. Segments that run now end without being counted; doing it twice is no error.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is finished.
            StoreError: the database refused or cannot be reached.
        """
        self.get(job_id)
        self._end(job_id, "cancelled", None)
        job = self.get(job_id)
        if job.state != "cancelled":
            raise ConflictError(f"the job is {job.state} already: it cannot be cancelled")
        return job

    def retry(self, job_id: str) -> Job:
        """Set a failed or cancelled job going again; what is done stays done.

        Raises:
            NotFoundError: there is none.
            ConflictError: it has neither failed nor been cancelled, or another job does the same by now.
            StoreError: the database refused or cannot be reached.
        """
        self.get(job_id)

        def work(connection: Connection) -> bool:
            now = datetime.now(UTC)
            query = select(jobs).where(jobs.c.id == job_id).with_for_update()
            row = connection.execute(query).one()
            if row.state not in {"failed", "cancelled"}:
                return False
            values = {
                "state": "running" if row.started_at else "queued",
                "error": None,
                "finished_at": None,
                "expires_at": None,
                "replays": row.replays + 1,
                "deadline_at": now + (row.deadline_at - row.created_at),
            }
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
            again = and_(tasks.c.job_id == job_id, tasks.c.state != "done")
            if connection.execute(select(tasks.c.number).where(again, tasks.c.role == "segment")).first() is not None:
                again = and_(again, tasks.c.role != "final")  # the last step comes again once they are done
            revived = {
                "state": "waiting",
                "round": tasks.c.round + 1,
                "attempts": 0,
                "starts": 0,
                "run_after": now,
                "finished_at": None,
            }
            connection.execute(update(tasks).where(again).values(revived))
            return True

        if not self._database.write(work):
            raise ConflictError(
                f"the job is {self.get(job_id).state}: only failed or cancelled ones are set going again"
            )
        return self.get(job_id)

    def remove(self, job_id: str) -> Job:
        """Delete a finished job with its tasks and results.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is not finished.
            StoreError: the database refused or cannot be reached.
        """
        job = self.get(job_id)
        if job.open:
            raise ConflictError("the job is not finished: cancel it first")
        self._drop([job_id])
        return job

    def counts(self) -> dict[tuple[str, str], int]:
        """Give how many jobs are kept, by kind and state.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(jobs.c.kind, jobs.c.state, func.count().label("count")).group_by(jobs.c.kind, jobs.c.state)
        return {(row.kind, row.state): int(row._mapping["count"]) for row in self._rows(query)}

    def overdue(self) -> int:
        """Fail the jobs whose time is over; give how many.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        now = datetime.now(UTC)
        late = and_(jobs.c.state.in_(OPEN_STATES), jobs.c.deadline_at <= now)
        query = select(jobs.c.id).where(late).limit(_CHUNK)
        found = self._database.read(lambda connection: connection.execute(query).scalars().all())
        error = {"code": "timed_out", "message": "It was not done in time (EVENHAND_JOBS_TIMEOUT_S); retry it."}
        for job_id in found:
            self._end(job_id, "failed", error)
        return len(found)

    def purge(self) -> int:
        """Delete finished jobs that are past their time; give how many.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        old = and_(jobs.c.expires_at <= datetime.now(UTC), jobs.c.state.not_in(OPEN_STATES))
        query, total = select(jobs.c.id).where(old).limit(_CHUNK), 0
        while found := self._database.read(lambda connection: connection.execute(query).scalars().all()):
            self._drop(found)
            total += len(found)
        return total

    def blobs(self) -> set[str]:
        """Give the names of the blobs that unfinished jobs need, and failed ones may need again.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(jobs.c.source).where(jobs.c.state.not_in(("done",)))
        rows = self._database.read(lambda connection: connection.execute(query).scalars().all())
        return {str(source["blob"]) for source in rows if source.get("blob")}

    def uses_blob(self, name: str, *, but: str) -> bool:
        """Say whether a job other than `but` still needs a blob.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        same = and_(jobs.c.content_hash == f"sha256:{name}", jobs.c.state != "done", jobs.c.id != but)
        query = select(jobs.c.id).where(same).limit(1)
        return bool(self._rows(query))

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return self._database.read(lambda connection: connection.execute(query).all())

    def _end(self, job_id: str, state: str, error: Mapping[str, Any] | None) -> None:
        def work(connection: Connection) -> None:
            finish(connection, self._database, self._settings, job_id, state, result=None, error=error)

        self._database.write(work, repeatable=True)

    def _drop(self, job_ids: Sequence[str]) -> None:
        def work(connection: Connection) -> None:
            connection.execute(delete(tasks).where(tasks.c.job_id.in_(job_ids)))
            connection.execute(delete(jobs).where(jobs.c.id.in_(job_ids)))

        self._database.write(work, repeatable=True)


def finish(
    connection: Connection,
    database: Database,
    settings: Settings,
    job_id: str,
    state: str,
    *,
    result: Any,
    error: Mapping[str, Any] | None,
) -> bool:
    """End an unfinished job within a transaction, and tell the webhooks; False: it had ended already."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {"state": state, "finished_at": now, "result": result, "error": error}
    if settings.jobs_keep_days:
        values["expires_at"] = now + timedelta(days=settings.jobs_keep_days)
    if state != "done":
        values["dedup"] = None  # the same may be tried anew
    mine = and_(jobs.c.id == job_id, jobs.c.state.in_(OPEN_STATES))
    if connection.execute(update(jobs).where(mine).values(values)).rowcount != 1:
        return False
    job = as_job(connection.execute(select_jobs().where(jobs.c.id == job_id)).one())
    if job.kind != "webhook":
        announce(connection, database, f"job.{state}", job_document(job))
    if then := job.source.get("then"):  # a kind of job that follows, however this one ended
        more = NewJob(kind=str(then), tenant=job.tenant, source={"job": job.id}, timeout_s=DELIVERY_S)
        insert_job(connection, database, more)
    return True


def _is_id(text: str) -> bool:
    try:
        id_time(text)
    except ValueError:
        return False  # PostgreSQL would refuse some such texts with an error
    return True
