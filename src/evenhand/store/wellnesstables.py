"""The tables of reviewers' wellness (what each set for themselves, and what each was shown), and of what was made of
contents so that people can look at them.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, LargeBinary, Table, Text

from evenhand.store.columns import Instant, Words, ident
from evenhand.store.schema import metadata

wellness = Table(
    "wellness",
    metadata,
    Column("person", ident(), primary_key=True),
    Column("settings", JSON, nullable=False),  # only what differs from the defaults
    Column("rest_until", Instant),  # end of the last break that was due or taken
    Column("changed_at", Instant, nullable=False),
)

exposures = Table(
    "exposures",
    metadata,
    Column("person", ident(), primary_key=True),
    Column("decision_id", ident(), primary_key=True),
    Column("label", Words, nullable=False),  # the one with the highest score; "" for none
    Column("labels", JSON, nullable=False),  # all from 0.5 up, and that one
    Column("at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),  # of the last thing they did with it
)
Index("ix_exposures_person_at", exposures.c.person, exposures.c.at)
Index("ix_exposures_at", exposures.c.at)

review_traits = Table(
    "review_traits",
    metadata,
    # Made when somebody first looks at a kept content; deleted with it.
    Column("content_hash", ident(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("print", ident()),  # perceptual hash in hexadecimal: 64 digits of a picture, 16 of a text; NULL: none
    Column("space", Text),  # version of the model that made the embedding
    Column("embedding", LargeBinary),  # float16, little end first, of length 1
    Column("peaks", JSON(none_as_null=True)),  # of a recording's sound
    Column("transcript", JSON(none_as_null=True)),
    Column("created_at", Instant, nullable=False),
)
Index("ix_review_traits_kind_created_at", review_traits.c.kind, review_traits.c.created_at)
