"""Facts: what a finding says about its evidence beside the score, so that a policy can ask for it.

A closed list. Every fact is about the picture (how large, sharp, turned, covered), is one of the three inspections,
names a sound, a kind of weapon and what a recording mostly is, or is a place in a sample; none says who a person is,
what group they belong to, how old they are or how they feel. Numbers are rounded so that no set of facts describes a
face closely enough to compare it with another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Fact = str | float | int
PRESENT, ABSENT, NOT_VISIBLE = "present", "absent", "not visible"
ANSWERS = (PRESENT, ABSENT, NOT_VISIBLE)
SOUNDS = ("gunshot", "explosion", "scream", "crying", "siren", "breaking glass")
GUN, BLADE = "gun", "blade"
WEAPONS = (GUN, BLADE)
HATEFUL, CONDEMNING, TEACHING, MIXED, OTHER = "hateful", "condemning", "teaching", "mixed", "other"
STANCES = (HATEFUL, CONDEMNING, TEACHING, MIXED, OTHER)
REASONS = ("too small", "turned away", "outside the picture", "blurred", "covered")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactInfo:
    """One fact that a finding may carry."""

    name: str
    description: str  # one sentence with the unit and the range, for people
    choices: tuple[str, ...] = ()  # the texts it may be; empty: a number


def _table() -> Mapping[str, FactInfo]:
    numbers = {
        "faces": "How many faces were found in the picture, up to 16; the same for each of them.",
        "share": "Height of the face's box in heights of the picture, 0 to 1.",
        "eye_span": "Distance of the outer eye corners in pixels of the decoded picture.",
        "off_centre": "Distance of the face from the picture's middle, the larger of across and down, as a share of "
        "the picture's side: 0 is the middle, 0.5 the edge.",
        "yaw": "Head turned aside, in degrees; positive towards the right of the picture.",
        "pitch": "Head tipped up (positive) or down (negative), in degrees.",
        "roll": "Head tilted to a shoulder, in degrees; positive is clockwise in the picture.",
        "blur": "Width of the blur (standard deviation) in hundredths of the distance of the outer eye corners: below "
        "3 is sharp, from 6 details are lost.",
        "eyes_covered": "Calibrated probability that something other than eyewear covers the eyes, 0 to 1.",
        "mouth_covered": "Calibrated probability that something covers the mouth, 0 to 1.",
    }
    out = {name: FactInfo(name=name, description=text) for name, text in numbers.items()}
    for name, asked in (("glasses", "wears glasses"), ("sunglasses", "wears sunglasses"), ("smile", "smiles")):
        answer = f"Whether the face {asked}: {', '.join(ANSWERS)}."
        out[name] = FactInfo(name=name, description=answer, choices=ANSWERS)
        score = f"Calibrated probability that the face {asked}, 0 to 1; missing where it is not visible."
        out[f"{name}_score"] = FactInfo(name=f"{name}_score", description=score)
        why = f"Why it is not visible whether the face {asked}: {', '.join(REASONS)}."
        out[f"{name}_unseen"] = FactInfo(name=f"{name}_unseen", description=why, choices=REASONS)
    out["sound"] = FactInfo(name="sound", description=f"What was heard: {', '.join(SOUNDS)}.", choices=SOUNDS)
    for name in ("speech", "music", "silence"):
        share = f"Share of the part of the recording (some 30 seconds) that is {name}, 0 to 1; shares may overlap."
        out[f"{name}_share"] = FactInfo(name=f"{name}_share", description=share)
    out["sample"] = FactInfo(name="sample", description="Which sample of the library of videos was found, from 1.")
    for name, what in (("start", "begins"), ("end", "ends")):
        text = f"Where in the sample what was found of it {what}, in seconds."
        out[f"sample_{name}"] = FactInfo(name=f"sample_{name}", description=text)
    text = "Share of the sample that was found in the recording, 0 to 1."
    out["sample_share"] = FactInfo(name="sample_share", description=text)
    text = f"What kind of weapon is seen: {', '.join(WEAPONS)}."
    out["weapon"] = FactInfo(name="weapon", description=text, choices=WEAPONS)
    said = "What the words in the picture say about a symbol: " + ", ".join(STANCES) + "; missing where none were read."
    out["words"] = FactInfo(name="words", description=said, choices=STANCES)
    return MappingProxyType(out)


FACTS: Mapping[str, FactInfo] = _table()
