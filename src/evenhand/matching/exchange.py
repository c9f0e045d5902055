"""Hash lists as others share them: read and written, one shape a table.

Shapes: ThreatExchange (`/threat_updates` and descriptors), NCMEC's hash list (its entries, as JSON or CSV), StopNCII
(`FetchHashes`), and plain text with a hash a line. Only PDQ hashes are taken; MD5, PhotoDNA and video hashes are
counted and left out. Nothing is fetched: an operator's own agreement with the sharing body decides what is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from evenhand.errors import LibraryError

_HASH = re.compile(r"[0-9a-fA-F]{64}")
_TAG_CHARS = 64
_LISTS = ("data", "hashRecords", "images", "deletedImages", "entries")  # where services put their entries
_GONE = {"withdrawn", "deleted"}
_HARMLESS = {"non_malicious", "notblocked"}


class Shape(StrEnum):
    """Who writes lists like this."""

    THREATEXCHANGE = "threatexchange"
    NCMEC = "ncmec"
    STOPNCII = "stopncii"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One PDQ hash of a list."""

    hash: str  # 64 hexadecimal digits, lower case
    gone: bool = False  # withdrawn by its source: it is to be removed
    tag: str = ""  # what the source says of it, at most 64 characters
    expires: int | None = None  # seconds since 1970; None: not said


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """One entry that is not taken."""

    why: str


Entry = Shared | Skipped
Row = Mapping[str, Any]


def read_entry(row: Row, shape: Shape) -> Entry:
    """Read one entry.

    Args:
        row: a JSON object or a CSV row.
        shape: who wrote it.

    Raises:
        LibraryError: it has not that shape; the message says what is missing.
    """
    return _READERS[shape](row)


def shape_of(row: Row) -> Shape | None:
    """Tell from its keys who wrote an entry."""
    keys = set(row)
    if "hashValue" in keys:
        return Shape.STOPNCII
    if "indicator" in keys:
        return Shape.THREATEXCHANGE
    if "fingerprints" in keys or "pdq" in keys or ("entry_type" in keys and "member_id" in keys):
        return Shape.NCMEC
    return None


def entries_of(document: object) -> Iterator[Row]:
    """Give the entries of a JSON document: a page of one of the services, a list of entries, or one entry.

    Raises:
        LibraryError: it is none of these.
    """
    if isinstance(document, dict) and shape_of(document) is None:
        known = [key for key in _LISTS if key in document]
        if not known:
            raise LibraryError(f"no list of hashes found: none of {', '.join(_LISTS)} is there")
        for key in known:
            for one in _objects(document[key]):
                yield {**one, "deleted": True} if key == "deletedImages" else one
    else:
        yield from _objects([document] if isinstance(document, dict) else document)


def _objects(found: object) -> Iterator[Row]:
    if not isinstance(found, list):
        raise LibraryError("a list of hashes is a JSON list of objects, or an object that holds one")
    for one in found:
        if not isinstance(one, dict):
            raise LibraryError("a list of hashes holds JSON objects; for plain hashes give a text file")
        yield one


def _threatexchange(row: Row) -> Entry:
    kind = _text(row, "type", "signal_type").lower()
    if kind not in {"hash_pdq", "pdq", ""}:
        return Skipped(why=f"{kind or 'no type'}, not PDQ")
    status = _text(row, "status").lower()
    gone = _true(row.get("should_delete"))
    if status in _HARMLESS and not gone:
        return Skipped(why="its source calls it harmless")
    tags = row.get("tags") or ()
    if isinstance(tags, dict):  # the Graph API's {"data": [{"text": ...}]}
        tags = [tag.get("text", "") if isinstance(tag, dict) else tag for tag in tags.get("data", ())]
    tag = tags if isinstance(tags, str) else " ".join(sorted(str(one) for one in tags))
    return _shared(row.get("indicator"), gone=gone, tag=tag, expires=_time(row.get("expired_on") or row.get("expires")))


def _ncmec(row: Row) -> Entry:
    prints = row.get("fingerprints")
    digest = prints.get("pdq") if isinstance(prints, Mapping) else row.get("pdq")
    if not digest:
        return Skipped(why="no PDQ hash")
    if _text(row, "entry_type").lower() == "video":
        return Skipped(why="a video's hash")
    return _shared(digest, gone=_true(row.get("deleted")), tag=_text(row, "classification"))


def _stopncii(row: Row) -> Entry:
    kind = _text(row, "signalType")
    if kind != "ImagePDQ":
        return Skipped(why=f"{kind or 'no type'}, not PDQ")
    gone = _text(row, "hashStatus").lower() in _GONE
    return _shared(row.get("hashValue"), gone=gone, tag=_text(row, "hashStatus"))


def _plain(row: Row) -> Entry:
    return _shared(row.get("value"), tag=_text(row, "tag"), expires=_time(row.get("expires")))


_READERS: Mapping[Shape, Callable[[Row], Entry]] = {
    Shape.THREATEXCHANGE: _threatexchange,
    Shape.NCMEC: _ncmec,
    Shape.STOPNCII: _stopncii,
    Shape.TEXT: _plain,
}


def written(entry: Shared, shape: Shape, *, number: int, now: int) -> dict[str, Any]:
    """Write one entry as its shape has it; a tag goes where the shape keeps what it says of a hash.

    Args:
        entry: the hash.
        shape: for whom.
        number: its number in this list, where a shape asks for an id of its own.
        now: seconds since 1970.
    """
    if shape is Shape.THREATEXCHANGE:
        row: dict[str, Any] = {
            "id": str(number),
            "indicator": entry.hash,
            "type": "HASH_PDQ",
            "last_updated": now,
            "should_delete": entry.gone,
            "status": "MALICIOUS",
            "tags": entry.tag.split(),
        }
        return row if entry.expires is None else {**row, "expired_on": entry.expires}
    if shape is Shape.NCMEC:
        return {
            "id": str(number),
            "member_id": 0,
            "entry_type": "image",
            "deleted": entry.gone,
            "classification": entry.tag or None,
            "fingerprints": {"pdq": entry.hash},
        }
    if shape is Shape.STOPNCII:
        return {
            "lastModtimestamp": now,
            "signalType": "ImagePDQ",
            "hashValue": entry.hash,
            "hashStatus": "Withdrawn" if entry.gone else "Active",
            "caseNumbers": {},
            "CSPFeedbacks": [],
        }
    return {"value": entry.hash, "tag": entry.tag, "expires": "" if entry.expires is None else entry.expires}


def _shared(digest: object, *, gone: bool = False, tag: str = "", expires: int | None = None) -> Shared:
    if not isinstance(digest, str) or not _HASH.fullmatch(digest.strip()):
        raise LibraryError("a PDQ hash is 64 hexadecimal digits")
    clean = "".join(char for char in tag if char.isprintable()).strip()[:_TAG_CHARS]
    return Shared(hash=digest.strip().lower(), gone=gone, tag=clean, expires=expires)


def _text(row: Row, *keys: str) -> str:
    return next((str(row[key]) for key in keys if row.get(key) is not None), "")


def _true(value: object) -> bool:
    return value is True or str(value).strip().lower() in {"true", "1", "yes"}


def _time(value: object) -> int | None:
    """Read seconds since 1970 or an ISO 8601 time."""
    if not value:
        return None
    try:
        text = str(value).strip()
        if text.isascii() and text.isdigit():
            seconds = int(text)
        else:
            moment = datetime.fromisoformat(text)
            seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise LibraryError("a time is seconds since 1970, or like 2030-01-31T12:00:00Z") from error
    return max(1, min(seconds, 0xFFFFFFFE))
