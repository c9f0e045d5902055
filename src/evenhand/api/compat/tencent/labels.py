"""Labels of the taxonomy in Tencent Cloud's words. docs/reference/dialects.md shows the same table.

Looked up from the label upwards: `sexual.nudity`, then `sexual`. The vendor's second level (SubLabel) is evenhand's own
label: the vendor has none that means the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.domain import parent

NORMAL, CUSTOM, UNSURE = "Normal", "Custom", "Incomplete"  # the last is ours: no answer must not read as Normal
TEXT: Mapping[str, str] = {
    "sexual": "Porn",
    "violence": "Terror",
    "violence.distress": "",
    "violence.fire": "",
    "extremism": "Terror",
    "hate": "Abuse",
    "harassment": "Abuse",
    "self_harm": "Illegal",
    "contraband": "Illegal",
    "ads": "Ad",
    "ads.link": "",
    "spam": "Ad",
    "spam.scam": "Illegal",
    "spam.flood": "Spam",
    "spam.gibberish": "Spam",
    "politics": "Polity",
    "known.black": CUSTOM,
    "known.review": CUSTOM,
}
PICTURE: Mapping[str, str] = {**TEXT, "sexual.suggestive": "Sexy"}
NAMES = tuple(dict.fromkeys(name for name in PICTURE.values() if name))


def vendors(label: str, *, picture: bool) -> str | None:
    """Give the vendor's label for one of evenhand's; None: it has none.

    Args:
        label: of evenhand.
        picture: it was found in a picture, not in words.
    """
    table = PICTURE if picture else TEXT
    known: str | None = label
    while known is not None:
        if known in table:
            return table[known] or None
        known = parent(known)
    return None
