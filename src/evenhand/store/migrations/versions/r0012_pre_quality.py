"""Quality of review and appeals: every person's verdict, what else they are asked, golden questions, calibration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import Instant, ident

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; verdicts given so far are votes, too."""
    op.create_table(
        "review_tasks",
        sa.Column("item_id", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("source", ident()),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("item_id", name="pk_review_tasks"),
    )
    op.create_index("ix_review_tasks_decision_id", "review_tasks", ["decision_id"])
    op.create_table(
        "review_votes",
        sa.Column("item_id", ident(), nullable=False),
        sa.Column("person", ident(), nullable=False),
        sa.Column("id", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("content_hash", ident(), nullable=False),
        sa.Column("queue", ident(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("source", ident()),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("correct", sa.Integer()),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("item_id", "person", name="pk_review_votes"),
    )
    op.create_index("ix_review_votes_at", "review_votes", ["at"])
    op.create_index("ix_review_votes_content_hash", "review_votes", ["content_hash"])
    op.create_index("ix_review_votes_decision_id_person", "review_votes", ["decision_id", "person"])
    op.create_index("ix_review_votes_id", "review_votes", ["id"], unique=True)
    op.create_index("ix_review_votes_person_at", "review_votes", ["person", "at"])
    op.create_table(
        "review_barred",
        sa.Column("item_id", ident(), nullable=False),
        sa.Column("person", ident(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "person", name="pk_review_barred"),
    )
    op.create_table(
        "golden_questions",
        sa.Column("id", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("content_hash", ident(), nullable=False),
        sa.Column("queue", ident(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("made_by", ident(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("retired_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_golden_questions"),
    )
    op.create_index("ix_golden_questions_content_hash", "golden_questions", ["content_hash"])
    op.create_index("ix_golden_questions_decision_id", "golden_questions", ["decision_id"], unique=True)
    op.create_index("ix_golden_questions_queue_retired_at", "golden_questions", ["queue", "retired_at"])
    op.create_table(
        "review_feedback",
        sa.Column("id", ident(), nullable=False),
        sa.Column("vote_id", ident(), nullable=False),
        sa.Column("item_id", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("person", ident(), nullable=False),
        sa.Column("author", ident(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("acknowledged_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_review_feedback"),
    )
    op.create_index("ix_review_feedback_author", "review_feedback", ["author"])
    op.create_index("ix_review_feedback_decision_id", "review_feedback", ["decision_id"])
    op.create_index("ix_review_feedback_item_id", "review_feedback", ["item_id"])
    op.create_index("ix_review_feedback_person", "review_feedback", ["person"])
    op.create_table(
        "calibrations",
        sa.Column("id", ident(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_by", ident(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("closed_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_calibrations"),
    )
    op.create_table(
        "calibration_items",
        sa.Column("session", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("session", "decision_id", name="pk_calibration_items"),
    )
    op.create_table(
        "calibration_verdicts",
        sa.Column("session", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("person", ident(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("session", "decision_id", "person", name="pk_calibration_verdicts"),
    )
    op.create_table(
        "calibration_notes",
        sa.Column("id", ident(), nullable=False),
        sa.Column("session", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("person", ident(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calibration_notes"),
    )
    op.create_index("ix_calibration_notes_session", "calibration_notes", ["session"])
    op.create_table(
        "appeals",
        sa.Column("id", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("content_hash", ident(), nullable=False),
        sa.Column("item_id", ident(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("tenant", ident(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("verdict", sa.JSON(none_as_null=True)),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("decided_by", ident()),
        sa.Column("decided_at", Instant),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_appeals"),
    )
    op.create_index("ix_appeals_content_hash", "appeals", ["content_hash"])
    op.create_index("ix_appeals_decided_at", "appeals", ["decided_at"])
    op.create_index("ix_appeals_decision_id_party", "appeals", ["decision_id", "party"], unique=True)
    op.create_index("ix_appeals_item_id", "appeals", ["item_id"], unique=True)
    op.create_index("ix_appeals_state_id", "appeals", ["state", "id"])
    # A verdict of before has the id of its decision: both are as unique.
    op.execute(
        "INSERT INTO review_votes (item_id, person, id, decision_id, content_hash, queue, label, purpose, verdict, at) "
        "SELECT decision_id, decided_by, decision_id, decision_id, content_hash, queue, label, 'first', verdict, "
        "decided_at FROM review_items WHERE state = 'done' AND decided_by IS NOT NULL AND verdict IS NOT NULL"
    )
