"""What is read of libraries that the store keeps: as of now, and as of any version."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from evenhand.domain import Library, LibraryItem
from evenhand.errors import NotFoundError
from evenhand.store.database import Database
from evenhand.store.libraryrecords import Change, Delta, Kept, item_from
from evenhand.store.libraryrows import (
    as_library,
    as_of,
    change_of,
    change_row,
    delta_since,
    head_row,
    kept_of,
    versions_at,
)
from evenhand.store.librarytables import library_changes as changes
from evenhand.store.librarytables import library_entries as entries
from evenhand.store.librarytables import library_heads as heads


class LibraryReads:
    """Reads libraries, and changes none.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Kept]:
        """List the libraries in use, by name.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(heads).where(heads.c.removed_at.is_(None)).order_by(heads.c.name)
        return [kept_of(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def get(self, name: str) -> Kept:
        """Give one library.

        Raises:
            NotFoundError: there is none of this name.
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: kept_of(head_row(connection, name)))

    def history(self, name: str, *, before: int | None = None, limit: int = 100) -> list[Change]:
        """List the versions of a library, newest first; of one that was deleted, too.

        Args:
            name: of the library.
            before: only versions under this one.
            limit: most to give.

        Raises:
            NotFoundError: there never was one of this name.
            StoreError: the database refused or cannot be reached.
        """
        query = select(changes).where(changes.c.library == name).order_by(changes.c.version.desc()).limit(limit)
        if before is not None:
            query = query.where(changes.c.version < before)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        if not rows and before is None:
            raise NotFoundError(f"there is no library {name[:80]!r}")
        return [change_of(row) for row in rows]

    def page(
        self,
        name: str,
        *,
        version: int | None = None,
        search: str = "",
        after: str = "",
        limit: int | None = 100,
    ) -> list[LibraryItem]:
        """Give entries of a library, in order of their ids: oldest first.

        Args:
            name: of the library.
            version: as of then; None: now.
            search: only entries whose value holds this, in any case of ASCII letters.
            after: id of the last one already seen.
            limit: most to give; None: all.

        Raises:
            NotFoundError: there is no such library or version.
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> list[LibraryItem]:
            if version is None:
                head_row(connection, name)
                at = None
            else:
                at = change_row(connection, name, version).revision
            query = select(entries).where(entries.c.library == name, as_of(at), entries.c.id > after)
            if search:
                query = query.where(entries.c.value.icontains(search, autoescape=True))
            return [item_from(row) for row in connection.execute(query.order_by(entries.c.id).limit(limit))]

        return self._database.read(work)

    def library(self, name: str, *, version: int | None = None) -> Library:
        """Give a library as detectors read it, now or as of a version.

        Raises:
            NotFoundError: there is no such library or version.
            StoreError: the database refused or cannot be reached.
        """
        found = self.page(name, version=version, limit=None)
        if version is None:
            kept = self.get(name)
            return as_library(kept, found)
        change = self._database.read(lambda connection: change_of(change_row(connection, name, version)))
        kind = self._database.read(lambda at: at.execute(select(heads.c.kind).where(heads.c.name == name)).scalar_one())
        kept = Kept(
            name=name,
            kind=kind,
            head=change.head,
            version=version,
            size=change.size,
            created_at=change.at,
            changed_at=change.at,
        )
        return as_library(kept, found)

    def expressions(self) -> dict[str, int]:
        """Count the regular expressions of each library that has any.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        regex = entries.c.fields["match"].as_string() == "regex"
        query = select(entries.c.library, func.count().label("many")).where(entries.c.removed.is_(None), regex)
        rows = self._database.read(lambda at: at.execute(query.group_by(entries.c.library)).all())
        return {row.library: row.many for row in rows}

    def revision(self) -> int:
        """Give the number of the last change of any library; 0: there was none.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(func.max(changes.c.revision))
        return self._database.read(lambda connection: connection.execute(query).scalar_one()) or 0

    def versions_at(self, revision: int) -> dict[str, int]:
        """Give the versions that the libraries had at a revision, as decisions name it; those deleted are left out.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: versions_at(connection, revision))

    def since(self, revision: int) -> Delta:
        """Give what changed after a revision.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: delta_since(connection, revision))
