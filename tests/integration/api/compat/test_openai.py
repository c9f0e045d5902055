"""OpenAI's moderations over a real server: answers, errors, keys, records, pictures."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.settings import Settings
from tests.compat import fifty_at_once, golden, keys
from tests.media import drawn, encode
from tests.server import quick, serving

GOLDEN = Path(__file__).parent / "golden_openai.json"
PATH = "/v1/moderations"
RUDE, KIND = "You are an idiot, shut up.", "Have a nice day, my friend."
THREAT = "I will kill you tomorrow."
CATEGORIES = {
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic",
}  # fmt: skip
HEAVY = ("image.ocr", "image.symbol", "image.weapon", "image.likeness", "image.face", "image.hash", "image.code")
PNG = encode(drawn(), "PNG")


def url_of(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def picture(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def shaped(answer: httpx.Response) -> Any:
    """Give an answer with what differs from run to run masked."""
    body = answer.json()
    if "id" in body:
        body["id"] = "modr-ID"
    for result in body.get("results", []):
        assert all(0.0 <= score <= 1.0 for score in result["category_scores"].values())
        result["category_scores"] = dict.fromkeys(result["category_scores"], 0.5)
    return body


def listed(folder: Path, **overrides: object) -> Settings:
    """Give settings for a server that judges by word lists alone, and pictures by one model."""
    lists = folder / "lists"
    lists.mkdir()
    for name, label, word in (
        ("own", "known.black", "badword"),
        ("slurs", "hate.attack", "slurword"),
        ("rude", "harassment.insult", "rudeword"),
        ("adverts", "ads.promotion", "bestprice"),
    ):
        (lists / f"{name}.yaml").write_text(
            f"name: {name}\nkind: words\nlist: black\nlabel: {label}\nitems: [{word}]\n"
        )
    return quick(folder, libraries=lists, disabled_detectors=("text.harm", *HEAVY), **overrides)


@pytest.fixture(scope="module")
def by_lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Give a client of a server that loads no text model."""
    with serving(listed(tmp_path_factory.mktemp("openai"))) as opened:
        yield opened


def test_a_text_is_answered_in_thirteen_categories(model_client: httpx.Client) -> None:
    answer = model_client.post(PATH, json={"input": RUDE})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["id"] == f"modr-{answer.headers['x-decision-id']}"
    assert body["model"] == "omni-moderation-latest"
    (result,) = body["results"]
    for part in ("categories", "category_scores", "category_applied_input_types"):
        assert set(result[part]) == CATEGORIES
    assert result["flagged"] is True
    assert [name for name, flag in result["categories"].items() if flag] == ["harassment"]
    assert result["category_scores"]["harassment"] > 0.8
    assert result["category_applied_input_types"]["harassment"] == ["text"]
    assert result["category_applied_input_types"]["sexual/minors"] == [], "no detector speaks for it"
    decision = model_client.get(f"/v1/decisions/{answer.headers['x-decision-id']}").json()
    assert decision["labels"]["harassment.insult"] == pytest.approx(result["category_scores"]["harassment"], abs=0.2)


def test_a_list_gets_a_result_for_each_and_parts_one_together(model_client: httpx.Client) -> None:
    listed = model_client.post(PATH, json={"input": [KIND, THREAT, ""]})
    assert [one["flagged"] for one in listed.json()["results"]] == [False, True, False]
    assert len(listed.headers["x-decision-id"].split(", ")) == 3
    parts = model_client.post(PATH, json={"input": [text(KIND), text(THREAT)]}).json()
    (one,) = parts["results"]
    assert one["categories"]["violence"] is True
    assert one["category_scores"]["violence"] == listed.json()["results"][1]["category_scores"]["violence"]


@pytest.mark.parametrize("model", ["text-moderation-latest", "text-moderation-stable", "text-moderation-007"])
def test_the_older_models_have_eleven_categories(model_client: httpx.Client, model: str) -> None:
    body = model_client.post(PATH, json={"input": "hello", "model": model}).json()
    assert body["model"] == model
    assert set(body["results"][0]["categories"]) == CATEGORIES - {"illicit", "illicit/violent"}


def test_pictures_come_as_data_urls(by_lists: httpx.Client) -> None:
    answer = by_lists.post(PATH, json={"input": [text("slurword"), picture(url_of(PNG))]})
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    assert result["flagged"]
    assert result["categories"]["hate"]
    types = result["category_applied_input_types"]
    assert (types["sexual"], types["hate"], types["self-harm"]) == (["image"], ["text"], [])
    alone = by_lists.post(PATH, json={"input": [picture(url_of(PNG).replace("+", "%2B").replace("=", ""))]}).json()
    assert alone["results"][0]["category_applied_input_types"]["hate"] == []
    assert alone["results"][0]["flagged"] is False


def test_pictures_come_as_addresses(tmp_path: Path) -> None:
    with files({"/a.png": PNG}) as address:
        allowed = address.removeprefix("http://")
        settings = quick(tmp_path, disabled_detectors=("text.harm", *HEAVY), fetch_allow_hosts=(allowed,))
        with serving(settings) as client:
            good = client.post(PATH, json={"input": [picture(f"{address}/a.png")]})
            missing = client.post(PATH, json={"input": [text("a"), picture(f"{address}/b.png")]})
    assert good.status_code == 200, good.text
    error = missing.json()["error"]
    assert (missing.status_code, error["code"], error["param"]) == (400, "image_url_unavailable", "input[1]")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/a.png", "http://169.254.169.254/latest/meta-data", "http://[::1]/"]
)
def test_no_address_inside_the_network_is_fetched(model_client: httpx.Client, url: str) -> None:
    answer = model_client.post(PATH, json={"input": [picture(url)]})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "image_url_unavailable")
    assert "not on the public Internet" in error["message"]


ERRORS: list[tuple[str, Any, int, str | None, str | None]] = [
    ("no input", {}, 400, "input", "missing_required_parameter"),
    ("null input", {"input": None}, 400, "input", "missing_required_parameter"),
    ("a number", {"input": 7}, 400, "input", "invalid_type"),
    ("empty list", {"input": []}, 400, "input", "empty_array"),
    ("too many", {"input": ["a"] * 1001}, 400, "input", "array_above_max_length"),
    ("tokens", {"input": [1, 2]}, 400, "input[0]", "invalid_value"),
    ("mixed", {"input": [text("a"), "b"]}, 400, "input[1]", "invalid_value"),
    ("part of another type", {"input": [{"type": "audio"}]}, 400, "input[0]", "invalid_value"),
    ("no text in a part", {"input": [{"type": "text"}]}, 400, "input[0].text", "missing_required_parameter"),
    ("no url", {"input": [{"type": "image_url", "image_url": {}}]}, 400, "input[0].image_url.url",
     "missing_required_parameter"),
    ("ftp", {"input": [picture("ftp://example.org/a.png")]}, 400, "input[0].image_url.url", "invalid_image_url"),
    ("bad base64", {"input": [picture("data:image/png;base64,%%%")]}, 400, "input[0].image_url.url", "invalid_base64"),
    ("no base64", {"input": [picture("data:image/png,abc")]}, 400, "input[0].image_url.url", "invalid_base64"),
    ("no picture", {"input": [picture(url_of(b"\x89PNG\r\n\x1a\n broken"))]}, 400, "input[0]", "bad_input"),
    ("text as picture", {"input": [picture(url_of(b"hello there"))]}, 400, "input[0]", "unsupported"),
    ("unknown model", {"input": "a", "model": "gpt-9"}, 404, "model", "model_not_found"),
    ("model of another type", {"input": "a", "model": 3}, 400, "model", "invalid_type"),
    ("picture for a text model", {"input": [picture(url_of(PNG))], "model": "text-moderation-latest"}, 400,
     "input[0].type", "invalid_value"),
    ("no object", ["a"], 400, "input", "bad_input"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "status", "param", "code"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors_have_openais_shape(
    model_client: httpx.Client, name: str, body: Any, status: int, param: str | None, code: str | None
) -> None:
    answer = model_client.post(PATH, json=body)
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (answer.status_code, error["param"], error["code"]) == (status, param, code), error
    assert error["type"] == "invalid_request_error"
    if name not in ("too many", "no picture", "text as picture"):  # the decoders' own words are theirs to change
        pair = {"request": body, "status": answer.status_code, "response": answer.json()}
        golden(GOLDEN, f"error: {name}", pair)


def test_golden_pairs(model_client: httpx.Client) -> None:
    rows: dict[str, Any] = {
        "text": {"model": "omni-moderation-latest", "input": "hello"},
        "list": {"model": "omni-moderation-latest", "input": ["a", "b"]},
        "flagged": {"input": THREAT},
        "text model": {"input": RUDE, "model": "text-moderation-stable"},
    }
    for name, body in rows.items():
        answer = model_client.post(PATH, json=body)
        golden(GOLDEN, name, {"request": body, "status": answer.status_code, "response": shaped(answer)})


def test_unknown_fields_are_overlooked_and_other_calls_refused(model_client: httpx.Client) -> None:
    body = {"input": [{**text("hello"), "cache": True}], "user": "u", "metadata": {"a": [1]}}
    assert model_client.post(PATH, json=body).status_code == 200
    for method, path, status in (("GET", PATH, 405), ("POST", f"{PATH}/x", 404), ("DELETE", PATH, 405)):
        answer = model_client.request(method, path)
        assert (answer.status_code, answer.json()["error"]["type"]) == (status, "invalid_request_error")
    broken = model_client.post(PATH, content=b'{"input": "a"', headers={"content-type": "application/json"})
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "bad_input")


@pytest.mark.parametrize(
    "words", ["🖕🖕", "\x00\x01", "\ud83d", "\u202eabc", "", " ", "é" * 2_000, "ﷺ" * 50, "你好，世界"]
)
def test_any_text_is_answered(model_client: httpx.Client, words: str) -> None:
    answer = model_client.post(PATH, content=json.dumps({"input": [words, words]}))
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["results"]
    assert first == second


def test_big_bodies(by_lists: httpx.Client) -> None:
    big = by_lists.post(PATH, json={"input": ["a " * 5_000], "padding": "x" * 10_000_000})
    assert big.status_code == 200
    heavy = encode(drawn(2000, 1500), "BMP")  # nine megabytes, twelve as base64
    assert len(heavy) > 8_000_000
    answer = by_lists.post(PATH, json={"input": [picture(url_of(heavy, "image/bmp"))]})
    assert answer.status_code == 200, answer.text
    long = by_lists.post(PATH, json={"input": "a" * 1_000_001})
    assert (long.status_code, long.json()["error"]["code"]) == (413, "too_large")
    huge = by_lists.post(PATH, content=b"x" * (48 * 2**20 + 1))
    assert (huge.status_code, huge.json()["error"]["type"]) == (413, "invalid_request_error")


def test_fifty_at_once_each_get_their_own_answer(by_lists: httpx.Client) -> None:
    def one(number: int) -> tuple[bool, ...]:
        words = ["a slurword here" if number >> place & 1 else "nothing" for place in range(7)]
        with httpx.Client(base_url=by_lists.base_url, timeout=120, trust_env=False) as client:
            answer = client.post(PATH, json={"input": words})
        return tuple(result["categories"]["hate"] for result in answer.json()["results"])

    flags = fifty_at_once(one)
    assert flags == [tuple(bool(number >> place & 1) for place in range(7)) for number in range(100)]


def test_keys_are_the_native_ones(tmp_path: Path) -> None:
    settings = listed(tmp_path, require_keys=True)
    good, reader, revoked = keys(settings)
    with serving(settings) as client:

        def ask(token: str | None) -> httpx.Response:
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            return client.post(PATH, json={"input": "hello"}, headers=headers)

        assert ask(good).status_code == 200
        for bad in (None, "sk-theirs", "eh_unknown", revoked):
            answer = ask(bad)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (401, "invalid_api_key")
            assert (error["type"], error["param"]) == ("invalid_request_error", None)
        answer = ask(reader)
        assert (answer.status_code, answer.json()["error"]["type"]) == (403, "permission_error")


def test_the_rate_limit_is_the_native_one(tmp_path: Path) -> None:
    with serving(listed(tmp_path, rate_limit=2)) as client:
        answers = [client.post(PATH, json={"input": "a"}) for _ in range(3)]
    error = answers[-1].json()["error"]
    assert (answers[-1].status_code, error["type"], error["code"]) == (429, "requests", "rate_limit_exceeded")
    assert int(answers[-1].headers["retry-after"]) > 0


def test_an_idempotency_key_gives_the_first_answer_again(by_lists: httpx.Client) -> None:
    headers = {"Idempotency-Key": "openai-1"}
    first, second = (by_lists.post(PATH, json={"input": KIND}, headers=headers) for _ in range(2))
    assert second.json() == first.json()
    assert second.headers["x-decision-id"] == first.headers["x-decision-id"]
    other = by_lists.post(PATH, json={"input": RUDE}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")


def test_an_own_list_flags_without_a_category(by_lists: httpx.Client) -> None:
    (result,) = by_lists.post(PATH, json={"input": "what a badword"}).json()["results"]
    assert result["flagged"] is True
    assert not any(result["categories"].values())


def test_advertising_flags_only_where_the_operator_asks(tmp_path: Path) -> None:
    flags = []
    for mode in ("categories", "decision"):
        folder = tmp_path / mode
        folder.mkdir()
        with serving(listed(folder, openai_flagged=mode)) as client:
            answer = client.post(PATH, json={"input": "the bestprice in town"})
            action = client.get(f"/v1/decisions/{answer.headers['x-decision-id']}").json()["action"]
        assert action == "review"
        flags.append(answer.json()["results"][0]["flagged"])
    assert flags == [False, True]


def test_a_model_name_may_have_a_line_of_its_own(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "name: mine\nversion: '1'\nlines:\n  default: {rules: []}\n  strict:\n    rules:\n"
        "      - {name: any, when: {label: harassment, score: {min: 0.5}, context: {dialect: openai}}, action: block}\n"
    )
    lines = {"openai/omni-moderation-2024-09-26": "strict"}
    with serving(listed(tmp_path, policy=policy, dialect_lines=lines)) as client:
        flags = [
            client.post(PATH, json={"input": "a rudeword", "model": model}).json()["results"][0]["flagged"]
            for model in ("omni-moderation-latest", "omni-moderation-2024-09-26")
        ]
    assert flags == [False, True]


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
            answers[mode] = client.post(PATH, json={"input": ["hello", "hello"]})
    error = answers["error"].json()["error"]
    assert (answers["error"].status_code, error["type"], error["code"]) == (503, "server_error", "incomplete")
    assert "text.llm:gone" in error["message"]
    for result in answers["worst"].json()["results"]:
        assert result["flagged"] is True
        worst = {name for name, score in result["category_scores"].items() if score == 1.0}
        assert worst == {"harassment", "harassment/threatening", "violence"}, "what it could have spoken for"
        assert worst == {name for name, flag in result["categories"].items() if flag}


def test_a_server_without_detectors_for_it_says_so(tmp_path: Path) -> None:
    with serving(quick(tmp_path)) as client:
        answer = client.post(PATH, json={"input": THREAT})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "incomplete")


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with serving(quick(tmp_path, dialects=("perspective",))) as client:
        answer = client.post(PATH, json={"input": "a"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@contextmanager
def files(held: dict[str, bytes]) -> Iterator[str]:
    """Serve files on loopback; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = held.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
