"""Shadow mode of Google's dialect: a second server stands for both of Google's services."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from evenhand.api.compat.google.shadow import root
from evenhand.store import open_store
from tests.integration.api.compat.test_google import V2, VISION, document, listed, picture
from tests.media import drawn, encode
from tests.server import serving

ASKED: dict[str, tuple[str, dict[str, Any], str, float]] = {
    "texts": (V2, document("a slurword here"), "Derogatory", 1.0),
    "pictures": (VISION, {"requests": [picture(), picture(encode(drawn(90, 90), "PNG"))]}, "adult", 0.0),
}


@pytest.mark.parametrize("what", ASKED)
def test_both_answers_are_written_down_and_no_content(tmp_path: Path, what: str) -> None:
    path, body, category, both = ASKED[what]
    folders = [tmp_path / name for name in ("old", "new")]
    for folder in folders:
        folder.mkdir()
    old_settings = listed(folders[0], require_keys=True)
    store = open_store(settings=old_settings)
    store.migrate()
    key = store.keys.create("old").token
    store.close()
    with serving(old_settings) as old:
        old.post(path, json=body, headers={"X-Goog-Api-Key": key}).raise_for_status()  # its model is loaded
        settings = listed(
            folders[1],
            data_dir=tmp_path / "data",
            shadow_urls={"google": str(old.base_url).rstrip("/")},
            shadow_keys={"google": key},
        )
        with serving(settings) as client:
            answer = client.post(path, json=body)
            assert answer.status_code == 200, answer.text
            file, deadline = tmp_path / "data" / "shadow.jsonl", time.monotonic() + 60
            while not (file.exists() and file.read_text().endswith("\n")) and time.monotonic() < deadline:
                time.sleep(0.05)
    (row,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert row["dialect"] == "google"
    assert row["decision_id"] in answer.headers["x-decision-id"]
    assert "error" not in row, row
    assert row["scores"][category][0] == row["scores"][category][1] == pytest.approx(both, abs=0.3)
    assert "spoof" not in row["scores"]
    assert "word" not in file.read_text()


def test_one_address_serves_both_of_googles_services() -> None:
    address = "https://{service}.googleapis.com"
    assert root(address, "vision") == "https://vision.googleapis.com"
    assert root("http://localhost:8000", "language") == "http://localhost:8000"
