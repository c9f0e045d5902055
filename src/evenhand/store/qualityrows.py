"""What other parts of the store need of quality: which decision an item is about, and how it is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table, delete, select, update

from evenhand.store.qualitytables import (
    appeals,
    calibration_items,
    calibration_notes,
    calibration_verdicts,
    golden_questions,
    review_barred,
    review_feedback,
    review_tasks,
    review_votes,
)
from evenhand.store.schema import review_items

# What goes with its decision.
OF_DECISIONS: tuple[Table, ...] = (
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
