"""What workers do with the tasks of jobs: take them up, checkpoint what came out, give them up. And: who works.

A task is `waiting` (committed, not in the queue), `queued` (in the queue or being worked on), `done` or `dead`. Its
result and all that follows from it commit together, once: whoever comes second with the same task finds it done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, or_, select, update

from evenhand.settings import Settings
from evenhand.store.database import Database
from evenhand.store.decisions import Decisions
from evenhand.store.jobrecords import OPEN_STATES, PLAN, PRIORITIES, NewSegment, Task, Waiting, WorkerState
from evenhand.store.jobrows import as_job, select_jobs, task_row
from evenhand.store.jobs import finish
from evenhand.store.records import Record
from evenhand.store.schema import job_tasks as tasks
from evenhand.store.schema import job_workers as workers
from evenhand.store.schema import jobs

MOST_STARTS = 8  # times a task is begun without ending, before it is seen as what kills the workers
_ORDER = case({name: place for place, name in enumerate(PRIORITIES)}, value=jobs.c.priority)


class Tasks:
    """The workers' side of the jobs.

    Args:
        database: where.
        settings: how often a task is tried, how long jobs are kept.
        log: decisions that commit together with a task.
    """

    def __init__(self, database: Database, settings: Settings, log: Decisions) -> None:
        self._database, self._settings, self._log = database, settings, log

    # The outbox

    def waiting(self, limit: int = 200) -> list[Waiting]:
        """Give the tasks that should be in the queue by now and are not, the most urgent first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        due = and_(tasks.c.state == "waiting", tasks.c.run_after <= datetime.now(UTC), jobs.c.state.in_(OPEN_STATES))
        query = (
            select(tasks.c.job_id, tasks.c.number, tasks.c.round, jobs.c.priority, jobs.c.tenant)
            .join(jobs, jobs.c.id == tasks.c.job_id)
            .where(due)
            .order_by(_ORDER, tasks.c.run_after, tasks.c.job_id, tasks.c.number)
            .limit(limit)
        )
        return [Waiting(**row._mapping) for row in self._database.read(lambda c: c.execute(query).all())]

    def queued(self, given: Sequence[Waiting]) -> None:
        """Note that tasks are in the queue.

        Raises:
            StoreError: the database refused or cannot be reached; they will be handed to the queue again, where it
                knows them.
        """

        def work(connection: Connection) -> None:
            for one in given:
                mine = and_(_this(one.job_id, one.number), tasks.c.round == one.round, tasks.c.state == "waiting")
                connection.execute(update(tasks).where(mine).values(state="queued"))

        self._database.write(work, repeatable=True)

    def stale(self, older_s: float, limit: int = 500) -> list[Waiting]:
        """Give queued tasks that nothing happened to for `older_s` seconds: the queue may have lost them.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        before = datetime.now(UTC) - timedelta(seconds=older_s)
        stale = and_(
            tasks.c.state == "queued",
            tasks.c.run_after <= before,
            or_(tasks.c.started_at.is_(None), tasks.c.started_at <= before),
            jobs.c.state.in_(OPEN_STATES),
        )
        query = (
            select(tasks.c.job_id, tasks.c.number, tasks.c.round, jobs.c.priority, jobs.c.tenant)
            .join(jobs, jobs.c.id == tasks.c.job_id)
            .where(stale)
            .order_by(tasks.c.job_id, tasks.c.number)
            .limit(limit)
        )
        return [Waiting(**row._mapping) for row in self._database.read(lambda c: c.execute(query).all())]

    def put_back(self, lost: Sequence[Waiting]) -> None:
        """Have tasks that the queue lost handed to it anew.

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> None:
            for one in lost:
                mine = and_(_this(one.job_id, one.number), tasks.c.round == one.round, tasks.c.state == "queued")
                connection.execute(update(tasks).where(mine).values(state="waiting", round=tasks.c.round + 1))

        self._database.write(work)

    # Working

    def begin(self, job_id: str, number: int, round_: int, worker: str, *, spared: Collection[str] = ()) -> Task | None:
        """Take a task up; None: there is nothing to do (done already, cancelled, a later try is under way).

        Args:
            job_id: of its job.
            number: within the job.
            round_: which try.
            worker: who takes it up.
            spared: kinds of jobs that go on without a segment that cannot be done.

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> Task | None:
            # The job's row is locked before a task's, here and everywhere, so that two never wait for each other.
            connection.execute(select(jobs.c.id).where(jobs.c.id == job_id).with_for_update())
            row = connection.execute(select(tasks).where(_this(job_id, number)).with_for_update()).one_or_none()
            if row is None or row.round != round_ or row.state not in {"queued", "waiting"}:
                return None
            job = as_job(connection.execute(select_jobs().where(jobs.c.id == job_id)).one())
            if not job.open:
                return None
            now = datetime.now(UTC)
            if row.starts >= MOST_STARTS:
                why = f"It was begun {row.starts} times and never ended: it may be what ends the workers."
                spare = row.role == "segment" and job.kind in spared
                self._dead(connection, job_id, number, {"code": "worker_died", "message": why}, spare=spare)
                return None
            values = {"state": "queued", "starts": row.starts + 1, "worker": worker, "started_at": now}
            connection.execute(update(tasks).where(_this(job_id, number)).values(values))
            begun = and_(jobs.c.id == job_id, jobs.c.state == "queued")
            connection.execute(update(jobs).where(begun).values(state="running", started_at=now))
            plan = None
            if number != PLAN:
                plan = connection.execute(select(tasks.c.result).where(_this(job_id, PLAN))).scalar_one_or_none()
            return Task(
                job=job,
                number=number,
                role=row.role,
                round=row.round,
                attempts=row.attempts,
                starts=row.starts + 1,
                spec=row.spec,
                progress=row.progress,
                plan=plan,
            )

        return self._database.write(work)

    def save(self, task: Task, progress: Any) -> bool:
        """Keep how far a long task is, for whoever goes on with it; False: it is no longer this try's.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        statement = update(tasks).where(_held(task)).values(progress=progress)
        return self._database.write(lambda connection: connection.execute(statement).rowcount, repeatable=True) == 1

    def wanted(self, task: Task) -> bool:
        """Say whether a task that is being worked on is still wanted: not cancelled, not done by another.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(tasks.c.number).join(jobs, jobs.c.id == tasks.c.job_id)
        query = query.where(_held(task), jobs.c.state.in_(OPEN_STATES))
        return self._database.read(lambda connection: connection.execute(query).first()) is not None

    def planned(
        self,
        task: Task,
        result: Any,
        segments: Sequence[NewSegment],
        *,
        source: Mapping[str, Any] | None = None,
        content_hash: str | None = None,
    ) -> bool:
        """Checkpoint a plan and its segments; False: it is no longer this try's, and nothing was written.

        Args:
            task: the plan.
            result: of it.
            segments: in their order.
            source: the job's, where the plan found out more; None: as it is.
            content_hash: likewise.

        Raises:
            StoreError: nothing was written.
        """

        def work(connection: Connection) -> bool:
            if not self._done(connection, task, result, 0.0):
                return False
            now, job_id = datetime.now(UTC), task.job.id
            rows = [
                task_row(job_id, number, "segment", now, spec=segment.spec, amount=segment.amount)
                for number, segment in enumerate(segments)
            ]
            rows = rows or [task_row(job_id, 0, "final", now)]
            connection.execute(tasks.insert(), rows)
            found = {"source": None if source is None else dict(source), "content_hash": content_hash}
            if found := {name: value for name, value in found.items() if value is not None}:
                connection.execute(update(jobs).where(jobs.c.id == job_id).values(found))
            return True

        return self._database.write(work)

    def checked(self, task: Task, result: Any, records: Sequence[Record] = (), *, amount: float | None = None) -> bool:
        """Checkpoint a segment with the decisions it made; the last one brings the job's last step.

        Returns:
            False: it is no longer this try's, and nothing was written.

        Raises:
            StoreError: nothing was written.
        """
        write = self._log.writing(records)

        def work(connection: Connection) -> bool:
            if not self._done(connection, task, result, amount):
                return False
            write(connection)
            self._last_step(connection, task.job.id)
            return True

        return self._database.write(work)

    def finished(
        self,
        task: Task,
        result: Any,
        records: Sequence[Record] = (),
        *,
        detail: Any = None,
        forget_segments: bool = False,
    ) -> bool:
        """End a job with its result.

        Args:
            task: the last step.
            result: of the job, for people and programs; small.
            records: decisions that commit with it.
            detail: all there is to say.
            forget_segments: the segments' results are in the job's result or a decision, and need not be kept.

        Raises:
            StoreError: nothing was written.
        """
        write = self._log.writing(records)

        def work(connection: Connection) -> bool:
            if not self._done(connection, task, detail, 0.0):
                return False
            write(connection)
            if forget_segments:
                mine = and_(tasks.c.job_id == task.job.id, tasks.c.role != "final")
                connection.execute(update(tasks).where(mine).values(result=None, progress=None))
            return finish(connection, self._database, self._settings, task.job.id, "done", result=result, error=None)

        return self._database.write(work)

    def failed(self, task: Task, error: Mapping[str, Any], *, again_s: float | None, spare: bool = False) -> bool:
        """Note a try that failed.

        Args:
            task: as it was begun.
            error: code and message.
            again_s: seconds until the next try; None: there is none, and the job has failed.
            spare: the job goes on without it instead.

        Returns:
            False: it is no longer this try's.

        Raises:
            StoreError: nothing was written.
        """

        def work(connection: Connection) -> bool:
            connection.execute(select(jobs.c.id).where(jobs.c.id == task.job.id).with_for_update())
            values: dict[str, Any] = {"attempts": task.attempts + 1, "error": dict(error)}
            if again_s is not None:
                after = datetime.now(UTC) + timedelta(seconds=again_s)
                values |= {"state": "waiting", "round": task.round + 1, "run_after": after, "starts": 0}
            if connection.execute(update(tasks).where(_held(task)).values(values)).rowcount != 1:
                return False
            if again_s is None:
                self._dead(connection, task.job.id, task.number, error, spare=spare)
            return True

        return self._database.write(work)

    def handed_back(self, task: Task) -> None:
        """Note that a worker that stops gives a task back: this start does not count.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        statement = update(tasks).where(_held(task), tasks.c.starts > 0).values(starts=tasks.c.starts - 1)
        self._database.write(lambda connection: connection.execute(statement))

    # Workers

    def beat(self, worker: WorkerState) -> None:
        """Give a sign of life.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        values = {name: getattr(worker, name) for name in WorkerState.__dataclass_fields__}
        changed = {"beats": worker.beats, "seen_at": worker.seen_at}
        statement = self._database.insert(workers).values(values)
        statement = statement.on_conflict_do_update(index_elements=["id"], set_=changed)
        self._database.write(lambda connection: connection.execute(statement), repeatable=True)

    def workers(self) -> list[WorkerState]:
        """List those who work, or died and have not been missed yet.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(workers).order_by(workers.c.started_at)
        return [WorkerState(**row._mapping) for row in self._database.read(lambda c: c.execute(query).all())]

    def gone(self, worker_id: str) -> None:
        """Take a worker off the list.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        statement = delete(workers).where(workers.c.id == worker_id)
        self._database.write(lambda connection: connection.execute(statement), repeatable=True)

    def _done(self, connection: Connection, task: Task, result: Any, amount: float | None) -> bool:
        # The job's row is locked first: of two segments that end at once, one sees that it is the last.
        job = select(jobs.c.state).where(jobs.c.id == task.job.id).with_for_update()
        if connection.execute(job).scalar_one_or_none() not in OPEN_STATES:
            return False
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "state": "done",
            "result": result,
            "progress": None,
            "error": None,
            "finished_at": now,
        }
        if amount is not None:
            values["amount"] = amount
        return connection.execute(update(tasks).where(_held(task)).values(values)).rowcount == 1

    def _last_step(self, connection: Connection, job_id: str) -> None:
        """Bring the job's last step once no segment is left to do. The job's row is locked."""
        mine = and_(tasks.c.job_id == job_id, tasks.c.role == "segment")
        left = select(func.count()).where(mine, tasks.c.state.not_in(("done", "dead")))
        if connection.execute(left).scalar_one() == 0:
            number = connection.execute(select(func.count()).where(mine)).scalar_one()
            row = task_row(job_id, number, "final", datetime.now(UTC))
            connection.execute(self._database.insert(tasks).values(row).on_conflict_do_nothing())
            # One that failed before the job was set going again; the queue knows its earlier tries by their round.
            again = {"state": "waiting", "round": tasks.c.round + 1, "attempts": 0, "starts": 0}
            fallen = and_(_this(job_id, number), tasks.c.state == "dead")
            connection.execute(update(tasks).where(fallen).values(again | {"run_after": row["run_after"]}))

    def _dead(
        self, connection: Connection, job_id: str, number: int, error: Mapping[str, Any], *, spare: bool = False
    ) -> None:
        values = {"state": "dead", "error": dict(error), "finished_at": datetime.now(UTC)}
        connection.execute(update(tasks).where(_this(job_id, number)).values(values))
        if spare:
            self._last_step(connection, job_id)
            return
        told = {**error, "task": number}
        finish(connection, self._database, self._settings, job_id, "failed", result=None, error=told)


def task_key(job_id: str, number: int, round_: int) -> str:
    """Give the one name of a try."""
    return f"{job_id}:{number}:{round_}"


def _this(job_id: str, number: int) -> Any:
    return and_(tasks.c.job_id == job_id, tasks.c.number == number)


def _held(task: Task) -> Any:
    return and_(_this(task.job.id, task.number), tasks.c.round == task.round, tasks.c.state == "queued")
