"""Copies of known videos in a stream: frames that resemble those of a sample are joined as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evenhand.domain import Finding
from evenhand.timeline.copies import DETECTOR, copies, fits

_KEPT_S = 120.0  # how far back frames are joined; a copy that goes on is longer than that
_MOST = 2_000  # matches that are kept
_SAME_S = 1.5  # a copy that runs on may seem to have moved so far against the sample
_BREAK_S = 8.0  # as of recordings: longer without a match, and it is another copy


@dataclass(slots=True)
class _Copy:
    """A copy that may go on."""

    finding: Finding
    moments: dict[float, float]  # seconds of the sample -> the share of it that this moment is

    @property
    def shift(self) -> float:
        begin, _ = self.finding.location.time or (0.0, 0.0)
        return begin - float((self.finding.facts or {})["sample_start"])


class Copies:
    """Joins matches of one stream's frames.

    Args:
        interval: longest time between two looks, seconds.
    """

    def __init__(self, *, interval: float) -> None:
        self._interval = interval
        self._break_s = max(_BREAK_S, 3 * interval)
        self._matches: list[Finding] = []
        self._open: list[_Copy] = []

    def take(self, findings: Sequence[Finding]) -> list[Finding]:
        """Take what was found in a window; give the findings of others, and the copies that are new or have grown.

        A copy is given again when it grows, longer than before: `supersedes` says which takes whose place.
        """
        fresh = [one for one in findings if one.detector == DETECTOR and one.location.time is not None]
        others = [one for one in findings if one.detector != DETECTOR]
        if not fresh:
            return others
        now = max(_end(one) for one in fresh)
        first = min((one.location.time or (0.0, 0.0))[0] for one in fresh)
        kept = [one for one in [*self._matches, *fresh] if _end(one) >= now - _KEPT_S]
        self._matches = kept[-_MOST:]
        self._open = [one for one in self._open if _end(one.finding) >= now - _KEPT_S]
        grown = [one for one in copies(self._matches, interval=self._interval) if _end(one) >= first]
        return [*others, *(self._joined(one) for one in grown)]

    def still(self, begin: float, until: float) -> None:
        """Say that the picture that came at a moment stood until another."""
        for place, one in enumerate(self._matches):
            time = one.location.time or (0.0, 0.0)
            if abs(time[0] - begin) < 0.001 and until > time[1]:
                self._matches[place] = replace(one, location=replace(one.location, time=(time[0], until)))

    def _joined(self, found: Finding) -> Finding:
        """Join a copy with its earlier part, of which the frames may be forgotten."""
        copy = _Copy(found, {})
        begin, end = found.location.time or (0.0, 0.0)
        for one in self._matches:
            time, facts = one.location.time or (0.0, 0.0), one.facts or {}
            if _of(one) == _of(found) and begin <= time[0] and time[1] <= end and fits(one, copy.shift):
                copy.moments[float(facts["sample_start"])] = float(facts["sample_share"])
        held = next((one for one in self._open if self._continues(one, copy)), None)
        if held is None:
            self._open.append(copy)
            return found
        old, new = held.finding.facts or {}, found.facts or {}
        began = (held.finding.location.time or (begin, end))[0]
        held.moments |= copy.moments
        facts = {
            "sample": new["sample"],
            "sample_start": min(float(old["sample_start"]), float(new["sample_start"])),
            "sample_end": max(float(old["sample_end"]), float(new["sample_end"])),
            "sample_share": round(min(1.0, sum(held.moments.values())), 3),
        }
        reason = (
            f"frames follow each other as in a sample, {facts['sample_start']:.1f} to {facts['sample_end']:.1f} s of it"
        )
        place = replace(found.location, time=(min(began, begin), max(_end(held.finding), end)))
        held.finding = replace(found, facts=facts, location=place, reason=reason)
        return held.finding

    def _continues(self, held: _Copy, copy: _Copy) -> bool:
        begin, _ = copy.finding.location.time or (0.0, 0.0)
        near = begin <= _end(held.finding) + self._break_s
        return near and _of(held.finding) == _of(copy.finding) and abs(held.shift - copy.shift) <= _SAME_S


def supersedes(new: Finding, old: Finding) -> bool:
    """Say whether a copy is an earlier one that has grown."""
    if not new.detector == old.detector == DETECTOR or _of(new) != _of(old):
        return False
    ours, theirs = new.location.time or (0.0, 0.0), old.location.time or (0.0, 0.0)
    return ours[0] <= theirs[0] and theirs[1] <= ours[1]


def _end(finding: Finding) -> float:
    return (finding.location.time or (0.0, 0.0))[1]


def _of(finding: Finding) -> tuple[str, str | None, object]:
    return finding.label, finding.library, (finding.facts or {}).get("sample")
