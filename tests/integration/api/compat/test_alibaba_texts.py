"""Texts in both versions of Alibaba Cloud's API, with the vendor's clients over a real server."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

pytest.importorskip("alibabacloud_green20220302", reason="the vendor's clients are test dependencies")
pytest.importorskip("aliyunsdkgreen", reason="the vendor's clients are test dependencies")
from alibabacloud_green20220302.models import ManualModerationRequest, TextModerationRequest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkgreen.request.v20180509.TextFeedbackRequest import TextFeedbackRequest
from aliyunsdkgreen.request.v20180509.TextScanRequest import TextScanRequest
from darabonba.exceptions import DaraException

from evenhand.store import open_store
from tests.alibaba import Served, acs3, alibaba, libraries, plus, refused, roa
from tests.compat import SECRET_KEY, fifty_at_once, golden
from tests.server import quick

GOLDEN = Path(__file__).parent / "golden_alibaba.json"
POLICY = """
name: shop
version: "1"
lines:
  default:
    extends: evenhand
  strict:
    extends: evenhand
    rules:
      - name: no-links
        when: {label: ads.link, score: {min: 0.5}}
        action: block
"""
DEAL = "a florbzim deal for you"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "policy.yaml").write_text(POLICY)
    settings = quick(
        folder,
        secret_key=SECRET_KEY,
        libraries=libraries(folder / "libraries"),
        policy=folder / "policy.yaml",
        dialect_lines={"alibaba/chat_detection": "strict", "alibaba/forum": "strict"},
    )
    with alibaba(settings) as running:
        yield running


def moderation(served: Served, text: str, service: str = "comment_detection", **more: Any) -> Any:
    request = TextModerationRequest(service=service, service_parameters=json.dumps({"content": text, **more}))
    return served.client_2022().text_moderation(request).body


def scan(served: Served, *texts: str, **more: Any) -> dict[str, Any]:
    tasks = [{"dataId": str(uuid.uuid4()), "content": text} for text in texts]
    return served.ask(TextScanRequest(), {"scenes": ["antispam"], "tasks": tasks, **more})


def test_text_moderation(served: Served) -> None:
    found = moderation(served, DEAL, dataId="d-1", accountId="a-1")
    assert (found.code, found.message, found.data.labels) == (200, "OK", "ad")
    assert (found.data.data_id, found.data.account_id) == ("d-1", "a-1")
    reason = json.loads(found.data.reason)
    assert reason["riskLevel"] == "high"
    assert reason["riskWords"] == "florbzim deal"
    clean = moderation(served, "what a lovely morning")
    assert (clean.code, clean.data.labels, clean.data.reason) == (200, "", "")


def test_text_moderation_plus(served: Served) -> None:
    body = served.client_2022().text_moderation_plus(plus("comment_detection_pro", content=DEAL)).body
    [row] = body.data.result
    assert (body.data.risk_level, row.label, row.confidence, row.risk_words) == (
        "high",
        "contraband_act",
        100.0,
        "florbzim deal",
    )
    assert [(place.start_pos, place.end_pos, place.risk_word) for place in row.risk_positions] == [
        (2, 15, "florbzim deal")
    ]
    assert [(hit.lib_name, hit.key_words) for hit in row.customized_hit] == [("stop-list", "florbzim deal")]
    clean = served.client_2022().text_moderation_plus(plus("comment_detection_pro", content="good morning")).body
    assert clean.data.risk_level == "none"
    assert [row.label for row in clean.data.result] == ["nonLabel"]


def test_text_scan(served: Served) -> None:
    answer = scan(served, DEAL, "what a lovely morning")
    assert (answer["code"], answer["msg"]) == (200, "OK")
    bad, good = answer["data"]
    [scene] = bad["results"]
    assert (scene["scene"], scene["suggestion"], scene["label"], scene["rate"]) == ("antispam", "block", "spam", 100.0)
    [detail] = scene["details"]
    assert detail["contexts"][0] == {
        "context": "florbzim deal",
        "positions": [{"startPos": 2, "endPos": 15}],
        "libName": "stop-list",
    }
    assert bad["filteredContent"] == "a ************* for you"
    assert (good["code"], good["results"][0]["suggestion"], good["results"][0]["label"]) == (200, "pass", "normal")
    assert "details" not in good["results"][0]
    assert "filteredContent" not in good


def test_the_task_is_the_decision(served: Served) -> None:
    signed = roa(served, "/green/text/scan", body := json.dumps(_scan_of(DEAL)).encode())
    answer = served.http.post("/green/text/scan", content=body, headers=signed)
    task = answer.json()["data"][0]["taskId"]
    assert answer.headers["x-decision-id"] == task
    store = open_store(settings=served.settings)
    kept = store.decision(task)
    store.close()
    assert (kept["action"], kept["id"]) == ("block", "1")


def test_services_and_business_types_are_business_lines(served: Served) -> None:
    link = "see https://example.org/a for more"
    assert moderation(served, link).data.labels == ""
    assert moderation(served, link, service="chat_detection").data.labels == "ad"
    assert scan(served, link)["data"][0]["results"][0]["suggestion"] == "pass"
    assert scan(served, link, bizType="forum")["data"][0]["results"][0]["suggestion"] == "block"


def test_unicode(served: Served) -> None:
    text = "早上好 🙂 弗洛布交易 ~*+&=% \u0000 é"
    row = served.client_2022().text_moderation_plus(plus("comment_detection_pro", content=text)).body.data.result[0]
    place = row.risk_positions[0]
    assert text[place.start_pos : place.end_pos] == "弗洛布交易"
    scanned = scan(served, text)["data"][0]
    assert scanned["content"] == text
    place_2018 = scanned["results"][0]["details"][0]["contexts"][0]["positions"][0]
    assert text[place_2018["startPos"] : place_2018["endPos"]] == "弗洛布交易"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"Service": "comment_detection"}, "ServiceParameters is missing"),
        ({"Service": "comment_detection", "ServiceParameters": "{"}, "ServiceParameters is not JSON"),
        ({"Service": "comment_detection", "ServiceParameters": "[]"}, "must be a JSON object"),
        ({"Service": "comment_detection", "ServiceParameters": "{}"}, "needs `content`"),
        ({"Service": "comment_detection", "ServiceParameters": '{"content": 1}'}, "needs `content`"),
        ({"ServiceParameters": '{"content": "x"}'}, "Service is missing"),
    ],
)
def test_what_the_service_refuses_has_status_200(served: Served, parameters: dict[str, str], said: str) -> None:
    body = urlencode(parameters).encode()
    answer = served.http.post("/", content=body, headers=acs3(served, "TextModeration", body))
    assert (answer.status_code, answer.json()["Code"]) == (200, 400)
    assert answer.json()["Message"].startswith("BAD_REQUEST")
    assert said in answer.json()["Message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b"{}", "scenes"),
        (b'{"scenes": ["porn"], "tasks": [{"content": "x"}]}', "antispam"),
        (b'{"scenes": ["antispam"]}', "list of JSON objects"),
        (b'{"scenes": ["antispam"], "tasks": []}', "1 to 100"),
    ],
)
def test_what_the_old_service_refuses_has_status_200(served: Served, body: bytes, said: str) -> None:
    answer = served.http.post("/green/text/scan", content=body, headers=roa(served, "/green/text/scan", body))
    assert (answer.status_code, answer.json()["code"]) == (200, 400)
    assert said in answer.json()["msg"]


def test_a_task_that_cannot_be_read_does_not_spoil_the_others(served: Served) -> None:
    tasks = [{"dataId": "1"}, {"dataId": "2", "content": DEAL}, {"dataId": "3", "content": ""}]
    answer = served.ask(TextScanRequest(), {"scenes": ["antispam"], "tasks": tasks, "unknown": {"field": 1}})
    assert [(row["dataId"], row["code"]) for row in answer["data"]] == [("1", 400), ("2", 200), ("3", 400)]


def test_unknown_actions_addresses_and_versions(served: Served) -> None:
    body = urlencode({"Service": "x"}).encode()
    unknown = served.http.post("/", content=body, headers=acs3(served, "DoSomething", body))
    assert refused(unknown) == (404, "InvalidAction.NotFound")
    version = served.http.post("/", content=body, headers=acs3(served, "TextModeration", body, version="2017-01-01"))
    assert refused(version) == (404, "InvalidVersion")
    nowhere = served.http.post("/green/nothing", content=b"{}", headers=roa(served, "/green/nothing", b"{}"))
    assert refused(nowhere) == (404, "InvalidAction.NotFound")
    assert refused(served.http.get("/green/text/scan")) == (405, "UnsupportedHTTPMethod")
    request = TextScanRequest()
    request.set_uri_pattern("/green/elsewhere")
    with pytest.raises(ServerException) as caught:
        served.ask(request, {})
    assert (caught.value.get_error_code(), caught.value.get_http_status()) == ("InvalidAction.NotFound", 404)


def test_the_new_client_types_the_gateways_errors(served: Served) -> None:
    with pytest.raises(DaraException) as caught:
        served.client_2022(access_key_id="LTAInobody").manual_moderation(ManualModerationRequest(service="x"))
    assert (caught.value.code, caught.value.status_code) == ("InvalidAccessKeyId.NotFound", 404)


def test_what_should_have_been_found_is_kept_as_a_suggestion(served: Served) -> None:
    task = scan(served, "marked by a person")["data"][0]["taskId"]
    answer = served.ask(TextFeedbackRequest(), [{"taskId": task, "label": "abuse", "note": "a remark"}])
    assert answer["code"] == 200
    served.ask(TextFeedbackRequest(), [{"taskId": "any", "content": "marked by a person", "label": "normal"}])
    unknown = served.ask(TextFeedbackRequest(), [{"taskId": "019c0000-0000-7000-8000-000000000000", "label": "ad"}])
    assert unknown["code"] == 404
    store = open_store(settings=served.settings)
    kept = [one for one in store.suggestions.list() if one.dialect == "alibaba"]
    store.close()
    assert (kept[0].scores, kept[0].content_hash) == ({"abuse": 1.0}, kept[1].content_hash)
    assert kept[0].labels == {"harassment": 1.0}
    assert kept[0].details["note"] == "a remark"
    assert kept[1].scores == {"normal": 1.0}
    assert kept[0].key_id == served.pair.id


@pytest.mark.parametrize("mode", ["error", "worst"])  # the vendor has words for it, so the setting changes nothing
def test_a_detector_that_failed_never_reads_as_clean(tmp_path: Path, mode: str) -> None:
    models = tmp_path / "models.yaml"
    models.write_text(
        "models:\n  - {kind: llm, name: gone, url: 'http://127.0.0.1:9/v1', model: m, policy: Be kind., retries: 0,\n"
        "     labels: [violence.threat]}\n"
    )
    with alibaba(quick(tmp_path, secret_key=SECRET_KEY, models=models, dialect_incomplete=mode)) as served:
        data = served.client_2022().text_moderation_plus(plus("comment_detection_pro", content="a quiet day")).body.data
        assert (data.risk_level, [row.label for row in data.result]) == ("medium", ["incomplete"])
        assert "text.llm:gone" in data.result[0].description
        [row] = scan(served, "a quiet day")["data"]
        [result] = row["results"]
        assert (result["suggestion"], list(result["incomplete"])) == ("review", ["text.llm:gone"])


def test_fifty_at_a_time(served: Served) -> None:
    client = served.client_2022()

    def one(number: int) -> str:
        text = f"{DEAL} {number}" if number % 2 else f"good morning {number}"
        return str(client.text_moderation_plus(plus("comment_detection_pro", content=text)).body.data.risk_level)

    assert fifty_at_once(one) == ["none", "high"] * 50


def test_ten_megabytes(served: Served) -> None:
    long = "lovely morning " * 66_000 + DEAL
    scanned = scan(served, *[long[place:] for place in range(10)])
    assert [row["code"] for row in scanned["data"]] == [200] * 10
    assert {row["results"][0]["suggestion"] for row in scanned["data"]} == {"block"}
    too_long = scan(served, "x" * 1_000_001, DEAL)["data"]
    assert [row["code"] for row in too_long] == [400, 200]
    assert "limit" in too_long[0]["msg"]


def test_a_body_over_the_servers_limit(tmp_path: Path) -> None:
    with alibaba(quick(tmp_path, secret_key=SECRET_KEY, max_body_bytes=20_000)) as small:
        with pytest.raises(DaraException) as caught:
            small.client_2022().text_moderation_plus(plus("comment_detection_pro", content="x" * 30_000))
        assert (caught.value.code, caught.value.status_code) == ("RequestBodyTooLarge", 413)
        with pytest.raises(ServerException) as old:
            scan(small, "x" * 30_000)
        assert old.value.get_error_code() == "RequestBodyTooLarge"


def test_rate_limits(tmp_path: Path) -> None:
    with alibaba(quick(tmp_path, secret_key=SECRET_KEY, rate_limit=1)) as slow:
        assert scan(slow, "one")["code"] == 200
        with pytest.raises(ServerException) as caught:
            scan(slow, "two")
        assert (caught.value.get_error_code(), caught.value.get_http_status()) == ("Throttling.User", 429)


def test_idempotency(served: Served) -> None:
    body = json.dumps(_scan_of("said once")).encode()
    answers = [
        served.http.post(
            "/green/text/scan",
            content=body,
            headers={**roa(served, "/green/text/scan", body), "idempotency-key": "once"},
        )
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert answers[0].headers["x-decision-id"] == answers[1].headers["x-decision-id"]
    other = json.dumps(_scan_of("said otherwise")).encode()
    headers = {**roa(served, "/green/text/scan", other), "idempotency-key": "once"}
    conflict = served.http.post("/green/text/scan", content=other, headers=headers)
    assert refused(conflict) == (409, "IdempotentParameterMismatch")


def test_golden_pairs(served: Served) -> None:
    for name, action, parameters in (
        ("text", "TextModeration", {"Service": "comment_detection", "ServiceParameters": _parameters(DEAL)}),
        (
            "text plus",
            "TextModerationPlus",
            {"Service": "comment_detection_pro", "ServiceParameters": _parameters(DEAL)},
        ),
        ("text plus, clean", "TextModerationPlus", {"Service": "c", "ServiceParameters": _parameters("good morning")}),
        ("no parameters", "TextModeration", {"Service": "comment_detection"}),
        ("unknown action", "DoSomething", {}),
    ):
        body = urlencode(parameters).encode()
        answer = served.http.post("/", content=body, headers=acs3(served, action, body))
        _record(name, {"action": action, **parameters}, answer.status_code, answer.json())
    for name, path, content in (
        ("scan", "/green/text/scan", _scan_of(DEAL)),
        ("scan, clean", "/green/text/scan", _scan_of("good morning")),
        ("scan, no tasks", "/green/text/scan", {"scenes": ["antispam"], "tasks": []}),
        ("unknown address", "/green/nothing", {}),
    ):
        body = json.dumps(content).encode()
        answer = served.http.post(path, content=body, headers=roa(served, path, body))
        _record(name, {"path": path, "body": content}, answer.status_code, answer.json())


def _record(name: str, request: Any, status: int, body: dict[str, Any]) -> None:
    for key in ("RequestId", "requestId", "HostId"):
        if key in body:
            body[key] = key
    for row in body["data"] if isinstance(body.get("data"), list) else []:
        row["taskId"] = "taskId"
        for scene in row["results"]:
            scene["rate"] = 0.5
    golden(GOLDEN, name, {"request": request, "status": status, "response": body})


def _parameters(text: str) -> str:
    return json.dumps({"content": text, "dataId": "d-1"})


def _scan_of(text: str) -> dict[str, Any]:
    return {"scenes": ["antispam"], "tasks": [{"dataId": "1", "content": text}]}
