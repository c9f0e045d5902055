"""The training row and the labels of the harm heads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

LABELS = (
    "harassment",
    "harassment.insult",
    "harassment.threat",
    "harassment.profanity",
    "hate.attack",
    "sexual.explicit",
    "sexual.suggestive",
    "sexual.solicitation",
    "violence.threat",
    "violence.graphic",
    "violence.promotion",
    "extremism.promotion",
    "self_harm",
    "politics",
    "spam.bulk",
    "spam.scam",
    "ads.promotion",
    "contraband.drugs",
    "contraband.gambling",
    "contraband.weapons_trade",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One text with what is known of its labels."""

    text: str
    language: str  # BCP 47
    source: str  # name of the data set
    labels: Mapping[str, int]  # label -> 0 or 1; a label that is absent is unknown and costs nothing
    weight: float = 1.0
    group: str = ""  # rows of one group stay in one split: a template, a pair; empty: the text itself
    family: str = ""  # rows of one family say the same of different groups of people; empty: none
    identity: str = ""  # the group of people named, for the audit; empty: none
    fold: str = ""  # the split itself, where the source chose it; empty: by hash

    def split(self) -> str:
        """Give "train" (80%), "calibrate" (10%) or "test" (10%), by a hash of the group unless a fold is set."""
        if self.fold:
            return self.fold
        digest = hashlib.sha256(f"{self.source}\0{self.group or self.text}".encode()).digest()
        place = digest[0] * 256 + digest[1]
        return "train" if place < 52429 else "calibrate" if place < 58982 else "test"
