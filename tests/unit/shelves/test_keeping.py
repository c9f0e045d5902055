"""Changes of libraries as callers ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.errors import ConflictError, LibraryError
from evenhand.settings import Settings
from evenhand.shelves.keeping import Keeping
from evenhand.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(settings=Settings(database_url=f"sqlite:///{tmp_path / 'e.db'}"))
    opened.migrate()
    yield opened
    opened.close()


def test_expressions_of_all_libraries_together_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenhand.shelves.keeping.MOST_EXPRESSIONS", 203)
    keeping = Keeping(store, Settings())
    for name in ("a", "b"):
        keeping.create(name, "words", "black", actor="ann")
    keeping.add("a", [{"value": "win x+", "match": "regex"}, {"value": "win y+", "match": "regex"}], actor="ann")
    keeping.add("b", [{"value": "win z+", "match": "regex"}], actor="ann")
    with pytest.raises(LibraryError, match="4 regular expressions"):
        keeping.add("b", [{"value": "win w+", "match": "regex"}], actor="ann")
    keeping.add("b", [{"value": "a word"}], actor="ann")


def test_a_white_list_that_turns_black_is_looked_at_again(store: Store) -> None:
    keeping = Keeping(store, Settings(), taken=["file"])
    keeping.create("fine", "words", "white", actor="ann")
    keeping.add("fine", [{"value": "muslims"}], actor="ann")
    with pytest.raises(LibraryError, match="group of people"):
        keeping.edit("fine", actor="ann", changes={"list": "black"})
    assert keeping.edit("fine", actor="ann", changes={"note": "ours"}).head.note == "ours"
    with pytest.raises(ConflictError, match="folder"):
        keeping.create("file", "words", "black", actor="ann")
