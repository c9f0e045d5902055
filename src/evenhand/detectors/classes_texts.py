"""Reads the texts of a custom class out of a file: lines, JSON lines or CSV."""

from __future__ import annotations

import csv
import io
import json

from evenhand.detectors.classes_lesson import MOST, Sample
from evenhand.errors import InputError

_COLUMN = "text"
_FIELD = 200_000  # characters of one CSV field


def read_texts(data: bytes, name: str) -> list[Sample]:
    """Give the texts of a file.

    Args:
        data: UTF-8, with or without a byte order mark.
        name: of the file; ".jsonl" or ".csv" at its end says what it is, anything else is one text a line.

    Raises:
        InputError: it cannot be read as that.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name[:80]} is not UTF-8 text: save it as UTF-8") from error
    if name.lower().endswith((".jsonl", ".ndjson")):
        rows = _json_lines(text, name)
    elif name.lower().endswith(".csv"):
        rows = _csv(text, name)
    else:
        rows = [line for line in text.splitlines() if line.strip()]
    if len(rows) > MOST:
        raise InputError(f"{name[:80]} has {len(rows)} texts, at most {MOST} are read; choose some")
    return [Sample(content=row, name=f"{name} {number}") for number, row in enumerate(rows, 1)]


def _json_lines(text: str, name: str) -> list[str]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name[:80]}, line {number}: no JSON") from error
        found = row if isinstance(row, str) else row.get(_COLUMN) if isinstance(row, dict) else None
        if not isinstance(found, str):
            raise InputError(f'{name[:80]}, line {number}: give {{"text": "..."}}')
        rows.append(found)
    return rows


def _csv(text: str, name: str) -> list[str]:
    old = csv.field_size_limit(_FIELD)
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error as error:
        raise InputError(f"{name[:80]} is no CSV ({error})") from error
    finally:
        csv.field_size_limit(old)
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if _COLUMN in head:
        place = head.index(_COLUMN)
        return [row[place] for row in rows[1:] if len(row) > place and row[place].strip()]
    return [row[0] for row in rows if row[0].strip()]
