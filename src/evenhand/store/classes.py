"""Custom classes of pictures, by name; training one again replaces it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, inspect, select

from evenhand.domain import PictureClass
from evenhand.errors import NotFoundError
from evenhand.store.database import Database
from evenhand.store.schema import classes


class Classes:
    """Keeps trained classes: their weights and figures, never a picture."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, trained: PictureClass) -> None:
        """Keep a class in place of the one of its name, if there was one.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        row = {
            "name": trained.name,
            "label": trained.label,
            "version": trained.version,
            "space": trained.space,
            "weights": trained.weights,
            "quality": dict(trained.quality),
            "created_at": trained.created_at,
        }

        def work(connection: Connection) -> None:
            connection.execute(delete(classes).where(classes.c.name == trained.name))
            connection.execute(classes.insert(), row)

        self._database.write(work, repeatable=True)

    def list(self) -> list[PictureClass]:
        """List all, by name; none where the database has not been migrated to hold any.

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> list[Row[Any]]:
            if not inspect(connection).has_table(classes.name):
                return []
            return list(connection.execute(select(classes).order_by(classes.c.name)).all())

        return [PictureClass(**row._mapping) for row in self._database.read(work)]

    def get(self, name: str) -> PictureClass:
        """Give one class.

        Raises:
            NotFoundError: there is none of this name.
            StoreError: the database refused or cannot be reached.
        """
        found = next((one for one in self.list() if one.name == name), None)
        if found is None:
            raise NotFoundError(f"no class {name[:60]!r} is stored; list them with 'evenhand classes list'")
        return found

    def remove(self, name: str) -> None:
        """Forget a class.

        Raises:
            NotFoundError: there is none of this name.
            StoreError: the database refused or cannot be reached.
        """
        self.get(name)
        self._database.write(
            lambda connection: connection.execute(delete(classes).where(classes.c.name == name)), repeatable=True
        )
