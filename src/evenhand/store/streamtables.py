"""The tables of live streams."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from evenhand.store.columns import Instant, Words, ident
from evenhand.store.schema import metadata

streams = Table(
    "streams",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("tenant", ident(), nullable=False),  # id of the API key that asked; "" for none
    Column("caller_id", Words),
    Column("url", Words, nullable=False),  # with its secrets; never given out
    Column("shown", Words, nullable=False),
    Column("options", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("progress", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
    Column("worker", ident()),
    Column("beats", Integer, nullable=False),  # rises while its worker lives; see job_workers
    Column("starts", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
)
Index("ix_streams_state_id", streams.c.state, streams.c.id)
Index("ix_streams_tenant_id", streams.c.tenant, streams.c.id)

stream_events = Table(
    "stream_events",
    metadata,
    Column("stream_id", ident(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("data", JSON, nullable=False),
)
