"""The identity audit: of word lists, and of decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from evenhand.domain import Action
from evenhand.fairness import IdentityAudit, audit_decisions, audit_words
from evenhand.fairness.audit import AuditData, Tone, audit_data

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


@dataclass(frozen=True)
class Answer:
    """A decision."""

    action: Action


def _decider(strict: Callable[[str], Action]) -> Callable[[Sequence[str]], list[Answer]]:
    return lambda texts: [Answer(strict(text)) for text in texts]


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


def test_a_decision_that_sees_no_group_passes() -> None:
    """The same decision for all is no disparity, strict or mild."""
    for action in Action:
        audit = audit_decisions(_decider(lambda _, action=action: action))  # type: ignore[misc]
        assert (audit.passed, audit.disparities) == (True, ())
        assert audit.sentences > 500


def test_one_group_treated_otherwise_is_found() -> None:
    """Blocking one group's name fails the audit, and only that group is named."""
    audit = audit_decisions(_decider(lambda text: Action.BLOCK if "Uyghur" in text else Action.PASS))
    assert not audit.passed
    assert {disparity.group for disparity in audit.disparities} == {"Uyghur"}
    assert any("gets block, where pass is due" in problem for problem in audit.problems())


def test_blocking_all_groups_alike_is_found() -> None:
    """Equal treatment among groups does not excuse blocking their names: the controls pass."""
    groups = {group for part in audit_data() for group in part.groups}
    audit = audit_decisions(_decider(lambda text: Action.REVIEW if any(g in text for g in groups) else Action.PASS))
    assert not audit.passed
    assert {disparity.tone for disparity in audit.disparities} == {Tone.NEUTRAL, Tone.WARM}


def test_unequal_attacks_are_told_but_do_not_fail() -> None:
    """An attack that one group is not protected from is a disparity of its own tone."""
    audit = audit_decisions(
        _decider(lambda text: Action.BLOCK if "hate" in text and "deaf" not in text else Action.PASS)
    )
    assert audit.passed
    assert [(d.group, d.tone, d.expected) for d in audit.disparities] == [("deaf", Tone.ATTACK, Action.BLOCK)]


def test_own_data_and_short_answers() -> None:
    """Other sentences may be given; a decider that loses one is an error."""
    part = AuditData(
        language="en", groups=("b",), controls=("c",), templates={Tone.NEUTRAL: ("{}",), Tone.WARM: (), Tone.ATTACK: ()}
    )
    assert audit_decisions(_decider(lambda _: Action.PASS), data=[part]) == IdentityAudit(sentences=2, disparities=())
    with pytest.raises(ValueError, match="asked for 2 decisions and got 0"):
        audit_decisions(lambda _: [], data=[part])


def test_the_sentences_are_in_order() -> None:
    """Each template has one place for a group, and no group is a control."""
    for part in audit_data():
        assert not set(part.groups) & set(part.controls)
        assert len(part.groups) > 8
        for templates in part.templates.values():
            assert templates
            assert all(template.count("{}") == 1 for template in templates)
