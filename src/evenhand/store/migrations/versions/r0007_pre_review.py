"""Review items and who skipped them, marks, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _ident() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "review_items",
        sa.Column("decision_id", _ident(), nullable=False),
        sa.Column("queue", _ident(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tenant", _ident(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("content_hash", _ident(), nullable=False),
        sa.Column("holder", _ident()),
        sa.Column("free_at", _instant(), nullable=False),
        sa.Column("due_at", _instant(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("verdict", sa.JSON(none_as_null=True)),
        sa.Column("decided_by", _ident()),
        sa.Column("decided_at", _instant()),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_review_items"),
    )
    op.create_index(
        "ix_review_items_waiting",
        "review_items",
        ["queue", sa.text("priority DESC"), "due_at", "decision_id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_review_items_decided_at", "review_items", ["decided_at"])
    op.create_index("ix_review_items_content_hash", "review_items", ["content_hash"])
    op.create_table(
        "review_skips",
        sa.Column("decision_id", _ident(), nullable=False),
        sa.Column("person", _ident(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "person", name="pk_review_skips"),
    )
    op.create_table(
        "marks",
        sa.Column("id", _ident(), nullable=False),
        sa.Column("decision_id", _ident()),
        sa.Column("content_hash", _ident(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("person", _ident(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("applied_by", _ident()),
        sa.Column("applied_at", _instant()),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_marks"),
    )
    op.create_index("ix_marks_content_hash", "marks", ["content_hash"])
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", _ident(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True)),
        sa.Column("payload_sha256", _ident(), nullable=False),
        sa.Column("previous", _ident(), nullable=False),
        sa.Column("hash", _ident(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_subject", "audit_log", ["subject"], postgresql_using="hash")
