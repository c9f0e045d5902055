"""Conditions on the facts that a finding carries."""

from __future__ import annotations

from typing import Any

import pytest

from evenhand.domain import FACTS, Action, Fact, Finding, Location, Source
from evenhand.errors import PolicyError
from evenhand.policy import decide, load_policy

FIT: dict[str, Fact] = {"faces": 1, "yaw": -4, "blur": 1.2, "sunglasses": "absent"}


def face(**facts: Fact) -> Finding:
    place = Location(source=Source.IMAGE, box=(0.0, 0.0, 9.0, 9.0))
    return Finding(
        label="face.present",
        score=0.9,
        location=place,
        detector="image.face",
        version="2",
        reason="seen",
        facts={**FIT, **facts},
    )


def judged(condition: str, *findings: Finding) -> tuple[Action, str]:
    rule = f"{{name: r, action: review, when: {condition}}}"
    text = f"name: p\nversion: '1'\nlines:\n  default:\n    rules:\n      - {rule}\n"
    decision = decide(load_policy(text), "default", findings=findings, kind="image")
    return decision.action, decision.reason


@pytest.mark.parametrize(("facts", "fires"), [
    ("faces: 1", True),
    ("faces: 2", False),
    ("faces: {gt: 1}", False),
    ("yaw: {gte: -10, lte: 10}", True),
    ("yaw: {gt: 0}", False),
    ("sunglasses: absent", True),
    ("sunglasses: [present, not visible]", False),
    ("faces: 1, blur: {lt: 2}", True),
    ("faces: 1, blur: {gt: 2}", False),
    ("smile: absent", False),
    ("smile: {exists: false}", True),
    ("smile_score: {lt: 0.5}", False),
])  # fmt: skip
def test_a_fact_is_compared_as_the_context_is(facts: str, fires: bool) -> None:
    action, _ = judged(f"{{label: face.present, facts: {{{facts}}}}}", face())
    assert action is (Action.REVIEW if fires else Action.PASS)


@pytest.mark.parametrize(("findings", "fires"), [
    ((), True),
    ((face(),), False),
    ((face(yaw=31),), True),
    ((face(sunglasses="not visible"),), True),
    ((face(faces=2), face(faces=2)), True),
])  # fmt: skip
def test_none_of_the_faces_fits(findings: tuple[Finding, ...], fires: bool) -> None:
    wanted = "{label: face.present, facts: {faces: 1, yaw: {gte: -20, lte: 20}, sunglasses: absent}}"
    action, _ = judged(f"{{kind: image, none: [{wanted}]}}", *findings)
    assert action is (Action.REVIEW if fires else Action.PASS)


def test_the_explanation_names_what_was_asked() -> None:
    _, reason = judged("{label: face.present, facts: {yaw: {lt: 0}}}", face())
    assert "with yaw below 0 in image box" in reason


def test_facts_alone_are_about_a_finding_and_can_be_counted() -> None:
    assert judged("{facts: {faces: 2}, count: 2}", face(faces=2), face(faces=2))[0] is Action.REVIEW
    assert judged("{facts: {faces: 2}, count: 3}", face(faces=2), face(faces=2))[0] is Action.PASS


@pytest.mark.parametrize(("facts", "message"), [
    ("age: 3", "unknown fact 'age'; known are faces"),
    ("sunglasses: no", "sunglasses is one of present, absent, not visible"),
    ("yaw: left", "yaw is a number"),
    ("yaw: {eq: true}", "yaw is a number"),
    ("faces: [1, two]", "faces is a number"),
])  # fmt: skip
def test_a_condition_that_could_never_hold_is_refused(facts: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        judged(f"{{label: face.present, facts: {{{facts}}}}}")


def test_facts_are_in_the_json_form_only_where_there_are_any() -> None:
    assert face().as_dict()["facts"] == FIT
    bare: Any = Finding(
        label="ads", score=1.0, location=Location(source=Source.TEXT), detector="d", version="1", reason="r"
    )
    assert "facts" not in bare.as_dict()
    assert hash(face()) == hash(face(yaw=9))


def test_no_fact_says_more_about_a_person_than_the_three_inspections() -> None:
    """The whole list, so that adding one is a decision and not an accident."""
    answers = {f"{name}{more}" for name in ("glasses", "sunglasses", "smile") for more in ("", "_score", "_unseen")}
    picture = {"faces", "share", "eye_span", "off_centre", "yaw", "pitch", "roll", "blur"}
    sound = {"sound", "speech_share", "music_share", "silence_share"}
    symbol, weapon = {"words"}, {"weapon"}
    video = {"sample", "sample_start", "sample_end", "sample_share"}
    assert set(FACTS) == answers | picture | sound | symbol | weapon | video | {"eyes_covered", "mouth_covered"}
