"""The log of decisions: written in bulk, read one at a time or in pages, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, Unpack

from sqlalchemy import ColumnElement, Connection, Row, func, select, union_all

from evenhand.domain import Result, first_id, id_time
from evenhand.errors import NotFoundError
from evenhand.settings import Settings
from evenhand.store.belonging import callers_of, mine
from evenhand.store.columns import dumps, escape, instant_text
from evenhand.store.database import Database
from evenhand.store.librarytables import decision_prints
from evenhand.store.qualityrows import abouts, shown_hashes
from evenhand.store.records import Filters, Page, Record
from evenhand.store.reviewqueues import read_queues
from evenhand.store.reviewrows import marked_as, new_items, outcome, undone_of
from evenhand.store.schema import decisions, originals, review_items
from evenhand.store.vectors import vector_row
from evenhand.store.vectortables import decision_vectors

T = TypeVar("T")
_INDEXED = ("action", "caller_id", "content_hash", "tenant")  # filters
_MOST_CALLERS = 50  # keys and people of a tenant that are asked for one by one; SQLite joins 500 selects

MAX_PAGE = 1_000
_RECORDING = ("incidents", "media")  # what only results about videos and sounds have


class Decisions:
    """Reads and writes decisions, and the originals that belong to them.

    Args:
        database: where.
        settings: what is kept, and for how long.
        tenant: only decisions that its keys and people asked for are read; None: all.
    """

    def __init__(self, database: Database, settings: Settings, *, tenant: str | None = None) -> None:
        self._database, self._tenant = database, tenant
        self._settings = settings
        self._context_keys = settings.keep_context_keys
        names = [column.name for column in decisions.columns]
        marks = ", ".join("?" if database.is_sqlite else "%s" for _ in names)
        # Written out: SQLAlchemy's work on each parameter of each row would cost more than the insert itself.
        self._insert = (
            f"INSERT INTO decisions ({', '.join(names)}) VALUES ({marks}) "  # noqa: S608  (our own names)
            "ON CONFLICT (decision_id) DO NOTHING"
        )
        kept = database.insert(originals)
        self._keep = kept.on_conflict_do_update(
            index_elements=["content_hash"],
            set_={"created_at": kept.excluded.created_at, "expires_at": kept.excluded.expires_at},
        )
        self._queues = read_queues(settings)
        self._print = database.insert(decision_prints).on_conflict_do_nothing(index_elements=["decision_id"])
        self._embed = database.insert(decision_vectors).on_conflict_do_nothing(index_elements=["decision_id"])
        self._ask = database.insert(review_items).on_conflict_do_nothing(index_elements=["decision_id"])

    def within(self, tenant: str | None) -> Decisions:
        """Give the decisions of a tenant."""
        return Decisions(self._database, self._settings, tenant=tenant)

    def record(self, records: Sequence[Record]) -> None:
        """Store all of them in one transaction. A decision_id that is stored already is left as it is.

        Raises:
            StoreError: nothing was stored.
            ValueError: a decision_id was not made by `new_id`.
        """
        if records:
            self._database.write(self.writing(records), repeatable=True)

    def writing(self, records: Sequence[Record]) -> Callable[[Connection], None]:
        """Give what stores them within a transaction of the caller's, so that they commit with something else.

        Raises:
            ValueError: a decision_id was not made by `new_id`.
        """
        now = datetime.now(UTC)
        expires = _after(now, self._settings.keep_decisions_days)
        rows = self._rows(records, expires)
        kept = self._originals(records, now)
        # With the decision, so that none is lost and none waits that was never given out. Others cost nothing more.
        asked = new_items(records, self._queues)
        prints = [_printed(record.result) for record in records if record.result.fingerprint is not None]
        vectors = [vector_row(record.result) for record in records if record.result.embedding is not None]

        def work(connection: Connection) -> None:
            if rows:
                connection.exec_driver_sql(self._insert, rows)
            if kept:
                connection.execute(self._keep, kept)
            if prints:
                connection.execute(self._print, prints)
            if vectors:
                connection.execute(self._embed, vectors)
            if asked:
                connection.execute(self._ask, asked)

        return work

    def many(self, decision_ids: Sequence[str], *, tenant: str | None = None) -> dict[str, dict[str, object]]:
        """Give the result documents of up to a thousand decisions by their ids; those not stored are left out.

        Args:
            decision_ids: of them.
            tenant: only decisions that its keys and people asked for; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> dict[str, dict[str, object]]:
            about = abouts(connection, decision_ids)
            query = select(decisions).where(decisions.c.decision_id.in_([*decision_ids, *about.values()]))
            query = query.where(*mine(decisions.c.key_id, tenant), *mine(decisions.c.key_id, self._tenant))
            found = {row.decision_id: row for row in connection.execute(query)}
            wanted = {name: found.get(about.get(name, name)) for name in decision_ids}
            made = {name: result_document(row, name) for name, row in wanted.items() if row is not None}
            for name, shown in shown_hashes(connection, [name for name in about if name in made]).items():
                made[name]["content_hash"] = shown
            return made

        return self._database.read(work)

    def get(self, decision_id: str) -> dict[str, object]:
        """Give the result document of a decision, with `created_at` (RFC 3339, UTC), `review` once a person judged,
        `marked` while an applied mark speaks of it, and `undone` where what a policy said was undone.

        Raises:
            NotFoundError: there is none with that id, or no longer.
            StoreError: the database refused or cannot be reached.
        """
        return self.with_context(decision_id)[0]

    def with_context(self, decision_id: str) -> tuple[dict[str, object], dict[str, object]]:
        """Give what `get` and `context` give, read together.

        Raises:
            NotFoundError, StoreError: as for `get`.
        """

        def work(connection: Connection, row: Row[Any]) -> tuple[dict[str, object], dict[str, object]]:
            said = {
                "marked": marked_as(connection, decision_id),
                "review": outcome(connection, decision_id),
                "undone": undone_of(connection, decision_id),
            }
            known = {name: value for name, value in said.items() if value is not None}
            return {**result_document(row, decision_id), **known}, dict(row.context or {})

        return self._one(decision_id, work)

    def caller(self, decision_id: str) -> str | None:
        """Give the id of the key that asked for a decision; None: no key was needed.

        Raises:
            NotFoundError, StoreError: as for `get`.
        """
        key: str | None = self._one(decision_id, lambda _, row: row.key_id)
        return key

    def context(self, decision_id: str) -> dict[str, object]:
        """Give what was kept of the context that came with the content.

        Raises:
            NotFoundError, StoreError: as for `get`.
        """
        return self._one(decision_id, lambda _, row: dict(row.context or {}))

    def page(self, **filters: Unpack[Filters]) -> Page:
        """List decisions, newest first.

        Raises:
            ValueError: the limit, the cursor or a moment is wrong.
            StoreError: the database refused or cannot be reached.
        """
        limit = filters.get("limit", 100)
        if not 1 <= limit <= MAX_PAGE:
            raise ValueError(f"limit is {limit}: give 1 to {MAX_PAGE}")
        newest = decisions.c.decision_id.desc()

        def work(connection: Connection) -> Sequence[Row[Any]]:
            where = self._chosen(connection, filters, limit + 1)
            return connection.execute(select(decisions).where(*where).order_by(newest).limit(limit + 1)).all()

        rows = self._database.read(work)
        shown = rows[:limit]
        return Page(
            items=tuple(map(result_document, shown)), after=shown[-1].decision_id if len(rows) > limit else None
        )

    def _chosen(self, connection: Connection, filters: Filters, most: int) -> Sequence[ColumnElement[bool]]:
        """Give what a tenant's newest decisions meet: the newest of each of its callers, each read off the index.

        Asked for all of them at once, SQLite sorts every decision that the tenant ever had for one page. Where an index
        of its own finds what is asked for, that is the better way.
        """
        where, other = _where(filters), any(filters.get(name) is not None for name in _INDEXED)
        callers = [] if self._tenant is None or other else callers_of(connection, self._tenant)
        if not 0 < len(callers) <= _MOST_CALLERS:
            return [*where, *mine(decisions.c.key_id, self._tenant)]
        c = decisions.c
        each = (select(c.decision_id).where(c.key_id == one, *where) for one in callers)
        tops = (query.order_by(c.decision_id.desc()).limit(most).subquery() for query in each)
        return [c.decision_id.in_(union_all(*(select(top.c.decision_id) for top in tops)))]

    def count(self) -> int:
        """Give the number of decisions. Reads the whole index: not for every request.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(func.count()).select_from(decisions)
        return self._database.read(lambda connection: connection.execute(query).scalar_one())

    def _one(self, decision_id: str, work: Callable[[Connection, Row[Any]], T]) -> T:
        """Give what `work` makes of a decision's row, in the same transaction."""
        missing = NotFoundError(f"no decision with the id {decision_id[:80]!r} is stored; it may have been deleted")
        try:
            id_time(decision_id)
        except ValueError:
            raise missing from None  # cannot be stored; PostgreSQL would refuse some such texts with an error

        def run(connection: Connection) -> T:
            row = _row_of(connection, decision_id, self._tenant)
            if row is None:
                raise missing
            return work(connection, row)

        return self._database.read(run)

    def _rows(self, records: Sequence[Record], expires: datetime | None) -> list[tuple[object, ...]]:
        """Give the rows in the order of the table's columns, each value as the database holds it."""
        # Ids of one batch share few milliseconds.
        moments: dict[str, object] = {}
        end = self._moment(expires) if expires is not None else None
        rows: list[tuple[object, ...]] = []
        for record in records:
            result, document = record.result, record.result.as_dict()
            created = id_time(result.decision_id)
            millisecond = result.decision_id[:13]
            if millisecond not in moments:
                moments[millisecond] = self._moment(created)
            policy, _, rest = result.policy.partition("@")
            version, _, line = rest.rpartition("/")
            context = {key: record.context[key] for key in self._context_keys if key in record.context}
            rows.append(
                (
                    result.decision_id,
                    escape(result.id),
                    result.content_hash,
                    document["kind"],
                    escape(policy),
                    escape(version or None),
                    escape(line or None),
                    document["action"],
                    escape(result.rule),
                    escape(result.reason),
                    dumps(document["languages"]),
                    dumps(document["labels"]),
                    dumps(document["findings"]),
                    dumps(document["incomplete"]) if result.incomplete else None,
                    dumps(document["models"]),
                    dumps(document["notes"]),
                    dumps(document["timing_ms"]),
                    dumps(context) if context else None,
                    record.key_id,
                    moments[millisecond],
                    end,
                    dumps({name: document[name] for name in _RECORDING}) if result.media is not None else None,
                )
            )
        return rows

    def _moment(self, moment: datetime) -> object:
        return instant_text(moment) if self._database.is_sqlite else moment

    def _originals(self, records: Sequence[Record], now: datetime) -> list[dict[str, object]]:
        expires = _after(now, self._settings.keep_originals_days)
        if expires is None:
            return []
        found = {record.result.content_hash: record.original for record in records if record.original is not None}
        # One order for all writers, so that two of them never wait for each other's rows.
        return [
            {
                "content_hash": content_hash,
                "media_type": original.media_type,
                "body": original.body,
                "created_at": now,
                "expires_at": expires,
            }
            for content_hash, original in sorted(found.items(), key=lambda item: item[0])
        ]


def _printed(result: Result) -> dict[str, object]:
    found = result.fingerprint
    return {
        "decision_id": result.decision_id,
        "content_hash": result.content_hash,
        "kind": found.kind if found is not None else "",
        "print": found.data if found is not None else b"",
    }


def _where(filters: Filters) -> list[ColumnElement[bool]]:
    c = decisions.c
    where: list[ColumnElement[bool]] = []
    for column, wanted in (
        (c.action, filters.get("action")),
        (c.line, filters.get("line")),
        (c.kind, filters.get("kind")),
        (c.policy, filters.get("policy")),
        (c.caller_id, filters.get("caller_id")),
        (c.content_hash, filters.get("content_hash")),
        (c.key_id, filters.get("tenant")),
        (c.rule, filters.get("rule")),
    ):
        if wanted is not None:
            where.append(column == wanted)
    label, incomplete = filters.get("label"), filters.get("incomplete")
    if label is not None:
        where.append(c.labels[label].as_float() >= filters.get("min_score", 0.0))
    if incomplete is not None:
        where.append(c.incomplete.is_not(None) if incomplete else c.incomplete.is_(None))
    since, until, after = filters.get("since"), filters.get("until"), filters.get("after")
    # Ids hold the time they were made, so a range of time is a range of the primary key.
    if since is not None:
        where.append(c.decision_id >= first_id(since))
    if until is not None:
        where.append(c.decision_id < first_id(until))
    if after is not None:
        id_time(after)  # refuses what is no cursor
        where.append(c.decision_id < after)
    return where


def rfc3339(moment: datetime) -> str:
    """Write a moment the way all surfaces do, e.g. `2025-01-31T09:30:00.125Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _after(now: datetime, days: int) -> datetime | None:
    return now + timedelta(days=days) if days > 0 else None


def _row_of(connection: Connection, name: str, tenant: str | None) -> Row[Any] | None:
    """Give the row of a decision, by its id or by that of a review item that is about it."""
    query = select(decisions).where(*mine(decisions.c.key_id, tenant))
    row = connection.execute(query.where(decisions.c.decision_id == name)).one_or_none()
    if row is None and (about := abouts(connection, [name])):
        shown = select(review_items.c.shown_hash).where(review_items.c.decision_id == name).scalar_subquery()
        rest = [column for column in decisions.c if column is not decisions.c.content_hash]
        query = select(*rest, func.coalesce(shown, decisions.c.content_hash).label("content_hash"))
        query = query.where(*mine(decisions.c.key_id, tenant), decisions.c.decision_id == about[name])
        row = connection.execute(query).one_or_none()
    return row


def result_document(row: Row[Any], name: str | None = None) -> dict[str, object]:
    """Give the result document; under the name of a review item it looks as if it had been made with the item."""
    values = row._mapping
    own = name is None or name == values["decision_id"]
    policy = values["policy"]
    if values["policy_version"] is not None or values["line"] is not None:
        policy = f"{policy}@{values['policy_version'] or ''}/{values['line'] or ''}"
    return {
        "id": values["caller_id"],
        "decision_id": name or values["decision_id"],
        "action": values["action"],
        "labels": values["labels"],
        "findings": values["findings"],
        "rule": values["rule"],
        "reason": values["reason"],
        "incomplete": values["incomplete"] or {},
        "policy": policy,
        "models": values["models"],
        "content_hash": values["content_hash"],
        "kind": values["kind"],
        "languages": values["languages"],
        "notes": values["notes"],
        "timing_ms": values["timing_ms"],
        **(values["recording"] or {}),
        "created_at": rfc3339(values["created_at"] if own else id_time(name or "")),
    }
