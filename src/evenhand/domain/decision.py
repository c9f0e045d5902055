"""Decisions: what a policy made of the findings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evenhand.domain.finding import Finding


class Action(StrEnum):
    """What to do, from mildest to strictest."""

    PASS = "pass"  # noqa: S105  (a word, not a secret)
    MARK = "mark"
    REVIEW = "review"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """0 for pass, 3 for block."""
        return list(Action).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The policy's answer for one content, with what it rests on."""

    action: Action
    rule: str | None  # name of the rule that decided; None when no rule fired
    reason: str  # the rule, the findings and the numbers, in one sentence
    findings: tuple[Finding, ...]  # the findings the rule rests on
    policy: str  # policy name
    policy_version: str
    line: str  # the business line whose rules were used
