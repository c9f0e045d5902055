"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

# What one of the two databases cannot hold in a text, and the sign that starts an escape.
_AWKWARD = re.compile("[\x00\\\\\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(?:\\|u([0-9a-f]{4}))")


def dumps(value: object) -> str:
    """Write JSON. Text that is no valid Unicode (half a surrogate pair) is kept as an escape."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def loads(text: str | bytes) -> Any:
    """Read JSON that `dumps` wrote."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    return "\\\\" if found == "\\" else f"\\u{ord(found):04x}"


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else "\\"


def escape(value: str | None) -> str | None:
    """Give the stored form of `Words`."""
    return value if value is None or not _AWKWARD.search(value) else _AWKWARD.sub(_escape, value)


def instant_text(moment: datetime) -> str:
    """Give the form in which SQLite stores an `Instant`: UTC, sorts by time."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class Words(TypeDecorator[str]):
    r"""Any Python string: PostgreSQL refuses NUL, both refuse half surrogate pairs, callers' ids may hold either.

    Stored as it is, but for NUL and half surrogates as `\uXXXX` and a backslash doubled.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what the databases cannot hold."""
        return escape(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Undo the escapes."""
        return value if value is None or "\\" not in value else _ESCAPED.sub(_unescape, value)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, to the microsecond; values are aware. SQLite holds it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn to UTC.

        Raises:
            ValueError: the moment has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("give a moment with its time zone, e.g. datetime.now(UTC)")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def ident() -> TypeEngine[str]:
    """Text of our own making (ids, hashes): compared byte for byte, whatever the database's language."""
    return Text().with_variant(Text(collation="C"), "postgresql")
