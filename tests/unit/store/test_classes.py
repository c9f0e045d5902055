"""Custom classes in the store: versions, which of them judges, going back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenhand.domain import CustomClass, Medium
from evenhand.errors import ConflictError, NotFoundError
from evenhand.store import Store, open_store

HATS = CustomClass(
    name="hats",
    medium=Medium.IMAGE,
    label="ads.hats",
    version="0123456789ab",
    space="lite0 0.1.0",
    weights=bytes(range(256)),
    threshold=0.6,
    quality={"examples": 20, "found": {"count": 18, "of": 20, "low": 0.7, "high": 0.97}},
    audit={"passed": True, "failures": []},
    mistakes=({"side": "examples", "score": 0.1, "file": "a.png"},),
    created_by="local",
    created_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
)
AGAIN = replace(HATS, version="ba9876543210")


def test_a_class_comes_back_as_it_was(store: Store) -> None:
    assert store.classes.add(HATS) == HATS
    assert store.classes.get("hats") == HATS
    assert store.classes.live() == []
    assert store.classes.entry("hats").live is None


def test_versions_judge_one_at_a_time(store: Store) -> None:
    store.classes.add(HATS, deploy=True)
    store.classes.add(replace(HATS, name="spam_talk", medium=Medium.TEXT, version="c" * 12), deploy=True)
    before = store.classes.stamp()
    assert before == (("image", "hats", HATS.version), ("text", "spam_talk", "c" * 12))
    second = store.classes.add(AGAIN)
    assert (second.number, store.classes.stamp()) == (2, before)
    store.classes.deploy("hats", 2, actor="ada")
    assert [one.version for one in store.classes.live(Medium.IMAGE)] == [AGAIN.version]
    assert store.classes.entry("hats").previous == 1
    assert store.classes.rollback("hats").version == HATS.version
    assert store.classes.stamp() == before
    store.classes.withdraw("hats")
    assert [one.name for one in store.classes.live()] == ["spam_talk"]
    assert store.classes.rollback("hats").number == 1  # what judged last
    told = [(entry.action, entry.actor) for entry in store.audit.page(subject="class:hats")]
    assert ("class.deploy", "ada") in told
    assert [action for action, _ in told][-3:] == ["class.rollback", "class.withdraw", "class.rollback"]


def test_what_cannot_judge(store: Store) -> None:
    store.classes.add(replace(HATS, audit={"passed": False, "failures": ["one"]}))
    with pytest.raises(ConflictError, match="fairness audit"):
        store.classes.deploy("hats", 1)
    with pytest.raises(NotFoundError, match="no version 7"):
        store.classes.deploy("hats", 7)
    with pytest.raises(ConflictError, match="no earlier"):
        store.classes.rollback("hats")
    with pytest.raises(ConflictError, match="another name"):
        store.classes.add(replace(HATS, medium=Medium.TEXT))


def test_old_versions_go_but_not_those_in_use(store: Store) -> None:
    store.classes.add(HATS, deploy=True)
    for _ in range(54):
        store.classes.add(AGAIN)
    entry = store.classes.entry("hats")
    assert len(entry.versions) <= 50
    assert {entry.versions[0].number, entry.versions[-1].number} == {55, 1}


def test_what_is_removed_is_gone(store: Store) -> None:
    store.classes.add(HATS, deploy=True)
    store.classes.remove("hats")
    assert store.classes.list() == []
    assert store.classes.stamp() == ()
    for act in (store.classes.remove, store.classes.get, store.classes.withdraw, store.classes.rollback):
        with pytest.raises(NotFoundError, match="no class 'hats'"):
            act("hats")


def test_a_database_that_was_not_migrated_has_none(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/old.db")
    assert store.classes.list() == []
    assert store.classes.live() == []
    store.close()
