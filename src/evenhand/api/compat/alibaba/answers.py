"""What a dialect's answers are made from: a result as it was just given, or as the store kept it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evenhand.domain import Action, Finding, Location, Result, Source, is_under
from evenhand.policy import Policy, decide

RISK = {Action.PASS: "none", Action.MARK: "low", Action.REVIEW: "medium", Action.BLOCK: "high"}
SUGGESTION = {Action.PASS: "pass", Action.MARK: "pass", Action.REVIEW: "review", Action.BLOCK: "block"}

_ACTIONS = {"pass": Action.PASS, "review": Action.REVIEW, "block": Action.BLOCK}
_NORMAL, _RULE = "normal", "customized"  # a rule of the operator's, where no finding of the scene says more

Namer = Callable[[Finding], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A result, in what the vendor's answers need of it."""

    decision_id: str
    data_id: str | None  # the caller's own id
    action: Action
    findings: Sequence[Finding]
    labels: Mapping[str, float]  # label -> highest score, those below any threshold too
    incomplete: Mapping[str, str]
    line: str
    kind: str
    languages: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One of the vendor's labels, and what the policy makes of the findings that it stands for."""

    label: str
    action: Action
    confidence: float  # 0 to 100
    findings: Sequence[Finding]


def answer_of(result: Result) -> Answer:
    """Give what the vendor's answers need of a result."""
    return Answer(
        decision_id=result.decision_id,
        data_id=result.id,
        action=result.action,
        findings=result.findings,
        labels=result.labels,
        incomplete=result.incomplete,
        line=result.policy.rpartition("/")[2],
        kind=result.kind,
        languages=result.languages,
    )


def kept_answer(document: Mapping[str, Any]) -> Answer:
    """Give the same of a result document, as the store keeps it."""
    return Answer(
        decision_id=document["decision_id"],
        data_id=document["id"],
        action=Action(document["action"]),
        findings=[_finding(entry) for entry in document["findings"]],
        labels=document["labels"],
        incomplete=document["incomplete"],
        line=str(document["policy"]).rpartition("/")[2],
        kind=document["kind"],
        languages=document["languages"],
    )


def named(answer: Answer, policy: Policy, name: Namer) -> list[Named]:
    """Give the vendor's labels of an answer, strictest first.

    A label stands for findings. What follows from them alone is asked of the same policy that decided on the whole;
    labels that nothing follows from are left out. Findings that together led further than each label's own are listed
    with what they led to.

    Args:
        answer: the answer.
        policy: the one in force.
        name: the vendor's label of a finding; None: this is no place for it.
    """
    groups: dict[str, list[Finding]] = {}
    white = [finding for finding in answer.findings if is_under(finding.label, "known.white")]
    for finding in answer.findings:
        label = name(finding)
        if label is not None:
            groups.setdefault(label, []).append(finding)
    if not groups:
        return []
    whole = _decide(answer, policy, [finding for group in groups.values() for finding in group] + white)
    found = []
    for label, group in groups.items():
        alone = _decide(answer, policy, group + white)
        action, grounds = alone.action, alone.findings
        if whole.action.severity > action.severity and any(finding in whole.findings for finding in group):
            action, grounds = whole.action, whole.findings
        if action is Action.PASS:
            continue
        mine = [finding for finding in grounds if finding in group] or group
        confidence = round(100 * max(finding.score for finding in mine), 2)
        found.append(Named(label=label, action=action, confidence=confidence, findings=mine))
    return sorted(found, key=lambda one: (-one.action.severity, -one.confidence, one.label))


def least(answer: Answer, policy: Policy) -> Action:
    """Give the least that follows where a detector gave no answer; Action.PASS where all answered."""
    return policy.line(answer.line).incomplete if answer.incomplete else Action.PASS


def beyond(answer: Answer, policy: Policy) -> Action:
    """Give the decision where it goes beyond what the findings lead to by themselves, else Action.PASS.

    Rules may rest on how long an incident lasts or on the caller's context, which no single finding shows.
    """
    alone = _decide(answer, policy, answer.findings).action
    return answer.action if answer.action.severity > alone.severity else Action.PASS


def raised(rows: Sequence[dict[str, Any]], names: Sequence[Sequence[Finding]], answer: Answer, policy: Policy) -> None:
    """Let a decision that goes beyond the findings reach rows of scenes (2018-05-09), so that none reads as clean.

    Args:
        rows: of scenes, changed in place.
        names: for each row, the findings that its scene speaks of.
        answer: the whole.
        policy: the one in force.
    """
    action = beyond(answer, policy)
    if action is Action.PASS:
        return
    about = [bool(found) for found in names]
    for row, here in zip(rows, about, strict=True):
        if (here or not any(about)) and SUGGESTION[action] != row["suggestion"]:
            worst = strictest(action, _ACTIONS[row["suggestion"]])
            row["suggestion"] = SUGGESTION[worst]
            if worst is not Action.PASS and row["label"] == _NORMAL:
                row |= {"label": _RULE, "rate": 99.9}


def strictest(*actions: Action) -> Action:
    """Give the strictest of some actions, Action.PASS of none."""
    return max(actions, key=lambda action: action.severity, default=Action.PASS)


def box(finding: Finding) -> dict[str, int] | None:
    """Give a finding's place in a picture as x, y, w and h in pixels."""
    if finding.location.box is None:
        return None
    x0, y0, x1, y1 = finding.location.box
    return {"x": round(x0), "y": round(y0), "w": round(x1 - x0), "h": round(y1 - y0)}


def words(text: str, finding: Finding) -> str | None:
    """Give the words that a finding is about.

    Args:
        text: the caller's own, which spans of findings count in.
        finding: in it, or in something read out of a picture or a sound.
    """
    place = finding.location
    if place.source is Source.TEXT:
        return None if place.span is None else text[place.span[0] : place.span[1]]
    return place.text


def _decide(answer: Answer, policy: Policy, findings: Sequence[Finding]) -> Any:
    context = {"dialect": "alibaba"}
    return decide(policy, answer.line, findings=findings, context=context, kind=answer.kind, languages=answer.languages)


def _finding(entry: Mapping[str, Any]) -> Finding:
    place = entry["location"]
    return Finding(
        label=entry["label"],
        score=entry["score"],
        detector=entry["detector"],
        version=entry["version"],
        reason=entry["reason"],
        language=entry.get("language"),
        library=entry.get("library"),
        context=entry.get("context"),
        facts=entry.get("facts"),
        location=Location(
            source=Source(place["source"]),
            span=_tuple(place.get("span")),
            box=_tuple(place.get("box")),
            time=_tuple(place.get("time")),
            frame=place.get("frame"),
            text=place.get("text"),
        ),
    )


def _tuple(value: Any) -> Any:
    return None if value is None else tuple(value)
