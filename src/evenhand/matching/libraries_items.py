"""Items of a library: one word, phrase, or hash of a picture, sound or video each, from YAML, plain text or CSV."""

from __future__ import annotations

import csv
import io
import re

from evenhand.domain import LibraryItem, LibraryKind
from evenhand.errors import LibraryError

MAX_ITEMS = 1_000_000
MAX_ITEM_CHARS = 200
_COLUMNS = ("value", "label", "score")
_HASH = re.compile(r"[0-9a-f]{64}")


def item_of(
    value: str, kind: LibraryKind, *, where: str, line: int, label: str | None = None, score: str | None = None
) -> LibraryItem:
    """Check one item.

    Args:
        value: the word or phrase, 64 hexadecimal digits, the fingerprint of a sound or the print of a video.
        kind: what the library holds.
        where: name of the document or file, for messages.
        line: its line.
        label: overrides the library's label.
        score: a number in (0, 1], as written; None or empty: 1.

    Raises:
        LibraryError: the item cannot be used.
    """
    value = value.strip()
    if kind is LibraryKind.IMAGES:
        value = value.lower()
        if not _HASH.fullmatch(value):
            raise LibraryError(f"{where} line {line}: a picture's hash is 64 hexadecimal digits")
    elif kind is LibraryKind.SOUNDS:
        _check_print(value, where, line)
    elif kind is LibraryKind.VIDEOS:
        _check_video(value, where, line)
    elif not value:
        raise LibraryError(f"{where} line {line}: an empty item; remove the line")
    elif len(value) > MAX_ITEM_CHARS:
        raise LibraryError(f"{where} line {line}: over {MAX_ITEM_CHARS} characters; use a shorter phrase")
    elif value.endswith("*") and sum(char.isalnum() for char in value) < 3 and value.strip("*").isalnum():
        raise LibraryError(f"{where} line {line}: 'word*' needs three letters or more before '*'; fewer match too much")
    elif value == "*":
        raise LibraryError(f"{where} line {line}: '*' alone matches everything; remove it, or write 'word*'")
    try:
        number = float(score) if score else 1.0
    except ValueError:
        number = -1.0
    if not 0.0 < number <= 1.0:
        raise LibraryError(f"{where} line {line}: score is a number above 0 and at most 1")
    return LibraryItem(value=value, label=label or None, score=number)


def _check_print(value: str, where: str, line: int) -> None:
    from evenhand.matching.audioprint import from_text

    try:
        from_text(value)
    except ValueError as error:
        raise LibraryError(f"{where} line {line}: {error}") from error


def _check_video(value: str, where: str, line: int) -> None:
    from evenhand.matching.videoprint import from_text

    try:
        from_text(value)
    except ValueError as error:
        raise LibraryError(f"{where} line {line}: {error}") from error


def read_items(text: str, kind: LibraryKind, *, where: str, table: bool) -> list[tuple[LibraryItem, int]]:
    """Read a file of items.

    Args:
        text: one item a line, blank lines and lines beginning with '# ' left out; or CSV.
        kind: what the library holds.
        where: the file's name, for messages.
        table: whether it is CSV, whose first line names the columns: value, and label and score if wanted.

    Returns:
        Each item with its line.

    Raises:
        LibraryError: an item cannot be used, or there are too many.
    """
    items = _read_table(text, kind, where) if table else _read_lines(text, kind, where)
    if len(items) > MAX_ITEMS:
        raise LibraryError(f"{where}: {len(items)} items, at most {MAX_ITEMS} are read; split the library")
    return items


def _read_lines(text: str, kind: LibraryKind, where: str) -> list[tuple[LibraryItem, int]]:
    lines = ((line.strip(), number) for number, line in enumerate(text.split("\n"), start=1))
    return [
        (item_of(line, kind, where=where, line=number), number)
        for line, number in lines
        if line and line != "#" and not line.startswith("# ")
    ]


def _read_table(text: str, kind: LibraryKind, where: str) -> list[tuple[LibraryItem, int]]:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    items = []
    try:
        names = rows.fieldnames or ()
        if "value" not in names or not set(names) <= set(_COLUMNS):
            raise LibraryError(f"{where} line 1: name the columns: value, and label and score if wanted")
        for row in rows:
            if None in row or None in row.values():
                raise LibraryError(f"{where} line {rows.line_num}: as many fields as there are columns are needed")
            number = rows.line_num
            item = item_of(row["value"], kind, label=row.get("label"), score=row.get("score"), where=where, line=number)
            items.append((item, number))
    except csv.Error as error:
        raise LibraryError(f"{where} line {rows.reader.line_num}: not valid CSV: {error}") from error
    return items
