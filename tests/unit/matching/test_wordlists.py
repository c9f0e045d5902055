"""All word lists together; what was built is used again when they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour, Match
from evenhand.errors import LibraryError
from evenhand.matching import phrases_live, wordlists
from evenhand.matching.phrases import Phrase
from evenhand.matching.phrases_live import LivePhrases
from evenhand.matching.wordlists import WordHit, WordLists

HOUSE = Library(name="house", kind=LibraryKind.WORDS, colour=ListColour.BLACK)


def _lists(*items: LibraryItem, before: WordLists | None = None) -> WordLists:
    return WordLists([replace(HOUSE, items=items)], before)


def _found(lists: WordLists, text: str) -> list[tuple[str, int, int, float]]:
    return [(hit.item.match.value, hit.start, hit.end, hit.certainty) for hit in lists.search([text])[0]]


def test_each_item_is_found_in_its_own_way_and_places_are_in_order() -> None:
    items = [
        LibraryItem(value="rascal"),
        LibraryItem(value="rascal", match=Match.EXACT),
        LibraryItem(value="scoundrel", match=Match.FUZZY),
        LibraryItem(value=r"\d{3}-coins", match=Match.REGEX),
        LibraryItem(value="微信", match=Match.PHONETIC),
    ]
    lists = _lists(*items)
    assert _found(lists, "r4scal, scuondrel, 500-COINS") == [
        ("", 0, 6, 0.95),
        ("fuzzy", 8, 17, 0.85),
        ("regex", 19, 28, 1.0),
    ]
    assert _found(lists, "rascal") == [("", 0, 6, 1.0), ("exact", 0, 6, 1.0)]
    assert [one[0] for one in _found(lists, "jia weixin")] == ["phonetic"]


def test_an_expression_that_cannot_be_searched_for_names_its_list() -> None:
    with pytest.raises(LibraryError, match="Word lists house: "):
        _lists(LibraryItem(value="(?<=a)b", match=Match.REGEX))


def _make(key: str) -> Phrase:
    return Phrase(value=key)


def test_a_change_builds_only_what_is_new() -> None:
    words = [f"word{number:05}" for number in range(20_000)]
    first = LivePhrases(words, _make)
    second = LivePhrases([*words[1:], "fresh"], _make, first)
    assert second.sizes == (20_000, 1)
    assert second._parts.parts[0] is first._parts.parts[0]
    found = second.search(["word00000 word00001 fresh"])[0]
    assert [one[0] for one in found] == ["word00001", "fresh"]
    third = LivePhrases([*words[1:], *(f"more{number}" for number in range(2_000))], _make, second)
    assert third.sizes == (20_000, 2_000)
    fourth = LivePhrases(words[:5_000], _make, third)  # most are gone: they are masked, until there is time
    assert fourth.sizes == (20_000,)
    assert not fourth.tidy
    assert fourth.tidied().sizes == (5_000,)
    assert fourth.search(["word00001 word06000"]) == fourth.tidied().search(["word00001 word06000"])
    assert LivePhrases([], _make, fourth).search(["word00001"]) == [[]]


# Words that meet each other in every way: in phrases, disguised, by sound, as parts of words, nearly alike.
VALUES = (
    "rascal",
    "rascals",
    "kill joy",
    "joy",
    "killjoy",
    "scoundrel",
    "wei xin",
    "微信",
    "信",
    "rare*",
    "c++",
    "a b c d",
)
TEXTS = (
    "r4scal k.i.l.l joy",
    "rascl rascals",
    "killjoy scuondrel",
    "加微信 weixin",
    "rarely c++ a b c d",
    "raaascal joy",
)
ITEM = st.tuples(st.sampled_from(VALUES), st.sampled_from((*Match,)[:4]), st.sampled_from((None, "ads.promotion")))
OPTIONS = st.sampled_from(((), ("pinyin",), ("exact",), ("substring",)))
LISTS = st.lists(st.tuples(st.sampled_from("abc"), OPTIONS, st.lists(ITEM, max_size=8, unique=True)), max_size=3)
TEXT = st.lists(st.sampled_from((*VALUES, *TEXTS, "\n", "信", "w e i xin")), max_size=6).map(" ".join)


def _libraries(said: Sequence[tuple[str, tuple[str, ...], Sequence[tuple[str, Match, str | None]]]]) -> list[Library]:
    """Make lists; the same item is the same object, as where the store gives them."""
    return [
        replace(HOUSE, name=name, options=options, items=tuple(_item(*one) for one in items))
        for name, options, items in said
    ]


_ITEMS: dict[tuple[str, Match, str | None], LibraryItem] = {}


def _item(value: str, match: Match, label: str | None) -> LibraryItem:
    made = LibraryItem(value=value, match=match, label=label, expires=datetime(2100, 1, 1, tzinfo=UTC))
    return _ITEMS.setdefault((value, match, label), made)


@settings(max_examples=60, deadline=None)
@given(st.lists(LISTS, min_size=2, max_size=6), st.lists(TEXT, min_size=1, max_size=3), st.booleans())
def test_however_lists_came_to_be_they_find_what_new_ones_find(
    steps: list[list[tuple[str, tuple[str, ...], list[tuple[str, Match, str | None]]]]], texts: list[str], tidy: bool
) -> None:
    """Spans, certainties, reasons and order: of lists changed step by step, joined or not, and of lists built anew."""
    with mock.patch.object(phrases_live, "_SMALL", 1), mock.patch.object(wordlists, "_NEAR_SMALL", 1):
        lists: WordLists | None = None
        for step in steps:
            before, lists = lists, WordLists(_libraries(step), lists)
            if tidy:
                lists = lists.tidied()
            elif before is not None:
                late = lists.with_phrases_of(before.tidied())  # joined for what was, when it is no more
                assert late.search(texts) == lists.search(texts)
            anew: list[list[WordHit]] = WordLists(_libraries(step)).search(texts)
            assert lists.search(texts) == anew
