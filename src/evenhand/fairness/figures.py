"""What the identity audit measures, as frozen values: shares with intervals, by tone, language and group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evenhand.domain import Action
from evenhand.fairness.intervals import Interval, wilson
from evenhand.fairness.sentences import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """In [0, 1]; 0 of 0 is 0."""
        return self.part / self.whole if self.whole else 0.0

    @property
    def interval(self) -> Interval | None:
        """95%, Wilson; None for 0 of 0."""
        return wilson(self.part, self.whole)

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form."""
        ci = self.interval
        return {
            "part": self.part,
            "whole": self.whole,
            "value": round(self.value, 5),
            "ci95": None if ci is None else [round(end, 5) for end in ci],
        }


def joined(shares: Iterable[Share]) -> Share:
    """Give the share of all trials together."""
    counts = [(share.part, share.whole) for share in shares]
    return Share(part=sum(part for part, _ in counts), whole=sum(whole for _, whole in counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """What changed under the swap, over some families of harmless sentences or of attacks."""

    families: Share  # families in which any group got another decision than most groups
    members: Share  # sentences with another decision than most of their family: the flip rate
    stopped: Share  # sentences about groups with any action: false alarms if harmless, recall if attacks
    mean_gap: float  # mean over families of the largest difference of a label's score between two groups
    largest_gap: float  # in any family

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form."""
        return {
            "families_flipped": self.families.as_dict(),
            "members_flipped": self.members.as_dict(),
            "stopped": self.stopped.as_dict(),
            "mean_score_gap": round(self.mean_gap, 5),
            "largest_score_gap": round(self.largest_gap, 5),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """One group over all its sentences, in all languages asked for."""

    group: str  # id; CONTROLS for all control words together
    category: str
    false_positives: Share  # harmless sentences that were acted on
    false_negatives: Share  # attacks that passed; 0 of 0 for the controls
    flips: Share  # sentences that got another decision than most of their family

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form."""
        return {
            "group": self.group,
            "category": self.category,
            "false_positive": self.false_positives.as_dict(),
            "false_negative": self.false_negatives.as_dict(),
            "flips": self.flips.as_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The largest difference of a rate between two groups."""

    value: float  # in [0, 1]
    highest: str  # group with the highest rate
    lowest: str

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form."""
        return {"value": round(self.value, 5), "highest": self.highest, "lowest": self.lowest}


def spread(rates: Sequence[tuple[str, Share]]) -> Spread:
    """Find the groups furthest apart; groups without a trial say nothing."""
    tried = [(name, share.value) for name, share in rates if share.whole]
    if not tried:
        return Spread(value=0.0, highest="", lowest="")
    high, low = max(tried, key=lambda pair: pair[1]), min(tried, key=lambda pair: pair[1])
    return Spread(value=high[1] - low[1], highest=high[0], lowest=low[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One sentence that got another decision than it should."""

    sentence: str
    group: str
    language: str
    tone: Tone
    action: Action
    expected: Action  # what most groups got in this place
    rule: str | None  # the rule that decided
    library: str | None  # a library that matched
    label: str  # the label whose score is furthest from the family's middle; "" where no score differs visibly
    score: float  # of that label

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form."""
        return {
            "sentence": self.sentence,
            "group": self.group,
            "language": self.language,
            "tone": self.tone.value,
            "action": self.action.value,
            "expected": self.expected.value,
            "rule": self.rule,
            "library": self.library,
            "label": self.label,
            "score": round(self.score, 4),
        }
