"""Libraries of the database, marks and proposals on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from evenhand import Moderator
from evenhand.settings import Settings
from evenhand.store import open_store
from tests.turned_off import PICTURE_MODELS
from tests.unit.detectors.test_classes_text import pupils, sellers
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


def test_a_class_is_taught_again_with_what_was_judged_since(tmp_path: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'e.db'}",
        keep_originals_days=1,
        plugins=False,
        threads=1,
        disabled_detectors=PICTURE_MODELS,
    )
    store = open_store(settings=settings)
    store.migrate()
    for name in ("ann", "bob", "cy"):
        store.keys.create(name, scopes=("read", "review", "senior", "policy"))
    store.close()
    (tmp_path / "sellers.txt").write_text("\n".join(sellers(1, 12)))
    (tmp_path / "pupils.txt").write_text("\n".join(pupils(1, 12)))
    _run(tmp_path, "classes", "train", "mill", "sellers.txt", "--against", "pupils.txt", "--label", "spam.mill")
    assert "found as spam.mill (version 1" in _run(tmp_path, "classes", "try", "mill", sellers(4, 1)[0])
    tried = json.loads(_run(tmp_path, "classes", "try", "mill", "The library opens at nine.", "--json"))
    assert (tried["number"], tried["label"], tried["found"]) == (1, "spam.mill", False)
    rows = ["decision_id,verdict,action,labels,reason"]
    with Moderator(settings) as moderator:
        for side, verdict in ((sellers(4, 21), "wrong,block,spam.mill"), (pupils(4, 21), "wrong,pass,")):
            rows += [f"{moderator.check(text).decision_id},{verdict},looked at" for text in side]
    (tmp_path / "marks.csv").write_text("\n".join(rows))
    assert json.loads(_run(tmp_path, "proposals", "look", "--kind", "examples"))["proposals"] == []
    _run(tmp_path, "mark", "import", "marks.csv", "--as", "cy")
    look = ("proposals", "look", "--kind", "examples", "--as", "ann")
    (made,) = json.loads(_run(tmp_path, *look))["proposals"]
    assert (made["kind"], made["change"]["name"]) == ("examples", "mill")
    assert (made["evidence"]["positives"], made["evidence"]["against"]) == (21, 21)
    assert json.loads(_run(tmp_path, *look))["proposals"] == []  # it is not made twice
    for one in ("ann", "cy"):  # who asked for it, and whose marks it rests on
        assert "second person" in _run(tmp_path, "proposals", "approve", made["id"], "--as", one, code=2)
    done = json.loads(_run(tmp_path, "proposals", "approve", made["id"], "--as", "bob", "--reason", "looked at"))
    assert done["state"] == "approved"
    store = open_store(settings=settings)
    (entry,) = store.classes.list()
    assert (entry.deployed, [one.number for one in entry.versions]) == (1, [2, 1])  # it judges nothing before deployed
    newest = entry.versions[0]
    assert (newest.label, newest.quality["examples"], newest.quality["against"]) == ("spam.mill", 21, 21)
    assert store.proposals.get(made["id"]).done == {"class": "mill", "number": 2}
    store.close()
    assert json.loads(_run(tmp_path, *look))["proposals"] == []  # nothing was judged since
