"""TC3-HMAC-SHA256: what is taken and what is refused, in Tencent Cloud's codes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from evenhand.store import open_store
from tests.integration.api.compat.test_tencent import code
from tests.server import serving
from tests.tencent import Served, packed, sign, tencent

pytest.importorskip("tencentcloud.tms", reason="tencentcloud-sdk-python-tms is a test dependency")
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

BODY = json.dumps({"Content": packed("上海, hello"), "Ünknown": 1}).encode()
ACTION, FAILURE, INVALID = "TextModeration", "AuthFailure.SignatureFailure", "AuthFailure.InvalidAuthorization"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with tencent(tmp_path_factory.mktemp("signing"), signed_hosts=("moderation.example.org",)) as running:
        yield running


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients go to loopback themselves."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def send(served: Served, headers: dict[str, str], body: bytes = BODY) -> httpx.Response:
    return served.http.post("/", content=body, headers=headers)


def good(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and "Label" in answer.json()["Response"]


def test_good_signatures_are_taken(served: Served) -> None:
    assert good(served.send(ACTION, BODY))
    assert good(served.send(ACTION, BODY, named=("content-type", "host", "x-tc-action")))
    kind = {"content-type": "application/json; charset=UTF-8"}
    assert good(served.send(ACTION, BODY, headers=kind))
    assert good(served.send(ACTION, BODY, headers=kind, lowered=True)), "as the vendor's pages have it"
    assert good(served.send(ACTION, BODY, host="moderation.example.org"))
    other = served.send(ACTION, BODY, host="other.example.org")
    assert code(other) == FAILURE
    assert "EVENHAND_SIGNED_HOSTS" in other.json()["Response"]["Error"]["Message"]


def test_without_a_signature_nothing_is_answered(served: Served) -> None:
    assert code(send(served, {"x-tc-action": ACTION})) == INVALID


@pytest.mark.parametrize(
    "header",
    [
        "SKIP",
        "Bearer eh_something",
        "TC3-HMAC-SHA256",
        "TC3-HMAC-SHA256 Credential=a, SignedHeaders=content-type;host, Signature=b",
        "TC3-HMAC-SHA256 Credential=a/2026-11-23/tms/tc3_request, SignedHeaders=host, Signature=b",
        "TC3-HMAC-SHA256 Credential=a/2026-11-23/tms/tc3_request, SignedHeaders=Content-Type;Host, Signature=b",
        "AWS4-HMAC-SHA256 Credential=a/2026-11-23/tms/tc3_request, SignedHeaders=content-type;host, Signature=b",
    ],
)
def test_half_a_signature(served: Served, header: str) -> None:
    headers = {"x-tc-action": ACTION, "authorization": header, "x-tc-timestamp": "1", "content-type": "a"}
    assert code(send(served, headers)) == INVALID


def test_a_tampered_request_is_refused(served: Served) -> None:
    headers = sign(served, BODY, action=ACTION)
    assert code(send(served, headers, BODY.replace(b"Content", b"content"))) == FAILURE
    assert code(send(served, {**headers, "content-type": "text/plain"})) == FAILURE
    assert code(send(served, {**headers, "x-tc-timestamp": str(int(headers["x-tc-timestamp"]) + 1)})) == FAILURE
    assert code(served.http.post("/?a=1", content=BODY, headers=headers)) == FAILURE
    assert good(send(served, headers)), "what was refused has not used the signature up"


def test_an_action_is_taken_only_with_its_own_service(served: Served) -> None:
    swapped = {**sign(served, BODY, action=ACTION), "x-tc-action": "ImageModeration"}
    assert code(send(served, swapped)) == FAILURE
    assert code(served.send(ACTION, BODY, service="cvm")) == FAILURE
    assert code(served.send(ACTION, BODY, version="2020-07-13")) == "NoSuchVersion"


def test_an_unsigned_payload_is_refused(served: Served) -> None:
    headers = sign(served, b"UNSIGNED-PAYLOAD", action=ACTION)
    assert code(send(served, {**headers, "x-tc-content-sha256": "UNSIGNED-PAYLOAD"})) == INVALID


def test_a_wrong_secret_and_an_unknown_key(served: Served) -> None:
    from tencentcloud.tms.v20201229 import models

    request = models.TextModerationRequest()
    request.Content = packed("hello")
    for given, expected in (
        ({"secret": "wrong"}, FAILURE),
        ({"secret_id": "EHKUNKNOWNUNKNOWN123"}, "AuthFailure.SecretIdNotFound"),
    ):
        with pytest.raises(TencentCloudSDKException) as raised:
            served.client("tms", **given).TextModeration(request)
        assert raised.value.code == expected
        assert served.pair.secret not in raised.value.message


def test_a_key_of_another_dialect_and_a_revoked_one(served: Served) -> None:
    store = open_store(settings=served.settings)
    other = store.dialect_keys.create("other", dialect="alibaba")
    revoked = store.dialect_keys.create("old", dialect="tencent")
    reading = store.dialect_keys.create("reader", dialect="tencent", scopes=("read",))
    store.dialect_keys.revoke(revoked.id)
    store.close()
    unknown = "AuthFailure.SecretIdNotFound"
    for pair, expected in ((other, unknown), (revoked, unknown), (reading, "UnauthorizedOperation")):
        with_it = Served(address=served.address, pair=pair, http=served.http, settings=served.settings)
        with pytest.raises(TencentCloudSDKException) as raised:
            with_it.text("hello")
        assert raised.value.code == expected


@pytest.mark.parametrize("ago", [1000, -1000, 100_000])
def test_an_old_date_is_refused(served: Served, ago: float) -> None:
    assert code(served.send(ACTION, BODY, ago=ago)) == "AuthFailure.SignatureExpire"


def test_the_day_must_be_that_of_the_timestamp(served: Served) -> None:
    assert code(served.send(ACTION, BODY, day="2020-01-01")) == INVALID
    headers = sign(served, BODY, action=ACTION)
    assert code(send(served, {**headers, "x-tc-timestamp": "today"})) == INVALID
    assert code(send(served, {**headers, "x-tc-timestamp": "99999999999999999999"})) == INVALID


def test_a_replay_is_refused(served: Served) -> None:
    headers = sign(served, BODY, action=ACTION)
    assert good(send(served, headers))
    again = send(served, headers)
    assert code(again) == FAILURE
    assert "answered before" in again.json()["Response"]["Error"]["Message"]
    bare = {name: value for name, value in sign(served, BODY, action=ACTION, ago=2).items() if name != "x-tc-traceid"}
    assert [good(send(served, bare)), code(send(served, bare))] == [True, FAILURE]


def test_equal_requests_of_one_second_are_two_requests_only_near_their_date(served: Served) -> None:
    first = sign(served, BODY, action=ACTION, ago=1)
    assert good(send(served, {**first, "x-tc-traceid": "one"}))
    assert good(send(served, {**first, "x-tc-traceid": "two"}))
    old = sign(served, BODY, action=ACTION, ago=60)
    assert good(send(served, {**old, "x-tc-traceid": "one"}))
    assert code(send(served, {**old, "x-tc-traceid": "two"})) == FAILURE


def test_where_nothing_may_be_repeated_a_signature_is_taken_once(served: Served) -> None:
    with serving(served.settings.model_copy(update={"signature_repeat_s": 0})) as http:
        address = str(http.base_url).rstrip("/")
        strict = Served(address=address, pair=served.pair, http=http, settings=served.settings)
        headers = sign(strict, BODY, action=ACTION)
        answers = [send(strict, {**headers, "x-tc-traceid": name}) for name in ("one", "two")]
    assert good(answers[0])
    assert code(answers[1]) == FAILURE


def test_the_older_signatures_are_not_taken(served: Served) -> None:
    from tencentcloud.tms.v20201229 import models

    request = models.TextModerationRequest()
    request.Content = packed("hello")
    with pytest.raises(TencentCloudSDKException):  # a form without X-TC-Action: it is not even known as Tencent's
        served.client("tms", method="HmacSHA256").TextModeration(request)


def test_other_methods_have_the_vendors_shape(served: Served) -> None:
    assert code(served.http.get("/", headers={"x-tc-action": ACTION})) == "UnsupportedProtocol"
    assert code(served.http.post("/elsewhere", headers={"x-tc-action": ACTION})) == "InvalidAction"
