"""One business line: which version decides about a content, what another would say, and the counts of both."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from evenhand.domain import Content, Decision, Finding, Incident, JsonValue
from evenhand.policy import Line, Policy, decide, heard
from evenhand.store.policyrecords import LEFT, Shadowed, Tally

RULED_S = 5  # seconds that are counted together, for brakes
SHADOW_S = 3_600  # likewise, of a version in shadow mode
_MOST_TOLD = 500  # decisions told one by one between two writes
_WHOLE = 1 << 64
T = TypeVar("T")

_Key = tuple[str, str, int, str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a decision rests on, as `decide` takes it."""

    findings: Sequence[Finding]
    context: Mapping[str, JsonValue]
    kind: str
    languages: Sequence[str]
    incomplete: Mapping[str, str]
    incidents: Sequence[Incident] = ()

    def given(self) -> dict[str, Any]:
        """Give them as `decide` takes them."""
        return {
            "findings": self.findings,
            "context": self.context,
            "kind": self.kind,
            "languages": self.languages,
            "incomplete": self.incomplete,
            "incidents": self.incidents,
        }


class Counts:
    """Counts that wait to be written. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[_Key] = Counter()
        self._told: list[Shadowed] = []

    def add(self, key: _Key, told: Shadowed | None = None) -> None:
        """Count one decision, and remember it if it is told one by one."""
        with self._lock:
            self._counted[key] += 1
            if told is not None and len(self._told) < _MOST_TOLD:
                self._told.append(told)

    def take(self) -> tuple[list[Tally], list[Shadowed]]:
        """Give what was counted since the last time."""
        with self._lock:
            counted, told = self._counted, self._told
            self._counted, self._told = Counter(), []
        return [_tally(key, count) for key, count in counted.items()], told

    def back(self, counted: Sequence[Tally]) -> None:
        """Take counts back that could not be written."""
        with self._lock:
            for one in counted:
                at = int(one.at.timestamp())
                key = (one.version_id, one.what, at, one.line, one.label, one.language, one.was, one.would)
                self._counted[key] += one.count


def _tally(key: _Key, count: int) -> Tally:
    version_id, what, at, line, label, language, was, would = key
    return Tally(
        version_id=version_id,
        what=what,
        at=datetime.fromtimestamp(at, UTC),
        line=line,
        label=label,
        language=language,
        was=was,
        would=would,
        count=count,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What decides about the contents of one business line besides its live version."""

    line: str
    live_id: str  # id of the live version, or "shipped"
    counts: Counts = field(repr=False)
    counted: bool = False  # a brake watches
    candidate: Policy | None = None
    candidate_id: str = ""
    share: float = 0.0  # of contents that the candidate decides
    by: str = "content"  # what the share is taken by
    shadow: Policy | None = None
    shadow_id: str = ""

    def takes(self, content: Content) -> bool:
        """Say whether the candidate decides about a content. The same content, or author, always gets the same."""
        if self.candidate is None:
            return False
        return place_of(content, self.by, salt=self.candidate_id) < self.share

    def note(self, decision: Decision, policy: Policy) -> None:
        """Count a decision for brakes.

        Args:
            decision: by the live version or the candidate; of a policy, not of a person's mark.
            policy: that made it.
        """
        now = int(time.time())
        if self.counted:
            version_id = self.candidate_id if policy is self.candidate else self.live_id
            self.counts.add((version_id, "ruled", now - now % RULED_S, self.line, "", "", "", decision.action.value))

    def compared(self, policy: Policy) -> bool:
        """Say whether decisions of a policy are compared with what a version in shadow mode says."""
        return self.shadow is not None and policy is not self.candidate

    def compare(self, decision_id: str, decision: Decision, facts: Facts) -> None:
        """Count a decision beside what the version in shadow mode says about the same.

        Args:
            decision_id: of the record.
            decision: by the live version.
            facts: all that was found; what the shadow's line would not have looked for is passed over.
        """
        if self.shadow is None:
            return
        at, action = _hour(), decision.action.value
        line = self.shadow.line(self.line)
        findings = [finding for finding in heard(line, facts.findings) if runs(line, finding.detector)]
        missing = {name: why for name, why in facts.incomplete.items() if runs(line, name)}
        would = decide(self.shadow, self.line, **replace(facts, findings=findings, incomplete=missing).given())
        said = would.action.value
        if said == action:
            self.counts.add((self.shadow_id, "shadow", at, self.line, "", "", action, action))
            return
        label, language = telling(decision, would, facts.findings), facts.languages[0] if facts.languages else ""
        told = Shadowed(
            version_id=self.shadow_id,
            decision_id=decision_id,
            line=self.line,
            label=label,
            language=language,
            was=action,
            would=said,
            rule=would.rule,
            reason=would.reason,
        )
        self.counts.add((self.shadow_id, "shadow", at, self.line, label, language, action, said), told)

    def left_out(self, why: str) -> None:
        """Count a decision that is not compared, and why, in a few words."""
        self.counts.add((self.shadow_id, LEFT, _hour(), self.line, "", "", "", why[:200]))


def _hour() -> int:
    now = int(time.time())
    return now - now % SHADOW_S


@dataclass(frozen=True, slots=True)
class Share:
    """Contents that one version decides about."""

    policy: Policy
    contents: Sequence[Content]
    places: Sequence[int]  # among all contents


def part(policy: Policy, line: str, course: Course | None, contents: Sequence[Content]) -> Policy | tuple[Share, ...]:
    """Say which version decides: one about all contents, or two, each about its share of them.

    Raises:
        PolicyError: the business line does not exist.
    """
    policy.line(line)
    if course is None or course.candidate is None:
        return policy
    taken = [course.takes(content) for content in contents]
    if all(taken) or not any(taken):
        return course.candidate if all(taken) else policy
    sides = [[place for place, one in enumerate(taken) if one is side] for side in (False, True)]
    return tuple(
        Share(chosen, [contents[place] for place in places], places)
        for chosen, places in zip((policy, course.candidate), sides, strict=True)
    )


def one_for(policy: Policy, line: str, course: Course | None, content: Content) -> Policy:
    """Give the version that decides about one content. Raises PolicyError."""
    chosen = part(policy, line, course, [content])
    return chosen if isinstance(chosen, Policy) else policy


def in_order(shares: Sequence[Share], answers: Sequence[Sequence[T]]) -> list[T]:
    """Give the answers about shares in the order of all contents."""
    found = {
        place: one
        for share, got in zip(shares, answers, strict=True)
        for place, one in zip(share.places, got, strict=True)
    }
    return [found[place] for place in sorted(found)]


def runs(line: Line, detector: str) -> bool:
    """Say whether a line asks a detector. What stands for people or the pipeline itself is always asked."""
    return detector not in line.skip and (line.only is None or detector in line.only or "." not in detector)


def telling(one: Decision, other: Decision, findings: Sequence[Finding]) -> str:
    """Give the label that tells best what two decisions differ about; "" where nothing was found."""
    grounds = (one if one.action.severity >= other.action.severity else other).findings or findings
    return max(grounds, key=lambda finding: finding.score).label if grounds else ""


def place_of(content: Content, by: str, *, salt: str) -> float:
    """Give the place of a content between 0 and 1, even over many contents and always the same for the same.

    Args:
        content: whose.
        by: "content", or the dotted path of what tells authors apart in the context; where that is missing, the
            content itself counts.
        salt: another one gives other places.
    """
    key = _from_context(content, by) if by != "content" else None
    digest = hashlib.blake2b(salt.encode(), digest_size=8)
    if key is not None:
        digest.update(key.encode(errors="surrogatepass"))
    elif content.text is not None:
        digest.update(content.text.encode(errors="surrogatepass"))
    else:
        digest.update(content.data or str(content.url or content.path or "").encode(errors="surrogatepass"))
    return int.from_bytes(digest.digest(), "big") / _WHOLE


def _from_context(content: Content, path: str) -> str | None:
    value: object = content.context.get(path)
    if value is None:
        value = content.context
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
