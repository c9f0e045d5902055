"""What reviewers look at over HTTP: kept contents of every kind, hostile ones too, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from evenhand.api.reviewmedia import byte_range
from evenhand.domain import Source
from evenhand.store import Store, open_store
from tests.media import after_start, drawn, encode, jpeg_segment
from tests.recordings import landscape, sound, tone, video
from tests.reviewing import ask, found
from tests.server import quick, serving

HOSTILE = '<script>alert(1)</script> <img src=x onerror="alert(2)"> cаll me'  # with a Cyrillic letter
POLICY = """
name: people
version: "7"
lines:
  default:
    rules:
      - name: contacts
        when: {label: ads.contact, score: {min: 0.5}}
        action: review
        reason: a person looks at contact details
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Store]]:
    """Give a server that keeps contents, and its store."""
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "policy.yaml").write_text(POLICY)
    settings = quick(
        folder, keep_originals_days=30, keep_context_keys=("channel", "author"), policy=folder / "policy.yaml"
    )
    store = open_store(settings=settings)
    store.migrate()
    with serving(settings) as client:
        yield client, store
    store.close()


def _get(client: httpx.Client, decision_id: str, what: str, **headers: str) -> httpx.Response:
    return client.get(f"/v1/review/items/{decision_id}/{what}", headers=headers)


def _json(client: httpx.Client, decision_id: str, what: str) -> Any:
    answer = _get(client, decision_id, what)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_text_is_marked_beside_its_normalised_form(seen: tuple[httpx.Client, Store]) -> None:
    client, store = seen
    place = (HOSTILE.index("cаll"), len(HOSTILE))
    decision_id = ask(store, HOSTILE, found("ads.contact", span=place), context={"channel": "chat", "secret": 1})
    shown = _json(client, decision_id, "content")
    assert (shown["kept"], shown["family"], shown["context"]) == (True, "text", {"channel": "chat"})
    assert "".join(piece["text"] for piece in shown["text"]["pieces"]) == HOSTILE
    assert [piece["text"] for piece in shown["text"]["pieces"] if piece["labels"]] == ["cаll me"]
    assert [piece["text"] for piece in shown["text"]["normalised"] if piece["labels"]] == ["call me"]
    saved = _get(client, decision_id, "media")
    assert saved.text == HOSTILE
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith("attachment;")


def test_what_is_not_kept_is_said(seen: tuple[httpx.Client, Store]) -> None:
    client, store = seen
    decision_id = ask(store, "gone", found("ads.contact", span=(0, 4)), keep=False)
    shown = _json(client, decision_id, "content")
    assert (shown["kept"], shown["text"]) == (False, None)
    assert "EVENHAND_KEEP_ORIGINALS_DAYS" in shown["why_not"]
    missing = _get(client, decision_id, "media")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert _get(client, "x", "content").status_code == 404


def test_a_picture_is_drawn_anew_without_what_it_carried(seen: tuple[httpx.Client, Store]) -> None:
    client, store = seen
    evil = b"<script>alert(1)</script>"
    data = after_start(encode(drawn(120, 80), "JPEG"), jpeg_segment(0xFE, evil), jpeg_segment(0xE1, b"Exif\0\0" + evil))
    decision_id = ask(store, data, found("ads.qrcode", source=Source.IMAGE, box=(1.0, 2.0, 30.0, 40.0)), kind="image")
    answer = _get(client, decision_id, "picture")
    assert answer.headers["content-type"] == "image/jpeg"
    assert evil not in answer.content
    assert Image.open(BytesIO(answer.content)).size == (120, 80)
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    saved = _get(client, decision_id, "media")
    assert (saved.content, saved.headers["content-type"]) == (data, "application/octet-stream")


@pytest.mark.parametrize(
    "body",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7 hostile",
        b"GIF89a/*" + b"\0" * 40 + b"*/=alert(1)",
    ],
)
@pytest.mark.parametrize("declared", ["image/svg+xml", "text/html", "image/png; name=<b>.html", "text/plain"])
def test_nothing_leaves_as_something_that_runs(seen: tuple[httpx.Client, Store], body: bytes, declared: str) -> None:
    client, store = seen
    decision_id = ask(store, body + declared.encode(), media_type=declared, kind="image", id='"><script>.svg')
    saved = _get(client, decision_id, "media")
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"] == f'attachment; filename="content-{decision_id}.bin"'
    assert "sandbox" in saved.headers["content-security-policy"]
    for what in ("picture", "waveform"):
        refused = _get(client, decision_id, what)
        assert (refused.status_code, refused.headers["content-type"]) in [
            (code, "application/json") for code in (404, 415, 422)
        ]


def test_a_recording_plays_in_ranges_and_has_a_waveform(seen: tuple[httpx.Client, Store]) -> None:
    client, store = seen
    quiet = np.zeros(16_000, np.float32)
    data = sound(np.concatenate([quiet, tone(1.0, level=0.9), quiet]))
    spoken = found("harassment.insult", source=Source.SPEECH, time=(1.0, 2.0), text="a word")
    decision_id = ask(store, data, spoken, kind="audio", media_type="text/html")
    whole = _get(client, decision_id, "media")
    assert (whole.content, whole.headers["content-type"], whole.headers["accept-ranges"]) == (
        data,
        "audio/wav",
        "bytes",
    )
    part = _get(client, decision_id, "media", Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(data)}"
    assert _get(client, decision_id, "media", Range="bytes=-5").content == data[-5:]
    over = _get(client, decision_id, "media", Range=f"bytes={len(data)}-")
    assert (over.status_code, over.headers["content-range"]) == (416, f"bytes */{len(data)}")
    wave = _json(client, decision_id, "waveform")
    assert wave["seconds"] == pytest.approx(3.0, abs=0.1)
    thirds = [max(wave["peaks"][begin : begin + 360]) for begin in (20, 420, 820)]
    assert thirds[0] < 5 < 90 < thirds[1]
    assert thirds[2] < 5
    assert store.traits.get(store.reviews.get(decision_id).content_hash) is not None
    words = _json(client, decision_id, "transcript")
    assert (words["until"], [line["text"] for line in words["lines"]]) == (None, ["a word"])


def test_subtitles_become_a_transcript(seen: tuple[httpx.Client, Store]) -> None:
    client, store = seen
    data = video(landscape, seconds=3.0, subtitles=[(0.5, 1.5, "mild words here")])
    decision_id = ask(store, data, kind="video")
    assert _get(client, decision_id, "media").headers["content-type"] in ("video/mp4", "video/webm")
    made = client.post(f"/v1/review/items/{decision_id}/transcript").json()
    assert [(line["text"], line["source"]) for line in made["lines"]] == [("mild words here", "subtitle")]
    assert made["lines"][0]["start"] == pytest.approx(0.5, abs=0.2)
    assert _json(client, decision_id, "transcript") == made
    assert _json(client, decision_id, "waveform")["peaks"] == []


def test_similar_items_come_with_what_was_decided(seen: tuple[httpx.Client, Store]) -> None:
    client, store = seen
    text = "Win a free holiday today, just send your details to the address on our page and wait for the good news."
    first = ask(store, text)
    _json(client, first, "similar")
    client.post(f"/v1/review/items/{first}/decide", json={"verdict": "right"})
    same, near = ask(store, text), ask(store, text.replace("holiday", "holiday!!").replace("good", "go0d"))
    other = ask(store, "The ferry leaves at nine on weekdays and at ten on Sundays, weather permitting, from the pier.")
    (exact,) = _json(client, same, "similar")["items"]
    assert (exact["decision_id"], exact["how"], exact["verdict"]["verdict"]) == (first, "same", "right")
    hows = {one["decision_id"]: one["how"] for one in _json(client, near, "similar")["items"]}
    assert hows == {first: "near", same: "near"}
    assert _json(client, other, "similar")["items"] == []
    picture = drawn(200, 160)
    one = ask(store, encode(picture, "PNG"), kind="image", media_type="image/png")
    again = ask(store, encode(picture.resize((150, 120)), "JPEG"), kind="image", media_type="image/jpeg")
    _json(client, one, "similar")
    assert [item["decision_id"] for item in _json(client, again, "similar")["items"]] == [one]


def test_the_rule_that_fired_is_given_in_its_own_words(seen: tuple[httpx.Client, Store]) -> None:
    client, store = seen
    decision_id = ask(store, "call me", found("ads.contact", span=(0, 4)), policy="people@7/default")
    shown = _json(client, decision_id, "policy")
    assert (shown["policy"], shown["version"], shown["line"], shown["rule"]) == ("people", "7", "default", "contacts")
    assert shown["text"].splitlines()[0] == "name: contacts"
    assert "a person looks at contact details" in shown["text"]
    assert shown["scores"] == [
        {"label": "ads.contact", "score": 0.9, "detector": "text.test", "version": "1", "why": "for a test"}
    ]


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=5-", (5, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=2-99, 5-6", (2, 10)),
        ("bytes=10-", None),
        ("bytes=7-3", None),
        ("bytes=-", None),
        ("bytes=-0", None),
        ("lines=1-2", None),
    ],
)
def test_ranges(asked: str, given: tuple[int, int] | None) -> None:
    assert byte_range(asked, 10) == given
