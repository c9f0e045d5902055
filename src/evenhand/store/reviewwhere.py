"""Which review items are meant: what is asked for, and the state they are in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, or_

from evenhand.store.reviewrecords import Wanted
from evenhand.store.schema import review_items as table


def wanted_items(wanted: Wanted | None) -> list[ColumnElement[bool]]:
    """Give what an item must meet to be one that is wanted."""
    wanted = wanted or Wanted()
    c = table.c
    pairs = ((c.queue, wanted.queue), (c.line, wanted.line), (c.language, wanted.language), (c.kind, wanted.kind))
    where = [column == value for column, value in (*pairs, (c.tenant, wanted.tenant)) if value]
    if wanted.label:
        where.append(or_(c.label == wanted.label, c.label.startswith(wanted.label + ".", autoescape=True)))
    return where


def in_state(state: str | None, now: datetime) -> list[ColumnElement[bool]]:
    """Give what an item must meet to be in a state at a moment.

    Raises:
        ValueError: there is no such state.
    """
    over = table.c.free_at <= now
    tests = {
        "done": [table.c.state == "done"],
        "waiting": [table.c.state == "waiting", over],
        "claimed": [table.c.state == "waiting", ~over, table.c.holder.is_not(None)],
        "held": [table.c.state == "waiting", ~over, table.c.holder.is_(None)],
    }
    if state is None:
        return []
    if state not in tests:
        raise ValueError(f"there is no state {state!r}; there are {', '.join(tests)}")
    return tests[state]
