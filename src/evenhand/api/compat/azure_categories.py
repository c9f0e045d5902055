"""Azure's four categories, and how a calibrated score becomes a severity.

A severity here says how sure we are, where Azure's says how bad it is; the map is monotone, and its steps stand where
the policy that ships marks (2), asks people (4) and blocks (6). docs/reference/dialects.md shows it; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evenhand.api.compat.categories import Category

# Lowest score of the severities 1 to 7
STEPS = (0.3, 0.5, 0.65, 0.75, 0.85, 0.95, 0.98)
WORST = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """One category, with labels that count for no more than a certain severity."""

    category: Category
    mild: Category  # of its labels, those that are never more than `most`
    most: int = 3

    def severity(self, labels: Mapping[str, float]) -> int | None:
        """Give the severity, 0 to 7; None: no detector that ran can give one of its labels."""
        plain, mild = self.category.score(labels), self.mild.score(labels)
        if plain is None and mild is None:
            return None
        return max(severity_of(plain or 0.0), min(self.most, severity_of(mild or 0.0)))


def severity_of(score: float) -> int:
    """Give the severity, 0 to 7, of a calibrated score in [0, 1]."""
    return sum(score >= step for step in STEPS)


def four_levels(severity: int) -> int:
    """Give the severity on the scale 0, 2, 4, 6."""
    return severity // 2 * 2


_NONE: tuple[str, ...] = ()
RATED: tuple[Rated, ...] = (
    Rated(
        category=Category(
            name="Hate",
            labels=("hate", "harassment", "extremism.symbol"),
            without=("harassment.profanity", "harassment.threat"),
        ),
        mild=Category(name="Hate", labels=("harassment.profanity",)),
    ),
    Rated(category=Category(name="SelfHarm", labels=("self_harm",)), mild=Category(name="SelfHarm", labels=_NONE)),
    Rated(
        category=Category(name="Sexual", labels=("sexual",), without=("sexual.suggestive",)),
        mild=Category(name="Sexual", labels=("sexual.suggestive",)),
    ),
    Rated(
        category=Category(
            name="Violence",
            labels=("violence", "extremism", "harassment.threat", "contraband.weapons_trade"),
            without=("extremism.symbol", "violence.weapon", "violence.fire"),
        ),
        mild=Category(name="Violence", labels=("violence.weapon",)),
    ),
)
NAMES = tuple(one.category.name for one in RATED)
CATEGORIES = tuple(part for one in RATED for part in (one.category, one.mild))
