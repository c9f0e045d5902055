"""Words near in letters or sound."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.matching.nearwords import MOST_LETTERS, NearWords, allowed, distance, shortened, sounding, spelled

WORDS = st.text("abcdef", min_size=1, max_size=12)


def _whole(one: str, other: str) -> int:
    """Work the distance out without a bound: optimal string alignment by its definition."""
    rows = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            if min(i, j) == 0:
                rows[i][j] = max(i, j)
                continue
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(WORDS, WORDS)
@settings(max_examples=300, deadline=None)
def test_the_bounded_distance_is_the_distance(one: str, other: str) -> None:
    whole = _whole(one, other)
    for most in (0, 1, 2):
        assert distance(one, other, most) == (whole if whole <= most else None)


@given(st.lists(st.text("abcd", min_size=4, max_size=10), min_size=1, max_size=8), st.text("abcd", max_size=12))
@settings(max_examples=300, deadline=None)
def test_what_is_looked_up_is_what_comparing_with_all_gives(words: list[str], token: str) -> None:
    words = list(dict.fromkeys(words))
    found = spelled(words)(token)
    wanted = {number: d for number, word in enumerate(words) if (d := _whole(token, word)) <= allowed(word)}
    assert dict(found) == wanted


@pytest.mark.parametrize(
    ("listed", "text", "places"),
    [
        ("scoundrel", "you scuondrel!", [(4, 13, 1)]),
        ("scoundrel", "scoundrel", [(0, 9, 0)]),
        ("scoundrel", "scndrel scxundrel scxxxrel", [(0, 7, 2), (8, 17, 1)]),
        ("cheap pills", "Cheep   PILLS here", [(0, 13, 1)]),
        ("cheap pills", "cheap and pills", []),
        ("toe rag", "toe rug toe rag", [(8, 15, 0)]),  # words of three letters must stand as they are
        ("café", "a cafe, a café", [(10, 14, 0), (2, 6, 1)]),
    ],
)
def test_places(listed: str, text: str, places: list[tuple[int, int, int]]) -> None:
    found = NearWords([listed], spelled).find(text)
    assert sorted((start, end, differ) for _, start, end, differ in found) == sorted(places)


def test_by_sound() -> None:
    index = NearWords(["nuisance", "tight"], sounding)
    assert [text for text in ("a noosance", "a nuisance", "taught") if index.find(text)] == ["a noosance", "a nuisance"]


def test_the_work_for_a_word_is_bounded_whatever_the_text() -> None:
    assert max(len(shortened("abcdefghijklmnopqrstuvwxyz"[:size], 2)) for size in range(30 - 4)) <= 352
    calls: list[str] = []

    def near(words: object) -> object:
        real = spelled(["scoundrel"])

        def counted(token: str) -> object:
            calls.append(token)
            return real(token)

        return counted

    index = NearWords(["scoundrel"], near)  # type: ignore[arg-type]
    index.find("scoundrem " * 5_000)
    assert calls == ["scoundrem"]  # each different word once
    assert len(shortened("a" * 10_000, 2)) == 1
    assert allowed("a" * (MOST_LETTERS + 1)) == 0
    assert len(index.find("scoundrel " * 5_000)) == 400
