"""The tables of what alike contents are found by: embeddings of decisions' contents, and of marks."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text

from evenhand.store.columns import ident
from evenhand.store.schema import metadata

decision_vectors = Table(
    "decision_vectors",
    metadata,
    # No foreign key: written in the same transaction as its decision, and deleted with it.
    Column("decision_id", ident(), primary_key=True),
    Column("content_hash", ident(), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("space", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("landmarks", LargeBinary),  # last, and never read while vectors are looked through: 9 kB
)
Index("ix_decision_vectors_kind_decision_id", decision_vectors.c.kind, decision_vectors.c.decision_id)

mark_vectors = Table(
    "mark_vectors",
    metadata,
    Column("mark_id", ident(), primary_key=True),
    Column("asks", Boolean, nullable=False),  # a person is asked about alike contents while the mark is applied
    Column("kind", Text, nullable=False),
    Column("space", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("landmarks", LargeBinary),
)

# Contents that a person chose among those alike: answered as the mark says while it is applied.
mark_chosen = Table(
    "mark_chosen",
    metadata,
    Column("mark_id", ident(), primary_key=True),
    Column("decision_id", ident(), primary_key=True),
    Column("content_hash", ident(), nullable=False),
    Column("alike", Integer, nullable=False),  # per cent
)
