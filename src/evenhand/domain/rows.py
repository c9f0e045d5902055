"""Rows: the JSON form in which contents come in, by HTTP and as JSON lines."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from evenhand.domain.content import Content, ContentKind
from evenhand.domain.conversation import read_author, read_conversation
from evenhand.errors import InputError

_MAX_ID = 1_024  # characters of a caller's id; it comes back in every answer and stands in every record
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}")  # the shape of BCP 47 tags, not their register

_COMMON = ("id", "kind", "media_type", "lang", "context", "conversation", "author")


def content_from_row(
    row: object, *, read_path: Callable[[str], bytes] | None = None, language: str | None = None
) -> Content:
    """Make a Content of `{"id", "text" | "url" | "data" | "path", "lang"?, "context"?, "conversation"?, "author"?,
    "kind"?, "media_type"?}`.

    Args:
        row: the parsed JSON value.
        read_path: reads a file; None: `path` is not taken (a server must not read its own files for callers) and
            `data`, in base64, is.
        language: hint where the row has none.

    Raises:
        InputError: the row has another shape; the message names the field.
    """
    if not isinstance(row, dict):
        raise InputError('An item is a JSON object such as {"id": "1", "text": "..."}.')
    bodies = ("text", "url", "data" if read_path is None else "path")
    given = [name for name in bodies if row.get(name) is not None]
    if len(given) != 1:
        raise InputError(f"An item needs exactly one of {', '.join(bodies)}; this one has {len(given)}.")
    for name in row:
        if name not in bodies and name not in _COMMON:
            raise InputError(f"Unknown field {name!r}; known: {', '.join((*_COMMON, *bodies))}.")
    body = row[given[0]]
    if not isinstance(body, str):
        raise InputError(f"{given[0]} must be a string.")
    context = row.get("context")
    if context is not None and not isinstance(context, dict):
        raise InputError("context must be an object.")
    name = row.get("id")
    if name is not None and not isinstance(name, str):
        if isinstance(name, bool) or not isinstance(name, int):
            raise InputError("id must be a string.")
        name = str(name)
    if name is not None and (len(name) > _MAX_ID or "\0" in name):
        raise InputError(f"id must have at most {_MAX_ID} characters, none of them NUL.")
    if given[0] == "data":
        fields: dict[str, Any] = {"data": _decoded(body)}
    elif given[0] == "path":
        fields = {"data": read_path(body) if read_path is not None else b""}
    else:
        fields = {given[0]: body}
    if len(row) == len(given) + (name is not None):
        return Content(id=name, language=language, **fields)  # the common case, without the look-ups below
    return Content(
        id=name,
        kind=_kind(row.get("kind")),
        media_type=_string(row, "media_type"),
        language=_language(row) or language,
        context=context or {},
        conversation=() if row.get("conversation") is None else read_conversation(row["conversation"]),
        author=None if row.get("author") is None else read_author(row["author"]),
        **fields,
    )


def row_id(row: object) -> str | None:
    """Give a row's id where it has a usable one, for an error about the row."""
    name = row.get("id") if isinstance(row, dict) else None
    return str(name)[:_MAX_ID] if isinstance(name, str | int) and not isinstance(name, bool) else None


def is_language(tag: str) -> bool:
    """Say whether this has the shape of a BCP 47 language tag."""
    return _LANGUAGE.fullmatch(tag) is not None


def _language(row: dict[str, Any]) -> str | None:
    language = _string(row, "lang")
    if language and not is_language(language):
        raise InputError('lang must be a language tag of BCP 47, such as "en" or "zh-Hant".')
    return language


def _string(row: dict[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{name} must be a string.")
    return value


def _kind(value: object) -> ContentKind | None:
    if value is None:
        return None
    try:
        return ContentKind(str(value))
    except ValueError:
        raise InputError(f"kind must be one of {', '.join(ContentKind)}.") from None


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("data must be base64 (RFC 4648), without a data: prefix.") from None
