"""Policies: versions, lines, what decides, what is counted and undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import Instant, ident

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "policy_versions",
        sa.Column("id", ident(), nullable=False),
        sa.Column("policy", ident(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", ident(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", ident(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("proposed_at", Instant),
        sa.Column("approved_by", ident()),
        sa.Column("approved_at", Instant),
        sa.Column("audit", sa.JSON(none_as_null=True)),
        sa.Column("plan", sa.JSON(none_as_null=True)),
        sa.Column("due_at", Instant),
        sa.Column("live_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_policy_versions"),
    )
    op.create_index("ix_policy_versions_due_at", "policy_versions", ["due_at"])
    op.create_index("ix_policy_versions_policy_id", "policy_versions", ["policy", "id"])
    op.create_table(
        "policy_live",
        sa.Column("policy", ident(), nullable=False),
        sa.Column("live", ident()),
        sa.Column("previous", ident()),
        sa.Column("candidate", ident()),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("shadow", ident()),
        sa.Column("brake", sa.JSON(none_as_null=True)),
        sa.Column("since", Instant, nullable=False),
        sa.PrimaryKeyConstraint("policy", name="pk_policy_live"),
    )
    op.create_table(
        "policy_lines",
        sa.Column("name", ident(), nullable=False),
        sa.Column("policy", ident(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_policy_lines"),
    )
    op.create_table(
        "policy_revision",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_revision"),
    )
    op.create_table(
        "policy_comments",
        sa.Column("id", ident(), nullable=False),
        sa.Column("version_id", ident(), nullable=False),
        sa.Column("author", ident(), nullable=False),
        sa.Column("line", sa.Integer()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_comments"),
    )
    op.create_index("ix_policy_comments_version_id", "policy_comments", ["version_id"])
    op.create_table(
        "policy_tallies",
        sa.Column("version_id", ident(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("line", ident(), nullable=False),
        sa.Column("label", ident(), nullable=False),
        sa.Column("language", ident(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("would", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "version_id", "what", "at", "line", "label", "language", "was", "would", name="pk_policy_tallies"
        ),
    )
    op.create_index("ix_policy_tallies_at", "policy_tallies", ["at"])
    op.create_table(
        "policy_shadows",
        sa.Column("version_id", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("would", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "decision_id", name="pk_policy_shadows"),
    )
    op.create_table(
        "policy_runs",
        sa.Column("id", ident(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("policy", ident(), nullable=False),
        sa.Column("version_id", ident(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True)),
        sa.Column("error", sa.Text()),
        sa.Column("actor", ident(), nullable=False),
        sa.Column("job", ident()),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("finished_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_policy_runs"),
    )
    op.create_index("ix_policy_runs_version_id", "policy_runs", ["version_id"])
    op.create_table(
        "policy_undone",
        sa.Column("run_id", ident(), nullable=False),
        sa.Column("decision_id", ident(), nullable=False),
        sa.Column("was", sa.JSON(), nullable=False),
        sa.Column("now", sa.JSON(), nullable=False),
        sa.Column("item", sa.JSON(none_as_null=True)),
        sa.Column("at", Instant, nullable=False),
        sa.Column("reverted_at", Instant),
        sa.PrimaryKeyConstraint("run_id", "decision_id", name="pk_policy_undone"),
    )
    op.create_index("ix_policy_undone_decision_id", "policy_undone", ["decision_id"])
