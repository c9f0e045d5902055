"""Signatures of AWS, version 4: what is refused, and that boto3 reads the errors as the vendor's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from evenhand.detectors import drawings
from evenhand.store import open_store
from tests.compat import with_model
from tests.rekognition import HEAVY, Served, png, rekognition, sign
from tests.server import serving

pytest.importorskip("boto3", reason="boto3 is a test dependency")
from botocore.exceptions import ClientError

TARGET = "RekognitionService.DetectModerationLabels"
BODY = json.dumps({"Image": {"Bytes": base64.b64encode(png(drawings.dog())).decode()}, "Ünknown": "上海"}).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("signing")
    with rekognition(folder, signed_hosts=("moderation.example.org",), disabled_detectors=HEAVY) as running:
        yield running


def _signed(served: Served, *, body: bytes = BODY, **more: Any) -> dict[str, str]:
    return sign(served, body, target=TARGET, **more)


def send(served: Served, headers: Mapping[str, str], *, body: bytes = BODY) -> httpx.Response:
    return served.http.post("/", content=body, headers=headers)


def kind(answer: httpx.Response) -> str:
    """Give the error's type, which stands in two places."""
    body: dict[str, str] = answer.json()
    assert body["__type"] == answer.headers["x-amzn-errortype"]
    assert body["message"] == body["Message"]
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-requestid"] == answer.headers["x-request-id"]
    return body["__type"]


def test_a_good_signature_is_taken(served: Served) -> None:
    answer = send(served, _signed(served))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"


def test_any_region_and_a_named_host(served: Served) -> None:
    assert send(served, _signed(served, region="eu-central-1")).status_code == 200
    headers = _signed(served, url="https://moderation.example.org/")
    assert send(served, headers).status_code == 200
    other = send(served, _signed(served, url="https://other.example.org/"))
    assert (other.status_code, kind(other)) == (400, "InvalidSignatureException")
    assert "EVENHAND_SIGNED_HOSTS" in other.json()["message"]


def test_without_a_signature_nothing_is_answered(served: Served) -> None:
    answer = send(served, {"X-Amz-Target": TARGET})
    assert (answer.status_code, kind(answer)) == (400, "MissingAuthenticationTokenException")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer eh_something",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a, Signature=b",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=b",
        "AWS4-HMAC-SHA256 Credential=a/b/c/rekognition/aws4_request, SignedHeaders=host, Signature=b, Signature=c",
        "AWS4-ECDSA-P256-SHA256 Credential=a/b/rekognition/aws4_request, SignedHeaders=host, Signature=b",
    ],
)
def test_half_a_signature(served: Served, header: str) -> None:
    answer = send(served, {"X-Amz-Target": TARGET, "Authorization": header})
    assert (answer.status_code, kind(answer)) == (400, "IncompleteSignatureException")


def test_a_tampered_request_is_refused(served: Served) -> None:
    good = _signed(served)
    tampered = send(served, good, body=BODY.replace(b"Image", b"image"))
    assert (tampered.status_code, kind(tampered)) == (400, "InvalidSignatureException")
    for name, value in (("X-Amz-Target", "RekognitionService.DetectFaces"), ("Content-Type", "application/json")):
        assert kind(send(served, {**good, name: value})) == "InvalidSignatureException"
    address = served.http.post("/?a=1", content=BODY, headers=good)
    assert kind(address) == "InvalidSignatureException"
    # What was refused has not used the signature up.
    assert send(served, good).status_code == 200


def test_headers_of_the_vendor_must_be_signed(served: Served) -> None:
    answer = send(served, {**_signed(served), "X-Amz-Extra": "1"})
    assert kind(answer) == "InvalidSignatureException"
    assert "x-amz-extra" in answer.json()["message"]
    lying = send(served, _signed(served, headers={"X-Amz-Content-SHA256": "0" * 64}))
    assert kind(lying) == "InvalidSignatureException"


def test_a_wrong_secret_and_an_unknown_key(served: Served) -> None:
    wrong = send(served, _signed(served, secret="wrong"))
    assert kind(wrong) == "InvalidSignatureException"
    assert wrong.json()["message"].startswith("The request signature we calculated does not match")
    assert served.pair.secret not in wrong.text
    client = served.client(aws_access_key_id="EHKUNKNOWNUNKNOWN123")
    with pytest.raises(ClientError) as caught:
        client.detect_moderation_labels(Image={"Bytes": png(drawings.dog())})
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_key_of_another_dialect_and_a_revoked_one(served: Served) -> None:
    store = open_store(settings=with_model(served.bucket.parent))
    other = store.dialect_keys.create("other", dialect="alibaba")
    revoked = store.dialect_keys.create("old", dialect="rekognition")
    reading = store.dialect_keys.create("reader", dialect="rekognition", scopes=("read",))
    store.dialect_keys.revoke(revoked.id)
    store.close()
    expected = [(other, "UnrecognizedClientException"), (revoked, "UnrecognizedClientException")]
    for pair, code in [*expected, (reading, "AccessDeniedException")]:
        client = served.client(aws_access_key_id=pair.access_id, aws_secret_access_key=pair.secret)
        with pytest.raises(ClientError) as caught:
            client.detect_moderation_labels(Image={"Bytes": png(drawings.dog())})
        assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("ago", [1000, -1000, 100_000])
def test_an_old_date_is_refused(served: Served, ago: float) -> None:
    answer = send(served, _signed(served, ago=ago))
    assert (answer.status_code, kind(answer)) == (400, "InvalidSignatureException")
    assert answer.json()["message"].startswith("Signature expired or not yet current")


def test_the_scope_must_fit(served: Served) -> None:
    assert "correct service" in send(served, _signed(served, service="s3")).json()["message"]
    headers = _signed(served)
    yesterday = {**headers, "X-Amz-Date": "20200101T000000Z"}
    assert kind(send(served, yesterday)) == "InvalidSignatureException"
    assert kind(send(served, {**headers, "X-Amz-Date": "today"})) == "IncompleteSignatureException"


def test_a_replay_is_refused(served: Served) -> None:
    headers = {**_signed(served), "amz-sdk-invocation-id": "one", "amz-sdk-request": "attempt=1; max=3"}
    assert send(served, headers).status_code == 200
    again = send(served, headers)
    assert (again.status_code, kind(again)) == (400, "InvalidSignatureException")
    assert "answered before" in again.json()["message"]
    bare = _signed(served, body=b'{"Image":{}}')
    assert kind(send(served, bare, body=b'{"Image":{}}')) == "InvalidParameterException"
    assert kind(send(served, bare, body=b'{"Image":{}}')) == "InvalidSignatureException"


def test_equal_requests_of_one_second_are_two_requests_only_near_their_date(served: Served) -> None:
    first = _signed(served)
    assert send(served, {**first, "amz-sdk-invocation-id": "one"}).status_code == 200
    assert send(served, {**first, "amz-sdk-invocation-id": "two"}).status_code == 200
    old = _signed(served, ago=60)
    assert send(served, {**old, "amz-sdk-invocation-id": "one"}).status_code == 200
    late = send(served, {**old, "amz-sdk-invocation-id": "two"})
    assert (kind(late), "answered before" in late.json()["message"]) == ("InvalidSignatureException", True)


def test_where_nothing_may_be_repeated_a_signature_is_taken_once(served: Served) -> None:
    strict = with_model(served.bucket.parent, disabled_detectors=HEAVY, signature_repeat_s=0)
    body = b'{"Image":{}}'
    with serving(strict) as http:
        alone = replace(served, address=str(http.base_url).rstrip("/"), http=http)
        signed = _signed(alone, body=body)
        answers = [send(alone, {**signed, "amz-sdk-invocation-id": name}, body=body) for name in ("one", "two")]
    assert [kind(answer) for answer in answers] == ["InvalidParameterException", "InvalidSignatureException"]


def test_a_body_over_the_servers_limit_is_refused_in_shape(served: Served) -> None:
    body = b'{"Image": {"Bytes": "' + b"A" * (49 * 2**20) + b'"}}'
    answer = send(served, _signed(served, body=body), body=body)
    assert (answer.status_code, kind(answer)) == (400, "ImageTooLargeException")


def test_ten_megabytes_are_read_and_told_to_be_too_large(served: Served) -> None:
    body = b'{"Image": {"Bytes": "' + base64.b64encode(bytes(10 * 2**20)) + b'"}}'
    answer = send(served, _signed(served, body=body), body=body)
    assert (answer.status_code, kind(answer)) == (400, "ImageTooLargeException")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b"", "InvalidParameterException"),
        (b'{"Image": "x"}', "SerializationException"),
        (b'{"Image": {"Bytes": 5}}', "SerializationException"),
        (b'{"Image": {"Bytes": "*"}}', "SerializationException"),
        (b'{"Image": {"Bytes": ""}}', "InvalidParameterException"),
        (b'{"Image": {"Bytes": "eA=="}}', "InvalidImageFormatException"),
        (b'{"Image": {"Bytes": "eA=="}, "MinConfidence": "50"}', "SerializationException"),
        (b'{"Image": {"Bytes": "eA=="}, "MinConfidence": -1}', "InvalidParameterException"),
        (b'{"Image": {"Bytes": "eA=="}, "MinConfidence": true}', "SerializationException"),
        (b'{"Image": {"Bytes": "eA=="}, "HumanLoopConfig": {}}', "InvalidParameterException"),
        (b'{"Image": {"S3Object": {"Bucket": 5, "Name": "a"}}}', "SerializationException"),
        (b"\xff\xfe", "SerializationException"),
    ],
)
def test_bodies_that_cannot_be_used(served: Served, body: bytes, expected: str) -> None:
    answer = send(served, _signed(served, body=body), body=body)
    assert (answer.status_code, kind(answer)) == (400, expected)


def test_other_methods_and_addresses_have_the_vendors_shape(served: Served) -> None:
    for method, path in (("GET", "/"), ("POST", "/elsewhere")):
        answer = served.http.request(method, path, headers={"X-Amz-Target": TARGET})
        assert (answer.status_code, kind(answer)) == (400, "UnknownOperationException")


def test_an_idempotency_key_gives_the_first_answer_again(served: Served) -> None:
    first = send(served, {**_signed(served), "Idempotency-Key": "k-1", "amz-sdk-invocation-id": "1"})
    second = send(served, {**_signed(served), "Idempotency-Key": "k-1", "amz-sdk-invocation-id": "2"})
    assert (first.status_code, second.headers["idempotent-replayed"]) == (200, "true")
    assert first.headers["x-decision-id"] == second.headers["x-decision-id"]
    other = b'{"Image": {"Bytes": "eA=="}}'
    conflict = send(served, {**_signed(served, body=other), "Idempotency-Key": "k-1"}, body=other)
    assert kind(conflict) == "IdempotentParameterMismatchException"


def test_a_lost_secret_key_is_the_servers_fault(served: Served) -> None:
    changed = with_model(served.bucket.parent, secret_key="f" * 32, disabled_detectors=HEAVY)
    with serving(changed) as http:
        address = str(http.base_url).rstrip("/")
        lost = Served(address=address, pair=served.pair, http=http, bucket=served.bucket)
        answer = send(lost, _signed(lost))
    assert (answer.status_code, kind(answer)) == (500, "InternalServerError")
    assert "EVENHAND_SECRET_KEY" in answer.json()["message"]
