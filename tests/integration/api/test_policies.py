"""A policy's whole life over HTTP, with real traffic, on SQLite and on PostgreSQL; and in two processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.policy import template
from evenhand.settings import Settings
from evenhand.store import open_store
from tests.jobworker import environment, settings_for
from tests.server import serving

PATIENCE_S = 300.0
CALL = "call me at 555-010-{:04d}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    made: str = request.getfixturevalue("postgres_url")
    return made


def settings_of(url: str, folder: Path, **more: Any) -> Settings:
    return settings_for(url, folder, policy_poll_s=0.2, keep_originals_days=2, log_level="warning", **more)


def ok(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


def ended(client: httpx.Client, run: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = ok(client.get(f"/v1/policies/runs/{run}"))
        return found if found["state"] in ("done", "failed") else None

    found: dict[str, Any] = until(look)
    assert found["state"] == "done", found["error"]
    return found


def approved(client: httpx.Client, document: str) -> str:
    made = ok(client.post("/v1/policies/versions", json={"document": document, "note": "a test"}))
    for step in ("propose", "approve"):
        ok(client.post(f"/v1/policies/versions/{made['id']}/{step}"))
    return str(made["id"])


def publish(client: httpx.Client, version_id: str, **how: Any) -> None:
    done = ok(client.post(f"/v1/policies/versions/{version_id}/publish", json=how))
    if done["run"]:
        assert ended(client, done["run"])["result"]["passed"]
    until(lambda: ok(client.get(f"/v1/policies/versions/{version_id}"))["state"] == "published")


def publish_audited(client: httpx.Client, settings: Settings, version_id: str, **how: Any) -> None:
    """Publish a version as if its audit had passed before: running it takes its time, and another test does."""
    store = open_store(settings=settings)
    version = store.policy_versions.get(version_id)
    store.policy_versions.audited(version_id, version.sha256, {"passed": True, "failures": []}, actor="test")
    store.close()
    assert ok(client.post(f"/v1/policies/versions/{version_id}/publish", json=how))["state"] != "auditing"


def check(client: httpx.Client, text: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = ok(client.post("/v1/check", json={"text": text, **more}))
    return found


def decides(client: httpx.Client, policy: str) -> None:
    until(lambda: check(client, "good morning")["policy"] == policy)


MARKET = template("marketplace").document


def test_from_draft_to_brake_and_undo(url: str, tmp_path: Path) -> None:
    with serving(settings_of(url, tmp_path), work=True) as client:
        assert ok(client.get("/v1/policies/state"))["source"] == "shipped"
        for number in range(20):
            assert check(client, CALL.format(number))["action"] == "mark"
        wrong = client.post("/v1/policies/versions", json={"document": MARKET.replace("action: mark", "action: m")})
        assert wrong.status_code == 422
        assert wrong.json()["error"]["problems"][0]["line"] > 1
        version = approved(client, MARKET)

        # What it would change
        run = ok(client.post(f"/v1/policies/versions/{version}/blast-radius", json={"days": 1}))
        blast = ended(client, run["id"])["result"]
        assert blast["moves"] == [{"was": "mark", "would": "review", "decisions": 20}]
        assert blast["by"]["label"]["ads.contact"]["changed"] == 20
        assert blast["examples"][0]["text"] == CALL.format(0)

        # What it would do, beside the live one
        ok(client.post(f"/v1/policies/versions/{version}/shadow", json={}))
        shadowed = [check(client, CALL.format(number)) for number in range(5)]
        assert {one["action"] for one in shadowed} == {"mark"}
        path = f"/v1/policies/versions/{version}/shadow"
        report = until(lambda: (found := ok(client.get(path)))["decisions"] == 5 and found)
        assert report["moves"] == [{"was": "mark", "would": "review", "decisions": 5}]
        assert {one["decision_id"] for one in report["examples"]} == {one["decision_id"] for one in shadowed}

        # Live, with a brake that real traffic trips
        since = datetime.now(UTC)
        publish(client, version, brake={"review": [0, 0.5], "window_s": 600, "minimum": 10})
        decides(client, "marketplace@1/default")
        decisions = [check(client, CALL.format(number)) for number in range(12)]
        assert decisions[0]["action"] == "review"
        until(lambda: ok(client.get(f"/v1/policies/versions/{version}"))["state"] == "stopped")
        decides(client, "evenhand-default@1/default")
        log = ok(client.get("/v1/audit-log", params={"limit": 1000}))["entries"]
        braked = next(entry for entry in log if entry["action"] == "policy.braked")
        assert braked["actor"] == "brake"
        assert "review" in braked["payload"]["after"]["reason"]

        # What it did is undone, but for what a person has judged; and that can be undone, too
        judged = decisions[0]["decision_id"]
        ok(client.post(f"/v1/review/items/{judged}/decide", json={"verdict": "right"}))
        body = {"version": "1", "since": since.isoformat(), "until": (since + timedelta(hours=1)).isoformat()}
        run = ok(client.post("/v1/policies/undo/preview?policy=marketplace", json=body))
        seen = ended(client, run["id"])["result"]
        assert seen["judged_by_people"] == 1
        assert seen["moves"][0]["was"] == "review"
        run = ok(client.post("/v1/policies/undo?policy=marketplace", json=body))
        assert ended(client, run["id"])["result"]["replaced"] == seen["changed"]
        record = ok(client.get(f"/v1/decisions/{decisions[1]['decision_id']}"))
        assert (record["action"], record["undone"]["was"]["action"]) == ("mark", "review")
        assert ok(client.get(f"/v1/decisions/{judged}"))["action"] == "review"
        back = ok(client.post(f"/v1/policies/runs/{run['id']}/revert"))
        assert ended(client, back["id"])["result"]["restored"] == seen["changed"]
        record = ok(client.get(f"/v1/decisions/{decisions[1]['decision_id']}"))
        assert (record["action"], "undone" in record) == ("review", False)
        assert ok(client.get("/v1/audit-log/verify"))["problems"] == []


def test_a_share_of_contents_and_lines_of_their_own(tmp_path: Path) -> None:
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", tmp_path)
    with serving(settings) as client:
        version = approved(client, MARKET)
        publish_audited(client, settings, version, share=0.5, by="user.id")
        until(lambda: {check(client, f"hello {n}")["policy"] for n in range(20)} > {"marketplace@1/default"})
        by_user = {
            user: {check(client, f"{CALL.format(n)}", context={"user": {"id": user}})["policy"] for n in range(3)}
            for user in range(20)
        }
        assert all(len(policies) == 1 for policies in by_user.values())  # the same author always gets the same
        assert {one for policies in by_user.values() for one in policies} == {
            "marketplace@1/default",
            "evenhand-default@1/default",
        }
        ok(client.post("/v1/policies/live/marketplace/rollout", json={"share": 1}))
        assert check(client, "hello")["policy"] == "marketplace@1/default"
        game = approved(client, template("childrens-game").document)
        publish_audited(client, settings, game)
        assert check(client, CALL.format(1))["policy"] == "marketplace@1/default"
        ok(client.put("/v1/lines/kids", json={"policy": "childrens-game", "description": "the game"}))
        answer = check(client, CALL.format(1), line="kids")
        assert (answer["policy"], answer["action"]) == ("childrens-game@1/kids", "block")
        assert {line["name"] for line in ok(client.get("/v1/lines"))["lines"]} == {"default", "messages", "kids"}
        ok(client.delete("/v1/lines/kids"))
        assert client.post("/v1/check", json={"text": "x", "line": "kids"}).status_code == 422
        assert client.post("/v1/policies/live/marketplace/rollback", json={}).status_code == 200
        assert check(client, "hello")["policy"].startswith("evenhand-default@")


def test_documents_are_checked_and_edited_as_they_are_written(tmp_path: Path) -> None:
    with serving(settings_of(f"sqlite:///{tmp_path / 'test.db'}", tmp_path)) as client:
        names = {one["name"] for one in ok(client.get("/v1/policies/templates"))["templates"]}
        assert len(names) == 7
        found = ok(client.post("/v1/policies/validate", json={"document": MARKET}))
        assert (found["valid"], found["name"], found["lines"]) == (True, "marketplace", ["default", "messages"])
        found = ok(client.post("/v1/policies/validate", json={"document": "name: [x\n"}))
        assert (found["valid"], found["value"], found["problems"][0]["line"]) == (False, None, 1)
        path = ["lines", "default", "thresholds", "contraband", "review"]
        changes = [{"path": path, "value": 0.77}, {"path": ["lines", "default", "skip"], "value": ["image.nothing"]}]
        found = ok(client.post("/v1/policies/edit", json={"document": MARKET, "changes": changes}))
        assert "contraband: {mark: 0.4, review: 0.77}" in found["document"]
        assert "# What is sold here" in found["document"]
        assert found["warnings"] == [f"line {n!r}: there is no detector 'image.nothing' here" for n in found["lines"]]
        changes = [{"path": ["lines", "default", "rules", 0, "when", "label"], "value": "hate.religion"}]
        found = ok(client.post("/v1/policies/edit", json={"document": MARKET, "changes": changes}))
        assert "protected attribute" in found["problems"][0]["message"]


def test_a_file_wins_and_the_state_says_so(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('name: mine\nversion: "1"\nlines: {default: {extends: evenhand}}\n')
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", tmp_path, policy=file)
    with serving(settings) as client:
        publish_audited(client, settings, approved(client, MARKET))
        assert check(client, CALL.format(1))["policy"] == "mine@1/default"
        state = ok(client.get("/v1/policies/state"))
        assert state["source"] == "file"
        assert "EVENHAND_POLICY" in state["note"]


def test_two_people_are_needed_where_there_are_two(tmp_path: Path) -> None:
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", tmp_path, require_keys=True)
    store = open_store(settings=settings)
    store.migrate()
    ann, ben = (store.keys.create(name, scopes=("read", "policy")).token for name in ("ann", "ben"))
    reader = store.keys.create("reader", scopes=("read",)).token
    store.close()
    with serving(settings) as client:
        mine, other = ({"authorization": f"Bearer {token}"} for token in (ann, ben))
        draft = {"document": MARKET}
        assert client.post("/v1/policies/versions", json=draft).status_code == 401
        read = {"authorization": f"Bearer {reader}"}
        assert client.post("/v1/policies/versions", json=draft, headers=read).status_code == 403
        path = "/v1/policies/versions/" + ok(client.post("/v1/policies/versions", json=draft, headers=mine))["id"]
        ok(client.post(path + "/propose", headers=mine))
        refused = client.post(path + "/approve", headers=mine)
        assert refused.status_code == 409
        assert "other than its author" in refused.json()["error"]["message"]
        assert ok(client.post(path + "/approve", headers=other))["approved_by"]
        ok(client.post(path + "/comments", headers=other, json={"text": "good", "line": 3}))
        assert [one["text"] for one in ok(client.get(path + "/comments", headers=read))["comments"]] == ["good"]
        assert len(ok(client.get(path + "/diff", headers=read))["changes"]) > 1


@contextmanager
def other_process(settings: Settings) -> Iterator[httpx.Client]:
    """Run a server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {**environment(settings), "EVENHAND_PORT": str(port), "EVENHAND_JOBS_IN_SERVER": "false"}
    with subprocess.Popen([sys.executable, "-m", "evenhand", "serve"], env={**os.environ, **given}) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
                until(lambda: _answers(client))
                yield client
        finally:
            process.terminate()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_every_process_decides_by_what_one_published(url: str, tmp_path: Path) -> None:
    settings = settings_of(url, tmp_path)
    with serving(settings) as client, other_process(settings) as other:
        assert check(other, CALL.format(1))["policy"].startswith("evenhand-default@")
        version = approved(client, MARKET)
        soon = datetime.now(UTC) + timedelta(seconds=1)
        publish_audited(client, settings, version, at=soon.isoformat())
        until(lambda: check(other, CALL.format(2))["policy"] == "marketplace@1/default")
        ok(other.post("/v1/policies/live/marketplace/rollback", json={"reason": "no"}))
        until(lambda: check(client, CALL.format(3))["policy"].startswith("evenhand-default@"))
