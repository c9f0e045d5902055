"""Fingerprints of stored decisions: what near-same content is found by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select

from evenhand.domain import Fingerprint
from evenhand.store.belonging import mine
from evenhand.store.database import Database
from evenhand.store.librarytables import decision_prints as table
from evenhand.store.schema import decisions

_TOGETHER = 500
_CHUNK = 4_000  # rows read at a time: 2 MB of texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """The fingerprint of one stored decision."""

    decision_id: str
    content_hash: str
    fingerprint: Fingerprint


class Prints:
    """Reads fingerprints; they are written with their decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, decision_ids: Sequence[str], *, tenant: str | None = None) -> dict[str, Fingerprint]:
        """Give the fingerprints of some decisions; those without one are left out.

        Args:
            decision_ids: of them.
            tenant: only decisions that its keys and people asked for; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        found: dict[str, Fingerprint] = {}
        for start in range(0, len(decision_ids), _TOGETHER):
            query = select(table).where(table.c.decision_id.in_(list(decision_ids[start : start + _TOGETHER])))
            query = query.where(*_mine(tenant))
            for row in self._rows(query):
                found[row.decision_id] = Fingerprint(kind=row.kind, data=bytes(row.print))
        return found

    def of_content(self, content_hash: str, *, tenant: str | None = None) -> Fingerprint | None:
        """Give the fingerprint of a content; None: none is kept.

        Args:
            content_hash: of it.
            tenant: only decisions that its keys and people asked for; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        rows = self._rows(select(table).where(table.c.content_hash == content_hash, *_mine(tenant)).limit(1))
        return Fingerprint(kind=rows[0].kind, data=bytes(rows[0].print)) if rows else None

    def newest(self, kind: str, *, most: int, tenant: str | None = None) -> Iterator[list[Printed]]:
        """Give the fingerprints of the newest decisions of a kind, some thousand at a time.

        Args:
            kind: of fingerprints.
            most: to give in all.
            tenant: only decisions that its keys and people asked for; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        before: str | None = None
        while most > 0:
            query = select(table).where(table.c.kind == kind, *_mine(tenant)).order_by(table.c.decision_id.desc())
            query = query.limit(min(_CHUNK, most))
            if before is not None:
                query = query.where(table.c.decision_id < before)
            rows = self._rows(query)
            if not rows:
                return
            yield [
                Printed(
                    decision_id=row.decision_id,
                    content_hash=row.content_hash,
                    fingerprint=Fingerprint(kind=row.kind, data=bytes(row.print)),
                )
                for row in rows
            ]
            before, most = rows[-1].decision_id, most - len(rows)

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return self._database.read(lambda connection: connection.execute(query).all())


def _mine(tenant: str | None) -> list[ColumnElement[bool]]:
    theirs = mine(decisions.c.key_id, tenant)
    return [table.c.decision_id.in_(select(decisions.c.decision_id).where(*theirs))] if theirs else []
