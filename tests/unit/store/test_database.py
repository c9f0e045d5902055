"""Transactions: reads that belong together, and writers of one process that wait for their turn."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from evenhand.errors import NotFoundError, StoreError
from evenhand.store import Store
from tests.unit.store.factory import record


def test_reads_together_are_one_transaction(store: Store) -> None:
    """A page's reads cost one transaction, and what was read before is read by each alone again after."""
    row = record()
    store.record([row])
    begun: list[int] = []
    event.listen(store.database.engine, "begin", lambda _: begun.append(1))

    def page() -> list[Any]:
        return [store.decision(row.result.decision_id)["decision_id"] for _ in range(3)]

    assert store.database.together(page) == [row.result.decision_id] * 3
    assert len(begun) == 1
    page()
    assert len(begun) == 4


def test_what_fails_among_reads_together_leaves_nothing_behind(store: Store) -> None:
    """An error comes out as it is, and the database's own as a StoreError; the next reads are on their own."""
    with pytest.raises(NotFoundError):
        store.database.together(lambda: store.decision("01a20b7f-c58d-7ad2-8c5f-1f8b8c65f69a"))
    with pytest.raises(StoreError):
        store.database.together(
            lambda: store.database.read(lambda connection: connection.execute(text("SELECT * FROM no_such")))
        )
    row = record()
    store.record([row])
    assert store.decision(row.result.decision_id)["action"]


def test_threads_do_not_read_on_each_others_connection(store: Store) -> None:
    """What one thread reads together, another reads apart."""

    def connection_of() -> int:
        return store.database.read(lambda connection: id(connection))

    with ThreadPoolExecutor(1) as pool:
        mine, others = store.database.together(lambda: (connection_of(), pool.submit(connection_of).result(30)))
    assert mine != others


def test_writers_take_turns_and_none_is_lost(store: Store) -> None:
    """Eight threads write forty notes each; a writer that fails gives its turn back."""
    audit = store.audit

    def write(number: int) -> None:
        for step in range(40):
            audit.note("test.turn", f"writer:{number}:{step}", actor="somebody")

    def fail(_: Connection) -> None:
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        store.database.write(fail)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    told = audit.page(action="test.turn", limit=1_000)
    assert len({entry.subject for entry in told}) == 320


def test_a_reader_waits_for_no_writer(store: Store) -> None:
    """While somebody writes, others read what stood before."""
    row = record()
    store.record([row])
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        connection.execute(text("UPDATE decisions SET action = 'block'"))
        inside.set()
        go_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(store.database.write, slow)
        assert inside.wait(30)
        began = store.decision(row.result.decision_id)["action"]
        go_on.set()
        writing.result(30)
    assert began == row.result.action.value
    assert store.decision(row.result.decision_id)["action"] == "block"
