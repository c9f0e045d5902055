"""Lists of words that callers keep through another vendor's API."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _ident() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "blocklists",
        sa.Column("name", _ident(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("revision", _ident(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("changed_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_blocklists"),
    )
    op.create_table(
        "blocklist_items",
        sa.Column("id", _ident(), nullable=False),
        sa.Column("blocklist", _ident(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_blocklist_items"),
    )
    op.create_index("ix_blocklist_items_blocklist_text", "blocklist_items", ["blocklist", "text"], unique=True)
