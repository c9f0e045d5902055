"""Azure AI Content Safety over a real server: analyses, severities, errors, keys, records."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.settings import Settings
from tests.compat import fifty_at_once, golden, keys, stored
from tests.media import drawn, encode
from tests.server import quick, serving

GOLDEN = Path(__file__).parent / "golden_azure.json"
VERSION = "api-version=2023-10-01"
TEXT = f"/contentsafety/text:analyze?{VERSION}"
IMAGE = f"/contentsafety/image:analyze?{VERSION}"
LISTS = "/contentsafety/text/blocklists"
NAMES = ["Hate", "SelfHarm", "Sexual", "Violence"]
HEAVY = ("image.ocr", "image.symbol", "image.weapon", "image.likeness", "image.face", "image.hash", "image.code")
PNG = base64.b64encode(encode(drawn(), "PNG")).decode()


def listed(folder: Path, **overrides: object) -> Settings:
    """Give settings for a server that judges by word lists alone, and pictures by one model."""
    lists = folder / "lists"
    lists.mkdir()
    for name, label, score in (
        ("hateword", "hate.attack", 0.96),
        ("harmword", "self_harm", 0.76),
        ("sexword", "sexual.explicit", 0.66),
        ("warword", "violence.threat", 0.52),
    ):
        (lists / f"{name}.yaml").write_text(
            f"name: {name}\nkind: words\nlist: black\nlabel: {label}\nitems:\n  - {{value: {name}, score: {score}}}\n"
        )
    return quick(folder, libraries=lists, disabled_detectors=("text.harm", *HEAVY), **overrides)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(listed(tmp_path_factory.mktemp("azure"))) as opened:
        yield opened


def severities(answer: httpx.Response) -> dict[str, int]:
    assert answer.status_code == 200, answer.text
    return {one["category"]: one["severity"] for one in answer.json()["categoriesAnalysis"]}


def test_four_categories_on_two_scales(client: httpx.Client) -> None:
    text = "hateword and harmword and sexword and warword"
    four = client.post(TEXT, json={"text": text})
    assert severities(four) == dict(zip(NAMES, (6, 4, 2, 2), strict=True))
    assert four.json()["blocklistsMatch"] == []
    eight = client.post(TEXT, json={"text": text, "outputType": "EightSeverityLevels"})
    assert severities(eight) == dict(zip(NAMES, (6, 4, 3, 2), strict=True))
    some = client.post(TEXT, json={"text": text, "categories": ["Sexual", "hate"], "outputType": "foursEVERITYlevels"})
    assert severities(some) == {"Hate": 6, "Sexual": 2}
    decision = client.get(f"/v1/decisions/{four.headers['x-decision-id']}").json()
    assert decision["labels"]["hate.attack"] == pytest.approx(0.96)


def test_a_text_is_judged_by_the_model(model_client: httpx.Client) -> None:
    rude = severities(model_client.post(TEXT, json={"text": "I will kill you tomorrow."}))
    assert rude["Violence"] >= 4
    assert rude["Sexual"] == 0
    assert set(severities(model_client.post(TEXT, json={"text": "Have a nice day."})).values()) == {0}


def test_pictures(client: httpx.Client) -> None:
    answer = client.post(IMAGE, json={"image": {"content": PNG}})
    assert severities(answer)["Sexual"] == 0
    assert "SelfHarm" not in severities(answer), "nobody here can see it, and 0 would say that somebody looked"
    assert answer.headers["x-decision-id"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.png", "https://169.254.169.254/x", "http://[::1]:1/a.png"])
def test_no_address_inside_the_network_is_fetched(client: httpx.Client, url: str) -> None:
    answer = client.post(IMAGE, json={"image": {"blobUrl": url}})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "InvalidRequestBody")
    assert "not on the public Internet" in error["message"]


T, I = "/contentsafety/text:analyze", "/contentsafety/image:analyze"  # noqa: E741
ERRORS: list[tuple[str, str, Any, int, str, str | None]] = [
    ("no version", T, {"text": "a"}, 400, "MissingApiVersionParameter", "api-version"),
    ("old version", f"{T}?api-version=2019-01-01", {"text": "a"}, 400, "UnsupportedApiVersionValue", "api-version"),
    ("no text", TEXT, {}, 400, "InvalidRequestBody", "text"),
    ("empty text", TEXT, {"text": ""}, 400, "InvalidRequestBody", "text"),
    ("a number", TEXT, {"text": 3}, 400, "InvalidRequestBody", "text"),
    ("too long", TEXT, {"text": "a" * 10_001}, 400, "InvalidRequestBody", "text"),
    ("category", TEXT, {"text": "a", "categories": ["Spam"]}, 400, "InvalidRequestBody", "categories"),
    ("scale", TEXT, {"text": "a", "outputType": "Ten"}, 400, "InvalidRequestBody", "outputType"),
    ("halt", TEXT, {"text": "a", "haltOnBlocklistHit": "yes"}, 400, "InvalidRequestBody", "haltOnBlocklistHit"),
    ("lists", TEXT, {"text": "a", "blocklistNames": "a"}, 400, "InvalidRequestBody", "blocklistNames"),
    ("many lists", TEXT, {"text": "a", "blocklistNames": ["a"] * 11}, 400, "InvalidRequestBody", "blocklistNames"),
    ("unknown list", TEXT, {"text": "a", "blocklistNames": ["none"]}, 404, "ResourceNotFound", None),
    ("name of a list", TEXT, {"text": "a", "blocklistNames": ["a b"]}, 400, "InvalidResourceName", "blocklistName"),
    ("no picture", IMAGE, {}, 400, "InvalidRequestBody", "image"),
    ("both", IMAGE, {"image": {"content": PNG, "blobUrl": "https://a.example/b"}}, 400, "InvalidRequestBody", "image"),
    ("neither", IMAGE, {"image": {}}, 400, "InvalidRequestBody", "image"),
    ("base64", IMAGE, {"image": {"content": "%%%"}}, 400, "InvalidRequestBody", "image.content"),
    ("no image", IMAGE, {"image": {"content": "AAAA"}}, 400, "InvalidRequestBody", None),
    ("a text as a picture", IMAGE, {"image": {"content": "aGVsbG8gdGhlcmU="}}, 400, "InvalidRequestBody", None),
    ("file url", IMAGE, {"image": {"blobUrl": "file:///etc/passwd"}}, 400, "InvalidRequestBody", "image.blobUrl"),
    ("eight for a picture", IMAGE, {"image": {"content": PNG}, "outputType": "EightSeverityLevels"}, 400,
     "InvalidRequestBody", "outputType"),
    ("no object", TEXT, ["a"], 400, "InvalidRequestBody", None),
    ("unknown call", f"/contentsafety/text:shieldPrompt?{VERSION}", {}, 404, "404", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "body", "status", "code", "target"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors_have_azures_shape(
    client: httpx.Client, name: str, path: str, body: Any, status: int, code: str, target: str | None
) -> None:
    answer = client.post(path, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("target")) == (status, code, target), error
    assert answer.headers["x-ms-error-code"] == code
    assert error["message"]
    if name not in (
        "too long",
        "no image",
        "a text as a picture",
    ):  # the decoders' own words change as they learn to read more
        pair = {"path": path, "request": body, "status": answer.status_code, "response": answer.json()}
        golden(GOLDEN, f"error: {name}", pair)


def test_golden_pairs(client: httpx.Client) -> None:
    client.patch(f"{LISTS}/golden?{VERSION}", json={})
    rows: dict[str, tuple[str, Any]] = {
        "text": (TEXT, {"text": "hello", "blocklistNames": ["golden"], "haltOnBlocklistHit": False,
                        "outputType": "EightSeverityLevels"}),
        "severe": (TEXT, {"text": "hateword"}),
        "image": (IMAGE, {"image": {"content": PNG}}),
    }  # fmt: skip
    for name, (path, body) in rows.items():
        answer = client.post(path, json=body)
        golden(GOLDEN, name, {"path": path, "request": body, "status": answer.status_code, "response": answer.json()})


def test_unknown_fields_are_overlooked(client: httpx.Client) -> None:
    assert client.post(TEXT, json={"text": "a", "breakByNewlines": True, "x": [1]}).status_code == 200
    assert client.get(TEXT).json()["error"]["code"] == "MethodNotAllowed"
    assert client.post(f"{T}?api-version=2024-09-01&a=b", json={"text": "a"}).status_code == 200


@pytest.mark.parametrize("text", ["🖕🖕", "\x00", "\ud83d", "\u202eabc", " ", "é" * 10_000, "ﷺ" * 50, "你好，世界"])
def test_any_text_is_answered(client: httpx.Client, text: str) -> None:
    client.patch(f"{LISTS}/any?{VERSION}", json={})
    answer = client.post(TEXT, content=json.dumps({"text": text, "blocklistNames": ["any"]}))
    assert set(severities(answer)) == set(NAMES)


def test_big_bodies(client: httpx.Client) -> None:
    heavy = encode(drawn(2000, 1500), "BMP")  # nine megabytes, twelve as base64
    answer = client.post(IMAGE, json={"image": {"content": base64.b64encode(heavy).decode()}})
    assert answer.status_code == 200, answer.text
    padded = client.post(TEXT, json={"text": "hateword", "padding": "x" * 10_000_000})
    assert severities(padded)["Hate"] == 6
    huge = client.post(TEXT, content=b"x" * (48 * 2**20 + 1))
    assert (huge.status_code, huge.json()["error"]["code"]) == (413, "RequestBodyTooLarge")


def test_fifty_at_once_each_get_their_own_answer(client: httpx.Client) -> None:
    def one(number: int) -> int:
        word = ("hateword", "warword", "nothing")[number % 3]
        with httpx.Client(base_url=client.base_url, timeout=120, trust_env=False) as own:
            return severities(own.post(TEXT, json={"text": f"{word} {number}", "categories": ["Hate"]}))["Hate"]

    found = fifty_at_once(one)
    assert found == [(6, 0, 0)[number % 3] for number in range(100)]


def test_keys_are_the_native_ones(tmp_path: Path) -> None:
    settings = listed(tmp_path, require_keys=True)
    checker, _, revoked = keys(settings)
    with stored(settings) as store:
        admin = store.keys.create("lists", scopes=("admin",)).token
    with serving(settings) as client:

        def ask(token: str | None, method: str = "POST", path: str = TEXT) -> httpx.Response:
            headers = {} if token is None else {"Ocp-Apim-Subscription-Key": token}
            return client.request(method, path, json={"text": "hello"}, headers=headers)

        assert ask(checker).status_code == 200
        assert ask(admin).status_code == 200
        for bad in (None, "0123456789abcdef0123456789abcdef", "eh_unknown", revoked):
            answer = ask(bad)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "401")
            assert answer.headers["x-ms-error-code"] == "401"
        lists = f"{LISTS}/words?{VERSION}"
        refused = ask(checker, "PATCH", lists)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "PermissionDenied")
        assert ask(admin, "PATCH", lists).status_code == 201
        bearer = client.post(TEXT, json={"text": "a"}, headers={"Authorization": f"Bearer {checker}"})
        assert bearer.status_code == 200


def test_the_rate_limit_is_the_native_one(tmp_path: Path) -> None:
    with serving(listed(tmp_path, rate_limit=2)) as client:
        answers = [client.post(TEXT, json={"text": "a"}) for _ in range(3)]
    assert (answers[-1].status_code, answers[-1].json()["error"]["code"]) == (429, "TooManyRequests")
    assert int(answers[-1].headers["retry-after"]) > 0


def test_an_idempotency_key_gives_the_first_answer_again(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "azure-1"}
    first, second = (client.post(TEXT, json={"text": "hateword"}, headers=headers) for _ in range(2))
    assert second.json() == first.json()
    assert second.headers["x-decision-id"] == first.headers["x-decision-id"]
    other = client.post(TEXT, json={"text": "other"}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "Conflict")


def test_a_detector_that_failed_never_reads_as_clean(tmp_path: Path) -> None:
    models = tmp_path / "models.yaml"
    models.write_text(
        "models:\n  - {kind: llm, name: gone, url: 'http://127.0.0.1:9/v1', model: m, policy: Be kind., retries: 0,\n"
        "     labels: [violence.threat]}\n"
    )
    answers = {}
    for mode in ("error", "worst"):
        folder = tmp_path / mode
        folder.mkdir()
        with serving(listed(folder, dialect_incomplete=mode, models=models)) as client:
            answers[mode] = client.post(TEXT, json={"text": "hello"})
            other = client.post(TEXT, json={"text": "hello", "categories": ["Sexual"]})
            assert severities(other) == {"Sexual": 0}, "what the missing detector says nothing about"
            client.patch(f"{LISTS}/words?{VERSION}", json={})
            items = {"blocklistItems": [{"text": "badword"}]}
            client.post(f"{LISTS}/words:addOrUpdateBlocklistItems?{VERSION}", json=items)
            halted = {"text": "badword", "blocklistNames": ["words"], "haltOnBlocklistHit": True}
            assert client.post(TEXT, json=halted).json()["categoriesAnalysis"] == []
    error = answers["error"].json()["error"]
    assert (answers["error"].status_code, error["code"]) == (503, "ServerBusy")
    assert "text.llm:gone" in error["message"]
    assert severities(answers["worst"]) == {"Hate": 0, "SelfHarm": 0, "Sexual": 0, "Violence": 6}


def test_a_server_without_detectors_for_it_says_so(tmp_path: Path) -> None:
    with serving(quick(tmp_path)) as client:
        answer = client.post(TEXT, json={"text": "hello"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ServerBusy")
