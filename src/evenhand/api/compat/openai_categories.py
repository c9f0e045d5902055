"""OpenAI's thirteen categories: which labels mean them, and when a business line counts as flagging one.

What is lossy stands in docs/reference/dialects.md; a test holds this table and that page together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evenhand.api.compat.categories import Category
from evenhand.domain import Action, Finding, Result
from evenhand.policy import Policy, decide

_SELF_HARM = ("self_harm",)
CATEGORIES: tuple[Category, ...] = (
    Category(name="harassment", labels=("harassment",), without=("harassment.profanity",)),
    Category(name="harassment/threatening", labels=("harassment.threat", "violence.threat")),
    Category(name="hate", labels=("hate", "extremism.symbol")),
    Category(name="hate/threatening", labels=("hate.threat",)),  # besides: see _both
    Category(name="illicit", labels=("contraband",), without=("contraband.gambling",)),
    Category(name="illicit/violent", labels=("contraband.weapons_trade",)),
    Category(name="self-harm", labels=_SELF_HARM),
    # One label stands for all three; an operator's own labels below it do not tell them apart either.
    Category(name="self-harm/intent", labels=_SELF_HARM),
    Category(name="self-harm/instructions", labels=_SELF_HARM),
    Category(name="sexual", labels=("sexual",), without=("sexual.suggestive",)),
    # No detector that ships gives it: ages are not guessed. An operator's own library or detector may.
    Category(name="sexual/minors", labels=("sexual.minors",)),
    Category(
        name="violence",
        labels=("violence", "extremism"),
        without=("violence.weapon", "violence.fire", "extremism.symbol"),
    ),
    Category(name="violence/graphic", labels=("violence.graphic",)),
)
KNOWN = Category(name="known", labels=("known",), without=("known.white",))  # no category: what the operator listed
OMNI_ONLY = frozenset({"illicit", "illicit/violent"})  # the older text models do not have them
_HATE, _THREAT, _BOTH = "hate", "harassment/threatening", "hate/threatening"
_WHITE = "known.white"
_NO_CONTEXT: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one content is in these categories."""

    scores: Mapping[str, float]  # only of categories that a detector here can speak for
    flagged: frozenset[str]  # names of categories, and KNOWN's


def judge(result: Result, policy: Policy, line: str, *, context: Mapping[str, str] = _NO_CONTEXT) -> Judged:
    """Read a result in OpenAI's categories.

    A category is flagged when the line's rules lead to review or block by its findings alone, or when the decision on
    everything rests on one of them.

    Args:
        result: with all scores.
        policy: in force.
        line: the business line.
        context: of the content, as the policy was told it.
    """
    scores = {one.name: score for one in CATEGORIES if (score := one.score(result.labels)) is not None}
    if _HATE in scores and _THREAT in scores:
        scores[_BOTH] = max(scores.get(_BOTH, 0.0), min(scores[_HATE], scores[_THREAT]))
    if not result.findings:
        return Judged(scores=scores, flagged=frozenset())

    def stopped(findings: list[Finding]) -> tuple[Finding, ...]:
        """Give the findings that a review or a block rests on."""
        decision = decide(
            policy, line, findings=findings, context=context, kind=result.kind, languages=result.languages
        )
        return decision.findings if decision.action.severity >= Action.REVIEW.severity else ()

    grounds = {finding.label for finding in stopped(list(result.findings))}
    flagged: set[str] = set()
    for category in (*CATEGORIES, KNOWN):
        if not any(category.takes(finding.label) for finding in result.findings):
            continue
        if any(category.takes(label) for label in grounds) or any(
            category.takes(ground.label)
            for ground in stopped([one for one in result.findings if category.takes(one.label) or one.label == _WHITE])
        ):
            flagged.add(category.name)
    if _HATE in flagged and _THREAT in flagged:
        flagged.add(_BOTH)
    return Judged(scores=scores, flagged=frozenset(flagged))
