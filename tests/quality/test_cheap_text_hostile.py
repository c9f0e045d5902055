"""A million characters made to be slow, to every cheap text detector; minutes, so only when asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "unit" / "detectors" / "hostile.py"
DETECTORS = (
    "evenhand.detectors.language:LanguageDetector",
    "evenhand.detectors.contact:ContactDetector",
    "evenhand.detectors.flood:FloodDetector",
)


@pytest.mark.skipif(not os.environ.get("EVENHAND_LONG_TESTS"), reason="takes minutes; set EVENHAND_LONG_TESTS=1")
@pytest.mark.parametrize("detector", DETECTORS)
def test_a_million_characters_come_back(detector: str) -> None:
    command = [sys.executable, str(PROGRAM), "1000000", detector]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=True)
    assert done.stdout.splitlines()[-1] == "done"
