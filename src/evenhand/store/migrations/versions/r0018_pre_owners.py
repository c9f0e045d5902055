"""Policies and business lines of tenants, told by a prefix of their names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import ident
from evenhand.store.owners import new_prefix

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that the previous release need not fill: all policies and lines that there are, are nobody's."""
    op.add_column("tenants", sa.Column("prefix", ident()))
    op.create_index("ix_tenants_prefix", "tenants", ["prefix"], unique=True)
    for table in ("policy_versions", "policy_live", "policy_lines"):
        op.add_column(table, sa.Column("tenant", ident()))
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT id, name FROM tenants ORDER BY id")).all():
        prefix = new_prefix(connection, row.name, row.id)
        change = sa.text("UPDATE tenants SET prefix = :prefix WHERE id = :id")
        connection.execute(change, {"prefix": prefix, "id": row.id})
