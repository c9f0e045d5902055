"""Sketches of texts, and finding near-duplicates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.matching.textsketch import MOST_CHARS, alike, as_text, from_text, normalised, share_new, sketch
from evenhand.matching.textsketch_index import SketchIndex

TEXT = "The choir meets on Thursday evenings in the old hall, and everybody who likes to sing is welcome to come"


def _jaccard(one: str, other: str) -> float:
    a, b = ({text[at : at + 5] for at in range(len(text) - 4)} for text in map(normalised, (one, other)))
    return len(a & b) / len(a | b)


@given(st.text("abcdefghij ", min_size=60, max_size=300), st.integers(0, 50), st.text("klmno", min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_estimate_is_near_the_share_of_common_pieces(text: str, at: int, put: str) -> None:
    other = text[:at] + put + text[at:]
    one, two = sketch(text), sketch(other)
    if one is not None and two is not None:
        assert abs(alike(one, two) - _jaccard(text, other)) < 0.25  # five standard errors and more


def test_case_width_accents_and_signs_do_not_count() -> None:
    one = sketch(TEXT)
    for other in (TEXT.upper(), TEXT.replace(" ", " -- "), "Ｔｈｅ" + TEXT[3:], TEXT.replace("e", "é")):
        two = sketch(other)
        assert one is not None
        assert two is not None
        assert alike(one, two) == 1.0, other


@pytest.mark.parametrize("text", ["", "too short", "!!! --- ???", "你好吗", "\ud800"])
def test_short_texts_have_none(text: str) -> None:
    assert sketch(text) is None


def test_chinese_needs_fewer_characters() -> None:
    assert sketch("加我微信领取免费奖品机会难得") is not None


def test_long_texts_are_cut_alike() -> None:
    body = "".join(chr(97 + (number * number) % 26) for number in range(MOST_CHARS))
    one, two = sketch(body), sketch(body + "and something else")
    assert one is not None
    assert two is not None
    assert alike(one, two) == 1.0


@pytest.mark.parametrize(
    ("other", "words", "least", "most"),
    [
        (TEXT, "everybody who likes to sing", 0.0, 0.0),
        (TEXT.replace("to sing", "to row"), "everybody who", 0.0, 0.0),
        (TEXT.replace("to sing", "to row"), "row", 0.3, 1.0),
        (TEXT.replace("everybody who likes", "rascals who moan"), "rascals who moan", 0.5, 1.0),
        ("So: " + TEXT, "the old hall", 0.0, 0.0),
        ("他们星期四晚上在老礼堂唱歌欢迎大家一起来参加活动", "星期四晚上", 0.6, 1.0),
    ],
)
def test_what_is_new_in_a_stretch(other: str, words: str, least: float, most: float) -> None:
    held = sketch(TEXT)
    assert held is not None
    at = other.index(words)
    assert least <= share_new(other, (at, at + len(words)), held) <= most


@given(st.text("abcdefgh ", min_size=40, max_size=400), st.data())
@settings(max_examples=60, deadline=None)
def test_nothing_old_is_ever_called_new(text: str, data: st.DataObject) -> None:
    held = sketch(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if held is not None:
        assert share_new(text, (start, end), held) == 0.0


def test_a_stretch_beyond_what_is_compared_is_new() -> None:
    body = "".join(chr(97 + (number * number) % 26) for number in range(MOST_CHARS))
    held = sketch(body)
    assert held is not None
    assert share_new(body + "and something else", (MOST_CHARS + 4, MOST_CHARS + 9), held) == 1.0


@given(st.lists(st.integers(0, 2**32 - 1), min_size=128, max_size=128))
@settings(max_examples=30, deadline=None)
def test_written_and_read(numbers: list[int]) -> None:
    made = np.array(numbers, np.uint32)
    assert (from_text(as_text(made)) == made).all()


@pytest.mark.parametrize("text", ["", "s1:abc", "t1:", "t1:abc", "t1:" + "*" * 683, "t1:" + "A" * 900])
def test_what_is_no_sketch(text: str) -> None:
    with pytest.raises(ValueError, match="sketch"):
        from_text(text)


def test_the_index_finds_what_comparing_with_all_finds() -> None:
    rng = np.random.default_rng(5)
    samples = rng.integers(0, 2**32, (500, 128), dtype=np.uint32)
    index = SketchIndex(list(samples))
    for row in range(0, 500, 25):
        query = samples[row].copy()
        query[:30] = rng.integers(0, 2**32, 30, dtype=np.uint32)
        assert index.find(query) == [(row, float((query == samples[row]).mean()))]
    assert index.find(rng.integers(0, 2**32, 128, dtype=np.uint32)) == []
    assert SketchIndex([]).find(samples[0]) == []
