"""Libraries of the store over HTTP: made, filled, in force in every process, brought in and out, gone back."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw

from evenhand.store import open_store
from tests.postgres import PostgresServer
from tests.server import quick, serving

SPAM = "Dear friend, we have the best offer for you today: click the link below and claim your free prize right now!"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('libraries') / 'test.db'}"
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    postgres.execute("CREATE DATABASE libraries_api")
    return postgres.url("libraries_api")


@pytest.fixture(scope="module")
def server(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = quick(
        tmp_path_factory.mktemp("server"), database_url=database, fingerprints="all", keep_originals_days=1
    )
    with serving(settings) as client:
        yield client


def _ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json() if answer.content else {}
    return document


def _make(client: httpx.Client, name: str, kind: str = "words", **head: Any) -> dict[str, Any]:
    body = {"name": name, "kind": kind, "list": "black", **head}
    return _ok(client.post("/v1/libraries", json=body), 201)


def _add(client: httpx.Client, name: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return _ok(client.post(f"/v1/libraries/{name}/entries", json={"entries": list(entries)}))


def _found(client: httpx.Client, text: str) -> list[tuple[str, str, float]]:
    result = _ok(client.post("/v1/check", json={"text": text}))
    assert result["incomplete"] == {}
    return [(one["library"], one["label"], one["score"]) for one in result["findings"] if "library" in one]


def _soon(client: httpx.Client, text: str, wanted: list[tuple[str, str, float]]) -> None:
    """Wait until a text is answered so: it is after two seconds at most where nothing else runs."""
    until = time.monotonic() + 30
    while (found := _found(client, text)) != wanted and time.monotonic() < until:
        time.sleep(0.1)
    assert found == wanted


def test_words_of_every_kind_are_in_force_without_a_restart(server: httpx.Client) -> None:
    assert _found(server, "a rascal and two scuondrels") == []
    made = _make(server, "house", label="spam.scam", note="ours")
    assert (made["version"], made["size"], made["label"]) == (1, 0, "spam.scam")
    change = _add(
        server,
        "house",
        {"value": "rascal", "note": "mild"},
        {"value": "scoundrels", "match": "fuzzy", "score": 0.8},
        {"value": r"win \d+ coins", "match": "regex", "label": "ads.promotion"},
        {"value": "nuisance", "match": "phonetic"},
        {"value": "teapot", "match": "exact", "languages": ["de"]},
        {"value": "bygone", "expires": "2020-01-01"},
    )
    assert (change["version"], change["added"], change["size"]) == (2, 6, 6)
    _soon(server, "a rascal and two scuondrels", [("house", "spam.scam", 1.0), ("house", "spam.scam", 0.68)])
    assert _found(server, "now WIN 500 Coins") == [("house", "ads.promotion", 1.0)]
    assert _found(server, "what a noosance") == [("house", "spam.scam", 0.6)]
    assert _found(server, "it is bygone; and the teapot is English, so this sentence is, too") == []
    page = _ok(server.get("/v1/libraries/house/entries", params={"search": "RASC"}))
    (entry,) = page["entries"]
    assert (entry["value"], entry["note"], entry["match"]) == ("rascal", "mild", None)
    _ok(server.post("/v1/libraries/house/entries", json={"remove": [entry["id"]], "note": "too mild"}))
    _soon(server, "a rascal and two scuondrels", [("house", "spam.scam", 0.68)])
    _ok(server.post("/v1/libraries/house/rollback", json={"version": 2}))
    _soon(server, "a rascal", [("house", "spam.scam", 1.0)])
    history = _ok(server.get("/v1/libraries/house/history"))["versions"]
    assert [(one["version"], one["action"], one["note"]) for one in history][:2] == [
        (4, "rollback", "back to version 2"),
        (3, "remove", "too mild"),
    ]
    result = _ok(server.post("/v1/check", json={"text": "a rascal"}))
    decided = _ok(server.get(f"/v1/libraries-at/{result['models']['libraries']}"))
    assert decided["libraries"]["house"] == 4
    assert _ok(server.delete("/v1/libraries/house"), 204) == {}
    _soon(server, "a rascal", [])
    assert server.get("/v1/libraries/house").status_code == 404
    assert len(_ok(server.get("/v1/libraries/house/entries", params={"version": 2}))["entries"]) == 6


def test_texts_are_found_again_by_upload_and_by_decision_and_white_ones_are_negatives(server: httpx.Client) -> None:
    _make(server, "scams", "texts", label="spam.scam")
    first = _ok(server.post("/v1/libraries/scams/samples", json={"text": SPAM, "note": "case 7"}))
    assert first["value"].startswith("t1:")
    _soon(server, SPAM.upper() + " !!", [("scams", "spam.scam", 1.0)])
    ((_, _, score),) = _found(server, SPAM.replace("friend", "reader"))
    assert 0.6 <= score < 1.0
    assert _found(server, "Dear friend, the library opens at nine, and the best book of the year is there.") == []
    other = "The meeting of the gardening club is moved from Monday evening to Tuesday morning at ten."
    decision = _ok(server.post("/v1/check", json={"text": other}))["decision_id"]
    _make(server, "fine", "texts", list="white")
    _ok(server.post("/v1/libraries/fine/samples", json={"decision_id": decision}))
    _soon(server, other, [("fine", "known.white", 1.0)])
    short = server.post("/v1/libraries/fine/samples", json={"text": "too short"})
    assert (short.status_code, "letters and digits" in short.text) == (422, True)
    _ok(server.delete("/v1/libraries/scams"), 204)
    _ok(server.delete("/v1/libraries/fine"), 204)


def _picture(seed: int) -> bytes:
    image = Image.new("RGB", (320, 240), (20, 40 + seed, 90))
    draw = ImageDraw.Draw(image)
    for number in range(40):
        at = ((number * 67 + seed * 31) % 300, (number * 41 + seed * 17) % 220)
        draw.ellipse(
            (*at, at[0] + 30 + number % 25, at[1] + 18 + number % 31), fill=(number * 6, 200 - number * 3, seed)
        )
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_pictures_are_found_again_and_the_original_is_not_kept(server: httpx.Client) -> None:
    _make(server, "posters", "images")
    data = base64.b64encode(_picture(3)).decode()
    made = _ok(server.post("/v1/libraries/posters/samples", json={"data": data, "note": "a poster"}))
    assert len(made["value"]) == 64
    until = time.monotonic() + 30
    found: list[Any] = []
    while not found and time.monotonic() < until:
        answer = server.post("/v1/check", json={"data": base64.b64encode(_picture(3)).decode()})
        found = [one for one in _ok(answer)["findings"] if one.get("library") == "posters"]
    assert [one["label"] for one in found] == ["known.black"]
    plain = BytesIO()
    Image.new("RGB", (64, 64), (9, 9, 9)).save(plain, "PNG")
    refused = server.post("/v1/libraries/posters/samples", json={"data": base64.b64encode(plain.getvalue()).decode()})
    assert (refused.status_code, "too plain" in refused.text) == (422, True)
    assert server.post("/v1/libraries/posters/samples", json={"data": "%%%"}).status_code == 422
    _ok(server.delete("/v1/libraries/posters"), 204)


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("", {"name": "race-detector", "kind": "words", "list": "black"}, 422, "protected"),
        ("", {"name": "a", "kind": "words", "list": "white", "label": "spam.scam"}, 422, "white list"),
        ("", {"name": "a", "kind": "words", "list": "black", "label": "shoes.red"}, 422, "taxonomy"),
        ("", {"name": "A B", "kind": "words", "list": "black"}, 422, "lower-case"),
        ("/x/entries", {"entries": [{"value": "muslims"}]}, 422, "group of people"),
        ("/x/entries", {"entries": [{"value": "musl[ei]ms?", "match": "regex"}]}, 422, "group of people"),
        ("/x/entries", {"entries": [{"value": r"\w+", "match": "regex"}]}, 422, "group of people"),
        ("/x/entries", {"entries": [{"value": "omen", "match": "fuzzy"}]}, 422, "group of people"),
        ("/x/entries", {"entries": [{"value": "(a", "match": "regex"}]}, 422, "missing )"),
        ("/x/entries", {"entries": [{"value": "(?=a)b", "match": "regex"}]}, 422, "look-around"),
        ("/x/entries", {"entries": [{"value": "a*", "match": "regex"}]}, 422, "empty text"),
        ("/x/entries", {"entries": [{"value": "x" * 501, "match": "regex"}]}, 422, "500 characters"),
        ("/x/entries", {"entries": [{"value": "abc", "match": "fuzzy"}]}, 422, "4 letters"),
        ("/x/entries", {"entries": [{"value": "fine"}, {"value": "fine", "label": "race.asian"}]}, 422, "race"),
        ("/x/entries", {"entries": [{"value": "ok", "languages": ["e"]}]}, 422, "language tag"),
        ("/x/entries", {"entries": [{"value": "\ud800"}]}, 422, "unicode"),
        ("/x/samples", {"text": SPAM}, 422, "words"),
        ("/x/import", {"text": "value,colour\na,b\n", "format": "csv"}, 422, "header"),
        ("/x/import", {"text": "{", "format": "json"}, 422, "no JSON"),
        ("/x/rollback", {"version": 77}, 404, "no version"),
        ("/y/entries", {"entries": [{"value": "a word"}]}, 404, "no library"),
    ],
)
def test_what_is_refused(server: httpx.Client, path: str, body: dict[str, Any], status: int, word: str) -> None:
    if server.get("/v1/libraries/x").status_code == 404:
        _make(server, "x")
    before = _ok(server.get("/v1/libraries/x"))["version"]
    headers = {"Content-Type": "application/json"}
    answer = server.post(f"/v1/libraries{path}", content=json.dumps(body), headers=headers)
    assert answer.status_code == status, answer.text
    assert word in answer.text
    assert _ok(server.get("/v1/libraries/x"))["version"] == before


def test_a_list_is_brought_in_as_one_version_and_taken_out_in_every_form(server: httpx.Client) -> None:
    _make(server, "lists")
    text = 'value,match,note,expires\nbadword,,one,2031-05-01\n"two, words",,,\nwin \\d+,regex,\'=1+1,\n'
    made = _ok(server.post("/v1/libraries/lists/import", json={"text": text}))
    assert (made["format"], made["added"], made["action"]) == ("csv", 3, "import")
    for form in ("csv", "json", "stix", "threatexchange"):
        out = server.get("/v1/libraries/lists/export", params={"format": form})
        assert out.status_code == 200
        assert "attachment" in out.headers["content-disposition"]
        again = _ok(server.post("/v1/libraries/lists/import", json={"text": out.text, "replace": True}))
        assert (again["format"], again["size"]) == (form, 3), form
    assert server.get("/v1/libraries/lists/export", params={"format": "ncmec"}).status_code == 422
    assert _ok(server.delete("/v1/libraries/lists"), 204) == {}


def test_only_who_sets_policies_changes_libraries(tmp_path: Path) -> None:
    settings = quick(tmp_path, require_keys=True)
    store = open_store(settings=settings)
    store.migrate()
    keys = {scope: store.keys.create(scope, scopes=(scope,)).token for scope in ("read", "policy", "review")}
    store.close()
    with serving(settings) as client:
        for scope, status in (("read", 403), ("review", 403), ("policy", 201)):
            headers = {"X-API-Key": keys[scope]}
            body = {"name": "mine", "kind": "words", "list": "black"}
            assert client.post("/v1/libraries", json=body, headers=headers).status_code == status
        assert client.get("/v1/libraries", headers={"X-API-Key": keys["read"]}).status_code == 200
        assert client.get("/v1/libraries").status_code == 401


_OTHER = """
import asyncio, sys
from evenhand.app import AsyncModerator
from evenhand.settings import Settings

async def main() -> None:
    moderator = AsyncModerator(Settings(database_url=sys.argv[1], disabled_detectors=("text.harm",), plugins=False))
    for line in sys.stdin:
        result = await moderator.check(line.strip())
        print(",".join(sorted({one.library for one in result.findings if one.library})) or "-", flush=True)

asyncio.run(main())
"""


def test_a_change_in_one_process_is_in_force_in_another_within_two_seconds(server: httpx.Client, database: str) -> None:
    _make(server, "shared")
    with subprocess.Popen(
        [sys.executable, "-c", _OTHER, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None

        def ask(text: str) -> str:
            assert other.stdin is not None
            assert other.stdout is not None
            other.stdin.write(text + "\n")
            other.stdin.flush()
            return other.stdout.readline().strip()

        assert ask("a whippersnapper") == "-"
        _add(server, "shared", {"value": "whippersnapper"})
        time.sleep(2)
        assert ask("a whippersnapper") == "shared"
        _ok(server.delete("/v1/libraries/shared"), 204)
        time.sleep(2)
        assert ask("a whippersnapper") == "-"
        other.stdin.close()
        assert other.wait(60) == 0
