"""The gate: with the detectors and the policy that ship, no decision rests on the name of a group."""

from __future__ import annotations

import pytest

from evenhand.evaluation.identity import audit_everything
from evenhand.fairness import AuditReport
from evenhand.fairness.sentences import Tone
from evenhand.settings import Settings


@pytest.fixture(scope="module")
def report() -> AuditReport:
    # The text detectors belong to the smallest install: one that is missing is a fault, not a reason to skip.
    return audit_everything(Settings(), languages=["en", "zh"])


def test_the_bounds_hold(report: AuditReport) -> None:
    """The same bounds that `evenhand audit` has by default."""
    said = "\n".join([*report.failures(), *(f"{flip.action.value}: {flip.sentence}" for flip in report.flips[:20])])
    assert report.passed, said
    assert report.sentences > 5_000


@pytest.mark.parametrize("tone", [Tone.NEUTRAL, Tone.POSITIVE, Tone.SELF, Tone.EVERYDAY])
def test_naming_a_group_is_not_a_violation(report: AuditReport, tone: Tone) -> None:
    """Plain mentions are not acted on, whatever the group; standing up against hatred is measured, not bound."""
    assert report.by_tone[tone].stopped.value <= 0.01
