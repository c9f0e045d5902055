"""What the store gives of libraries that it keeps: frozen values, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from evenhand.domain import LibraryItem, Match

if TYPE_CHECKING:
    from sqlalchemy import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is said of a library as a whole."""

    colour: str  # "black", "white" or "review"
    label: str | None = None
    languages: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {**asdict(self), "languages": list(self.languages), "options": list(self.options)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A library that the store keeps, without its entries."""

    name: str
    kind: str  # of domain.LibraryKind
    head: Head
    version: int  # from 1
    size: int  # entries
    created_at: datetime
    changed_at: datetime
    removed_at: datetime | None = None  # None: in use


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One version of a library: who made it of the one before, and how."""

    revision: int  # of all libraries together; decisions name it
    library: str
    version: int
    at: datetime
    actor: str  # id of who did it
    action: str  # "create", "edit", "add", "remove", "import", "rollback" or "delete"
    head: Head
    added: int  # entries
    removed: int
    size: int  # entries it holds as of then
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What changed in all libraries since a revision."""

    revision: int  # as of now
    heads: tuple[Kept, ...]  # all in use, as of now
    added: Mapping[str, tuple[LibraryItem, ...]]  # library -> entries that are new and still there
    removed: frozenset[str]  # ids of entries that are gone


def fields_of(item: LibraryItem) -> dict[str, Any]:
    """Give what is stored of an entry beside its value and its end; what says nothing is left out."""
    found: dict[str, Any] = {
        "match": item.match.value,
        "label": item.label,
        "score": item.score if item.score != 1.0 else None,
        "languages": list(item.languages),
        "note": item.note,
    }
    return {name: value for name, value in found.items() if value}


def item_from(row: Row[*tuple[Any, ...]]) -> LibraryItem:
    """Give an entry as libraries hold it."""
    fields = row.fields
    if not fields:  # most say nothing more, and there may be a hundred thousand to read at once
        return LibraryItem(value=row.value, expires=row.expires_at, id=row.id)
    return LibraryItem(
        value=row.value,
        label=fields.get("label"),
        score=fields.get("score", 1.0),
        match=Match(fields.get("match", "")),
        languages=tuple(fields.get("languages", ())),
        expires=row.expires_at,
        note=fields.get("note", ""),
        id=row.id,
    )


def head_from(stored: Mapping[str, Any]) -> Head:
    """Give a head of its JSON form."""
    return Head(
        colour=stored["colour"],
        label=stored["label"],
        languages=tuple(stored["languages"]),
        options=tuple(stored["options"]),
        note=stored["note"],
    )
