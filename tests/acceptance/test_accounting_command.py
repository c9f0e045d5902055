"""`evenhand audit-log`, `statement`, `replay`, `report`, `dashboard`, `alerts` and `db`, as an operator types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_GROUNDS = "grounds: [{label: ads, ground: incompatible, reference: Terms 4.2}]"


class _Cli:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "grounds.yaml").write_text(_GROUNDS)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("EVENHAND_")},
            "EVENHAND_DATABASE_URL": f"sqlite:///{folder / 'x.db'}",
            "EVENHAND_DISABLED_DETECTORS": '["text.harm"]',
            "EVENHAND_PLUGINS": "false",
            "EVENHAND_KEEP_ORIGINALS_DAYS": "2",
            "EVENHAND_GROUNDS": str(folder / "grounds.yaml"),
        }

    def __call__(self, *words: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "evenhand", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=180, env=self._environment, cwd=self.folder, check=False
        )
        assert done.returncode == code, (words, done.returncode, done.stdout[-2_000:], done.stderr[-2_000:])
        return done.stdout


@pytest.fixture
def run(tmp_path: Path) -> _Cli:
    """Give a way to run commands on a database of its own."""
    return _Cli(tmp_path)


def test_an_operator_accounts_for_a_decision(run: _Cli) -> None:
    made = json.loads(run("check", "--text", "call me at +1 202 555 0143 for deals", "--json", code=1))
    decision = made["decision_id"]
    assert "Terms 4.2" in run("statement", "show", decision, "--lang", "it")
    assert json.loads(run("statement", "show", decision, "--format", "dsa"))["puid"] == decision
    assert "written: 1 statements in 1 files" in run("statement", "export", "out")
    (file,) = (run.folder / "out").iterdir()
    assert json.loads(file.read_text())["statements"][0]["puid"] == decision
    assert "no ground: hate" in run("statement", "check-grounds", "grounds.yaml")
    assert json.loads(run("replay", decision))["same"] is True
    run("replay", "01a209b4-1e64-7205-ba76-06515345d4f2", code=2)
    assert "counted" in run("db", "tally")
    assert "detectors  Cost" in run("dashboard")
    run("report", "--format", "pdf", "--out", "report.pdf")
    assert (run.folder / "report.pdf").read_bytes().startswith(b"%PDF")
    detectors = json.loads(run("dashboard", "detectors", "--days", "1", "--json"))
    assert "text.contact" in [row[0] for row in detectors["rows"]]


def test_the_log_is_anchored_exported_and_verified_elsewhere(run: _Cli) -> None:
    run("alerts", "add", "few", "volume", "--below", "5", "--least", "1")
    assert "alert.raised  few" in run("alerts", "check")
    assert run("alerts", "check") == ""
    assert "raised" in run("alerts", "list")
    head = run("audit-log", "anchor", "anchors.jsonl").strip()
    assert head == run("audit-log", "head").strip()
    run("webhooks", "add", "hook", "https://example.org/")
    run("audit-log", "verify", "--anchors", "anchors.jsonl", "--since", head)
    run("audit-log", "export", "log.jsonl")
    elsewhere = _Cli(run.folder)
    elsewhere._environment["EVENHAND_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    elsewhere("audit-log", "verify", "--file", "log.jsonl", "--expect", head)
    text = (run.folder / "log.jsonl").read_text().replace("alert.raised", "alert.cleared", 1)
    (run.folder / "log.jsonl").write_text(text)
    told = json.loads(elsewhere("audit-log", "verify", "--file", "log.jsonl", code=1))
    assert told["problems"] == ["entry 2 was changed"]
    shown = json.loads(run("audit-log", "show", "--newest", "--limit", "1", "--action", "webhook.*"))
    assert shown["entries"][0]["action"] == "webhook.create"


def test_a_tenants_data_is_erased(run: _Cli) -> None:
    assert "decisions: 5" in run("db", "retention", "key-1", "--decisions-days", "5")
    assert "deleted: 0 decisions" in run("db", "erase-tenant", "key-1", "--reason", "asked to")
    assert not json.loads(run("audit-log", "verify"))["problems"]
