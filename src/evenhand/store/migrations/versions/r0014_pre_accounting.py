"""Tallies of decisions and detectors, alerts, tenants' retention; indexes by tenant, and of the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import Instant, ident

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the indexes."""
    op.create_table(
        "tallies",
        sa.Column("what", ident(), nullable=False),
        sa.Column("period", ident(), nullable=False),
        sa.Column("tenant", ident(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("kind", ident(), nullable=False),
        sa.Column("language", ident(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", "period", "tenant", "line", "kind", "language", "name", name="pk_tallies"),
    )
    op.create_table(
        "tally_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cursor", ident(), nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tally_state"),
    )
    op.create_table(
        "detector_tallies",
        sa.Column("day", ident(), nullable=False),
        sa.Column("detector", ident(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("buckets", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("day", "detector", name="pk_detector_tallies"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", ident(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("figure", ident(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("above", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("window_s", sa.Integer(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("state", ident(), nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("of", sa.Integer()),
        sa.Column("checked_at", Instant),
        sa.Column("raised_at", Instant),
        sa.Column("disabled_at", Instant),
        sa.Column("created_by", ident(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_name", "alerts", ["name"], unique=True)
    op.create_table(
        "tenant_retention",
        sa.Column("tenant", ident(), nullable=False),
        sa.Column("decisions_days", sa.Integer()),
        sa.Column("originals_days", sa.Integer()),
        sa.Column("changed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="pk_tenant_retention"),
    )
    op.create_index(
        "ix_decisions_key_id_decision_id",
        "decisions",
        ["key_id", "decision_id"],
        sqlite_where=sa.text("key_id IS NOT NULL"),
        postgresql_where=sa.text("key_id IS NOT NULL"),
    )
    op.create_index("ix_audit_log_actor_seq", "audit_log", ["actor", "seq"])
    op.create_index("ix_audit_log_action_seq", "audit_log", ["action", "seq"])
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
