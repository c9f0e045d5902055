"""Embeddings: what contents that are alike by meaning or looks are found by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import ident

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; the previous release knows nothing of them, and what it marks asks about nothing."""
    op.create_table(
        "decision_vectors",
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("content_hash", ident(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("landmarks", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decision_vectors"),
    )
    op.create_index("ix_decision_vectors_content_hash", "decision_vectors", ["content_hash"])
    op.create_index("ix_decision_vectors_kind_decision_id", "decision_vectors", ["kind", "decision_id"])
    op.create_table(
        "mark_vectors",
        sa.Column("mark_id", ident(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("landmarks", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("mark_id", name="pk_mark_vectors"),
    )
    op.create_table(
        "mark_chosen",
        sa.Column("mark_id", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("content_hash", ident(), nullable=False),
        sa.Column("alike", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mark_id", "decision_id", name="pk_mark_chosen"),
    )
