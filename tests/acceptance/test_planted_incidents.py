"""Planted incidents in a file and in a voice note: each found in its place with its label, and nothing else.

What is planted is drawn, spoken by a machine or computed; live streams have theirs in tests/integration/intake.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.drawings import pistol
from tests.recordings import landscape, qr, sound, video
from tests.sounds import RATE, gunfire, spoken

pytest.importorskip("faster_whisper")

SIZE = (640, 360)
ADVERT = "https://wa.me/14155552671?text=buy%20followers"
INSULT = (8.1, 11.6)  # seconds of insult_en.ogg in which it is said
SLACK_S = 2.5  # a frame is looked at every two seconds


@dataclass(frozen=True)
class Planted:
    """Something that happens, and how it has to be told."""

    start: float  # seconds
    end: float
    label: str
    way: str


FILE_S = 48.0
IN_THE_FILE = (
    Planted(12, 15, "ads.qrcode", "seen"),
    Planted(20, 24, "harassment.insult", "said"),
    Planted(28, 32, "violence.weapon", "seen"),
    Planted(40.5, 43, "violence.weapon", "heard"),
)
NOTE_S = 30.0
IN_THE_NOTE = (
    Planted(9, 13, "harassment.insult", "said"),
    Planted(22.5, 25, "violence.weapon", "heard"),
)


def scene(moment: float) -> Image.Image:
    """Draw the film: a landscape, a code that advertises, a gun."""
    if 12 <= moment < 15:
        return qr(ADVERT, SIZE)
    return pistol(SIZE) if 28 <= moment < 32 else landscape(moment, SIZE)


def track(seconds: float, *pieces: tuple[float, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Lay sounds on a quiet track."""
    out = np.random.default_rng(0).normal(0, 0.0005, round(seconds * RATE)).astype(np.float32)
    for start, piece in pieces:
        begin = round(start * RATE)
        out[begin : begin + len(piece)] += piece[: len(out) - begin]
    return out


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Check two recordings with planted incidents and two without, as a user does."""
    folder = tmp_path_factory.mktemp("planted")
    words = spoken("insult_en")
    insult, weather = words[round(INSULT[0] * RATE) : round(INSULT[1] * RATE)], words[: 6 * RATE]
    friendly = spoken("harmless_en")
    full = track(FILE_S, (2, weather), (20, insult), (40, gunfire()))
    kind = track(FILE_S, (2, weather), (20, friendly))
    options = {"preset": "veryfast"}
    files = {
        "film.mp4": video(scene, seconds=FILE_S, sounds=[full], options=options),
        "walk.mp4": video(lambda t: landscape(t, SIZE), seconds=FILE_S, sounds=[kind], options=options),
        "note.ogg": sound(track(NOTE_S, (1, weather), (9, insult), (22, gunfire())), fmt="ogg", codec="libopus"),
        "kind.ogg": sound(track(NOTE_S, (1, weather), (12, friendly)), fmt="ogg", codec="libopus"),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    command = [sys.executable, "-m", "evenhand", "check", *files, "--json", "--lang", "en"]
    patient = {**os.environ, "EVENHAND_DETECTOR_TIMEOUT_S": "300"}  # machines that test do much else
    done = subprocess.run(command, cwd=folder, env=patient, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    return {result["id"]: result for result in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", ["film.mp4", "walk.mp4", "note.ogg", "kind.ogg"])
def test_everything_was_looked_at(results: dict[str, dict[str, Any]], name: str) -> None:
    assert results[name]["incomplete"] == {}


@pytest.mark.parametrize(
    ("name", "planted"),
    [*(("film.mp4", one) for one in IN_THE_FILE), *(("note.ogg", one) for one in IN_THE_NOTE)],
)
def test_what_was_planted_is_found_in_its_place(
    results: dict[str, dict[str, Any]], name: str, planted: Planted
) -> None:
    told = results[name]["incidents"]
    found = [one for one in told if planted.label in one["labels"] and planted.way in one["modalities"]]
    near = [
        one for one in found if abs(one["start"] - planted.start) <= SLACK_S and one["end"] <= planted.end + SLACK_S
    ]
    assert len(near) == 1, told


@pytest.mark.parametrize(("name", "planted"), [("film.mp4", IN_THE_FILE), ("note.ogg", IN_THE_NOTE)])
def test_nothing_else_is_told(results: dict[str, dict[str, Any]], name: str, planted: tuple[Planted, ...]) -> None:
    for one in results[name]["incidents"]:
        kind = one["label"].partition(".")[0]
        allowed = {"ads": {"ads", "spam"}}  # an advert may read like bulk mail, too
        assert any(
            kind in allowed.get(top := thing.label.partition(".")[0], {top})
            and one["start"] >= thing.start - SLACK_S
            and one["end"] <= thing.end + SLACK_S
            for thing in planted
        ), one
    assert results[name]["action"] in {"review", "block"}


@pytest.mark.parametrize("name", ["walk.mp4", "kind.ogg"])
def test_the_same_without_them_passes(results: dict[str, dict[str, Any]], name: str) -> None:
    assert results[name]["action"] == "pass", results[name]["reason"]
    assert results[name]["incidents"] == []
