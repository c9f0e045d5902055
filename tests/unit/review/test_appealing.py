"""Outcomes of appeals as callers write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from evenhand.errors import InputError
from evenhand.review.appealing import read_outcome
from evenhand.store.qualityrecords import Appeal

NOW = datetime.now(UTC)


def _appeal(action: str = "block") -> Appeal:
    return Appeal(
        id="a",
        decision_id="d",
        party="author",
        item_id="i",
        content_hash="sha256:" + "0" * 64,
        via="api",
        tenant="",
        language="en",
        statement="no",
        label="ads",
        judged=False,
        before={"action": action, "labels": ["ads"]},
        state="open",
        verdict=None,
        explanation="",
        decided_at=None,
        due_at=NOW,
        created_at=NOW,
    )


@pytest.mark.parametrize(
    ("before", "outcome", "fields", "wanted"),
    [
        ("block", "overturned", {}, ("wrong", "pass", ())),
        ("block", "overturned", {"action": "mark", "labels": ["ads.promotion"]}, ("wrong", "mark", ("ads.promotion",))),
        ("pass", "overturned", {"action": "block"}, ("overridden", "block", None)),
        ("pass", "overturned", {"action": "block", "labels": ["spam"]}, ("wrong", "block", ("spam",))),
        ("block", "partly", {"action": "mark"}, ("overridden", "mark", None)),
        ("block", "partly", {"action": "block", "labels": ["spam"]}, ("wrong", "block", ("spam",))),
    ],
)
def test_outcomes(before: str, outcome: str, fields: dict[str, Any], wanted: tuple[Any, ...]) -> None:
    found = read_outcome(_appeal(before), outcome, explanation="We looked again.", **fields)
    assert found is not None
    assert (found.judged, found.action, found.labels, found.reason) == (*wanted, "We looked again.")


def test_upheld_changes_nothing() -> None:
    assert read_outcome(_appeal(), "upheld", explanation="It stays.") is None


@pytest.mark.parametrize(
    ("before", "outcome", "fields", "told"),
    [
        ("block", "upheld", {"action": "pass"}, "leave action"),
        ("pass", "overturned", {}, "passes already"),
        ("block", "overturned", {"action": "block"}, "stands already"),
        ("block", "partly", {}, "Say what is done"),
        ("block", "maybe", {}, "no outcome"),
        ("block", "overturned", {"action": "ban"}, "final action"),
        ("block", "overturned", {"action": "mark", "labels": ["nonsense"]}, "no label"),
    ],
)
def test_what_makes_no_sense_is_told(before: str, outcome: str, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_outcome(_appeal(before), outcome, explanation="x", **fields)
