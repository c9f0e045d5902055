"""Accounting over HTTP: who may, what comes, and one shape of errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.store import open_store
from evenhand.store.auditlogchain import check, read_lines
from tests.server import quick, serving

_TODAY = datetime.now(UTC).date().isoformat()
_TOMORROW = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()  # a run may go over midnight
_NO_ID = "01a209b4-1e64-7205-ba76-06515345d4f2"
_SCOPES = ("check", "read", "review", "audit", "admin")
_WHO: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("GET", "/v1/decisions", {}, {"audit", "admin"}),
    ("GET", f"/v1/decisions/{_NO_ID}/statement", {}, {"read", "admin"}),
    ("POST", f"/v1/decisions/{_NO_ID}/replay", {}, {"audit", "admin"}),
    ("GET", f"/v1/statements?since={_TODAY}&until={_TODAY}", {}, {"audit", "admin"}),
    ("GET", f"/v1/reports/transparency?since={_TODAY}&until={_TODAY}", {}, {"audit", "admin"}),
    ("GET", "/v1/dashboards", {}, {"read", "admin"}),
    ("GET", "/v1/dashboards/volume", {}, {"read", "admin"}),
    ("GET", "/v1/alerts", {}, {"read", "admin"}),
    ("GET", "/v1/alerts/figures", {}, {"read", "admin"}),
    ("POST", "/v1/alerts/check", {}, {"admin"}),
    ("DELETE", "/v1/alerts/none", {}, {"admin"}),
    ("GET", "/v1/audit-log", {}, {"audit", "admin"}),
    ("GET", "/v1/audit-log/head", {}, {"audit", "admin"}),
    ("GET", "/v1/audit-log/export", {}, {"audit", "admin"}),
    ("GET", "/v1/audit-log/verify", {}, {"audit", "admin"}),
    ("POST", "/v1/audit-log/verify", {"json": {}}, {"audit", "admin"}),
    ("POST", "/v1/audit-log/erase", {"json": {"subjects": ["nothing"]}}, {"admin"}),
    ("GET", "/v1/retention", {}, {"admin"}),
    ("PUT", "/v1/retention/k1", {"json": {}}, {"admin"}),
    ("POST", "/v1/retention/k1/erase", {"json": {}}, {"admin"}),
]
_BAD: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", f"/v1/statements?since={_TODAY}&until=2020-01-01", {}, 422, "bad_input"),
    ("GET", f"/v1/statements?since=2020-01-01&until={_TODAY}", {}, 422, "bad_input"),
    ("GET", f"/v1/reports/transparency?since=2020-01-01&until={_TODAY}", {}, 400, "bad_request"),
    ("GET", f"/v1/reports/transparency?since={_TODAY}&until={_TODAY}&lang=xx", {}, 422, "bad_input"),
    ("GET", f"/v1/reports/transparency?since={_TODAY}&until={_TODAY}&format=doc", {}, 422, "bad_request"),
    ("GET", "/v1/dashboards/none", {}, 404, "not_found"),
    ("GET", "/v1/dashboards/volume?days=0", {}, 422, "bad_request"),
    ("GET", "/v1/dashboards/volume?until=0001-01-01&days=400", {}, 422, "bad_input"),
    ("GET", f"/v1/decisions/{_NO_ID}/statement", {}, 404, "not_found"),
    ("POST", f"/v1/decisions/{_NO_ID}/replay", {}, 404, "not_found"),
    ("GET", "/v1/decisions?after=x", {}, 422, "bad_input"),
    ("GET", "/v1/decisions?since=2020-01-01T00:00:00", {}, 422, "bad_request"),
    ("GET", "/v1/decisions?caller_id=%00", {}, 200, ""),
    ("GET", "/v1/audit-log?action=%00&actor=%00&subject=%00", {}, 200, ""),
    ("POST", "/v1/audit-log/verify", {"json": {"expect": ["1:x"]}}, 422, "bad_input"),
    ("POST", "/v1/audit-log/erase", {"json": {}}, 422, "bad_input"),
    ("POST", "/v1/alerts", {"json": {"name": "x", "figure": "none", "threshold": 1}}, 400, "bad_request"),
    ("POST", "/v1/alerts", {"json": {"name": "x", "figure": "drift", "threshold": 1}}, 400, "bad_request"),
    ("PATCH", "/v1/alerts/none", {"json": {"enabled": True}}, 404, "not_found"),
    ("PUT", "/v1/retention/k1", {"json": {"decisions_days": -1}}, 422, "bad_request"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    """Give a client of a server that asks for keys, and a key for each scope."""
    folder = tmp_path_factory.mktemp("accounting")
    (folder / "grounds.yaml").write_text("grounds: [{label: ads, ground: incompatible, reference: Terms 4.2}]")
    settings = quick(folder, require_keys=True, grounds=folder / "grounds.yaml", keep_originals_days=2)
    store = open_store(settings=settings)
    store.migrate()
    keys = {scope: store.keys.create(scope, scopes=(scope,)).token for scope in _SCOPES}
    store.close()
    with serving(settings) as client:
        yield client, keys


def _as(keys: dict[str, str], scope: str) -> dict[str, str]:
    return {"authorization": f"Bearer {keys[scope]}"}


@pytest.mark.parametrize(("method", "path", "body", "allowed"), _WHO)
def test_who_may(
    served: tuple[httpx.Client, dict[str, str]], method: str, path: str, body: dict[str, Any], allowed: set[str]
) -> None:
    client, keys = served
    assert client.request(method, path, **body).status_code == 401
    for scope in _SCOPES:
        answer = client.request(method, path, headers=_as(keys, scope), **body)
        assert (answer.status_code == 403) is (scope not in allowed), (scope, answer.text)


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), _BAD)
def test_errors_say_what_is_wrong(
    served: tuple[httpx.Client, dict[str, str]], method: str, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    client, keys = served
    answer = client.request(method, path, headers=_as(keys, "admin"), **body)
    assert answer.status_code == status, answer.text
    if code:
        assert answer.json()["error"]["code"] == code


def test_from_a_decision_to_its_account(served: tuple[httpx.Client, dict[str, str]]) -> None:
    client, keys = served
    asked, admin = _as(keys, "check"), _as(keys, "admin")
    made = client.post("/v1/check", json={"text": "call me at +1 202 555 0143 for deals"}, headers=asked).json()
    decision = made["decision_id"]
    found = client.get("/v1/decisions", params={"label": "ads.contact", "limit": 5}, headers=admin).json()
    assert decision in [one["decision_id"] for one in found["decisions"]]
    stated = client.get(f"/v1/decisions/{decision}/statement", headers=admin).json()
    assert stated["ground"]["reference"] == "Terms 4.2"
    assert "Terms 4.2" in client.get(f"/v1/decisions/{decision}/statement?format=text&lang=pl", headers=admin).text
    exported = client.get(f"/v1/statements?since={_TODAY}&until={_TOMORROW}", headers=admin).json()
    assert decision in [one["puid"] for batch in exported["batches"] for one in batch["statements"]]
    assert client.post(f"/v1/decisions/{decision}/replay", headers=admin).json()["same"] is True
    report = client.get(f"/v1/reports/transparency?since={_TODAY}&until={_TOMORROW}", headers=admin).json()
    assert {one["key"] for one in report["sections"]} >= {"actions", "labels", "automation", "appeals", "times"}
    board = client.get("/v1/dashboards/volume?days=1", headers=admin).json()
    assert board["rows"][-1][1] >= 1
    assert "<svg" in board["svg"]


def test_the_export_verifies_and_is_told(served: tuple[httpx.Client, dict[str, str]]) -> None:
    client, keys = served
    admin = _as(keys, "admin")
    client.post("/v1/alerts", json={"name": "a", "figure": "volume", "threshold": 1, "above": False}, headers=admin)
    answer = client.get("/v1/audit-log/export", headers=admin)
    head = client.get("/v1/audit-log/head", headers=admin).json()["noted"].partition(":")
    found = check(read_lines(answer.text.splitlines()), expect=[(int(head[0]), head[2])])
    assert not found.problems
    told = [json.loads(text) for text in answer.text.splitlines()]
    assert told[-1]["action"] == "audit.export"
    assert any(one["action"] == "alert.create" and one["actor"] != "local" for one in told)
    verified = client.post("/v1/audit-log/verify", json={"expect": [":".join([head[0], head[2]])]}, headers=admin)
    assert verified.json()["problems"] == []


def test_metrics_tell_of_jobs_review_and_alerts(served: tuple[httpx.Client, dict[str, str]]) -> None:
    client, keys = served
    client.post("/v1/alerts", json={"name": "many", "figure": "volume", "threshold": 1e9}, headers=_as(keys, "admin"))
    told = client.get("/metrics", headers=_as(keys, "read")).text
    assert 'evenhand_alert_raised{alert="many"} 0.0' in told
    assert "evenhand_review_items" in told
    assert "evenhand_decisions_total" in told


def test_a_server_without_grounds_still_states(tmp_path: Path) -> None:
    with serving(quick(tmp_path)) as client:
        made = client.post("/v1/check", json={"text": "call me at +1 202 555 0143 for deals"}).json()["decision_id"]
        stated = client.get(f"/v1/decisions/{made}/statement").json()
        assert stated["missing"] == ["ground"]
        assert client.get(f"/v1/decisions/{made}/statement?format=dsa").status_code == 409
