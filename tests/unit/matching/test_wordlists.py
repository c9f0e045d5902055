"""All word lists together; what was built is used again when they change."""

from __future__ import annotations

from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour, Match
from evenhand.matching.phrases import Phrase
from evenhand.matching.phrases_live import LivePhrases
from evenhand.matching.wordlists import WordLists

HOUSE = Library(name="house", kind=LibraryKind.WORDS, colour=ListColour.BLACK)


def _found(lists: WordLists, text: str) -> list[tuple[int, int, int, float]]:
    return [(hit.entry, hit.start, hit.end, hit.certainty) for hit in lists.search([text])[0]]


def test_each_item_is_found_in_its_own_way_and_places_are_in_order() -> None:
    items = [
        LibraryItem(value="rascal"),
        LibraryItem(value="rascal", match=Match.EXACT),
        LibraryItem(value="scoundrel", match=Match.FUZZY),
        LibraryItem(value=r"\d{3}-coins", match=Match.REGEX),
        LibraryItem(value="微信", match=Match.PHONETIC),
    ]
    lists = WordLists([(HOUSE, item) for item in items])
    assert _found(lists, "r4scal, scuondrel, 500-COINS") == [(0, 0, 6, 0.95), (2, 8, 17, 0.85), (3, 19, 28, 1.0)]
    assert _found(lists, "rascal") == [(0, 0, 6, 1.0), (1, 0, 6, 1.0)]
    assert [one[0] for one in _found(lists, "jia weixin")] == [4]


def _make(key: str) -> Phrase:
    return Phrase(value=key)


def test_a_change_builds_only_what_is_new() -> None:
    words = [f"word{number:05}" for number in range(20_000)]
    first = LivePhrases(words, _make)
    second = LivePhrases([*words[1:], "fresh"], _make, first)
    assert second.sizes == (20_000, 1)
    assert second._parts[0] is first._parts[0]
    found = second.search(["word00000 word00001 fresh"])[0]
    assert [one[0] for one in found] == ["word00001", "fresh"]
    third = LivePhrases([*words[1:], *(f"more{number}" for number in range(2_000))], _make, second)
    assert third.sizes == (20_000, 2_000)
    fourth = LivePhrases(words[:5_000], _make, third)  # most are gone: built anew
    assert fourth.sizes == (5_000,)
    assert LivePhrases([], _make, fourth).search(["word00001"]) == [[]]
