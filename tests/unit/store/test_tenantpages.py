"""A tenant's pages of decisions: the same whichever way the database is asked, and never by sorting all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from evenhand.domain import Action
from evenhand.store import Record, Store
from evenhand.store import decisions as module
from tests.unit.store.factory import id_at, result

_BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def tenant(store: Store) -> str:
    """Make a tenant with two keys and a person, and decisions of theirs among those of others; give its id."""
    one, other = (store.accounts.create_tenant(name, actor="local").id for name in ("Shop", "Forum"))
    callers: list[str | None] = [store.keys.create(f"shop-{n}", tenant=one).info.id for n in range(2)]
    callers.append(store.accounts.create("rita", actor="local", roles=["reviewer"], tenant=one).id)
    callers += [store.keys.create("forum", tenant=other).info.id, store.keys.create("nobody's").info.id, None]
    moments = [_BEGAN + timedelta(seconds=n) for n in range(60)]
    actions = [Action.PASS, Action.BLOCK, Action.REVIEW]
    store.record(
        [
            Record(
                result=result(decision_id=id_at(moment, n), action=actions[n % 3], kind=("text", "image")[n % 2]),
                key_id=callers[n % len(callers)],
            )
            for n, moment in enumerate(moments)
        ]
    )
    return one


def _pages(store: Store, **filters: Any) -> Iterator[list[str]]:
    after = None
    while True:
        page = store.decisions(limit=7, after=after, **filters)
        yield [str(one["decision_id"]) for one in page.items]
        after = page.after
        if after is None:
            return


@pytest.mark.parametrize("most_callers", [50, 2, 0])  # asked for one by one, and not
@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, [n for n in range(60) if n % 6 < 3]),
        ({"kind": "text"}, [n for n in range(60) if n % 6 in (0, 2)]),
        ({"action": "block"}, [n for n in range(60) if n % 6 == 1]),
        ({"since": _BEGAN + timedelta(seconds=30)}, [n for n in range(30, 60) if n % 6 < 3]),
        ({"line": "no such"}, []),
    ],
)
def test_pages_are_the_tenants_newest_first(
    store: Store,
    tenant: str,
    monkeypatch: pytest.MonkeyPatch,
    most_callers: int,
    filters: dict[str, Any],
    numbers: list[int],
) -> None:
    monkeypatch.setattr(module, "_MOST_CALLERS", most_callers)
    shown = [one for page in _pages(store.within(tenant), **filters) for one in page]
    assert [int(one[-12:], 16) for one in shown] == numbers[::-1]


def test_a_tenant_that_has_nobody_has_nothing(store: Store, tenant: str) -> None:
    empty = store.accounts.create_tenant("Empty", actor="local").id
    assert tenant
    assert store.within(empty).decisions(limit=5).items == ()


def test_no_page_sorts_all_that_a_tenant_has(store: Store, tenant: str) -> None:
    """The plan on SQLite: the newest of each caller come off the index in order."""
    if not store.database.is_sqlite:
        pytest.skip("a plan of PostgreSQL follows from its statistics")
    asked: list[tuple[str, Any]] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    store.within(tenant).decisions(limit=5)
    statement, values = next((text, values) for text, values in asked if "UNION ALL" in text and "decisions" in text)
    with store.database.engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    seeks = [step for step in plan if "ix_decisions_key_id_decision_id (key_id=?" in step]
    assert len(seeks) == 3, plan
