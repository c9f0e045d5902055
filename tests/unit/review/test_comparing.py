"""Agreement of verdicts: in all, by queue and by label."""

from __future__ import annotations

from datetime import UTC, datetime

from evenhand.review.comparing import agreements
from evenhand.store.qualityrecords import Purpose, Vote


def _votes(*actions: str, queue: str = "q") -> list[Vote]:
    return [
        Vote(
            id=str(number),
            item_id="i",
            decision_id="d",
            queue=queue,
            label="ads",
            purpose=Purpose.FIRST,
            verdict={"verdict": "right", "action": action, "labels": None, "reason": str(number)},
            at=datetime.now(UTC),
        )
        for number, action in enumerate(actions)
    ]


def test_agreement_by_queue_and_label() -> None:
    pairs = [("a", "ads", _votes("block", "block"))] * 6 + [("b", "ads", _votes("block", "pass"))] * 2
    pairs += [("b", "spam", _votes("pass", "pass", "pass"))] * 4
    found = agreements(pairs)
    assert (found.all.decisions, found.all.agreed, found.all.few) == (12, 10, False)
    assert found.all.alpha is not None
    assert found.all.kappa is not None
    assert [(one.name, one.decisions, one.agreed, one.few) for one in found.queues] == [
        ("a", 6, 6, True),
        ("b", 6, 4, True),
    ]
    assert found.queues[0].alpha is None
    assert [one.name for one in found.labels] == ["ads", "spam"]


def test_nothing_to_compare() -> None:
    found = agreements([])
    assert (found.all.decisions, found.all.alpha, found.all.kappa, found.queues) == (0, None, None, ())
