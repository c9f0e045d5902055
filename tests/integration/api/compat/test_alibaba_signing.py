"""Signatures of Alibaba Cloud, all three: what is refused, and in whose words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest

pytest.importorskip("alibabacloud_green20220302", reason="the vendor's clients are test dependencies")
pytest.importorskip("aliyunsdkgreen", reason="the vendor's clients are test dependencies")
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkgreen.request.v20180509.TextScanRequest import TextScanRequest
from darabonba.exceptions import DaraException

from evenhand.store import open_store
from tests.alibaba import Served, acs3, alibaba, plus, refused, roa
from tests.compat import SECRET_KEY
from tests.server import quick

TEXT = json.dumps({"content": "hello"})
FORM = urlencode({"Service": "comment_detection_pro", "ServiceParameters": TEXT}).encode()
PATH = "/green/text/scan"
SCAN = json.dumps({"scenes": ["antispam"], "tasks": [{"dataId": "1", "content": "hello"}]}).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("signing")
    with alibaba(quick(folder, secret_key=SECRET_KEY, signed_hosts=("green.example.org",))) as running:
        yield running


def new(served: Served, headers: dict[str, str], body: bytes = FORM, url: str = "/") -> httpx.Response:
    return served.http.post(url, content=body, headers=headers)


def old(served: Served, headers: dict[str, str], body: bytes = SCAN, url: str = PATH) -> httpx.Response:
    return served.http.post(url, content=body, headers=headers)


def test_good_signatures_are_taken(served: Served) -> None:
    answer = new(served, acs3(served, "TextModerationPlus", FORM))
    assert answer.status_code == 200, answer.text
    assert answer.json()["Code"] == 200
    for method in ("HMAC-SHA1", "HMAC-SHA256"):
        scanned = old(served, roa(served, PATH, SCAN, method=method))
        assert scanned.json()["code"] == 200, scanned.text


def test_a_proxy_may_have_other_names(served: Served) -> None:
    assert new(served, acs3(served, "TextModerationPlus", FORM, host="green.example.org")).status_code == 200
    other = new(served, acs3(served, "TextModerationPlus", FORM, host="other.example.org"))
    assert refused(other) == (400, "SignatureDoesNotMatch")
    assert "EVENHAND_SIGNED_HOSTS" in other.json()["Message"]


def test_a_wrong_secret(served: Served) -> None:
    wrong = new(served, acs3(served, "TextModerationPlus", FORM, secret="another"))
    assert refused(wrong) == (400, "SignatureDoesNotMatch")
    assert "server string to sign is:ACS3-HMAC-SHA256" in wrong.json()["Message"]
    assert served.pair.secret not in wrong.text
    assert refused(old(served, roa(served, PATH, SCAN, secret="another"))) == (400, "SignatureDoesNotMatch")


def test_an_unknown_key(served: Served) -> None:
    headers = acs3(served, "TextModerationPlus", FORM)
    headers["authorization"] = headers["authorization"].replace(served.pair.access_id, "LTAIunknown")
    assert refused(new(served, headers)) == (404, "InvalidAccessKeyId.NotFound")
    signed = roa(served, PATH, SCAN)
    signed["authorization"] = "acs LTAIunknown:c2ln"
    assert refused(old(served, signed)) == (404, "InvalidAccessKeyId.NotFound")


def test_a_key_of_another_dialect_or_a_revoked_one(served: Served) -> None:
    store = open_store(settings=served.settings)
    foreign = store.dialect_keys.create("elsewhere", dialect="rekognition")
    gone = store.dialect_keys.create("gone", dialect="alibaba")
    store.dialect_keys.revoke(gone.id)
    store.close()
    for pair in (foreign, gone):
        other = Served(http=served.http, pair=pair, settings=served.settings)
        assert refused(new(other, acs3(other, "TextModerationPlus", FORM)))[1] == "InvalidAccessKeyId.NotFound"


@pytest.mark.parametrize("ago", [3_600, -3_600])
def test_a_date_far_from_the_clock(served: Served, ago: float) -> None:
    assert refused(new(served, acs3(served, "TextModerationPlus", FORM, ago=ago))) == (400, "InvalidTimeStamp.Expired")
    assert refused(old(served, roa(served, PATH, SCAN, ago=ago))) == (400, "InvalidTimeStamp.Expired")


def test_a_replay(served: Served) -> None:
    headers = acs3(served, "TextModerationPlus", FORM)
    assert new(served, headers).status_code == 200
    assert refused(new(served, headers)) == (400, "SignatureNonceUsed")
    signed = roa(served, PATH, SCAN)
    assert old(served, signed).status_code == 200
    assert refused(old(served, signed)) == (400, "SignatureNonceUsed")


def test_a_replay_of_a_request_that_has_no_nonce(served: Served) -> None:
    body = SCAN.replace(b"hello", b"without a nonce")
    signed = roa(served, PATH, body, nonce=None)
    assert old(served, signed, body).json()["code"] == 200
    assert refused(old(served, signed, body)) == (400, "SignatureNonceUsed")


def test_a_nonce_is_taken_once_whatever_it_signs(served: Served) -> None:
    nonce = "the same nonce"
    assert new(served, acs3(served, "TextModerationPlus", FORM, nonce=nonce)).status_code == 200
    other = acs3(served, "TextModeration", FORM, nonce=nonce)
    assert refused(new(served, other)) == (400, "SignatureNonceUsed")


def test_a_tampered_body(served: Served) -> None:
    tampered = FORM.replace(b"hello", b"hallo")
    assert refused(new(served, acs3(served, "TextModerationPlus", FORM), tampered)) == (400, "SignatureDoesNotMatch")
    headers = acs3(served, "TextModerationPlus", FORM)
    import hashlib

    headers["x-acs-content-sha256"] = hashlib.sha256(tampered).hexdigest()
    assert refused(new(served, headers, tampered)) == (400, "SignatureDoesNotMatch")
    other = SCAN.replace(b"hello", b"hallo")
    assert refused(old(served, roa(served, PATH, SCAN), other)) == (400, "ContentMD5NotMatched")


def test_a_tampered_action_address_or_query(served: Served) -> None:
    headers = acs3(served, "TextModerationPlus", FORM)
    assert refused(new(served, {**headers, "x-acs-action": "TextModeration"})) == (400, "SignatureDoesNotMatch")
    assert refused(new(served, headers, url="/?Service=other")) == (400, "SignatureDoesNotMatch")
    signed = roa(served, PATH, SCAN)
    assert refused(old(served, signed, url="/green/text/feedback")) == (400, "SignatureDoesNotMatch")
    assert refused(old(served, signed, url=PATH + "?ClientInfo=x")) == (400, "SignatureDoesNotMatch")


def test_half_a_signature(served: Served) -> None:
    assert refused(new(served, {"x-acs-action": "TextModeration"})) == (400, "MissingAccessKeyId")
    assert refused(old(served, {})) == (400, "MissingAccessKeyId")
    assert refused(old(served, {"authorization": "Bearer eh_x"})) == (400, "IncompleteSignature")
    assert refused(new(served, {"authorization": "ACS3-HMAC-SHA256 x", "x-acs-action": "TextModeration"})) == (
        400,
        "IncompleteSignature",
    )
    for name in ("host", "x-acs-action", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"):
        headers = acs3(served, "TextModerationPlus", FORM, leave_out=name)
        assert refused(new(served, headers)) == (400, "IncompleteSignature"), name


def test_a_body_that_nothing_signs(served: Served) -> None:
    assert refused(old(served, roa(served, PATH, SCAN, md5=False))) == (400, "MissingContentMD5")


@pytest.mark.parametrize("date", ["", "yesterday", "2026-99-99T00:00:00Z", "9" * 400])
def test_dates_that_are_none(served: Served, date: str) -> None:
    headers = acs3(served, "TextModerationPlus", FORM) | {"x-acs-date": date or "-"}
    assert refused(new(served, headers)) == (400, "InvalidTimeStamp.Format")
    signed = roa(served, PATH, SCAN) | {"date": date or "-"}
    assert refused(old(served, signed)) == (400, "InvalidTimeStamp.Format")


def test_signatures_that_are_no_text(served: Served) -> None:
    headers = acs3(served, "TextModerationPlus", FORM)
    bytes_headers = {name.encode(): value.encode() for name, value in headers.items()}
    bytes_headers[b"authorization"] = headers["authorization"].encode() + "é上".encode()
    answer = served.http.post("/", content=FORM, headers=bytes_headers)
    assert refused(answer) == (400, "SignatureDoesNotMatch")


def test_the_clients_read_the_errors_as_the_vendors(served: Served) -> None:
    with pytest.raises(DaraException) as caught:
        served.client_2022(access_key_secret="wrong").text_moderation_plus(plus("comment_detection_pro", content="x"))
    assert caught.value.code == "SignatureDoesNotMatch"
    assert caught.value.status_code == 400
    with pytest.raises(ServerException) as old_style:
        served.ask(TextScanRequest(), json.loads(SCAN), served.client_2018(secret="wrong"))
    assert old_style.value.get_error_code() == "SignatureDoesNotMatch"
    assert old_style.value.get_http_status() == 400


def test_a_client_that_signs_as_rpc(served: Served) -> None:
    client = served.client_2022(signature_algorithm="v2")
    answer = client.text_moderation_plus(plus("comment_detection_pro", content="你好 * ~ & = %"))
    assert answer.body.code == 200
    with pytest.raises(DaraException) as caught:
        served.client_2022(signature_algorithm="v2", access_key_secret="wrong").text_moderation_plus(
            plus("comment_detection_pro", content="x")
        )
    assert caught.value.code == "SignatureDoesNotMatch"


def rpc(served: Served, **more: str) -> dict[str, str]:
    """Give signed parameters, as the oldest clients send them."""
    import base64
    import hmac
    from urllib.parse import quote

    parameters = {
        "Action": "TextModerationPlus",
        "Version": "2022-03-02",
        "AccessKeyId": served.pair.access_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": str(time.time_ns()),
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **more,
    }
    listed = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(parameters.items()))
    string = f"POST&%2F&{quote(listed, safe='~')}"
    digest = hmac.new(f"{served.pair.secret}&".encode(), string.encode(), "sha1").digest()
    return {**parameters, "Signature": base64.b64encode(digest).decode()}


def test_an_rpc_request_by_hand(served: Served) -> None:
    signed = rpc(served, Service="comment_detection_pro", ServiceParameters=TEXT)
    answer = served.http.post("/", data=signed)
    assert answer.json()["Code"] == 200, answer.text
    assert refused(served.http.post("/", data=signed)) == (400, "SignatureNonceUsed")
    tampered = {**signed, "SignatureNonce": "1"}
    assert refused(served.http.post("/", data=tampered)) == (400, "SignatureDoesNotMatch")
    stale = {**signed, "Timestamp": "2020-01-01T00:00:00Z"}
    assert refused(served.http.post("/", data=stale)) == (400, "InvalidTimeStamp.Expired")
    short = {name: value for name, value in signed.items() if name != "SignatureNonce"}
    assert refused(served.http.post("/", data=short)) == (400, "MissingSignatureNonce")


def test_parameters_sign_nothing_but_themselves(served: Served) -> None:
    # Nothing beside them may lead to another answer: no body, no address, no header.
    for path in ("/", "/green/text/scan"):
        answer = served.http.post(path, params=rpc(served), json=json.loads(SCAN))
        assert refused(answer) == (400, "IncompleteSignature")
    assert refused(served.http.post("/green/text/scan", data=rpc(served))) == (400, "IncompleteSignature")
    signed = rpc(served, Action="NoSuchAction", Service="comment_detection_pro", ServiceParameters=TEXT)
    answer = served.http.post("/", data=signed, headers={"x-acs-action": "TextModerationPlus"})
    assert refused(answer) == (404, "InvalidAction.NotFound")
