"""Workers at work: two share a queue, a stopped one gives back, jobs are cancelled, fail, and are set going again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evenhand.app import AsyncModerator
from evenhand.errors import InputError, StoreError
from evenhand.jobs.kinds import Ending, Outcome, Plan, Work
from evenhand.jobs.retries import Retries
from evenhand.jobs.worker import Worker
from evenhand.settings import Settings
from evenhand.store import Store, open_store
from evenhand.store.jobrecords import NewJob, NewSegment
from tests.jobworker import hand_in, lines_in, settings_for, started, until, until_over


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give settings on a database of this test's own."""
    url = f"sqlite:///{tmp_path / 'e.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return settings_for(url, tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    store = open_store(settings=settings)
    store.migrate()
    yield store
    store.close()


class Script:
    """A kind of job that does what a test says: real tasks, whose work is a function."""

    name = "script"
    unit = "steps"

    def __init__(self, work: Any, *, segments: int = 3, attempts: int = 3, spares: bool = False) -> None:
        self._work, self._segments, self._attempts, self.spares = work, segments, attempts, spares
        self.done: list[tuple[int, int]] = []

    def retries(self, settings: Settings) -> Retries:
        return Retries(attempts=self._attempts, first_s=0.05)

    def plan(self, work: Work) -> Plan:
        return Plan(result={"of": self._segments}, segments=[NewSegment(spec={"n": n}) for n in range(self._segments)])

    def segment(self, work: Work) -> Outcome:
        number = int(work.task.spec["n"])
        result = self._work(work, number)
        self.done.append((number, work.task.attempts))
        return Outcome(result=result)

    def final(self, work: Work) -> Ending:
        return Ending(result={"sum": sum(work.store.jobs.results(work.task.job.id)), "plan": work.task.plan})


@contextmanager
def working(settings: Settings, kind: Script) -> Iterator[Worker]:
    """Work in this process."""
    store = open_store(settings=settings)
    moderator, loop = AsyncModerator(settings, store=store), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    worker = Worker(moderator, loop, kinds={kind.name: kind})
    try:
        yield worker
    finally:
        worker.stop(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        moderator.close()


def _script(store: Store, **more: Any) -> str:
    return store.jobs.submit(NewJob(kind="script", unit="steps", **more))[0].id


def test_what_fails_is_tried_again_and_only_that(settings: Settings, store: Store) -> None:
    def work(task: Work, number: int) -> int:
        if number == 1 and task.task.attempts < 2:
            raise ConnectionError("not now")
        return number

    kind = Script(work)
    job_id = _script(store)
    with working(settings, kind):
        over = until_over(store, job_id)
    assert (over.state, over.result) == ("done", {"sum": 3, "plan": {"of": 3}})
    assert sorted(kind.done) == [(0, 0), (1, 2), (2, 0)]


def test_what_keeps_failing_is_a_dead_letter_that_can_be_seen_and_set_going_again(
    settings: Settings, store: Store
) -> None:
    broken = True

    def work(_: Work, number: int) -> int:
        if number == 1 and broken:
            raise ConnectionError("gone")
        return 1

    kind = Script(work)
    job_id = _script(store, dedup="d")
    with working(settings, kind):
        failed = until_over(store, job_id)
        assert (failed.state, failed.result) == ("failed", None)
        assert failed.error is not None
        assert (failed.error["code"], failed.error["task"]) == ("internal", 1)
        assert "gone" not in str(failed.error)  # a stranger's words do not go into the record
        (dead,) = [task for task in store.jobs.tasks(job_id) if task.state == "dead"]
        assert (dead.number, dead.attempts) == (1, 3)
        assert [job.id for job in store.jobs.page(state="failed").items] == [job_id]
        broken = False
        store.jobs.retry(job_id)
        over = until_over(store, job_id)
    assert (over.state, over.result["sum"], over.replays) == ("done", 3, 1)
    assert sorted(number for number, _ in kind.done) == [0, 1, 2]  # what was done was not done again


def test_a_caller_s_fault_is_not_tried_again(settings: Settings, store: Store) -> None:
    from evenhand.errors import InputError

    tried: list[int] = []

    def work(_: Work, number: int) -> int:
        tried.append(number)
        raise InputError("cannot be read")

    job_id = _script(store)
    with working(settings, Script(work, segments=1)):
        over = until_over(store, job_id)
    assert over.error == {"code": "bad_input", "message": "cannot be read", "task": 0}
    assert tried == [0]


def test_a_cancelled_job_ends_and_nothing_of_it_counts_any_more(settings: Settings, store: Store) -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(task: Work, number: int) -> int:
        begun.set()
        until(task.stopped)
        ended.set()
        return number

    job_id = _script(store)
    with working(settings, Script(work)):
        assert begun.wait(60)
        assert store.jobs.cancel(job_id).state == "cancelled"
        assert store.jobs.cancel(job_id).state == "cancelled"
        assert ended.wait(60)
        time.sleep(0.5)
        assert store.jobs.get(job_id).segments_done == 0
        assert {task.role for task in store.jobs.tasks(job_id)} == {"plan", "segment"}


def test_a_job_that_takes_too_long_fails(settings: Settings, store: Store) -> None:
    job_id = _script(store, timeout_s=0.1)
    time.sleep(0.2)
    assert store.jobs.overdue() == 1
    over = store.jobs.get(job_id)
    assert (over.state, over.error and over.error["code"]) == ("failed", "timed_out")


def test_a_step_that_hangs_is_left_behind(tmp_path: Path, settings: Settings, store: Store) -> None:
    def work(task: Work, number: int) -> int:
        if task.task.attempts == 0:
            threading.Event().wait(30)
        return 5

    job_id = _script(store)
    quick = settings.model_copy(update={"jobs_segment_timeout_s": 0.5})
    with working(quick, Script(work, segments=1)):
        over = until_over(store, job_id)
    assert (over.state, over.result["sum"]) == ("done", 5)


def test_what_was_given_back_keeps_no_thread(settings: Settings, store: Store) -> None:
    """Or the process of a worker that was asked to stop, and gives back what it claimed ahead, would never end."""
    begun, free = threading.Event(), threading.Event()

    def work(task: Work, number: int) -> int:
        begun.set()
        free.wait(60)
        return number

    job_id = _script(store)
    before = {thread.ident for thread in threading.enumerate()}

    def of_the_queue() -> list[threading.Thread]:
        new = [thread for thread in threading.enumerate() if thread.ident not in before]
        return [thread for thread in new if thread.name.startswith("dbos-executor")]

    narrow = settings.model_copy(update={"jobs_slots": 1})
    with working(narrow, Script(work)) as worker:
        assert begun.wait(60)
        # One works, another was claimed ahead and waits for its place.
        until(lambda: sum(task.worker == worker.id for task in store.jobs.tasks(job_id) if task.state == "queued") == 2)
        assert not worker.stop(0.1)
        free.set()
    until(lambda: not of_the_queue())


def test_a_long_task_goes_on_where_it_was(settings: Settings, store: Store) -> None:
    seen: list[Any] = []

    def work(task: Work, number: int) -> int:
        seen.append(task.task.progress)
        if task.task.progress is None:
            task.save({"second": 12})
            raise ConnectionError("the stream broke off")
        return int(task.task.progress["second"])

    job_id = _script(store)
    with working(settings, Script(work, segments=1)):
        over = until_over(store, job_id)
    assert seen == [None, {"second": 12}]
    assert over.result["sum"] == 12


def test_what_the_queue_lost_is_put_back(settings: Settings, store: Store) -> None:
    job_id = _script(store)
    store.tasks.queued(store.tasks.waiting())  # said to be queued, and the queue never heard of it
    with working(settings, Script(lambda _, number: number)) as worker:
        assert store.tasks.stale(0.0)[0].job_id == job_id
        lost = store.tasks.stale(0.0)
        assert worker._queue.holds([f"{one.job_id}:{one.number}:{one.round}" for one in lost]) == set()
        store.tasks.put_back(lost)
        assert until_over(store, job_id).state == "done"


def test_a_kind_that_spares_goes_on_without_what_cannot_be_done(settings: Settings, store: Store) -> None:
    broken = {0, 2}

    def work(task: Work, number: int) -> int:
        if number in broken:
            raise RuntimeError("this one cannot be done")
        return int(10**number)

    job_id = _script(store)
    kind = Script(work, attempts=2, spares=True)
    with working(settings, kind):
        over = until_over(store, job_id)
    assert (over.state, over.result["sum"], over.segments_done) == ("done", 10, 1)
    assert "RuntimeError" in store.jobs.spared(job_id)
    assert sorted(kind.done) == [(1, 0)]


def test_what_a_kind_spared_is_tried_again_when_the_job_is(settings: Settings, store: Store) -> None:
    broken = {0, 1, 2}

    class Whole(Script):
        def final(self, work: Work) -> Ending:
            found = list(work.store.jobs.results(work.task.job.id))
            if not found:
                raise InputError("Nothing could be done.")
            return Ending(result={"sum": sum(found)})

    def work(task: Work, number: int) -> int:
        if number in broken:
            raise InputError("this one cannot be done")
        return int(10**number)

    job_id = _script(store)
    with working(settings, Whole(work, spares=True)):
        over = until_over(store, job_id)
        assert (over.state, over.error and over.error["message"]) == ("failed", "Nothing could be done.")
        broken.clear()
        store.jobs.retry(job_id)
        over = until_over(store, job_id)
    assert (over.state, over.result) == ("done", {"sum": 111})
    assert store.jobs.spared(job_id) == ""


def test_what_kills_the_workers_is_given_up(settings: Settings, store: Store) -> None:
    job_id = _script(store)
    store.tasks.queued(store.tasks.waiting())
    for _ in range(8):
        assert store.tasks.begin(job_id, -1, 1, "one that dies") is not None
    assert store.tasks.begin(job_id, -1, 1, "the next") is None
    over = store.jobs.get(job_id)
    assert (over.state, over.error and over.error["code"]) == ("failed", "worker_died")


def test_two_workers_share_a_queue_and_one_that_stops_gives_back(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    rows = [{"id": str(n), "text": f"remark {n}"} for n in range(300)]
    job = hand_in(settings, store, lines_in(tmp_path, settings, rows))
    with started(settings, tmp_path) as first, started(settings, tmp_path) as second:
        until(lambda: len(store.tasks.workers()) == 2 or not store.jobs.get(job.id).open)
        until(lambda: store.jobs.get(job.id).segments_done > 3 or not store.jobs.get(job.id).open)
        first.terminate()
        assert first.wait(60) == 0
        over = until_over(store, job.id)
        second.terminate()
        assert second.wait(60) == 0
    assert (over.state, over.result["items"], store.log.count()) == ("done", 300, 300)
    assert store.tasks.workers() == []
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path / 'e.db'}", tmp_path)
    store = open_store(settings=settings)
    store.migrate()
    source = lines_in(tmp_path, settings, [{"text": "a"}])
    for file in tmp_path.glob("e.db*"):
        file.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match=r"damaged|not a SQLite database"):
        store.jobs.submit(NewJob(kind="bulk", source=source))
    store.close()


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from evenhand.errors import SettingsError
    from evenhand.jobs.engine import require

    monkeypatch.setitem(sys.modules, "dbos", None)
    with pytest.raises(SettingsError, match=r"evenhand\[jobs\]"):
        require()


def test_a_hosted_service_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from evenhand.errors import SettingsError
    from evenhand.jobs.engine import require

    monkeypatch.setenv("DBOS__CLOUD", "true")
    with pytest.raises(SettingsError, match="DBOS__CLOUD"):
        require()


def test_the_queue_calls_nobody_and_leaves_nothing_in_the_working_folder(tmp_path: Path) -> None:
    """Every connection that the process opens is seen by an audit hook; on SQLite there may be none at all."""
    import subprocess
    import sys

    from tests.jobworker import ROOT, environment

    here = tmp_path / "cwd"
    here.mkdir()
    settings = settings_for(f"sqlite:///{tmp_path / 'e.db'}", tmp_path)
    code = (
        "import sys, time\n"
        "seen = []\n"
        "sys.addaudithook(lambda event, given: seen.append(str(given)) if event in "
        "('socket.connect', 'socket.getaddrinfo', 'socket.bind') else None)\n"
        "from evenhand.settings import read_settings\n"
        "from evenhand.jobs.process import working\n"
        "with working(read_settings(), warm=False): time.sleep(3)\n"
        "print('seen', seen)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment(settings), "PYTHONPATH": str(ROOT)},
        cwd=here,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert told.stdout == "seen []\n"
    assert list(here.iterdir()) == []
