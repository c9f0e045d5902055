"""Appeals over HTTP, on a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from evenhand.store import open_store
from tests.server import quick, serving

POLICY = """
name: strict
version: "1"
lines:
  default:
    rules:
      - name: contacts
        when: {label: ads.contact, score: {min: 0.5}}
        action: block
        reason: contact details are not shown
"""
Server = tuple[httpx.Client, dict[str, dict[str, str]]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Give a server that blocks contact details, with keys."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    settings = quick(
        tmp_path,
        require_keys=True,
        policy=tmp_path / "policy.yaml",
        secret_key=SecretStr("not-a-real-secret-but-long-enough-for-one"),
        public_url="https://mod.example",
    )
    store = open_store(settings=settings)
    store.migrate()
    scopes = {
        "app": ("check", "read"),
        "other": ("check", "read"),
        "ann": ("review",),
        "bob": ("review",),
        "auditor": ("audit",),
    }
    keys = {
        name: {"Authorization": f"Bearer {store.keys.create(name, scopes=given).token}"}
        for name, given in scopes.items()
    }
    store.close()
    with serving(settings) as client:
        yield client, keys


def _check(server: Server) -> str:
    client, keys = server
    made = client.post("/v1/check", json={"text": "call me at +1 415 555 0100"}, headers=keys["app"]).json()
    assert made["action"] == "block"
    return str(made["decision_id"])


def _call(server: Server, who: str, path: str, body: Any = None, *, code: int = 200, **headers: str) -> Any:
    client, keys = server
    sent = {**keys[who], **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = client.request("GET" if body is None else "POST", path, json=body, headers=sent)
    assert answer.status_code == code, answer.text
    return answer.json()


def test_from_filing_to_the_outcome(server: Server) -> None:
    decision_id = _check(server)
    body = {"decision_id": decision_id, "statement": "It is the number of our help line.", "language": "en"}
    first = _call(server, "app", "/v1/appeals", body, code=201, Idempotency_Key="one")
    assert _call(server, "app", "/v1/appeals", body, code=201, Idempotency_Key="one") == first
    assert _call(server, "app", "/v1/appeals", body, code=200) == first
    assert (first["state"], first.get("item_id")) == ("open", None)
    assert _call(server, "app", "/v1/appeals", {**body, "statement": "again"}, code=409)["error"]["code"] == "conflict"
    assert _call(server, "other", "/v1/appeals", {**body, "party": "b"}, code=404)
    assert _call(server, "other", f"/v1/appeals/{first['id']}", code=404)
    assert _call(server, "other", "/v1/appeals")["appeals"] == []
    assert _call(server, "auditor", "/v1/appeals", code=403)

    got = _call(server, "ann", "/v1/appeals/claim", {})
    assert (got["appeal"]["id"], got["item"]["mine"]) == (first["id"], True)
    assert got["item"]["decision"]["decision_id"] == decision_id
    assert _call(server, "bob", "/v1/appeals/claim", {}) == {"id": None, "appeal": None, "item": None}
    path = f"/v1/appeals/{first['id']}/decide"
    assert _call(server, "bob", path, {"outcome": "overturned", "explanation": "Yes."}, code=409)
    assert _call(server, "ann", path, {"outcome": "upheld", "action": "pass", "explanation": "x"}, code=422)
    done = _call(server, "ann", path, {"outcome": "overturned", "explanation": "It is a help line.", "reason": "ok"})
    assert (done["state"], done["action"], done["labels"], done["reason"]) == ("overturned", "pass", [], "ok")
    seen = _call(server, "app", f"/v1/appeals/{first['id']}")
    assert (seen["state"], seen["explanation"], "reason" in seen) == ("overturned", "It is a help line.", False)
    record = _call(server, "app", f"/v1/decisions/{decision_id}")
    assert (record["action"], record["review"]["action"]) == ("block", "pass")
    (totals,) = _call(server, "ann", "/v1/appeals/totals")["totals"]
    assert (totals["label"], totals["overturned"], totals["judged"]) == ("ads.contact", 1, False)
    (label,) = _call(server, "ann", "/v1/review/stats")["labels"]
    assert (label["label"], label["wrong"]) == ("ads.contact", 1)
    assert [one["id"] for one in _call(server, "app", "/v1/appeals?state=decided")["appeals"]] == [first["id"]]


def test_a_second_appeal_is_given_to_somebody_else(server: Server) -> None:
    decision_id = _check(server)
    for party in ("author", "reporter:1"):
        _call(server, "app", "/v1/appeals", {"decision_id": decision_id, "statement": "no", "party": party}, code=201)
    first = _call(server, "ann", "/v1/appeals/claim", {})["appeal"]
    body = {"outcome": "upheld", "explanation": "It stays."}
    _call(server, "ann", f"/v1/appeals/{first['id']}/decide", body)
    assert _call(server, "ann", "/v1/appeals/claim", {})["appeal"] is None
    second = _call(server, "bob", "/v1/appeals/claim", {})["appeal"]
    assert second["id"] != first["id"]
    assert _call(server, "ann", f"/v1/appeals/{second['id']}/decide", body, code=409)


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ({"statement": "   "}, 422, "empty"),
        ({"statement": "x" * 4_001}, 422, "4001"),
        ({"statement": "no", "party": "a b"}, 422, "party"),
        ({"statement": "no", "language": "not a language"}, 422, "language"),
        ({"statement": "no", "decision_id": "none"}, 404, "no decision"),
        ({"statement": "no", "extra": 1}, 422, "extra"),
    ],
)
def test_bad_input_is_told(server: Server, body: dict[str, Any], code: int, told: str) -> None:
    answer = _call(server, "app", "/v1/appeals", {"decision_id": _check(server), **body}, code=code)
    assert told in answer["error"]["message"]


def test_links(server: Server) -> None:
    decision_id = _check(server)
    made = _call(server, "app", "/v1/appeals/links", {"decision_id": decision_id, "days": 3})
    assert made["url"] == f"https://mod.example/appeal/{made['token']}"
    assert (made["decision_id"], made["party"]) == (decision_id, "author")
    assert _call(server, "other", "/v1/appeals/links", {"decision_id": decision_id}, code=404)
    assert _call(server, "app", "/v1/appeals/links", {"decision_id": "none"}, code=404)
    assert _call(server, "ann", "/v1/appeals/links", {"decision_id": decision_id}, code=403)


def test_a_statement_of_reasons_says_where_to_appeal(server: Server) -> None:
    decision_id = _check(server)
    stated = _call(server, "app", f"/v1/decisions/{decision_id}/statement")
    (address,) = set(re.findall(r"https://mod\.example/appeal/[A-Za-z0-9_-]+", str(stated)))
    client, _ = server
    assert client.get(address.removeprefix("https://mod.example")).status_code == 404  # this server has no console
    made = _call(server, "app", "/v1/appeals/links", {"decision_id": decision_id})
    assert made["url"] == address
