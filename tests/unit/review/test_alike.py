"""Marks that ask: what they raise, and what they leave alone."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from evenhand.domain import Action, Decision, Embedding
from evenhand.matching.alike import pack
from evenhand.review.alike import Asked, Asking, raised
from evenhand.store.reviewrecords import Mark

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _mark(mark_id: str, action: str = "block") -> Mark:
    return Mark(
        id=mark_id,
        decision_id=None,
        content_hash="sha256:" + "0" * 64,
        verdict={"verdict": "wrong", "action": action, "labels": ["spam.scam"], "reason": ""},
        person="ann",
        state="applied",
        applied_by="chief",
        applied_at=NOW,
        created_at=NOW,
        asks=True,
    )


@pytest.mark.parametrize(
    ("was", "then"), [("pass", "review"), ("mark", "review"), ("review", "review"), ("block", "block")]
)
def test_a_decision_is_raised_to_review_and_never_lowered(was: str, then: str) -> None:
    decided = Decision(
        action=Action(was), rule="r", reason="because", findings=(), policy="p", policy_version="1", line="default"
    )
    for action in ("mark", "block"):
        asked = raised(decided, Asked(mark=_mark("m", action), alike=95, kind="text"))
        assert asked.action.value == then
        if was == then:
            assert asked == decided
        else:
            assert (asked.rule, "mark m asks" in asked.reason, "95% alike in meaning" in asked.reason) == (
                "mark",
                True,
                True,
            )


def test_marks_are_looked_up_in_their_own_space_only() -> None:
    vector = np.random.default_rng(2).normal(size=1_152).astype(np.float32)
    packed = pack("text", vector)
    unit = np.concatenate([part / np.linalg.norm(part) for part in np.split(vector, [768])])[None].astype(np.float32)
    made = {
        "a": Embedding(kind="text", space="new", vector=packed),
        "b": Embedding(kind="text", space="old", vector=packed),
    }
    asking = Asking([_mark("a"), _mark("b"), _mark("c")], made)
    assert asking.kinds == {"text"}
    ((found,),) = asking.near("text", "new", unit)
    assert found[0].id == "a"
    assert found[1] == pytest.approx(1, abs=0.01)
    assert asking.near("text", "unknown", unit) == [[]]
    assert asking.near("image", "new", unit) == [[]]
    assert asking.landmarks("a") is None
