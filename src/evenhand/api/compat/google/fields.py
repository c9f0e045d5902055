"""Reading messages of Google's in JSON: names in camel or snake case, values of lists by name or number."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from evenhand.api.compat import relaxed
from evenhand.api.compat.google.errors import GoogleError, UnlistedError

_SPACE = str.maketrans("", "", " \t\r\n=")
_SAFE = str.maketrans("-_", "+/")


def body_of(raw: bytes) -> Mapping[str, Any]:
    """Read a body.

    Raises:
        GoogleError: it is no JSON object.
    """
    try:
        body = relaxed.loads(raw or b"{}")
    except ValueError as error:
        raise GoogleError(f"Invalid JSON payload received. {error}") from None
    if not isinstance(body, dict):
        raise GoogleError("Invalid JSON payload received. Root element must be a message.")
    return body


def get(row: Mapping[str, Any], name: str) -> Any:
    """Give a field by its name in JSON, or by that in the vendor's schema; None where it is missing."""
    return row[name] if name in row else row.get(snake(name))


def message(row: Mapping[str, Any], name: str, *, where: str = "") -> Mapping[str, Any]:
    """Give a member that is a message; an empty one where it is missing.

    Raises:
        UnlistedError: it is something else.
    """
    value = get(row, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnlistedError(where + snake(name), "Message", value)
    return value


def messages(row: Mapping[str, Any], name: str, *, where: str = "") -> Sequence[Mapping[str, Any]]:
    """Give a member that is a list of messages; an empty one where it is missing.

    Raises:
        UnlistedError: it is something else.
    """
    value = get(row, name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UnlistedError(where + snake(name), "Message", value)
    return value


def text(row: Mapping[str, Any], name: str, *, where: str = "") -> str:
    """Give a member that is a string; "" where it is missing.

    Raises:
        UnlistedError: it is something else.
    """
    value = get(row, name)
    if value is not None and not isinstance(value, str):
        raise UnlistedError(where + snake(name), "TYPE_STRING", value)
    return value or ""


def number(row: Mapping[str, Any], name: str, *, where: str = "") -> int:
    """Give a member that is a whole number; 0 where it is missing.

    Raises:
        UnlistedError: it is something else.
    """
    value = get(row, name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnlistedError(where + snake(name), "TYPE_INT32", value)
    return value


def choice(row: Mapping[str, Any], name: str, names: Sequence[str], *, kind: str, where: str = "") -> str:
    """Give a member that is one of a list, which a request names by its name or its number.

    Args:
        row: where it stands.
        name: of the member.
        names: those there are, by number; the first stands for a missing one.
        kind: the list's own name.
        where: path of `row`, for the error.

    Raises:
        UnlistedError: it is none of them.
    """
    value = get(row, name)
    if value is None:
        return names[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
        return names[value]
    if isinstance(value, str) and value in names:
        return value
    raise UnlistedError(where + snake(name), f"type.googleapis.com/{kind}", value)


def decoded(packed: str, *, where: str) -> bytes:
    """Read base64, of either alphabet, padded or not, as JSON of Protocol Buffers allows it.

    Raises:
        GoogleError: it is none.
    """
    try:
        plain = packed.translate(_SPACE).translate(_SAFE)
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise GoogleError(f"Invalid value at '{where}' (TYPE_BYTES), Base64 decoding failed", field=where) from None


def snake(name: str) -> str:
    """Give the schema's name of a field: "imageUri" is "image_uri"."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
