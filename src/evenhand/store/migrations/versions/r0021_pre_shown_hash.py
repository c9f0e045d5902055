"""Golden questions show a hash of their own: by their source's they could be told from other items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import ident

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; items that wait already, and what the previous release gives, show the content's own hash."""
    op.add_column("review_items", sa.Column("shown_hash", ident()))
