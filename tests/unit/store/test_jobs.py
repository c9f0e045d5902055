"""Jobs and their tasks in the store, on both databases: what commits together, and who comes second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evenhand.errors import ConflictError, NotFoundError, UserError
from evenhand.store import Store
from evenhand.store.jobrecords import PLAN, NewJob, NewSegment, Task, WorkerState
from evenhand.store.jobrows import job_document
from tests.unit.store.factory import record


def _taken(store: Store, job_id: str, number: int, worker: str = "w") -> Task:
    store.tasks.queued([one for one in store.tasks.waiting() if (one.job_id, one.number) == (job_id, number)])
    round_ = {task.number: task for task in store.jobs.tasks(job_id)}[number]
    assert round_.state == "queued"
    task = store.tasks.begin(job_id, number, 1, worker)
    assert task is not None
    return task


def _planned(store: Store, segments: int = 2, **fields: object) -> str:
    job, _ = store.jobs.submit(NewJob(kind="bulk", unit="items", **fields))  # type: ignore[arg-type]
    plan = [NewSegment(spec={"n": n}, amount=10) for n in range(segments)]
    assert store.tasks.planned(_taken(store, job.id, PLAN), {"p": 1}, plan)
    return job.id


def test_a_job_waits_in_the_outbox_with_its_plan(store: Store) -> None:
    job, new = store.jobs.submit(NewJob(kind="bulk", priority="bulk", tenant="t"))
    (waiting,) = store.tasks.waiting()
    assert (new, job.state, job.segments) == (True, "queued", None)
    assert (waiting.job_id, waiting.number, waiting.priority, waiting.tenant) == (job.id, PLAN, "bulk", "t")
    store.tasks.queued([waiting])
    assert store.tasks.waiting() == []


def test_the_urgent_come_first(store: Store) -> None:
    for priority in ("bulk", "interactive", "live"):
        store.jobs.submit(NewJob(kind="bulk", priority=priority))
    assert [one.priority for one in store.tasks.waiting()] == ["live", "interactive", "bulk"]


def test_a_segment_its_decisions_and_what_follows_commit_together_and_once(store: Store) -> None:
    job_id = _planned(store)
    first, second = _taken(store, job_id, 0), _taken(store, job_id, 1)
    assert store.tasks.checked(first, {"a": 1}, [record(id="1")])
    assert not store.tasks.checked(first, {"a": 2}, [record(id="2")])  # another had done it: nothing is written
    assert store.log.count() == 1
    assert {one.number for one in store.tasks.waiting()} == set()
    assert store.tasks.checked(second, {"b": 1}, [record(id="3")])
    assert [one.number for one in store.tasks.waiting()] == [2]  # the last step, and only now
    assert list(store.jobs.results(job_id)) == [{"a": 1}, {"b": 1}]
    assert store.tasks.finished(_taken(store, job_id, 2), {"sum": 2})
    assert not store.tasks.finished(first, {"sum": 3})
    job = store.jobs.get(job_id)
    assert (job.state, job.result, job.amount_done) == ("done", {"sum": 2}, 20.0)
    assert job_document(job)["progress"]["eta_s"] is None


def test_a_plan_without_segments_leads_to_the_last_step(store: Store) -> None:
    job_id = _planned(store, 0)
    assert [one.number for one in store.tasks.waiting()] == [0]
    assert store.tasks.finished(_taken(store, job_id, 0), {})


def test_a_cancelled_job_takes_no_result(store: Store) -> None:
    job_id = _planned(store)
    task = _taken(store, job_id, 0)
    assert store.tasks.wanted(task)
    store.jobs.cancel(job_id)
    assert not store.tasks.wanted(task)
    assert not store.tasks.checked(task, {}, [record(id="1")])
    assert store.log.count() == 0
    assert store.tasks.begin(job_id, 1, 1, "w") is None
    assert store.tasks.waiting() == []
    again = store.jobs.retry(job_id)
    assert (again.state, again.replays) == ("running", 1)
    assert {one.number for one in store.tasks.waiting()} == {0, 1}
    assert not store.tasks.checked(task, {})  # the try before the retry counts no more


def test_the_same_job_is_one_job_until_it_failed(store: Store) -> None:
    first, _ = store.jobs.submit(NewJob(kind="bulk", dedup="x"))
    again, new = store.jobs.submit(NewJob(kind="bulk", dedup="x"))
    assert (again.id, new) == (first.id, False)
    store.jobs.cancel(first.id)
    other, new = store.jobs.submit(NewJob(kind="bulk", dedup="x"))
    assert new
    assert other.id != first.id


def test_a_failed_try_waits_and_the_last_one_ends_the_job(store: Store) -> None:
    job_id = _planned(store, 1)
    task = _taken(store, job_id, 0)
    assert store.tasks.failed(task, {"code": "internal", "message": "m"}, again_s=60)
    assert not store.tasks.failed(task, {"code": "internal", "message": "m"}, again_s=60)
    assert store.tasks.waiting() == []  # not before a minute
    (state,) = [one for one in store.jobs.tasks(job_id) if one.number == 0]
    assert (state.state, state.attempts) == ("waiting", 1)
    later = store.tasks.begin(job_id, 0, 2, "w")
    assert later is not None
    assert store.tasks.failed(later, {"code": "internal", "message": "m"}, again_s=None)
    job = store.jobs.get(job_id)
    assert (job.state, job.error) == ("failed", {"code": "internal", "message": "m", "task": 0})


def test_what_a_start_that_was_given_back_is_not_counted(store: Store) -> None:
    job_id = _planned(store, 1)
    task = _taken(store, job_id, 0)
    store.tasks.handed_back(task)
    assert [one.starts for one in store.jobs.tasks(job_id) if one.number == 0] == [0]


def test_workers_are_listed_and_go(store: Store) -> None:
    now = datetime.now(UTC)
    state = WorkerState(id="w", host="h", pid=1, slots=2, beats=1, started_at=now, seen_at=now)
    store.tasks.beat(state)
    store.tasks.beat(WorkerState(**{**{n: getattr(state, n) for n in state.__slots__}, "beats": 2}))
    assert [(one.id, one.beats) for one in store.tasks.workers()] == [("w", 2)]
    store.tasks.gone("w")
    assert store.tasks.workers() == []


@pytest.mark.parametrize("job_id", ["", "none", "\x00", "01890a5d-ac96-774b-bcce-b302099a8057"])
def test_a_job_that_is_not_there(store: Store, job_id: str) -> None:
    for ask in (store.jobs.get, store.jobs.cancel, store.jobs.retry, store.jobs.remove):
        with pytest.raises(NotFoundError):
            ask(job_id)


def test_unfinished_jobs_are_not_deleted_and_finished_ones_in_time(store: Store) -> None:
    job_id = _planned(store)
    with pytest.raises(ConflictError):
        store.jobs.remove(job_id)
    with pytest.raises(ConflictError):
        store.jobs.retry(job_id)
    assert store.jobs.purge() == 0
    store.jobs.cancel(job_id)
    assert store.jobs.purge() == 0
    job = store.jobs.get(job_id)
    assert job.expires_at is not None
    assert timedelta(days=6) < job.expires_at - datetime.now(UTC) <= timedelta(days=7)
    store.jobs.remove(job_id)
    assert store.jobs.tasks(job_id) == []


def test_events_become_deliveries_and_jobs_with_what_they_tell_of(store: Store) -> None:
    store.webhooks.create("all", "https://example.org/a")
    store.webhooks.create("none", "https://example.org/b", events=["stream.*"])
    store.webhooks.create("off", "https://example.org/c")
    store.webhooks.switch("off", on=False)
    job, _ = store.jobs.submit(NewJob(kind="bulk"))
    store.jobs.cancel(job.id)
    (delivery,) = store.webhooks.deliveries()
    assert (delivery.event, delivery.state) == ("job.cancelled", "queued")
    (sending,) = store.jobs.page(kind="webhook").items
    assert sending.source == {"delivery": delivery.id}
    assert [one.id for one in store.jobs.page().items] == [job.id]
    assert store.webhooks.wanted("job.done")


def test_webhooks_are_named_once_and_named_well(store: Store) -> None:
    store.webhooks.create("a", "https://example.org/")
    with pytest.raises(ConflictError):
        store.webhooks.create("a", "https://example.org/")
    with pytest.raises(UserError):
        store.webhooks.create(" ", "https://example.org/")
    for name in ("b", "\x00"):
        with pytest.raises(NotFoundError):
            store.webhooks.get(name)
