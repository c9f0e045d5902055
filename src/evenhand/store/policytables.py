"""The tables of policies: their versions, which of them decide, and what is counted and undone."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, Table, Text

from evenhand.store.columns import Instant, Words, ident
from evenhand.store.schema import metadata

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("policy", ident(), nullable=False),
    Column("version", Words, nullable=False),
    Column("document", Words, nullable=False),
    Column("sha256", ident(), nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Words, nullable=False),
    Column("author", ident(), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("proposed_at", Instant),
    Column("approved_by", ident()),
    Column("approved_at", Instant),
    Column("audit", JSON(none_as_null=True)),  # of the fairness audit: passed, failures, when
    Column("plan", JSON(none_as_null=True)),  # how it is to be published, once due and audited
    Column("due_at", Instant),  # NULL: nothing is planned
    Column("live_at", Instant),  # when it first decided
    Column("tenant", ident()),  # whose it is; NULL: nobody's, for all
)
Index("ix_policy_versions_policy_id", policy_versions.c.policy, policy_versions.c.id)
Index("ix_policy_versions_due_at", policy_versions.c.due_at)

policy_live = Table(
    "policy_live",
    metadata,
    Column("policy", ident(), primary_key=True),
    Column("live", ident()),  # id of a version; NULL: none decides
    Column("previous", ident()),  # what a rollback goes back to
    Column("candidate", ident()),  # the version that is rolled out
    Column("share", Float, nullable=False),  # of contents that the candidate decides, 0 to 1
    Column("by", Words, nullable=False),  # what the share is taken by: "content", or a path of the context
    Column("shadow", ident()),
    Column("brake", JSON(none_as_null=True)),
    Column("since", Instant, nullable=False),  # from when the brake counts
    Column("tenant", ident()),
)

policy_lines = Table(
    "policy_lines",
    metadata,
    Column("name", ident(), primary_key=True),
    Column("policy", ident(), nullable=False),
    Column("description", Words, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("tenant", ident()),  # whose contents alone it is for; NULL: everybody's
)

policy_revision = Table(
    "policy_revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("revision", Integer, nullable=False),  # rises with every change of what decides
)

policy_comments = Table(
    "policy_comments",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("version_id", ident(), nullable=False, index=True),
    Column("author", ident(), nullable=False),
    Column("line", Integer),
    Column("text", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
)

policy_tallies = Table(
    "policy_tallies",
    metadata,
    Column("version_id", ident(), primary_key=True),
    Column("what", Text, primary_key=True),  # "ruled" or "shadow"
    Column("at", Instant, primary_key=True),  # start of the stretch that is counted
    Column("line", ident(), primary_key=True),
    Column("label", ident(), primary_key=True),
    Column("language", ident(), primary_key=True),
    Column("was", Text, primary_key=True),  # what was done; "" of "ruled"
    Column("would", Text, primary_key=True),  # what this version says
    Column("count", Integer, nullable=False),
)
Index("ix_policy_tallies_at", policy_tallies.c.at)

policy_shadows = Table(
    "policy_shadows",
    metadata,
    Column("version_id", ident(), primary_key=True),
    Column("decision_id", ident(), primary_key=True),
    Column("line", Words, nullable=False),
    Column("label", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("was", Text, nullable=False),
    Column("would", Text, nullable=False),
    Column("rule", Words),
    Column("reason", Words, nullable=False),
)

policy_runs = Table(
    "policy_runs",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("kind", Text, nullable=False),  # "audit", "blast", "undo" or "revert"
    Column("policy", ident(), nullable=False),
    Column("version_id", ident(), nullable=False, index=True),
    Column("asked", JSON, nullable=False),
    Column("state", Text, nullable=False),  # "queued", "running", "done" or "failed"
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("result", JSON(none_as_null=True)),
    Column("error", Words),
    Column("actor", ident(), nullable=False),
    Column("job", ident()),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
)

policy_undone = Table(
    "policy_undone",
    metadata,
    Column("run_id", ident(), primary_key=True),
    Column("decision_id", ident(), primary_key=True),
    Column("was", JSON, nullable=False),
    Column("now", JSON, nullable=False),
    Column("item", JSON(none_as_null=True)),  # the review item that went with it, for the way back
    Column("at", Instant, nullable=False),
    Column("reverted_at", Instant),
)
Index("ix_policy_undone_decision_id", policy_undone.c.decision_id)
