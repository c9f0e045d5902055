"""POST /v1/check, POST /v1/check:batch, GET /v1/decisions/{id}."""

from __future__ import annotations

import base64
import io

import httpx
import pytest
from PIL import Image

CONTACT = "Message me on WhatsApp +1 415 555 2671 for cheap watches"


def png(size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, "PNG")
    return out.getvalue()


def test_a_clean_text_passes(client: httpx.Client) -> None:
    answer = client.post("/v1/check", json={"id": "a", "text": "Good morning, the library opens at nine."})
    assert answer.status_code == 200
    result = answer.json()
    assert (result["id"], result["action"], result["incomplete"], result["kind"]) == ("a", "pass", {}, "text")


def test_a_contact_is_found_where_it_stands(client: httpx.Client) -> None:
    result = client.post("/v1/check", json={"text": CONTACT}).json()
    assert result["labels"]["ads.contact"] > 0.5
    assert result["action"] != "pass"
    (start, end) = next(f["location"]["span"] for f in result["findings"] if f["label"] == "ads.contact")
    assert "415 555 2671" in CONTACT[start:end]


def test_a_decision_is_given_back_as_it_was_made(client: httpx.Client) -> None:
    made = client.post("/v1/check", json={"id": "b", "text": CONTACT}).json()
    kept = client.get(f"/v1/decisions/{made['decision_id']}").json()
    assert kept.pop("created_at")
    assert kept == made


def test_all_scores_gives_every_label_that_was_looked_for(client: httpx.Client) -> None:
    result = client.post("/v1/check", json={"text": "good morning", "all_scores": True}).json()
    assert {"ads.contact", "ads.link", "spam.flood"} <= set(result["labels"])
    assert client.post("/v1/check", json={"text": "good morning"}).json()["labels"] == {}


def test_a_batch_keeps_its_order_and_its_errors(client: httpx.Client) -> None:
    items = [{"id": "1", "text": "hello"}, {"id": "2"}, {"id": "3", "text": CONTACT}, {"id": "4", "data": "?"}, 5]
    results = client.post("/v1/check:batch", json={"items": items}).json()["results"]
    assert [r["id"] for r in results] == ["1", "2", "3", "4", None]
    assert [r.get("action") or r["error"]["code"] for r in results] == [
        "pass",
        "bad_input",
        results[2]["action"],
        "bad_input",
        "bad_input",
    ]


@pytest.mark.parametrize("how", ["base64", "multipart"])
def test_a_picture_comes_in_both_ways(client: httpx.Client, how: str) -> None:
    if how == "base64":
        answer = client.post("/v1/check", json={"id": "p", "data": base64.b64encode(png()).decode()})
    else:
        answer = client.post("/v1/check", files={"file": ("p.png", png(), "image/png")}, data={"id": "p"})
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert (result["id"], result["kind"]) == ("p", "image")
    assert "image.nudity" in result["models"]


def test_a_form_takes_all_fields(client: httpx.Client) -> None:
    data = {"text": "hello", "id": "f", "all_scores": "true", "context": '{"channel": "x"}', "lang": "en"}
    answer = client.post("/v1/check", files={"unused": (None, "")}, data=data)
    assert answer.status_code == 422
    answer = client.post("/v1/check", files=[(name, (None, value)) for name, value in data.items()])
    assert answer.status_code == 200
    assert answer.json()["languages"] == ["en"]


def test_the_same_key_gives_the_first_answer_again(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = client.post("/v1/check", json={"text": "hello"}, headers=headers)
    again = client.post("/v1/check", json={"text": "hello"}, headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = client.post("/v1/check", json={"text": "something else"}, headers=headers)
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "conflict"


def test_a_failed_request_frees_its_key(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "k2"}
    assert client.post("/v1/check", json={"txt": "typo"}, headers=headers).status_code == 422
    assert client.post("/v1/check", json={"text": "hello"}, headers=headers).status_code == 200
