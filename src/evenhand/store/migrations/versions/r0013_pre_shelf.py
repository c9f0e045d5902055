"""Libraries that the store keeps with all their versions, proposals, and what near-same content is found by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import Instant, ident

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _libraries()
    op.create_table(
        "proposals",
        sa.Column("id", ident(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", ident(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("effect", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_by", ident(), nullable=False),
        sa.Column("persons", sa.JSON(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("decided_by", ident()),
        sa.Column("decided_at", Instant),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("done", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
    )
    op.create_index("ix_proposals_digest", "proposals", ["digest"])
    op.create_index("ix_proposals_state_id", "proposals", ["state", "id"])
    op.create_table(
        "decision_prints",
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("content_hash", ident(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("print", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decision_prints"),
    )
    op.create_index("ix_decision_prints_content_hash", "decision_prints", ["content_hash"])
    op.create_index("ix_decision_prints_kind_decision_id", "decision_prints", ["kind", "decision_id"])
    op.create_table(
        "mark_prints",
        sa.Column("mark_id", ident(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("print", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("mark_id", name="pk_mark_prints"),
    )
    op.create_table(
        "mark_touches",
        sa.Column("mark_id", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("alike", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mark_id", "decision_id", name="pk_mark_touches"),
    )
    op.create_index("ix_mark_touches_decision_id", "mark_touches", ["decision_id"])


def _libraries() -> None:
    op.create_table(
        "library_heads",
        sa.Column("name", ident(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("head", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("removed_at", Instant),
        sa.PrimaryKeyConstraint("name", name="pk_library_heads"),
    )
    op.create_table(
        "library_entries",
        sa.Column("id", ident(), nullable=False),
        sa.Column("library", ident(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("digest", ident(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("expires_at", Instant),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_library_entries"),
    )
    op.create_index("ix_library_entries_added", "library_entries", ["added"])
    op.create_index("ix_library_entries_removed", "library_entries", ["removed"])
    op.create_index("ix_library_entries_library_digest", "library_entries", ["library", "digest"])
    op.create_table(
        "library_changes",
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("library", ident(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor", ident(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("head", sa.JSON(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_library_changes"),
    )
    op.create_index("ix_library_changes_library_version", "library_changes", ["library", "version"], unique=True)
