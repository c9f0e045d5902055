"""Checkpoints happen beside the writers, lose nothing, and end with the store."""

from __future__ import annotations

import threading
from pathlib import Path

from evenhand.store import Record, open_store
from evenhand.testing import text_result


def test_the_log_is_moved_into_the_database_while_it_is_open(tmp_path: Path) -> None:
    file = tmp_path / "e.db"
    store = open_store(f"sqlite:///{file}")
    store.migrate()
    before = file.stat().st_size
    made = [text_result(reason="x" * 2000) for _ in range(600)]
    for result in made:
        store.record([Record(result=result)])
    waiting = threading.Event()
    for _ in range(500):
        if file.stat().st_size > before + 400_000:
            break
        waiting.wait(0.01)
    assert file.stat().st_size > before + 400_000
    assert all(store.decision(result.decision_id)["reason"] == result.reason for result in made)
    store.close()
    assert "evenhand-checkpoint" not in {thread.name for thread in threading.enumerate()}
    again = open_store(f"sqlite:///{file}")
    assert again.decision(made[-1].decision_id)["id"] is None
    again.close()
