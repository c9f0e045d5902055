"""The sentence that says why: the rule, the findings, the numbers. Never the offending words themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from evenhand.domain import Action, Finding, JsonValue
from evenhand.policy.model import Comparison, Condition, ContextTest, IncidentTest, Rule

Ground = tuple[Finding, Condition]  # a finding, and the condition that it met
Off = tuple[Rule, Sequence[ContextTest]]  # a rule that would have fired, and what in the context kept it from firing

_MOST_TOLD = 3


def explain_rule(
    rule: Rule,
    grounds: Sequence[Ground],
    incomplete: Mapping[str, str],
    *,
    said: Sequence[ContextTest] = (),
    off: Sequence[Off] = (),
) -> str:
    """Say which rule decided, on what findings, on what in the context, and which others the context kept off."""
    parts = [f"{rule.action.value}: rule {rule.name!r} fired"]
    if grounds:
        told = sorted(grounds, key=lambda ground: -ground[0].score)[:_MOST_TOLD]
        listed = ", ".join(_ground(finding, condition) for finding, condition in told)
        more = f" and {len(grounds) - len(told)} more" if len(grounds) > len(told) else ""
        parts.append(f" on {listed}{more}")
        if said:
            parts.append(f", with {_said(said)}")
    elif said:
        parts.append(f" on {_said(said)}")
    else:
        parts.append(" on the context")
    if rule.reason:
        parts.append(f"; {rule.reason}")
    return "".join(parts) + _off(off) + _missing(incomplete)


def explain_incomplete(action: Action, incomplete: Mapping[str, str]) -> str:
    """Say that a missing answer decided."""
    return f"{action.value}: the check is incomplete{_missing(incomplete)}"


def explain_nothing_fired(
    findings: Sequence[Finding], incomplete: Mapping[str, str], *, off: Sequence[Off] = ()
) -> str:
    """Say that no rule fired, and what was found all the same."""
    if not findings:
        found = "nothing was found"
    else:
        told = sorted(findings, key=lambda finding: -finding.score)[:_MOST_TOLD]
        found = f"no rule fired; highest of {len(findings)}: " + ", ".join(f"{f.label} {f.score:.2f}" for f in told)
    return f"pass: {found}{_off(off)}{_missing(incomplete)}"


def _off(off: Sequence[Off]) -> str:
    return "".join(f"; rule {rule.name!r} is off: {_said(tests)}" for rule, tests in off[:_MOST_TOLD])


def _said(tests: Sequence[ContextTest]) -> str:
    """Say what was asked of the context, in the policy's own values: the author's are nobody else's business."""
    return " and ".join(dict.fromkeys(_test(test) for test in tests))


def _test(test: ContextTest) -> str:
    name = ".".join(test.path)
    if test.comparison is Comparison.EXISTS:
        return f"{name} {'given' if test.value else 'not given'}"
    choices = test.value if isinstance(test.value, list) else [test.value]
    listed = ", ".join(map(_value, choices[:_MOST_TOLD])) + (", ..." if len(choices) > _MOST_TOLD else "")
    return f"{name} {_COMPARED[test.comparison]}{listed}"


def _value(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)[:60]


_COMPARED: Mapping[Comparison, str] = {
    Comparison.EQ: "",
    Comparison.NE: "not ",
    Comparison.IN: "among ",
    Comparison.NOT_IN: "not among ",
    Comparison.LT: "below ",
    Comparison.LTE: "at most ",
    Comparison.GT: "above ",
    Comparison.GTE: "at least ",
}


def _missing(incomplete: Mapping[str, str]) -> str:
    if not incomplete:
        return ""
    return "; no answer from " + ", ".join(f"{name} ({why})" for name, why in sorted(incomplete.items()))


def _ground(finding: Finding, condition: Condition) -> str:
    numbers = []
    if condition.min_score is not None:
        numbers.append(f"at least {condition.min_score:g}")
    if condition.max_score is not None:
        numbers.append(f"at most {condition.max_score:g}")
    wanted = f" ({' and '.join(numbers)})" if numbers else ""
    library = f" by library {finding.library!r}" if finding.library else ""
    moved = f", {finding.context}" if finding.context else ""
    facts = f" with {_said(condition.facts)}" if condition.facts else ""
    if condition.incident is not None:
        facts += f" in an incident of {_incident(condition.incident)}"
    return f"{finding.label} {_score(finding.score)}{wanted}{library}{facts} in {_place(finding)}{moved}"


def _incident(test: IncidentTest) -> str:
    """Say what was asked of the incident, in the policy's own values."""
    wanted = [f"a score of at least {test.min_score:g}"] if test.min_score else []
    wanted += [f"at least {test.min_seconds:g} s"] if test.min_seconds else []
    wanted += [f"at least {test.min_count} moments"] if test.min_count > 1 else []
    wanted += [f"at least {test.min_modalities} modalities"] if test.min_modalities > 1 else []
    wanted += [" and ".join(sorted(test.modalities))] if test.modalities else []
    return ", ".join(wanted) or "any kind"


def _score(score: float) -> str:
    # Rounded down, so that 0.949 below a threshold of 0.95 never reads as 0.95.
    return f"{int(score * 1000) / 1000:g}"


def _place(finding: Finding) -> str:
    place = finding.location
    words = [place.source.value]
    if place.frame is not None:
        words.append(f"frame {place.frame}")
    if place.span is not None:
        words.append(f"{place.span[0]}-{place.span[1]}")
    elif place.box is not None:
        words.append("box " + ",".join(f"{value:.0f}" for value in place.box))
    if place.time is not None:
        words.append(f"at {place.time[0]:.1f} s")
    return " ".join(words)
