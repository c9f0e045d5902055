"""Tallies: how many decisions of which kind there were on which day; a report over a year reads some thousand rows.

Decisions are counted afterwards, in batches, by whoever keeps house: recording a decision costs nothing more. What was
decided since is counted as it is read. A decision that takes longer than LAG from its id to its record is not counted.

`what` is counted:   `name` is
    action           what was decided
    hour             the same by the hour; without kind and language
    label            a label that was found, once for each content
    bin              a label and the tenth that its score lies in: "spam.scam#9"
    rule             the rule that decided; without kind and language
    incomplete       a detector that gave no answer; without kind and language
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, func, select, update

from evenhand.domain import first_id, id_time
from evenhand.store.accountingtables import detector_tallies, tallies, tally_state
from evenhand.store.belonging import mine
from evenhand.store.database import Database
from evenhand.store.schema import decisions

LAG = timedelta(minutes=2)  # between a decision's id and the moment from which it is counted
BINS = 10
_BATCH = 5_000  # decisions counted together
_LIVE = 20_000  # decisions counted as they are read; what lies behind waits for the next batch
_FIRST = "00000000-0000-7000-8000-000000000000"
_NAMED = 200  # characters of a name
_READ = (
    decisions.c.decision_id,
    decisions.c.key_id,
    decisions.c.line,
    decisions.c.kind,
    decisions.c.languages,
    decisions.c.action,
    decisions.c.rule,
    decisions.c.labels,
    decisions.c.incomplete,
)
Cell = tuple[str, str, str, str, str, str, str]  # what, period, tenant, line, kind, language, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Of:
    """Which decisions are counted; None: all."""

    line: str | None = None
    kind: str | None = None
    language: str | None = None
    tenant: str | None = None  # id of the API key


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorTally:
    """What a detector cost."""

    detector: str
    calls: int  # with one batch each
    seconds: float  # all of them together, waiting included
    buckets: Mapping[
        float, int
    ]  # upper bound in seconds -> calls that took up to so long and longer than the one below


class Tallies:
    """Counts, and gives the counts.

    Args:
        database: where.
        tenant: only what its keys and people asked for is given, and of detectors nothing; None: all.
    """

    def __init__(self, database: Database, *, tenant: str | None = None) -> None:
        self._database, self._tenant = database, tenant
        made = database.insert(tallies)
        keys = [column.name for column in tallies.primary_key.columns]
        self._add = made.on_conflict_do_update(
            index_elements=keys, set_={"count": tallies.c.count + made.excluded.count}
        )
        self._start = database.insert(tally_state).on_conflict_do_nothing(index_elements=["id"])
        self._start_detector = database.insert(detector_tallies).on_conflict_do_nothing(
            index_elements=["day", "detector"]
        )

    def within(self, tenant: str | None) -> Tallies:
        """Give the counts of a tenant."""
        return Tallies(self._database, tenant=tenant)

    def catch_up(self, most: int = 20_000, *, now: datetime | None = None) -> int:
        """Count decisions that were not counted yet, oldest first. Safe from several processes at once.

        Args:
            most: decisions at the most, rounded up to whole batches.
            now: aware; None: the present.

        Returns:
            How many were counted.

        Raises:
            StoreError: the database refused or cannot be reached; what was counted so far stays counted.
        """
        edge, total = first_id((now or datetime.now(UTC)) - LAG), 0
        while total < most:
            counted = self._batch(edge)
            total += counted
            if counted < _BATCH:
                break
        return total

    def behind(self) -> datetime | None:
        """Give the moment up to which decisions are counted in the table; None: none is.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        cursor = self._database.read(_cursor)
        return None if cursor == _FIRST else id_time(cursor)

    def count(
        self, what: str, since: date, until: date, *, of: Of | None = None, by: Sequence[str] = ("name",)
    ) -> Counter[tuple[str, ...]]:
        """Give counts.

        Args:
            what: see above.
            since: the first day, UTC.
            until: the last day, included.
            of: which decisions.
            by: columns of the table that the counts are parted by.

        Returns:
            Values of those columns, in their order -> count.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        wanted = of or Of()
        last = (until + timedelta(days=1)).isoformat()
        columns = [tallies.c[name] for name in by]
        query = (
            select(*columns, func.sum(tallies.c.count))
            .where(tallies.c.what == what, tallies.c.period >= since.isoformat(), tallies.c.period < last)
            .where(*mine(tallies.c.tenant, self._tenant))
            .group_by(*columns)
        )
        for name in ("line", "kind", "language", "tenant"):
            value = getattr(wanted, name)
            if value is not None:
                query = query.where(tallies.c[name] == value)

        def work(connection: Connection) -> tuple[Sequence[Any], Sequence[Any]]:
            # In one transaction: what is counted between two reads would be counted twice, or not at all.
            recent = select(*_READ).where(decisions.c.decision_id > _cursor(connection))
            recent = recent.where(*mine(decisions.c.key_id, self._tenant))
            recent = recent.where(
                decisions.c.decision_id >= first_id(_midnight(since)),
                decisions.c.decision_id < first_id(_midnight(until + timedelta(days=1))),
            )
            rows = connection.execute(query).all()
            return rows, connection.execute(recent.order_by(decisions.c.decision_id).limit(_LIVE)).all()

        rows, fresh = self._database.read(work)
        found: Counter[tuple[str, ...]] = Counter()
        for row in rows:
            found[tuple(row[:-1])] += int(row[-1])
        names = [column.name for column in tallies.primary_key.columns]
        for cell, number in _cells(fresh).items():
            values = dict(zip(names, cell, strict=True))
            if values["what"] == what and all(
                getattr(wanted, name) in (None, values[name]) for name in ("line", "kind", "language", "tenant")
            ):
                found[tuple(values[name] for name in by)] += number
        return found

    def note_detectors(self, day: date, spent: Iterable[DetectorTally]) -> None:
        """Add to what detectors cost on a day.

        Raises:
            StoreError: nothing was added.
        """
        rows = sorted(spent, key=lambda one: one.detector)  # one order for all writers

        def work(connection: Connection) -> None:
            for one in rows:
                here = {"day": day.isoformat(), "detector": one.detector}
                connection.execute(self._start_detector, {**here, "calls": 0, "seconds": 0.0, "buckets": {}})
                mine = (detector_tallies.c.day == here["day"], detector_tallies.c.detector == one.detector)
                row = connection.execute(select(detector_tallies).where(*mine).with_for_update()).one()
                buckets = Counter({float(edge): count for edge, count in row.buckets.items()})
                buckets.update(one.buckets)
                values = {
                    "calls": row.calls + one.calls,
                    "seconds": row.seconds + one.seconds,
                    "buckets": {str(edge): count for edge, count in sorted(buckets.items())},
                }
                connection.execute(update(detector_tallies).where(*mine).values(values))

        if rows:
            self._database.write(work)

    def detectors(self, since: date, until: date) -> list[tuple[str, DetectorTally]]:
        """Give what detectors cost, day by day, both days included: (day, tally).

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        if self._tenant is not None:
            return []  # they are counted for all together
        c = detector_tallies.c
        query = select(detector_tallies).where(c.day >= since.isoformat(), c.day <= until.isoformat())
        rows = self._database.read(lambda connection: connection.execute(query.order_by(c.day, c.detector)).all())
        return [
            (
                row.day,
                DetectorTally(
                    detector=row.detector,
                    calls=row.calls,
                    seconds=row.seconds,
                    buckets={float(edge): count for edge, count in row.buckets.items()},
                ),
            )
            for row in rows
        ]

    def _batch(self, edge: str) -> int:
        """Count the next decisions; give how many.

        Reading and adding up hold nobody up: only what came of it is written under the lock, if nobody else was sooner.
        """

        def read(connection: Connection) -> tuple[str, Sequence[Any]]:
            cursor = _cursor(connection)
            query = select(*_READ).where(decisions.c.decision_id > cursor, decisions.c.decision_id < edge)
            return cursor, connection.execute(query.order_by(decisions.c.decision_id).limit(_BATCH)).all()

        while True:
            cursor, rows = self._database.read(read)
            if not rows:
                return 0
            if self._database.write(partial(self._write, cursor, rows[-1].decision_id, _cells(rows))):
                return len(rows)

    def _write(self, cursor: str, last: str, counted: Counter[Cell], connection: Connection) -> bool:
        """Add counts, and move the cursor from where it was; False: somebody else has moved it."""
        now = datetime.now(UTC)
        connection.execute(self._start, {"id": 1, "cursor": _FIRST, "changed_at": now})
        state = tally_state.c.id == 1
        held = connection.execute(select(tally_state.c.cursor).where(state).with_for_update()).scalar_one()
        if held != cursor:
            return False
        names = [column.name for column in tallies.primary_key.columns]
        cells = [{**dict(zip(names, cell, strict=True)), "count": count} for cell, count in sorted(counted.items())]
        connection.execute(self._add, cells)
        connection.execute(update(tally_state).where(state).values(cursor=last, changed_at=now))
        return True


def _cursor(connection: Connection) -> str:
    found: str | None = connection.execute(select(tally_state.c.cursor).where(tally_state.c.id == 1)).scalar()
    return found or _FIRST


def _cells(rows: Iterable[Any]) -> Counter[Cell]:
    cells: Counter[Cell] = Counter()
    for row in rows:
        moment = id_time(row.decision_id)
        day, tenant, line = moment.date().isoformat(), row.key_id or "", (row.line or "")[:_NAMED]
        language = row.languages[0][:_NAMED] if row.languages else ""
        whole = (day, tenant, line, row.kind, language)
        cells["action", *whole, row.action] += 1
        cells["hour", f"{day}T{moment.hour:02}", tenant, line, "", "", row.action] += 1
        if row.rule:
            cells["rule", day, tenant, line, "", "", row.rule[:_NAMED]] += 1
        for label, score in row.labels.items():
            if score > 0:
                name = label[:_NAMED]
                cells["label", *whole, name] += 1
                cells["bin", *whole, f"{name}#{min(BINS - 1, int(score * BINS))}"] += 1
        for detector in row.incomplete or ():
            cells["incomplete", day, tenant, line, "", "", detector[:_NAMED]] += 1
    return cells


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
