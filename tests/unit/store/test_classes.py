"""Custom classes in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenhand.domain import PictureClass
from evenhand.errors import NotFoundError
from evenhand.store import Store, open_store

HATS = PictureClass(
    name="hats",
    label="ads.hats",
    version="0123456789ab",
    space="lite0 0.1.0",
    weights=bytes(range(256)),
    quality={"examples": 20, "found": {"count": 18, "of": 20, "low": 0.7, "high": 0.97}},
    created_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
)


def test_a_class_comes_back_as_it_was(store: Store) -> None:
    store.classes.save(HATS)
    assert store.classes.get("hats") == HATS
    assert store.classes.list() == [HATS]


def test_training_again_replaces(store: Store) -> None:
    again = replace(HATS, version="ba9876543210")
    for one in (HATS, again, replace(HATS, name="boots")):
        store.classes.save(one)
    assert [(one.name, one.version) for one in store.classes.list()] == [
        ("boots", HATS.version),
        ("hats", again.version),
    ]


def test_what_is_removed_is_gone(store: Store) -> None:
    store.classes.save(HATS)
    store.classes.remove("hats")
    assert store.classes.list() == []
    for act in (store.classes.remove, store.classes.get):
        with pytest.raises(NotFoundError, match="no class 'hats'"):
            act("hats")


def test_a_database_that_was_not_migrated_has_none(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/old.db")
    assert store.classes.list() == []
    store.close()
