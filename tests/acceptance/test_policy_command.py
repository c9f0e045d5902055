"""`evenhand policy` from a template to rollback and undo, as a person at a terminal does it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.jobworker import OFF

CALL = "call me at 555-010-0001"


@pytest.fixture
def run(tmp_path: Path) -> Any:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EVENHAND_")}
    environment |= {
        "EVENHAND_DATABASE_URL": f"sqlite:///{tmp_path / 'test.db'}",
        "EVENHAND_DATA_DIR": str(tmp_path),
        "EVENHAND_DISABLED_DETECTORS": orjson.dumps(OFF).decode(),
        "EVENHAND_PLUGINS": "false",
    }

    def call(*arguments: str, code: int = 0) -> Any:
        command = [sys.executable, "-m", "evenhand", *arguments]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, timeout=300, check=False)
        assert done.returncode == code, done.stderr.decode()
        try:
            return orjson.loads(done.stdout)
        except orjson.JSONDecodeError:
            return done.stdout.decode()

    return call


def test_from_a_template_to_undo(run: Any, tmp_path: Path) -> None:
    assert "marketplace:" in run("policy", "template")
    (tmp_path / "policy.yaml").write_text(run("policy", "template", "marketplace"))
    for _ in range(3):
        run("check", "--text", CALL, code=1)  # marked
    version = run("policy", "draft", "policy.yaml", "--note", "first")
    assert (version["state"], version["note"]) == ("draft", "first")
    assert "+ name: marketplace" in run("policy", "diff", "marketplace@1")
    run("policy", "comment", "marketplace@1", "looks good", "--line", "2")
    assert run("policy", "comment", "marketplace@1")["comments"][0]["line"] == 2
    run("policy", "publish", "marketplace@1", code=2)  # nobody has approved it
    run("policy", "propose", "marketplace@1")
    run("policy", "approve", "marketplace@1")
    blast = run("policy", "blast-radius", "marketplace@1", "--days", "1")
    assert blast["moves"] == [{"was": "mark", "would": "review", "decisions": 3}]
    assert run("policy", "publish", "marketplace@1", "--auto-brake")["published"]
    assert run("policy", "state")["source"] == "store"
    assert run("check", "--json", "--text", CALL, code=1)["policy"] == "marketplace@1/default"
    assert {line["name"] for line in run("policy", "lines")["lines"]} == {"default", "messages"}
    run("policy", "bind", "kids", "marketplace")
    run("policy", "unbind", "kids")
    assert run("policy", "brake", "marketplace", "--block", "0:0.2")["brake"]["block"] == [0.0, 0.2]
    assert run("policy", "rollback", "marketplace", "--reason", "too much")["live"] == "shipped"
    assert run("policy", "undo", "marketplace@1")["changed"] == 1
    done = run("policy", "undo", "marketplace@1", "--yes")
    assert done["replaced"] == 1
    assert run("policy", "revert", done["run"])["restored"] == 1
    assert [one["state"] for one in run("policy", "versions", "marketplace")["versions"]] == ["stopped"]
    assert "problems" in run("audit-log", "verify")
