"""Which of the free items somebody is given: the most urgent one that their wellness allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, not_, or_, select

from evenhand.store.reviewrecords import ReviewItem
from evenhand.store.schema import decisions
from evenhand.store.schema import review_items as table
from evenhand.store.wellness import counted
from evenhand.store.wellnessrecords import HeldBack, Pace

_ORDER = (table.c.priority.desc(), table.c.due_at, table.c.decision_id)
_LOOK = 200  # items that are looked at together where labels are barred
_MOST = 5_000  # ... and in all: beyond, somebody who barred nearly everything is given nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a claim gave."""

    item: ReviewItem | None = None
    held_back: HeldBack | None = None  # why nothing, though something waits; None: nothing that fits does


def urgent(connection: Connection, free: Sequence[ColumnElement[bool]], pace: Pace) -> Row[Any] | None:
    """Lock and give the row of the most urgent free item that a person may be given; None: there is none.

    Args:
        connection: within a transaction.
        free: what makes an item free for the person.
        pace: what they may be given.
    """
    if pace.tired is not None:
        other = _urgent(connection, [*free, table.c.label != pace.tired], pace)
        if other is not None:
            return other
    return _urgent(connection, free, pace)


def any_free(connection: Connection, free: Sequence[ColumnElement[bool]]) -> bool:
    """Say whether anything is free at all."""
    return connection.execute(select(table.c.decision_id).where(*free).limit(1)).first() is not None


def _urgent(connection: Connection, free: Sequence[ColumnElement[bool]], pace: Pace) -> Row[Any] | None:
    if not pace.barred:
        return _locked(connection, free)
    own = [or_(table.c.label == root, table.c.label.startswith(root + ".", autoescape=True)) for root in pace.barred]
    allowed = and_(*free, not_(or_(*own)))
    look = select(table.c.decision_id, table.c.label, decisions.c.labels).outerjoin(
        decisions, decisions.c.decision_id == table.c.decision_id
    )
    # Looked at without a lock, so that others are given meanwhile what this person is not.
    for start in range(0, _MOST, _LOOK):
        rows = connection.execute(look.where(allowed).order_by(*_ORDER).limit(_LOOK).offset(start)).all()
        for row in rows:
            if pace.bars(counted(row.labels, row.label)):
                continue
            got = _locked(connection, [*free, table.c.decision_id == row.decision_id])
            if got is not None:
                return got
        if len(rows) < _LOOK:
            break
    return None


def _locked(connection: Connection, where: Sequence[ColumnElement[bool]]) -> Row[Any] | None:
    query = select(table).where(*where).order_by(*_ORDER).limit(1).with_for_update(skip_locked=True)
    return connection.execute(query).first()
