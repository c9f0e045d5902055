"""What was made of contents so that people can look at them: perceptual hashes, embeddings, waveforms, transcripts.

Made when somebody first looks at a kept content, never while it is checked; deleted with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, exists, select

from evenhand.store.database import Database
from evenhand.store.qualitytables import review_tasks
from evenhand.store.records import Original
from evenhand.store.reviewrecords import ReviewItem
from evenhand.store.reviewrows import item
from evenhand.store.schema import decisions, originals
from evenhand.store.schema import review_items as items
from evenhand.store.wellnesstables import review_traits as table


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What is known of one content; None: not made, or it cannot be."""

    content_hash: str
    kind: str
    print: str | None = None  # perceptual hash: 64 hexadecimal digits of a picture, 16 of a text
    space: str | None = None  # version of the model that made the embedding
    embedding: bytes | None = None  # float16, little end first, of length 1
    peaks: Mapping[str, Any] | None = None
    transcript: Mapping[str, Any] | None = None


class TraitStore:
    """Reads and writes traits, and finds what was decided about the same content."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, content_hash: str) -> Traits | None:
        """Give what is known of a content; None: nothing yet.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table).where(table.c.content_hash == content_hash)
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        values = dict(row._mapping)
        del values["created_at"]
        return Traits(**values)

    def put(self, content_hash: str, kind: str, values: Mapping[str, Any]) -> None:
        """Keep some traits of a content, as long as its original is kept; the others stay as they are.

        Args:
            content_hash: whose.
            kind: content kind.
            values: names and values of fields of Traits.

        Raises:
            StoreError: nothing was stored.
        """
        row = {"content_hash": content_hash, "kind": kind, "created_at": datetime.now(UTC), **values}
        known = self._database.insert(table).values(row)
        put = known.on_conflict_do_update(index_elements=["content_hash"], set_=dict(values))
        self._database.write(lambda connection: connection.execute(put), repeatable=True)

    def others(self, content_hash: str, kind: str, *, most: int) -> list[Traits]:
        """Give the newest other contents of a kind, with print and embedding alone.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        c = table.c
        query = (
            select(c.content_hash, c.kind, c.print, c.space, c.embedding)
            .where(c.kind == kind, c.content_hash != content_hash)
            .order_by(c.created_at.desc())
            .limit(most)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [Traits(**row._mapping) for row in rows]

    def past(self, content_hashes: Sequence[str], *, but: str, most: int) -> list[tuple[ReviewItem, dict[str, Any]]]:
        """Give review items about contents, newest first, each with action, labels and reason of its decision.

        Args:
            content_hashes: up to a few hundred.
            but: id of the item that is left out, with what it is about: a second opinion is asked for blind.
            most: given at most.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        c, now = decisions.c, datetime.now(UTC)
        query = (
            select(items)
            .where(items.c.content_hash.in_(list(content_hashes)), items.c.decision_id != but, ~_about(items, but))
            .order_by(items.c.decision_id.desc())
            .limit(most)
        )

        def work(connection: Connection) -> list[tuple[ReviewItem, dict[str, Any]]]:
            found = [item(row, now) for row in connection.execute(query).all()]
            what = select(c.decision_id, c.action, c.labels, c.reason).where(
                c.decision_id.in_([one.decision_id for one in found])
            )
            about = {row.decision_id: dict(row._mapping) for row in connection.execute(what).all()}
            return [(one, about[one.decision_id]) for one in found if one.decision_id in about]

        return self._database.read(work)

    def decided(self, content_hashes: Sequence[str], *, but: str, most: int) -> list[dict[str, Any]]:
        """Give other decisions about contents, newest first: those that asked nobody, too.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        c = decisions.c
        query = (
            select(c.decision_id, c.content_hash, c.action, c.rule, c.created_at)
            .where(c.content_hash.in_(list(content_hashes)), c.decision_id != but, ~_about(decisions, but))
            .order_by(c.decision_id.desc())
            .limit(most)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [dict(row._mapping) for row in rows]

    def originals(self, content_hashes: Sequence[str]) -> dict[str, Original]:
        """Give kept texts of up to a few hundred contents by their hashes.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        c = originals.c
        query = select(c.content_hash, c.media_type, c.body).where(
            c.content_hash.in_(list(content_hashes)), c.expires_at > datetime.now(UTC), c.media_type.startswith("text/")
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row.content_hash: Original(body=bytes(row.body), media_type=row.media_type) for row in rows}


def _about(of: Table, item_id: str) -> ColumnElement[bool]:
    """Say whether a row is of the decision that an item with an id of its own is about."""
    return exists().where(review_tasks.c.item_id == item_id, review_tasks.c.decision_id == of.c.decision_id)
