"""Review, marks and the audit log over HTTP, on a real server."""

from __future__ import annotations

import time
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
TEXT = "call me at +1 415 555 0100"


@pytest.fixture(scope="module")
def reviewing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, dict[str, dict[str, str]]]]:
    """Give a server with keys, and headers by name of the key."""
    folder = tmp_path_factory.mktemp("review")
    (folder / "policy.yaml").write_text(POLICY)
    settings = quick(folder, require_keys=True, policy=folder / "policy.yaml")
    store = open_store(settings=settings)
    store.migrate()
    scopes = {
        "app": ("check", "read"),
        "ann": ("review",),
        "bob": ("review",),
        "cat": ("review",),
        "chief": ("review", "senior"),
        "auditor": ("audit",),
    }
    keys = {
        name: {"Authorization": f"Bearer {store.keys.create(name, scopes=given).token}"}
        for name, given in scopes.items()
    }
    store.close()
    with serving(settings) as client:
        yield client, keys


def _check(client: httpx.Client, keys: dict[str, dict[str, str]], text: str) -> dict[str, Any]:
    answer = client.post("/v1/check", json={"text": text}, headers=keys["app"])
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def _post(client: httpx.Client, headers: dict[str, str], path: str, body: dict[str, Any] | None = None) -> Any:
    answer = client.post(path, json=body if body is not None else {}, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def test_from_a_check_to_a_verdict_and_back(reviewing: tuple[httpx.Client, dict[str, dict[str, str]]]) -> None:
    client, keys = reviewing
    made = _check(client, keys, TEXT)
    assert made["action"] == "review"
    decision_id = made["decision_id"]
    item = _post(client, keys["ann"], "/v1/review/claim", {"label": "ads"})["item"]
    assert (item["decision_id"], item["state"], item["mine"]) == (decision_id, "claimed", True)
    assert item["decision"]["reason"] == made["reason"]
    assert _post(client, keys["bob"], "/v1/review/claim")["item"] is None
    path = f"/v1/review/items/{decision_id}"
    taken = client.post(f"{path}/decide", json={"verdict": "right"}, headers=keys["bob"])
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "conflict")
    seen = client.get(path, headers=keys["bob"]).json()
    assert (seen["mine"], "holder" in seen, "decided_by" in seen) == (False, False, False)
    body = {"verdict": "wrong", "labels": [], "reason": "a number for the press"}
    assert _post(client, keys["ann"], f"{path}/decide", body)["state"] == "done"
    shown = client.get(f"/v1/decisions/{decision_id}", headers=keys["app"]).json()["review"]
    assert (shown["verdict"], shown["action"], shown["labels"]) == ("wrong", "pass", [])
    assert _post(client, keys["ann"], "/v1/review/undo")["state"] == "claimed"
    assert "review" not in client.get(f"/v1/decisions/{decision_id}", headers=keys["app"]).json()
    assert _post(client, keys["ann"], f"{path}/escalate", {"note": "please look"})["escalated"] is True
    assert _post(client, keys["bob"], "/v1/review/claim")["item"] is None
    assert _post(client, keys["chief"], "/v1/review/claim")["item"]["note"] == "please look"
    handed = _post(client, keys["chief"], f"{path}/renew")
    assert handed["mine"] is True
    assert _post(client, keys["chief"], f"{path}/decide", {"verdict": "right"})["verdict"]["action"] == "block"
    totals = client.get("/v1/review/stats", headers=keys["bob"]).json()
    assert totals["queues"][0]["done"] == 1
    assert totals["labels"] == [{"label": "ads.contact", "right": 1, "wrong": 0}]


def test_the_next_item_comes_with_the_verdict(reviewing: tuple[httpx.Client, dict[str, dict[str, str]]]) -> None:
    client, keys = reviewing
    first, second = (_check(client, keys, f"call +1 415 555 01{number}")["decision_id"] for number in (31, 32))
    assert _post(client, keys["ann"], "/v1/review/claim")["item"]["decision_id"] == first
    body = {"verdict": "right", "next": {"queue": "default"}}
    done = _post(client, keys["ann"], f"/v1/review/items/{first}/decide", body)
    assert (done["state"], done["next"]["item"]["decision_id"], done["next"]["item"]["mine"]) == ("done", second, True)
    done = _post(client, keys["ann"], f"/v1/review/items/{second}/decide", {"verdict": "right", "next": True})
    assert done["next"] == {"item": None, "held_back": None}


def test_wellness_is_ones_own(reviewing: tuple[httpx.Client, dict[str, dict[str, str]]]) -> None:
    client, keys = reviewing
    path = "/v1/wellness"
    shown = client.get(path, headers=keys["cat"]).json()
    assert {shown["settings"][name] for name in ("blur", "greyscale", "mute", "small")} == {True}
    changed = client.patch(path, json={"opt_outs": ["ads"], "blur": False}, headers=keys["cat"])
    assert changed.status_code == 200, changed.text
    assert (changed.json()["settings"]["opt_outs"], changed.json()["settings"]["blur"]) == (["ads"], False)
    assert client.get(path, headers=keys["ann"]).json()["settings"]["opt_outs"] == []
    decision_id = _check(client, keys, "call +1 415 555 0141")["decision_id"]
    held = _post(client, keys["cat"], "/v1/review/claim")
    assert (held["item"], held["held_back"]["why"], held["held_back"]["until"]) == (None, "limits", None)
    rest = _post(client, keys["cat"], f"{path}/break", {"minutes": 3})["today"]["rest_until"]
    held = _post(client, keys["cat"], "/v1/review/claim")["held_back"]
    assert (held["why"], held["until"]) == ("break", rest)
    assert _post(client, keys["ann"], "/v1/review/claim")["item"]["decision_id"] == decision_id
    _post(client, keys["ann"], f"/v1/review/items/{decision_id}/decide", {"verdict": "right"})
    assert client.get(f"{path}/totals", headers=keys["cat"]).status_code == 403
    assert client.get(f"{path}/totals", headers=keys["chief"]).json() == {"totals": None}
    for body in ({"opt_outs": ["<b>"]}, {"budget": {"hate": -1}}, {"break_minutes": 0}, {"other": 1}):
        refused = client.patch(path, json=body, headers=keys["cat"])
        assert refused.status_code == 422, refused.text


def test_skip_hold_hand_over_and_release(reviewing: tuple[httpx.Client, dict[str, dict[str, str]]]) -> None:
    client, keys = reviewing
    decision_id = _check(client, keys, "text me: +44 20 7946 0958")["decision_id"]
    path = f"/v1/review/items/{decision_id}"
    _post(client, keys["ann"], "/v1/review/claim")
    assert _post(client, keys["ann"], f"{path}/hand-over", {"to": "bob", "note": "yours"})["mine"] is False
    assert _post(client, keys["bob"], f"{path}/release")["state"] == "waiting"
    _post(client, keys["ann"], "/v1/review/claim")
    _post(client, keys["ann"], f"{path}/skip", {"reason": "I know them"})
    assert _post(client, keys["ann"], "/v1/review/claim")["item"] is None
    _post(client, keys["bob"], "/v1/review/claim")
    past = client.post(f"{path}/hold", json={"until": "2020-01-01T00:00:00Z"}, headers=keys["bob"])
    assert (past.status_code, past.json()["error"]["code"]) == (422, "bad_input")
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3_600))
    assert _post(client, keys["bob"], f"{path}/hold", {"until": until})["state"] == "held"
    held = client.get("/v1/review/items", params={"state": "held"}, headers=keys["bob"]).json()
    assert [item["decision_id"] for item in held["items"]] == [decision_id]


def test_an_applied_mark_answers_the_same_content_until_it_is_undone(
    reviewing: tuple[httpx.Client, dict[str, dict[str, str]]],
) -> None:
    client, keys = reviewing
    text = "ring +1 415 555 0123 for the press office"
    made = _check(client, keys, text)
    body = {"decision_id": made["decision_id"], "verdict": "wrong", "labels": ["politics"], "action": "mark"}
    body["reason"] = "a press notice"
    ids = [mark["id"] for mark in _post(client, keys["ann"], "/v1/marks", body)["marks"]]
    assert _check(client, keys, text)["action"] == "review"
    (effect,) = _post(client, keys["ann"], "/v1/marks/preview", {"ids": ids})["effects"]
    assert (effect["decisions"], effect["action_now"], effect["action_then"]) == (2, "review", "mark")
    refused = client.post("/v1/marks/apply", json={"ids": ids}, headers=keys["ann"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    _post(client, keys["chief"], "/v1/marks/apply", {"ids": ids})
    answer = _until(client, keys, text, "mark")
    assert (answer["rule"], answer["labels"]) == ("mark", {"politics": 1.0})
    assert answer["findings"][0]["detector"] == "review.mark"
    assert ids[0] in answer["reason"]
    assert _check(client, keys, text + " ")["action"] == "review"
    _post(client, keys["chief"], "/v1/marks/undo", {"ids": ids})
    assert _until(client, keys, text, "review")["rule"] == "contacts"
    listed = client.get("/v1/marks", params={"state": "undone"}, headers=keys["bob"]).json()
    assert [mark["id"] for mark in listed["marks"]] == ids


def _until(client: httpx.Client, keys: dict[str, dict[str, str]], text: str, action: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (answer := _check(client, keys, text))["action"] != action and time.monotonic() < deadline:
        time.sleep(0.1)
    assert answer["action"] == action
    return answer


def test_suggested_scores_stand_beside_marks(reviewing: tuple[httpx.Client, dict[str, dict[str, str]]]) -> None:
    client, keys = reviewing
    body = {
        "comment": {"text": "a fine day"},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.1}}},
    }
    key = keys["app"]["Authorization"].removeprefix("Bearer ")
    sent = client.post("/v1alpha1/comments:suggestscore", params={"key": key}, json=body)
    assert sent.status_code == 200, sent.text
    (one,) = client.get("/v1/marks/suggestions", headers=keys["ann"]).json()["suggestions"]
    assert (one["dialect"], one["scores"]) == ("perspective", {"TOXICITY": 0.1})
    assert "key_id" not in one


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/review/items/x/decide", {"verdict": "right"}, 404, "not_found"),
        ("/v1/review/items/x/decide", {"verdict": "wrong"}, 422, "bad_input"),
        ("/v1/review/items/x/decide", {"verdict": "maybe"}, 422, "bad_request"),
        ("/v1/review/items/x/decide", {"verdict": "right", "more": 1}, 422, "bad_request"),
        ("/v1/review/items/x/skip", {}, 422, "bad_request"),
        ("/v1/review/claim", {"label": "\x00"}, 200, ""),
        ("/v1/marks", {"verdict": "right", "decision_id": "x"}, 422, "bad_input"),
        ("/v1/marks", {"verdict": "right", "action": "pass"}, 422, "bad_input"),
        ("/v1/marks", {"marks": []}, 422, "bad_request"),
        ("/v1/marks/preview", {"ids": ["x"]}, 404, "not_found"),
    ],
)
def test_errors_say_what_is_wrong(
    reviewing: tuple[httpx.Client, dict[str, dict[str, str]]], path: str, body: dict[str, Any], status: int, code: str
) -> None:
    client, keys = reviewing
    answer = client.post(path, json=body, headers=keys["chief"])
    assert answer.status_code == status, answer.text
    assert answer.json().get("error", {"code": ""})["code"] == code


def test_only_the_right_keys(reviewing: tuple[httpx.Client, dict[str, dict[str, str]]]) -> None:
    client, keys = reviewing
    for path in ("/v1/review/items", "/v1/review/stats", "/v1/marks", "/v1/audit-log", "/v1/audit-log/verify"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=keys["app"]).status_code == 403
    assert client.get("/v1/audit-log", headers=keys["chief"]).status_code == 403
    found = client.get("/v1/audit-log/verify", headers=keys["auditor"]).json()
    assert found["problems"] == []
    entries = client.get("/v1/audit-log", headers=keys["auditor"]).json()["entries"]
    assert len(entries) == found["entries"]


def test_without_keys_a_server_on_loopback_trusts_who_reaches_it(tmp_path: Path) -> None:
    with serving(quick(tmp_path)) as client:
        assert client.post("/v1/review/claim", json={}).json() == {"item": None, "held_back": None}
        assert client.get("/v1/audit-log/verify").json()["entries"] == 0
