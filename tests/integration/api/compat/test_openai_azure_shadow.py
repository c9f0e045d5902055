"""Shadow mode of OpenAI's and Azure's dialects: a second server stands for the old vendor."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from evenhand.store import open_store
from tests.integration.api.compat import test_azure, test_openai
from tests.server import serving

ASKED: dict[str, tuple[str, str, dict[str, Any], str, list[float]]] = {
    "openai": ("/v1", test_openai.PATH, {"input": ["hello", "a slurword here"]}, "hate", [1.0, 1.0]),
    "azure": ("", test_azure.TEXT, {"text": "warword", "blocklistNames": ["ours"]}, "Violence", [2 / 6, 2 / 6]),
}


@pytest.mark.parametrize("dialect", ASKED)
def test_both_answers_are_written_down_and_no_content(tmp_path: Path, dialect: str) -> None:
    root, path, body, category, both = ASKED[dialect]
    listed = (test_openai if dialect == "openai" else test_azure).listed
    folders = [tmp_path / name for name in ("old", "new")]
    for folder in folders:
        folder.mkdir()
    old_settings = listed(folders[0], require_keys=True)
    store = open_store(settings=old_settings)
    store.migrate()
    key = store.keys.create("old").token
    store.close()
    with serving(old_settings) as old:
        settings = listed(
            folders[1],
            data_dir=tmp_path / "data",
            shadow_urls={dialect: f"{str(old.base_url).rstrip('/')}{root}"},
            shadow_keys={dialect: key},
        )
        with serving(settings) as client:
            client.patch(f"{test_azure.LISTS}/ours?{test_azure.VERSION}", json={})
            answer = client.post(path, json=body)
            assert answer.status_code == 200, answer.text
            file, deadline = tmp_path / "data" / "shadow.jsonl", time.monotonic() + 60
            while not (file.exists() and file.read_text().endswith("\n")) and time.monotonic() < deadline:
                time.sleep(0.05)
    (row,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert row["dialect"] == dialect
    assert row["decision_id"] in answer.headers["x-decision-id"]
    assert row["scores"][category] == pytest.approx(both)
    assert "word" not in file.read_text()
