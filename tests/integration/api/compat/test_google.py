"""Google's dialect over a real server: answers, errors, keys, records, pictures."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.detectors import drawings
from evenhand.settings import Settings
from evenhand.store import open_store
from tests.compat import fifty_at_once, golden, keys, masked
from tests.integration.api.compat import test_openai
from tests.integration.api.compat.test_openai import HEAVY, PNG
from tests.media import drawn, encode
from tests.rekognition import png
from tests.server import quick, serving

GOLDEN = Path(__file__).parent / "golden_google.json"
VISION, V1, V2 = "/v1/images:annotate", "/v1/documents:moderateText", "/v2/documents:moderateText"
SAFE = {"type": "SAFE_SEARCH_DETECTION"}
NUMBERS = frozenset(["confidence", "severity", "detectionConfidence", "x", "y", "rollAngle", "panAngle", "tiltAngle"])


def listed(folder: Path, **overrides: object) -> Settings:
    """Give settings for a server that judges by word lists, and pictures by one model."""
    return test_openai.listed(folder, detector_timeout_s=180.0, **overrides)


def document(text: str, kind: str = "PLAIN_TEXT", **more: Any) -> dict[str, Any]:
    return {"document": {"type": kind, "content": text, **more}}


def picture(data: bytes = PNG, *features: str, **more: Any) -> dict[str, Any]:
    wanted = [{"type": name} for name in features] or [SAFE]
    return {"image": {"content": base64.b64encode(data).decode()}, "features": wanted, **more}


def confidences(answer: httpx.Response) -> dict[str, float]:
    assert answer.status_code == 200, answer.text
    return {one["name"]: one["confidence"] for one in answer.json()["moderationCategories"]}


def error(answer: httpx.Response) -> tuple[int, str]:
    """Give the HTTP status and the status's name, which the body says too."""
    body = answer.json()["error"]
    assert body["code"] == answer.status_code
    return answer.status_code, body["status"]


def calm(document: Any) -> Any:
    """Put one likelihood in the place of all that are low: models move between them."""
    if isinstance(document, dict):
        return {name: calm(value) for name, value in document.items()}
    if isinstance(document, list):
        return [calm(value) for value in document]
    return "UNLIKELY" if document == "VERY_UNLIKELY" else document


@pytest.fixture(scope="module")
def by_lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Give a client of a server that loads no text model."""
    folder = tmp_path_factory.mktemp("google")
    bucket = folder / "bucket"
    bucket.mkdir()
    (bucket / "a.png").write_bytes(PNG)
    (bucket / "a.txt").write_text("a slurword in a file, ü", "utf-8")
    (bucket / "latin.txt").write_bytes("ü".encode("latin-1"))
    with serving(listed(folder, s3_buckets={"uploads": str(bucket)})) as opened:
        yield opened


def test_a_text_is_answered_in_the_categories_that_are_looked_for(model_client: httpx.Client) -> None:
    answer = model_client.post(V1, json=document("You are an idiot, shut up."))
    told = confidences(answer)
    assert list(told) == [
        "Toxic", "Insult", "Profanity", "Derogatory", "Sexual", "Death, Harm & Tragedy", "Violent",
        "Firearms & Weapons", "Illicit Drugs", "Politics",
    ]  # fmt: skip
    assert told["Insult"] > 0.8
    assert set(answer.json()) == {"moderationCategories"}, "version 1 says no more"
    decision = model_client.get(f"/v1/decisions/{answer.headers['x-decision-id']}").json()
    assert decision["labels"]["harassment.insult"] == pytest.approx(told["Insult"], abs=0.2)


def test_a_category_that_nobody_here_looks_for_is_left_out(by_lists: httpx.Client) -> None:
    assert list(confidences(by_lists.post(V2, json=document("hello")))) == ["Toxic", "Insult", "Derogatory"]


def test_severity_is_what_the_line_makes_of_a_category(by_lists: httpx.Client) -> None:
    body = {**document("a slurword and a rudeword"), "modelVersion": "MODEL_VERSION_2"}
    rows = {one["name"]: one for one in by_lists.post(V2, json=body).json()["moderationCategories"]}
    assert {name: row["severity"] for name, row in rows.items()} == {"Toxic": 0.9, "Insult": 0.9, "Derogatory": 0.9}
    calm = by_lists.post(V2, json={**document("nothing"), "modelVersion": 2}).json()["moderationCategories"]
    assert {row["severity"] for row in calm} == {0.0}
    for version in ("MODEL_VERSION_1", "MODEL_VERSION_UNSPECIFIED", 0):
        plain = by_lists.post(V2, json={**body, "modelVersion": version}).json()["moderationCategories"]
        assert not [row for row in plain if "severity" in row]


def test_what_an_operator_listed_does_not_read_as_clean(by_lists: httpx.Client) -> None:
    assert confidences(by_lists.post(V1, json=document("what a badword")))["Toxic"] > 0.9


def test_naming_a_group_or_a_religion_is_nothing(model_client: httpx.Client) -> None:
    told = confidences(model_client.post(V2, json=document("My neighbours are Muslim and Jewish, and we are friends.")))
    assert max(told[name] for name in ("Toxic", "Derogatory", "Insult")) < 0.5
    assert "Religion & Belief" not in told


def test_languages(model_client: httpx.Client) -> None:
    second = model_client.post(V2, json=document("Guten Morgen, mein lieber Freund.", languageCode="de")).json()
    assert (second["languageCode"], second["languageSupported"]) == ("de", True)
    found = model_client.post(V2, json=document("Thank you for the help with my garden this weekend.")).json()
    assert (found["languageCode"], found["languageSupported"]) == ("en", True)
    other = model_client.post(V2, json=document("hello", language_code="tlh")).json()
    assert (other["languageCode"], other["languageSupported"]) == ("tlh", False)
    refused = model_client.post(V1, json=document("hello", language="tlh"))
    assert error(refused) == (400, "INVALID_ARGUMENT")
    assert "tlh is not supported" in refused.json()["error"]["message"]


def test_html_is_read_without_its_tags(by_lists: httpx.Client) -> None:
    page = "<p title='rudeword'>a slur<b>word</b></p><script>rudeword</script>"
    told = confidences(by_lists.post(V2, json=document(page, "HTML")))
    assert (told["Derogatory"] > 0.5, told["Insult"] < 0.5) == (True, True)


def test_documents_in_storage(by_lists: httpx.Client) -> None:
    def ask(address: str) -> httpx.Response:
        return by_lists.post(V2, json={"document": {"type": 1, "gcsContentUri": address}})

    assert confidences(ask("gs://uploads/a.txt"))["Derogatory"] > 0.5
    for address, status in (
        ("gs://uploads/none.txt", (404, "NOT_FOUND")),
        ("gs://none/a.txt", (404, "NOT_FOUND")),
        ("gs://uploads/../test.db", (404, "NOT_FOUND")),
        ("gs://uploads", (400, "INVALID_ARGUMENT")),
        ("gs://uploads/latin.txt", (400, "INVALID_ARGUMENT")),
        ("file:///etc/passwd", (400, "INVALID_ARGUMENT")),
    ):
        assert error(ask(address)) == status, address


ERRORS: list[tuple[str, str, str, Any, tuple[int, str]]] = [
    ("no requests", "POST", VISION, {}, (400, "INVALID_ARGUMENT")),
    ("seventeen", "POST", VISION, {"requests": [{}] * 17}, (400, "INVALID_ARGUMENT")),
    ("requests of another type", "POST", VISION, {"requests": "a"}, (400, "INVALID_ARGUMENT")),
    ("unknown feature", "POST", VISION, {"requests": [{"features": [{"type": "X"}]}]}, (400, "INVALID_ARGUMENT")),
    ("content of another type", "POST", VISION, {"requests": [{"image": {"content": 1}}]}, (400, "INVALID_ARGUMENT")),
    ("results", "POST", VISION, {"requests": [{"features": [{"type": 1, "maxResults": "x"}]}]},
     (400, "INVALID_ARGUMENT")),
    ("no document", "POST", V1, {}, (400, "INVALID_ARGUMENT")),
    ("no type", "POST", V1, {"document": {"content": "a"}}, (400, "INVALID_ARGUMENT")),
    ("no content", "POST", V2, document(""), (400, "INVALID_ARGUMENT")),
    ("both", "POST", V2, document("a", gcsContentUri="gs://a/b"), (400, "INVALID_ARGUMENT")),
    ("number as content", "POST", V2, {"document": {"type": 1, "content": 5}}, (400, "INVALID_ARGUMENT")),
    ("unknown type", "POST", V2, document("a", "PDF"), (400, "INVALID_ARGUMENT")),
    ("unknown version", "POST", V2, {**document("a"), "modelVersion": "X"}, (400, "INVALID_ARGUMENT")),
    ("no object", "POST", V2, ["a"], (400, "INVALID_ARGUMENT")),
    ("asynchronous", "POST", "/v1/images:asyncBatchAnnotate", {}, (501, "UNIMPLEMENTED")),
    ("files", "POST", "/v1/projects/p/locations/eu/files:annotate", {}, (501, "UNIMPLEMENTED")),
    ("sentiment", "POST", "/v2/documents:analyzeSentiment", {}, (501, "UNIMPLEMENTED")),
    ("no such call", "POST", "/v1/documents:burnText", {}, (404, "NOT_FOUND")),
    ("beta", "POST", "/v1beta2/documents:moderateText", {}, (404, "NOT_FOUND")),
    ("get", "GET", V2, None, (404, "NOT_FOUND")),
    ("put", "PUT", VISION, {}, (404, "NOT_FOUND")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "method", "path", "body", "expected"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors_have_googles_shape(
    by_lists: httpx.Client, name: str, method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    answer = by_lists.request(method, path, json=body)
    assert error(answer) == expected, answer.text
    sent = body if len(json.dumps(body)) < 500 else "long"
    golden(GOLDEN, f"error: {name}", {"call": f"{method} {path}", "request": sent, "response": answer.json()})


def test_golden_pairs(by_lists: httpx.Client, model_client: httpx.Client) -> None:
    texts: dict[str, tuple[str, Any]] = {
        "version 1": (V1, document("hello")),
        "version 2": (V2, document("Thank you for the help with my garden this weekend.")),
        "severities": (V2, {**document("hello, my friend"), "modelVersion": "MODEL_VERSION_2"}),
    }
    for name, (path, body) in texts.items():
        answer = model_client.post(path, json=body)
        golden(GOLDEN, name, masked({"call": path, "request": body, "response": answer.json()}, NUMBERS))
    pictures = {"notice": drawings.notice(), "face": drawings.face()}
    features = ("SAFE_SEARCH_DETECTION", "TEXT_DETECTION", "FACE_DETECTION", "LABEL_DETECTION")
    for name, part in pictures.items():
        answer = model_client.post(VISION, json={"requests": [picture(png(part), *features)]}, timeout=300)
        golden(GOLDEN, name, masked({"request": f"{name}: {features}", "response": calm(answer.json())}, NUMBERS))
    lists = by_lists.post(VISION, json={"requests": [picture(), {}]}).json()
    golden(GOLDEN, "likelihoods", {"request": "a drawing, and nothing", "response": calm(lists)})


def test_json_is_read_as_google_reads_it_and_unknown_fields_are_overlooked(by_lists: httpx.Client) -> None:
    loose = b"{document: {type: 'PLAIN_TEXT', content: 'a slurword', gcs_content_uri: '', unknown: [1,]}, more: {},}"
    assert confidences(by_lists.post(V2, content=loose))["Derogatory"] > 0.5
    body = {"requests": [picture(image_context={"language_hints": ["en"]})], "parent": "projects/p", "labels": {}}
    assert "error" not in by_lists.post("/v1/projects/p/images:annotate", json=body).json()["responses"][0]
    broken = by_lists.post(V2, content=b'{"document": ')
    assert error(broken) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("words", ["🖕🖕", "\x00\x01", "\ud83d", "\u202eabc", " ", "é" * 2_000, "ﷺ" * 50, "你好，世界"])
def test_any_text_is_answered(model_client: httpx.Client, words: str) -> None:
    for kind in ("PLAIN_TEXT", "HTML"):
        answer = model_client.post(V2, content=json.dumps(document(words, kind)))
        assert answer.status_code == 200, answer.text


def test_big_bodies(by_lists: httpx.Client) -> None:
    assert by_lists.post(V2, json={**document("a " * 5_000), "padding": "x" * 10_000_000}).status_code == 200
    heavy = encode(drawn(2000, 1500), "BMP")  # nine megabytes, twelve as base64
    (answer,) = by_lists.post(VISION, json={"requests": [picture(heavy)]}).json()["responses"]
    assert "error" not in answer
    long = by_lists.post(V2, json=document("a" * 1_000_001))
    assert error(long) == (400, "INVALID_ARGUMENT")
    assert "exceeds the limit" in long.json()["error"]["message"]
    huge = by_lists.post(VISION, content=b"x" * (48 * 2**20 + 1))
    assert error(huge) == (400, "INVALID_ARGUMENT")


def test_fifty_at_once_each_get_their_own_answer(by_lists: httpx.Client) -> None:
    def one(number: int) -> bool:
        words = "a slurword here" if number % 2 else f"nothing {number}"
        with httpx.Client(base_url=by_lists.base_url, timeout=120, trust_env=False) as client:
            return confidences(client.post(V2, json=document(words)))["Derogatory"] > 0.5

    flags = fifty_at_once(one)
    assert flags == [number % 2 == 1 for number in range(100)]


def test_keys_are_the_native_ones(tmp_path: Path) -> None:
    settings = listed(tmp_path, require_keys=True)
    good, reader, revoked = keys(settings)
    with serving(settings) as client:

        def ask(key: str | None = None, **headers: str) -> httpx.Response:
            where = f"{V2}?key={key}" if key else V2
            return client.post(where, json=document("hello"), headers=headers)

        assert ask(good).status_code == 200
        assert ask(**{"X-Goog-Api-Key": good}).status_code == 200
        assert ask(Authorization=f"Bearer {good}").status_code == 200
        for bad in ("AIzaTheirs", "eh_unknown", revoked):
            answer = ask(bad)
            assert error(answer) == (400, "INVALID_ARGUMENT")
            assert answer.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
        token = ask(Authorization="Bearer ya29.theirs")
        assert error(token) == (403, "PERMISSION_DENIED")
        assert "OAuth access tokens are not taken here" in token.json()["error"]["message"]
        assert error(ask()) == (403, "PERMISSION_DENIED")
        assert error(ask(reader)) == (403, "PERMISSION_DENIED")
        assert error(client.post("/v1/images:asyncBatchAnnotate", json={})) == (403, "PERMISSION_DENIED")
        store = open_store(settings=settings)
        here, elsewhere = (store.keys.create("limited", only=(name,)).token for name in ("google", "openai"))
        store.close()
        assert ask(here).status_code == 200
        assert error(ask(elsewhere)) == (403, "PERMISSION_DENIED")


def test_the_rate_limit_is_the_native_one(tmp_path: Path) -> None:
    with serving(listed(tmp_path, rate_limit=2)) as client:
        answers = [client.post(V2, json=document("a")) for _ in range(3)]
    assert error(answers[-1]) == (429, "RESOURCE_EXHAUSTED")
    assert int(answers[-1].headers["retry-after"]) > 0


def test_an_idempotency_key_gives_the_first_answer_again(by_lists: httpx.Client) -> None:
    headers = {"Idempotency-Key": "google-1"}
    first, second = (by_lists.post(V2, json=document("a"), headers=headers) for _ in range(2))
    assert second.json() == first.json()
    assert second.headers["x-decision-id"] == first.headers["x-decision-id"]
    assert error(by_lists.post(V2, json=document("b"), headers=headers)) == (409, "ABORTED")


def test_calls_may_have_lines_of_their_own(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "name: mine\nversion: '1'\nlines:\n  default: {rules: []}\n  texts:\n    rules:\n"
        "      - {name: any, when: {label: harassment, score: {min: 0.5}, context: {dialect: google}}, action: block}\n"
    )
    lines = {"google/documents:moderateText": "texts"}
    with serving(listed(tmp_path, policy=policy, dialect_lines=lines)) as client:
        ids = [
            client.post(path, json=body).headers["x-decision-id"]
            for path, body in ((V2, document("a rudeword")), (VISION, {"requests": [picture()]}))
        ]
        decided = [client.get(f"/v1/decisions/{one}").json() for one in ids]
    assert [one["policy"].rpartition("/")[2] for one in decided] == ["texts", "default"]
    assert decided[0]["action"] == "block"


def test_a_detector_that_failed_never_reads_as_clean(tmp_path: Path) -> None:
    models = tmp_path / "models.yaml"
    models.write_text(
        "models:\n  - {kind: llm, name: gone, url: 'http://127.0.0.1:9/v1', model: m, policy: Be kind., retries: 0,\n"
        "     labels: [harassment, violence.threat]}\n"
    )
    answers = {}
    for mode in ("error", "worst"):
        folder = tmp_path / mode
        folder.mkdir()
        with serving(listed(folder, dialect_incomplete=mode, models=models)) as client:
            body = {**document("hello"), "modelVersion": "MODEL_VERSION_2"}
            answers[mode] = client.post(V2, json=body)
    assert error(answers["error"]) == (503, "UNAVAILABLE")
    assert "text.llm:gone" in answers["error"].json()["error"]["message"]
    worst = {one["name"]: one["severity"] for one in answers["worst"].json()["moderationCategories"]}
    assert worst == {"Toxic": 0.9, "Insult": 0.0, "Derogatory": 0.0, "Violent": 0.9}


def test_a_server_without_detectors_for_it_says_so(tmp_path: Path) -> None:
    off = ("text.harm", "image.nudity", *HEAVY)
    with serving(quick(tmp_path, disabled_detectors=off)) as client:
        assert error(client.post(V2, json=document("a"))) == (503, "UNAVAILABLE")
        assert error(client.post(VISION, json={"requests": [picture()]})) == (503, "UNAVAILABLE")


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with serving(quick(tmp_path, dialects=("perspective",))) as client:
        answer = client.post(V2, json=document("a"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
