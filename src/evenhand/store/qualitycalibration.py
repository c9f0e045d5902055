"""Calibration sessions: a named set of decisions that many people judge blind, then compare and talk about.

While a session is open everybody sees only what they said themselves. Once it is closed all see all verdicts, under
letters: what is compared is the rules, not the people.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, distinct, func, insert, select, update

from evenhand.domain import new_id
from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.auditlog import AuditLog
from evenhand.store.belonging import mine
from evenhand.store.database import Database
from evenhand.store.qualityrecords import Calibration, CalibrationItem, CalibrationNote
from evenhand.store.qualitytables import calibration_items as items
from evenhand.store.qualitytables import calibration_notes as notes
from evenhand.store.qualitytables import calibration_verdicts as verdicts
from evenhand.store.qualitytables import calibrations as table
from evenhand.store.reviewrecords import Person, Verdict
from evenhand.store.schema import decisions

MOST = 200  # decisions of one session


class Calibrations:
    """Makes, judges, closes and compares sessions.

    Args:
        database: where.
        audit: is told of every step.
    """

    def __init__(self, database: Database, audit: AuditLog, *, tenant: str | None = None) -> None:
        self._database, self._audit, self._tenant = database, audit, tenant

    def within(self, tenant: str | None) -> Calibrations:
        """Give the sessions that a tenant's people opened; None: all."""
        return Calibrations(self._database, self._audit, tenant=tenant)

    def make(self, person: Person, name: str, decision_ids: Sequence[str]) -> Calibration:
        """Open a session.

        Args:
            person: who does.
            name: for people.
            decision_ids: 1 to 200 stored decisions, in the order in which they are shown.

        Raises:
            NotFoundError: one of them is not stored.
            ValueError: the name is empty, or there are none or too many.
            StoreError: nothing was stored.
        """
        ids = list(dict.fromkeys(decision_ids))
        if not 1 <= len(ids) <= MOST:
            raise ValueError(f"{len(ids)} decisions: give 1 to {MOST}")
        if not name.strip():
            raise ValueError("give the session a name")

        def work(connection: Connection) -> Calibration:
            clean = [one for one in ids if "\x00" not in one]
            stored = select(decisions.c.decision_id).where(decisions.c.decision_id.in_(clean))
            stored = stored.where(*mine(decisions.c.key_id, self._tenant))
            known = set(connection.execute(stored).scalars())
            if missing := [one for one in ids if one not in known]:
                raise NotFoundError(f"no decision with the id {missing[0][:80]!r} is stored; it may have been deleted")
            row = {
                "id": new_id(),
                "name": name.strip(),
                "made_by": person.id,
                "salt": secrets.token_hex(8),
                "created_at": datetime.now(UTC),
                "closed_at": None,
            }
            connection.execute(insert(table), row)
            rows = [{"session": row["id"], "decision_id": one, "place": place} for place, one in enumerate(ids)]
            connection.execute(insert(items), rows)
            after = {"name": row["name"], "decisions": ids}
            self._audit.append(connection, "calibration.open", f"calibration:{row['id']}", actor=person.id, after=after)
            return self._one(connection, str(row["id"]))

        return self._database.write(work)

    def page(self, *, after: str = "", limit: int = 100) -> list[Calibration]:
        """List sessions, oldest first.

        Args:
            after: id of the last one already seen.
            limit: most to give.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table).where(table.c.id > after, *mine(table.c.made_by, self._tenant))
        query = query.order_by(table.c.id).limit(limit)

        def work(connection: Connection) -> list[Calibration]:
            return [self._whole(connection, row) for row in connection.execute(query).all()]

        return self._database.read(work)

    def get(self, session: str) -> Calibration:
        """Give a session.

        Raises:
            NotFoundError: there is none with that id.
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: self._one(connection, session))

    def judge(self, person: Person, session: str, decision_id: str, verdict: Verdict) -> Calibration:
        """Say what one of its decisions comes to; saying it again replaces what was said.

        Raises:
            NotFoundError: there is no such session, or the decision is none of it.
            ConflictError: it is closed.
            StoreError: nothing was stored.
        """

        def work(connection: Connection) -> Calibration:
            found = self._one(connection, session, lock=True)
            self._member(found, decision_id)
            if found.closed_at is not None:
                raise ConflictError("that session is closed: what was said in it stays")
            key = {"session": session, "decision_id": decision_id, "person": person.id}
            new = {"verdict": verdict.as_dict(), "at": datetime.now(UTC)}
            statement = self._database.insert(verdicts).values(key | new)
            connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=new))
            after = {"decision_id": decision_id, **verdict.as_dict()}
            self._audit.append(connection, "calibration.judge", f"calibration:{session}", actor=person.id, after=after)
            return self._one(connection, session)

        return self._database.write(work)

    def close(self, person: Person, session: str) -> Calibration:
        """Close a session: from now on all see all verdicts. Doing it twice changes nothing.

        Raises:
            NotFoundError: there is none with that id.
            StoreError: nothing was changed.
        """

        def work(connection: Connection) -> Calibration:
            found = self._one(connection, session, lock=True)
            if found.closed_at is None:
                values = {"closed_at": datetime.now(UTC)}
                connection.execute(update(table).where(table.c.id == session).values(values))
                self._audit.append(connection, "calibration.close", f"calibration:{session}", actor=person.id)
            return self._one(connection, session)

        return self._database.write(work)

    def note(self, person: Person, session: str, decision_id: str, text: str) -> Calibration:
        """Say something about a decision of a closed session.

        Raises:
            NotFoundError: there is no such session, or the decision is none of it.
            ConflictError: it is open: what is said would not be blind.
            StoreError: nothing was stored.
        """

        def work(connection: Connection) -> Calibration:
            found = self._one(connection, session)
            self._member(found, decision_id)
            if found.closed_at is None:
                raise ConflictError("that session is open: talk about it once it is closed")
            row = {
                "id": new_id(),
                "session": session,
                "decision_id": decision_id,
                "person": person.id,
                "note": text,
                "created_at": datetime.now(UTC),
            }
            connection.execute(insert(notes), row)
            after = {"decision_id": decision_id, "note": text}
            self._audit.append(connection, "calibration.note", f"calibration:{session}", actor=person.id, after=after)
            return found

        return self._database.write(work)

    def compare(self, person: Person, session: str) -> list[CalibrationItem]:
        """Give the decisions of a session as a person may see them: all verdicts, or while it is open their own.

        Raises:
            NotFoundError: there is none with that id.
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> list[CalibrationItem]:
            found = self._one(connection, session)
            salt = connection.execute(select(table.c.salt).where(table.c.id == session)).scalar_one()
            said = connection.execute(select(verdicts).where(verdicts.c.session == session)).all()
            talk = connection.execute(select(notes).where(notes.c.session == session).order_by(notes.c.id)).all()
            names = _letters({row.person for row in (*said, *talk)}, salt)
            me = names.get(person.id)
            closed = found.closed_at is not None
            given: dict[str, dict[str, Mapping[str, Any]]] = {}
            for row in said:
                given.setdefault(row.decision_id, {})[names[row.person]] = row.verdict
            spoken: dict[str, list[CalibrationNote]] = {}
            for row in talk:
                told = CalibrationNote(author=names[row.person], note=row.note, at=row.created_at)
                spoken.setdefault(row.decision_id, []).append(told)
            return [
                CalibrationItem(
                    decision_id=one,
                    you=me if closed else None,
                    mine=None if me is None else given.get(one, {}).get(me),
                    verdicts=dict(sorted(given.get(one, {}).items())) if closed else {},
                    notes=tuple(spoken.get(one, ())),
                )
                for one in found.decisions
            ]

        return self._database.read(work)

    def units(self, session: str) -> list[list[Mapping[str, Any]]]:
        """Give for each decision of a closed session all verdicts; for an open one none.

        Raises:
            NotFoundError: there is none with that id.
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> list[list[Mapping[str, Any]]]:
            found = self._one(connection, session)
            if found.closed_at is None:
                return []
            said: dict[str, list[Mapping[str, Any]]] = {one: [] for one in found.decisions}
            for row in connection.execute(select(verdicts).where(verdicts.c.session == session)):
                said[row.decision_id].append(row.verdict)
            return list(said.values())

        return self._database.read(work)

    def _one(self, connection: Connection, session: str, *, lock: bool = False) -> Calibration:
        query = select(table).where(table.c.id == session.replace("\x00", ""), *mine(table.c.made_by, self._tenant))
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise NotFoundError(f"no calibration session has the id {session[:80]!r}")
        return self._whole(connection, row)

    def _whole(self, connection: Connection, row: Row[Any]) -> Calibration:
        of = select(items.c.decision_id).where(items.c.session == row.id).order_by(items.c.place)
        count = select(func.count(distinct(verdicts.c.person))).where(verdicts.c.session == row.id)
        return Calibration(
            id=row.id,
            name=row.name,
            decisions=tuple(connection.execute(of).scalars()),
            people=connection.execute(count).scalar_one(),
            created_at=row.created_at,
            closed_at=row.closed_at,
        )

    @staticmethod
    def _member(found: Calibration, decision_id: str) -> None:
        if decision_id not in found.decisions:
            raise NotFoundError(f"the decision {decision_id[:80]!r} is none of this session")


def _letters(people: set[str], salt: str) -> dict[str, str]:
    """Give a letter for each person, in an order that says nothing about them."""
    order = sorted(people, key=lambda one: hashlib.sha256(f"{salt}{one}".encode()).digest())
    return {one: _letter(number) for number, one in enumerate(order)}


def _letter(number: int) -> str:
    return (_letter(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)
