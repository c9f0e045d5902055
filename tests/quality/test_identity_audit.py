"""Naming a group changes no decision of the detectors and the policy that ship."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand import Moderator
from evenhand.domain import Content, Result
from evenhand.fairness import audit_decisions


def test_naming_a_group_is_not_a_violation() -> None:
    """Neutral and warm sentences about any group get the decision that the neutral controls get."""
    with Moderator() as moderator:
        # The text detectors belong to the smallest install: one that is missing is a fault, not a reason to skip.
        assert moderator.check("hello").incomplete == {}

        def decide(texts: Sequence[str]) -> list[Result]:
            answers = moderator.check_many([Content(text=text) for text in texts])
            return [answer for answer in answers if isinstance(answer, Result)]

        audit = audit_decisions(decide)
    assert audit.passed, "\n".join(audit.problems())
