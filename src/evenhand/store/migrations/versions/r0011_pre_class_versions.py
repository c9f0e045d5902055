"""Versions of custom classes, of pictures and of texts; the classes that there are become first versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import Instant, ident

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and copy what `classes` holds; that table stays for the previous release."""
    classes = op.create_table(
        "custom_classes",
        sa.Column("name", ident(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("deployed", sa.Integer()),
        sa.Column("previous", sa.Integer()),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_custom_classes"),
    )
    versions = op.create_table(
        "class_versions",
        sa.Column("name", ident(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("version", ident(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("quality", sa.JSON(), nullable=False),
        sa.Column("audit", sa.JSON(), nullable=False),
        sa.Column("mistakes", sa.JSON(), nullable=False),
        sa.Column("created_by", ident(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", "number", name="pk_class_versions"),
    )
    old = sa.table(
        "classes",
        *(sa.column(name) for name in ("name", "label", "version", "space", "weights")),
        sa.column("quality", sa.JSON()),
        sa.column("created_at", Instant),
    )
    for row in op.get_bind().execute(sa.select(old)).all():
        op.bulk_insert(classes, [{"name": row.name, "medium": "image", "deployed": 1, "previous": None, "last": 1}])
        kept = {"number": 1, "threshold": 0.5, "audit": {"passed": True, "failures": [], "before": True}}
        op.bulk_insert(versions, [{**row._mapping, **kept, "mistakes": [], "created_by": "local"}])
