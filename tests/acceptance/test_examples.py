"""`evenhand check examples/ --json` gives the right answers on the shipped examples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# Example -> (whether it is flagged, labels that must be among its findings)
EXPECTED: dict[str, tuple[bool, set[str]]] = {
    "texts/greeting.txt": (False, set()),
    "texts/neighbours.txt": (False, set()),
    "texts/recipe.txt": (False, set()),
    "texts/condemning.txt": (False, set()),
    "texts/gruesse.txt": (False, set()),
    "texts/insult.txt": (True, {"harassment.insult"}),
    "texts/advert.txt": (True, {"ads.contact", "ads.link"}),
    "texts/disguised-contact.txt": (True, {"ads.contact"}),
    "texts/flood.txt": (True, {"spam.flood"}),
    "texts/scam.txt": (True, {"spam.scam"}),
    "pictures/landscape.jpg": (False, set()),
    "pictures/notice.png": (False, set()),
    "pictures/advert.png": (True, {"ads.contact"}),
    "pictures/advert-zh.png": (True, {"ads.contact"}),
    "pictures/code.png": (True, {"ads.qrcode", "ads.link"}),
    "pictures/rolling.gif": (True, {"ads.contact"}),
    "recordings/walk.mp4": (False, set()),
    "recordings/clip.mp4": (True, {"ads.qrcode", "ads.contact", "harassment.insult"}),
    "recordings/voice.ogg": (True, {"harassment.insult"}),
}

# Example -> what happens when: about how many seconds from its start, the label, and how it shows
INCIDENTS = [
    ("recordings/clip.mp4", 12, "ads.qrcode", "seen"),
    ("recordings/clip.mp4", 17, "ads.contact", "read"),
    ("recordings/clip.mp4", 20, "harassment.insult", "said"),
    ("recordings/voice.ogg", 7.5, "harassment.insult", "said"),
]


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "evenhand", "check", "examples/", "--json"]
    patient = {**os.environ, "EVENHAND_DETECTOR_TIMEOUT_S": "300"}  # machines that test do much else
    done = subprocess.run(command, cwd=ROOT, env=patient, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    return {r["id"].removeprefix("examples/"): r for r in map(json.loads, done.stdout.splitlines())}


def test_every_example_has_an_expected_answer(results: dict[str, dict[str, Any]]) -> None:
    assert set(results) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_answer_is_right(results: dict[str, dict[str, Any]], name: str) -> None:
    result, (flagged, labels) = results[name], EXPECTED[name]
    assert result["incomplete"] == {}
    assert (result["action"] != "pass") is flagged, result["reason"]
    assert labels <= set(result["labels"]), result["labels"]
    if flagged and name.startswith("pictures/"):
        assert any("box" in finding["location"] for finding in result["findings"])


@pytest.mark.parametrize(("name", "second", "label", "way"), INCIDENTS)
def test_what_happens_in_a_recording_is_found_in_its_place(
    results: dict[str, dict[str, Any]], name: str, second: float, label: str, way: str
) -> None:
    found = [one for one in results[name]["incidents"] if label in one["labels"] and way in one["modalities"]]
    # One advert soon after the other is one incident.
    assert any(one["start"] - 2 <= second <= one["end"] for one in found), results[name]["incidents"]
