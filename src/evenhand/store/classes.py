"""Custom classes in the store: every version that was taught, and which of them judges contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, inspect, select, update

from evenhand.domain import ClassEntry, CustomClass, Medium
from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.auditlog import AuditLog
from evenhand.store.classhistory import History, HistoryWanted, history
from evenhand.store.classtables import class_versions as versions
from evenhand.store.classtables import custom_classes as classes
from evenhand.store.database import Database
from evenhand.store.reviewrecords import LOCAL

MOST = 50  # versions kept of one class; the oldest that neither judges nor did before it goes


class Classes:
    """Keeps trained classes: their weights and figures, never a picture. Every change is told in the audit log.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database, self._audit = database, AuditLog(database)

    def add(self, trained: CustomClass, *, actor: str = LOCAL, deploy: bool = False) -> CustomClass:
        """Keep a new version; give it with its number.

        Args:
            trained: whatever number it has; its audit must have passed to be deployed.
            actor: who does it, for the audit log.
            deploy: it judges contents from now on.

        Raises:
            ConflictError: the class of this name is of another medium, or its audit did not pass.
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> int:
            found = self._one(connection, trained.name, lock=True)
            if found is not None and found.medium != trained.medium:
                raise ConflictError(
                    f"class {trained.name} is one of {found.medium}s: choose another name, or delete it"
                )
            number = 1 if found is None else found.last + 1
            if found is None:
                row = {"name": trained.name, "medium": trained.medium.value, "last": number}
                connection.execute(classes.insert(), row)
            else:
                connection.execute(update(classes).where(classes.c.name == trained.name).values(last=number))
                self._thin(connection, found)
            connection.execute(versions.insert(), _row(trained, number))
            self._tell(connection, "class.train", trained.name, actor, None, _told(trained, number))
            if deploy:
                self._deploy(connection, trained.name, number, "class.deploy", actor)
            return number

        number = self._database.write(work)
        return self.get(trained.name, number)

    def deploy(self, name: str, number: int, *, actor: str = LOCAL) -> CustomClass:
        """Let a version judge contents, in the place of the one that does.

        Raises:
            NotFoundError: there is no such class or version.
            ConflictError: its fairness audit did not pass.
            StoreError: nothing was changed.
        """
        self._database.write(lambda connection: self._deploy(connection, name, number, "class.deploy", actor))
        return self.get(name, number)

    def rollback(self, name: str, *, actor: str = LOCAL) -> CustomClass:
        """Go back to the version that judged contents before the present one.

        Raises:
            NotFoundError: there is no such class.
            ConflictError: no other version has judged yet.
            StoreError: nothing was changed.
        """

        def work(connection: Connection) -> int:
            found = self._one(connection, name, lock=True) or _unknown(name)
            if found.previous is None:
                raise ConflictError(f"class {name} has no earlier deployed version to go back to")
            self._deploy(connection, name, found.previous, "class.rollback", actor)
            number: int = found.previous
            return number

        return self.get(name, self._database.write(work))

    def withdraw(self, name: str, *, actor: str = LOCAL) -> None:
        """Let no version of a class judge any more; they are kept.

        Raises:
            NotFoundError: there is no such class.
            StoreError: nothing was changed.
        """

        def work(connection: Connection) -> None:
            found = self._one(connection, name, lock=True) or _unknown(name)
            if found.deployed is None:
                return
            values = {"deployed": None, "previous": found.deployed}
            connection.execute(update(classes).where(classes.c.name == name).values(**values))
            self._tell(connection, "class.withdraw", name, actor, {"deployed": found.deployed}, {"deployed": None})

        self._database.write(work)

    def remove(self, name: str, *, actor: str = LOCAL) -> None:
        """Forget a class with all its versions.

        Raises:
            NotFoundError: there is none of this name.
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> None:
            found = self._one(connection, name, lock=True) or _unknown(name)
            connection.execute(delete(versions).where(versions.c.name == name))
            connection.execute(delete(classes).where(classes.c.name == name))
            before = {"deployed": found.deployed, "versions": found.last}
            self._tell(connection, "class.remove", name, actor, before, None)

        self._database.write(work)

    def live(self, medium: Medium | None = None) -> list[CustomClass]:
        """List the versions that judge contents, by name; none where the database was not migrated to hold any.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        joined = and_(versions.c.name == classes.c.name, versions.c.number == classes.c.deployed)
        query = select(versions, classes.c.medium).join(classes, joined).order_by(versions.c.name)
        if medium is not None:
            query = query.where(classes.c.medium == medium.value)
        return self._database.read(lambda connection: [_class(row) for row in _rows(connection, query)])

    def stamp(self) -> tuple[tuple[str, str, str], ...]:
        """Give what changes whenever another version judges: medium, name and version of each. Cheap.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        joined = and_(versions.c.name == classes.c.name, versions.c.number == classes.c.deployed)
        columns = (classes.c.medium, classes.c.name, versions.c.version)
        query = select(*columns).join(versions, joined).order_by(classes.c.name)
        return tuple((row[0], row[1], row[2]) for row in self._database.read(lambda c: _rows(c, query)))

    def list(self) -> list[ClassEntry]:
        """List the classes, by name, each with its versions.

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> list[ClassEntry]:
            found = _rows(connection, select(classes).order_by(classes.c.name))
            return [self._entry(connection, row) for row in found]

        return self._database.read(work)

    def entry(self, name: str) -> ClassEntry:
        """Give a class with its versions.

        Raises:
            NotFoundError: there is none of this name.
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> ClassEntry:
            return self._entry(connection, self._one(connection, name) or _unknown(name))

        return self._database.read(work)

    def get(self, name: str, number: int | None = None) -> CustomClass:
        """Give one version; None: the one that judges, else the newest.

        Raises:
            NotFoundError: there is no such class or version.
            StoreError: the database refused or cannot be reached.
        """
        entry = self.entry(name)
        wanted = number or entry.deployed or entry.versions[0].number
        found = next((one for one in entry.versions if one.number == wanted), None)
        if found is None:
            raise NotFoundError(f"class {name} has no version {wanted}")
        return found

    def history(self, wanted: HistoryWanted) -> History:
        """Give what people judged as examples of a class; only what is still kept, see `keep_originals_days`.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: history(connection, wanted))

    def _deploy(self, connection: Connection, name: str, number: int, action: str, actor: str) -> None:
        found = self._one(connection, name, lock=True) or _unknown(name)
        query = select(versions.c.version, versions.c.audit).where(versions.c.name == name, versions.c.number == number)
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"class {name} has no version {number}")
        if not row.audit.get("passed"):
            raise ConflictError(f"version {number} of class {name} did not pass the fairness audit: it judges nothing")
        if found.deployed == number:
            return
        values = {"deployed": number, "previous": found.deployed if found.deployed is not None else found.previous}
        if values["previous"] == number:
            values["previous"] = None
        connection.execute(update(classes).where(classes.c.name == name).values(**values))
        after = {"deployed": number, "version": row.version}
        self._tell(connection, action, name, actor, {"deployed": found.deployed}, after)

    def _thin(self, connection: Connection, found: Row[Any]) -> None:
        kept = {found.deployed, found.previous} - {None}
        free = select(versions.c.number).where(versions.c.name == found.name, versions.c.number.not_in(kept))
        numbers = list(connection.execute(free.order_by(versions.c.number.desc()).offset(MOST - 3)).scalars())
        if numbers:
            gone = and_(versions.c.name == found.name, versions.c.number.in_(numbers))
            connection.execute(delete(versions).where(gone))

    def _one(self, connection: Connection, name: str, *, lock: bool = False) -> Row[Any] | None:
        query = select(classes).where(classes.c.name == name)
        return connection.execute(query.with_for_update() if lock else query).one_or_none()

    def _entry(self, connection: Connection, row: Row[Any]) -> ClassEntry:
        query = select(versions).where(versions.c.name == row.name).order_by(versions.c.number.desc())
        found = tuple(_class(one, row.medium) for one in connection.execute(query).all())
        return ClassEntry(
            name=row.name,
            medium=Medium(row.medium),
            deployed=row.deployed,
            previous=row.previous,
            versions=found,
        )

    def _tell(
        self,
        connection: Connection,
        action: str,
        name: str,
        actor: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        self._audit.append(connection, action, f"class:{name}", actor=actor, before=before, after=after)


def _rows(connection: Connection, query: Any) -> list[Any]:
    if not inspect(connection).has_table(classes.name):
        return []
    return list(connection.execute(query).all())


def _row(trained: CustomClass, number: int) -> dict[str, Any]:
    return {
        "name": trained.name,
        "number": number,
        "label": trained.label,
        "version": trained.version,
        "space": trained.space,
        "weights": trained.weights,
        "threshold": trained.threshold,
        "quality": dict(trained.quality),
        "audit": dict(trained.audit),
        "mistakes": [dict(one) for one in trained.mistakes],
        "created_by": trained.created_by,
        "created_at": trained.created_at,
    }


def _class(row: Row[Any], medium: str | None = None) -> CustomClass:
    values = dict(row._mapping)
    values["medium"] = Medium(medium or values["medium"])
    return CustomClass(**{**values, "mistakes": tuple(values["mistakes"])})


def _told(trained: CustomClass, number: int) -> dict[str, Any]:
    return {
        "number": number,
        "medium": trained.medium.value,
        "label": trained.label,
        "version": trained.version,
        "threshold": trained.threshold,
        "audit": bool(trained.audit.get("passed")),
    }


def _unknown(name: str) -> Row[Any]:
    raise NotFoundError(f"no class {name[:60]!r} is stored; list them with 'evenhand classes list'")
