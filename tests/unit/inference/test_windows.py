"""Windows cover a long text, keep places, and stay few and cheap."""

from __future__ import annotations

import itertools

import pytest

from evenhand.inference.windows import LONGEST, MOST, sample, sentences, windows


@pytest.mark.parametrize("text", ["", " \n\t ", "\n" * 5000])
def test_nothing_to_read(text: str) -> None:
    assert windows(text) == []


@pytest.mark.parametrize("text", ["short", "你好。再见。", "a. " * 20, "é" * 50, "one long sentence " * 10])
def test_short_text_is_one_window(text: str) -> None:
    assert windows(text) == [(0, len(text))]


@pytest.mark.parametrize(
    "text",
    [
        "One sentence here. Another one there! " * 100,
        "第一句话在这里。第二句话在那里！" * 200,
        "no stops at all just words and words " * 300,
        "x" * 20_000,
        "." * 20_000,
        "字" * 9_000,
        "line\n\n" * 3_000,
        "\U0001f600" * 3_000,
    ],
)
def test_every_visible_character_is_covered_by_a_bounded_window(text: str) -> None:
    spans = windows(text)
    covered: set[int] = set()
    for start, end in spans:
        assert 0 <= start < end <= len(text)
        assert len(text[start:end].encode()) <= LONGEST
        covered.update(range(start, end))
    assert {i for i, c in enumerate(text) if not c.isspace()} <= covered
    assert spans == sorted(spans)


def test_neighbours_share_a_short_sentence() -> None:
    spans = windows("A short sentence stands here. " * 60)
    assert all(later[0] < earlier[1] for earlier, later in itertools.pairwise(spans))


def test_more_than_most_are_sampled_evenly_with_both_ends() -> None:
    text = "word " * 200_000
    spans = sample(windows(text))
    assert len(spans) == MOST
    assert spans[0][0] == 0
    assert spans[-1][1] >= len(text) - 1
    gaps = [b[0] - a[0] for a, b in itertools.pairwise(spans)]
    assert max(gaps) < 2 * min(gaps)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One. Two! Three", ["One.", "Two!", "Three"]),
        ("版本 1.2 很好。谢谢！", ["版本 1.2 很好。", "谢谢！"]),
        ("see www.example.org/a.b now", ["see www.example.org/a.b now"]),
        ("a\n\nb", ["a", "b"]),
        ("Really?! Yes...", ["Really?!", "Yes..."]),
    ],
)
def test_sentences(text: str, wanted: list[str]) -> None:
    assert [text[a:b] for a, b in sentences(text, 0, len(text))] == wanted


def test_sentences_of_a_part_keep_the_places_of_the_whole() -> None:
    assert sentences("zero. one. two.", 6, 15) == [(6, 10), (11, 15)]
