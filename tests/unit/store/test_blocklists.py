"""Lists of words that callers keep: every change counts at once, and none is half done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from evenhand.errors import InputError, NotFoundError
from evenhand.store import Store


def test_a_list_is_made_changed_and_forgotten(store: Store) -> None:
    made, new = store.blocklists.save("words", {"description": "first"})
    assert new
    assert (made.name, made.description) == ("words", "first")
    changed, new = store.blocklists.save("words", {})
    assert not new
    assert changed.description == "first"
    assert store.blocklists.save("words", {"description": None})[0].description is None
    store.blocklists.save("Another", {})
    assert [one.name for one in store.blocklists.all()] == ["Another", "words"]
    store.blocklists.add("words", [("a", None)], most=10)
    store.blocklists.remove("words")
    store.blocklists.remove("words")
    with pytest.raises(NotFoundError, match="words"):
        store.blocklists.get("words")
    store.blocklists.save("words", {})
    assert store.blocklists.page("words") == []


def test_items_keep_their_ids_and_their_order(store: Store) -> None:
    store.blocklists.save("words", {})
    first = store.blocklists.add("words", [("one", None), ("two", "second"), ("Zwölf 十二 \x00\ud800", None)], most=10)
    again = store.blocklists.add("words", [("two", "changed"), ("three", None)], most=10)
    assert again[0].id == first[1].id
    assert again[0].description == "changed"
    assert [item.text for item in store.blocklists.page("words")] == ["one", "two", "Zwölf 十二 \x00\ud800", "three"]
    assert [item.text for item in store.blocklists.page("words", skip=1, limit=2)] == ["two", "Zwölf 十二 \x00\ud800"]
    assert store.blocklists.item("words", first[0].id) == first[0]
    store.blocklists.discard("words", [first[0].id, "no such id"])
    with pytest.raises(NotFoundError, match="no item"):
        store.blocklists.item("words", first[0].id)


def test_every_change_of_items_gives_a_new_revision(store: Store) -> None:
    store.blocklists.save("words", {})
    seen = [store.blocklists.revisions(["words", "none"])]
    (item,) = store.blocklists.add("words", [("one", None)], most=10)
    seen.append(store.blocklists.revisions(["words"]))
    store.blocklists.discard("words", [item.id])
    seen.append(store.blocklists.revisions(["words"]))
    store.blocklists.remove("words")
    assert store.blocklists.revisions(["words"]) == {}
    store.blocklists.save("words", {})
    seen.append(store.blocklists.revisions(["words"]))
    assert len({one["words"] for one in seen}) == 4
    assert all(list(one) == ["words"] for one in seen)


def test_a_list_over_its_length_is_refused_as_a_whole(store: Store) -> None:
    store.blocklists.save("words", {})
    store.blocklists.add("words", [("one", None), ("two", None)], most=3)
    with pytest.raises(InputError, match="at most 3"):
        store.blocklists.add("words", [("three", None), ("four", None)], most=3)
    assert [item.text for item in store.blocklists.page("words")] == ["one", "two"]


def _add(store: Store) -> None:
    store.blocklists.add("none", [("a", None)], most=3)


def _discard(store: Store) -> None:
    store.blocklists.discard("none", ["a"])


def _page(store: Store) -> None:
    store.blocklists.page("none")


def _item(store: Store) -> None:
    store.blocklists.item("none", "a")


@pytest.mark.parametrize("work", [_add, _discard, _page, _item])
def test_a_list_that_there_is_not(store: Store, work: Callable[[Store], None]) -> None:
    with pytest.raises(NotFoundError, match="no blocklist"):
        work(store)


def test_many_change_one_list_at_once(store: Store) -> None:
    store.blocklists.save("words", {})

    def add(number: int) -> None:
        store.blocklists.add("words", [("shared", str(number)), (f"own {number}", None)], most=100)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(24)))
    texts = [item.text for item in store.blocklists.page("words")]
    assert len(texts) == len(set(texts)) == 25
