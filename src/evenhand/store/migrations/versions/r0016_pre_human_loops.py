"""Human loops: review items under names of callers of another vendor's API."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _ident() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "human_loops",
        sa.Column("caller", _ident(), nullable=False),
        sa.Column("name", _ident(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("decision_id", _ident(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("caller", "name", name="pk_human_loops"),
    )
    op.create_index("ix_human_loops_caller_created_at", "human_loops", ["caller", "created_at"])
    op.create_index("ix_human_loops_decision_id", "human_loops", ["decision_id"])
