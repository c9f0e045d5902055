"""The sixteen categories of moderateText: which labels mean them, and which nobody here looks for.

What is lossy stands in docs/reference/dialects.md; a test holds this table and that page together.
"""

from __future__ import annotations

from evenhand.api.compat.categories import Category

# What an operator listed: the vendor has no word for it, and it must not read as clean. It raises Toxic.
LISTED = Category(name="Toxic", labels=("known.black", "known.review"))
CATEGORIES: tuple[Category, ...] = (
    Category(name="Toxic", labels=("harassment", "hate", "violence.threat")),
    Category(name="Insult", labels=("harassment.insult",)),
    Category(name="Profanity", labels=("harassment.profanity",)),
    Category(name="Derogatory", labels=("hate",)),
    Category(name="Sexual", labels=("sexual",)),
    Category(name="Death, Harm & Tragedy", labels=("self_harm",)),
    Category(
        name="Violent",
        labels=("violence", "extremism", "harassment.threat"),
        without=("violence.weapon", "violence.distress", "violence.fire"),
    ),
    Category(name="Firearms & Weapons", labels=("contraband.weapons_trade", "violence.weapon")),
    Category(name="Illicit Drugs", labels=("contraband.drugs",)),
    Category(name="Politics", labels=("politics",)),
)
# Topics that are no harm: nothing here looks for them, so they are left out. Naming a religion is not a violation.
LEFT_OUT = ("Public Safety", "Health", "Religion & Belief", "War & Conflict", "Finance", "Legal")
