"""Jobs as they go into the store and come out: frozen values, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from evenhand.domain import JsonValue

PRIORITIES = ("live", "interactive", "bulk")  # first comes first
OPEN_STATES = ("queued", "running")
STATES = (*OPEN_STATES, "done", "failed", "cancelled")
PLAN = -1  # number of the task that plans a job


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be stored, together with its first task."""

    kind: str
    priority: str = "interactive"  # one of PRIORITIES
    tenant: str = ""  # id of the API key that asks
    caller_id: str | None = None
    options: Mapping[str, JsonValue] = field(default_factory=dict)
    source: Mapping[str, JsonValue] = field(default_factory=dict)
    content_hash: str | None = None
    dedup: str | None = None  # the same again, while it is not failed or deleted, is the same job
    unit: str | None = None
    timeout_s: float = 86_400.0  # seconds from now until it fails


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it is now."""

    id: str
    kind: str
    priority: str
    tenant: str
    caller_id: str | None
    state: str  # one of STATES
    options: Mapping[str, Any]
    source: Mapping[str, Any]
    content_hash: str | None
    unit: str | None
    result: Any
    error: Mapping[str, Any] | None
    replays: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime
    expires_at: datetime | None
    segments: int | None = None  # how many it was cut into; None: not planned yet
    segments_done: int = 0
    amount: float = 0.0  # of all segments, in `unit`
    amount_done: float = 0.0

    @property
    def open(self) -> bool:
        """Whether there is work left."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """One page of jobs, newest first."""

    items: tuple[Job, ...]
    after: str | None  # cursor of the next page; None: this is the last


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSegment:
    """A segment that a plan made."""

    spec: Mapping[str, JsonValue]  # what is to be done
    amount: float = 1.0  # how much of the job's unit it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A part of a job that a worker holds."""

    job: Job
    number: int  # PLAN, a segment from 0, or the last step
    role: str  # "plan", "segment" or "final"
    round: int  # tells this try from a later one
    attempts: int  # tries that failed before this one
    starts: int  # times it was begun, this one included
    spec: Mapping[str, Any]
    progress: Any  # what an earlier try saved underway
    plan: Any  # result of the job's plan; None for the plan itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A task that has to be put into the queue."""

    job_id: str
    number: int
    round: int
    priority: str
    tenant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """A task, for people."""

    number: int
    role: str
    state: str  # "waiting", "queued", "done" or "dead"
    attempts: int
    starts: int
    amount: float
    error: Mapping[str, Any] | None
    worker: str | None
    run_after: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """A worker, as it last said."""

    id: str
    host: str
    pid: int
    slots: int
    beats: int
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where events are sent. `secrets` are only in the answer to who made them, and for signing."""

    id: str
    name: str
    url: str
    events: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None
    secrets: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one webhook."""

    id: str
    webhook_id: str
    event: str
    body: str
    state: str  # "queued", "delivered" or "failed"
    attempts: tuple[Mapping[str, Any], ...]
    created_at: datetime
    delivered_at: datetime | None
