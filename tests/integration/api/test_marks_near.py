"""Marks that speak of near-same content, and proposals out of marks, over HTTP on both databases."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw

from evenhand.settings import Settings
from evenhand.store import open_store
from tests.postgres import PostgresServer
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
TEXT = "The choir meets on Thursday evenings in the old hall; call Mary at +1 415 555 0100 to join our spring concert"
FAR = "Sell your old car today: call Bob at +1 415 555 0199, best prices in the whole town"
NEAR = TEXT.replace("spring", "autumn")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("marks")
    more: dict[str, Any] = {"require_keys": True, "keep_originals_days": 1}
    if request.param == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        postgres.execute("CREATE DATABASE marks_near")
        more["database_url"] = postgres.url("marks_near")
    return quick(folder, **more)


class Client:
    """Asks in the names of several people."""

    def __init__(self, http: httpx.Client, keys: dict[str, str]) -> None:
        self._http, self._keys = http, keys

    def ask(self, who: str, method: str, path: str, body: Any = None, *, status: int = 200) -> dict[str, Any]:
        """Send a request with somebody's key; give the answer's document."""
        answer = self._http.request(method, path, json=body, headers={"X-API-Key": self._keys[who]})
        assert answer.status_code == status, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def check(self, body: dict[str, Any]) -> dict[str, Any]:
        """Check a content."""
        return self.ask("app", "POST", "/v1/check", body)


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[Client]:
    store = open_store(settings=settings)
    store.migrate()
    scopes = {
        "app": ("check", "read"),
        "ann": ("review",),
        "chief": ("review", "senior"),
        "owner": ("read", "policy"),
        "other": ("read", "policy"),
    }
    keys = {name: store.keys.create(name, scopes=given).token for name, given in scopes.items()}
    version = store.policy_versions.draft("people", "1", POLICY, actor="local")
    store.policy_versions.propose(version.id, actor="local")
    store.policy_versions.approve(version.id, actor="somebody")
    store.policy_versions.audited(version.id, version.sha256, {"passed": True}, actor="local")
    store.policies_live.plan(version.id, {"share": 1.0}, datetime.now(UTC), actor="local")
    assert store.policies_live.due() == [version.id]
    store.close()
    with serving(settings) as http:
        yield Client(http, keys)


def test_a_mark_speaks_of_near_same_texts_and_shows_on_their_decisions(client: Client) -> None:
    first = client.check({"text": TEXT})
    near = client.check({"text": NEAR})
    assert (first["action"], near["action"]) == ("review", "review")
    client.check({"text": FAR})
    said = {"decision_id": first["decision_id"], "verdict": "wrong", "labels": [], "reason": "a choir", "near": True}
    (mark,) = client.ask("ann", "POST", "/v1/marks", said, status=201)["marks"]
    assert (mark["near"], mark["state"]) == ("text", "proposed")
    seen = client.ask("chief", "POST", "/v1/marks/preview", {"ids": [mark["id"]]})
    (effect,) = seen["effects"]
    assert {one["decision_id"] for one in effect["touched"]} == {first["decision_id"], near["decision_id"]}
    assert effect["touched"][0] == {"decision_id": first["decision_id"], "alike": 100}
    assert 70 <= effect["touched"][1]["alike"] < 100
    assert (effect["touched_total"], seen["compared"], seen["compared_all"]) == (2, 3, True)
    assert client.check({"text": TEXT + "!"})["action"] == "review"
    client.ask("chief", "POST", "/v1/marks/apply", {"ids": [mark["id"]]})
    shown = client.ask("app", "GET", f"/v1/decisions/{near['decision_id']}")
    assert (shown["action"], shown["marked"]["action"], shown["marked"]["mark"]) == ("review", "pass", mark["id"])
    time.sleep(1.1)
    answer = client.check({"text": TEXT.replace("Thursday", "Friday")})
    assert (answer["action"], answer["rule"], answer["findings"]) == ("pass", "mark", [])
    assert "alike" in answer["reason"]
    assert client.check({"text": FAR})["action"] == "review"
    client.ask("chief", "POST", "/v1/marks/undo", {"ids": [mark["id"]]})
    time.sleep(1.1)
    assert client.check({"text": TEXT.replace("Thursday", "Monday")})["action"] == "review"
    assert "marked" not in client.ask("app", "GET", f"/v1/decisions/{near['decision_id']}")


def _picture(shift: int, quality: int) -> str:
    image = Image.new("RGB", (320, 240), (20, 40, 90))
    draw = ImageDraw.Draw(image)
    for number in range(40):
        at = ((number * 67) % 300 + shift, (number * 41) % 220)
        draw.ellipse((*at, at[0] + 30 + number % 25, at[1] + 18 + number % 31), fill=(number * 6, 200 - number * 3, 9))
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return base64.b64encode(out.getvalue()).decode()


def test_a_mark_speaks_of_a_picture_saved_again(client: Client) -> None:
    first = client.check({"data": _picture(0, 95)})
    assert first["action"] == "pass"
    said = {
        "decision_id": first["decision_id"],
        "verdict": "wrong",
        "labels": ["spam.scam"],
        "action": "block",
        "reason": "a known poster",
        "near": True,
    }
    (mark,) = client.ask("ann", "POST", "/v1/marks", said, status=201)["marks"]
    assert mark["near"] == "image"
    client.ask("chief", "POST", "/v1/marks/apply", {"ids": [mark["id"]]})
    time.sleep(1.1)
    answer = client.check({"data": _picture(0, 60)})
    assert (answer["action"], answer["labels"]) == ("block", {"spam.scam": 1.0})
    client.ask("chief", "POST", "/v1/marks/undo", {"ids": [mark["id"]]})


def test_a_mark_without_anything_kept_says_what_to_give(client: Client) -> None:
    hashed = "sha256:" + "0a" * 32
    said = {"content_hash": hashed, "verdict": "wrong", "labels": [], "reason": "fine", "near": True}
    refused = client.ask("ann", "POST", "/v1/marks", said, status=422)
    assert "give its text" in refused["error"]["message"]
    (mark,) = client.ask("ann", "POST", "/v1/marks", {**said, "text": TEXT}, status=201)["marks"]
    assert mark["near"] == "text"


def _mark(client: Client, text: str, **said: Any) -> None:
    decision = client.check({"text": text})
    body = {"decision_id": decision["decision_id"], "verdict": "wrong", "reason": "seen", **said}
    client.ask("ann", "POST", "/v1/marks", body, status=201)


def test_words_of_marked_texts_become_a_proposal_that_a_second_person_approves(client: Client) -> None:
    for number in range(12):
        _mark(
            client,
            f"Number {number}: grab zorkcoins before noon, and tell every muslims reader in town number {number}",
            labels=["spam.scam"],
            action="block",
        )
        client.check({"text": f"Number {number}: the muslims community of the town meets before noon for tea {number}"})
    made = client.ask("owner", "POST", "/v1/proposals", {"kinds": ["library"]}, status=201)["proposals"]
    words = next(one for one in made if one["change"]["kind"] == "words")
    values = [entry["value"] for entry in words["change"]["entries"]]
    assert any("zorkcoins" in value for value in values)
    assert not any("muslim" in value for value in values)
    assert words["effect"]["found_of_harmless"] == 0
    assert words["evidence"]["judged"] == 12
    assert client.ask("owner", "POST", "/v1/proposals", {"kinds": ["library"]}, status=201)["proposals"] == []
    path = f"/v1/proposals/{words['id']}"
    refused = client.ask("owner", "POST", path + "/approve", {}, status=409)
    assert "second person" in refused["error"]["message"]
    approved = client.ask("other", "POST", path + "/approve", {"reason": "seen it, too"})
    assert approved["state"] == "approved"
    shown = client.ask("other", "GET", "/v1/libraries/learned-words")
    assert (shown["list"], shown["size"]) == ("review", len(values))
    time.sleep(2)
    found = client.check({"text": "now zorkcoins, anyone?"})["findings"]
    assert [one["library"] for one in found if one["label"] == "spam.scam"] == ["learned-words"]
    client.ask("other", "POST", path + "/undo", {"reason": "too many"})
    assert client.ask("other", "GET", "/v1/libraries/learned-words")["size"] == 0
    again = client.ask("owner", "POST", "/v1/proposals", {"kinds": ["library"]}, status=201)["proposals"]
    words = next(one for one in again if one["change"]["kind"] == "words")
    client.ask("other", "POST", f"/v1/proposals/{words['id']}/reject", {}, status=422)
    rejected = client.ask("other", "POST", f"/v1/proposals/{words['id']}/reject", {"reason": "a brand"})
    assert (rejected["state"], rejected["reason"]) == ("rejected", "a brand")
    client.ask("other", "POST", f"/v1/proposals/{words['id']}/approve", {}, status=409)
    assert client.ask("owner", "POST", "/v1/proposals", {"kinds": ["library"]}, status=201)["proposals"] == []


def test_samples_of_marked_texts_become_a_proposal(client: Client) -> None:
    found = client.ask("owner", "GET", "/v1/proposals?kind=library&state=open")["proposals"]
    texts = [one for one in found if one["change"]["kind"] == "texts"]
    assert {one["change"]["list"] for one in texts} >= {"black"}
    black = next(one for one in texts if one["change"]["list"] == "black")
    client.ask("other", "POST", f"/v1/proposals/{black['id']}/approve", {})
    shown = client.ask("owner", "GET", "/v1/libraries/learned-texts")
    assert (shown["kind"], shown["size"]) == ("texts", len(black["change"]["entries"]))


def test_thresholds_are_proposed_from_marks_and_approving_makes_a_draft(client: Client, settings: Settings) -> None:
    from evenhand.domain import Action, Finding, Location, Source
    from evenhand.review.marking import Said, read_marks
    from evenhand.store import Record
    from evenhand.store.reviewrecords import Person
    from tests.unit.store.factory import result

    store = open_store(settings=settings)
    said = []
    for number in range(80):
        good = number % 2 == 0
        score = (0.8 + number / 1000) if good else (0.52 + number / 1000)
        finding = Finding(
            label="ads.contact",
            score=score,
            location=Location(source=Source.TEXT, span=(0, 4)),
            detector="text.contact",
            version="2",
            reason="a contact",
        )
        made = result(
            action=Action.REVIEW,
            labels={"ads.contact": score},
            findings=(finding,),
            content_hash="sha256:" + f"{number:064x}",
            policy="people@1/default",
        )
        store.record([Record(result=made)])
        verdict: dict[str, Any] = {"verdict": "right", "action": "block"}
        if not good:
            verdict = {"verdict": "wrong", "labels": [], "reason": "no contact"}
        said.append(Said(decision_id=made.decision_id, **verdict))
    store.marks.add(Person(id="ann", name="ann"), read_marks(store, said))
    (proposal,) = client.ask("owner", "POST", "/v1/proposals", {"kinds": ["threshold"]}, status=201)["proposals"]
    assert (proposal["change"]["label"], proposal["change"]["from"]) == ("ads.contact", 0.5)
    assert 0.6 <= proposal["change"]["to"] <= 0.8
    precision = proposal["effect"]["precision"]
    assert precision["now"]["high"] < precision["then"]["low"]
    client.ask("other", "POST", f"/v1/proposals/{proposal['id']}/approve", {})
    drafts = [one for one in store.policy_versions.page(policy="people") if one.state == "draft"]
    (document,) = [store.policy_versions.get(one.id).document for one in drafts]
    assert f"review: {proposal['change']['to']}" in document
    client.ask("other", "POST", f"/v1/proposals/{proposal['id']}/undo", {})
    assert [one.state for one in store.policy_versions.page(policy="people") if one.id == drafts[0].id] == ["withdrawn"]
    assert store.audit.verify().problems == ()
    store.close()


def test_what_callers_of_other_apis_suggest_becomes_a_proposal(client: Client, settings: Settings) -> None:
    from evenhand.store.records import Suggestion

    text = "For the flower show please call the office at +1 415 555 0177 before the end of the week"
    decision = client.check({"text": text})
    store = open_store(settings=settings)
    store.suggestions.add(
        Suggestion(
            dialect="perspective",
            content_hash=decision["content_hash"],
            scores={"SPAM": 0.0},
            labels={"ads": 0.0},
        )
    )
    store.close()
    (proposal,) = client.ask("owner", "POST", "/v1/proposals", {"kinds": ["mark"]}, status=201)["proposals"]
    assert (proposal["change"]["labels"], proposal["change"]["action"]) == ([], "pass")
    client.ask("other", "POST", f"/v1/proposals/{proposal['id']}/approve", {})
    time.sleep(1.1)
    assert client.check({"text": text})["rule"] == "mark"
    client.ask("other", "POST", f"/v1/proposals/{proposal['id']}/undo", {})
    time.sleep(1.1)
    assert client.check({"text": text})["rule"] == "contacts"
