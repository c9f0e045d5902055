"""Findings of a stream become incidents that open, grow and close. Pure: no I/O, no clock of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evenhand.domain import TAXONOMY, Finding, Incident, new_id
from evenhand.intake.copying import supersedes
from evenhand.segments import SegmentFindings
from evenhand.timeline import incidents
from evenhand.timeline.incidents import GAP_S

_KEPT = 48  # findings of an open incident that are kept, the strongest
_ALL = 1e9  # an interval so long that what belongs together is one incident
_LONGEST_S = 3_600.0  # an incident that lasts longer is told as several


@dataclass(slots=True)
class Open:
    """An incident that may go on."""

    key: str
    start: float  # seconds of the stream
    end: float
    findings: list[Finding]
    id: str = field(default_factory=new_id)
    told: str | None = None  # the strictest action that was told; None: nothing was
    decision: str | None = None  # id of the decision told last
    clip: str | None = None
    shown: tuple[str, ...] = ()  # labels and modalities told

    def incident(self) -> Incident:
        """Give it as recordings have it."""
        made = incidents(self.findings, interval=_ALL)[0]
        return replace(made, start=self.start, end=self.end)

    def as_dict(self) -> dict[str, Any]:
        """Give a JSON-able form, which `from_dict` reads back."""
        found = SegmentFindings(number=0, findings=tuple(self.findings)).as_dict()["findings"]
        names = ("key", "start", "end", "id", "told", "decision", "clip")
        return {**{name: getattr(self, name) for name in names}, "shown": list(self.shown), "findings": found}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Open:
        """Read what `as_dict` wrote."""
        bare = SegmentFindings(number=0).as_dict()
        findings = SegmentFindings.from_dict({**bare, "findings": value["findings"]}).findings
        return cls(**{**value, "shown": tuple(value["shown"]), "findings": list(findings)})


class Tracker:
    """The open incidents of one stream.

    Args:
        gap: seconds between findings from which they are two incidents.
    """

    def __init__(self, *, gap: float = GAP_S) -> None:
        self._gap = max(GAP_S, gap)
        self.open: list[Open] = []

    def take(self, findings: Iterable[Finding]) -> list[Open]:
        """Take in what was found in a window; give the incidents that are new or have grown."""
        touched: dict[str, Open] = {}
        for finding in sorted(findings, key=lambda one: one.location.time or (0.0, 0.0)):
            if not incidents([finding], interval=_ALL):
                continue  # of no moment, too weak, or no harm
            begin, end = finding.location.time or (0.0, 0.0)
            key = _key(finding)
            found = next((one for one in self.open if one.key == key and self._joins(one, begin, end)), None)
            if found is None:
                found = Open(key=key, start=begin, end=end, findings=[])
                self.open.append(found)
            found.start, found.end = min(found.start, begin), max(found.end, end)
            left = [one for one in found.findings if not supersedes(finding, one)]
            found.findings = _strongest([*left, finding])
            touched[found.id] = found
        return list(touched.values())

    def still(self, begin: float, until: float) -> None:
        """Say that the picture that came at a moment stood until another: what was found in it lasts so long."""
        for one in self.open:
            for finding in one.findings:
                time = finding.location.time
                if time is not None and abs(time[0] - begin) < 0.001 and finding.location.source.value in _ON_SCREEN:
                    one.end = max(one.end, until)

    def close(self, before: float) -> list[Open]:
        """Give the incidents that ended before a moment, in order, and forget them."""
        over = [one for one in self.open if one.end < before]
        self.open = [one for one in self.open if one.end >= before]
        return sorted(over, key=lambda one: one.start)

    def _joins(self, one: Open, begin: float, end: float) -> bool:
        near = begin <= one.end + self._gap and end >= one.start - self._gap
        return near and max(end, one.end) - min(begin, one.start) <= _LONGEST_S


_ON_SCREEN = frozenset({"frame", "ocr", "code"})


def _key(finding: Finding) -> str:
    """Say with which others a finding belongs together, as `timeline` has it."""
    top = finding.label.partition(".")[0]
    if top == "known":
        return f"{finding.label} {finding.library or ''}".rstrip()
    info = TAXONOMY.get(finding.label)
    return top if info is None or info.harm else finding.label


def _strongest(findings: Sequence[Finding]) -> list[Finding]:
    """Keep the strongest findings, and of each label and modality at least one."""
    if len(findings) <= _KEPT:
        return list(findings)
    ranked = sorted(findings, key=lambda one: -one.score)
    first: dict[tuple[str, str], Finding] = {}
    for finding in ranked:
        first.setdefault((finding.label, finding.location.source.value), finding)
    kept = {id(one) for one in [*list(first.values())[:_KEPT], *ranked][:_KEPT]}
    return [finding for finding in findings if id(finding) in kept]
