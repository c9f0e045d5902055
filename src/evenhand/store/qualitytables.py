"""The tables of quality and appeals."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from evenhand.store.columns import Instant, Words, ident
from evenhand.store.schema import metadata

review_tasks = Table(
    "review_tasks",
    metadata,
    # An item that was not made with its decision, or that became something else than one person's verdict on it.
    Column("item_id", ident(), primary_key=True),
    Column("decision_id", ident(), nullable=False, index=True),  # what the item is about
    Column("purpose", Text, nullable=False),  # "golden", "second", "disagreement" or "appeal"
    Column("source", ident()),  # id of the golden question or the appeal
    Column("created_at", Instant, nullable=False),
)

review_votes = Table(
    "review_votes",
    metadata,
    # Each verdict of each person, whether it took effect or not. The item holds the one that did.
    Column("item_id", ident(), primary_key=True),
    Column("person", ident(), primary_key=True),
    Column("id", ident(), nullable=False),  # by which others speak of it without naming the person
    Column("decision_id", ident(), nullable=False),
    Column("content_hash", ident(), nullable=False, index=True),
    Column("queue", ident(), nullable=False),
    Column("label", Words, nullable=False),
    Column("purpose", Text, nullable=False),  # "first", or as in review_tasks
    Column("source", ident()),
    Column("verdict", JSON, nullable=False),
    Column("correct", Integer),  # of a golden question: 1 or 0
    Column("at", Instant, nullable=False, index=True),
)
Index("ix_review_votes_id", review_votes.c.id, unique=True)
Index("ix_review_votes_decision_id_person", review_votes.c.decision_id, review_votes.c.person)
Index("ix_review_votes_person_at", review_votes.c.person, review_votes.c.at)

review_follows = Table(
    "review_follows",
    metadata,
    # A kind of job that is made when a verdict takes effect, each time one does.
    Column("decision_id", ident(), primary_key=True),
    Column("kind", ident(), primary_key=True),
    Column("tenant", ident(), nullable=False),  # the job's
    Column("source", JSON, nullable=False),  # the job's, besides `decision`
)

review_barred = Table(
    "review_barred",
    metadata,
    # Who may not have an item, whatever they may do otherwise: who took part in what an appeal is about.
    Column("item_id", ident(), primary_key=True),
    Column("person", ident(), primary_key=True),
)

golden_questions = Table(
    "golden_questions",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("decision_id", ident(), nullable=False),
    Column("content_hash", ident(), nullable=False, index=True),
    Column("queue", ident(), nullable=False),
    Column("verdict", JSON, nullable=False),  # the right one
    Column("note", Words, nullable=False),  # why, for who got it wrong
    Column("origin", Text, nullable=False),  # "agreed" or "hand"
    Column("made_by", ident(), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("retired_at", Instant),
)
Index("ix_golden_questions_decision_id", golden_questions.c.decision_id, unique=True)
Index("ix_golden_questions_queue_retired_at", golden_questions.c.queue, golden_questions.c.retired_at)

review_feedback = Table(
    "review_feedback",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("vote_id", ident(), nullable=False),
    Column("item_id", ident(), nullable=False, index=True),
    Column("decision_id", ident(), nullable=False, index=True),
    Column("person", ident(), nullable=False, index=True),  # whose verdict it is about
    Column("author", ident(), nullable=False, index=True),
    Column("note", Words, nullable=False),
    Column("answer", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("acknowledged_at", Instant),
)

calibrations = Table(
    "calibrations",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("name", Words, nullable=False),
    Column("made_by", ident(), nullable=False),
    Column("salt", Text, nullable=False),  # orders the letters that stand for people
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
)

calibration_items = Table(
    "calibration_items",
    metadata,
    Column("session", ident(), primary_key=True),
    Column("decision_id", ident(), primary_key=True),
    Column("place", Integer, nullable=False),
)

calibration_verdicts = Table(
    "calibration_verdicts",
    metadata,
    Column("session", ident(), primary_key=True),
    Column("decision_id", ident(), primary_key=True),
    Column("person", ident(), primary_key=True),
    Column("verdict", JSON, nullable=False),
    Column("at", Instant, nullable=False),
)

calibration_notes = Table(
    "calibration_notes",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("session", ident(), nullable=False, index=True),
    Column("decision_id", ident(), nullable=False),
    Column("person", ident(), nullable=False),
    Column("note", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
)

appeals = Table(
    "appeals",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("decision_id", ident(), nullable=False),
    Column("party", Words, nullable=False),  # who appeals, in the caller's words: "author", "reporter:17"
    Column("content_hash", ident(), nullable=False, index=True),
    Column("item_id", ident(), nullable=False),
    Column("via", Text, nullable=False),  # "api" or "link"
    Column("tenant", ident(), nullable=False),  # id of the API key that asked for the decision; "" for none
    Column("language", Text, nullable=False),  # of the appellant
    Column("statement", Words, nullable=False),
    Column("label", Words, nullable=False),  # of the decision, the one with the highest score
    Column("judged", Integer, nullable=False),  # 1: a person had judged; 0: the decision was automatic
    Column("before", JSON, nullable=False),  # action and labels as they stood
    Column("state", Text, nullable=False),  # "open", "upheld", "overturned" or "partly"
    Column("verdict", JSON(none_as_null=True)),
    Column("explanation", Words, nullable=False),  # for the appellant
    Column("decided_by", ident()),
    Column("decided_at", Instant),
    Column("due_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("ix_appeals_decision_id_party", appeals.c.decision_id, appeals.c.party, unique=True)
Index("ix_appeals_item_id", appeals.c.item_id, unique=True)
Index("ix_appeals_state_id", appeals.c.state, appeals.c.id)
Index("ix_appeals_decided_at", appeals.c.decided_at)
