"""The seam: a kind of job says how its work is cut, how one piece is done, and what comes of all of them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from evenhand.app import AsyncModerator
from evenhand.domain import Content, ItemError, JsonValue, Options, Result
from evenhand.errors import SystemFault
from evenhand.jobs.retries import Retries
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.blobs import Blobs
from evenhand.store.jobrecords import NewSegment, Task
from evenhand.store.recorder import StoreRecorder
from evenhand.store.records import Record

T = TypeVar("T")


class StoppedError(SystemFault):
    """The work is not wanted any more: the job was cancelled, its time is over, or the worker stops."""

    code = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a plan step gives."""

    result: Any = None  # JSON; every segment and the last step can read it
    segments: Sequence[NewSegment] = ()
    source: Mapping[str, JsonValue] | None = None  # what the job is made of, where the plan found that out
    content_hash: str | None = None  # "sha256:...", likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a segment gives."""

    result: Any = None  # JSON: the checkpoint
    records: Sequence[Record] = ()  # decisions that commit with it
    amount: float | None = None  # how much it was after all; None: as planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the last step gives."""

    result: Any = None  # JSON, small, nobody's words in it: it stands in the job and goes to webhooks
    detail: Any = None  # JSON: all there is to say
    records: Sequence[Record] = ()  # decisions that commit with it
    forget_segments: bool = False  # the segments' results need not be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a step is given. It runs in a thread of its own; whatever it raises, but for the caller's faults, is tried
    again.
    """

    task: Task
    settings: Settings
    store: Store
    moderator: AsyncModerator
    blobs: Blobs
    wait: Callable[[Coroutine[Any, Any, Any]], Any] = field(repr=False)  # runs a coroutine on the moderator's loop
    stopped: Callable[[], bool] = field(repr=False)  # ask now and then: the work is not wanted any more

    @property
    def options(self) -> Options:
        """The job's options as a check takes them; decisions are not recorded by the check but with the segment."""
        given = self.task.job.options
        return Options(
            line=str(given.get("line", "default")),
            all_scores=bool(given.get("all_scores", False)),
            record=False,
            caller=self.task.job.tenant or None,
        )

    def check(self, contents: Sequence[Content | ItemError]) -> list[Result | ItemError]:
        """Check contents together; nothing is recorded yet: see `records`.

        Raises:
            StoppedError: it is not wanted any more.
        """
        if self.stopped():
            raise StoppedError("the job was cancelled, or the worker stops")
        answers: list[Result | ItemError] = self.wait(self.moderator.check_batch(contents, options=self.options))
        return answers

    def records(self, contents: Sequence[Content], results: Sequence[Result]) -> list[Record]:
        """Make records of decisions, to be committed with the segment."""
        recorder = StoreRecorder(self.store, self.settings)
        return recorder.records(contents, results, key_id=self.task.job.tenant or None)

    def blob(self) -> Path:
        """Give the path of the submitted file.

        Raises:
            NotFoundError: it is not in the blob folder here.
        """
        return self.blobs.path(str(self.task.job.source["blob"]))

    def save(self, progress: Any) -> None:
        """Keep how far this task is (JSON), for whoever has to go on with it: `task.progress` there.

        Raises:
            StoppedError: it is no longer this worker's.
            StoreError: it could not be kept.
        """
        if not self.store.tasks.save(self.task, progress):
            raise StoppedError("the task is no longer this worker's")


class Kind(Protocol):
    """A kind of job."""

    name: str
    unit: str  # what the segments' amounts count, for the progress: "items", "seconds"
    spares: bool  # the job goes on without a segment that cannot be done; `final` then finds no result of it

    def retries(self, settings: Settings) -> Retries:
        """Say how often a step is tried, and when."""
        ...

    def plan(self, work: Work) -> Plan:
        """Cut the work into segments."""
        ...

    def segment(self, work: Work) -> Outcome:
        """Do one segment: `work.task.spec`."""
        ...

    def final(self, work: Work) -> Ending:
        """Make the job's result out of `work.store.jobs.results(work.task.job.id)`."""
        ...
