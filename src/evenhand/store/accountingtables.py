"""The tables of accounting: tallies of decisions and of detectors, alerts, and how long each tenant's data is kept."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Index, Integer, Table

from evenhand.store.columns import Instant, Words, ident
from evenhand.store.schema import audit_log, decisions, metadata

# Totals only: no ids of contents, decisions or people. What is erased elsewhere stays counted here.
tallies = Table(
    "tallies",
    metadata,
    Column("what", ident(), primary_key=True),  # what is counted: see store/tallies.py
    Column("period", ident(), primary_key=True),  # a day, "2026-01-31"; an hour, "2026-01-31T09", for `hour`
    Column("tenant", ident(), primary_key=True),  # id of the API key; "" for none
    Column("line", Words, primary_key=True),
    Column("kind", ident(), primary_key=True),
    Column("language", ident(), primary_key=True),  # the first that was identified; "" for none
    Column("name", Words, primary_key=True),  # of the action, label, rule or detector that is counted
    Column("count", BigInteger, nullable=False),
)

tally_state = Table(
    "tally_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1
    Column("cursor", ident(), nullable=False),  # id of the last decision that was counted
    Column("changed_at", Instant, nullable=False),
)

detector_tallies = Table(
    "detector_tallies",
    metadata,
    Column("day", ident(), primary_key=True),
    Column("detector", ident(), primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("buckets", JSON, nullable=False),  # upper bound in seconds -> calls that took up to so long; "+Inf": longer
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("name", Words, nullable=False),
    Column("figure", ident(), nullable=False),
    Column("filters", JSON, nullable=False),
    Column("above", Integer, nullable=False),  # 1: raised above the threshold, 0: below it
    Column("threshold", Float, nullable=False),
    Column("window_s", Integer, nullable=False),
    Column("least", Integer, nullable=False),  # of what the figure is made; with fewer nothing is said
    Column("state", ident(), nullable=False),  # clear or raised
    Column("value", Float),
    Column("of", Integer),  # how many the value is made of
    Column("checked_at", Instant),
    Column("raised_at", Instant),
    Column("disabled_at", Instant),
    Column("created_by", ident(), nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("ix_alerts_name", alerts.c.name, unique=True)

tenant_retention = Table(
    "tenant_retention",
    metadata,
    Column("tenant", ident(), primary_key=True),
    Column("decisions_days", Integer),  # NULL: as the settings say
    Column("originals_days", Integer),
    Column("changed_at", Instant, nullable=False),
)

# Whose a decision is: for what is kept, erased and searched by tenant.
Index(
    "ix_decisions_key_id_decision_id",
    decisions.c.key_id,
    decisions.c.decision_id,
    sqlite_where=decisions.c.key_id.is_not(None),
    postgresql_where=decisions.c.key_id.is_not(None),
)
Index("ix_audit_log_actor_seq", audit_log.c.actor, audit_log.c.seq)
Index("ix_audit_log_action_seq", audit_log.c.action, audit_log.c.seq)
Index("ix_audit_log_at", audit_log.c.at)
