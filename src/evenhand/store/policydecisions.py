"""Recorded decisions as policies look at them again: few columns, in pages, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from evenhand.domain import first_id
from evenhand.store.belonging import mine
from evenhand.store.database import Database
from evenhand.store.schema import decisions, originals

_PAGE = 1_000
_MOST_BYTES = 200_000  # of a kept text that is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a decision rested on."""

    decision_id: str
    line: str
    kind: str
    action: str  # what was decided
    rule: str | None
    policy: str
    version: str
    languages: tuple[str, ...]
    findings: list[dict[str, Any]]  # as Finding.as_dict gives them
    incomplete: Mapping[str, str]
    models: Mapping[str, str]  # detector -> version
    context: Mapping[str, Any]  # what was kept of it
    incidents: list[dict[str, Any]]
    text: str | None  # the content itself, where it is a text and was kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which decisions."""

    since: datetime
    until: datetime
    policy: str | None = None
    version: str | None = None
    lines: tuple[str, ...] | None = None
    action: str | None = None
    texts: bool = False  # give kept texts, too


class PastDecisions:
    """Reads decisions in the order they were made.

    Args:
        database: where.
        tenant: only decisions that its keys and people asked for; None: all.
    """

    def __init__(self, database: Database, *, tenant: str | None = None) -> None:
        self._database, self._tenant = database, tenant

    def within(self, tenant: str | None) -> PastDecisions:
        """Give the decisions of a tenant."""
        return PastDecisions(self._database, tenant=tenant)

    def count(self, chosen: Chosen) -> int:
        """Count them."""
        query = select(func.count()).select_from(decisions).where(*_where(chosen), *self._mine())
        return self._database.read(lambda connection: connection.execute(query).scalar_one())

    def pages(self, chosen: Chosen, *, after: str = "") -> Iterator[list[Past]]:
        """Give them in pages of a thousand, each read in a transaction of its own.

        Args:
            chosen: which.
            after: id of the last one already seen.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        c = decisions.c
        columns = [c.decision_id, c.line, c.kind, c.action, c.rule, c.policy, c.policy_version, c.languages]
        columns += [c.findings, c.incomplete, c.models, c.context, c.recording, c.content_hash]
        while True:
            query = select(*columns).where(*_where(chosen), *self._mine(), c.decision_id > after)
            query = query.order_by(c.decision_id).limit(_PAGE)
            rows = self._database.read(lambda connection, query=query: connection.execute(query).all())  # type: ignore[misc]
            texts = self._texts({row.content_hash for row in rows if row.kind == "text"}) if chosen.texts else {}
            if rows:
                yield [_past(row, texts) for row in rows]
            if len(rows) < _PAGE:
                return
            after = rows[-1].decision_id

    def actions(self, since: datetime, lines: tuple[str, ...] | None = None) -> dict[str, int]:
        """Count decisions since a moment by their action."""
        c = decisions.c
        query = select(c.action, func.count()).where(c.decision_id >= first_id(since), *self._mine())
        query = query.group_by(c.action)
        if lines is not None:
            query = query.where(c.line.in_(lines))
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row[0]: int(row[1]) for row in rows}

    def quoted(self, decision_ids: Sequence[str], *, most: int = 300) -> dict[str, str]:
        """Give the beginnings of texts that are still kept, by decision.

        Args:
            decision_ids: up to a thousand.
            most: characters of each.
        """
        c, o = decisions.c, originals.c
        query = select(c.decision_id, func.substr(o.body, 1, 4 * most)).where(
            c.decision_id.in_(list(decision_ids)),
            c.content_hash == o.content_hash,
            o.media_type == "text/plain",
            o.expires_at > datetime.now(UTC),
            *self._mine(),
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row[0]: bytes(row[1]).decode("utf-8", errors="ignore")[:most] for row in rows}

    def _mine(self) -> list[ColumnElement[bool]]:
        return mine(decisions.c.key_id, self._tenant)

    def _texts(self, hashes: set[str]) -> dict[str, str]:
        if not hashes:
            return {}
        c = originals.c
        query = select(c.content_hash, func.substr(c.body, 1, _MOST_BYTES)).where(
            c.content_hash.in_(hashes), c.media_type == "text/plain"
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {row[0]: bytes(row[1]).decode("utf-8", errors="replace") for row in rows}


def _where(chosen: Chosen) -> list[Any]:
    c = decisions.c
    where = [c.decision_id >= first_id(chosen.since), c.decision_id < first_id(chosen.until)]
    pairs = ((c.policy, chosen.policy), (c.policy_version, chosen.version), (c.action, chosen.action))
    where += [column == wanted for column, wanted in pairs if wanted is not None]
    if chosen.lines is not None:
        where.append(c.line.in_(chosen.lines))
    return where


def _past(row: Any, texts: Mapping[str, str]) -> Past:
    return Past(
        decision_id=row.decision_id,
        line=row.line or "default",
        kind=row.kind,
        action=row.action,
        rule=row.rule,
        policy=row.policy,
        version=row.policy_version or "",
        languages=tuple(row.languages or ()),
        findings=row.findings,
        incomplete=row.incomplete or {},
        models=row.models or {},
        context=row.context or {},
        incidents=(row.recording or {}).get("incidents") or [],
        text=texts.get(row.content_hash),
    )
