"""A worker that follows a stream is killed; another goes on, tells nothing twice, and says what was missed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.settings import Settings
from evenhand.store import Store, open_store
from tests.jobworker import until
from tests.live import OFF, hls
from tests.liveworker import following


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path / 'e.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Settings(
        database_url=url,
        data_dir=tmp_path,
        plugins=False,
        disabled_detectors=OFF,
        jobs_heartbeat_s=0.5,
        shutdown_timeout_s=5,
        log_format="console",
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    store = open_store(settings=settings)
    store.migrate()
    yield store
    store.close()


def test_another_worker_takes_the_stream_up(settings: Settings, store: Store, tmp_path: Path) -> None:
    hook = store.webhooks.create("tests", "https://hooks.example.org/x", events=["stream.*"])
    with hls(tmp_path, window=8) as server:
        given = {name: getattr(settings, name) for name in settings.model_fields_set}
        settings = Settings(**{**given, "live_allow_hosts": tuple(server.allowed)})
        made = store.streams.create(server.url, server.url, options={"line": "default", "lang": "en"})

        def kinds() -> list[str]:
            return [event.kind for event in store.streams.journal(made.id)]

        with following(settings, tmp_path) as first:
            until(lambda: "incident.opened" in kinds())
            first.send_signal(signal.SIGKILL)
            first.wait(30)
        before = store.streams.get(made.id)
        assert before.worker is not None  # it could not give the stream back
        with following(settings, tmp_path):
            until(lambda: not store.streams.get(made.id).open)
    over = store.streams.get(made.id)
    events = store.streams.journal(made.id)
    assert (over.state, over.error) == ("ended", None)
    assert "taken_over" in kinds()
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    opened = [event.data for event in events if event.kind == "incident.opened"]
    labels = [one["label"].partition(".")[0] for one in opened]
    assert len(labels) == len(set(labels)), opened  # none is told twice
    assert "harassment" in labels, opened
    closed = {event.data["incident"] for event in events if event.kind == "incident.closed"}
    assert closed == {one["incident"] for one in opened}
    told = {one.event for one in store.webhooks.deliveries(hook.id, limit=100)}
    assert {"stream.incident.opened", "stream.incident.closed", "stream.taken_over", "stream.ended"} <= told
    for one in opened:
        assert store.decision(one["decision_id"])["action"] == one["action"]
