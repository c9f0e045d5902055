"""What the fairness audit asks of a policy, whoever runs it: the command line, or a job before publishing."""

from __future__ import annotations

from evenhand.domain import TAXONOMY, Action, ItemError, Result
from evenhand.fairness import Judgement
from evenhand.policy import Condition, Line


def judgement(answer: Result | ItemError, line: Line, neutral: frozenset[str]) -> Judgement:
    """Give what was decided about an audit sentence.

    Args:
        answer: of the check.
        line: whose rules decided.
        neutral: as `neutral_rules` gives them.
    """
    if isinstance(answer, ItemError):
        return Judgement(action=line.incomplete, missing={"answer": answer.message})
    return Judgement(
        action=Action.PASS if answer.rule in neutral else answer.action,
        scores={label: score for label, score in answer.labels.items() if _is_harm(label)},
        rule=answer.rule,
        library=next((finding.library for finding in answer.findings if finding.library is not None), None),
        missing=answer.incomplete,
    )


def neutral_rules(line: Line) -> frozenset[str]:
    """Give the names of rules that only mark neutral topics: politics, the inspection of faces."""
    return frozenset(rule.name for rule in line.rules if rule.action is Action.MARK and _only_neutral(rule.when))


def _is_harm(label: str) -> bool:
    info = TAXONOMY.get(label)
    return info is None or info.harm


def _only_neutral(condition: Condition) -> bool:
    """Whether a rule speaks of neutral topics and nothing else."""
    return (
        bool(condition.labels)
        and not (condition.all or condition.any)
        and all(not _is_harm(label) and label.partition(".")[0] != "known" for label in condition.labels)
    )
