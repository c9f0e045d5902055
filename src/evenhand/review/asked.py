"""Contents that people look at because somebody asked for it, whatever the policy says."""

from __future__ import annotations

from dataclasses import replace

from evenhand.domain import Action, Result

RULE = "person-asked-for"


def for_people(result: Result, why: str) -> Result:
    """Give a result that goes to review.

    Args:
        result: as the policy decided; one that goes to review already stays as it is.
        why: who asked for a person, in a sentence.
    """
    if result.action is Action.REVIEW:
        return result
    return replace(result, action=Action.REVIEW, rule=RULE, reason=f"{why} {result.reason}".strip())
