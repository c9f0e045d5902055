"""Live streams: what is to be followed, who follows it under a lease, how far it is, and what happened in it.

A lease is a counter that the stream's worker raises. Others watch it with clocks of their own: a counter that stands
still for long enough belongs to a worker that died, and whoever then writes its own name first has the stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, update

from evenhand.domain import id_time, new_id
from evenhand.errors import NotFoundError
from evenhand.settings import Settings
from evenhand.store.announcing import DELIVERY_S, announce
from evenhand.store.auditlog import AuditLog
from evenhand.store.belonging import asked_by
from evenhand.store.database import Database
from evenhand.store.jobrecords import NewJob
from evenhand.store.jobrows import insert_job
from evenhand.store.reviewrecords import LOCAL
from evenhand.store.streamtables import stream_events as events
from evenhand.store.streamtables import streams

OPEN = ("waiting", "running", "stopping")
OVER = ("ended", "stopped", "failed")
MOST_STARTS = 8  # times a stream is taken up without being followed for long, before it is seen as what ends workers
_SILENT = frozenset({"connected", "interrupted", "clock", "incident.extended"})  # not sent to webhooks
_FOLLOWED = frozenset({"incident.opened", "incident.escalated", *OVER})  # what changes a stream's answer
_NOT_IN_THE_LOG = frozenset({"callback", "seed"})  # of what a call asked for: addresses and secrets of its caller
_STEADY_S = 60.0
_CHUNK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stream as it is now."""

    id: str
    tenant: str  # id of the API key that asked; "" for none
    caller_id: str | None
    url: str  # with its secrets
    shown: str  # without them
    options: Mapping[str, Any]
    state: str  # one of OPEN or OVER
    progress: Mapping[str, Any] | None  # what another worker needs to go on
    error: Mapping[str, Any] | None
    worker: str | None
    beats: int
    starts: int
    events: int  # how many there are
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether it is followed, or is to be."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """One entry of a stream's journal."""

    number: int  # from 1, without holes
    at: datetime
    kind: str
    data: Mapping[str, Any]


class Streams:
    """Streams and their journals.

    Args:
        database: where.
        settings: how long they are kept.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings, self._audit = database, settings, AuditLog(database)

    def create(
        self, url: str, shown: str, *, tenant: str = "", caller_id: str | None = None, options: Mapping[str, Any]
    ) -> Stream:
        """Say that a stream is to be followed.

        Raises:
            StoreError: nothing was stored.
        """
        row = {
            "id": new_id(),
            "tenant": tenant,
            "caller_id": caller_id,
            "url": url,
            "shown": shown,
            "options": dict(options),
            "state": "waiting",
            "beats": 0,
            "starts": 0,
            "events": 0,
            "created_at": datetime.now(UTC),
        }

        def work(connection: Connection) -> None:
            connection.execute(streams.insert(), row)
            after = {"url": shown, "options": _logged(options)}
            self._audit.append(connection, "stream.create", f"stream:{row['id']}", actor=tenant or LOCAL, after=after)

        self._database.write(work)
        return self.get(str(row["id"]))

    def get(self, stream_id: str, *, tenant: str | None = None) -> Stream:
        """Give a stream.

        Args:
            stream_id: which.
            tenant: only if this key or user, or one of this tenant's, asked for it; None: whoever did.

        Raises:
            NotFoundError: there is none, or no longer.
            StoreError: the database refused or cannot be reached.
        """
        mine = asked_by(streams.c.tenant, tenant)
        found = self._rows(streams.c.id == stream_id.replace("\0", ""), *mine, limit=1)
        if not found:
            raise NotFoundError(f"no stream has the id {stream_id[:80]!r}; it may have been deleted")
        return found[0]

    def page(
        self, *, state: str | None = None, tenant: str | None = None, after: str | None = None, limit: int = 100
    ) -> list[Stream]:
        """List streams, newest first.

        Args:
            state: only these.
            tenant: as for `get`.
            after: id of the last one of the page before.
            limit: most that are given.

        Raises:
            ValueError: `after` is no id.
            StoreError: the database refused or cannot be reached.
        """
        where: list[ColumnElement[bool]] = []
        if state is not None:
            where.append(streams.c.state == state)
        where += asked_by(streams.c.tenant, tenant)
        if after is not None:
            id_time(after)
            where.append(streams.c.id < after)
        return self._rows(*where, limit=limit)

    def journal(
        self, stream_id: str, *, after: int = 0, limit: int = 1_000, kinds: Sequence[str] | None = None
    ) -> list[StreamEvent]:
        """Give what happened in a stream after an entry, oldest first; with `kinds` only entries of these.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(events.c.number, events.c.at, events.c.kind, events.c.data)
        query = query.where(events.c.stream_id == stream_id, events.c.number > after)
        if kinds is not None:
            query = query.where(events.c.kind.in_(kinds))
        query = query.order_by(events.c.number).limit(limit)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [StreamEvent(**row._mapping) for row in rows]

    def stop(self, stream_id: str, *, actor: str = LOCAL) -> Stream:
        """Ask that a stream be followed no longer; one that nobody follows is over at once.

        `actor` is the id of who asks, for the audit log.

        Raises:
            NotFoundError: there is none.
            StoreError: the database refused or cannot be reached.
        """
        now = datetime.now(UTC)

        def work(connection: Connection) -> None:
            free = and_(streams.c.id == stream_id, streams.c.state.in_(OPEN), streams.c.worker.is_(None))
            gone = connection.execute(update(streams).where(free).values(state="stopped", finished_at=now)).rowcount
            if gone:
                self._add(connection, stream_id, [("stopped", {})])
            held = and_(streams.c.id == stream_id, streams.c.state.in_(OPEN))
            connection.execute(update(streams).where(held).values(state="stopping"))
            before = {"state": found.state}
            self._audit.append(connection, "stream.stop", f"stream:{stream_id}", actor=actor, before=before)

        found = self.get(stream_id)
        self._database.write(work)
        return self.get(stream_id)

    def remove(self, stream_id: str, *, actor: str = LOCAL) -> None:
        """Delete a stream that is over, with its journal. `actor`: who does it, for the audit log.

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> None:
            _forget(connection, [stream_id])
            self._audit.append(connection, "stream.remove", f"stream:{stream_id}", actor=actor)

        self._database.write(work)

    def purge(self) -> list[str]:
        """Delete streams that have been over for longer than jobs are kept, and old entries; give the streams' ids.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        if not self._settings.jobs_keep_days:
            return []
        before = datetime.now(UTC) - timedelta(days=self._settings.jobs_keep_days)

        def work(connection: Connection) -> list[str]:
            old = select(streams.c.id).where(streams.c.finished_at < before).limit(_CHUNK)
            ids = [str(row.id) for row in connection.execute(old).all()]
            _forget(connection, ids)
            connection.execute(delete(events).where(events.c.at < before))
            return ids

        return self._database.write(work)

    # Workers

    def wanted(self, limit: int = 1_000) -> list[Stream]:
        """Give the streams that are to be followed, oldest first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(streams).where(streams.c.state.in_(OPEN)).order_by(streams.c.id).limit(limit)
        return [_stream(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def claim(self, stream: Stream, worker: str) -> Stream | None:
        """Take a stream up as it was read, from nobody or from a dead worker; None: another was faster.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        held = streams.c.worker.is_(None) if stream.worker is None else streams.c.worker == stream.worker
        same = and_(streams.c.id == stream.id, streams.c.beats == stream.beats, held, streams.c.state == stream.state)
        now = datetime.now(UTC)

        def work(connection: Connection) -> bool:
            values: dict[str, Any] = {"worker": worker, "beats": stream.beats + 1, "starts": stream.starts + 1}
            if stream.state == "waiting":
                values["state"] = "running"
            if stream.started_at is None:
                values["started_at"] = now
            if stream.starts >= MOST_STARTS:
                why = f"It was taken up {stream.starts} times and its worker ended: it may be what ends them."
                error = {"code": "worker_died", "message": why}
                values = {"state": "failed", "error": error, "finished_at": now, "worker": None}
            if connection.execute(update(streams).where(same).values(values)).rowcount != 1:
                return False
            if "error" in values:
                self._add(connection, stream.id, [("failed", values["error"])])
                return False
            if stream.worker is not None:
                self._add(
                    connection, stream.id, [("taken_over", {"position": (stream.progress or {}).get("position")})]
                )
            return True

        return self.get(stream.id) if self._database.write(work) else None

    def beat(self, worker: str) -> dict[str, str]:
        """Raise the counters of a worker's streams; give the state of each that is still its own.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        mine = and_(streams.c.worker == worker, streams.c.state.in_(OPEN))

        def work(connection: Connection) -> dict[str, str]:
            connection.execute(update(streams).where(mine).values(beats=streams.c.beats + 1))
            rows = connection.execute(select(streams.c.id, streams.c.state).where(mine)).all()
            return {str(row.id): str(row.state) for row in rows}

        return self._database.write(work)

    def write(
        self, stream_id: str, worker: str, entries: Sequence[tuple[str, Mapping[str, Any]]], progress: Mapping[str, Any]
    ) -> bool:
        """Keep what happened and how far a stream is, together; webhooks are told.

        Args:
            stream_id: of the stream.
            worker: who follows it.
            entries: kind and data; one of the kind `ended`, `stopped` or `failed` ends it.
            progress: for whoever goes on with it.

        Returns:
            False: it is another's by now, and nothing was written.

        Raises:
            StoreError: nothing was written.
        """
        now = datetime.now(UTC)

        def work(connection: Connection) -> bool:
            mine = and_(streams.c.id == stream_id, streams.c.worker == worker, streams.c.state.in_(OPEN))
            row = connection.execute(select(streams.c.started_at).where(mine).with_for_update()).one_or_none()
            if row is None:
                return False
            values: dict[str, Any] = {"progress": dict(progress)}
            if float(progress.get("followed_s", 0.0)) > _STEADY_S:
                values["starts"] = 1
            for kind, data in entries:
                if kind in OVER:
                    values |= {"state": kind, "finished_at": now, "worker": None}
                    values["error"] = dict(data) if kind == "failed" else None
            connection.execute(update(streams).where(mine).values(values))
            self._add(connection, stream_id, entries)
            return True

        return self._database.write(work)

    def release(self, stream_id: str, worker: str) -> None:
        """Give a stream back: another may take it up at once.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        mine = and_(streams.c.id == stream_id, streams.c.worker == worker, streams.c.state.in_(OPEN))
        values = {"worker": None, "starts": streams.c.starts - 1}
        self._database.write(lambda connection: connection.execute(update(streams).where(mine).values(values)))

    def _add(self, connection: Connection, stream_id: str, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        row = connection.execute(select(streams).where(streams.c.id == stream_id).with_for_update()).one()
        now = datetime.now(UTC)
        for number, (kind, data) in enumerate(entries, row.events + 1):
            values = {"stream_id": stream_id, "number": number, "at": now, "kind": kind, "data": dict(data)}
            connection.execute(events.insert(), values)
            if kind not in _SILENT:
                told = {"stream": stream_id, "id": row.caller_id, "url": row.shown, **data}
                announce(connection, self._database, f"stream.{kind}", told)
            if kind in _FOLLOWED and (then := row.options.get("then")):  # a kind of job that is to follow
                more = NewJob(kind=str(then), tenant=row.tenant, source={"stream": stream_id}, timeout_s=DELIVERY_S)
                insert_job(connection, self._database, more)
        count = row.events + len(entries)
        connection.execute(update(streams).where(streams.c.id == stream_id).values(events=count))

    def _rows(self, *where: ColumnElement[bool], limit: int) -> list[Stream]:
        query = select(streams).where(*where).order_by(streams.c.id.desc()).limit(limit)
        return [_stream(row) for row in self._database.read(lambda connection: connection.execute(query).all())]


def _logged(options: Mapping[str, Any]) -> dict[str, Any]:
    asked = options.get("asked")
    if not isinstance(asked, Mapping):
        return dict(options)
    return {**options, "asked": {name: value for name, value in asked.items() if name not in _NOT_IN_THE_LOG}}


def _stream(row: Row[Any]) -> Stream:
    return Stream(**row._mapping)


def _forget(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(delete(events).where(events.c.stream_id.in_(ids)))
    connection.execute(delete(streams).where(streams.c.id.in_(ids)))
