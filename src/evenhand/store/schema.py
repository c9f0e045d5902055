"""The tables. Migrations make exactly these; a test compares them on both databases."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

from evenhand.store.columns import Instant, Words, ident

# Every revision, oldest first; the last is what this version of evenhand needs.
REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0021",
    "0022",
)

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", ident(), primary_key=True),
    Column("caller_id", Words),
    Column("content_hash", ident(), nullable=False),
    Column("kind", Text, nullable=False),
    Column("policy", Words, nullable=False),
    Column("policy_version", Words),
    Column("line", Words),
    Column("action", Text, nullable=False),
    Column("rule", Words),
    Column("reason", Words, nullable=False),
    Column("languages", JSON, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("incomplete", JSON(none_as_null=True)),  # NULL: every detector answered
    Column("models", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("timing_ms", JSON, nullable=False),
    Column("context", JSON(none_as_null=True)),  # only keys that the operator allows
    # No foreign key: a key may be removed while the decisions it asked for are kept.
    Column("key_id", ident()),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("recording", JSON(none_as_null=True)),  # of a video or a sound: its incidents and media
)
# Equality only, of any length: a B-tree of PostgreSQL refuses long values.
Index("ix_decisions_caller_id", decisions.c.caller_id, postgresql_using="hash")
Index("ix_decisions_content_hash", decisions.c.content_hash)
Index("ix_decisions_action_decision_id", decisions.c.action, decisions.c.decision_id)
Index(
    "ix_decisions_expires_at",
    decisions.c.expires_at,
    sqlite_where=decisions.c.expires_at.is_not(None),
    postgresql_where=decisions.c.expires_at.is_not(None),
)

originals = Table(
    "originals",
    metadata,
    # One copy of a content, however often it was submitted; decisions point to it by their content_hash.
    Column("content_hash", ident(), primary_key=True),
    Column("media_type", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("name", Words, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("token_sha256", ident(), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    Column("tenant", ident()),  # NULL: nobody's
    Column("created_by", ident()),  # id of the user or key that made it; NULL: made before accounts were
)
Index("ix_api_keys_token_sha256", api_keys.c.token_sha256, unique=True)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key_id", ident(), primary_key=True),  # "" for callers without a key
    Column("key", Words, primary_key=True),
    Column("fingerprint", ident(), nullable=False),
    Column("owner", ident(), nullable=False),
    Column("status", Integer),  # NULL: still being answered
    Column("media_type", Text),
    Column("response", LargeBinary),
    Column("headers", JSON(none_as_null=True)),  # of the answer, those that callers need; NULL: none
    Column("created_at", Instant, nullable=False),
    # While being answered: when the claim may be taken over. Afterwards: when the answer is forgotten.
    Column("expires_at", Instant, nullable=False, index=True),
)

policies = Table(
    "policies",
    metadata,
    Column("name", Words, primary_key=True),
    Column("version", Words, primary_key=True),
    Column("sha256", ident(), nullable=False),
    Column("document", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
)

libraries = Table(
    "libraries",
    metadata,
    Column("name", Words, primary_key=True),
    Column("version", Words, primary_key=True),
    Column("sha256", ident(), primary_key=True),
    Column("created_at", Instant, nullable=False),
)

classes = Table(
    "classes",
    metadata,
    Column("name", ident(), primary_key=True),
    Column("label", Text, nullable=False),
    Column("version", ident(), nullable=False),
    Column("space", Text, nullable=False),
    Column("weights", LargeBinary, nullable=False),
    Column("quality", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
)

dialect_keys = Table(
    "dialect_keys",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("dialect", ident(), nullable=False),
    Column("access_id", ident(), nullable=False),
    Column("secret", LargeBinary, nullable=False),  # sealed with EVENHAND_SECRET_KEY: signatures need it readable
    Column("name", Words, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
)
Index("ix_dialect_keys_access_id", dialect_keys.c.access_id, unique=True)

nonces = Table(
    "nonces",
    metadata,
    Column("key_id", ident(), primary_key=True),
    Column("nonce", ident(), primary_key=True),  # SHA-256 of what makes the signed request the only one of its kind
    Column("expires_at", Instant, nullable=False, index=True),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("dialect", ident(), nullable=False),
    Column("content_hash", ident(), nullable=False, index=True),
    Column("scores", JSON, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("details", JSON, nullable=False),
    Column("key_id", ident()),
    Column("created_at", Instant, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("tenant", ident(), nullable=False),  # id of the API key that asked; "" for none
    Column("caller_id", Words),
    Column("state", Text, nullable=False),
    Column("options", JSON, nullable=False),
    Column("source", JSON, nullable=False),
    Column("content_hash", ident()),
    Column("dedup", ident()),  # NULL: never answered with an earlier job, or this one failed
    Column("unit", Text),
    Column("result", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
    Column("replays", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("deadline_at", Instant, nullable=False),
    Column("expires_at", Instant),  # NULL: not finished, or kept for good
)
Index("ix_jobs_dedup", jobs.c.dedup, unique=True)
Index("ix_jobs_state_id", jobs.c.state, jobs.c.id)
Index("ix_jobs_tenant_id", jobs.c.tenant, jobs.c.id)

job_tasks = Table(
    "job_tasks",
    metadata,
    Column("job_id", ident(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # -1 the plan, from 0 the segments, then the last
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column(
        "round", Integer, nullable=False
    ),  # rises each time it is handed to the queue: tells one try from a later one
    Column("attempts", Integer, nullable=False),
    Column("starts", Integer, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("progress", JSON(none_as_null=True)),
    Column("result", JSON(none_as_null=True)),
    Column("amount", Float, nullable=False),
    Column("error", JSON(none_as_null=True)),
    Column("worker", ident()),
    Column("run_after", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
)
# The outbox: what commits with its job waits here until a worker has put it into the queue.
Index("ix_job_tasks_state_run_after", job_tasks.c.state, job_tasks.c.run_after)

job_workers = Table(
    "job_workers",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("host", Words, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("slots", Integer, nullable=False),
    Column(
        "beats", Integer, nullable=False
    ),  # rises while it lives; watchers use their own clocks, never this machine's
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("name", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("events", JSON, nullable=False),
    Column("secrets", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)
Index("ix_webhooks_name", webhooks.c.name, unique=True)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", ident(), primary_key=True),
    # No foreign key: the log outlives the endpoint.
    Column("webhook_id", ident(), nullable=False),
    Column("event", Text, nullable=False),
    Column("body", Words, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("delivered_at", Instant),
)
Index("ix_webhook_deliveries_webhook_id_id", webhook_deliveries.c.webhook_id, webhook_deliveries.c.id)

blocklists = Table(
    "blocklists",
    metadata,
    Column("name", ident(), primary_key=True),
    Column("description", Words),
    Column("revision", ident(), nullable=False),  # another one after each change of the items
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

blocklist_items = Table(
    "blocklist_items",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("blocklist", ident(), nullable=False),
    Column("text", Words, nullable=False),
    Column("description", Words),
)
Index("ix_blocklist_items_blocklist_text", blocklist_items.c.blocklist, blocklist_items.c.text, unique=True)

review_items = Table(
    "review_items",
    metadata,
    # No foreign key: the row is written in the same transaction as its decision, and goes with it.
    Column("decision_id", ident(), primary_key=True),
    Column("queue", ident(), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("tenant", ident(), nullable=False),
    Column("line", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("label", Words, nullable=False),
    Column("content_hash", ident(), nullable=False, index=True),
    Column("shown_hash", ident()),  # of a golden question, what people see instead; NULL: the content's own
    Column("holder", ident()),
    Column("free_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("note", Words, nullable=False),
    Column("verdict", JSON(none_as_null=True)),
    Column("decided_by", ident()),
    Column("decided_at", Instant),
    Column("created_at", Instant, nullable=False),
)
# Claiming reads these in this order: what is urgent first.
Index(
    "ix_review_items_waiting",
    review_items.c.queue,
    review_items.c.priority.desc(),
    review_items.c.due_at,
    review_items.c.decision_id,
    sqlite_where=review_items.c.state == "waiting",
    postgresql_where=review_items.c.state == "waiting",
)
Index("ix_review_items_decided_at", review_items.c.decided_at)

review_skips = Table(
    "review_skips",
    metadata,
    Column("decision_id", ident(), primary_key=True),
    Column("person", ident(), primary_key=True),
    Column("reason", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("decision_id", ident()),
    Column("content_hash", ident(), nullable=False, index=True),
    Column("verdict", JSON, nullable=False),
    Column("person", ident(), nullable=False),
    Column("state", Text, nullable=False),
    Column("applied_by", ident()),
    Column("applied_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("tenant", ident()),  # whose contents it answers; NULL: everybody's
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("actor", ident(), nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Words, nullable=False),
    Column("payload", JSON(none_as_null=True)),  # NULL: erased
    Column("payload_sha256", ident(), nullable=False),
    Column("previous", ident(), nullable=False),
    Column("hash", ident(), nullable=False),
)
Index("ix_audit_log_subject", audit_log.c.subject, postgresql_using="hash")

from evenhand.store import accountingtables as _accountingtables  # noqa: E402, F401
from evenhand.store import accounttables as _accounttables  # noqa: E402, F401  (belongs to the same metadata)
from evenhand.store import classtables as _classtables  # noqa: E402, F401
from evenhand.store import humanlooptables as _humanlooptables  # noqa: E402, F401
from evenhand.store import librarytables as _librarytables  # noqa: E402, F401  (belongs to the same metadata)
from evenhand.store import policytables as _policytables  # noqa: E402, F401
from evenhand.store import qualitytables as _qualitytables  # noqa: E402, F401
from evenhand.store import streamtables as _streamtables  # noqa: E402, F401  (belongs to the same metadata)
from evenhand.store import wellnesstables as _wellnesstables  # noqa: E402, F401
