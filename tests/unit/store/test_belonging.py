"""Whose a caller is, and that it is asked of the database once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import event

from evenhand.settings import Settings
from evenhand.store import open_store


def test_each_kind_of_caller_is_looked_up_once(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'e.db'}", secret_key="0123456789abcdef0123456789abcdef")
    store = open_store(settings=settings)
    store.migrate()
    tenant = store.accounts.create_tenant("Shop", actor="local")
    callers = {
        store.keys.create("shop", tenant=tenant.id).info.id: tenant.id,
        store.keys.create("ours").info.id: None,
        store.dialect_keys.create("pair", dialect="alibaba").id: None,
    }
    asked: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert {caller: store.belonging.tenant(caller) for caller in callers} == callers
    assert asked
    asked.clear()
    assert {caller: store.belonging.tenant(caller) for caller in callers} == callers
    assert all(store.belonging.known(caller) for caller in callers)
    assert not asked
    assert store.belonging.tenant("nobody") is None
    assert not store.belonging.known("nobody")
    store.close()
