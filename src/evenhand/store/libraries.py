"""Libraries that the store keeps: changed while servers run, every version of them still to be had.

Entries are added and removed, never changed. All changes of all libraries stand in one row of revisions, so a process
that remembers the last one it saw asks for what is newer, and a decision that names a revision can be replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, select, text, update

from evenhand.domain import LibraryItem, LibraryKind, new_id
from evenhand.errors import ConflictError, LibraryError
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.libraryreads import LibraryReads
from evenhand.store.libraryrecords import Change, Head, Kept, fields_of, head_from, item_from
from evenhand.store.libraryrows import (
    change_of,
    change_row,
    digest_of,
    end_entries,
    head_row,
    is_same,
    kept_of,
    next_revision,
    present,
    rows_at,
)
from evenhand.store.librarytables import library_changes as changes
from evenhand.store.librarytables import library_entries as entries
from evenhand.store.librarytables import library_heads as heads

MOST_LIBRARIES = 200
MOST_ENTRIES = 100_000  # in one library; more belong into a file, or for pictures into a bank
_LOCK = 0x6576686C6962  # "evhlib": the key of PostgreSQL's advisory lock


class Shelf(LibraryReads):
    """Keeps libraries.

    Args:
        database: where.
        audit: is told of every change.
    """

    def __init__(self, database: Database, audit: AuditLog) -> None:
        super().__init__(database)
        self._audit = audit

    def create(self, name: str, kind: LibraryKind, head: Head, *, actor: str) -> Kept:
        """Make an empty library. One that was deleted comes back under its name, empty, and its versions go on.

        Raises:
            ConflictError: there is one of this name.
            LibraryError: there are too many.
            StoreError: nothing was stored.
        """
        now = datetime.now(UTC)

        def work(connection: Connection) -> Kept:
            self._lock(connection)
            old = connection.execute(select(heads).where(heads.c.name == name)).one_or_none()
            if old is not None and old.removed_at is None:
                raise ConflictError(f"there is a library {name!r} already")
            if old is not None and old.kind != kind.value:
                raise ConflictError(f"there was a library {name!r} of {old.kind}: take another name")
            in_use = connection.execute(select(func.count()).where(heads.c.removed_at.is_(None))).scalar_one()
            if in_use >= MOST_LIBRARIES:
                raise LibraryError(f"There are {in_use} libraries, at most {MOST_LIBRARIES} are kept: join some.")
            row = {"kind": kind.value, "head": head.as_dict(), "size": 0, "changed_at": now, "removed_at": None}
            if old is None:
                row = {**row, "name": name, "version": 0, "created_at": now}
                connection.execute(insert(heads), row)
            else:
                connection.execute(update(heads).where(heads.c.name == name).values(row))
            return self._changed(connection, name, "create", actor, head=head)

        return self._database.write(work)

    def edit(self, name: str, head: Head, *, actor: str, note: str = "") -> Kept:
        """Say something else of a library as a whole.

        Raises:
            NotFoundError: there is none of this name.
            StoreError: nothing was stored.
        """

        def work(connection: Connection) -> Kept:
            self._lock(connection)
            head_row(connection, name)
            return self._changed(connection, name, "edit", actor, head=head, note=note)

        return self._database.write(work)

    def change(
        self,
        name: str,
        *,
        actor: str,
        add: Sequence[LibraryItem] = (),
        remove: Iterable[str] = (),
        action: str | None = None,
        note: str = "",
        replace: bool = False,
    ) -> Change:
        """Add and remove entries, all or none, as one version. What would change nothing makes no version.

        Args:
            name: of the library.
            actor: id of who does it.
            add: checked by the caller; one that is there with other fields takes its place, one that is there is left.
            remove: ids of entries; one that is not there is no error.
            action: what the history calls it; None: "add" or "remove".
            note: for people.
            replace: remove all entries that are not among `add`.

        Returns:
            The version that it is now.

        Raises:
            NotFoundError: there is no such library.
            LibraryError: it would hold too many.
            StoreError: nothing was stored.
        """
        wanted = {digest_of(item): item for item in add}
        gone = set(remove)
        word = action or ("add" if wanted else "remove")

        def work(connection: Connection) -> Change:
            self._lock(connection)
            head_row(connection, name)
            there = {row.digest: row for row in present(connection, name, None if replace else list(wanted))}
            fresh = [(d, item) for d, item in wanted.items() if d not in there or not is_same(there[d], item)]
            leave = {there[d].id for d, _ in fresh if d in there}
            if replace:
                leave |= {row.id for d, row in there.items() if d not in wanted}
            leave |= gone - {row.id for d, row in there.items() if d in wanted}
            return self._entries(connection, name, word, actor, fresh=fresh, leave=leave, note=note)

        return self._database.write(work)

    def rollback(self, name: str, version: int, *, actor: str, note: str = "") -> Change:
        """Make a version that holds what an earlier one held; those between stay in the history.

        Raises:
            NotFoundError: there is no such library or version.
            StoreError: nothing was stored.
        """

        def work(connection: Connection) -> Change:
            self._lock(connection)
            now = head_row(connection, name)
            then = change_row(connection, name, version)
            here, back = rows_at(connection, name, None), rows_at(connection, name, then.revision)
            fresh = [(row.digest, item_from(row)) for key, row in back.items() if key not in here]
            leave = {row.id for key, row in here.items() if key not in back}
            said = note or f"back to version {version}"
            head = head_from(then.head)
            if head != head_from(now.head):
                connection.execute(update(heads).where(heads.c.name == name).values(head=head.as_dict()))
            return self._entries(
                connection, name, "rollback", actor, fresh=fresh, leave=leave, note=said, head=head, always=True
            )

        return self._database.write(work)

    def delete(self, name: str, *, actor: str, note: str = "") -> None:
        """Put a library out of use. Its versions can still be had, and `create` brings its name back.

        Raises:
            NotFoundError: there is none of this name.
            StoreError: nothing was stored.
        """
        now = datetime.now(UTC)

        def work(connection: Connection) -> None:
            self._lock(connection)
            head_row(connection, name)
            leave = {row.id for row in rows_at(connection, name, None).values()}
            self._entries(connection, name, "delete", actor, fresh=[], leave=leave, note=note, always=True)
            connection.execute(update(heads).where(heads.c.name == name).values(removed_at=now))

        self._database.write(work)

    def _lock(self, connection: Connection) -> None:
        """One change at a time: revisions have no gaps and no ties."""
        if not self._database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def _entries(
        self,
        connection: Connection,
        name: str,
        action: str,
        actor: str,
        *,
        fresh: Sequence[tuple[str, LibraryItem]],
        leave: set[str],
        note: str,
        head: Head | None = None,
        always: bool = False,
    ) -> Change:
        revision = next_revision(connection)
        removed = end_entries(connection, name, leave, revision)
        rows = [
            {
                "id": new_id(),
                "library": name,
                "value": item.value,
                "digest": digest,
                "fields": fields_of(item),
                "expires_at": item.expires,
                "added": revision,
                "removed": None,
            }
            for digest, item in fresh
        ]
        if rows:
            connection.execute(insert(entries), rows)
        if not rows and not removed and not always:
            last = connection.execute(
                select(changes).where(changes.c.library == name).order_by(changes.c.version.desc()).limit(1)
            ).one()
            return change_of(last)
        self._changed(connection, name, action, actor, added=len(rows), removed=removed, note=note, head=head)
        row = connection.execute(select(changes).where(changes.c.revision == revision)).one()
        if row.size > MOST_ENTRIES:
            raise LibraryError(
                f"Library {name} would hold {row.size} entries, at most {MOST_ENTRIES} are kept in one: longer lists "
                "belong into a file of the libraries' folder, or for pictures into a bank."
            )
        return change_of(row)

    def _changed(
        self,
        connection: Connection,
        name: str,
        action: str,
        actor: str,
        *,
        head: Head | None = None,
        added: int = 0,
        removed: int = 0,
        note: str = "",
    ) -> Kept:
        now = datetime.now(UTC)
        old = connection.execute(select(heads).where(heads.c.name == name)).one()
        kept = head or head_from(old.head)
        values = {"version": old.version + 1, "size": old.size + added - removed, "changed_at": now}
        connection.execute(update(heads).where(heads.c.name == name).values({**values, "head": kept.as_dict()}))
        row = {
            "revision": next_revision(connection),
            "library": name,
            "version": old.version + 1,
            "at": now,
            "actor": actor,
            "action": action,
            "head": kept.as_dict(),
            "added": added,
            "removed": removed,
            "size": old.size + added - removed,
            "note": note,
        }
        connection.execute(insert(changes), row)
        told = {"version": row["version"], "added": added, "removed": removed, "size": row["size"], "note": note}
        before = {"version": old.version, "size": old.size, "head": old.head}
        after = {**told, "head": row["head"]}
        self._audit.append(connection, f"library.{action}", f"library:{name}", actor=actor, before=before, after=after)
        return kept_of(connection.execute(select(heads).where(heads.c.name == name)).one())
