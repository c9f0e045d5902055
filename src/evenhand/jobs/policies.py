"""Kind `policy`: audits, blast radii and undoing. One segment; how far it is stands in its run (store.policy_runs)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evenhand.app import AsyncModerator
from evenhand.domain import Content, ItemError, Options, Result
from evenhand.jobs.kinds import Ending, Outcome, Plan, StoppedError, Work
from evenhand.jobs.retries import Retries
from evenhand.policy import Policy
from evenhand.publishing.auditing import Check
from evenhand.publishing.working import Tools, perform
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.jobrecords import NewJob, NewSegment
from evenhand.store.policyrecords import Run

AUDIT = Options(all_scores=True, record=False)


class PolicyWork:
    """Does a run. Source: `run`, its id."""

    name = "policy"
    unit = "runs"
    spares = False

    def retries(self, settings: Settings) -> Retries:
        """Say how often a run is tried."""
        return Retries(attempts=min(3, settings.jobs_attempts), first_s=settings.jobs_backoff_s)

    def plan(self, work: Work) -> Plan:
        """Make one segment."""
        return Plan(segments=[NewSegment(spec={"run": work.task.job.source["run"]})])

    def segment(self, work: Work) -> Outcome:
        """Do the run."""

        def check(texts: list[str], policy: Policy) -> Sequence[Result | ItemError]:
            contents = [Content(text=text) for text in texts]
            found: Sequence[Result | ItemError] = work.wait(
                work.moderator.check_batch(contents, options=AUDIT, policy=policy)
            )
            return found

        def stop() -> None:
            if work.stopped():
                raise StoppedError("the job was cancelled, or the worker stops")

        # What was published a moment ago is in force here, too.
        work.moderator.in_force.look()
        tools = tools_of(work.moderator, check=check, stop=stop)
        run = perform(work.store, str(work.task.spec["run"]), tools)
        return Outcome(result={"run": run.id})

    def final(self, work: Work) -> Ending:
        """Say which run it was."""
        return Ending(result={"run": work.task.job.source["run"]})


def tools_of(moderator: AsyncModerator, *, check: Check, stop: Callable[[], None] = lambda: None) -> Tools:
    """Give what a run needs of a process.

    Args:
        moderator: its policy and settings count.
        check: runs detectors over texts.
        stop: raises once the run is not wanted any more.
    """
    reads = {str(one["name"]): str(one.get("reads", "")) for one in moderator.detectors() if one["available"]}
    kept = moderator.settings.keep_context_keys
    return Tools(current=moderator.policy, check=check, kept=kept, reads=reads, stop=stop)


def submit_run(store: Store, run: Run) -> Run:
    """Queue a run as a job."""
    job, _ = store.jobs.submit(NewJob(kind=PolicyWork.name, source={"run": run.id}, unit=PolicyWork.unit))
    store.policy_runs.change(run.id, job=job.id)
    return store.policy_runs.get(run.id)
