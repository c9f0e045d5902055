"""Embeddings of stored decisions and of marks: what alike contents are found by, and which of them a person chose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select

from evenhand.domain import Embedding, Result
from evenhand.errors import ConflictError
from evenhand.store.belonging import mine
from evenhand.store.database import Database
from evenhand.store.reviewrecords import Chosen, NewMark
from evenhand.store.schema import decisions, marks, originals
from evenhand.store.vectortables import decision_vectors as table
from evenhand.store.vectortables import mark_chosen as chosen
from evenhand.store.vectortables import mark_vectors as of_marks

MOST_ASKING = 20_000  # applied marks that ask about alike contents: every content is compared with all of them
_TOGETHER = 500
_CHUNK = 4_000  # rows read at a time: 5 MB of texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """The embedding of one stored decision's content, or the place of one."""

    decision_id: str
    content_hash: str
    embedding: Embedding | None = None  # without landmarks where many are read; None: not kept, but the content is


class DecisionVectors:
    """Reads embeddings of decisions' contents; they are written with their decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, content_hash: str, space: str, *, tenant: str | None = None) -> Embedding | None:
        """Give the embedding of a content, with landmarks; None: none of this space is kept.

        Args:
            content_hash: of it.
            space: the model that made it.
            tenant: only decisions that its keys and people asked for; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table).where(table.c.content_hash == content_hash, table.c.space == space)
        rows = self._rows(_whose(query, tenant).limit(1))
        return _embedding(rows[0], rows[0].landmarks) if rows else None

    def newest_of(self, content_hash: str, *, tenant: str | None = None) -> Embedding | None:
        """Give the embedding of a content that was made last, of whatever space, with landmarks; else as `of`."""
        query = select(table).where(table.c.content_hash == content_hash).order_by(table.c.decision_id.desc())
        rows = self._rows(_whose(query, tenant).limit(1))
        return _embedding(rows[0], rows[0].landmarks) if rows else None

    def newest(
        self, kind: str, space: str, *, most: int, tenant: str | None = None
    ) -> Iterator[list[tuple[Embedded, bytes]]]:
        """Give the packed vectors of the newest decisions of a kind, some thousand at a time, without landmarks.

        Args:
            kind: "text" or "image".
            space: the model that made them.
            most: to give in all.
            tenant: only decisions that its keys and people asked for; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        before: str | None = None
        while most > 0:
            query: Select[Any] = select(table.c.decision_id, table.c.content_hash, table.c.vector)
            query = _whose(query.where(table.c.kind == kind, table.c.space == space), tenant)
            query = query.order_by(table.c.decision_id.desc()).limit(min(_CHUNK, most))
            if before is not None:
                query = query.where(table.c.decision_id < before)
            rows = self._rows(query)
            if not rows:
                return
            yield [(Embedded(decision_id=r.decision_id, content_hash=r.content_hash), bytes(r.vector)) for r in rows]
            before, most = rows[-1].decision_id, most - len(rows)

    def lacking(self, kind: str, space: str, *, most: int, tenant: str | None = None) -> list[Embedded]:
        """Give the newest decisions whose content is kept, and no embedding of it; of each content one.

        Args:
            kind: "text" or "image".
            space: the model that would make it.
            most: to give.
            tenant: only decisions that its keys and people asked for; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        newest = func.max(decisions.c.decision_id)
        has = select(table.c.content_hash).where(table.c.content_hash == decisions.c.content_hash)
        query = (
            select(newest.label("decision_id"), decisions.c.content_hash)
            .join(originals, originals.c.content_hash == decisions.c.content_hash)
            .where(decisions.c.kind == kind, ~has.where(table.c.space == space).exists())
            .where(*mine(decisions.c.key_id, tenant))
            .group_by(decisions.c.content_hash)
            .order_by(newest.desc())
            .limit(most)
        )
        return [Embedded(decision_id=r.decision_id, content_hash=r.content_hash) for r in self._rows(query)]

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return self._database.read(lambda connection: connection.execute(query).all())


class MarkVectors:
    """Reads embeddings of marks, and which contents were chosen with them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, mark_ids: Sequence[str]) -> dict[str, Embedding]:
        """Give the embeddings of up to some thousand marks, with landmarks; those without one are left out.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        found: dict[str, Embedding] = {}
        for start in range(0, len(mark_ids), _TOGETHER):
            query = select(of_marks).where(of_marks.c.mark_id.in_(list(mark_ids[start : start + _TOGETHER])))
            for row in self._database.read(lambda connection, query=query: connection.execute(query).all()):  # type: ignore[misc]
                found[row.mark_id] = _embedding(row, row.landmarks)
        return found

    def chosen(self) -> dict[str, list[str]]:
        """Give the hashes of the contents that were chosen with applied marks, by the marks' ids.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(chosen.c.mark_id, chosen.c.content_hash).join(marks, marks.c.id == chosen.c.mark_id)
        query = query.where(marks.c.state == "applied").order_by(marks.c.applied_at, chosen.c.decision_id)
        found: dict[str, list[str]] = {}
        for row in self._database.read(lambda connection: connection.execute(query).all()):
            found.setdefault(row.mark_id, []).append(row.content_hash)
        return found


def vector_row(result: Result) -> dict[str, object]:
    """Give the row that keeps the embedding of a result that has one."""
    made = result.embedding
    return {
        "decision_id": result.decision_id,
        "content_hash": result.content_hash,
        "kind": made.kind if made is not None else "",
        "space": made.space if made is not None else "",
        "vector": made.vector if made is not None else b"",
        "landmarks": made.landmarks if made is not None else None,
    }


def keep_vector(connection: Connection, mark_id: str, new: NewMark) -> None:
    """Keep the embedding of a new mark, if it has one."""
    made = new.embedding
    if made is not None:
        row = {"kind": made.kind, "space": made.space, "vector": made.vector, "landmarks": made.landmarks}
        connection.execute(insert(of_marks), {"mark_id": mark_id, "asks": new.asks, **row})


def choose(connection: Connection, mark_ids: Sequence[str], some: Sequence[Chosen]) -> None:
    """Write down what was chosen with marks that are being applied; what was chosen before is chosen no more."""
    unchoose(connection, mark_ids)
    if some:
        rows = [
            {"mark_id": x.mark, "decision_id": x.decision_id, "content_hash": x.content_hash, "alike": x.alike}
            for x in some
        ]
        connection.execute(insert(chosen), rows)


def unchoose(connection: Connection, mark_ids: Sequence[str] | Select[Any]) -> None:
    """Forget what was chosen with marks."""
    connection.execute(delete(chosen).where(chosen.c.mark_id.in_(mark_ids)))


def refuse_many(connection: Connection) -> None:
    """Refuse more marks that ask than every content can be compared with.

    Raises:
        ConflictError: there are more.
    """
    query = select(func.count()).select_from(of_marks).join(marks, marks.c.id == of_marks.c.mark_id)
    count = connection.execute(query.where(of_marks.c.asks, marks.c.state == "applied")).scalar_one()
    if count > MOST_ASKING:
        raise ConflictError(f"more than {MOST_ASKING} marks would ask about alike contents: undo some first")


def forget_content(connection: Connection, content_hash: str, *, wholly: bool) -> None:
    """Delete the embeddings of a content's decisions; `wholly`: no mark speaks of it any more, either."""
    connection.execute(delete(table).where(table.c.content_hash == content_hash))
    if wholly:
        connection.execute(delete(chosen).where(chosen.c.content_hash == content_hash))


def forget_marks(connection: Connection, mark_ids: Select[Any]) -> None:
    """Delete what is kept of marks besides."""
    unchoose(connection, mark_ids)
    connection.execute(delete(of_marks).where(of_marks.c.mark_id.in_(mark_ids)))


def _whose(query: Select[Any], tenant: str | None) -> Select[Any]:
    theirs = mine(decisions.c.key_id, tenant)
    return query.where(table.c.decision_id.in_(select(decisions.c.decision_id).where(*theirs))) if theirs else query


def _embedding(row: Row[Any], landmarks: bytes | None) -> Embedding:
    held = None if landmarks is None else bytes(landmarks)
    return Embedding(kind=row.kind, space=row.space, vector=bytes(row.vector), landmarks=held)
