"""Libraries that the store keeps, on both databases: versions, history, going back, and what changed since."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from evenhand.domain import LibraryItem, LibraryKind, ListColour, Match
from evenhand.errors import ConflictError, LibraryError, NotFoundError
from evenhand.store import Store
from evenhand.store.libraryrecords import Head

BLACK = Head(colour="black", label="spam.scam", note="ours")
SOON = datetime(2031, 1, 1, tzinfo=UTC)


def _values(store: Store, name: str, version: int | None = None) -> list[str]:
    return sorted(item.value for item in store.shelf.page(name, version=version))


def test_every_version_can_be_had_and_the_history_says_who_made_it(store: Store) -> None:
    made = store.shelf.create("house", LibraryKind.WORDS, BLACK, actor="ann")
    assert (made.version, made.size, made.head) == (1, 0, BLACK)
    store.shelf.change("house", actor="ann", add=[LibraryItem(value="one"), LibraryItem(value="two")])
    (gone,) = [item.id for item in store.shelf.page("house") if item.value == "one"]
    change = store.shelf.change("house", actor="ben", add=[LibraryItem(value="three")], remove=[gone], note="tidied")
    assert (change.version, change.added, change.removed, change.size) == (3, 1, 1, 2)
    assert [_values(store, "house", v) for v in (1, 2, 3)] == [[], ["one", "two"], ["three", "two"]]
    assert [(one.version, one.actor, one.action) for one in store.shelf.history("house")] == [
        (3, "ben", "add"),
        (2, "ann", "add"),
        (1, "ann", "create"),
    ]
    assert [entry.action for entry in store.audit.page(subject="library:house")] == [
        "library.create",
        "library.add",
        "library.add",
    ]
    assert store.audit.verify().problems == ()
    with pytest.raises(NotFoundError, match="no version 9"):
        store.shelf.page("house", version=9)


def test_going_back_makes_a_version_and_loses_none(store: Store) -> None:
    store.shelf.create("house", LibraryKind.WORDS, BLACK, actor="ann")
    store.shelf.change("house", actor="ann", add=[LibraryItem(value="one", note="first", expires=SOON)])
    store.shelf.edit("house", Head(colour="review"), actor="ann")
    store.shelf.change("house", actor="ann", add=[LibraryItem(value="bad")], replace=True)
    change = store.shelf.rollback("house", 2, actor="ben")
    assert (change.version, change.action, change.note) == (5, "rollback", "back to version 2")
    assert store.shelf.get("house").head == BLACK
    (item,) = store.shelf.page("house")
    assert (item.value, item.note, item.expires) == ("one", "first", SOON)
    assert _values(store, "house", 4) == ["bad"]
    again = store.shelf.rollback("house", 5, actor="ben")
    assert (again.added, again.removed) == (0, 0)


def test_an_entry_that_says_the_same_is_no_change_and_one_that_says_more_takes_its_place(store: Store) -> None:
    store.shelf.create("house", LibraryKind.WORDS, BLACK, actor="ann")
    store.shelf.change("house", actor="ann", add=[LibraryItem(value="one")])
    same = store.shelf.change("house", actor="ann", add=[LibraryItem(value="one"), LibraryItem(value="one")])
    assert (same.version, same.size) == (2, 1)
    fuzzy = LibraryItem(value="one", match=Match.FUZZY)
    more = LibraryItem(value="one", label="spam.scam", score=0.5, languages=("en",))
    change = store.shelf.change("house", actor="ann", add=[more, fuzzy])
    assert (change.added, change.removed, change.size) == (2, 1, 2)
    found = store.shelf.library("house")
    assert (found.kind, found.colour, found.label, found.version) == (
        LibraryKind.WORDS,
        ListColour.BLACK,
        "spam.scam",
        "3",
    )
    assert {(item.value, item.match, item.score) for item in found.items} == {
        ("one", Match.PLAIN, 0.5),
        ("one", Match.FUZZY, 1.0),
    }
    assert [item.score for item in store.shelf.library("house", version=2).items] == [1.0]


def test_what_changed_since_a_revision_is_all_that_a_process_has_to_ask_for(store: Store) -> None:
    assert store.shelf.since(0).heads == ()
    store.shelf.create("a", LibraryKind.WORDS, BLACK, actor="ann")
    store.shelf.create("b", LibraryKind.IMAGES, Head(colour="white"), actor="ann")
    store.shelf.change("a", actor="ann", add=[LibraryItem(value="one"), LibraryItem(value="two")])
    first = store.shelf.since(0)
    assert (first.revision, [head.name for head in first.heads]) == (3, ["a", "b"])
    assert {name: len(items) for name, items in first.added.items()} == {"a": 2}
    gone = first.added["a"][0].id
    store.shelf.change("a", actor="ann", add=[LibraryItem(value="three")], remove=[gone, "no such id"])
    second = store.shelf.since(first.revision)
    assert ([item.value for item in second.added["a"]], second.removed) == (["three"], frozenset({gone}))
    assert store.shelf.revision() == second.revision == 4
    store.shelf.delete("b", actor="ann")
    assert [head.name for head in store.shelf.since(4).heads] == ["a"]
    assert store.shelf.versions_at(3) == {"a": 2, "b": 1}
    assert store.shelf.versions_at(5) == {"a": 3}


def test_a_deleted_library_can_be_looked_at_and_its_name_be_used_again(store: Store) -> None:
    store.shelf.create("a", LibraryKind.WORDS, BLACK, actor="ann")
    store.shelf.change("a", actor="ann", add=[LibraryItem(value="one")])
    with pytest.raises(ConflictError, match="already"):
        store.shelf.create("a", LibraryKind.WORDS, BLACK, actor="ann")
    store.shelf.delete("a", actor="ann")
    for work in (store.shelf.get, store.shelf.page):
        with pytest.raises(NotFoundError, match="no library 'a'"):
            work("a")
    assert _values(store, "a", 2) == ["one"]
    assert store.shelf.all() == []
    again = store.shelf.create("a", LibraryKind.WORDS, BLACK, actor="ann")
    assert (again.version, again.size) == (4, 0)
    store.shelf.rollback("a", 2, actor="ann")
    assert _values(store, "a") == ["one"]
    store.shelf.delete("a", actor="ann")
    with pytest.raises(ConflictError, match="another name"):
        store.shelf.create("a", LibraryKind.IMAGES, BLACK, actor="ann")


def test_a_library_over_its_size_is_refused_as_a_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenhand.store.libraries.MOST_ENTRIES", 3)
    store.shelf.create("a", LibraryKind.WORDS, BLACK, actor="ann")
    store.shelf.change("a", actor="ann", add=[LibraryItem(value="one"), LibraryItem(value="two")])
    with pytest.raises(LibraryError, match="at most 3"):
        store.shelf.change("a", actor="ann", add=[LibraryItem(value="three"), LibraryItem(value="four")])
    assert _values(store, "a") == ["one", "two"]
    assert store.shelf.get("a").version == 2


def test_pages_and_search(store: Store) -> None:
    store.shelf.create("a", LibraryKind.WORDS, BLACK, actor="ann")
    words = [f"word {number:02}" for number in range(25)] + ["100%", "Zwölf \x00\ud800"]
    store.shelf.change("a", actor="ann", add=[LibraryItem(value=word) for word in words])
    first = store.shelf.page("a", limit=10)
    rest = store.shelf.page("a", after=first[-1].id, limit=None)
    assert sorted(item.value for item in [*first, *rest]) == sorted(words)
    assert [item.value for item in store.shelf.page("a", search="WORD 07")] == ["word 07"]
    assert [item.value for item in store.shelf.page("a", search="0%")] == ["100%"]


def test_many_change_at_once_and_revisions_have_no_gaps(store: Store) -> None:
    for name in ("a", "b"):
        store.shelf.create(name, LibraryKind.WORDS, BLACK, actor="ann")

    def add(number: int) -> int:
        items = [LibraryItem(value="shared"), LibraryItem(value=f"own {number}")]
        return store.shelf.change("ab"[number % 2], actor="ann", add=items).revision

    with ThreadPoolExecutor(6) as threads:
        revisions = list(threads.map(add, range(12)))
    assert sorted(revisions) == list(range(3, 15))
    assert [store.shelf.get(name).size for name in ("a", "b")] == [7, 7]
    assert [one.version for one in store.shelf.history("a", limit=3, before=5)] == [4, 3, 2]
    assert store.shelf.history("a")[0].at - datetime.now(UTC) < timedelta(0)


def test_expressions_are_counted_by_library(store: Store) -> None:
    assert store.shelf.expressions() == {}
    for name, many in (("a", 2), ("b", 1)):
        store.shelf.create(name, LibraryKind.WORDS, BLACK, actor="ann")
        items = [LibraryItem(value=f"x{number}+", match=Match.REGEX) for number in range(many)]
        store.shelf.change(name, actor="ann", add=[*items, LibraryItem(value="word")])
    assert store.shelf.expressions() == {"a": 2, "b": 1}
    store.shelf.delete("a", actor="ann")
    assert store.shelf.expressions() == {"b": 1}
