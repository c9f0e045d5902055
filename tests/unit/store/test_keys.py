"""API keys: shown once, stored as a hash, and useless once revoked, expired or out of scope."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from evenhand.errors import AuthError, NotFoundError
from evenhand.store import Store
from evenhand.store.schema import api_keys


def test_a_new_key_is_known_by_its_token(store: Store) -> None:
    made = store.keys.create("console", scopes=("check", "read", "check"))
    assert made.token.startswith(made.info.prefix)
    assert made.info.scopes == ("check", "read")
    assert made.token not in repr(made)
    found = store.keys.verify(made.token, scope="read")
    assert (found.id, found.name, found.created_at) == (made.info.id, "console", made.info.created_at)
    assert store.keys.verify(made.token).id == made.info.id


def test_only_a_hash_of_the_token_is_stored(store: Store) -> None:
    token = store.keys.create("x").token
    (row,) = store.database.read(lambda c: c.execute(text("SELECT * FROM api_keys")).all())
    assert row.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(row)
    assert len({store.keys.create("x").token for _ in range(20)}) == 20


@pytest.mark.parametrize("token", [None, "", "eh_", "eh_" + "A" * 43, "eh_\x00", "\ud800", "x" * 100_000])
def test_unknown_tokens_are_refused(store: Store, token: str | None) -> None:
    store.keys.create("x")
    with pytest.raises(AuthError, match="API key"):
        store.keys.verify(token)


def test_tokens_are_exact(store: Store) -> None:
    token = store.keys.create("x").token
    for wrong in (token[:-1], token + "=", token.swapcase(), f" {token}"):
        with pytest.raises(AuthError, match="unknown"):
            store.keys.verify(wrong)


def test_a_revoked_key_is_refused(store: Store) -> None:
    made, other = store.keys.create("x"), store.keys.create("y")
    store.keys.revoke(made.info.id)
    first = store.keys.list()[0].revoked_at
    store.keys.revoke(made.info.id)
    assert store.keys.list()[0].revoked_at == first is not None
    with pytest.raises(AuthError, match="revoked"):
        store.keys.verify(made.token)
    assert store.keys.verify(other.token).revoked_at is None


@pytest.mark.parametrize("key_id", ["", "nothing", "\x00"])
def test_revoking_an_unknown_key_is_an_error(store: Store, key_id: str) -> None:
    with pytest.raises(NotFoundError, match="no API key"):
        store.keys.revoke(key_id)


def test_an_expired_key_is_refused(store: Store) -> None:
    late = store.keys.create("x", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    soon = store.keys.create("y", expires_at=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(AuthError, match="expired"):
        store.keys.verify(late.token)
    assert store.keys.verify(soon.token).expires_at == soon.info.expires_at


def test_a_key_without_the_scope_is_refused(store: Store) -> None:
    token = store.keys.create("x", scopes=("check",)).token
    for scope in ("admin", "chec", ""):
        with pytest.raises(AuthError, match="lacks the scope"):
            store.keys.verify(token, scope=scope)


def test_wrong_keys_are_not_made(store: Store) -> None:
    with pytest.raises(ValueError, match="name"):
        store.keys.create("  ")
    with pytest.raises(ValueError, match="time zone"):
        store.keys.create("x", expires_at=datetime(2030, 1, 1))
    assert store.keys.list() == []


def test_last_use_is_noted_once_a_minute(store: Store) -> None:
    token = store.keys.create("x").token
    assert store.keys.list()[0].last_used_at is None
    store.keys.verify(token)
    first = store.keys.list()[0].last_used_at
    store.keys.verify(token)
    assert store.keys.list()[0].last_used_at == first is not None
    earlier = datetime.now(UTC) - timedelta(minutes=2)
    store.database.write(lambda c: c.execute(update(api_keys).values(last_used_at=earlier)))
    store.keys.verify(token)
    now = store.keys.list()[0].last_used_at
    assert now is not None
    assert now >= first


def test_keys_are_listed_oldest_first(store: Store) -> None:
    names = [f"key {n}" for n in range(5)]
    for name in names:
        store.keys.create(name)
    assert [key.name for key in store.keys.list()] == names
