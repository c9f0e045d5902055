"""Labels in Alibaba Cloud's words: every harm has one, the page shows the same tables, answers follow the policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evenhand.api.compat.alibaba import labels
from evenhand.api.compat.alibaba.answers import Answer, answer_of, kept_answer, least, named
from evenhand.api.compat.alibaba.faces import faces_2018, faces_2022
from evenhand.domain import TAXONOMY, Action, Finding, Location, Result, Source
from evenhand.policy import default_policy
from evenhand.testing import text_result

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "dialects.md"
HARMS = [name for name, info in TAXONOMY.items() if info.harm]
POLICY = default_policy()


def finding(label: str, score: float = 0.99, source: Source = Source.TEXT, **more: object) -> Finding:
    place = Location(source=source, span=(0, 3) if source is Source.TEXT else None)
    values = {"label": label, "score": score, "location": place, "detector": "d", "version": "1", "reason": "why"}
    return Finding(**{**values, **more})  # type: ignore[arg-type]


def answer(*findings: Finding, incomplete: dict[str, str] | None = None, action: Action = Action.PASS) -> Answer:
    result: Result = text_result(findings=findings, incomplete=incomplete or {}, action=action, policy="p@1/default")
    return answer_of(result)


@pytest.mark.parametrize("label", [*HARMS, "politics", "known.black", "known.review"])
def test_every_harm_has_a_word(label: str) -> None:
    for name in (labels.text_2018, labels.text_2022, labels.text_plus):
        assert name(finding(label)), name
    for source in (Source.OCR, Source.IMAGE):
        if not (source is Source.IMAGE and label.partition(".")[0] in ("hate", "harassment", "spam")):
            assert labels.picture_2022(finding(label, source=source)), source
            assert any(labels.in_scene(scene, finding(label, source=source)) for scene in labels.SCENES) or (
                source is Source.IMAGE and label.startswith("contraband")
            )


@pytest.mark.parametrize("label", [name for name in TAXONOMY if name.startswith("face") or name == "known.white"])
def test_inspections_and_white_lists_have_none(label: str) -> None:
    for name in (labels.text_2018, labels.text_2022, labels.text_plus, labels.picture_2022):
        assert name(finding(label, source=Source.IMAGE)) is None
    assert not any(labels.in_scene(scene, finding(label, source=Source.IMAGE)) for scene in labels.SCENES)


def test_words_of_a_picture_are_a_matter_of_one_scene() -> None:
    read = finding("sexual.explicit", source=Source.OCR)
    assert [labels.in_scene(scene, read) for scene in labels.SCENES] == [None, None, "porn", None, None, None]


def test_classes_of_an_operators_own_answer_live_and_logo() -> None:
    own = finding("ads.trademark_acme", source=Source.IMAGE)
    assert labels.in_scene("logo", own) == "trademark"
    assert labels.in_scene("live", finding("contraband.smoking", source=Source.IMAGE)) == "smoking"
    assert not labels.answered("logo", frozenset(TAXONOMY))
    assert labels.answered("logo", frozenset({"ads.trademark_acme"}))
    assert labels.answered("porn", frozenset())


def test_the_page_shows_the_tables() -> None:
    section = PAGE.read_text("utf-8").split("## Alibaba Cloud", 1)[1].split("\n## ", 1)[0]
    rows = set(re.findall(r"^\| `([a-z_.]+)` \| (.*) \|$", section, flags=re.MULTILINE))
    tables = [
        (labels.TEXT_2022, labels.TEXT_PLUS, labels.TEXT_2018),
        (labels.SEEN_2022, labels.READ_2022),
        (*(labels.SEEN_2018[scene] for scene in ("porn", "terrorism", "ad")), labels.READ_2018),
    ]
    for columns in tables:
        for label in dict.fromkeys(label for column in columns for label in column):
            cells = " | ".join(f"`{column[label]}`" if label in column else "" for column in columns)
            assert (label, cells) in rows, label


def test_a_label_is_as_strict_as_what_follows_from_its_findings() -> None:
    found = named(
        answer(
            finding("hate.attack", 0.99), finding("spam.bulk", 0.82), finding("violence", 0.55), finding("sexual", 0.2)
        ),
        POLICY,
        labels.text_plus,
    )
    assert [(one.label, one.action, one.confidence) for one in found] == [
        ("inappropriate_discrimination", Action.BLOCK, 99.0),
        ("inappropriate_nonsense", Action.REVIEW, 82.0),
        ("violent_incidents", Action.MARK, 55.0),
    ]


def test_what_follows_from_two_together_is_told_of_both() -> None:
    found = named(answer(finding("ads.promotion", 0.65), finding("ads.link", 0.9)), POLICY, labels.text_plus)
    assert {one.label: one.action for one in found} == {
        "pt_by_recruitment": Action.REVIEW,
        "pt_to_sites": Action.REVIEW,
    }


def test_a_white_list_excuses_here_too() -> None:
    white = finding("known.white", 1.0)
    assert named(answer(finding("spam.scam", 0.99), white), POLICY, labels.text_2018) == []


def test_no_answer_is_never_clean() -> None:
    assert least(answer(incomplete={"text.harm": "timed out"}), POLICY) is Action.REVIEW
    assert least(answer(), POLICY) is Action.PASS


def test_a_stored_result_answers_as_a_fresh_one() -> None:
    face = finding("face.present", 0.9, Source.IMAGE, facts={"glasses": "present", "glasses_score": 0.8})
    result = text_result(findings=(finding("hate.attack"), face), policy="p@1/default")
    fresh, kept = answer_of(result), kept_answer(result.as_dict())
    assert [one.label for one in named(kept, POLICY, labels.text_plus)] == [
        one.label for one in named(fresh, POLICY, labels.text_plus)
    ]
    assert kept.findings[0].location == fresh.findings[0].location
    assert faces_2022(kept) == faces_2022(fresh)


@pytest.mark.parametrize(
    ("facts", "glasses", "smile"),
    [
        ({"glasses": "present", "glasses_score": 0.9, "sunglasses": "absent"}, "Wear", None),
        ({"glasses": "absent", "sunglasses": "present", "sunglasses_score": 0.8}, "Sunglass", None),
        ({"glasses": "absent", "glasses_score": 0.1, "smile": "present", "smile_score": 0.93}, "None", 93.0),
        ({"glasses": "not visible", "sunglasses": "not visible", "smile": "not visible"}, None, None),
        ({}, None, None),
    ],
)
def test_faces(facts: dict[str, object], glasses: str | None, smile: float | None) -> None:
    face = finding("face.present", 0.9, Source.IMAGE, facts=facts)
    [new], [old] = faces_2022(answer(face)), faces_2018(answer(face))
    assert (new.get("Glasses"), new.get("Smile")) == (glasses, smile)
    assert old.get("glasses", {}).get("value") == glasses
    assert old.get("smile", {}).get("rate") == smile
    assert set(new) <= {"Glasses", "Smile", "Location", "Quality"}


def test_what_a_marking_means() -> None:
    assert labels.meant("normal") == {}
    assert labels.meant("porn") == {"sexual": 1.0}
    assert labels.meant("abuse") == {"harassment": 1.0}
    assert labels.meant("nothing like it") == {}
