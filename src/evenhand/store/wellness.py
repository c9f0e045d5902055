"""Reviewers' wellness: settings of each person, private to them; what they were shown; when a break is due.

A day is any 24 hours, so that nobody's time zone matters. A break is due after so many minutes of work or so many hard
items; not being given anything for the length of a break is one, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from evenhand.domain import is_under
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.reviewrecords import Person
from evenhand.store.schema import decisions
from evenhand.store.wellnessrecords import FEWEST, Comfort, HeldBack, Pace, Today, is_hard
from evenhand.store.wellnesstables import exposures, wellness

_DAY = timedelta(days=1)
_COUNTS = 0.5  # score from which a label of a decision counts
KEPT = timedelta(days=35)  # for totals


class Wellness:
    """Keeps the settings, counts what people see, and says what they may be given.

    Args:
        database: where.
        audit: is told that somebody changed their settings, never what.
    """

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database, self._audit = database, audit

    def comfort(self, person: Person) -> Comfort:
        """Give a person's settings; the defaults where they set none.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: _settings(_row(connection, person)))

    def change(self, person: Person, changes: Mapping[str, Any]) -> Comfort:
        """Change some of a person's own settings.

        Raises:
            ValueError: there is no such setting, or it cannot have that value.
            StoreError: nothing was changed.
        """

        def work(connection: Connection) -> Comfort:
            new = _settings(_row(connection, person)).changed(changes)
            default, now = Comfort().as_dict(), datetime.now(UTC)
            kept = {name: value for name, value in new.as_dict().items() if value != default[name]}
            self._put(connection, person, {"settings": kept, "changed_at": now})
            self._audit.append(connection, "wellness.change", f"person:{person.id}", actor=person.id)
            return new

        return self._database.write(work)

    def rest(self, person: Person, minutes: int | None = None) -> datetime:
        """Take a break now; give its end.

        Args:
            person: who.
            minutes: 1 to 480; None: as their settings say.

        Raises:
            ValueError: the number of minutes is wrong.
            StoreError: nothing was changed.
        """
        if minutes is not None and not 1 <= minutes <= 480:
            raise ValueError("a break is 1 to 480 minutes")

        def work(connection: Connection) -> datetime:
            row = _row(connection, person)
            until = datetime.now(UTC) + timedelta(minutes=minutes or _settings(row).break_minutes)
            if row is not None and row.rest_until is not None:
                until = max(until, row.rest_until)  # a break that was due is not shortened
            self._put(connection, person, {"rest_until": until})
            return until

        return self._database.write(work)

    def today(self, person: Person) -> Today:
        """Give what a person was shown in the last 24 hours.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        now = datetime.now(UTC)

        def work(connection: Connection) -> Today:
            row, seen = _row(connection, person), _seen(connection, person, now)
            comfort, rest = _settings(row), row.rest_until if row is not None else None
            worked = _session(seen, comfort, rest, now)
            return Today(
                items=len(seen),
                hard=_hard(seen),
                labels={root: _under(seen, root) for root in sorted(comfort.budget)},
                working_since=worked[-1].at if worked else None,
                rest_until=rest if rest is not None and rest > now else None,
            )

        return self._database.read(work)

    def totals(self, since: datetime) -> dict[str, Any] | None:
        """Give what all people together were shown since a moment (aware); None: fewer than three, which would tell.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        c = exposures.c
        people = select(func.count(c.person.distinct())).where(c.at >= since)
        counts = select(c.label, func.count().label("count")).where(c.at >= since).group_by(c.label).order_by(c.label)

        def work(connection: Connection) -> dict[str, Any] | None:
            number = connection.execute(people).scalar_one()
            if number < FEWEST:
                return None
            labels = {row.label: int(row._mapping["count"]) for row in connection.execute(counts).all()}
            hard = sum(count for label, count in labels.items() if is_hard([label]))
            return {"people": number, "items": sum(labels.values()), "hard": hard, "labels": labels}

        return self._database.read(work)

    def pace(self, connection: Connection, person: Person, now: datetime) -> Pace:
        """Say what a person may be given now; begins a break that is due. Within the transaction of a claim."""
        row = _row(connection, person)
        comfort, rest = _settings(row), row.rest_until if row is not None else None
        if rest is not None and rest > now:
            return Pace(rest_until=rest)
        seen = _seen(connection, person, now)
        worked = _session(seen, comfort, rest, now)
        hard = _hard(worked)
        long = timedelta(minutes=comfort.break_after_minutes)
        over = comfort.break_after_minutes and worked and now - worked[-1].at >= long
        if over or (comfort.break_after_hard and hard >= comfort.break_after_hard):
            until = now + timedelta(minutes=comfort.break_minutes)
            self._put(connection, person, {"rest_until": until})
            return Pace(rest_until=until)
        spent = [root for root, most in comfort.budget.items() if most and _under(seen, root) >= most]
        last = [one.label for one in worked[: comfort.in_a_row]]
        row_full = comfort.in_a_row and len(last) == comfort.in_a_row and len(set(last)) == 1
        return Pace(barred=(*comfort.opt_outs, *spent), tired=last[0] if row_full else None)

    def opted_out(self, connection: Connection, person: Person, label: str) -> bool:
        """Say whether a person opted out of items with this label."""
        return Pace(barred=_settings(_row(connection, person)).opt_outs).bars([label])

    def saw(self, connection: Connection, person: Person, decision_id: str, label: str, now: datetime) -> None:
        """Note that a person was given an item, and so is at work. Within the claim; the same one again counts once."""
        query = select(decisions.c.labels).where(decisions.c.decision_id == decision_id)
        row = {
            "person": person.id,
            "decision_id": decision_id,
            "label": label,
            "labels": counted(connection.execute(query).scalar_one_or_none(), label),
            "at": now,
            "last_at": now,
        }
        known = self._database.insert(exposures).values(row)
        again = {"last_at": now}
        connection.execute(known.on_conflict_do_update(index_elements=["person", "decision_id"], set_=again))

    def did(self, connection: Connection, person: Person, decision_id: str, now: datetime) -> None:
        """Note that a person did something with an item: they are at work. Within that transaction."""
        mine = (exposures.c.person == person.id, exposures.c.decision_id == decision_id)
        connection.execute(update(exposures).where(*mine).values(last_at=now))

    def _put(self, connection: Connection, person: Person, values: Mapping[str, Any]) -> None:
        new = {"person": person.id, "settings": {}, "changed_at": datetime.now(UTC), **values}
        known = self._database.insert(wellness).values(new)
        connection.execute(known.on_conflict_do_update(index_elements=["person"], set_=dict(values)))


def held_back(pace: Pace) -> HeldBack:
    """Say to a person why they are given nothing."""
    if pace.rest_until is not None:
        text = "It is time for a break. You are given items again when it is over."
        return HeldBack(why="break", until=pace.rest_until, message=text)
    text = (
        "What waits is outside of what you chose to see, or over your limits for today. Others are given it; "
        "your settings for wellness say what you see."
    )
    return HeldBack(why="limits", until=None, message=text)


def counted(labels: Mapping[str, float] | None, label: str) -> list[str]:
    """Give the labels of a decision that count: those from 0.5 up, and the item's own."""
    return sorted({*(name for name, score in (labels or {}).items() if score >= _COUNTS), *([label] if label else [])})


def _row(connection: Connection, person: Person) -> Row[Any] | None:
    return connection.execute(select(wellness).where(wellness.c.person == person.id)).one_or_none()


def _settings(row: Row[Any] | None) -> Comfort:
    return Comfort() if row is None else Comfort().changed(row.settings)


def _seen(connection: Connection, person: Person, now: datetime) -> Sequence[Any]:
    """Give what a person was shown in the last 24 hours, newest first."""
    c = exposures.c
    query = (
        select(c.label, c.labels, c.at, c.last_at).where(c.person == person.id, c.at > now - _DAY).order_by(c.at.desc())
    )
    return connection.execute(query).all()


def _session(seen: Sequence[Any], comfort: Comfort, rest: datetime | None, now: datetime) -> list[Any]:
    """Give what was shown since the last break, newest first."""
    gap, later, worked = timedelta(minutes=comfort.break_minutes), now, []
    for one in seen:
        if later - one.last_at >= gap or (rest is not None and one.at < rest):
            break
        worked.append(one)
        later = one.at
    return worked


def _under(seen: Sequence[Any], root: str) -> int:
    return sum(times for labels, times in _alike(seen) if any(is_under(label, root) for label in labels))


def _hard(seen: Sequence[Any]) -> int:
    return sum(times for labels, times in _alike(seen) if is_hard(labels))


def _alike(seen: Sequence[Any]) -> Iterable[tuple[tuple[str, ...], int]]:
    """Give the sets of labels among what was shown, and how often: a day has hundreds of items of few kinds."""
    return Counter(tuple(one.labels) for one in seen).items()
