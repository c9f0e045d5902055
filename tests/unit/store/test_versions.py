"""Versions of policies and libraries are kept as they were when they decided."""

from __future__ import annotations

import hashlib

import pytest

from evenhand.errors import ConflictError, NotFoundError
from evenhand.store import Store

_TEXT = "name: house\nversion: 1\nrules: ['\\d+ \U0001f600 é']\n"


def test_a_policy_comes_back_as_it_was(store: Store) -> None:
    saved = store.policies.save("house", "1", _TEXT)
    assert store.policies.save("house", "1", _TEXT) == saved == store.policies.get("house", "1")
    assert saved.document == _TEXT
    assert saved.sha256 == hashlib.sha256(_TEXT.encode()).hexdigest()


def test_a_version_cannot_change_its_text(store: Store) -> None:
    store.policies.save("house", "1", _TEXT)
    with pytest.raises(ConflictError, match="raise its version"):
        store.policies.save("house", "1", _TEXT + "#")
    assert store.policies.get("house", "1").document == _TEXT


def test_policies_are_listed_newest_first(store: Store) -> None:
    for version in ("1", "2", "10"):
        store.policies.save("house", version, _TEXT + version)
    listed = store.policies.list()
    assert [one.version for one in listed] == ["10", "2", "1"]
    assert {one.document for one in listed} == {None}


@pytest.mark.parametrize(("name", "version"), [("house", "2"), ("", ""), ("\x00", "1"), ("House", "1")])
def test_an_unknown_policy_is_not_found(store: Store, name: str, version: str) -> None:
    store.policies.save("house", "1", _TEXT)
    with pytest.raises(NotFoundError, match="no policy"):
        store.policies.get(name, version)


def test_each_text_of_a_library_is_noted_once(store: Store) -> None:
    for name, version, sha256 in (("a", "1", "aa"), ("a", "1", "aa"), ("a", "1", "bb"), ("b", "1", "aa")):
        store.libraries.save(name, version, sha256)
    assert sorted((one.name, one.version, one.sha256) for one in store.libraries.list()) == [
        ("a", "1", "aa"),
        ("a", "1", "bb"),
        ("b", "1", "aa"),
    ]
