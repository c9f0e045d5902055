"""Lists of words that callers keep here through another vendor's API, and change while the server runs.

Every change gives its list a new revision in the same transaction. Who reads a list's revision before each use, and its
items whenever the revision is a new one, never uses a state older than that read: a change counts at once, everywhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from evenhand.domain import new_id
from evenhand.errors import InputError, NotFoundError
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.records import Blocklist, BlocklistItem
from evenhand.store.reviewrecords import LOCAL
from evenhand.store.schema import blocklist_items as items
from evenhand.store.schema import blocklists as lists

_MOST_TOLD = 100  # items that a link of the audit log names; of more it tells the number
_TOGETHER = 500  # ids in one statement: SQLite counts its parameters


class Blocklists:
    """Keeps lists of words and their items."""

    def __init__(self, database: Database) -> None:
        self._database, self._audit = database, AuditLog(database)

    def save(self, name: str, changes: Mapping[str, str | None], *, actor: str = LOCAL) -> tuple[Blocklist, bool]:
        """Make a list, or change one.

        Args:
            name: of the list; the caller has checked its form.
            actor: id of who does it, for the audit log.
            changes: may hold `description`; None removes it. What is not named stays.

        Returns:
            The list as it is now, and whether it is new.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        moment = datetime.now(UTC)
        row = {
            "name": name,
            "description": changes.get("description"),
            "revision": _revision(),
            "created_at": moment,
            "changed_at": moment,
        }
        making = (
            self._database.insert(lists)
            .on_conflict_do_nothing(index_elements=["name"])
            .execution_options(preserve_rowcount=True)
        )

        def work(connection: Connection) -> tuple[Blocklist, bool]:
            made = connection.execute(making.values(row)).rowcount == 1
            before = None if made else {"description": _get(connection, name).description}
            if not made and "description" in changes:
                changed = {"description": changes["description"], "changed_at": moment}
                connection.execute(update(lists).where(lists.c.name == name).values(changed))
            found = _get(connection, name)
            if made or "description" in changes:
                after = {"description": found.description}
                action = "blocklist.create" if made else "blocklist.change"
                self._audit.append(connection, action, f"blocklist:{name}", actor=actor, before=before, after=after)
            return found, made

        return self._database.write(work)

    def get(self, name: str) -> Blocklist:
        """Give one list.

        Raises:
            NotFoundError: there is none of this name.
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: _get(connection, name))

    def all(self) -> list[Blocklist]:
        """Give all lists, by name.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(lists).order_by(lists.c.name)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [Blocklist(**row._mapping) for row in rows]

    def remove(self, name: str, *, actor: str = LOCAL) -> None:
        """Forget a list and its items; none of that name is no error.

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> None:
            # The list first: whoever adds to it at this moment waits for its row, and then finds none.
            gone = delete(lists).where(lists.c.name == name).execution_options(preserve_rowcount=True)
            there = connection.execute(gone).rowcount
            held = connection.execute(delete(items).where(items.c.blocklist == name)).rowcount
            if there:
                before = {"items": held}
                self._audit.append(connection, "blocklist.remove", f"blocklist:{name}", actor=actor, before=before)

        self._database.write(work, repeatable=True)
        self._database.forget()

    def add(
        self, name: str, entries: Sequence[tuple[str, str | None]], *, most: int, actor: str = LOCAL
    ) -> list[BlocklistItem]:
        """Add items, all or none. A text that the list holds already keeps its id and gets the new description.

        Args:
            name: of the list.
            entries: text and description of each; a text that comes twice counts once, the last time.
            most: items that a list may hold.
            actor: id of who does it, for the audit log.

        Returns:
            The items, in the order of `entries`.

        Raises:
            NotFoundError: there is no such list.
            InputError: the list would be too long.
            StoreError: the database refused or cannot be reached.
        """
        wanted = dict(entries)
        moment = datetime.now(UTC)

        def work(connection: Connection) -> list[BlocklistItem]:
            _touch(connection, name, moment)
            found: dict[str, BlocklistItem] = {}
            texts = list(wanted)
            for start in range(0, len(texts), _TOGETHER):
                among = items.c.text.in_(texts[start : start + _TOGETHER])
                query = select(items).where(items.c.blocklist == name, among)
                found |= {row.text: _item(row) for row in connection.execute(query)}
            out: dict[str, BlocklistItem] = {}
            for text, description in wanted.items():
                old = found.get(text)
                made = BlocklistItem(id=new_id() if old is None else old.id, text=text, description=description)
                out[text] = made
                if old is None:
                    row = {"id": made.id, "blocklist": name, "text": text, "description": description}
                    connection.execute(insert(items), row)
                else:
                    connection.execute(update(items).where(items.c.id == old.id).values(description=description))
            held = connection.execute(select(func.count()).where(items.c.blocklist == name)).scalar_one()
            if held > most:
                raise InputError(f"Blocklist {name} would hold {held} items; at most {most} are allowed in one list.")
            told = [{"id": one.id, "text": one.text} for one in out.values()][:_MOST_TOLD]
            after = {"items": told, "count": len(out)}
            self._audit.append(connection, "blocklist.add", f"blocklist:{name}", actor=actor, after=after)
            return list(out.values())

        return self._database.write(work)

    def discard(self, name: str, ids: Sequence[str], *, actor: str = LOCAL) -> None:
        """Remove items; an id that the list does not hold is no error.

        Raises:
            NotFoundError: there is no such list.
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> None:
            _touch(connection, name, datetime.now(UTC))
            for start in range(0, len(ids), _TOGETHER):
                among = items.c.id.in_(ids[start : start + _TOGETHER])
                connection.execute(delete(items).where(items.c.blocklist == name, among))
            before = {"items": [{"id": one} for one in ids[:_MOST_TOLD]], "count": len(ids)}
            self._audit.append(connection, "blocklist.discard", f"blocklist:{name}", actor=actor, before=before)

        self._database.write(work, repeatable=True)
        self._database.forget()

    def item(self, name: str, item_id: str) -> BlocklistItem:
        """Give one item.

        Raises:
            NotFoundError: there is no such list, or no such item in it.
            StoreError: the database refused or cannot be reached.
        """
        query = select(items).where(items.c.blocklist == name, items.c.id == item_id)

        def work(connection: Connection) -> BlocklistItem:
            _get(connection, name)
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFoundError(f"blocklist {name} has no item {item_id[:80]!r}")
            return _item(row)

        return self._database.read(work)

    def page(self, name: str, *, skip: int = 0, limit: int | None = None) -> list[BlocklistItem]:
        """Give items of a list, oldest first.

        Args:
            name: of the list.
            skip: how many to leave out at the beginning.
            limit: most to give; None: all.

        Raises:
            NotFoundError: there is no such list.
            StoreError: the database refused or cannot be reached.
        """
        query = select(items).where(items.c.blocklist == name).order_by(items.c.id).offset(skip).limit(limit)

        def work(connection: Connection) -> list[BlocklistItem]:
            _get(connection, name)
            return [_item(row) for row in connection.execute(query)]

        return self._database.read(work)

    def revisions(self, names: Sequence[str]) -> dict[str, str]:
        """Give the revisions of some lists, by name; those that there are not are left out.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(lists.c.name, lists.c.revision).where(lists.c.name.in_(names))
        return {row.name: row.revision for row in self._database.read(lambda at: at.execute(query).all())}


def _get(connection: Connection, name: str) -> Blocklist:
    row = connection.execute(select(lists).where(lists.c.name == name)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no blocklist {name!r}")
    return Blocklist(**row._mapping)


def _touch(connection: Connection, name: str, moment: datetime) -> None:
    """Give a list a new revision, and hold its row until the transaction ends: changes of one list come in turn."""
    change = update(lists).where(lists.c.name == name).values(revision=_revision(), changed_at=moment)
    if connection.execute(change.execution_options(preserve_rowcount=True)).rowcount == 0:
        raise NotFoundError(f"there is no blocklist {name!r}")


def _item(row: Row[Any]) -> BlocklistItem:
    return BlocklistItem(id=row.id, text=row.text, description=row.description)


def _revision() -> str:
    return secrets.token_hex(16)
