"""Reading fields of Rekognition's requests, with the checks that the vendor's clients leave to the server."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from evenhand.api.compat.aws_errors import AwsError, invalid

_DETECTED = "1 validation error detected: "


def read_body(body: bytes) -> dict[str, Any]:
    """Read a request's body; unknown fields are left alone.

    Raises:
        AwsError: it is no JSON object.
    """
    try:
        document = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise AwsError("SerializationException", f"The body is not JSON ({error}).") from error
    if not isinstance(document, dict):
        raise AwsError("SerializationException", "The body must be a JSON object.")
    return document


def structure(row: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Give a member that is an object; None where it is missing or null.

    Raises:
        AwsError: it is something else.
    """
    value = row.get(name)
    if value is not None and not isinstance(value, dict):
        raise AwsError("SerializationException", f"{name} must be an object.")
    return value


def text(
    row: Mapping[str, Any],
    name: str,
    *,
    most: int,
    least: int = 1,
    pattern: str | None = None,
    choices: Sequence[str] | None = None,
) -> str | None:
    """Give a member that is a string; None where it is missing or null.

    Args:
        row: where it stands.
        name: of the member.
        most: characters.
        least: characters.
        pattern: regular expression that all of it must fit.
        choices: the values it may have.

    Raises:
        AwsError: it is something else or breaks a limit.
    """
    value = row.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise AwsError("SerializationException", f"{name} must be a string.")
    failed = f"{_DETECTED}Value at '{name}' failed to satisfy constraint: Member must "
    if choices is not None and value not in choices:
        raise invalid(f"{failed}satisfy enum value set: [{', '.join(choices)}]")
    if not least <= len(value) <= most:
        raise invalid(f"{failed}have length of {least} to {most}")
    if pattern is not None and re.fullmatch(pattern, value) is None:
        raise invalid(f"{failed}satisfy regular expression pattern: {pattern}")
    return value


def number(row: Mapping[str, Any], name: str, *, least: float, most: float, default: float) -> float:
    """Give a member that is a number; the default where it is missing or null.

    Raises:
        AwsError: it is something else or out of range.
    """
    value = row.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AwsError("SerializationException", f"{name} must be a number.")
    if not (math.isfinite(value) and least <= value <= most):
        raise invalid(
            f"{_DETECTED}Value '{value}' at '{name}' failed to satisfy constraint: Member must have value of "
            f"{least:g} to {most:g}"
        )
    return float(value)


def items(row: Mapping[str, Any], name: str, *, most: int) -> list[Any]:
    """Give a member that is a list; an empty one where it is missing or null.

    Raises:
        AwsError: it is something else or too long.
    """
    value = row.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise AwsError("SerializationException", f"{name} must be a list.")
    if len(value) > most:
        raise invalid(f"{_DETECTED}Value at '{name}' failed to satisfy constraint: Member must have at most {most}")
    return value
