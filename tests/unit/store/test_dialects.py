"""Key pairs sealed at rest, nonces, suggested scores; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from evenhand.errors import AuthError, NotFoundError, SettingsError
from evenhand.store import Store, Suggestion
from evenhand.store.schema import dialect_keys

OpenStore = Callable[..., Store]
FIRST, SECOND = "a" * 43, "b" * 43


def test_a_pair_is_found_with_its_secret_which_is_not_in_the_database(open_here: OpenStore) -> None:
    store = open_here(secret_key=FIRST)
    made = store.dialect_keys.create("shop", dialect="aws")
    assert store.dialect_keys.find(made.access_id, dialect="aws").secret == made.secret
    assert len(made.access_id) == 20
    assert made.access_id.isalnum()
    rows = store.database.read(lambda connection: connection.execute(select(dialect_keys)).all())
    assert made.secret not in repr(rows)
    assert made.secret not in repr(made)
    assert [pair.secret for pair in store.dialect_keys.list()] == [""]


def test_no_pair_without_a_secret_key(open_here: OpenStore) -> None:
    with pytest.raises(SettingsError, match="EVENHAND_SECRET_KEY is not set"):
        open_here().dialect_keys.create("shop", dialect="aws")
    with pytest.raises(SettingsError, match="32 characters"):
        open_here(secret_key="short").dialect_keys.create("shop", dialect="aws")


def test_the_key_is_changed_by_setting_two(open_here: OpenStore) -> None:
    made = open_here(secret_key=FIRST).dialect_keys.create("shop", dialect="aws")
    both = open_here(secret_key=f"{SECOND},{FIRST}")
    assert both.dialect_keys.find(made.access_id, dialect="aws").secret == made.secret
    newer = both.dialect_keys.create("new", dialect="aws")
    assert open_here(secret_key=SECOND).dialect_keys.find(newer.access_id, dialect="aws").secret == newer.secret
    with pytest.raises(SettingsError, match="cannot be read"):
        open_here(secret_key=SECOND).dialect_keys.find(made.access_id, dialect="aws")


def test_a_sealed_secret_is_worth_nothing_in_another_row(open_here: OpenStore) -> None:
    store = open_here(secret_key=FIRST)
    one, two = (store.dialect_keys.create(name, dialect="aws") for name in ("one", "two"))
    query = select(dialect_keys.c.secret).where(dialect_keys.c.id == one.id)
    sealed = store.database.read(lambda connection: connection.execute(query).scalar_one())
    moved = update(dialect_keys).where(dialect_keys.c.id == two.id).values(secret=sealed)
    store.database.write(lambda connection: connection.execute(moved))
    with pytest.raises(SettingsError, match="cannot be read"):
        store.dialect_keys.find(two.access_id, dialect="aws")


def test_a_pair_is_good_for_its_dialect_until_it_is_revoked_or_expires(open_here: OpenStore) -> None:
    store = open_here(secret_key=FIRST)
    made = store.dialect_keys.create("shop", dialect="aws")
    for access_id, dialect in ((made.access_id, "alibaba"), ("EHKNONE", "aws"), ("a\0b", "aws"), ("é", "aws")):
        with pytest.raises(AuthError, match="unknown"):
            store.dialect_keys.find(access_id, dialect=dialect)
    store.dialect_keys.used(made)
    assert store.dialect_keys.list()[0].last_used_at is not None
    store.dialect_keys.revoke(made.id)
    with pytest.raises(AuthError, match="revoked"):
        store.dialect_keys.find(made.access_id, dialect="aws")
    old = store.dialect_keys.create("old", dialect="aws", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(AuthError, match="expired"):
        store.dialect_keys.find(old.access_id, dialect="aws")
    with pytest.raises(NotFoundError):
        store.dialect_keys.revoke("none")


def test_a_nonce_is_taken_once_for_each_key_and_forgotten_in_time(store: Store) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=15)
    assert store.nonces.take("n\0" * 500, key_id="one", until=soon)
    assert not store.nonces.take("n\0" * 500, key_id="one", until=soon)
    assert store.nonces.take("n\0" * 500, key_id="two", until=soon)
    store.purge(soon + timedelta(seconds=1))
    assert store.nonces.take("n\0" * 500, key_id="one", until=soon)


def test_suggestions_are_listed_in_order_and_go_with_their_content(store: Store) -> None:
    given = Suggestion(
        dialect="perspective",
        content_hash="sha256:" + "ab" * 32,
        scores={"TOXICITY": 1.0},
        labels={"harassment": 1.0},
        details={"languages": ["en"]},
        key_id="k",
    )
    first, second = store.suggestions.add(given), store.suggestions.add(given)
    assert store.suggestions.list() == [first, second]
    assert store.suggestions.list(after=first.id) == [second]
    assert first.scores == given.scores
    assert first.created_at is not None
    store.delete_content(given.content_hash, decisions_too=True)
    assert store.suggestions.list() == []
