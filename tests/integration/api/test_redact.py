"""POST /v1/redact: the same doors, limits and shapes as /v1/check."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image

from tests.media import animation, drawn, encode
from tests.server import quick, serving

CONTACT = "Message me on WhatsApp +1 415 555 2671 for cheap watches"


def code() -> bytes:
    """Draw a QR code in the middle of a picture that is otherwise light blue."""
    bits = zxingcpp.create_barcode("https://shop.example/now", zxingcpp.BarcodeFormat.QRCode).to_image(scale=4)
    drawing = Image.fromarray(bits)
    page = Image.new("RGB", (400, 300), (190, 210, 250))
    page.paste(drawing, (100, 60))
    return encode(page, "PNG")


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(base64.b64decode(answer.json()["data"])))


def test_a_text_comes_back_with_its_contact_masked(client: httpx.Client) -> None:
    answer = client.post("/v1/redact", json={"id": "t", "text": CONTACT, "labels": ["ads.contact"]}).json()
    assert len(answer["text"]) == len(CONTACT)
    assert "415" not in answer["text"]
    assert answer["text"].endswith("cheap watches")
    assert (answer["result"]["id"], answer["data"]) == ("t", None)
    assert {finding["label"] for finding in answer["covered"]} == {"ads.contact"}
    again = client.post("/v1/check", json={"text": answer["text"]}).json()
    assert "ads.contact" not in again["labels"]


@pytest.mark.parametrize("how", ["base64", "multipart"])
@pytest.mark.parametrize("style", ["pixelate", "blur", "box"])
def test_a_code_is_found_and_cannot_be_read_any_more(client: httpx.Client, how: str, style: str) -> None:
    data = code()
    assert zxingcpp.read_barcodes(Image.open(io.BytesIO(data)))
    if how == "base64":
        body = {"data": base64.b64encode(data).decode(), "labels": ["ads"], "style": style}
        answer = client.post("/v1/redact", json=body)
    else:
        form = {"labels": '["ads"]', "style": style, "min_score": "0.3"}
        answer = client.post("/v1/redact", files={"file": ("a.png", data, "image/png")}, data=form)
    image = opened(answer)
    assert (image.format, image.size) == ("PNG", (400, 300))
    assert not zxingcpp.read_barcodes(image)
    assert image.convert("RGB").getpixel((10, 10)) == (190, 210, 250)
    assert "ads.qrcode" in {finding["label"] for finding in answer.json()["covered"]}
    kept = client.get(f"/v1/decisions/{answer.json()['result']['decision_id']}")
    assert kept.status_code == 200


def test_boxes_alone_need_no_check(client: httpx.Client) -> None:
    body = {"data": base64.b64encode(encode(drawn(), "JPEG")).decode(), "labels": [], "boxes": [[60, 5, 90, 20]]}
    answer = client.post("/v1/redact", json={**body, "style": "box"})
    image = opened(answer)
    assert image.format == "JPEG"
    assert max(image.convert("RGB").getpixel((75, 12))) < 12  # type: ignore[arg-type]
    assert (answer.json()["result"], answer.json()["boxes"], answer.json()["covered"]) == (None, 1, [])


def test_a_picture_sent_to_be_redacted_is_not_kept(tmp_path: Path) -> None:
    with serving(quick(tmp_path)) as client:
        body = {"data": base64.b64encode(encode(drawn(), "PNG")).decode(), "labels": ["ads"], "boxes": [[0, 0, 9, 9]]}
        answer = client.post("/v1/redact", json=body, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 200
        assert "idempotent-replayed" not in answer.headers
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert answer.json()["data"][:200].encode() not in stored
    assert base64.b64decode(answer.json()["data"])[-60:] not in stored


PICTURE = base64.b64encode(encode(drawn(), "PNG")).decode()
BAD: list[tuple[dict[str, Any], int, str]] = [
    ({}, 422, "bad_input"),
    ({"text": "a", "labels": "ads"}, 422, "bad_input"),
    ({"text": "a", "labels": [1]}, 422, "bad_input"),
    ({"text": "a", "min_score": "high"}, 422, "bad_input"),
    ({"text": "a", "min_score": 7}, 422, "bad_input"),
    ({"text": "a", "style": "paint"}, 422, "bad_input"),
    ({"text": "a", "style": ["box"]}, 422, "bad_input"),
    ({"text": "a", "boxes": [[0, 0, 1, 1]], "labels": []}, 422, "bad_input"),
    ({"text": "a", "more": 1}, 422, "bad_input"),
    ({"text": "a", "line": "no-such-line"}, 422, "bad_policy"),
    ({"url": "https://x.example/a.png"}, 422, "bad_input"),
    ({"data": PICTURE, "labels": [], "boxes": "all"}, 422, "bad_input"),
    ({"data": PICTURE, "labels": [], "boxes": [[0, 0, 1]]}, 422, "bad_input"),
    ({"data": PICTURE, "labels": [], "boxes": [[0, 0, "1", 1]]}, 422, "bad_input"),
    ({"data": PICTURE, "labels": [], "boxes": [[0, 0, 5000, 1]]}, 422, "bad_input"),
    ({"data": PICTURE, "labels": [], "boxes": [[0, 0, 9, 9]] * 1001}, 422, "bad_input"),
    ({"data": PICTURE[:200], "labels": []}, 422, "bad_input"),
    ({"data": "JVBERi0xLjcK", "labels": []}, 415, "unsupported"),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD)
def test_bad_requests_have_the_one_shape(client: httpx.Client, body: dict[str, Any], status: int, code: str) -> None:
    answer = client.post("/v1/redact", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert answer.json()["error"]["message"]


def test_limits_and_keys_hold_here_too(tmp_path: Path) -> None:
    with serving(quick(tmp_path, require_keys=True, max_pixels=1000)) as client:
        assert client.post("/v1/redact", json={"text": "a"}).status_code == 401
    with serving(quick(tmp_path, max_pixels=30_000, max_body_bytes=4000)) as client:
        gif = base64.b64encode(animation("GIF", 9, (80, 60))).decode()
        assert client.post("/v1/redact", json={"data": gif, "labels": []}).status_code == 413
        assert client.post("/v1/redact", json={"text": "a" * 5000}).status_code == 413
