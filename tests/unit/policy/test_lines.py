"""What a business line has of its own: thresholds, libraries, detectors; and the templates."""

from __future__ import annotations

import pytest

from evenhand.domain import Action, Finding, JsonValue, Location, Source
from evenhand.errors import PolicyError
from evenhand.fairness import refuse_label
from evenhand.policy import TEMPLATES, decide, load_policy, template

PLACE = Location(source=Source.TEXT, span=(0, 4))


def found(label: str, score: float, library: str | None = None) -> Finding:
    return Finding(label=label, score=score, location=PLACE, detector="d", version="1", reason="r", library=library)


HOUSE = """
name: house
version: "1"
lines:
  default:
    extends: evenhand
    thresholds:
      hate: {review: 0.9}
      sexual.explicit: {mark: 0.3, review: 0.6, block: 0.7}
    libraries: [ours]
    detectors: [text.words, text.harm]
  chat:
    extends: default
    thresholds:
      hate: {mark: 0.2}
    libraries: []
"""


@pytest.mark.parametrize(
    ("line", "label", "score", "action"),
    [
        ("default", "hate", 0.8, "pass"),  # inherited: review from .75
        ("default", "hate", 0.96, "review"),  # inherited: block from .95
        ("default", "sexual.explicit", 0.65, "review"),
        ("default", "sexual.explicit", 0.7, "block"),
        ("default", "sexual.nudity", 0.8, "review"),  # the inherited rule still speaks of this one
        ("default", "sexual.nudity", 0.7, "mark"),
        ("chat", "hate", 0.95, "mark"),
        ("chat", "sexual.explicit", 0.7, "block"),  # inherited thresholds
    ],
)
def test_thresholds_stand_in_place_of_inherited_rules(line: str, label: str, score: float, action: str) -> None:
    assert decide(load_policy(HOUSE), line, findings=[found(label, score)]).action.value == action


def test_only_a_lines_own_libraries_count() -> None:
    policy = load_policy(HOUSE)
    ours, theirs = found("known.black", 1.0, "ours"), found("known.black", 1.0, "theirs")
    assert decide(policy, "default", findings=[ours]).action is Action.BLOCK
    assert decide(policy, "default", findings=[theirs]).action is Action.PASS
    assert decide(policy, "chat", findings=[ours, theirs]).action is Action.PASS
    assert policy.line("chat").only == frozenset({"text.words", "text.harm"})


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ("{hate: {review: 0.9, block: 0.5}}", "what is stricter needs a score at least as high"),
        ("{nonsense: {review: 0.9}}", "unknown label 'nonsense'"),
        ("{hate: {}}", "is empty"),
        ("{hate: {review: 2}}", "outside the range"),
        ("{hate.religion: {review: 0.5}}", "protected attribute"),
    ],
)
def test_wrong_thresholds_are_told(thresholds: str, message: str) -> None:
    document = f"name: a\nversion: 1\nlines:\n  default:\n    thresholds: {thresholds}\n"
    with pytest.raises(PolicyError, match=message) as told:
        load_policy(document, check_label=refuse_label)
    assert told.value.problems[0][0] == 5


NEWCOMER: dict[str, JsonValue] = {"author": {"age_days": 1}}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_are_in_order_and_only_mark_politics(name: str) -> None:
    policy = load_policy(template(name).document, check_label=refuse_label)
    assert policy.name == name
    assert policy.description
    for line in policy.lines:
        for score in (0.5, 0.8, 1.0):
            assert decide(policy, line, findings=[found("politics", score)], context=NEWCOMER).action is Action.MARK
        assert decide(policy, line, findings=[]).action is Action.PASS
        assert decide(policy, line, findings=[], incomplete={"text.harm": "crashed"}).action is Action.REVIEW
        assert decide(policy, line, findings=[found("known.black", 1.0)]).action is Action.BLOCK
        assert decide(policy, line, findings=[found("self_harm", 0.99)]).action is Action.REVIEW


@pytest.mark.parametrize(
    ("name", "line", "label", "score", "context", "action"),
    [
        ("forum", "default", "ads.link", 0.9, NEWCOMER, "review"),
        ("forum", "default", "ads.link", 0.9, {"author": {"age_days": 90}}, "pass"),
        ("forum", "avatars", "sexual.nudity", 0.92, {}, "block"),
        ("marketplace", "default", "ads.promotion", 0.95, {}, "pass"),
        ("marketplace", "default", "ads.contact", 0.9, {}, "review"),
        ("marketplace", "messages", "ads.contact", 0.9, {}, "mark"),
        ("marketplace", "default", "contraband.drugs", 0.65, {}, "review"),
        ("dating", "default", "sexual.explicit", 0.99, {}, "mark"),
        ("dating", "default", "sexual.solicitation", 0.97, {}, "block"),
        ("dating", "profiles", "sexual.explicit", 0.97, {}, "block"),
        ("childrens-game", "default", "ads.contact", 0.6, {}, "block"),
        ("childrens-game", "default", "sexual", 0.4, {}, "review"),
        ("childrens-game", "default", "violence.graphic", 0.91, {}, "block"),
        ("childrens-game", "default", "violence.weapon", 0.7, {}, "review"),
        ("childrens-game", "default", "violence.fire", 1.0, {}, "mark"),
        ("childrens-game", "names", "harassment.insult", 0.75, {}, "block"),
        ("news-comments", "default", "violence.graphic", 0.99, {}, "mark"),
        ("news-comments", "default", "violence.threat", 0.99, {}, "block"),
        ("live-streaming", "chat", "spam.flood", 0.8, {}, "block"),
        ("advertising-disclosure", "default", "ads.promotion", 0.8, {}, "review"),
        ("advertising-disclosure", "default", "ads.promotion", 0.8, {"ad": {"declared": True}}, "mark"),
    ],
)
def test_templates_act_as_they_say(
    name: str, line: str, label: str, score: float, context: dict[str, JsonValue], action: str
) -> None:
    policy = load_policy(template(name).document)
    assert decide(policy, line, findings=[found(label, score)], context=context).action.value == action
