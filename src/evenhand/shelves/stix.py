"""Libraries as STIX 2.1 bundles: an indicator an entry, with a pattern that says what it matches.

Pictures are `[file:hashes.PDQ = '...']`. STIX has no object for a text or a sound's fingerprint, so the patterns of
those name custom objects (`x-evenhand-text:value`, `x-evenhand-sound:fingerprint` and so on), as the standard allows;
what else an entry says stands in a property extension, whose definition the bundle holds.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from evenhand.domain import LibraryItem, LibraryKind, Match
from evenhand.errors import LibraryError
from evenhand.store.libraryrecords import Kept

_SPACE = uuid.UUID("5d7f3b1c-9f0e-5c3a-8f61-0c1f9d1a7e42")  # ids are made of contents, so that the same has the same
_EXTENSION = f"extension-definition--{uuid.uuid5(_SPACE, 'entry')}"
_AUTHOR = f"identity--{uuid.uuid5(_SPACE, 'evenhand')}"
_BORN = "2026-01-01T00:00:00.000Z"
_PLACES = {
    LibraryKind.WORDS: "x-evenhand-text:value",
    LibraryKind.IMAGES: "file:hashes.PDQ",
    LibraryKind.SOUNDS: "x-evenhand-sound:fingerprint",
    LibraryKind.VIDEOS: "x-evenhand-video:fingerprint",
    LibraryKind.TEXTS: "x-evenhand-text:sketch",
}
_TYPES = {"black": "malicious-activity", "white": "benign", "review": "unknown"}
_COMPARISON = re.compile(r"([a-z0-9-]+:[A-Za-z0-9_.'-]+)\s*(=|LIKE|MATCHES)\s*'((?:[^'\\]|\\.)*)'")
_MOST_COMPARISONS = 100  # of one pattern


def bundle(kept: Kept, items: Sequence[LibraryItem], *, now: datetime) -> dict[str, Any]:
    """Write a library.

    Args:
        kept: the library.
        items: its entries.
        now: aware; what has no time of its own is of this one.
    """
    moment = _moment(now)
    name = {"type": "identity", "spec_version": "2.1", "id": _AUTHOR, "created": _BORN, "modified": _BORN}
    extension = {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": _EXTENSION,
        "created_by_ref": _AUTHOR,
        "created": _BORN,
        "modified": _BORN,
        "name": "Entry of a moderation library",
        "description": "library, list, match (exact, fuzzy, phonetic, regex), label, score, languages",
        "schema": "https://github.com/evenhand/evenhand/blob/main/docs/reference/library-format.md",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }
    author = {**name, "name": "evenhand", "identity_class": "system"}
    objects = [author, extension, *(_indicator(kept, item, moment) for item in items)]
    return {"type": "bundle", "id": f"bundle--{uuid.uuid5(_SPACE, f'{kept.name} {kept.version}')}", "objects": objects}


def _indicator(kept: Kept, item: LibraryItem, moment: str) -> dict[str, Any]:
    kind = LibraryKind(kept.kind)
    compare = "MATCHES" if item.match is Match.REGEX else "="
    value = item.value.replace("\\", "\\\\").replace("'", "\\'")
    said = {
        "extension_type": "property-extension",
        "library": kept.name,
        "list": kept.head.colour,
        "match": item.match.value,
        "label": item.label or kept.head.label or "",
        "score": item.score,
        "languages": list(item.languages),
    }
    out: dict[str, Any] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(_SPACE, f'{kept.name} {item.match.value} {item.value}')}",
        "created_by_ref": _AUTHOR,
        "created": moment,
        "modified": moment,
        "name": f"{kept.name}: {kind.value}",
        "indicator_types": [_TYPES[kept.head.colour]],
        "pattern": f"[{_PLACES[kind]} {compare} '{value}']",
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": moment,
        "confidence": round(100 * item.score),
        "extensions": {_EXTENSION: {key: found for key, found in said.items() if found not in ("", [])}},
    }
    if item.note:
        out["description"] = item.note
    if item.expires is not None:
        out["valid_until"] = _moment(item.expires)
        out["valid_from"] = min(moment, _moment(item.expires.replace(year=max(1970, item.expires.year - 1), day=1)))
    return out


def rows(document: object, kind: LibraryKind) -> Iterator[Mapping[str, Any] | str]:
    """Read a bundle, or a list of objects; give the fields of entries, and for what is left out why.

    Revoked indicators are given with `gone`.

    Raises:
        LibraryError: it is neither.
    """
    if isinstance(document, Mapping):
        document = document.get("objects")
    if not isinstance(document, list):
        raise LibraryError("A STIX bundle is a JSON object with a list 'objects'.")
    for one in document:
        if not isinstance(one, Mapping) or one.get("type") != "indicator":
            continue
        if one.get("pattern_type", "stix") != "stix" or not isinstance(one.get("pattern"), str):
            yield "a pattern that is no STIX pattern"
            continue
        yield from _entries(one, kind)


def _entries(one: Mapping[str, Any], kind: LibraryKind) -> Iterator[Mapping[str, Any] | str]:
    pattern = str(one["pattern"])
    found = list(_COMPARISON.finditer(pattern))
    rest = _COMPARISON.sub("", pattern).replace("OR", "").strip("[] \t\n")
    if not found or rest or len(found) > _MOST_COMPARISONS:
        yield "a pattern of more than comparisons joined by OR"
        return
    extensions = one.get("extensions")
    said = extensions.get(_EXTENSION) if isinstance(extensions, Mapping) else None
    said = said if isinstance(said, Mapping) else {}
    for match in found:
        place = match[1].replace("'", "")
        if place.lower() != _PLACES[kind].lower():
            yield f"{place}, not {_PLACES[kind]}"
            continue
        value = re.sub(r"\\(.)", r"\1", match[3])
        if match[2] == "LIKE":
            yield "LIKE, which has no counterpart here"
            continue
        how = "regex" if match[2] == "MATCHES" else said.get("match")
        confidence = one.get("confidence")
        score = said.get("score", confidence / 100 if isinstance(confidence, int) and confidence > 0 else None)
        fields = {
            "value": value,
            "match": how or None,
            "label": said.get("label"),
            "score": score,
            "languages": said.get("languages"),
            "expires": one.get("valid_until"),
            "note": one.get("description"),
        }
        row = {key: found for key, found in fields.items() if found}
        yield {**row, "gone": True} if one.get("revoked") is True else row


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
