"""What other parts of the store need of quality: which decision an item is about, and how it is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, select, update

from evenhand.store.qualitytables import (
    appeals,
    calibration_items,
    calibration_notes,
    calibration_verdicts,
    golden_questions,
    review_barred,
    review_feedback,
    review_follows,
    review_tasks,
    review_votes,
)
from evenhand.store.schema import review_items, review_skips

# What goes with its decision.
OF_DECISIONS: tuple[Table, ...] = (
    review_follows,
    review_tasks,
    review_votes,
    golden_questions,
    review_feedback,
    calibration_items,
    calibration_verdicts,
    calibration_notes,
    appeals,
)


def abouts(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Give the decisions that items are about which have an id of their own; others are left out."""
    if not ids:
        return {}
    query = select(review_tasks.c.item_id, review_tasks.c.decision_id).where(review_tasks.c.item_id.in_(list(ids)))
    return {row.item_id: row.decision_id for row in connection.execute(query)}


def shown_hashes(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Give the hashes that golden questions show instead of their contents'; other items are left out."""
    if not ids:
        return {}
    items = review_items.c
    query = select(items.decision_id, items.shown_hash).where(items.decision_id.in_(list(ids)))
    return {row.decision_id: row.shown_hash for row in connection.execute(query.where(items.shown_hash.is_not(None)))}


def standing() -> ColumnElement[bool]:
    """Say whether a review item holds what stands on its own decision, and not somebody's further word on another."""
    of = review_tasks.c
    return ~exists().where(of.item_id == review_items.c.decision_id, of.decision_id != review_items.c.decision_id)


def forget_decisions(connection: Connection, decision_ids: Sequence[str]) -> list[str]:
    """Delete what people said about decisions, with the items that are about them; the decisions' own items stay.

    Returns:
        What the audit log calls the items and appeals that are gone.
    """
    ids = list(decision_ids)
    of = select(review_tasks.c.item_id).where(review_tasks.c.decision_id.in_(ids), review_tasks.c.item_id.not_in(ids))
    about = list(connection.execute(of).scalars())
    filed = list(connection.execute(select(appeals.c.id).where(appeals.c.decision_id.in_(ids))).scalars())
    for table in (review_items, review_skips):
        connection.execute(delete(table).where(table.c.decision_id.in_(about)))
    connection.execute(delete(review_barred).where(review_barred.c.item_id.in_(about)))
    for table in OF_DECISIONS:
        connection.execute(delete(table).where(table.c.decision_id.in_(ids)))
    return [*(f"decision:{item_id}" for item_id in about), *(f"appeal:{appeal_id}" for appeal_id in filed)]


def forget_quality(connection: Connection, content_hash: str, *, wholly: bool) -> None:
    """Delete what people wrote about a content; `wholly`: also what they decided. Before its items are deleted."""
    of = select(review_items.c.decision_id).where(review_items.c.content_hash == content_hash)
    about = select(review_tasks.c.decision_id).where(review_tasks.c.item_id.in_(of))
    known = [*connection.execute(of).scalars(), *connection.execute(about).scalars()]
    known += connection.execute(select(appeals.c.decision_id).where(appeals.c.content_hash == content_hash)).scalars()
    golden = select(golden_questions.c.decision_id).where(golden_questions.c.content_hash == content_hash)
    known += connection.execute(golden).scalars()
    ids = sorted(set(known))
    if wholly:
        connection.execute(delete(review_barred).where(review_barred.c.item_id.in_(of)))
        for table in OF_DECISIONS:
            connection.execute(delete(table).where(table.c.decision_id.in_(ids)))
        connection.execute(delete(review_votes).where(review_votes.c.content_hash == content_hash))
        return
    for table, blank in (
        (review_feedback, {"note": "", "answer": ""}),
        (calibration_notes, {"note": ""}),
        (appeals, {"statement": "", "explanation": ""}),
        (golden_questions, {"note": ""}),
    ):
        connection.execute(update(table).where(table.c.decision_id.in_(ids)).values(**blank))
