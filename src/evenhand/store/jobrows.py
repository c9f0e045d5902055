"""Rows of jobs: how they are stored, read with their progress, and shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, select

from evenhand.domain import new_id
from evenhand.store.database import Database
from evenhand.store.jobrecords import PLAN, PRIORITIES, Job, NewJob
from evenhand.store.schema import job_tasks as tasks
from evenhand.store.schema import jobs


def insert_job(connection: Connection, database: Database, new: NewJob, *, job_id: str | None = None) -> str | None:
    """Store a job and its plan within a transaction; give its id, or None where `dedup` is taken."""
    if new.priority not in PRIORITIES:
        raise ValueError(f"there is no priority {new.priority!r}; there are {', '.join(PRIORITIES)}")
    now, job_id = datetime.now(UTC), job_id or new_id()
    row = {
        "id": job_id,
        "kind": new.kind,
        "priority": new.priority,
        "tenant": new.tenant,
        "caller_id": new.caller_id,
        "state": "queued",
        "options": dict(new.options),
        "source": dict(new.source),
        "content_hash": new.content_hash,
        "dedup": new.dedup,
        "unit": new.unit,
        "replays": 0,
        "created_at": now,
        "deadline_at": now + timedelta(seconds=new.timeout_s),
    }
    statement = database.insert(jobs).values(row).on_conflict_do_nothing(index_elements=["dedup"])
    if connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount != 1:
        return None
    connection.execute(tasks.insert(), task_row(job_id, PLAN, "plan", now))
    return job_id


def task_row(
    job_id: str, number: int, role: str, now: datetime, *, spec: Mapping[str, Any] | None = None, amount: float = 0.0
) -> dict[str, Any]:
    """Give the row of a new task, waiting for the queue."""
    return {
        "job_id": job_id,
        "number": number,
        "role": role,
        "state": "waiting",
        "round": 1,
        "attempts": 0,
        "starts": 0,
        "spec": dict(spec or {}),
        "amount": amount,
        "run_after": now,
    }


def job_document(job: Job) -> dict[str, Any]:
    """Give the JSON form of a job that every surface uses."""
    eta = None
    if job.state == "running" and job.started_at is not None and 0 < job.amount_done <= job.amount:
        spent = (datetime.now(UTC) - job.started_at).total_seconds()
        eta = round(spent * (job.amount - job.amount_done) / job.amount_done, 1)
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "priority": job.priority,
        "caller_id": job.caller_id,
        "content_hash": job.content_hash,
        "options": dict(job.options),
        "progress": {
            "segments": job.segments,
            "segments_done": job.segments_done,
            "unit": job.unit,
            "total": _number(job.amount) if job.segments is not None else None,
            "done": _number(job.amount_done),
            "eta_s": eta,
        },
        "result": job.result,
        "error": job.error,
        "replays": job.replays,
        "created_at": _time(job.created_at),
        "started_at": _time(job.started_at),
        "finished_at": _time(job.finished_at),
        "deadline_at": _time(job.deadline_at),
    }


def as_job(row: Row[Any]) -> Job:
    """Read a row of `select_jobs`."""
    values = {name: value for name, value in row._mapping.items() if name in Job.__dataclass_fields__}
    return Job(**values)


def select_jobs() -> Select[Any]:
    """Start a query for jobs with their progress."""
    segment, done = tasks.c.role == "segment", tasks.c.state == "done"
    mine = tasks.c.job_id == jobs.c.id
    planned = select(tasks.c.state).where(mine, tasks.c.number == PLAN, done).exists()
    count = select(func.count()).where(mine, segment).scalar_subquery()
    done_count = select(func.count()).where(mine, segment, done).scalar_subquery()
    amount = select(func.coalesce(func.sum(tasks.c.amount), 0.0)).where(mine, segment).scalar_subquery()
    amount_done = select(func.coalesce(func.sum(tasks.c.amount), 0.0)).where(mine, segment, done).scalar_subquery()
    return select(
        jobs,
        case((planned, count), else_=None).label("segments"),
        done_count.label("segments_done"),
        amount.label("amount"),
        amount_done.label("amount_done"),
    )


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 3)


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
