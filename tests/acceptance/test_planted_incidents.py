"""Planted incidents in a file and in a voice note: each found in its place with its label, and nothing else.

What is planted is drawn, spoken by a machine or computed; live streams are in test_planted_live.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.planted import FILM_S, IN_THE_FILM, SIZE, Planted, allowed, film, insult, track, weather
from tests.recordings import landscape, sound, video
from tests.sounds import gunfire, spoken

pytest.importorskip("faster_whisper")

SLACK_S = 2.5  # a frame is looked at every two seconds
NOTE_S = 30.0
IN_THE_NOTE = (
    Planted(9, 13, "harassment.insult", "said"),
    Planted(22.5, 25, "violence.weapon", "heard"),
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Check two recordings with planted incidents and two without, as a user does."""
    folder = tmp_path_factory.mktemp("planted")
    friendly = spoken("harmless_en")
    kind = track(FILM_S, (2, weather()), (20, friendly))
    options = {"preset": "veryfast"}
    files = {
        "film.mp4": film(),
        "walk.mp4": video(lambda t: landscape(t, SIZE), seconds=FILM_S, sounds=[kind], options=options),
        "note.ogg": sound(track(NOTE_S, (1, weather()), (9, insult()), (22, gunfire())), fmt="ogg", codec="libopus"),
        "kind.ogg": sound(track(NOTE_S, (1, weather()), (12, friendly)), fmt="ogg", codec="libopus"),
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
    [*(("film.mp4", one) for one in IN_THE_FILM), *(("note.ogg", one) for one in IN_THE_NOTE)],
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


@pytest.mark.parametrize(("name", "planted"), [("film.mp4", IN_THE_FILM), ("note.ogg", IN_THE_NOTE)])
def test_nothing_else_is_told(results: dict[str, dict[str, Any]], name: str, planted: tuple[Planted, ...]) -> None:
    for one in results[name]["incidents"]:
        assert any(
            allowed(one["label"], thing) and one["start"] >= thing.start - SLACK_S and one["end"] <= thing.end + SLACK_S
            for thing in planted
        ), one
    assert results[name]["action"] in {"review", "block"}


@pytest.mark.parametrize("name", ["walk.mp4", "kind.ogg"])
def test_the_same_without_them_passes(results: dict[str, dict[str, Any]], name: str) -> None:
    assert results[name]["action"] == "pass", results[name]["reason"]
    assert results[name]["incidents"] == []
