"""Findings: what a detector saw, how sure it is, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evenhand.domain.facts import Fact
from evenhand.domain.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One label with its calibrated score and the place of its evidence."""

    label: str  # a label of the taxonomy, or an operator's own below one of its top-level labels
    score: float  # calibrated probability in [0, 1]
    location: Location
    detector: str  # the detector's name
    version: str  # the detector's version
    reason: str  # one short sentence for people; never the offending words themselves
    language: str | None = None  # language of the text it was found in, where known
    library: str | None = None  # the operator's library that matched, if one did
    context: str | None = None  # what the conversation before it did to the score, in a few words; None: nothing
    facts: Mapping[str, Fact] | None = field(default=None, hash=False)  # of domain.facts.FACTS; what policies may ask

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form used by every surface."""
        out: dict[str, object] = {
            "label": self.label,
            "score": round(self.score, 4),
            "detector": self.detector,
            "version": self.version,
            "location": self.location.as_dict(),
            "reason": self.reason,
        }
        if self.language is not None:
            out["language"] = self.language
        if self.library is not None:
            out["library"] = self.library
        if self.context is not None:
            out["context"] = self.context
        if self.facts:
            out["facts"] = dict(self.facts)
        return out
