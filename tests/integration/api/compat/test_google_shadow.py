"""Shadow mode of Google's dialect: a second server stands for both of Google's services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.api.compat.google.shadow import root
from tests.compat import shadowed
from tests.integration.api.compat.test_google import V2, VISION, document, listed, picture
from tests.media import drawn, encode

ASKED: dict[str, tuple[str, dict[str, Any], str, float]] = {
    "texts": (V2, document("a slurword here"), "Derogatory", 1.0),
    "pictures": (VISION, {"requests": [picture(), picture(encode(drawn(90, 90), "PNG"))]}, "adult", 0.0),
}


@pytest.mark.parametrize("what", ASKED)
def test_both_answers_are_written_down_and_no_content(tmp_path: Path, what: str) -> None:
    path, body, category, both = ASKED[what]

    def first(old: httpx.Client, new: httpx.Client, key: str) -> None:
        old.post(path, json=body, headers={"X-Goog-Api-Key": key}).raise_for_status()  # its model is loaded

    row = shadowed(tmp_path, listed, ("google", path, body), first=first)
    assert row["scores"][category][0] == row["scores"][category][1] == pytest.approx(both, abs=0.3)
    assert "spoof" not in row["scores"]


def test_one_address_serves_both_of_googles_services() -> None:
    address = "https://{service}.googleapis.com"
    assert root(address, "vision") == "https://vision.googleapis.com"
    assert root("http://localhost:8000", "language") == "http://localhost:8000"
