"""Rekognition's moderation taxonomy, version 7, and how evenhand's labels lead into it.

docs/reference/dialects.md has the table for people, with what is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evenhand.domain import Finding, Result, Source, is_under

VERSION = "7.0"
_EXPLICIT, _INTIMATE = "Explicit", "Non-Explicit Nudity of Intimate parts and Kissing"
_VIOLENCE, _GRAPHIC, _DRUGS = "Violence", "Graphic Violence", "Drugs & Tobacco"
# Label -> its parent, of those that something here leads to. The vendor has more below each; which of them applies is
# not told apart here, and none is made up.
PARENTS: Mapping[str, str] = {
    _EXPLICIT: "",
    "Explicit Nudity": _EXPLICIT,
    _INTIMATE: "",
    "Non-Explicit Nudity": _INTIMATE,
    _VIOLENCE: "",
    "Weapons": _VIOLENCE,
    _GRAPHIC: _VIOLENCE,
    "Physical Violence": _GRAPHIC,
    "Self-Harm": _GRAPHIC,
    "Blood & Gore": _GRAPHIC,
    _DRUGS: "",
    "Gambling": "",
    "Hate Symbols": "",
    "Known Content": "",  # not the vendor's: see below
}
# Label of evenhand, with all below it -> the vendor's, with all above it. The longest that fits counts.
MAPPING: Mapping[str, str] = {
    "sexual": _EXPLICIT,
    "sexual.nudity": "Explicit Nudity",
    "sexual.suggestive": "Non-Explicit Nudity",
    "violence": _VIOLENCE,
    "violence.fight": "Physical Violence",
    "violence.weapon": "Weapons",
    "violence.graphic": "Blood & Gore",
    "violence.fire": "",  # a mark: the vendor has no word for it either
    "self_harm": "Self-Harm",
    "extremism": "Hate Symbols",
    "hate": "Hate Symbols",
    "contraband.drugs": _DRUGS,
    "contraband.gambling": "Gambling",
    "contraband.weapons_trade": "Weapons",
    # What an operator put on a list would else read as clean: the vendor has no word for it.
    "known.black": "Known Content",
    "known.review": "Known Content",
}
_PICTURES = frozenset({Source.IMAGE, Source.FRAME})
_UNSURE = 0.4999  # most that is said of a score which no detector takes for a finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation:
    """One label of the vendor."""

    name: str
    score: float  # [0, 1]

    def as_dict(self) -> dict[str, Any]:
        """Give the vendor's ModerationLabel."""
        return {
            "Confidence": round(100 * self.score, 4),
            "Name": self.name,
            "ParentName": PARENTS[self.name],
            "TaxonomyLevel": level(self.name),
        }


def vendors(label: str) -> str | None:
    """Give the vendor's label for one of evenhand's, or None."""
    fits = [root for root in MAPPING if is_under(label, root)]
    return (MAPPING[max(fits, key=len)] or None) if fits else None


def level(name: str) -> int:
    """Give the level of a label in the taxonomy, 1 to 3."""
    above = PARENTS[name]
    return 1 + level(above) if above else 1


def moderations(scores: Mapping[str, float]) -> list[Moderation]:
    """Give the vendor's labels, each with those above it, surest first, and the general before the special.

    Args:
        scores: label of evenhand -> score in [0, 1].
    """
    out: dict[str, float] = {}
    for label, score in scores.items():
        name = vendors(label)
        while name:
            out[name] = max(score, out.get(name, 0.0))
            name = PARENTS[name]
    made = [Moderation(name=name, score=score) for name, score in out.items()]
    return sorted(made, key=lambda one: (-round(one.score, 6), level(one.name), one.name))


def picture_scores(result: Result) -> dict[str, float]:
    """Give the scores of what is to be seen in a picture; words in it do not count, as with the vendor."""
    found = visible(result.findings)
    scores = dict(found)
    for label, score in (result.seen.scores if result.seen else {}).items():
        if label not in found:
            scores[label] = min(score, _UNSURE)
    return scores


def visible(findings: tuple[Finding, ...]) -> dict[str, float]:
    """Give label -> highest score of findings in pictures."""
    out: dict[str, float] = {}
    for finding in findings:
        if finding.location.source in _PICTURES:
            out[finding.label] = max(finding.score, out.get(finding.label, 0.0))
    return out
