"""The JSON form of quality and appeals. Nobody is named in it: who did what is for the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from evenhand.store.qualityrecords import Appeal

_INNER = ("tenant", "content_hash", "item_id", "label", "judged", "before", "via")


def plain(value: Any) -> Any:
    """Give the JSON form of a frozen value: its fields by name, moments as RFC 3339 in UTC, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def appeal_document(appeal: Appeal, *, reviewing: bool) -> dict[str, Any]:
    """Give an appeal.

    Args:
        appeal: which.
        reviewing: for somebody who decides appeals; else for who filed it, without what reviewers say to each other.
    """
    document: dict[str, Any] = plain(appeal)
    verdict = document.pop("verdict")
    document["action"] = None if verdict is None else verdict["action"]
    document["labels"] = None if verdict is None else verdict["labels"]
    if reviewing:
        document["reason"] = "" if verdict is None else verdict["reason"]
        document["overdue"] = appeal.state == "open" and appeal.due_at < datetime.now(UTC)
        return document
    return {name: value for name, value in document.items() if name not in _INNER}
