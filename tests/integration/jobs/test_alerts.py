"""A worker counts decisions and looks at alerts by itself, and webhooks are told of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evenhand.store import open_store
from evenhand.store.alerts import NewAlert
from tests.server import quick, serving
from tests.unit.store.factory import id_at, record

_PATIENCE_S = 90.0


def test_housekeeping_counts_and_looks(tmp_path: Path) -> None:
    settings = quick(tmp_path, jobs_heartbeat_s=0.2)
    store = open_store(settings=settings)
    store.migrate()
    store.webhooks.create("hook", "https://example.org/", events=["alert.*"])
    store.alerts.create(NewAlert(name="quiet", figure="volume", threshold=5, above=False, least=1))
    store.record([record(decision_id=id_at(datetime.now(UTC) - timedelta(hours=2), number)) for number in range(7)])
    with serving(settings, work=True) as client:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            (alert,) = client.get("/v1/alerts").json()["alerts"]
            if alert["state"] == "raised":
                break
            time.sleep(0.2)
        assert alert["state"] == "raised"
    assert [one.event for one in store.webhooks.deliveries()] == ["alert.raised"]
    assert store.tallies.behind() is not None
    store.close()
