"""`evenhand accounts` and keys of tenants, as an operator types them."""

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


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give a migrated database of this test's own."""
    store = open_store(settings=Settings(database_url=f"sqlite:///{tmp_path / 'e.db'}"))
    store.migrate()
    return store


def _run(store: Store, *arguments: str, given: str = "", code: int = 0) -> str:
    env = {**os.environ, "EVENHAND_DATABASE_URL": store.address}
    command = [sys.executable, "-m", "evenhand", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env=env, input=given, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def _accounts(store: Store) -> dict[str, dict[str, Any]]:
    listed = json.loads(_run(store, "accounts", "list", "--json"))["accounts"]
    return {account["name"]: account for account in listed}


def test_people_come_and_go(store: Store) -> None:
    assert "an admin's" in _run(store, "accounts", "create", "rita", "--role", "reviewer", code=2)
    printed = _run(store, "accounts", "create-admin", "ada").strip()
    assert store.logins.by_password("ada", printed).must_change
    _run(store, "accounts", "create-admin", "eve", "--password-stdin", given="four plain words here\n")
    assert not store.logins.by_password("eve", "four plain words here").must_change
    assert "12 to 256" in _run(store, "accounts", "create-admin", "x", "--password-stdin", given="short\n", code=2)

    _run(store, "accounts", "tenants", "--create", "Shop")
    (tenant,) = json.loads(_run(store, "accounts", "tenants", "--json"))["tenants"]
    _run(store, "accounts", "create", "rita", "--role", "reviewer", "--tenant", "shop", "--queue", "children")
    _run(store, "accounts", "roles", "rita", "--role", "senior", "--label", "ads")
    rita = _accounts(store)["rita"]
    assert (rita["roles"], rita["queues"], rita["labels"], rita["tenant"]) == (
        ["senior"], ["children"], ["ads"], tenant["id"]
    )  # fmt: skip
    assert "no limits" in _run(store, "accounts", "roles", "rita", "--no-limits")
    _run(store, "accounts", "create", "olga", "--role", "policy", "--role", "auditor", "--tenant", "shop")
    assert store.accounts.get("olga").scopes == ("read", "policy", "audit")

    session = store.sessions.open(rita["id"], how="password")
    assert session.session.id in _run(store, "accounts", "sessions", "rita")
    fresh = _run(store, "accounts", "reset-password", "rita").strip()
    assert store.logins.by_password("rita", fresh).must_change
    assert store.sessions.find(session.token) is None
    _run(store, "accounts", "reset-totp", "rita")
    _run(store, "accounts", "disable", "rita")
    assert _accounts(store)["rita"]["disabled_at"] is not None
    _run(store, "accounts", "enable", "rita")
    _run(store, "accounts", "disable", "ada")
    assert "last account" in _run(store, "accounts", "disable", "eve", code=2)

    token = _run(store, "keys", "create", "shop", "--tenant", "Shop", "--days", "3").strip()
    key = store.keys.verify(token)
    assert (key.tenant, key.scopes, key.created_by) == (tenant["id"], ("check", "read"), "local")
    assert key.expires_at is not None
    assert "whole server" in _run(store, "keys", "create", "x", "--tenant", "Shop", "--scope", "admin", code=2)
    _run(store, "keys", "create", "books", "--tenant", "Shop", "--scope", "audit", "--scope", "policy")
    assert store.audit.verify().problems == ()
    told = str([entry.payload for entry in store.audit.page(limit=1_000)])
    for secret in (printed, fresh, token, "four plain words here"):
        assert secret not in told
