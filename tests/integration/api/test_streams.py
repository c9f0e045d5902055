"""`/v1/streams` over a real server: followed, listed, stopped, and never into the operator's network."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live import OFF, hls
from tests.server import quick, serving

PATIENCE_S = 120.0
POLICY = """
name: test
version: "1"
incomplete: mark
lines:
  default:
    rules:
      - {name: codes, when: {label: ads.qrcode, kind: stream, score: {min: 0.5}}, action: review}
"""


def wait(client: httpx.Client, path: str, wanted: Any) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        document: dict[str, Any] = client.get(path).raise_for_status().json()
        if wanted(document):
            return document
        assert time.monotonic() < deadline, document
        time.sleep(0.3)


def test_a_stream_is_followed_told_of_and_stopped(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    with hls(tmp_path) as server:
        settings = quick(
            tmp_path, policy=policy, data_dir=tmp_path, disabled_detectors=("audio.speech", *OFF),
            live_allow_hosts=tuple(server.allowed), jobs_heartbeat_s=1.0,
        )  # fmt: skip
        with serving(settings, work=True) as client:
            made = client.post("/v1/streams", json={"url": server.url, "id": "channel 1"})
            assert made.status_code == 201, made.text
            path = made.headers["location"]
            document = wait(client, f"{path}/events", lambda got: _kinds(got) >= {"connected", "incident.opened"})
            opened = next(one["data"] for one in document["events"] if one["event"] == "incident.opened")
            shown = client.get(path).json()
            assert (shown["state"], shown["caller_id"], shown["url"]) == ("running", "channel 1", server.url)
            assert [one["id"] for one in client.get("/v1/streams").json()["streams"]] == [shown["id"]]
            clip = client.get(f"{path}/clips/{opened['incident']}")
            assert (clip.status_code, clip.content[:4]) == (200, b"\x1a\x45\xdf\xa3")
            decision = client.get(f"/v1/decisions/{opened['decision_id']}").json()
            assert (decision["kind"], decision["id"]) == ("stream", "channel 1")
            assert client.delete(path).json()["state"] in {"stopping", "stopped"}
            over = wait(client, path, lambda got: got["state"] == "stopped")
            assert over["finished_at"]
            assert client.delete(path).status_code == 200
            assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("http://127.0.0.1:9/live.m3u8", 422, "stream_refused"),
        ("rtmp://127.0.0.1/live/x", 422, "stream_refused"),
        ("rtsp://[::1]:8554/x", 422, "stream_refused"),
        ("srt://10.0.0.1:9000", 422, "stream_refused"),
        ("https://169.254.169.254/latest/meta-data", 422, "stream_refused"),
        ("http://2130706433/x.m3u8", 422, "stream_refused"),
        ("file:///etc/passwd", 422, "bad_input"),
        ("/etc/passwd", 422, "bad_input"),
        ("concat:a|b", 422, "bad_input"),
    ],
)
def test_what_may_not_be_followed_is_refused_at_once(tmp_path: Path, url: str, status: int, code: str) -> None:
    with serving(quick(tmp_path, data_dir=tmp_path), work=False) as client:
        answer = client.post("/v1/streams", json={"url": url})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text


def _kinds(document: dict[str, Any]) -> set[str]:
    return {one["event"] for one in document["events"]}
