"""`evenhand review quality` and `evenhand appeals` as an operator types them, on a database of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evenhand.domain import Action
from evenhand.settings import Settings
from evenhand.store import Store, open_store
from tests.unit.store.factory import record


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give a migrated database with a decision that asks for a person and one that blocks; and three people."""
    store = open_store(settings=Settings(database_url=f"sqlite:///{tmp_path / 'e.db'}"))
    store.migrate()
    store.record([record(), record(action=Action.BLOCK)])
    for name, scopes in (("ann", ("review",)), ("bob", ("review",)), ("chief", ("review", "senior"))):
        store.keys.create(name, scopes=scopes)
    return store


def _run(store: Store, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "EVENHAND_DATABASE_URL": store.address, "EVENHAND_SECRET_KEY": "not-a-real-secret" * 3}
    folder = Path(store.address.removeprefix("sqlite:///")).parent
    env["EVENHAND_REVIEW_QUEUES"] = str(folder / "q.yaml")
    (folder / "q.yaml").write_text("default: {quorum: [{people: 2, actions: [block]}]}")
    return subprocess.run([sys.executable, "-m", "evenhand", *arguments], capture_output=True, check=False, env=env)


def _json(store: Store, *arguments: str, code: int = 0) -> Any:
    done = _run(store, *arguments)
    assert done.returncode == code, done.stderr.decode()
    return json.loads(done.stdout)


def test_quality_from_the_command_line(store: Store) -> None:
    asked, blocked = sorted(str(document["decision_id"]) for document in store.decisions().items)
    assert _json(store, "review", "decide", asked, "right", "--as", "ann")["state"] == "waiting"
    wrong = ("wrong", "--reason", "a price", "--as", "bob")
    assert _json(store, "review", "decide", asked, *wrong)["escalated"] is True
    quality = ("review", "quality")
    (found,) = _json(store, *quality, "disagreements")["disagreements"]
    assert [vote["verdict"]["action"] for vote in found["votes"]] == ["block", "pass"]
    assert _json(store, *quality, "agreement")["all"]["decisions"] == 1
    (first, _) = _json(store, *quality, "verdicts", asked)["verdicts"]
    note = ("--note", "look again")
    assert _run(store, *quality, "advise", first["id"], *note, "--as", "bob").returncode == 2
    sent = _json(store, *quality, "advise", first["id"], *note, "--as", "chief")
    assert [one["id"] for one in _json(store, *quality, "feedback", "--unread", "--as", "ann")["feedback"]] == [
        sent["id"]
    ]
    assert _json(store, *quality, "acknowledge", sent["id"], "--as", "ann")["acknowledged_at"]
    made = _json(store, *quality, "golden", "make", blocked, "right", "--as", "chief")
    assert [one["id"] for one in _json(store, *quality, "golden", "list")["golden"]] == [made["id"]]
    assert _json(store, *quality, "golden", "totals")["queues"][0]["questions"] == 1
    assert _json(store, *quality, "golden", "from-agreed", "--as", "chief")["golden"] == []
    assert _json(store, *quality, "golden", "retire", made["id"])["retired_at"]
    session = _json(store, *quality, "calibration", "open", "Prices", asked, blocked)
    for who in ("ann", "bob"):
        _json(store, *quality, "calibration", "judge", session["id"], asked, "right", "--as", who)
    assert _json(store, *quality, "calibration", "show", session["id"])["agreement"] is None
    _json(store, *quality, "calibration", "close", session["id"])
    _json(store, *quality, "calibration", "note", session["id"], asked, "clear", "--as", "ann")
    shown = _json(store, *quality, "calibration", "show", session["id"])
    assert (shown["agreement"]["agreed"], shown["items"][0]["notes"][0]["note"]) == (1, "clear")
    assert [one["people"] for one in _json(store, *quality, "calibration", "list")["calibrations"]] == [2]
    assert _json(store, *quality, "own", "--as", "ann")["verdicts"] == 1


def test_appeals_from_the_command_line(store: Store) -> None:
    _, blocked = sorted(str(document["decision_id"]) for document in store.decisions().items)
    filed = _json(store, "appeals", "file", blocked, "It is a price.")
    assert (filed["new"], filed["state"]) == (True, "open")
    assert _json(store, "appeals", "file", blocked, "It is a price.")["new"] is False
    assert _run(store, "appeals", "file", blocked, "Really.").returncode == 2
    claimed = _json(store, "appeals", "claim", "--as", "ann")
    assert claimed["appeal"]["id"] == filed["id"]
    explained = ("--explanation", "It is a price.")
    assert _run(store, "appeals", "decide", filed["id"], "overturned", *explained, "--as", "bob").returncode == 2
    done = _json(store, "appeals", "decide", filed["id"], "overturned", *explained, "--as", "ann")
    assert (done["state"], done["action"]) == ("overturned", "pass")
    assert _json(store, "appeals", "show", filed["id"])["explanation"] == "It is a price."
    assert len(_json(store, "appeals", "list", "--state", "decided")["appeals"]) == 1
    assert _json(store, "appeals", "totals")["totals"][0]["overturned"] == 1
    link = _json(store, "appeals", "link", blocked, "--days", "2")
    assert link["url"] == f"/appeal/{link['token']}"
