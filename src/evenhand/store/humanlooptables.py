"""The table of human loops: names that callers of another vendor's API gave to what people look at."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from evenhand.store.columns import Instant, ident
from evenhand.store.schema import metadata

human_loops = Table(
    "human_loops",
    metadata,
    Column("caller", ident(), primary_key=True),  # id of the key pair that started it
    Column("name", ident(), primary_key=True),
    Column("flow", Text, nullable=False),  # its flow definition's ARN, as the caller gave it
    Column("decision_id", ident(), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("stopped_at", Instant),
)
Index("ix_human_loops_caller_created_at", human_loops.c.caller, human_loops.c.created_at)
Index("ix_human_loops_decision_id", human_loops.c.decision_id)
