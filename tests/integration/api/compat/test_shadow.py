"""Shadow mode: the old vendor (here another server of the same protocol) is asked as well, and compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.api.application import create_app
from evenhand.cli.migrate_report import report
from evenhand.errors import SettingsError, UserError
from tests.compat import compared, stored, with_model
from tests.server import quick, serving

ANALYZE = "/v1alpha1/comments:analyze"
TEXTS = ("You are an idiot.", "Have a nice day.", "Good morning, my friend.")


def test_both_are_compared_and_reported(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = with_model(tmp_path / "old", require_keys=True)
    with stored(old) as store:
        key = store.keys.create("shadow").token
    data = tmp_path / "data"
    with serving(old) as vendor:
        shadow = {"shadow_urls": {"perspective": str(vendor.base_url)}, "data_dir": data}
        with serving(with_model(tmp_path, shadow_keys={"perspective": key}, **shadow)) as client:
            for text in TEXTS:
                asked = {"comment": {"text": text}, "requestedAttributes": {"INSULT": {}}, "languages": ["en"]}
                assert client.post(ANALYZE, json=asked).status_code == 200
            rows = compared(data / "shadow.jsonl", 3)
        with serving(with_model(tmp_path, shadow_keys={"perspective": "wrong"}, **shadow)) as client:
            assert client.post(ANALYZE, json=asked).status_code == 200
            rows = compared(data / "shadow.jsonl", 4)
    assert all(text not in (data / "shadow.jsonl").read_text() for text in (*TEXTS, key))
    assert rows[3]["error"] == "HTTPStatusError 400"
    told = list(report(data / "shadow.jsonl"))
    assert told[0] == "4 requests compared, 1 without an answer of the old vendor, 0 left out"
    assert any(line.startswith("perspective INSULT: 3 scores, 0.000 apart") for line in told)
    assert any("same verdict 100.0%" in line for line in told)


def test_an_old_vendor_that_is_gone_disturbs_nobody(tmp_path: Path) -> None:
    urls = {"perspective": "http://127.0.0.1:9"}
    with serving(with_model(tmp_path, shadow_urls=urls, data_dir=tmp_path / "data")) as client:
        asked = {"comment": {"text": TEXTS[0]}, "requestedAttributes": {"INSULT": {}}}
        assert client.post(ANALYZE, json=asked).status_code == 200
        (row,) = compared(tmp_path / "data" / "shadow.jsonl", 1)
    assert row["error"] == "ConnectError"


def test_addresses_are_checked_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no http"):
        create_app(quick(tmp_path, shadow_urls={"perspective": "file:///etc/passwd"}))
    with pytest.raises(SettingsError, match="no dialect"):
        create_app(quick(tmp_path, shadow_urls={"klingon": "http://localhost"}))
    with pytest.raises(SettingsError, match="no dialect"):
        create_app(quick(tmp_path, shadow_urls={"klingon/2": "http://localhost"}))


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="EVENHAND_SHADOW_URLS"):
        list(report(tmp_path / "none.jsonl"))
