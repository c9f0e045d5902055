"""A worker is killed at every checkpoint; another goes on, and the result is that of a run that nobody killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from evenhand.domain import Content
from evenhand.facade import Moderator
from evenhand.jobs.results import lines
from evenhand.settings import Settings
from evenhand.store import Store, open_store
from tests.jobworker import PATIENCE_S, hand_in, lines_in, settings_for, started, until_over

ROWS = [
    {"id": str(n), "text": f"remark {n}" if n % 3 else f"message me on WhatsApp +1 415 555 26{n:02}"} for n in range(25)
]
ROLES = ("plan", "segment", "segment", "segment", "final")  # the tasks of a job of 25 items, ten together


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give settings on a database of this test's own."""
    url = f"sqlite:///{tmp_path / 'e.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return settings_for(url, tmp_path, jobs_slots=1)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    store = open_store(settings=settings)
    store.migrate()
    yield store
    store.close()


@pytest.mark.parametrize("step", ["begun", "worked", "committed"])
def test_killed_at_every_task_nothing_is_lost_and_nothing_double(
    settings: Settings, store: Store, tmp_path: Path, step: str
) -> None:
    job = hand_in(settings, store, lines_in(tmp_path, settings, ROWS))
    for role in ROLES:
        before = {task.number for task in store.jobs.tasks(job.id) if task.state == "done"}
        with started(settings, tmp_path, f"{role}:{step}") as doomed:
            assert doomed.wait(PATIENCE_S) == -9, "it was not killed"
            said = doomed.stdout.read().split() if doomed.stdout else []
        begun = {int(line.split(":")[1]) for line in said if line.endswith(":begun")}
        assert not begun & before, "what was checkpointed was done again"
    with started(settings, tmp_path):
        over = until_over(store, job.id)
    answers = list(lines(store, over))
    alone = _alone(settings)
    assert (over.state, over.result) == (
        "done",
        {"items": 25, "actions": dict(Counter(str(one["action"]) for one in alone)), "errors": 0, "incomplete": 0},
    )
    assert [_told(one) for one in answers] == [_told(one) for one in alone]
    assert store.log.count() == len(ROWS)  # each was decided on once
    assert {one["decision_id"] for one in answers} == {item["decision_id"] for item in store.decisions(limit=100).items}


def _alone(settings: Settings) -> list[dict[str, object]]:
    """Give what comes out where nobody is killed, and no job is involved at all."""
    with Moderator(settings.model_copy(update={"database_url": None})) as moderator:
        return [answer.as_dict() for answer in moderator.check_many([Content(**row) for row in ROWS])]  # type: ignore[arg-type]


def _told(answer: Mapping[str, object]) -> dict[str, object]:
    """Leave out what differs from run to run: ids and times."""
    return {name: value for name, value in answer.items() if name not in {"decision_id", "created_at", "timing_ms"}}
