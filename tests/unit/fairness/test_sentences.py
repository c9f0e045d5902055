"""The sentences that ship: whole, in order, and the same for every group."""

from __future__ import annotations

import re

import pytest

from evenhand.fairness import audit_data, audit_languages
from evenhand.fairness.sentences import CONTROL, AuditData, Tone

LANGUAGES = ["en", "zh", "ar", "de", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr"]
PERSECUTED = {"uyghurs", "roma", "rohingya", "dalits", "tutsi", "yazidi", "kurds", "tibetans"}


def test_languages() -> None:
    assert audit_languages() == tuple(LANGUAGES)
    assert [part.language for part in audit_data(["fr", "en"])] == ["fr", "en"]
    with pytest.raises(ValueError, match="no audit sentences in tlh"):
        audit_data(["tlh"])


@pytest.mark.parametrize("part", audit_data(), ids=lambda part: part.language)
def test_each_language_has_enough(part: AuditData) -> None:
    names = [group.id for group in part.groups]
    kinds = {group.category for group in part.groups}
    assert len(names) == len(set(names))
    assert sum(group.category != CONTROL for group in part.groups) >= 25
    assert sum(group.category == CONTROL for group in part.groups) >= 4
    assert set(names) >= PERSECUTED
    assert kinds >= {"ethnicity", "nationality", "religion", "orientation", "gender", "disability", "age", "caste"}
    assert len(part.templates[Tone.NEUTRAL]) + len(part.templates[Tone.POSITIVE]) >= 12
    assert all(len(part.templates[tone]) >= 3 for tone in (Tone.SELF, Tone.COUNTER, Tone.EVERYDAY))
    assert len(part.templates[Tone.ATTACK]) >= 6


@pytest.mark.parametrize("part", audit_data(), ids=lambda part: part.language)
def test_only_the_name_differs_in_a_family(part: AuditData) -> None:
    forms = {form for group in part.groups for form in group.forms}
    everything: list[str] = []
    for family in part.families():
        slots = re.findall(r"\{(\w*)\}", family.template)
        assert len(set(slots)) == 1, family.template
        assert slots[0] in forms, family.template
        texts = [member.text for member in family.members]
        assert len(texts) == len(set(texts)) >= 25, family.template
        assert not any("{" in text or "  " in text for text in texts)
        controls = [member for member in family.members if member.group.category == CONTROL]
        assert bool(controls) is family.tone.harmless, family.template
        everything += texts
    assert len(everything) == len(set(everything))


def test_a_sentence_begins_with_a_capital() -> None:
    (english,) = audit_data(["en"])
    texts = {member.text for family in english.families() for member in family.members}
    assert "Gay people deserve the same rights as everyone else." in texts
    assert "A Uyghur at the bakery told me that the bread was still warm." in texts
    assert "gay people" in texts
