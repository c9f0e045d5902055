"""Marks and what is alike by embedding, over HTTP on both databases: shown, chosen, asked about; never cleared."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw

from evenhand.settings import Settings
from evenhand.store import open_store
from tests.postgres import PostgresServer
from tests.server import quick, serving

TEXT = (
    "Dear friend, our trading robot doubles your savings within one week, write to our manager today and send the "
    "first deposit"
)
EDITED = (
    "Dear friend! Our trading robot will double all your savings in a week, just write to the manager now and send "
    "first deposit please"
)
WARNING = (
    "My bank warned me: somebody wrote that a trading robot doubles savings within one week, do not send them a deposit"
)
FAR = "The choir of our village meets on Thursday evenings in the old school, newcomers are welcome to listen"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("alike")
    more: dict[str, Any] = {"embeddings": "all"}
    if request.param == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        postgres.execute("CREATE DATABASE marks_alike")
        more["database_url"] = postgres.url("marks_alike")
    return quick(folder, **more)


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    with serving(settings) as http:
        yield http


def _ask(client: httpx.Client, method: str, path: str, body: Any = None, *, status: int = 200) -> dict[str, Any]:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    return document


def _check(client: httpx.Client, **body: Any) -> dict[str, Any]:
    return _ask(client, "POST", "/v1/check", body)


def _marked(client: httpx.Client, decision: dict[str, Any], **said: Any) -> str:
    body = {
        "decision_id": decision["decision_id"],
        "verdict": "wrong",
        "labels": ["spam.scam"],
        "action": "block",
        "reason": "a fraud",
        **said,
    }
    (mark,) = _ask(client, "POST", "/v1/marks", body, status=201)["marks"]
    assert mark["ask"] is body.get("ask", False)
    return str(mark["id"])


def test_alike_decisions_are_shown_and_only_those_chosen_are_corrected(client: httpx.Client) -> None:
    first, edited, far, warning = (_check(client, text=text) for text in (TEXT, EDITED, FAR, WARNING))
    assert {first["action"], edited["action"], far["action"], warning["action"]} == {"pass"}
    mark = _marked(client, first)
    seen = _ask(client, "POST", "/v1/marks/preview", {"ids": [mark]})
    (effect,) = seen["effects"]
    assert [one["decision_id"] for one in effect["touched"]] == [first["decision_id"]]
    (alike,) = effect["alike"]
    assert (alike["decision_id"], alike["action_now"], alike["landmarks"]) == (edited["decision_id"], "pass", None)
    assert 0.88 <= alike["similarity"] < 1
    assert (seen["alike_compared"], seen["alike_all"], effect["alike_why"]) == (4, True, None)
    plain = _ask(client, "POST", "/v1/marks/preview", {"ids": [mark], "alike": False})
    assert plain["effects"][0]["alike"] == []

    # What is not alike cannot be chosen, nor with a mark that is not applied
    for also, status in (
        ({mark: [far["decision_id"]]}, 422),
        ({mark: [warning["decision_id"]]}, 422),
        ({"x": [edited["decision_id"]]}, 404),
        ({mark: ["01890a5d-ac96-774b-bcce-b302099a8057"]}, 404),
        ({mark: ["\x00"]}, 404),
    ):
        _ask(client, "POST", "/v1/marks/apply", {"ids": [mark], "also": also}, status=status)
    assert _ask(client, "GET", "/v1/marks?state=applied")["marks"] == []

    # Nothing is corrected that was not chosen
    _ask(client, "POST", "/v1/marks/apply", {"ids": [mark]})
    assert "marked" not in _ask(client, "GET", f"/v1/decisions/{edited['decision_id']}")
    time.sleep(1.1)
    assert _check(client, text=EDITED)["action"] == "pass"
    done = _ask(client, "POST", "/v1/marks/apply", {"ids": [mark], "also": {mark: [edited["decision_id"]]}})
    assert edited["decision_id"] in {one["decision_id"] for one in done["effects"][0]["touched"]}
    shown = _ask(client, "GET", f"/v1/decisions/{edited['decision_id']}")["marked"]
    assert (shown["action"], shown["mark"], shown["alike"]) == ("block", mark, round(100 * alike["similarity"]))
    time.sleep(1.1)
    assert (_check(client, text=EDITED)["action"], _check(client, text=WARNING)["action"]) == ("block", "pass")
    _ask(client, "POST", "/v1/marks/undo", {"ids": [mark]})
    assert "marked" not in _ask(client, "GET", f"/v1/decisions/{edited['decision_id']}")
    time.sleep(1.1)
    assert _check(client, text=EDITED)["action"] == "pass"


def test_what_was_chosen_is_in_the_audit_log(client: httpx.Client, settings: Settings) -> None:
    first, edited = _check(client, text=TEXT), _check(client, text=EDITED)
    mark = _marked(client, first)
    _ask(client, "POST", "/v1/marks/apply", {"ids": [mark], "also": {mark: [edited["decision_id"]]}})
    _ask(client, "POST", "/v1/marks/undo", {"ids": [mark]})
    store = open_store(settings=settings)
    told = {entry.action: entry.payload for entry in store.audit.page(subject=f"mark:{mark}")}
    assert list(told) == ["mark.add", "mark.apply", "mark.undo"]
    assert (told["mark.apply"] or {})["after"]["also"] == [edited["decision_id"]]
    assert store.audit.verify().problems == ()
    assert store.mark_vectors.chosen() == {}
    store.close()


def test_a_mark_that_asks_raises_what_would_pass_and_clears_nothing(client: httpx.Client) -> None:
    mark = _marked(client, _check(client, text=TEXT), ask=True)
    time.sleep(1.1)
    assert _check(client, text=EDITED)["action"] == "pass"  # not applied yet
    _ask(client, "POST", "/v1/marks/apply", {"ids": [mark]})
    time.sleep(1.1)
    asked = _check(client, text=EDITED)
    assert (asked["action"], asked["rule"], asked["incomplete"]) == ("review", "mark", {})
    assert f"mark {mark} asks a person" in asked["reason"]
    assert "% alike in meaning" in asked["reason"]
    assert _check(client, text=TEXT)["action"] == "block"  # the very same is as marked
    assert [_check(client, text=text)["action"] for text in (FAR, WARNING)] == ["pass", "pass"]
    batch = _ask(client, "POST", "/v1/check:batch", {"items": [{"text": t} for t in (FAR, EDITED, "ok", WARNING)]})
    assert [one["action"] for one in batch["results"]] == ["pass", "review", "pass", "pass"]

    # What was said of a content itself comes before what an alike one asks
    fine = _marked(client, asked, labels=[], action="pass")
    _ask(client, "POST", "/v1/marks/apply", {"ids": [fine]})
    time.sleep(1.1)
    assert _check(client, text=EDITED)["action"] == "pass"
    _ask(client, "POST", "/v1/marks/undo", {"ids": [fine, mark]})
    time.sleep(1.1)
    assert _check(client, text=EDITED)["action"] == "pass"


def test_asking_is_refused_where_it_would_clear_or_nothing_is_kept(client: httpx.Client) -> None:
    decision = _check(client, text=TEXT)
    body = {"decision_id": decision["decision_id"], "verdict": "wrong", "labels": [], "reason": "fine", "ask": True}
    assert "mark or block" in _ask(client, "POST", "/v1/marks", body, status=422)["error"]["message"]
    hashed = {"content_hash": "sha256:" + "0b" * 32, "verdict": "right", "action": "block", "ask": True}
    refused = _ask(client, "POST", "/v1/marks", hashed, status=422)
    assert "Give its text" in refused["error"]["message"]
    (mark,) = _ask(client, "POST", "/v1/marks", {**hashed, "text": TEXT}, status=201)["marks"]
    assert mark["ask"] is True
    csv = f"content_hash,verdict,action,ask\n{hashed['content_hash']},right,block,yes\n"
    _ask(client, "POST", "/v1/marks/csv", {"csv": csv}, status=422)
    short = {**hashed, "text": "ok"}
    assert "very short texts" in _ask(client, "POST", "/v1/marks", short, status=422)["error"]["message"]


def _picture(seed: int) -> Image.Image:
    image = Image.new("RGB", (640, 480), (20, 40, 90))
    draw = ImageDraw.Draw(image)
    for number in range(90):
        at = ((number * 67 * seed) % 600, (number * 41 * seed) % 440)
        box = (*at, at[0] + 20 + (number * seed) % 45, at[1] + 18 + (number * 7 * seed) % 31)
        paint = draw.ellipse if number % 2 else draw.rectangle
        paint(box, fill=((number * 6) % 255, 200 - number * 2, seed * 9 % 255))
    return image


def _sent(image: Image.Image) -> dict[str, str]:
    out = BytesIO()
    image.save(out, "JPEG", quality=85)
    return {"data": base64.b64encode(out.getvalue()).decode()}


def test_cropped_copies_of_a_marked_picture_are_shown_and_asked_about(client: httpx.Client) -> None:
    image = _picture(3)
    first = _check(client, **_sent(image))
    crop = _check(client, **_sent(image.crop((60, 50, 560, 430))))
    other = _check(client, **_sent(_picture(11)))
    mark = _marked(client, first, ask=True)
    (effect,) = _ask(client, "POST", "/v1/marks/preview", {"ids": [mark]})["effects"]
    assert [one["decision_id"] for one in effect["alike"]] == [crop["decision_id"]]
    assert effect["alike"][0]["landmarks"] >= 12
    _ask(client, "POST", "/v1/marks/apply", {"ids": [mark], "also": {mark: [other["decision_id"]]}}, status=422)
    _ask(client, "POST", "/v1/marks/apply", {"ids": [mark]})
    time.sleep(1.1)
    asked = _check(client, **_sent(image.crop((40, 40, 600, 440))))
    assert (asked["action"], asked["rule"]) == ("review", "mark")
    assert "points of the picture" in asked["reason"]
    assert _check(client, **_sent(_picture(7)))["action"] == "pass"
    _ask(client, "POST", "/v1/marks/undo", {"ids": [mark]})
    time.sleep(1.1)
    assert _check(client, **_sent(image.crop((40, 40, 600, 440))))["action"] == "pass"
