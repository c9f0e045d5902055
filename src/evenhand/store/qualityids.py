"""Ids of items that were not made with a decision. Nobody can tell them from those that were."""

from __future__ import annotations

import secrets
from datetime import datetime

from evenhand.domain import first_id


def item_id_at(moment: datetime) -> str:
    """Make an id of the same form as those of decisions, as if made at a moment (aware).

    Raises:
        ValueError: the moment has no time zone or is before 1970.
    """
    head = first_id(moment)[:14]
    bits = secrets.randbits(74)
    high, middle, low = bits & 0xFFF, 0x8000 | bits >> 12 & 0x3FFF, bits >> 26
    return f"{head}7{high:03x}-{middle:04x}-{low:012x}"
