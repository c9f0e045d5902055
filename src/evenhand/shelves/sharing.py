"""Libraries in and out: CSV, JSON, the hash lists that others share, and STIX 2.1."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from evenhand.domain import LibraryItem, LibraryKind, Match
from evenhand.errors import LibraryError
from evenhand.matching import exchange
from evenhand.matching.libraries_items import COLUMNS
from evenhand.shelves import stix
from evenhand.shelves.entries import entry_document, read_entries
from evenhand.store.libraries import MOST_ENTRIES
from evenhand.store.libraryrecords import Kept
from evenhand.store.libraryrows import digest_of

MOST_BYTES = 32 * 2**20
_MARK = "evenhand-library/1"
_HASHED = (exchange.Shape.NCMEC, exchange.Shape.STOPNCII)


class Form(StrEnum):
    """How a library is written."""

    CSV = "csv"  # a header of value, match, label, score, languages, expires, note
    JSON = "json"  # everything
    LINES = "lines"  # a value a line
    THREATEXCHANGE = "threatexchange"
    NCMEC = "ncmec"
    STOPNCII = "stopncii"
    STIX = "stix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read."""

    form: Form
    items: tuple[LibraryItem, ...]
    gone: frozenset[str]  # digests of entries that their source has withdrawn
    left_out: Mapping[str, int]  # why -> how many


def read(text: str, kept: Kept, form: Form | None = None) -> Read:
    """Read entries for a library.

    Args:
        text: at most 32 MiB.
        kept: the library; what is of another kind is left out and counted.
        form: how it is written; None: told from the text.

    Raises:
        LibraryError: it cannot be read, or an entry cannot be taken: then none is.
        RefusedLabelError: a label asks for a protected attribute, or who somebody is.
    """
    if len(text) > MOST_BYTES:
        raise LibraryError(f"More than {MOST_BYTES >> 20} MiB: cut it.")
    text = text.removeprefix("\ufeff")
    form = form or guess(text)
    taken: list[Mapping[str, Any]] = []
    gone: list[Mapping[str, Any]] = []
    left_out: Counter[str] = Counter()
    for row in _rows(text, kept, form):
        if isinstance(row, str):
            left_out[row] += 1
        elif row.get("gone"):
            gone.append({key: value for key, value in row.items() if key != "gone"})
        else:
            taken.append(row)
    items = read_entries(taken, kept, where=f"{form.value}", most=MOST_ENTRIES)
    away = read_entries(gone, kept, where=f"{form.value}, withdrawn", most=MOST_ENTRIES)
    return Read(
        form=form,
        items=tuple(items),
        gone=frozenset(digest_of(item) for item in away),
        left_out=dict(left_out),
    )


def guess(text: str) -> Form:
    """Tell from a text how it is written."""
    start = text.lstrip()[:1]
    if start in ("{", "["):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LibraryError(f"This looks like JSON, and cannot be read: {str(error)[:200]}.") from error
        if isinstance(document, dict) and (document.get("type") == "bundle" or "spec_version" in document):
            return Form.STIX
        first = next(iter(document), None) if isinstance(document, list) else document
        if isinstance(first, dict):
            if first.get("format") == _MARK or "items" in first or "value" in first:
                return Form.JSON
            if first.get("type") in ("indicator", "identity") and "spec_version" in first:
                return Form.STIX
            row = next(iter(exchange.entries_of(document)), {})
            shape = exchange.shape_of(row)
            if shape is not None:
                return Form(shape.value)
        return Form.JSON
    head = text.lstrip().split("\n", 1)[0].strip().split(",")
    return Form.CSV if "value" in head and set(head) <= {*COLUMNS, "id"} else Form.LINES


def write(kept: Kept, items: Sequence[LibraryItem], form: Form, *, now: datetime | None = None) -> tuple[str, str]:
    """Write a library; give the text and its media type.

    Raises:
        LibraryError: the form has no place for entries of this kind.
    """
    moment = now or datetime.now(UTC)
    if form is Form.CSV:
        return _csv(items), "text/csv"
    if form is Form.LINES:
        return "".join(item.value + "\n" for item in items), "text/plain"
    if form is Form.STIX:
        document: Any = stix.bundle(kept, items, now=moment)
    elif form is Form.JSON:
        head: dict[str, Any] = {
            "name": kept.name,
            "kind": kept.kind,
            "list": kept.head.colour,
            "label": kept.head.label,
        }
        head |= {"languages": list(kept.head.languages), "options": list(kept.head.options), "note": kept.head.note}
        shown = [entry_document(item) for item in items]
        document = {
            "format": _MARK,
            **head,
            "version": kept.version,
            "items": [{k: v for k, v in one.items() if v not in (None, "", []) and k != "id"} for one in shown],
        }
    else:
        document = _shared(kept, items, form, int(moment.timestamp()))
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n", "application/json"


def _rows(text: str, kept: Kept, form: Form) -> Iterator[Mapping[str, Any] | str]:
    kind = LibraryKind(kept.kind)
    if form is Form.LINES:
        lines = (line.strip() for line in text.split("\n"))
        yield from ({"value": line} for line in lines if line and line != "#" and not line.startswith("# "))
    elif form is Form.CSV:
        yield from _read_csv(text)
    else:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LibraryError(f"This is no JSON: {str(error)[:200]}.") from error
        if form is Form.STIX:
            yield from stix.rows(document, kind)
        elif form is Form.JSON:
            yield from _read_json(document)
        else:
            yield from _read_shared(document, kind, form)


def _read_csv(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = reader.fieldnames or ()
        if "value" not in names or not set(names) <= {*COLUMNS, "id"}:
            raise LibraryError(f"The CSV needs a header: value, and if wanted {', '.join(COLUMNS[1:])}.")
        for row in reader:
            if None in row or None in row.values():
                raise LibraryError(f"Line {reader.line_num} of the CSV has not as many fields as the header.")
            yield {key: _unguarded(value) if key in ("value", "note") else value for key, value in row.items() if value}
    except csv.Error as error:
        raise LibraryError(f"The CSV cannot be read: {error}.") from error


def _csv(items: Sequence[LibraryItem]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for item in items:
        row = entry_document(item)
        row["languages"] = " ".join(item.languages)
        row["score"] = "" if item.score == 1.0 else repr(item.score)
        row["value"], row["note"] = _guarded(item.value), _guarded(item.note)
        writer.writerow({key: row[key] if row[key] is not None else "" for key in COLUMNS})
    return out.getvalue()


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def _guarded(value: str) -> str:
    """Keep a table calculation from taking what somebody listed for a formula."""
    return "'" + value if value.startswith(_FORMULA) else value


def _unguarded(value: str) -> str:
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


def _read_json(document: Any) -> Iterator[Mapping[str, Any]]:
    listed = document.get("items") if isinstance(document, dict) else document
    if isinstance(document, dict) and "value" in document:
        listed = [document]
    if not isinstance(listed, list):
        raise LibraryError("A library as JSON is an object with a list 'items', or a list.")
    for one in listed:
        if isinstance(one, str):
            yield {"value": one}
        elif isinstance(one, dict):
            yield one
        else:
            raise LibraryError("An entry is a string, or an object with 'value'.")


def _read_shared(document: Any, kind: LibraryKind, form: Form) -> Iterator[Mapping[str, Any] | str]:
    for row in exchange.entries_of(document):
        if form is Form.THREATEXCHANGE and kind is LibraryKind.WORDS:
            yield _indicator(row)
            continue
        if kind is not LibraryKind.IMAGES:
            raise LibraryError(
                f"{form.value} lists hold hashes of pictures, and words in ThreatExchange's; not {kind.value}."
            )
        entry = exchange.read_entry(row, exchange.Shape(form.value))
        if isinstance(entry, exchange.Skipped):
            yield entry.why
            continue
        fields: dict[str, Any] = {"value": entry.hash}
        if entry.tag:
            fields["note"] = entry.tag
        if entry.expires is not None:
            fields["expires"] = datetime.fromtimestamp(entry.expires, UTC).isoformat()
        yield {**fields, "gone": True} if entry.gone else fields


def _indicator(row: Mapping[str, Any]) -> Mapping[str, Any] | str:
    """Read a word of a ThreatExchange list."""
    kind = str(row.get("type") or row.get("signal_type") or "").lower()
    if kind not in {"text_string", "raw_text", "trend_query", ""}:
        return f"{kind}, no text"
    tags = row.get("tags") or ()
    if isinstance(tags, dict):
        tags = [tag.get("text", "") if isinstance(tag, dict) else tag for tag in tags.get("data", ())]
    tags = tags.split() if isinstance(tags, str) else [str(tag) for tag in tags]
    how = next((tag.removeprefix("match:") for tag in tags if tag.startswith("match:")), None)
    fields: dict[str, Any] = {"value": str(row.get("indicator") or ""), "match": how}
    if kept := " ".join(tag for tag in tags if not tag.startswith("match:")):
        fields["note"] = kept[:500]
    if row.get("expired_on"):
        fields["expires"] = datetime.fromtimestamp(int(row["expired_on"]), UTC).isoformat()
    fields = {key: value for key, value in fields.items() if value is not None}
    return {**fields, "gone": True} if row.get("should_delete") is True else fields


def _shared(kept: Kept, items: Sequence[LibraryItem], form: Form, now: int) -> dict[str, Any]:
    kind = LibraryKind(kept.kind)
    if kind is LibraryKind.WORDS and form is Form.THREATEXCHANGE:
        return {"data": [_word_row(item, number, now) for number, item in enumerate(items, 1)]}
    if kind is not LibraryKind.IMAGES:
        raise LibraryError(f"{form.value} has no place for {kind.value}; write csv, json or stix.")
    shape = exchange.Shape(form.value)
    entries = [
        exchange.Shared(
            hash=item.value, tag=item.note[:64], expires=None if item.expires is None else int(item.expires.timestamp())
        )
        for item in items
    ]
    rows = [exchange.written(one, shape, number=number, now=now) for number, one in enumerate(entries, 1)]
    return {{"ncmec": "entries", "stopncii": "hashRecords"}.get(form.value, "data"): rows}


def _word_row(item: LibraryItem, number: int, now: int) -> dict[str, Any]:
    tags = item.note.split() + ([f"match:{item.match.value}"] if item.match is not Match.PLAIN else [])
    row: dict[str, Any] = {
        "id": str(number),
        "indicator": item.value,
        "type": "TEXT_STRING",
        "last_updated": now,
        "should_delete": False,
        "status": "MALICIOUS",
        "tags": tags,
    }
    return row if item.expires is None else {**row, "expired_on": int(item.expires.timestamp())}
