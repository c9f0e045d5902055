"""Recorded decisions read back into what a policy decides on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evenhand.domain import Decision, Finding, Incident, Location, Modality, Source
from evenhand.policy import Condition, Line, Policy, Rule, decide
from evenhand.publishing.course import Facts, runs
from evenhand.store.policydecisions import Past

# What detectors read out of contents: without them nobody would have seen it.
_READ_BY = {"image.ocr": {Source.OCR}, "image.code": {Source.CODE}, "audio.speech": {Source.SPEECH}}


def facts_of(past: Past, line: Line) -> Facts:
    """Read a record back, as if only a line's own detectors had run."""
    findings = [_finding(one) for one in past.findings]
    gone = {source for name, sources in _READ_BY.items() if not runs(line, name) for source in sources}
    if gone or line.skip or line.only is not None:
        findings = [one for one in findings if runs(line, one.detector) and one.location.source not in gone]
    return Facts(
        findings=findings,
        context=past.context,
        kind=past.kind,
        languages=past.languages,
        incomplete={name: why for name, why in past.incomplete.items() if runs(line, name)},
        incidents=[_incident(one, findings) for one in past.incidents],
    )


def decide_again(policy: Policy, past: Past, name: str) -> Decision:
    """Decide about a record again.

    Args:
        policy: by which.
        past: the record.
        name: of the business line; the policy has it.
    """
    return decide(policy, name, **facts_of(past, policy.line(name)).given())


def _finding(row: Mapping[str, Any]) -> Finding:
    place = row["location"]
    return Finding(
        label=row["label"],
        score=row["score"],
        location=Location(
            source=Source(place["source"]),
            span=_pair(place.get("span")),
            box=tuple(place["box"]) if place.get("box") is not None else None,
            time=_pair(place.get("time")),
            frame=place.get("frame"),
            text=place.get("text"),
        ),
        detector=row["detector"],
        version=row["version"],
        reason=row["reason"],
        language=row.get("language"),
        library=row.get("library"),
        context=row.get("context"),
        facts=row.get("facts"),
    )


def _pair(value: Any) -> Any:
    return None if value is None else (value[0], value[1])


def _incident(row: Mapping[str, Any], findings: Sequence[Finding]) -> Incident:
    labels: Mapping[str, float] = row["labels"]
    start, end = float(row["start"]), float(row["end"])
    held = [
        finding
        for finding in findings
        if finding.label in labels
        and finding.location.time is not None
        and finding.location.time[0] >= start - 0.001
        and finding.location.time[1] <= end + 0.001
    ]
    return Incident(
        start=start,
        end=end,
        label=row["label"],
        score=row["score"],
        labels=labels,
        modalities=tuple(Modality(one) for one in row["modalities"]),
        count=row["count"],
        findings=tuple(held),
    )


# What the record does not hold


def rests_on(line: Line, kept: Iterable[str]) -> dict[str, set[str]]:
    """Give rule -> paths of the context that it asks for and that are not kept with records."""
    known = set(kept)
    out: dict[str, set[str]] = {}
    for rule in line.rules:
        asked = {
            ".".join(test.path)
            for condition in _conditions(rule)
            for test in condition.context
            if test.path[0] not in known and ".".join(test.path) not in known
        }
        if asked:
            out[rule.name] = asked
    return out


def _conditions(rule: Rule) -> Iterable[Condition]:
    stack = [rule.when, *rule.unless]
    while stack:
        condition = stack.pop()
        yield condition
        stack += [*condition.all, *condition.any, *condition.none]


def unsure(line: Line, names: set[str], past: Past, decision: Decision) -> bool:
    """Say whether rules that ask for what was not kept might have led to something else.

    Args:
        line: of the policy that decided.
        names: of those rules.
        past: the record.
        decision: without what was not kept.
    """
    if not names:
        return False
    if decision.rule in names:
        return True
    severity = decision.action.severity
    rules = [rule for rule in line.ranked if rule.name in names and rule.action.severity > severity]
    if not rules:
        return False
    found = {(one["label"], one["score"]) for one in past.findings}
    return any(_might(rule.when, found) for rule in rules)


def _might(condition: Condition, found: set[tuple[str, float]]) -> bool:
    """Say whether what a condition asks of findings, besides the context, is there, as far as labels and scores go."""
    if condition.labels:
        least = condition.min_score or 0.0
        fits = any(
            score >= least and (label in condition.labels or label.startswith(condition.below or ("\0",)))
            for label, score in found
        )
        if not fits:
            return False
    return all(_might(part, found) for part in condition.all) and (
        not condition.any or any(_might(part, found) for part in condition.any)
    )


def stands_for(past: Past) -> bool:
    """Say whether a person's mark decided: no policy changes that."""
    return past.rule == "mark"
