"""Videos and sounds over HTTP, kept in the store and given back."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from evenhand.detectors.builtin import BUILTINS
from tests.recordings import landscape, qr, sound, tone, video
from tests.server import quick, serving

NEEDED = {"image.code", "text.contact"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with codes and contacts alone."""
    others = tuple(builtin.name for builtin in BUILTINS if builtin.name not in NEEDED)
    folder: Path = tmp_path_factory.mktemp("server")
    with serving(quick(folder, disabled_detectors=others, detector_timeout_s=300)) as opened:
        opened.timeout = httpx.Timeout(300)
        yield opened


@pytest.fixture(scope="module")
def clip() -> bytes:
    """Eight seconds with a code from the fourth to the seventh."""
    return video(lambda m: qr("https://example.com/sale") if 4 <= m < 7 else landscape(m, (640, 360)), seconds=8)


@pytest.mark.parametrize("how", ["base64", "multipart"])
def test_a_video_comes_in_both_ways(client: httpx.Client, clip: bytes, how: str) -> None:
    if how == "base64":
        answer = client.post("/v1/check", json={"id": "v", "data": base64.b64encode(clip).decode(), "kind": "video"})
    else:
        answer = client.post("/v1/check", files={"file": ("v.mp4", clip, "video/mp4")}, data={"id": "v"})
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert (result["id"], result["kind"], result["incomplete"], result["notes"]) == ("v", "video", {}, [])
    (incident,) = (one for one in result["incidents"] if one["label"].startswith("ads"))
    assert 3.9 <= incident["start"] <= 5
    assert 5 <= incident["end"] <= 7
    assert incident["modalities"] == ["seen", "read"]
    assert result["media"]["duration"] == pytest.approx(8, abs=0.2)


def test_it_is_recorded_and_given_back(client: httpx.Client, clip: bytes) -> None:
    made = client.post("/v1/check", files={"file": ("v.mp4", clip, "video/mp4")}).json()
    kept = client.get(f"/v1/decisions/{made['decision_id']}").json()
    assert kept.pop("created_at")
    assert kept == made


def test_sound_without_a_detector_of_sound_goes_to_people(client: httpx.Client) -> None:
    result = client.post("/v1/check", files={"file": ("a.wav", sound(tone(2)), "audio/wav")}).json()
    assert (result["kind"], result["action"], result["rule"]) == ("audio", "review", "incomplete")
    assert "audio" in result["incomplete"]


def test_a_path_is_not_taken_from_a_request(client: httpx.Client) -> None:
    answer = client.post("/v1/check", json={"path": "/etc/hostname"})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "bad_input"


def test_a_broken_video_is_an_error_of_the_caller(client: httpx.Client, clip: bytes) -> None:
    answer = client.post("/v1/check", files={"file": ("v.mp4", clip[:40], "video/mp4")})
    assert answer.status_code == 422
    assert "damaged or cut short" in answer.json()["error"]["message"]
