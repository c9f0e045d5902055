"""The policy that ships keeps the promises of docs/explanation/refusals.md."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.domain import TAXONOMY, Action, Finding, Location, Source, is_under
from evenhand.fairness import audit_words, refusal
from evenhand.policy import decide, default_policy, default_policy_text

POLICY = default_policy()
LABELS = st.sampled_from(sorted(TAXONOMY))
SCORES = st.floats(0, 1)


def finding(label: str, score: float) -> Finding:
    """Make a finding."""
    return Finding(
        label=label, score=score, location=Location(source=Source.TEXT), detector="t.t", version="1", reason="seen"
    )


FINDINGS = st.lists(st.builds(finding, LABELS, SCORES), max_size=6)


def action(*pairs: tuple[str, float]) -> Action:
    """Decide on findings given as (label, score)."""
    return decide(POLICY, "default", findings=[finding(label, score) for label, score in pairs]).action


ROWS: list[tuple[tuple[tuple[str, float], ...], Action]] = [
    ((), Action.PASS),
    ((("sexual.explicit", 0.96),), Action.BLOCK),
    ((("sexual.nudity", 0.8),), Action.REVIEW),
    ((("sexual.explicit", 0.5),), Action.MARK),
    ((("sexual.explicit", 0.49),), Action.PASS),
    ((("sexual.suggestive", 1.0),), Action.MARK),
    ((("violence.threat", 0.96),), Action.BLOCK),
    ((("violence.weapon", 1.0),), Action.REVIEW),
    ((("violence.weapon", 0.8),), Action.MARK),
    ((("extremism.promotion", 0.96),), Action.REVIEW),
    ((("violence.fire", 1.0),), Action.MARK),
    ((("violence.graphic", 0.99),), Action.REVIEW),  # fire looks like gore to the model
    ((("contraband.drugs", 0.99),), Action.REVIEW),
    ((("extremism.symbol", 1.0),), Action.REVIEW),
    ((("hate.attack", 0.95),), Action.BLOCK),
    ((("hate.attack", 0.8),), Action.REVIEW),
    ((("harassment.insult", 0.9),), Action.REVIEW),
    ((("harassment.insult", 0.6),), Action.MARK),
    ((("harassment.profanity", 1.0),), Action.MARK),
    ((("self_harm", 1.0),), Action.REVIEW),
    ((("contraband.drugs", 0.8),), Action.REVIEW),
    ((("spam.flood", 1.0),), Action.REVIEW),
    ((("spam.gibberish", 1.0),), Action.MARK),
    ((("spam.scam", 0.99),), Action.BLOCK),
    ((("ads.link", 1.0),), Action.PASS),
    ((("ads.qrcode", 1.0),), Action.MARK),
    ((("ads.contact", 1.0),), Action.MARK),
    ((("ads.promotion", 0.7),), Action.MARK),
    ((("ads.promotion", 0.7), ("ads.contact", 1.0)), Action.REVIEW),
    ((("politics", 1.0),), Action.MARK),
    ((("face.smile", 1.0), ("face.sunglasses", 1.0)), Action.PASS),
    ((("known.black", 1.0),), Action.BLOCK),
    ((("known.black", 0.6),), Action.REVIEW),
    ((("known.review", 1.0),), Action.REVIEW),
    ((("known.white", 1.0),), Action.PASS),
]


@pytest.mark.parametrize(("pairs", "expected"), ROWS)
def test_actions(pairs: tuple[tuple[str, float], ...], expected: Action) -> None:
    """What each label leads to."""
    assert action(*pairs) is expected


def test_new_authors() -> None:
    """Contact details of a new author are looked at, unless the operator trusts them."""
    contact = [finding("ads.contact", 0.9)]
    new = decide(POLICY, "default", findings=contact, context={"author": {"age_days": 1}})
    trusted = decide(POLICY, "default", findings=contact, context={"author": {"age_days": 1, "trusted": True}})
    assert (new.action, trusted.action) == (Action.REVIEW, Action.MARK)


def test_white_library() -> None:
    """A white picture or phrase excuses what it covers; a black picture wins over a white one."""

    def seen(label: str, **place: Any) -> Finding:
        return replace(finding(label, 1.0), location=Location(**place))

    picture: dict[str, Any] = {"source": Source.IMAGE}
    phrase, word, elsewhere = ({"source": Source.TEXT, "span": span} for span in ((0, 9), (2, 5), (20, 25)))
    rows: list[tuple[list[Finding], Action]] = [
        ([seen("known.white", **picture), seen("sexual.nudity", **picture)], Action.PASS),
        ([seen("known.white", **picture), seen("known.black", **picture)], Action.BLOCK),
        ([seen("known.white", **phrase), seen("known.black", **word)], Action.PASS),
        ([seen("known.white", **phrase), seen("known.black", **elsewhere)], Action.BLOCK),
        ([seen("known.white", **phrase), seen("harassment.profanity", **word)], Action.PASS),
    ]
    for findings, expected in rows:
        assert decide(POLICY, "default", findings=findings).action is expected


def test_words_of_pictures_are_not_blocked_as_scams() -> None:
    """Receipts can read like scams; a code's payload and a typed text cannot be mistaken for one."""
    for source, expected in ((Source.OCR, Action.REVIEW), (Source.CODE, Action.BLOCK), (Source.TEXT, Action.BLOCK)):
        scam = replace(finding("spam.scam", 0.99), location=Location(source=source))
        assert decide(POLICY, "default", findings=[scam]).action is expected


@given(FINDINGS, st.sampled_from(["text", "image"]))
def test_deciding_is_pure(findings: list[Finding], kind: str) -> None:
    """The same findings in any order get the same action, and rest only on findings that were given."""
    there = decide(POLICY, "default", findings=findings, kind=kind)
    back = decide(POLICY, "default", findings=findings[::-1], kind=kind)
    assert there == decide(POLICY, "default", findings=findings, kind=kind)
    assert (there.action, there.rule) == (back.action, back.rule)
    assert all(finding in findings for finding in there.findings)
    assert (there.rule is None) == (there.action is Action.PASS)
    assert there.rule is None or there.rule in there.reason


@given(FINDINGS, st.integers(0, 5), SCORES)
def test_a_higher_score_is_never_milder(findings: list[Finding], place: int, score: float) -> None:
    """Raising a score keeps the action or makes it stricter; only a match with the white library may excuse."""
    if place >= len(findings) or is_under(findings[place].label, "known"):
        return
    raised = [*findings]
    raised[place] = finding(findings[place].label, max(score, findings[place].score))
    before = decide(POLICY, "default", findings=findings).action
    assert decide(POLICY, "default", findings=raised).action.severity >= before.severity


@given(FINDINGS, st.dictionaries(st.sampled_from(["a.b", "image.ocr"]), st.just("gone"), min_size=1))
def test_a_missing_answer_never_reads_as_clean(findings: list[Finding], incomplete: dict[str, str]) -> None:
    """At least a review, and the reason names what is missing."""
    decision = decide(POLICY, "default", findings=findings, incomplete=incomplete)
    assert decision.action.severity >= Action.REVIEW.severity
    assert all(name in decision.reason for name in incomplete)


@given(SCORES)
def test_politics_is_marked_at_most(score: float) -> None:
    """Whatever the score, and with or without a face beside it."""
    assert action(("politics", score), ("face.present", 1.0)).severity <= Action.MARK.severity


@given(st.lists(st.tuples(st.sampled_from([name for name in TAXONOMY if is_under(name, "face")]), SCORES)))
def test_faces_lead_to_nothing(pairs: list[tuple[str, float]]) -> None:
    """Face inspection is not harm."""
    assert action(*pairs) is Action.PASS


def test_models_alone_block_only_when_very_sure() -> None:
    """No harm label blocks below 0.95."""
    for label, info in TAXONOMY.items():
        if info.harm:
            assert action((label, 0.949)).severity <= Action.REVIEW.severity, label


def test_no_rule_names_a_group() -> None:
    """Not one word of the document is the name of a group, nor a name that would be refused as a label."""
    words = set(re.findall(r"[a-z_.-]+", default_policy_text().split("lines:")[1]))
    assert audit_words(words) == []
    assert [rule.name for rule in POLICY.line("default").rules if refusal(rule.name)] == []
