"""The tables of libraries that the store keeps, of proposals, and of what near-same content is found by."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, Table, Text

from evenhand.store.columns import Instant, Words, ident
from evenhand.store.schema import metadata

library_heads = Table(
    "library_heads",
    metadata,
    Column("name", ident(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("head", JSON, nullable=False),  # colour, label, languages, options, note
    Column("version", Integer, nullable=False),  # from 1; one more with each change
    Column("size", Integer, nullable=False),  # entries
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("removed_at", Instant),  # NULL: in use. The row stays, so that its versions can be told
)

# An entry is never changed: it has a first revision, and one from which on it is gone. So every version can be given.
library_entries = Table(
    "library_entries",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("library", ident(), nullable=False),
    Column("value", Words, nullable=False),
    Column("digest", ident(), nullable=False),  # SHA-256 of how it is found and of its value
    Column("fields", JSON, nullable=False),
    Column("expires_at", Instant),
    Column("added", Integer, nullable=False, index=True),
    Column("removed", Integer, index=True),
)
Index("ix_library_entries_library_digest", library_entries.c.library, library_entries.c.digest)

library_changes = Table(
    "library_changes",
    metadata,
    Column("revision", Integer, primary_key=True, autoincrement=False),  # of all libraries together
    Column("library", ident(), nullable=False),
    Column("version", Integer, nullable=False),  # of this one, as of then
    Column("at", Instant, nullable=False),
    Column("actor", ident(), nullable=False),
    Column("action", Text, nullable=False),
    Column("head", JSON, nullable=False),  # as of then
    Column("added", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("note", Words, nullable=False),
)
Index("ix_library_changes_library_version", library_changes.c.library, library_changes.c.version, unique=True)

proposals = Table(
    "proposals",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("digest", ident(), nullable=False, index=True),  # of kind and change: the same is not proposed twice
    Column("title", Words, nullable=False),
    Column("change", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("effect", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("made_by", ident(), nullable=False),
    Column("persons", JSON, nullable=False),  # ids of those whose word it rests on: they do not approve it
    Column("created_at", Instant, nullable=False),
    Column("decided_by", ident()),
    Column("decided_at", Instant),
    Column("reason", Words, nullable=False),
    Column("done", JSON(none_as_null=True)),  # what applying it did: what undoing it needs
)
Index("ix_proposals_state_id", proposals.c.state, proposals.c.id)

decision_prints = Table(
    "decision_prints",
    metadata,
    # No foreign key: written in the same transaction as its decision, and deleted with it.
    Column("decision_id", ident(), primary_key=True),
    Column("content_hash", ident(), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("print", LargeBinary, nullable=False),
)
Index("ix_decision_prints_kind_decision_id", decision_prints.c.kind, decision_prints.c.decision_id)

mark_prints = Table(
    "mark_prints",
    metadata,
    Column("mark_id", ident(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("print", LargeBinary, nullable=False),
    Column("carried", JSON(none_as_null=True)),  # label -> score of what was found in the content; NULL: not known
)

mark_touches = Table(
    "mark_touches",
    metadata,
    Column("mark_id", ident(), primary_key=True),
    Column("decision_id", ident(), primary_key=True),
    Column("alike", Integer, nullable=False),  # per cent; 100: the very same content
)
Index("ix_mark_touches_decision_id", mark_touches.c.decision_id)
