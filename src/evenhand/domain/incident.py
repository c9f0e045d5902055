"""Incidents: what was found around one moment of a recording, by whatever was seen, read, heard and said there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evenhand.domain.finding import Finding

MOST_SHOWN = 5  # findings of an incident in the JSON form; the result's `findings` has them all


class Modality(StrEnum):
    """A way in which something shows in a recording."""

    SEEN = "seen"  # in its pictures
    READ = "read"  # words and codes on the screen
    HEARD = "heard"  # sounds
    SAID = "said"  # spoken words
    CAPTIONED = "captioned"  # words of its subtitles


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch of a recording, and the findings that belong together there."""

    start: float  # seconds from the start of the recording
    end: float  # seconds
    label: str  # of the strongest finding
    score: float  # all its evidence together, [0, 1]; see `timeline`
    labels: Mapping[str, float] = field(hash=False)  # label -> highest score of a single finding
    modalities: tuple[Modality, ...]  # in which it shows, in the order of the enumeration
    count: int  # moments at which something was found
    findings: tuple[Finding, ...] = field(repr=False)  # all of them, strongest first

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form used by every surface, with the strongest findings."""
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "label": self.label,
            "score": round(self.score, 4),
            "labels": {label: round(score, 4) for label, score in self.labels.items()},
            "modalities": [modality.value for modality in self.modalities],
            "count": self.count,
            "findings": [finding.as_dict() for finding in self.findings[:MOST_SHOWN]],
        }
