"""Decide: the strictest rule that fires, by a pure function of policy, findings and context.

A detector that gave no answer is never read as clean: the line's `incomplete` action is then the least that follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from evenhand.domain import Action, Decision, Finding, Incident, JsonValue, Location, Source, parent
from evenhand.policy.explain import Ground, Off, explain_incomplete, explain_nothing_fired, explain_rule
from evenhand.policy.model import INCOMPLETE, Comparison, Condition, ContextTest, IncidentTest, Line, Policy, Rule

_NOTHING: Mapping[str, JsonValue] = MappingProxyType({})
_NO_FACTS: Mapping[str, JsonValue] = MappingProxyType({})
_ANSWERED: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    findings: Sequence[Finding]
    context: Mapping[str, JsonValue]
    kind: str
    languages: Sequence[str]
    incidents: Mapping[int, Incident]  # id of a finding -> the incident that it belongs to


def decide(
    policy: Policy,
    line: str,
    *,
    findings: Sequence[Finding],
    context: Mapping[str, JsonValue] = _NOTHING,
    kind: str = "text",
    languages: Sequence[str] = (),
    incomplete: Mapping[str, str] = _ANSWERED,
    incidents: Sequence[Incident] = (),
) -> Decision:
    """Decide on one content.

    Args:
        policy: the policy.
        line: name of the business line.
        findings: everything that was found, in any order.
        context: what the caller said about author, channel and so on.
        kind: content kind ("text", "image").
        languages: languages identified in the content.
        incomplete: detector -> why it gave no answer.
        incidents: of a recording, made of these findings.

    Raises:
        PolicyError: the policy has no such line.
    """
    rules = policy.lines.get(line) or policy.line(line)
    if rules.libraries is not None:
        findings = heard(rules, findings)
    if not findings and not incomplete and not rules.unlabelled:
        return rules.clean
    belongs = {id(finding): incident for incident in incidents for finding in incident.findings}
    facts = _Facts(findings=findings, context=context, kind=kind, languages=languages, incidents=belongs)
    fired, grounds, off = _first_to_fire(rules, facts)
    action = fired.action if fired is not None else Action.PASS
    if incomplete and rules.incomplete.severity > action.severity:
        reason = explain_incomplete(rules.incomplete, incomplete)
        return _decision(rules, rules.incomplete, INCOMPLETE, reason, ())
    if fired is None:
        return _decision(rules, action, None, explain_nothing_fired(findings, incomplete, off=off), ())
    reason = explain_rule(fired, grounds, incomplete, said=_said(fired.when, facts), off=off)
    return _decision(rules, action, fired.name, reason, tuple(finding for finding, _ in grounds))


def _decision(line: Line, action: Action, rule: str | None, reason: str, findings: tuple[Finding, ...]) -> Decision:
    return Decision(
        action=action,
        rule=rule,
        reason=reason,
        findings=findings,
        policy=line.clean.policy,  # a line of the policies in force may come from another one than its neighbours
        policy_version=line.clean.policy_version,
        line=line.name,
    )


def heard(line: Line, findings: Sequence[Finding]) -> Sequence[Finding]:
    """Leave out what libraries found that do not count for a line."""
    known = line.libraries
    if known is None or all(finding.library is None or finding.library in known for finding in findings):
        return findings
    return [finding for finding in findings if finding.library is None or finding.library in known]


def _first_to_fire(line: Line, facts: _Facts) -> tuple[Rule | None, Sequence[Ground], Sequence[Off]]:
    off: list[Off] = []
    cleared: dict[int, _Facts] = {}  # rules of a line mostly share one `except`: set findings aside once for each
    for place in _candidates(line, facts.findings):
        rule = line.ranked[place]
        heard = facts
        if rule.excused is not None:
            key = id(rule.excused)
            heard = cleared.get(key) or cleared.setdefault(key, _without_excused(facts, rule.excused))
        grounds = _holds(rule.when, heard)
        if grounds is None:
            continue
        exception = next((one for one in rule.unless if _holds(one, facts) is not None), None)
        if exception is None:
            return rule, grounds, off
        if said := _said(exception, facts):
            off.append((rule, said))
    return None, (), off


def _said(condition: Condition, facts: _Facts) -> list[ContextTest]:
    """Give what a condition that holds asked of the context."""
    tests = list(condition.context)
    for part in (*condition.all, *(part for part in condition.any if _holds(part, facts) is not None)):
        tests += _said(part, facts)
    return tests


def _candidates(line: Line, findings: Sequence[Finding]) -> Sequence[int]:
    """Give the places of the rules that these labels may fire, strictest first."""
    places = set(line.unlabelled)
    for label in {finding.label for finding in findings}:
        known: str | None = label
        while known is not None and known not in line.by_label:
            known = parent(known)
        if known is not None:
            places.update(line.by_label[known])
    return sorted(places)


# Conditions


def _holds(condition: Condition, facts: _Facts) -> list[Ground] | None:
    """Give the findings a condition rests on, each once, or None where it does not hold."""
    if condition.kinds and facts.kind not in condition.kinds:
        return None
    if condition.context and not all(_passes(test, facts.context) for test in condition.context):
        return None
    grounds: list[Ground] = []
    if condition.about_finding:
        grounds = [(finding, condition) for finding in facts.findings if _fits(condition, finding, facts)]
        if len(grounds) < condition.count:
            return None
    for part in condition.all:
        more = _holds(part, facts)
        if more is None:
            return None
        grounds += more
    if condition.any:
        held = [more for part in condition.any if (more := _holds(part, facts)) is not None]
        if not held:
            return None
        grounds += [ground for more in held for ground in more]
    if condition.none and any(_holds(part, facts) is not None for part in condition.none):
        return None
    return grounds if len(grounds) < 2 else list({id(ground[0]): ground for ground in grounds}.values())


def _fits(condition: Condition, finding: Finding, facts: _Facts) -> bool:
    label, score = finding.label, finding.score
    if condition.labels and label not in condition.labels and not label.startswith(condition.below):
        return False
    if condition.min_score is not None and not score >= condition.min_score:
        return False
    if condition.max_score is not None and not score <= condition.max_score:
        return False
    if condition.sources and finding.location.source.value not in condition.sources:
        return False
    if condition.libraries and finding.library not in condition.libraries:
        return False
    if condition.detectors and finding.detector not in condition.detectors:
        return False
    if condition.facts and not all(_passes(test, finding.facts or _NO_FACTS) for test in condition.facts):
        return False
    if condition.incident is not None and not _happens(condition.incident, facts.incidents.get(id(finding))):
        return False
    if condition.languages:
        spoken = (finding.language,) if finding.language is not None else facts.languages
        return any(_speaks(language.lower(), wanted) for language in spoken for wanted in condition.languages)
    return True


def _happens(test: IncidentTest, incident: Incident | None) -> bool:
    """Say whether an incident is what a condition asks for; what belongs to none, and a still picture, never is."""
    return (
        incident is not None
        and incident.score >= test.min_score
        and incident.seconds >= test.min_seconds
        and incident.count >= test.min_count
        and len(incident.modalities) >= test.min_modalities
        and test.modalities.issubset(modality.value for modality in incident.modalities)
    )


def _speaks(language: str, wanted: str) -> bool:
    return language == wanted or language.startswith(wanted + "-")


# Context


def _passes(test: ContextTest, context: Mapping[str, JsonValue]) -> bool:
    """Compare one value. A missing value passes no test but `exists: false`; values of other types are never equal."""
    found, value = _get(context, test.path)
    if test.comparison is Comparison.EXISTS:
        return found is test.value
    if not found:
        return False
    match test.comparison:
        case Comparison.EQ:
            return _same(value, test.value)
        case Comparison.NE:
            return not _same(value, test.value)
        case Comparison.IN | Comparison.NOT_IN:
            choices = test.value if isinstance(test.value, list) else []
            return any(_same(value, choice) for choice in choices) is (test.comparison is Comparison.IN)
        case comparison:
            return _ordered(value, comparison, test.value)


def _get(context: Mapping[str, JsonValue], path: tuple[str, ...]) -> tuple[bool, JsonValue]:
    dotted = ".".join(path)
    if dotted in context:  # callers may also send flat keys
        return True, context[dotted]
    value: object = context
    for step in path:
        if not isinstance(value, Mapping) or step not in value:
            return False, None
        value = value[step]
    return True, value  # type: ignore[return-value]  # a value of a JSON mapping is a JSON value


def _same(one: JsonValue, other: JsonValue) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _ordered(value: JsonValue, comparison: Comparison, to: JsonValue) -> bool:
    if isinstance(value, bool) or isinstance(to, bool):
        return False
    if isinstance(value, str) and isinstance(to, str):
        return _in_order(value, comparison, to)
    if isinstance(value, int | float) and isinstance(to, int | float):
        return _in_order(value, comparison, to)
    return False


def _in_order(value: float | str, comparison: Comparison, to: float | str) -> bool:
    match comparison:
        case Comparison.LT:
            return value < to  # type: ignore[operator]  # _ordered gives two numbers or two texts
        case Comparison.LTE:
            return value <= to  # type: ignore[operator]
        case Comparison.GT:
            return value > to  # type: ignore[operator]
        case _:
            return value >= to  # type: ignore[operator]


# Exceptions by place


def _without_excused(facts: _Facts, excused: Condition) -> _Facts:
    """Set aside the findings that stand in a place which a finding that fits `excused` covers, and those themselves."""
    covers = [finding.location for finding in facts.findings if _fits(excused, finding, facts)]
    if not covers or len(covers) < excused.count:
        return facts
    kept = [
        finding
        for finding in facts.findings
        if finding.location not in covers and not any(_covers(cover, finding.location) for cover in covers)
    ]
    return replace(facts, findings=kept)


def _covers(cover: Location, place: Location) -> bool:
    """Say whether `cover` holds all of `place`: the same text and a span around it, or the whole of a picture."""
    if cover.frame != place.frame or not _during(cover, place):
        return False
    if cover.span is not None:
        return (
            cover.source is place.source
            and place.span is not None
            and cover.span[0] <= place.span[0]
            and place.span[1] <= cover.span[1]
            and (cover.source is Source.TEXT or cover.box == place.box or cover.text == place.text)
        )
    if cover.source in (Source.IMAGE, Source.FRAME):
        return cover.box is None and place.source in (Source.IMAGE, Source.FRAME, Source.OCR, Source.CODE)
    return cover.source is place.source and cover.box is None


def _during(cover: Location, place: Location) -> bool:
    """Say whether a place lies within the time of another: what is allowed in one frame is not allowed in the next."""
    if cover.time is None or place.time is None:
        return cover.time is None and place.time is None
    return cover.time[0] <= place.time[0] and place.time[1] <= cover.time[1]
