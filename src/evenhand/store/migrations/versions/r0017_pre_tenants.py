"""Marks of tenants: whose contents a mark answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import ident

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that the previous release need not fill: what it writes is nobody's, as it was until now."""
    op.add_column("marks", sa.Column("tenant", ident()))
