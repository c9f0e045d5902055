"""The audit log on both databases: it holds, it tells who tampered where, and erasing keeps it valid."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from evenhand.store import Store
from evenhand.store.auditlog import START, canonical
from evenhand.store.schema import audit_log as table


def _filled(store: Store, count: int = 5) -> None:
    for number in range(count):
        store.audit.note("test.step", f"thing:{number}", actor="ann", before={"n": number}, after={"n": number + 1})


def _spoil(store: Store, statement: Any) -> None:
    store.database.write(lambda connection: connection.execute(statement))


def test_an_empty_log_holds(store: Store) -> None:
    found = store.audit.verify()
    assert (found.entries, found.head, found.problems) == (0, START, ())


def test_links_can_be_checked_by_anybody_with_the_documented_recipe(store: Store) -> None:
    _filled(store)
    previous = "0" * 64
    for entry in store.audit.page():
        payload = json.dumps(entry.payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        assert hashlib.sha256(payload.encode()).hexdigest() == entry.payload_sha256
        names = ("seq", "at", "actor", "action", "subject", "payload_sha256", "previous")
        sealed = {name: getattr(entry, name) for name in names}
        written = json.dumps(sealed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        assert hashlib.sha256(written.encode()).hexdigest() == entry.hash
        assert entry.previous == previous
        previous = entry.hash
    assert store.audit.verify().head == previous


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda: update(table).where(table.c.seq == 3).values(actor="bob"), "entry 3 was changed"),
        (lambda: update(table).where(table.c.seq == 3).values(action="x"), "entry 3 was changed"),
        (lambda: update(table).where(table.c.seq == 3).values(at="2020"), "entry 3 was changed"),
        (lambda: update(table).where(table.c.seq == 3).values(subject="x"), "entry 3 was changed"),
        (lambda: update(table).where(table.c.seq == 3).values(hash="0" * 64), "entry 4 does not follow"),
        (lambda: update(table).where(table.c.seq == 3).values(previous="1" * 64), "entry 3 does not follow"),
        (lambda: update(table).where(table.c.seq == 3).values(payload={"after": 9}), "payload of entry 3 was changed"),
        (lambda: update(table).where(table.c.seq == 3).values(payload=None), "payload of entry 3 is gone"),
        (lambda: delete(table).where(table.c.seq == 3), "entry 3 is missing"),
        (lambda: delete(table).where(table.c.seq == 1), "entry 1 is missing"),
    ],
)
def test_tampering_is_found(store: Store, spoil: Callable[[], Any], told: str) -> None:
    _filled(store)
    assert store.audit.verify().problems == ()
    _spoil(store, spoil())
    assert told in "; ".join(store.audit.verify().problems)


def test_an_end_that_was_cut_off_or_rewritten_is_found_with_a_noted_head(store: Store) -> None:
    _filled(store)
    noted = store.audit.verify()
    expect = (noted.entries, noted.head)
    _spoil(store, delete(table).where(table.c.seq > 3))
    assert store.audit.verify().problems == ()
    assert "after 3 are missing" in store.audit.verify(expect=expect).problems[0]
    _filled(store)
    assert "not the one that was expected" in store.audit.verify(expect=expect).problems[0]


def test_erasing_takes_payloads_and_keeps_the_chain(store: Store) -> None:
    _filled(store)
    head = store.audit.verify()
    assert store.audit.erase(actor="chief", subjects=["thing:1", "thing:3"], reason="asked to") == 2
    assert [entry.payload is None for entry in store.audit.page()] == [False, True, False, True, False, False]
    found = store.audit.verify(expect=(head.entries, head.head))
    assert (found.entries, found.erased, found.problems) == (6, 2, ())
    last = store.audit.page()[-1]
    assert last.payload is not None
    assert last.payload["after"] == {"entries": [2, 4], "reason": "asked to"}


def test_erases_by_age_and_only_once(store: Store) -> None:
    _filled(store)
    assert store.audit.erase(actor="chief", before=datetime.now(UTC) - timedelta(hours=1)) == 0
    assert store.audit.erase(actor="chief", before=datetime.now(UTC) + timedelta(hours=1)) == 5
    assert store.audit.erase(actor="chief", before=datetime.now(UTC) + timedelta(hours=1)) == 0
    assert store.audit.verify().problems == ()
    with pytest.raises(ValueError, match="what to erase"):
        store.audit.erase(actor="chief")


def test_many_write_at_once(store: Store) -> None:
    problems: list[BaseException] = []

    def work() -> None:
        try:
            _filled(store, 10)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert problems == []
    assert (store.audit.verify().entries, store.audit.verify().problems) == (50, ())


def test_holds_any_text(store: Store) -> None:
    store.audit.note("test", "a\x00b\\\ud800", actor="ann", after={"text": "\u4f60\x00\ud800\\", "score": 0.1})
    assert store.audit.verify().problems == ()
    (entry,) = store.audit.page(subject="a\x00b\\\ud800")
    assert entry.payload is not None
    assert entry.payload["after"] == {"text": "\u4f60\x00\ud800\\", "score": 0.1}


def test_lists_by_actor(store: Store) -> None:
    _filled(store, 2)
    store.audit.note("test", "x", actor="bob")
    assert [entry.actor for entry in store.audit.page(actor="bob")] == ["bob"]
    assert [entry.seq for entry in store.audit.page(after=1, limit=1)] == [2]


def test_there_is_one_form_that_is_hashed() -> None:
    assert canonical({"b": 1, "a": ["\u00e9", None]}) == b'{"a":["\\u00e9",null],"b":1}'
