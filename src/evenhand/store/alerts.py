"""Alerts: thresholds on figures, and whether they are passed. Raised once, cleared once; each told with its commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from evenhand.domain import new_id
from evenhand.errors import ConflictError, NotFoundError, UserError
from evenhand.store.accountingtables import alerts as table
from evenhand.store.announcing import announce
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.reviewrecords import LOCAL

_MOST = 200  # alerts
_CLEAR, _RAISED = "clear", "raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """A threshold on a figure."""

    name: str
    figure: str  # one of accounting.alerts.FIGURES
    threshold: float
    above: bool = True  # raised above the threshold; False: below it
    filters: Mapping[str, str] = field(default_factory=dict)  # label, line, queue, detector, language
    window_s: int = 3_600  # what the figure looks back on
    least: int = 50  # of what the figure is made; with fewer nothing is said


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(NewAlert):
    """An alert, and how it stands."""

    id: str
    state: str  # "clear" or "raised"
    value: float | None  # when it was last looked at; None: there was too little to say anything
    of: int | None  # how many the value is made of
    checked_at: datetime | None
    raised_at: datetime | None
    disabled_at: datetime | None
    created_by: str
    created_at: datetime

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return asdict(self)


class Alerts:
    """Makes, lists, switches and removes alerts, and notes how they stand."""

    def __init__(self, database: Database) -> None:
        self._database, self._audit = database, AuditLog(database)

    def create(self, new: NewAlert, *, actor: str = LOCAL) -> Alert:
        """Make an alert; the caller has checked the figure and its filters.

        Raises:
            UserError: the name is empty, or there are too many.
            ConflictError: the name is taken.
            StoreError: the database refused or cannot be reached.
        """
        if not new.name.strip() or len(new.name) > 200:
            raise UserError("give the alert a name of 1 to 200 characters")
        row = {
            **asdict(new),
            "id": new_id(),
            "name": new.name.strip(),
            "filters": dict(new.filters),
            "above": int(new.above),
            "state": _CLEAR,
            "created_by": actor,
            "created_at": datetime.now(UTC),
        }

        def work(connection: Connection) -> bool:
            if len(connection.execute(select(table.c.id)).all()) >= _MOST:
                raise UserError(f"there are {_MOST} alerts already; remove some")
            statement = self._database.insert(table).values(row).on_conflict_do_nothing(index_elements=["name"])
            if not connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount:
                return False
            self._audit.append(connection, "alert.create", f"alert:{row['id']}", actor=actor, after=asdict(new))
            return True

        if not self._database.write(work):
            raise ConflictError(
                f"an alert is called {new.name[:80]!r} already: remove it first, or choose another name"
            )
        return self.get(str(row["id"]))

    def list(self) -> list[Alert]:
        """List all, oldest first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table).order_by(table.c.id)
        return [_alert(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def get(self, name: str) -> Alert:
        """Give one by its id or its name.

        Raises:
            NotFoundError: there is none.
            StoreError: the database refused or cannot be reached.
        """
        clean = "" if "\x00" in name else name
        query = select(table).where((table.c.id == clean) | (table.c.name == clean))
        row = self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            raise NotFoundError(f"no alert is called {name[:80]!r}; list them with `evenhand alerts list`")
        return _alert(row)

    def remove(self, name: str, *, actor: str = LOCAL) -> None:
        """Forget an alert.

        Raises:
            NotFoundError, StoreError: as for `get`.
        """
        found = self.get(name)

        def work(connection: Connection) -> None:
            connection.execute(delete(table).where(table.c.id == found.id))
            before = {"name": found.name, "figure": found.figure, "threshold": found.threshold, "state": found.state}
            self._audit.append(connection, "alert.remove", f"alert:{found.id}", actor=actor, before=before)

        self._database.write(work)

    def switch(self, name: str, *, on: bool, actor: str = LOCAL) -> Alert:
        """Look at an alert again, or no longer; one that is switched off is clear, without a word to webhooks.

        Raises:
            NotFoundError, StoreError: as for `get`.
        """
        found = self.get(name)
        values = {"disabled_at": None if on else datetime.now(UTC), "state": found.state if on else _CLEAR}

        def work(connection: Connection) -> None:
            connection.execute(update(table).where(table.c.id == found.id).values(values))
            before, after = {"enabled": found.disabled_at is None}, {"enabled": on}
            subject = f"alert:{found.id}"
            self._audit.append(connection, "alert.switch", subject, actor=actor, before=before, after=after)

        self._database.write(work)
        return self.get(found.id)

    def looked(self, alert: Alert, value: float | None, of: int) -> str | None:
        """Note what the figure is now; webhooks are told of a change, once, whoever else looks at the same time.

        Args:
            alert: as it was listed.
            value: None: there is too little to say anything, and its state stays.
            of: how many the value is made of.

        Returns:
            "alert.raised" or "alert.cleared"; None: nothing changed.

        Raises:
            StoreError: nothing was noted.
        """
        now = datetime.now(UTC)
        passed = value is not None and (value > alert.threshold if alert.above else value < alert.threshold)
        state = alert.state if value is None else _RAISED if passed else _CLEAR

        def work(connection: Connection) -> str | None:
            mine = (table.c.id == alert.id, table.c.disabled_at.is_(None))
            row = connection.execute(select(table.c.state).where(*mine).with_for_update()).first()
            if row is None:
                return None
            changed = row.state != state and value is not None
            values: dict[str, Any] = {"value": value, "of": of, "checked_at": now}
            if changed:
                values |= {"state": state, "raised_at": now if state == _RAISED else None}
            connection.execute(update(table).where(*mine).values(values))
            if not changed:
                return None
            event = "alert.raised" if state == _RAISED else "alert.cleared"
            told = {
                "alert": alert.id,
                "name": alert.name,
                "figure": alert.figure,
                "filters": dict(alert.filters),
                "value": value,
                "of": of,
                "threshold": alert.threshold,
                "above": alert.above,
                "window_s": alert.window_s,
            }
            announce(connection, self._database, event, told)
            before, after = {"state": row.state}, {"state": state, "value": value, "of": of}
            self._audit.append(connection, event, f"alert:{alert.id}", actor="system", before=before, after=after)
            return event

        return self._database.write(work)


def _alert(row: Row[Any]) -> Alert:
    return Alert(**{**row._mapping, "above": bool(row.above)})
