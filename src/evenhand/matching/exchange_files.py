"""Files of hash lists: JSON, JSON lines, CSV and plain text, in a few hundred bytes an entry."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from evenhand.errors import LibraryError
from evenhand.matching.exchange import Entry, Row, Shape, Shared, entries_of, read_entry, shape_of, written

MAX_JSON_BYTES = 512 * 2**20  # of one document, which is read whole
_MAX_LINE = 1 << 20


def read_list(path: Path, *, shape: Shape | None = None) -> Iterator[Entry]:
    """Read a file of hashes.

    Args:
        path: `.json` (one document, or a page of a service), `.jsonl`, `.csv` with a first line of names, or text with
            one hash a line, blank lines and lines that begin with `#` left out.
        shape: who wrote it; None: told from its keys.

    Raises:
        LibraryError: the file cannot be read, or an entry is wrong; with its line or number, and what to do.
    """
    try:
        for number, row in _rows(path):
            kind = shape or (shape_of(row) or (Shape.TEXT if "value" in row else None))
            if kind is None:
                raise LibraryError(f"{path.name} entry {number}: of no known shape; name it with --format")
            try:
                yield read_entry(row, kind)
            except LibraryError as error:
                raise LibraryError(f"{path.name} entry {number}: {error.message}") from error
    except OSError as error:
        raise LibraryError(f"{path} cannot be read ({error.strerror}); check the name and its permissions") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise LibraryError(f"{path.name} is not UTF-8 text as its name says ({error}); save it again") from error


def write_list(entries: Iterable[Shared], stream: IO[str], *, shape: Shape, table: bool, now: int) -> int:
    """Write a list, and give how many entries there were.

    Args:
        entries: the hashes.
        stream: where to.
        shape: for whom; TEXT is a hash a line.
        table: CSV rather than JSON.
        now: seconds since 1970.
    """
    rows = (written(entry, shape, number=number, now=now) for number, entry in enumerate(entries, start=1))
    if table:
        return _write_table(rows, stream)
    if shape is Shape.TEXT:
        count = 0
        for row in rows:
            stream.write(row["value"] + "\n")
            count += 1
        return count
    key = {Shape.THREATEXCHANGE: "data", Shape.NCMEC: "entries", Shape.STOPNCII: "hashRecords"}[shape]
    stream.write('{"' + key + '": [')
    count = 0
    for row in rows:
        stream.write(("," if count else "") + "\n" + json.dumps(row))
        count += 1
    rest = {"count": count, "nextPageToken": "", "nextSetTimestamp": now, "hasMoreRecords": False}
    ends = json.dumps(rest)[1:] if shape is Shape.STOPNCII else "}"
    stream.write("\n]" + (", " if shape is Shape.STOPNCII else "") + ends + "\n")
    return count


def _write_table(rows: Iterator[dict[str, Any]], stream: IO[str]) -> int:
    writer, count = None, 0
    for row in rows:
        flat = {key: value for key, value in row.items() if key not in {"fingerprints", "caseNumbers", "CSPFeedbacks"}}
        if "fingerprints" in row:
            flat["pdq"] = row["fingerprints"]["pdq"]
        if isinstance(flat.get("tags"), list):
            flat["tags"] = " ".join(flat["tags"])
        if writer is None:
            names = [*flat, *(["expired_on"] if "indicator" in flat and "expired_on" not in flat else [])]
            writer = csv.DictWriter(stream, names, lineterminator="\n")
            writer.writeheader()
        writer.writerow(flat)
        count += 1
    return count


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    if path.suffix == ".json":
        with path.open("rb") as stream:
            data = stream.read(MAX_JSON_BYTES + 1)
        if len(data) > MAX_JSON_BYTES:
            raise LibraryError(f"{path.name} is over {MAX_JSON_BYTES >> 20} MiB; give it as JSON lines (.jsonl) or CSV")
        yield from enumerate(entries_of(_parsed(data, path.name)), start=1)
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield from enumerate(csv.DictReader(text, strict=True), start=2)
    else:
        with path.open(encoding="utf-8-sig") as text:
            for number, line in enumerate(iter(lambda: text.readline(_MAX_LINE), ""), start=1):
                stripped = line.strip()
                if not stripped or stripped.startswith("#"):
                    continue
                if path.suffix == ".jsonl":
                    for row in entries_of(_parsed(stripped.encode(), f"{path.name} line {number}")):
                        yield number, row
                else:
                    yield number, {"value": stripped}


def _parsed(data: bytes, name: str) -> object:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise LibraryError(f"{name} is not valid JSON ({error})") from error
