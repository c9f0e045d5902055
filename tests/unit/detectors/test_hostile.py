"""Texts made to be slow come back: in a process of its own, with a guard against hanging and no other clock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DETECTORS = (
    "evenhand.detectors.language:LanguageDetector",
    "evenhand.detectors.contact:ContactDetector",
    "evenhand.detectors.flood:FloodDetector",
)
SIZE = 20_000  # characters; backtracking of any kind would already need hours
GUARD_S = 300


@pytest.mark.parametrize("detector", DETECTORS)
def test_comes_back(detector: str) -> None:
    program = str(Path(__file__).with_name("hostile.py"))
    done = subprocess.run(
        [sys.executable, program, str(SIZE), detector], capture_output=True, text=True, timeout=GUARD_S, check=True
    )
    assert done.stdout.splitlines()[-1] == "done"
