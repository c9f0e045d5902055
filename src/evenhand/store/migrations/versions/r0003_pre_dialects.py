"""Keys of dialects, nonces of signed requests, suggested scores, and headers of idempotent answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _ident() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables and the column."""
    op.create_table(
        "dialect_keys",
        sa.Column("id", _ident(), nullable=False),
        sa.Column("dialect", _ident(), nullable=False),
        sa.Column("access_id", _ident(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("expires_at", _instant()),
        sa.Column("revoked_at", _instant()),
        sa.Column("last_used_at", _instant()),
        sa.PrimaryKeyConstraint("id", name="pk_dialect_keys"),
    )
    op.create_index("ix_dialect_keys_access_id", "dialect_keys", ["access_id"], unique=True)
    op.create_table(
        "nonces",
        sa.Column("key_id", _ident(), nullable=False),
        sa.Column("nonce", _ident(), nullable=False),
        sa.Column("expires_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "nonce", name="pk_nonces"),
    )
    op.create_index("ix_nonces_expires_at", "nonces", ["expires_at"])
    op.create_table(
        "suggestions",
        sa.Column("id", _ident(), nullable=False),
        sa.Column("dialect", _ident(), nullable=False),
        sa.Column("content_hash", _ident(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("key_id", _ident()),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suggestions"),
    )
    op.create_index("ix_suggestions_content_hash", "suggestions", ["content_hash"])
    op.add_column("idempotency", sa.Column("headers", sa.JSON()))
