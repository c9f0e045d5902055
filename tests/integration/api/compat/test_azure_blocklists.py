"""Azure's blocklists over real servers: complete, paged, and in force at once in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compat import fifty_at_once
from tests.integration.api.compat.test_azure import LISTS, TEXT, VERSION, listed
from tests.server import serving


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(listed(tmp_path_factory.mktemp("blocklists"), azure_max_items=150)) as opened:
        yield opened


def path(name: str = "", call: str = "", **query: object) -> str:
    more = "".join(f"&{key}={value}" for key, value in query.items())
    return f"{LISTS}{f'/{name}' if name else ''}{call}?{VERSION}{more}"


def add(client: httpx.Client, name: str, *texts: str) -> list[str]:
    body = {"blocklistItems": [{"text": text} for text in texts]}
    answer = client.post(path(name, ":addOrUpdateBlocklistItems"), json=body)
    assert answer.status_code == 200, answer.text
    return [item["blocklistItemId"] for item in answer.json()["blocklistItems"]]


def found(client: httpx.Client, text: str, *names: str) -> list[str]:
    answer = client.post(TEXT, json={"text": text, "blocklistNames": list(names)})
    assert answer.status_code == 200, answer.text
    return [match["blocklistItemText"] for match in answer.json()["blocklistsMatch"]]


def test_a_list_is_made_changed_and_forgotten(client: httpx.Client) -> None:
    merge = {"content-type": "application/merge-patch+json"}
    body = json.dumps({"blocklistName": "life", "description": "first"})
    made = client.patch(path("life"), content=body, headers=merge)
    assert (made.status_code, made.json()) == (201, {"blocklistName": "life", "description": "first"})
    same = client.patch(path("life"), json={})
    assert (same.status_code, same.json()) == (200, {"blocklistName": "life", "description": "first"})
    assert client.patch(path("life"), json={"description": None}).json() == {"blocklistName": "life"}
    assert client.get(path("life")).json() == {"blocklistName": "life"}
    assert {"blocklistName": "life"} in client.get(path()).json()["value"]
    assert client.delete(path("life")).status_code == 204
    assert client.delete(path("life")).status_code == 204
    gone = client.get(path("life"))
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "ResourceNotFound")


def test_items_are_added_changed_listed_and_removed(client: httpx.Client) -> None:
    client.patch(path("items"), json={})
    body = {"blocklistItems": [{"text": "badword", "description": "d"}, {"text": "坏词"}]}
    made = client.post(path("items", ":addOrUpdateBlocklistItems"), json=body).json()["blocklistItems"]
    assert [item["text"] for item in made] == ["badword", "坏词"]
    (again,) = add(client, "items", "badword")
    assert again == made[0]["blocklistItemId"]
    one = client.get(path("items", f"/blocklistItems/{again}"))
    assert one.json() == {"blocklistItemId": again, "text": "badword"}, "the description went with the update"
    assert len(client.get(path("items", "/blocklistItems")).json()["value"]) == 2
    assert found(client, "这是坏词 and b4dw0rd", "items") == ["badword", "坏词"]
    remove = {"blocklistItemIds": [again, "no-such-id"]}
    assert client.post(path("items", ":removeBlocklistItems"), json=remove).status_code == 204
    assert found(client, "badword", "items") == []
    missing = client.get(path("items", f"/blocklistItems/{again}"))
    assert (missing.status_code, missing.headers["x-ms-error-code"]) == (404, "ResourceNotFound")


def test_pages_hold_together(client: httpx.Client) -> None:
    client.patch(path("pages"), json={})
    words = [f"word{number}" for number in range(25)]
    add(client, "pages", *words)

    def walk(**query: object) -> list[list[str]]:
        pages, link = [], path("pages", "/blocklistItems", **query)
        while link:
            body = client.get(link).json()
            pages.append([item["text"] for item in body["value"]])
            link = body.get("nextLink", "")
        return pages

    assert walk() == [words]
    assert walk(maxpagesize=10) == [words[:10], words[10:20], words[20:]]
    assert walk(maxpagesize=10, skip=3, top=12) == [words[3:13], words[13:15]]
    assert walk(top=5) == [words[:5]]
    assert walk(skip=25) == [[]]
    for query in ({"skip": -1}, {"maxpagesize": 0}, {"top": "x"}, {"skip": "9" * 12}):
        answer = client.get(path("pages", "/blocklistItems", **query))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestBody")
    for name in ("p1", "p2", "p3"):
        client.patch(path(name), json={})
    first = client.get(path(maxpagesize=2)).json()
    assert len(first["value"]) == 2
    assert client.get(first["nextLink"]).json()["value"][0] not in first["value"]


def test_a_hit_can_halt_the_analysis(client: httpx.Client) -> None:
    client.patch(path("halt"), json={})
    add(client, "halt", "badword")
    body: dict[str, Any] = {"text": "badword hateword", "blocklistNames": ["halt"]}
    whole = client.post(TEXT, json=body).json()
    assert len(whole["categoriesAnalysis"]) == 4
    halted = client.post(TEXT, json={**body, "haltOnBlocklistHit": True})
    assert halted.json()["categoriesAnalysis"] == []
    assert halted.json()["blocklistsMatch"][0]["blocklistItemText"] == "badword"
    assert client.get(f"/v1/decisions/{halted.headers['x-decision-id']}").status_code == 200
    clean = client.post(TEXT, json={**body, "text": "hateword", "haltOnBlocklistHit": True}).json()
    assert len(clean["categoriesAnalysis"]) == 4


def test_policies_see_which_lists_matched(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "name: mine\nversion: '1'\nlines:\n  default:\n    rules:\n"
        "      - {name: ours, when: {context: {blocklists: {exists: true}}}, action: block}\n"
    )
    with serving(listed(tmp_path, policy=policy)) as client:
        client.patch(path("ours"), json={})
        add(client, "ours", "badword")
        rules = []
        for text in ("badword", "other"):
            answer = client.post(TEXT, json={"text": text, "blocklistNames": ["ours"]})
            rules.append(client.get(f"/v1/decisions/{answer.headers['x-decision-id']}").json()["rule"])
    assert rules == ["ours", None]


ADD, REMOVE = ":addOrUpdateBlocklistItems", ":removeBlocklistItems"
ERRORS: list[tuple[str, str, Any, int, str]] = [
    ("bad", ADD, {}, 400, "InvalidRequestBody"),
    ("bad", ADD, {"blocklistItems": []}, 400, "InvalidRequestBody"),
    ("bad", ADD, {"blocklistItems": [{"text": "a"}] * 101}, 400, "InvalidRequestBody"),
    ("bad", ADD, {"blocklistItems": [{"text": ""}]}, 400, "InvalidRequestBody"),
    ("bad", ADD, {"blocklistItems": [{"text": "a" * 129}]}, 400, "InvalidRequestBody"),
    ("bad", ADD, {"blocklistItems": ["a"]}, 400, "InvalidRequestBody"),
    ("bad", ADD, {"blocklistItems": [{"text": "a", "description": "d" * 1025}]}, 400, "InvalidRequestBody"),
    ("bad", ADD, {"blocklistItems": [{"text": "a+", "isRegex": True}]}, 400, "InvalidRequestBody"),
    ("bad", ADD, {"blocklistItems": [{"text": "\ud83d"}]}, 400, "InvalidRequestBody"),
    ("bad", ADD, {"blocklistItems": [{"text": "muslims"}]}, 400, "InvalidRequestBody"),
    ("none", ADD, {"blocklistItems": [{"text": "a"}]}, 404, "ResourceNotFound"),
    ("bad", REMOVE, {"blocklistItemIds": []}, 400, "InvalidRequestBody"),
    ("bad", REMOVE, {"blocklistItemIds": [1]}, 400, "InvalidRequestBody"),
    ("none", REMOVE, {"blocklistItemIds": ["a"]}, 404, "ResourceNotFound"),
    ("a b", ADD, {"blocklistItems": [{"text": "a"}]}, 400, "InvalidResourceName"),
    ("x" * 65, ADD, {"blocklistItems": [{"text": "a"}]}, 400, "InvalidResourceName"),
]


@pytest.mark.parametrize(("name", "call", "body", "status", "code"), ERRORS)
def test_errors(client: httpx.Client, name: str, call: str, body: Any, status: int, code: str) -> None:
    client.patch(path("bad"), json={})
    answer = client.post(path(name, call), content=json.dumps(body))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert answer.headers["x-ms-error-code"] == code
    assert client.get(path("bad", "/blocklistItems")).json()["value"] == []


def test_other_errors(client: httpx.Client) -> None:
    wrong = client.patch(path("one"), json={"blocklistName": "two"})
    assert wrong.json()["error"]["target"] == "blocklistName"
    assert client.patch(path("one"), json={"description": 3}).json()["error"]["target"] == "description"
    assert client.get(path("none", "/blocklistItems")).json()["error"]["code"] == "ResourceNotFound"
    assert client.post(path("one")).json()["error"]["code"] == "MethodNotAllowed"
    client.patch(path("full"), json={})
    add(client, "full", *(f"w{number}" for number in range(100)))
    more = {"blocklistItems": [{"text": f"v{number}"} for number in range(51)]}
    full = client.post(path("full", ADD), json=more)
    assert (full.status_code, full.json()["error"]["code"]) == (400, "InvalidRequestBody")
    assert "at most 150" in full.json()["error"]["message"]


def test_fifty_at_once_change_and_search_one_list(client: httpx.Client) -> None:
    client.patch(path("busy"), json={})

    def one(number: int) -> list[str]:
        with httpx.Client(base_url=client.base_url, timeout=120, trust_env=False) as own:
            add(own, "busy", f"term{number}q")
            return found(own, f"here is term{number}q", "busy")

    answers = fifty_at_once(one, 50)
    assert answers == [[f"term{number}q"] for number in range(50)], "each sees what it just added"


_SERVE = """
import sys
from pathlib import Path
from tests.server import serving
from tests.integration.api.compat.test_azure import listed
with serving(listed(Path(sys.argv[1]), database_url=sys.argv[2])) as client:
    print(client.base_url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def _another_process(folder: Path, url: str) -> Iterator[httpx.Client]:
    folder.mkdir()
    command = [sys.executable, "-c", _SERVE, str(folder), url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        address, deadline = "", time.monotonic() + 120
        while not address.startswith("http") and time.monotonic() < deadline:
            address = process.stdout.readline().strip()
        with httpx.Client(base_url=address, timeout=120, trust_env=False) as client:
            yield client
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_change_counts_at_once_in_every_process(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    own = tmp_path / "own"
    own.mkdir()
    with (
        serving(listed(own, database_url=url)) as here,
        _another_process(tmp_path / "there", url) as there,
    ):
        here.patch(path("shared"), json={})
        for number in range(6):
            writer, reader = (here, there) if number % 2 else (there, here)
            (item,) = add(writer, "shared", "badword")
            assert found(reader, "a badword", "shared") == ["badword"]
            writer.post(path("shared", REMOVE), json={"blocklistItemIds": [item]})
            assert found(reader, "a badword", "shared") == []
        here.delete(path("shared"))
        gone = there.post(TEXT, json={"text": "a", "blocklistNames": ["shared"]})
        assert gone.json()["error"]["code"] == "ResourceNotFound"
