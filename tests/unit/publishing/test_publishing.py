"""Blast radius, brakes, shares and mentions: pure work on records and counts."""

from __future__ import annotations

from typing import Any

import pytest

from evenhand.domain import Content
from evenhand.errors import InputError
from evenhand.policy import Policy, default_policy, load_policy
from evenhand.publishing.blast import Blast
from evenhand.publishing.brakes import broken, read_brake, suggest
from evenhand.publishing.course import Counts, Course, in_order, part, place_of
from evenhand.publishing.mentions import mentions
from evenhand.store.policydecisions import Past

DRAFT = """
name: house
version: "2"
lines:
  default:
    extends: evenhand
    thresholds: {hate: {review: 0.4, block: 0.7}}
    skip: [image.ocr]
    rules:
      - name: newcomers
        when: {label: ads.contact, score: {min: 0.5}, context: {author.age_days: {lt: 5}}}
        action: block
"""


def past(label: str = "hate", score: float = 0.8, **more: Any) -> Past:
    place = {"source": more.pop("source", "text"), "span": [0, 3]}
    finding = {
        "label": label, "score": score, "location": place, "detector": more.pop("detector", "text.harm"),
        "version": "1", "reason": "r",
    }  # fmt: skip
    fields: dict[str, Any] = {
        "decision_id": "d", "line": "default", "kind": "text", "action": "review", "rule": None, "policy": "p",
        "version": "1", "languages": ("en",), "findings": [finding], "incomplete": {}, "models": {"text.harm": "1"},
        "context": {}, "incidents": [], "text": None,
    }  # fmt: skip
    return Past(**{**fields, **more})


def blast(**more: Any) -> Blast:
    reads = {"text.harm": "text", "image.ocr": "image"}
    return Blast(load_policy(DRAFT), default_policy(), names=["default"], kept=[], reads=reads, **more)


def test_what_would_change_is_counted_by_label_language_line_and_group() -> None:
    found = blast()
    found.run([[past(), past(score=0.3), past(label="spam", score=0.85)], [past(score=0.45, text="All muslims lie")]])
    report = found.as_dict()
    assert (report["decisions"], report["changed"], report["stricter"], report["milder"]) == (4, 2, 2, 0)
    assert report["moves"] == [
        {"was": "review", "would": "block", "decisions": 1},
        {"was": "pass", "would": "review", "decisions": 1},
    ]
    assert report["by"]["label"]["hate"]["changed"] == 2
    assert report["by"]["label"]["spam"]["changed"] == 0
    assert report["by"]["group"]["muslims"]["stricter"] == 1
    assert report["by"]["category"]["religion"]["decisions"] == 1
    assert [one["would"] for one in report["examples"]] == ["block", "review"]
    assert "muslims lie" not in str(report)  # nobody's words stay in a report


def test_what_cannot_be_judged_is_told() -> None:
    found = blast()
    for one in (past(line="gone"), past(rule="mark"), past(label="ads.contact", score=0.6)):
        found.add(one)
    report = found.as_dict()
    assert report["decisions"] == 1
    assert report["not_judged"] == {
        "the draft does not decide for this line": 1,
        "a person marked this content": 1,
    }
    assert report["judged_in_part"] == {"rules ask for context that is not kept": 1}
    assert report["context_not_kept"]["default"]["newcomers"] == ["author.age_days"]


def test_a_detector_that_is_newly_asked_is_told_and_one_that_is_not_asked_is_left_out() -> None:
    there = Blast(default_policy(), load_policy(DRAFT), names=["default"], kept=[], reads={"image.ocr": "image"})
    there.add(past(kind="image"))
    assert there.as_dict()["judged_in_part"] == {"image.ocr is newly asked, and did not run then": 1}
    found = blast()
    found.add(past(score=0.99, source="ocr"))  # read by image.ocr, which the draft skips
    assert found.as_dict()["moves"] == [{"was": "block", "would": "pass", "decisions": 1}]


def test_memory_does_not_grow_with_the_decisions() -> None:
    found = blast()
    found.run([past(score=0.45, text="x") for _ in range(500)] for _ in range(20))
    assert found.total.decisions == 10_000
    assert len(found.as_dict()["examples"]) == 5


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Women and old people came", {"women", "old"}),
        ("womenswear", set()),
        ("穆斯林朋友", {"muslims"}),
        ("a nice day", set()),
    ],
)
def test_groups_are_found_by_their_names(text: str, groups: set[str]) -> None:
    assert groups <= mentions(text)
    assert groups or not mentions(text)


@pytest.mark.parametrize(
    "given",
    [{}, {"block": [0.5, 0.1]}, {"block": [0, 2]}, {"block": [0]}, {"mark": [0, 1]}, {"block": [0, 1], "window_s": 1}],
)
def test_brakes_that_cannot_be_used_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        read_brake(given)


def test_a_brake_breaks_outside_of_its_band_and_not_on_few_decisions() -> None:
    brake = read_brake({"block": [0.0, 0.1], "review": [0.05, 1], "minimum": 20})
    assert brake is not None
    assert broken(brake, {"block": 9, "pass": 1}) is None
    assert "block" in (broken(brake, {"block": 9, "pass": 20}) or "")
    assert "review" in (broken(brake, {"pass": 20}) or "")
    assert broken(brake, {"block": 2, "review": 4, "pass": 20}) is None
    made = suggest({"block": 10, "review": 100, "pass": 890})
    assert read_brake(made) == made
    assert broken(made, {"block": 10, "review": 100, "pass": 890}) is None
    assert suggest({})["block"] == [0.0, 0.5]


def candidate() -> Policy:
    return load_policy(DRAFT)


def test_a_share_is_even_stable_and_keeps_who_is_in_when_it_grows() -> None:
    contents = [Content(text=f"text {number}", context={"user": {"id": number % 50}}) for number in range(2_000)]
    places = [place_of(content, "content", salt="v") for content in contents]
    assert places == [place_of(content, "content", salt="v") for content in contents]
    assert 0.15 < sum(place < 0.2 for place in places) / len(places) < 0.25
    by_author = {content.context["user"]["id"]: place_of(content, "user.id", salt="v") for content in contents}  # type: ignore[index,call-overload]
    assert all(place_of(one, "user.id", salt="v") == by_author[one.context["user"]["id"]] for one in contents)  # type: ignore[index,call-overload]
    course = Course(line="default", live_id="a", counts=Counts(), candidate=candidate(), candidate_id="v", share=0.2)
    parted = part(default_policy(), "default", course, contents)
    assert isinstance(parted, tuple)
    assert [len(share.contents) for share in parted] == [sum(p >= 0.2 for p in places), sum(p < 0.2 for p in places)]
    assert in_order(parted, [share.places for share in parted]) == list(range(2_000))
    assert part(default_policy(), "default", None, contents) == default_policy()
