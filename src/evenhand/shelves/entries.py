"""Entries and heads of libraries as callers write them, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour, is_label
from evenhand.errors import LibraryError
from evenhand.matching.libraries import parse_library
from evenhand.matching.libraries_items import COLUMNS, item_of
from evenhand.shelves.refusing import refuse_library, refuse_words
from evenhand.store.decisions import rfc3339
from evenhand.store.libraryrecords import Change, Head, Kept

MOST_AT_ONCE = 20_000  # entries in one call
_MOST_EXPRESSIONS = 200  # of one library


def read_head(
    name: str,
    kind: str,
    colour: str,
    *,
    label: str | None = None,
    languages: Sequence[str] = (),
    options: Sequence[str] = (),
    note: str = "",
) -> tuple[LibraryKind, Head]:
    """Check what is said of a library as a whole: as a document of the libraries' folder says it.

    Raises:
        LibraryError: something of it cannot be; says what.
        RefusedLabelError: the name or the label asks for a protected attribute, or who somebody is.
    """
    lines = [("name", name), ("kind", kind), ("list", colour), *([("label", label)] if label else [])]
    if len(note) > 2_000:
        raise LibraryError("A library's note has at most 2000 characters.")
    text = "\n".join([f"{key}: {_quoted(value)}" for key, value in lines] + ["items: []"])
    for key, values in (("languages", languages), ("options", options)):
        if values:
            text += f"\n{key}: [{', '.join(map(_quoted, values))}]"
    made = parse_library(text, "library")
    refuse_library(made)
    head = Head(
        colour=made.colour.value, label=made.label, languages=made.languages, options=made.options, note=note.strip()
    )
    return made.kind, head


def read_entries(
    rows: Sequence[Mapping[str, Any]], kept: Kept, *, where: str = "entry", most: int = MOST_AT_ONCE
) -> list[LibraryItem]:
    """Check entries for a library; all or none.

    Args:
        rows: `value`, and where wanted `match`, `label`, `score`, `languages`, `expires` and `note`.
        kept: the library.
        where: what messages call a row; its number follows.
        most: rows.

    Raises:
        LibraryError: one cannot be taken; says which and why.
        RefusedLabelError: a label asks for a protected attribute, or who somebody is.
    """
    if len(rows) > most:
        raise LibraryError(f"{len(rows)} entries at once: give at most {most}, and the rest after them.")
    kind, colour = LibraryKind(kept.kind), ListColour(kept.head.colour)
    items = []
    for number, row in enumerate(rows, 1):
        if unknown := sorted(set(row) - set(COLUMNS) - {"id"}):
            raise LibraryError(
                f"{where} line {number}: there is no field {unknown[0][:50]!r}; there are {', '.join(COLUMNS)}"
            )
        fields = {key: _text(row[key], key, where, number) for key in COLUMNS if row.get(key) is not None}
        fields.setdefault("value", "")
        item = item_of(**fields, kind=kind, where=where, line=number)
        if item.label is not None:
            if colour is ListColour.WHITE:
                raise LibraryError(f"{where} line {number}: entries of a white list take no label")
            top = item.label.partition(".")[0]
            if not is_label(item.label) and not is_label(top):
                raise LibraryError(f"{where} line {number}: label {item.label[:50]!r} is outside the taxonomy")
        items.append(item)
    _refuse(items, kept)
    return items


def _refuse(items: Sequence[LibraryItem], kept: Kept) -> None:
    labels = {item.label for item in items if item.label}
    probe = tuple(LibraryItem(value="", label=label) for label in sorted(labels))
    refuse_library(Library(name=kept.name, kind=LibraryKind.IMAGES, colour=ListColour.BLACK, items=probe))
    if kept.kind == LibraryKind.WORDS:
        expressions = sum(item.match.value == "regex" for item in items)
        if expressions > _MOST_EXPRESSIONS:
            raise LibraryError(f"{expressions} regular expressions, at most {_MOST_EXPRESSIONS} go into a library.")
        if kept.head.colour != ListColour.WHITE:
            refuse_words(items, where=kept.name)


def entry_document(item: LibraryItem) -> dict[str, Any]:
    """Give an entry as every surface shows it."""
    return {
        "id": item.id,
        "value": item.value,
        "match": item.match.value or None,
        "label": item.label,
        "score": item.score,
        "languages": list(item.languages),
        "expires": None if item.expires is None else rfc3339(item.expires),
        "note": item.note,
    }


def library_document(kept: Kept) -> dict[str, Any]:
    """Give a library, without its entries, as every surface shows it."""
    return {
        "name": kept.name,
        "kind": kept.kind,
        **_head_document(kept.head),
        "version": kept.version,
        "size": kept.size,
        "created_at": rfc3339(kept.created_at),
        "changed_at": rfc3339(kept.changed_at),
    }


def change_document(change: Change) -> dict[str, Any]:
    """Give a version as every surface shows it."""
    return {
        "version": change.version,
        "revision": change.revision,
        "at": rfc3339(change.at),
        "actor": change.actor,
        "action": change.action,
        "added": change.added,
        "removed": change.removed,
        "size": change.size,
        "note": change.note,
        **{f"library_{key}" if key == "note" else key: value for key, value in _head_document(change.head).items()},
    }


def _head_document(head: Head) -> dict[str, Any]:
    return {
        "list": head.colour,
        "label": head.label,
        "languages": list(head.languages),
        "options": list(head.options),
        "note": head.note,
    }


def _text(value: Any, key: str, where: str, number: int) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, list, tuple)):
        raise LibraryError(f"{where} line {number}: '{key}' takes one value")
    if isinstance(value, (list, tuple)):
        if key != "languages" or not all(isinstance(one, str) for one in value):
            raise LibraryError(f"{where} line {number}: '{key}' takes one value")
        return " ".join(value)
    text = str(value)
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise LibraryError(f"{where} line {number}: '{key}' is no valid Unicode, or holds NUL")
    return text


def _quoted(value: str) -> str:
    import json

    return json.dumps(value)
