"""`evenhand review`, `mark` and `audit-log` as an operator types them, on a database of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evenhand.settings import Settings
from evenhand.store import Store, open_store
from tests.reviewing import ask, found
from tests.unit.store.factory import record


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give a migrated database with three decisions that ask for a person."""
    store = open_store(settings=Settings(database_url=f"sqlite:///{tmp_path / 'e.db'}"))
    store.migrate()
    store.record([record(content_hash="sha256:" + digit * 64) for digit in "abc"])
    return store


def _run(store: Store, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "EVENHAND_DATABASE_URL": store.address, **more}
    return subprocess.run([sys.executable, "-m", "evenhand", *arguments], capture_output=True, check=False, env=env)


def _json(store: Store, *arguments: str, code: int = 0) -> Any:
    done = _run(store, *arguments)
    assert done.returncode == code, done.stderr.decode()
    return json.loads(done.stdout)


def test_claims_decides_and_undoes(store: Store) -> None:
    store.keys.create("ann", scopes=("review",))
    first = _json(store, "review", "claim", "--as", "ann")["item"]
    assert first["decision"]["decision_id"] == first["decision_id"]
    done = _json(store, "review", "decide", first["decision_id"], "wrong", "--reason", "a price", "--as", "ann")
    assert done["verdict"] == {"verdict": "wrong", "action": "pass", "labels": [], "reason": "a price"}
    assert _json(store, "review", "undo", "--as", "ann")["mine"] is True
    refused = _run(store, "review", "decide", first["decision_id"], "right")
    assert (refused.returncode, b"somebody else" in refused.stderr) == (2, True)
    assert [item["state"] for item in _json(store, "review", "list")["items"]] == ["claimed", "waiting", "waiting"]
    (queue,) = _json(store, "review", "stats")["queues"]
    assert (queue["waiting"], queue["claimed"], queue["done"]) == (2, 1, 0)


def test_shows_what_a_reviewer_looks_at(tmp_path: Path) -> None:
    kept = open_store(settings=Settings(database_url=f"sqlite:///{tmp_path / 'k.db'}", keep_originals_days=9))
    kept.migrate()
    decision_id = ask(kept, "cаll me now", found("ads.contact", span=(0, 7)))
    more = {"EVENHAND_KEEP_ORIGINALS_DAYS": "9", "EVENHAND_DISABLED_DETECTORS": '["text.harm"]'}
    saved = tmp_path / "content.bin"
    shown = json.loads(_run(kept, "review", "show", decision_id, "--media", str(saved), **more).stdout)
    assert [piece["text"] for piece in shown["content"]["text"]["normalised"]] == ["call me", " now"]
    assert (shown["policy"]["rule"], shown["similar"], saved.read_text()) == ("contacts", [], "cаll me now")
    assert json.loads(_run(kept, "review", "take", decision_id).stdout)["state"] == "claimed"


def test_wellness_is_set_and_a_claim_says_why_it_gives_nothing(store: Store) -> None:
    store.keys.create("ann", scopes=("review",))
    changed = _json(store, "wellness", "set", "--opt-out", "ads", "--budget", "hate=3", "--no-greyscale", "--as", "ann")
    settings = changed["settings"]
    assert (settings["opt_outs"], settings["budget"], settings["greyscale"]) == (["ads"], {"hate": 3}, False)
    given = _json(store, "review", "claim", "--as", "ann")
    assert (given["item"], given["held_back"]["why"]) == (None, "limits")
    assert _json(store, "wellness", "set", "--opt-out", "", "--as", "ann")["settings"]["opt_outs"] == []
    _json(store, "wellness", "break", "--minutes", "5", "--as", "ann")
    assert _json(store, "review", "claim", "--as", "ann")["held_back"]["why"] == "break"
    assert _json(store, "wellness", "show", "--as", "ann")["today"]["rest_until"] is not None
    assert _json(store, "wellness", "totals") == {"totals": None}
    assert _run(store, "wellness", "set", "--budget", "hate=many").returncode == 2


def test_marks_from_csv_are_previewed_applied_and_undone(store: Store, tmp_path: Path) -> None:
    decisions = [item.decision_id for item in store.reviews.page()]
    lines = ["decision_id,verdict,action,labels,reason"]
    lines += [f"{decisions[0]},wrong,,,a price", f"{decisions[1]},overridden,pass,,known shop"]
    (tmp_path / "marks.csv").write_text("\n".join(lines) + "\n")
    ids = [mark["id"] for mark in _json(store, "mark", "import", str(tmp_path / "marks.csv"))["marks"]]
    effects = _json(store, "mark", "preview", *ids)["effects"]
    assert [(effect["action_now"], effect["action_then"]) for effect in effects] == [("review", "pass")] * 2
    assert store.marks.applied() == []
    _json(store, "mark", "apply", *ids)
    assert len(store.marks.applied()) == 2
    _json(store, "mark", "undo", ids[0])
    assert [mark["id"] for mark in _json(store, "mark", "list", "--state", "applied")["marks"]] == ids[1:]


def test_the_audit_log_is_verified_and_tampering_found(store: Store) -> None:
    (item, *_) = store.reviews.page()
    _json(store, "review", "decide", item.decision_id, "right")
    _json(store, "review", "undo")
    found = _json(store, "audit-log", "verify")
    assert (found["entries"], found["problems"]) == (2, [])
    expect = f"2:{found['head']}"
    assert _run(store, "audit-log", "erase", "--subject", f"decision:{item.decision_id}").returncode == 0
    assert _json(store, "audit-log", "verify", "--expect", expect)["erased"] == 2
    shown = _json(store, "audit-log", "show")["entries"]
    assert [entry["action"] for entry in shown] == ["review.decide", "review.undo", "audit.erased"]
    store.database.write(
        lambda connection: connection.exec_driver_sql("UPDATE audit_log SET actor = 'x' WHERE seq = 1")
    )
    assert "entry 1 was changed" in _json(store, "audit-log", "verify", code=1)["problems"]


def test_keys_and_deletions_are_told_in_the_audit_log(store: Store) -> None:
    token = _run(store, "keys", "create", "ann", "--scope", "review").stdout.decode().strip()
    key = store.keys.verify(token).id
    assert _run(store, "keys", "revoke", key).returncode == 0
    assert _run(store, "db", "delete-content", "sha256:" + "a" * 64, "--decisions").returncode == 0
    created, revoked, deleted = store.audit.page()
    assert (created.action, created.subject) == ("key.create", f"key:{key}")
    assert created.payload is not None
    assert created.payload["after"] == {"name": "ann", "scopes": ["review"], "tenant": None}
    assert token not in str(created)
    assert (revoked.action, revoked.subject) == ("key.revoke", f"key:{key}")
    assert (deleted.action, deleted.subject) == ("content.delete", "sha256:" + "a" * 64)
    assert store.audit.verify().problems == ()
