"""The chain itself: what a link's hashes are over, links as lines of JSON, and verifying any stretch. No database.

So an exported file is verified on another machine, years later, by the same code as the log in the database.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from evenhand.errors import InputError
from evenhand.store.reviewrecords import AuditEntry, Verified

START = "0" * 64  # what stands in the first link for the hash of the one before
ERASED = "audit.erased"
_MOST_PROBLEMS = 100  # told; a log that was rewritten has as many as links
_MOST_LINE = 16 * 2**20  # characters of one exported link
_HASH = re.compile("[0-9a-f]{64}")
_HEAD = re.compile("([0-9]{1,10}):([0-9a-f]{64})")

Head = tuple[int, str]  # number and hash of a link; (0, START): before the first


def canonical(value: object) -> bytes:
    """Give the one JSON form that is hashed: keys sorted, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def sha256(value: object) -> str:
    """Give the SHA-256 of the canonical JSON of a value, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def sealed(entry: AuditEntry) -> dict[str, Any]:
    """Give what a link's hash is over."""
    names = ("seq", "at", "actor", "action", "subject", "payload_sha256", "previous")
    return {name: getattr(entry, name) for name in names}


def read_head(text: str) -> Head:
    """Read `NUMBER:HASH`, as `evenhand audit-log head` prints it.

    Raises:
        InputError: it has another form.
    """
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise InputError("Give a link as its number, a colon and its hash (64 hexadecimal digits).")
    return int(found[1]), found[2]


def check(entries: Iterable[AuditEntry], *, expect: Sequence[Head] = (), since: Head | None = None) -> Verified:
    """Recompute every hash of a stretch of the chain.

    Args:
        entries: in order; from the first link of the log, unless `since` is given.
        expect: links noted earlier: the stretch must still hold those that are not before it.
        since: the link before the stretch, noted earlier. None: the stretch begins where its first link says.
    """
    problems: list[str] = []
    number, previous = since or (0, START)
    first: int | None = None
    gone, told = set[int](), set[int]()
    wanted = dict(expect)
    for entry in entries:
        if first is None:
            first = entry.seq
        number += 1
        if entry.seq != number:
            problems.append(f"entry {number} is missing: the next one is {entry.seq}")
            number = entry.seq
        if entry.previous != previous:
            problems.append(f"entry {entry.seq} does not follow the one before it")
        if sha256(sealed(entry)) != entry.hash:
            problems.append(f"entry {entry.seq} was changed")
        if entry.payload is None:
            gone.add(entry.seq)
        elif sha256(entry.payload) != entry.payload_sha256:
            problems.append(f"the payload of entry {entry.seq} was changed")
        elif entry.action == ERASED:
            told.update((entry.payload.get("after") or {}).get("entries", ()))
        noted = wanted.pop(entry.seq, None)
        if noted is not None and noted != entry.hash:
            problems.append(f"entry {entry.seq} is not the one that was expected")
        previous = entry.hash
    problems += [f"the payload of entry {seq} is gone, and no entry says so" for seq in sorted(gone - told)]
    problems += [
        f"entries after {number} are missing: entry {seq} was expected" for seq in sorted(wanted) if seq > number
    ]
    return Verified(
        entries=number,
        head=previous,
        erased=len(gone & told),
        problems=tuple(problems[:_MOST_PROBLEMS]),
        first=first or number + 1,
    )


def line(entry: AuditEntry) -> str:
    """Give a link as one line of JSON, without the newline."""
    return json.dumps(asdict(entry), ensure_ascii=True, separators=(",", ":"))


def read_lines(lines: Iterable[str]) -> Iterator[AuditEntry]:
    """Read what `line` wrote. The file is a stranger's: nothing in it is believed before `check` has seen it.

    Raises:
        InputError: a line is no link; with its number.
    """
    names = set(AuditEntry.__dataclass_fields__)
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        if len(text) > _MOST_LINE:
            raise InputError(f"Line {number} is too long to be a link of an audit log.")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"Line {number} is no JSON: this is no export of an audit log.") from error
        if not isinstance(value, dict) or set(value) != names or not _shaped(value):
            raise InputError(f"Line {number} is no link of an audit log.")
        yield AuditEntry(**value)


def _shaped(value: dict[str, Any]) -> bool:
    texts = all(isinstance(value[name], str) for name in ("at", "actor", "action", "subject"))
    hashes = all(
        isinstance(value[name], str) and _HASH.fullmatch(value[name]) for name in ("payload_sha256", "previous", "hash")
    )
    number = isinstance(value["seq"], int) and not isinstance(value["seq"], bool) and value["seq"] > 0
    return texts and hashes and number and (value["payload"] is None or isinstance(value["payload"], dict))
