"""What the policy makes of the vendor's labels, and the rows of answers that say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evenhand.api.compat.tencent import labels
from evenhand.domain import Action, Finding, Result, Source, is_under
from evenhand.policy import Policy, decide

# What is marked passes: a mark is no reason to stop
SUGGESTION: Mapping[Action, str] = {
    Action.PASS: "Pass",
    Action.MARK: "Pass",
    Action.REVIEW: "Review",
    Action.BLOCK: "Block",
}
SEEN = frozenset({Source.IMAGE, Source.FRAME})
_WHITE = "known.white"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One of the vendor's labels, and what the policy makes of the findings that it stands for."""

    label: str
    action: Action
    findings: Sequence[Finding]  # those that it rests on, surest first

    @property
    def score(self) -> int:
        """0 to 100."""
        return round(100 * self.findings[0].score)

    @property
    def head(self) -> dict[str, Any]:
        """What every row of the vendor's begins with."""
        return {
            "Label": self.label,
            "Suggestion": SUGGESTION[self.action],
            "SubLabel": self.findings[0].label,
            "Score": self.score,
        }


class Judge:
    """Asks the policy in force what follows from some findings alone.

    Args:
        policy: the one in force.
        line: the business line.
        result: what the findings are of.
    """

    def __init__(self, policy: Policy, line: str, result: Result) -> None:
        self._policy, self._line, self._result = policy, line, result
        self._white = [one for one in result.findings if is_under(one.label, _WHITE)]

    @property
    def least(self) -> Action:
        """The least that follows where a detector gave no answer; Action.PASS where all answered."""
        return self._policy.line(self._line).incomplete if self._result.incomplete else Action.PASS

    @property
    def whole(self) -> Action:
        """What follows from everything."""
        return strictest(self._result.action, self.least)

    def named(self, wanted: Callable[[Finding], bool]) -> list[Named]:
        """Give the vendor's labels of some findings, strictest first; those that nothing follows from are left out.

        Findings that together led further than each label's own are listed with what they led to.

        Args:
            wanted: which findings.
        """
        groups: dict[str, list[Finding]] = {}
        for finding in self._result.findings:
            label = labels.vendors(finding.label, picture=finding.location.source in SEEN)
            if label is not None and wanted(finding):
                groups.setdefault(label, []).append(finding)
        if not groups:
            return []
        together = self._decide([finding for group in groups.values() for finding in group])
        out = []
        for label, group in groups.items():
            alone = self._decide(group) if len(groups) > 1 else together
            action, grounds = alone.action, alone.findings
            if together.action.severity > action.severity and any(one in together.findings for one in group):
                action, grounds = together.action, together.findings
            if action is Action.PASS:
                continue
            mine = sorted([one for one in grounds if one in group] or group, key=lambda one: -one.score)
            out.append(Named(label=label, action=action, findings=mine))
        return sorted(out, key=lambda one: (-one.action.severity, -one.score, one.label))

    def _decide(self, findings: Sequence[Finding]) -> Any:
        return decide(
            self._policy,
            self._line,
            findings=[*findings, *self._white],
            context={"dialect": "tencent"},
            kind=self._result.kind,
            languages=self._result.languages,
        )


def strictest(*actions: Action) -> Action:
    """Give the strictest of some actions."""
    return max(actions, key=lambda action: action.severity)


def summary(judge: Judge, found: Sequence[Named], incomplete: Mapping[str, str]) -> dict[str, Any]:
    """Give Suggestion, Label, SubLabel and Score of the whole.

    A label that only passes is not told: callers stop what has one. What the policy stops for a reason without a label
    is Custom; what a detector gave no answer for is Incomplete.
    """
    action = judge.whole
    stopped = [one for one in found if SUGGESTION[one.action] != "Pass"]
    row = {"Suggestion": SUGGESTION[action], "Label": labels.NORMAL, "SubLabel": "", "Score": 0}
    if stopped:
        return {**stopped[0].head, "Suggestion": SUGGESTION[action]}
    if incomplete:
        return {**row, "Label": labels.UNSURE}
    return {**row, "Label": labels.CUSTOM} if row["Suggestion"] != "Pass" else row


def words(finding: Finding, text: str | None) -> str | None:
    """Give the words that a finding is about.

    Args:
        finding: the finding.
        text: the caller's own; None: the words were read in a picture.
    """
    place = finding.location
    if text is None or place.source is not Source.TEXT:
        return place.text
    return None if place.span is None else text[place.span[0] : place.span[1]]


def hits(found: Sequence[Finding], text: str | None) -> dict[str, Any]:
    """Give Keywords, LibName, LibId and HitInfos: what word lists hit, and where; models name no keywords."""
    listed = [one for one in found if one.library and words(one, text)]
    names = list(dict.fromkeys(one.library or "" for one in listed))
    infos = []
    for one in found:
        if one.location.span is not None and words(one, text):
            start, end = one.location.span
            infos.append(
                {
                    "Type": "Keyword" if one.library else "Model",
                    "Keyword": words(one, text),
                    "LibName": one.library or "",
                    "Positions": [{"Start": start, "End": end}],
                }
            )
    return {
        "Keywords": list(dict.fromkeys(words(one, text) or "" for one in listed)),
        "LibId": names[0] if names else "",
        "LibName": names[0] if names else "",
        "HitInfos": infos,
    }


def location(finding: Finding) -> dict[str, float]:
    """Give a finding's place in a picture, in pixels."""
    x0, y0, x1, y1 = finding.location.box or (0.0, 0.0, 0.0, 0.0)
    sides = {"X": round(x0, 1), "Y": round(y0, 1), "Width": round(x1 - x0, 1), "Height": round(y1 - y0, 1)}
    return {**sides, "Rotate": 0.0}
