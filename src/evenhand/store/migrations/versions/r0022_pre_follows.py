"""Jobs that follow verdicts: callers who asked for people are told what they said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import ident

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; what the previous release decides is told by asking only."""
    op.create_table(
        "review_follows",
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("kind", ident(), nullable=False),
        sa.Column("tenant", ident(), nullable=False),
        sa.Column("source", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "kind", name="pk_review_follows"),
    )
