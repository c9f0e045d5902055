"""Reviewers' wellness, and what is made of contents so that people can look at them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import Instant, ident

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "wellness",
        sa.Column("person", ident(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("rest_until", Instant),
        sa.Column("changed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_wellness"),
    )
    op.create_table(
        "exposures",
        sa.Column("person", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("person", "decision_id", name="pk_exposures"),
    )
    op.create_index("ix_exposures_person_at", "exposures", ["person", "at"])
    op.create_index("ix_exposures_at", "exposures", ["at"])
    op.create_table(
        "review_traits",
        sa.Column("content_hash", ident(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("print", ident()),
        sa.Column("space", sa.Text()),
        sa.Column("embedding", sa.LargeBinary()),
        sa.Column("peaks", sa.JSON(none_as_null=True)),
        sa.Column("transcript", sa.JSON(none_as_null=True)),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name="pk_review_traits"),
    )
    op.create_index("ix_review_traits_kind_created_at", "review_traits", ["kind", "created_at"])
