"""Applied marks in front of the policy's answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from evenhand.domain import Action, Decision, Finding, Fingerprint, Location, Source
from evenhand.review.corrections import Correction, corrected
from evenhand.review.near import Near, Query, alike_of_bits
from evenhand.store.reviewrecords import Mark

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _mark(**verdict: Any) -> Mark:
    said = {"verdict": "wrong", "action": "pass", "labels": [], "reason": "fine", **verdict}
    return Mark(
        id="m",
        decision_id=None,
        content_hash="sha256:" + "0" * 64,
        verdict=said,
        person="ann",
        state="applied",
        applied_by="chief",
        applied_at=NOW,
        created_at=NOW,
    )


FOUND = Finding(
    label="ads.contact",
    score=0.9,
    location=Location(source=Source.TEXT, span=(0, 3)),
    detector="text.contact",
    version="1",
    reason="a number",
)
DECIDED = Decision(
    action=Action.BLOCK,
    rule="contacts",
    reason="because",
    findings=(FOUND,),
    policy="p",
    policy_version="1",
    line="default",
)


@pytest.mark.parametrize(
    ("verdict", "least", "action", "rule"),
    [
        ({}, Action.PASS, Action.PASS, "mark"),
        ({}, Action.REVIEW, Action.REVIEW, "incomplete"),  # a detector gave no answer: nobody saw it wholly
        ({"labels": ["spam"], "action": "block"}, Action.REVIEW, Action.BLOCK, "mark"),
        ({"action": "mark", "labels": ["ads"]}, Action.MARK, Action.MARK, "mark"),
        ({}, Action.BLOCK, Action.BLOCK, "incomplete"),
    ],
)
def test_a_mark_speaks_over_the_policy_and_not_over_a_missing_answer(
    verdict: dict[str, Any], least: Action, action: Action, rule: str
) -> None:
    findings, decision = corrected(Correction(mark=_mark(**verdict)), [FOUND], DECIDED, "text", least=least)
    assert (decision.action, decision.rule) == (action, rule)
    assert "mark m" in decision.reason
    assert {one.label for one in findings} == set(verdict.get("labels", []))


def test_near_same_says_how_alike() -> None:
    _, decision = corrected(Correction(mark=_mark(), alike=83, exact=False), [FOUND], DECIDED, "text")
    assert "83% alike" in decision.reason


def test_pictures_are_near_within_sixteen_bits_however_they_are_turned() -> None:
    rng = np.random.default_rng(1)
    turns = rng.integers(0, 2**64, (8, 4), dtype=np.uint64)
    held = turns[5].copy()
    held[0] ^= np.uint64(0xFFFF)  # 16 bits
    far = held.copy()
    far[1] ^= np.uint64(1)
    prints = {
        name: Fingerprint(kind="image", data=one.astype(">u8").tobytes()) for name, one in (("a", held), ("b", far))
    }
    near = Near(prints)
    assert near.kinds == {"image"}
    assert near.find(Query(kind="image", forms=turns)) == [("a", alike_of_bits(16))]
    assert near.find(Query(kind="text", forms=np.zeros((1, 128), np.uint32))) == []
