"""Accounts: tenants, users, sessions, logins under way; and whose an API key is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import Instant, ident

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables, and columns that the previous release need not fill."""
    op.add_column("api_keys", sa.Column("tenant", ident()))
    op.add_column("api_keys", sa.Column("created_by", ident()))
    op.create_table(
        "tenants",
        sa.Column("id", ident(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("login", ident(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
    )
    op.create_index("ix_tenants_login", "tenants", ["login"], unique=True)
    op.create_table(
        "users",
        sa.Column("id", ident(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("login", ident(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("queues", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("tenant", ident()),
        sa.Column("password", sa.Text()),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("totp", sa.LargeBinary()),
        sa.Column("totp_at", Instant),
        sa.Column("totp_step", sa.Integer()),
        sa.Column("recovery", sa.JSON(), nullable=False),
        sa.Column("external", ident()),
        sa.Column("language", sa.Text()),
        sa.Column("theme", sa.Text()),
        sa.Column("created_by", ident(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("disabled_at", Instant),
        sa.Column("last_login_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index("ix_users_login", "users", ["login"], unique=True)
    op.create_index("ix_users_external", "users", ["external"], unique=True)
    op.create_index("ix_users_tenant", "users", ["tenant"])
    op.create_table(
        "sessions",
        sa.Column("id", ident(), nullable=False),
        sa.Column("token_sha256", ident(), nullable=False),
        sa.Column("user_id", ident(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("seen_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_token_sha256", "sessions", ["token_sha256"], unique=True)
    op.create_table(
        "login_steps",
        sa.Column("token_sha256", ident(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", ident()),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_login_steps"),
    )
    op.create_index("ix_login_steps_expires_at", "login_steps", ["expires_at"])
    op.create_table(
        "login_failures",
        sa.Column("key", ident(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", Instant, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_failures"),
    )
    op.create_index("ix_login_failures_at", "login_failures", ["at"])
