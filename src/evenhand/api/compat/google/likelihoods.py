"""SafeSearch: which labels mean its categories, and how a calibrated score becomes a likelihood.

The steps stand where the policy that ships marks (POSSIBLE), asks people (LIKELY) and blocks (VERY_LIKELY).
docs/reference/dialects.md shows both tables; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evenhand.api.compat.categories import Category

NAMES = ("UNKNOWN", "VERY_UNLIKELY", "UNLIKELY", "POSSIBLE", "LIKELY", "VERY_LIKELY")
UNKNOWN, POSSIBLE, WORST = 0, 3, 5
# Lowest score of UNLIKELY, POSSIBLE, LIKELY and VERY_LIKELY
STEPS = (0.1, 0.5, 0.75, 0.95)

# What an operator listed raises all three: the vendor has no word for it, and a hit would else read as clean.
LISTED = ("known.black", "known.review")
# No detector that ships speaks for these. A class of the operator's own whose label ends so does.
OWN_CLASSES = ("spoof", "medical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """One category, with labels that lead no further than POSSIBLE."""

    category: Category
    mild: Category

    def likelihood(self, scores: Mapping[str, float]) -> int:
        """Give the likelihood's number, 0 to 5; 0 (UNKNOWN): no detector that ran can give one of its labels."""
        plain, mild = self.category.score(scores), self.mild.score(scores)
        found = max((scores.get(label, 0.0) for label in LISTED), default=0.0)
        listed = likelihood_of(found) if found >= STEPS[1] else UNKNOWN
        if plain is None and mild is None:
            return listed
        return max(listed, likelihood_of(plain or 0.0), min(POSSIBLE, likelihood_of(mild or 0.0)))

    def takes(self, label: str) -> bool:
        """Say whether the category rests on a label."""
        return self.category.takes(label) or self.mild.takes(label)


def likelihood_of(score: float) -> int:
    """Give the likelihood's number, 1 to 5, of a calibrated score in [0, 1]."""
    return 1 + sum(score >= step for step in STEPS)


def own_class(name: str, scores: Mapping[str, float]) -> int:
    """Give the likelihood of one of OWN_CLASSES, 0 to 5; 0 where nothing looks for it."""
    found = [score for label, score in scores.items() if label.rpartition(".")[2] == name]
    return likelihood_of(max(found)) if found else UNKNOWN


_NONE: tuple[str, ...] = ()
RATED: tuple[Rated, ...] = (
    Rated(
        category=Category(name="adult", labels=("sexual",), without=("sexual.suggestive",)),
        mild=Category(name="adult", labels=_NONE),
    ),
    Rated(
        category=Category(
            name="violence",
            labels=("violence", "self_harm", "extremism"),
            without=("violence.weapon", "violence.distress", "violence.fire"),
        ),
        mild=Category(name="violence", labels=("violence.weapon",)),
    ),
    Rated(category=Category(name="racy", labels=("sexual",)), mild=Category(name="racy", labels=_NONE)),
)
