"""The audit of word lists: the name of a group alone is refused, and nothing else is."""

from __future__ import annotations

import pytest

from evenhand.fairness import audit_words

LONE = [
    *(
        "Muslim",
        "muslims",
        "Jewish people",
        "the Jews",
        "black people",
        "Chinese",
        "穆斯林",
        "维吾尔人",
        "维族",
        "犹太人",
    ),
    *("women", "girls", "мусульмане", "gay men", "musulmanes", "Roma people", "transgender", "disabled people"),
    *("u-y-g-h-u-r", "ＭＵＳＬＩＭ", "immigrants"),
]
PHRASES = [
    *("go home immigrants", "idiot", "black", "white", "sex", "old", "buy now", "people", "list", "赌博", "brace"),
    *("a", "", "你好", "race", "cheap phones", "men at work today", "加微信", "дешевые телефоны", "trace"),
]


def test_a_group_alone_is_refused() -> None:
    """An entry that is the name of a group is a problem that says where and what to do."""
    problems = audit_words(["idiot", *LONE])
    assert [problem.word for problem in problems] == LONE
    assert problems[0].index == 1
    assert "naming a group is not a violation" in problems[0].message


@pytest.mark.parametrize("word", PHRASES)
def test_other_entries_are_free(word: str) -> None:
    """Phrases, insults and words with another meaning are the operator's to judge."""
    assert audit_words([word]) == []
