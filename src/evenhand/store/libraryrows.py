"""Rows of libraries that the store keeps, and what they are read as."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour
from evenhand.errors import NotFoundError
from evenhand.store.libraryrecords import Change, Delta, Kept, fields_of, head_from, item_from
from evenhand.store.librarytables import library_changes as changes
from evenhand.store.librarytables import library_entries as entries
from evenhand.store.librarytables import library_heads as heads

TOGETHER = 500  # values in one statement: SQLite counts its parameters


def as_library(kept: Kept, items: Sequence[LibraryItem]) -> Library:
    """Give a library as detectors read it."""
    return Library(
        name=kept.name,
        kind=LibraryKind(kept.kind),
        colour=ListColour(kept.head.colour),
        label=kept.head.label,
        items=tuple(items),
        version=str(kept.version),
        languages=kept.head.languages,
        options=kept.head.options,
    )


def digest_of(item: LibraryItem) -> str:
    """Give what tells entries of one library apart: how it is found, and its value."""
    return hashlib.sha256(f"{item.match.value}\n{item.value}".encode(errors="surrogatepass")).hexdigest()


def is_same(row: Row[Any], item: LibraryItem) -> bool:
    """Say whether a stored entry says the same as one that is to be added."""
    return bool(row.fields == fields_of(item) and row.expires_at == item.expires)


def next_revision(connection: Connection) -> int:
    """Give the number of the change that comes next."""
    return (connection.execute(select(func.max(changes.c.revision))).scalar_one() or 0) + 1


def as_of(revision: int | None) -> Any:
    """Give the condition that an entry stands as of a revision; None: now."""
    if revision is None:
        return entries.c.removed.is_(None)
    return (entries.c.added <= revision) & or_(entries.c.removed.is_(None), entries.c.removed > revision)


def head_row(connection: Connection, name: str) -> Row[Any]:
    """Give the row of a library in use.

    Raises:
        NotFoundError: there is none of this name.
    """
    row = connection.execute(select(heads).where(heads.c.name == name, heads.c.removed_at.is_(None))).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no library {name[:80]!r} in the database")
    return row


def change_row(connection: Connection, name: str, version: int) -> Row[Any]:
    """Give the row of a version.

    Raises:
        NotFoundError: there is none.
    """
    query = select(changes).where(changes.c.library == name, changes.c.version == version)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"library {name[:80]!r} has no version {version}")
    return row


def present(connection: Connection, name: str, digests: list[str] | None) -> list[Row[Any]]:
    """Give the entries that stand now; only those with these digests, where any are given."""
    here = select(entries).where(entries.c.library == name, entries.c.removed.is_(None))
    if digests is None:
        return list(connection.execute(here).all())
    found: list[Row[Any]] = []
    for start in range(0, len(digests), TOGETHER):
        among = entries.c.digest.in_(digests[start : start + TOGETHER])
        found += connection.execute(here.where(among)).all()
    return found


def end_entries(connection: Connection, name: str, ids: Iterable[str], revision: int) -> int:
    """Have entries of a library stand no more from a revision on; give how many that were.

    Args:
        connection: in a transaction.
        name: of the library.
        ids: those of other libraries, and those that stand no more already, are left.
        revision: of the change.
    """
    wanted, ended = sorted(ids), 0
    for start in range(0, len(wanted), TOGETHER):
        # Looked up by id alone: SQLite would take the index of what stands, and read the whole library each time.
        among = entries.c.id.in_(wanted[start : start + TOGETHER])
        found = connection.execute(select(entries.c.id, entries.c.library, entries.c.removed).where(among))
        mine = [row.id for row in found if row.library == name and row.removed is None]
        if mine:
            connection.execute(update(entries).where(entries.c.id.in_(mine)).values(removed=revision))
            ended += len(mine)
    return ended


def rows_at(connection: Connection, name: str, revision: int | None) -> dict[tuple[str, str, str], Row[Any]]:
    """Give the entries of a library as of a revision (None: now), by all that they say."""
    query = select(entries).where(entries.c.library == name, as_of(revision))
    return {
        (row.digest, repr(sorted(row.fields.items())), repr(row.expires_at)): row for row in connection.execute(query)
    }


def versions_at(connection: Connection, revision: int) -> dict[str, int]:
    """Give the versions that the libraries had at a revision; those deleted are left out."""
    newest = (
        select(changes.c.library, func.max(changes.c.version).label("version"))
        .where(changes.c.revision <= revision)
        .group_by(changes.c.library)
        .subquery()
    )
    query = select(changes.c.library, changes.c.version).join(
        newest, (changes.c.library == newest.c.library) & (changes.c.version == newest.c.version)
    )
    query = query.where(changes.c.action != "delete").order_by(changes.c.library)
    return {row.library: row.version for row in connection.execute(query)}


def delta_since(connection: Connection, revision: int) -> Delta:
    """Give what changed after a revision."""
    now = connection.execute(select(func.max(changes.c.revision))).scalar_one() or 0
    in_use = connection.execute(select(heads).where(heads.c.removed_at.is_(None)).order_by(heads.c.name)).all()
    e = entries.c
    new = select(e.id, e.library, e.value, e.fields, e.expires_at).where(e.added > revision, e.removed.is_(None))
    added: dict[str, list[LibraryItem]] = {}
    for row in connection.execute(new.order_by(e.id)):
        added.setdefault(row.library, []).append(item_from(row))
    gone = select(entries.c.id).where(entries.c.removed > revision, entries.c.added <= revision)
    return Delta(
        revision=now,
        heads=tuple(kept_of(row) for row in in_use),
        added={name: tuple(items) for name, items in added.items()},
        removed=frozenset(connection.execute(gone).scalars()),
    )


def kept_of(row: Row[Any]) -> Kept:
    """Read a library's row."""
    return Kept(**{**row._mapping, "head": head_from(row.head)})


def change_of(row: Row[Any]) -> Change:
    """Read a version's row."""
    return Change(**{**row._mapping, "head": head_from(row.head)})
