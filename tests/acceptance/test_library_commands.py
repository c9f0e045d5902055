"""Libraries of the database, marks and proposals on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from evenhand.settings import Settings
from evenhand.store import open_store
from tests.unit.store.factory import HASH, record


def _run(folder: Path, *args: str, code: int = 0, text: str | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "evenhand", *args],
        env={"PATH": "/usr/bin:/bin", "EVENHAND_DATABASE_URL": f"sqlite:///{folder / 'e.db'}", "HOME": str(folder)},
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_a_library_is_made_filled_taken_out_and_gone_back(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("value,match,note\nrapscallion,,old\nwin \\d+ coins,regex,\n")
    (tmp_path / "scam.txt").write_text(
        "Dear friend, claim your free prize now: the link below is open until noon today"
    )
    _run(tmp_path, "library", "db", "create", "house", "words", "--label", "spam.scam")
    assert "2 added" in _run(tmp_path, "library", "db", "add", "house", "badword", "toe rag", "--note", "mine")
    assert "csv, 2 added" in _run(tmp_path, "library", "db", "import", "house", "list.csv")
    assert "group of people" in _run(tmp_path, "library", "db", "add", "house", "muslims", code=2)
    shown = json.loads(_run(tmp_path, "library", "db", "show", "house", "--search", "RAPS"))
    assert [(one["value"], one["note"]) for one in shown["entries"]] == [("rapscallion", "old")]
    _run(tmp_path, "library", "db", "remove", "house", "badword")
    assert _run(tmp_path, "library", "db", "export", "house").count("\n") == 4
    assert json.loads(_run(tmp_path, "library", "db", "export", "house", "--format", "stix"))["type"] == "bundle"
    history = json.loads(_run(tmp_path, "library", "db", "history", "house"))["versions"]
    assert [one["action"] for one in history] == ["remove", "import", "add", "create"]
    assert "2 in all" in _run(tmp_path, "library", "db", "rollback", "house", "2")
    _run(tmp_path, "library", "db", "create", "scams", "texts")
    assert "t1:" in _run(tmp_path, "library", "db", "sample", "scams", "scam.txt")
    assert _run(tmp_path, "library", "from-texts", "scam.txt").startswith("t1:")
    again = "Dear friend, claim your free prize now: the link below is open until five today\n"
    result = json.loads(_run(tmp_path, "check", "--json", "-", text=again, code=1))
    assert [one["library"] for one in result["findings"] if "library" in one] == ["scams"]
    _run(tmp_path, "library", "db", "delete", "scams")
    assert [one["name"] for one in json.loads(_run(tmp_path, "library", "db", "list"))["libraries"]] == ["house"]


def test_marks_and_proposals(tmp_path: Path) -> None:
    store = open_store(settings=Settings(database_url=f"sqlite:///{tmp_path / 'e.db'}"))
    store.migrate()
    one = record()
    store.record([one])
    store.close()
    text = "A text of some length that was marked as harmless by a person who knows"
    made = json.loads(
        _run(tmp_path, "mark", "add", one.result.decision_id, "wrong", "--reason", "fine", "--near", "--text", text)
    )
    (mark,) = made["marks"]
    assert (mark["near"], mark["content_hash"]) == ("text", HASH)
    seen = json.loads(_run(tmp_path, "mark", "preview", mark["id"]))
    assert seen["effects"][0]["touched"] == [{"decision_id": one.result.decision_id, "alike": 100}]
    _run(tmp_path, "mark", "apply", mark["id"])
    assert json.loads(_run(tmp_path, "proposals", "look"))["proposals"] == []
    assert json.loads(_run(tmp_path, "proposals", "list", "--state", "open"))["proposals"] == []
    assert "no proposal" in _run(tmp_path, "proposals", "approve", "x", code=2)
