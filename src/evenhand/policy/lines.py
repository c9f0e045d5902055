"""A line of a policy: its rules ranked and indexed, and what a business line leaves out of those it builds on."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from evenhand.domain import TAXONOMY, Action, Decision, is_under, parent
from evenhand.policy.model import Condition, Line, Rule


def make_line(
    *,
    name: str,
    rules: tuple[Rule, ...],
    incomplete: Action,
    skip: frozenset[str],
    excused: Condition | None,
    policy: tuple[str, str],
    only: frozenset[str] | None = None,
    libraries: frozenset[str] | None = None,
) -> Line:
    """Make a line, with its rules ranked and indexed by label so that deciding looks at few of them.

    `policy` is the name and version of the policy it belongs to.
    """
    ranked = tuple(sorted(rules, key=lambda rule: -rule.action.severity))
    wanted = [_wanted(rule.when) for rule in ranked]
    known = dict.fromkeys([*TAXONOMY, *(label for labels in wanted if labels for label in labels)])
    by_label: dict[str, tuple[int, ...]] = {}
    for label in known:
        above, up = {label}, parent(label)
        while up is not None:
            above.add(up)
            up = parent(up)
        by_label[label] = tuple(place for place, labels in enumerate(wanted) if labels and not above.isdisjoint(labels))
    return Line(
        name=name,
        rules=rules,
        incomplete=incomplete,
        skip=skip,
        only=only,
        libraries=libraries,
        excused=excused,
        ranked=ranked,
        by_label=MappingProxyType(by_label),
        unlabelled=tuple(place for place, labels in enumerate(wanted) if labels is None),
        clean=Decision(
            action=Action.PASS,
            rule=None,
            reason="pass: nothing was found, and every detector answered",
            findings=(),
            policy=policy[0],
            policy_version=policy[1],
            line=name,
        ),
    )


def silenced(rule: Rule, labels: set[str]) -> Rule | None:
    """Take labels, and those below them, out of a rule that asks for labels and a score and nothing else.

    Gives the rule as it is where it asks for more, and None where nothing is left of it.
    """
    when = rule.when
    plain = Condition(labels=when.labels, exact=when.exact, min_score=when.min_score, max_score=when.max_score)
    if not labels or not when.labels or when != plain:
        return rule
    left = tuple(one for one in when.labels if not any(is_under(one, label) for label in labels))
    if left == when.labels:
        return rule
    return replace(rule, when=replace(when, labels=left)) if left else None


def _wanted(condition: Condition) -> frozenset[str] | None:
    """Give labels of which one must be found, at or above it, for the condition to hold; None: it may hold without."""
    if condition.labels:
        return frozenset(condition.labels)
    for part in condition.all:
        labels = _wanted(part)
        if labels is not None:
            return labels
    if condition.any:
        parts = [_wanted(part) for part in condition.any]
        if all(part is not None for part in parts):
            return frozenset(label for part in parts if part for label in part)
    return None
