"""Quality of review over HTTP, on a real server: golden questions, second review, agreement, feedback, calibration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.store import open_store
from tests.server import quick, serving

POLICY = """
name: people
version: "1"
lines:
  default:
    rules:
      - name: contacts
        when: {label: ads.contact, score: {min: 0.5}}
        action: review
        reason: a person looks at contact details
"""
QUEUES = "default: {golden_rate: 0.5, quorum: [{people: 2, actions: [block]}]}"
Server = tuple[httpx.Client, dict[str, dict[str, str]]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Give a server with keys, and headers by name of the key."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "queues.yaml").write_text(QUEUES)
    settings = quick(
        tmp_path, require_keys=True, policy=tmp_path / "policy.yaml", review_queues=tmp_path / "queues.yaml"
    )
    store = open_store(settings=settings)
    store.migrate()
    scopes = {
        "app": ("check", "read"),
        "ann": ("review",),
        "bob": ("review",),
        "chief": ("review", "senior"),
    }
    keys = {
        name: {"Authorization": f"Bearer {store.keys.create(name, scopes=given).token}"}
        for name, given in scopes.items()
    }
    store.close()
    with serving(settings) as client:
        yield client, keys


def _check(server: Server, text: str) -> str:
    client, keys = server
    made = client.post("/v1/check", json={"text": text}, headers=keys["app"]).json()
    assert made["action"] in ("review", "pass"), made
    return str(made["decision_id"])


def _call(server: Server, who: str, path: str, body: Any = None, *, code: int = 200) -> Any:
    client, keys = server
    method = "GET" if body is None else "POST"
    answer = client.request(method, path, json=body, headers=keys[who])
    assert answer.status_code == code, answer.text
    return answer.json()


def test_a_quorum_a_disagreement_and_what_is_told_of_them(server: Server) -> None:
    decision_id = _check(server, "call me at +1 415 555 0100")
    decide = f"/v1/review/items/{decision_id}/decide"
    assert _call(server, "ann", decide, {"verdict": "right"})["state"] == "waiting"
    assert _call(server, "ann", decide, {"verdict": "right"}, code=409)["error"]["code"] == "conflict"
    after = _call(server, "bob", decide, {"verdict": "wrong", "labels": [], "reason": "a price"})
    assert (after["state"], after["escalated"]) == ("waiting", True)
    assert _call(server, "ann", "/v1/quality/disagreements", code=403)["error"]["code"] == "forbidden"
    (found,) = _call(server, "chief", "/v1/quality/disagreements")["disagreements"]
    assert [vote["verdict"]["action"] for vote in found["votes"]] == ["block", "pass"]
    assert "person" not in str(found)
    assert _call(server, "chief", decide, {"verdict": "wrong", "labels": [], "reason": "yes"})["state"] == "done"
    (settled,) = _call(server, "chief", "/v1/quality/disagreements?done=true")["disagreements"]
    assert settled["verdict"]["action"] == "pass"
    compared = _call(server, "chief", "/v1/quality/agreement?days=1")
    assert (compared["all"]["decisions"], compared["all"]["agreed"], compared["all"]["few"]) == (1, 0, True)
    own = _call(server, "ann", "/v1/quality/own")
    assert (own["verdicts"], own["compared"], own["agreed"]) == (1, 1, 0)

    votes = _call(server, "chief", f"/v1/quality/verdicts/{decision_id}")["verdicts"]
    body = {"verdict": votes[0]["id"], "note": "that number was a price"}
    sent = _call(server, "chief", "/v1/quality/feedback", body, code=201)
    assert _call(server, "bob", "/v1/quality/feedback")["feedback"] == []
    (got,) = _call(server, "ann", "/v1/quality/feedback?unread=true")["feedback"]
    assert (got["id"], got["note"]) == (sent["id"], "that number was a price")
    path = f"/v1/quality/feedback/{sent['id']}/acknowledge"
    assert _call(server, "bob", path, {}, code=404)["error"]["code"] == "not_found"
    assert _call(server, "ann", path, {"answer": "thanks"})["acknowledged_at"] is not None
    assert _call(server, "chief", "/v1/quality/feedback?sent=true")["feedback"][0]["answer"] == "thanks"


def test_golden_questions_are_given_like_any_item(server: Server) -> None:
    known = _check(server, "write to ann at example dot com, +1 415 555 0199")
    right = {"verdict": "wrong", "labels": [], "reason": "a test", "note": "an example address"}
    passed = {"verdict": "wrong", "labels": [], "reason": "an example"}
    _call(server, "ann", f"/v1/review/items/{known}/decide", passed)
    made = _call(server, "chief", "/v1/quality/golden", {"decision_id": known, **right}, code=201)
    assert (made["queue"], made["origin"], made["retired_at"]) == ("default", "hand", None)
    assert _call(server, "chief", "/v1/quality/golden", {"decision_id": known, **right}, code=409)
    assert _call(server, "ann", "/v1/quality/golden", code=403)
    waiting = _check(server, "call me at +1 415 555 0100")
    for _ in range(100):
        item = _call(server, "bob", "/v1/review/claim", {})["item"]
        if item["decision_id"] != waiting:
            break
        _call(server, "bob", f"/v1/review/items/{waiting}/release", {})
    assert item["decision_id"] not in (waiting, known)
    assert item["decision"]["decision_id"] == item["decision_id"]
    assert set(item) == set(_call(server, "bob", f"/v1/review/items/{waiting}"))
    done = _call(server, "bob", f"/v1/review/items/{item['decision_id']}/decide", {"verdict": "right"})
    assert done["state"] == "done"
    assert _call(server, "bob", "/v1/quality/own")["golden_answered"] == 0
    (totals,) = _call(server, "chief", "/v1/quality/golden/totals")["queues"]
    assert (totals["answered"], totals["correct"], totals["spread"]) == (1, None, None)
    assert _call(server, "chief", "/v1/quality/golden/from-agreed", {"queue": "default"}, code=201)["golden"] == []
    assert _call(server, "chief", f"/v1/quality/golden/{made['id']}/retire", {})["retired_at"] is not None
    assert _call(server, "chief", "/v1/quality/golden")["golden"] == []
    assert len(_call(server, "chief", "/v1/quality/golden?retired=true")["golden"]) == 1


def test_a_calibration_session(server: Server) -> None:
    ids = [_check(server, "call me at +1 415 555 0100"), _check(server, "good morning")]
    assert _call(server, "ann", "/v1/quality/calibrations", {"name": "x", "decisions": ids}, code=403)
    made = _call(server, "chief", "/v1/quality/calibrations", {"name": "Numbers", "decisions": ids}, code=201)
    path = f"/v1/quality/calibrations/{made['id']}"
    block, harmless = {"verdict": "right"}, {"verdict": "wrong", "labels": [], "reason": "a price"}
    for who, said in (("ann", block), ("bob", harmless)):
        whole = _call(server, who, f"{path}/judge", {"decision_id": ids[0], **said})
        assert whole["items"][0]["mine"]["verdict"] == said["verdict"]
        assert (whole["items"][0]["verdicts"], whole["agreement"]) == ({}, None)
    assert _call(server, "ann", f"{path}/notes", {"decision_id": ids[0], "note": "?"}, code=409)
    assert _call(server, "ann", f"{path}/close", {}, code=403)
    closed = _call(server, "chief", f"{path}/close", {})
    assert sorted(closed["items"][0]["verdicts"]) == ["A", "B"]
    assert (closed["agreement"]["decisions"], closed["agreement"]["agreed"]) == (1, 0)
    talked = _call(server, "bob", f"{path}/notes", {"decision_id": ids[0], "note": "it is a price"})
    assert [note["note"] for note in talked["items"][0]["notes"]] == ["it is a price"]
    assert [one["people"] for one in _call(server, "ann", "/v1/quality/calibrations")["calibrations"]] == [2]
    assert _call(server, "ann", "/v1/quality/calibrations/none", code=404)
