"""Settings seen at the start, in the audit log: what differs from the defaults, secrets only as "set"."""

from __future__ import annotations

import re
from typing import Any

from pydantic import SecretStr

from evenhand.settings import Settings
from evenhand.store.auditlog import AuditLog

ACTION = "settings.seen"
_USER = re.compile(r"(?<=://)[^/@\s]*@")


def note_settings(audit: AuditLog, settings: Settings, *, role: str) -> bool:
    """Add a link where the settings are others than the last time; say whether there was one to add.

    Args:
        audit: where.
        settings: as they were read.
        role: who starts: "serve" or "worker".

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    subject, now = f"settings:{role}", shown(settings)
    last = audit.page(subject=subject, action=ACTION, newest=True, limit=1)
    before = (last[0].payload or {}).get("after") if last else None
    if before == now:
        return False
    audit.note(ACTION, subject, actor="system", before=before, after=now)
    return True


def shown(settings: Settings) -> dict[str, Any]:
    """Give what differs from the defaults, as it may be shown."""
    out: dict[str, Any] = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value != field.get_default(call_default_factory=True):
            out[name] = _shown(value)
    return out


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "set"
    if isinstance(value, dict):
        return {str(key): _shown(one) for key, one in sorted(value.items())}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(one) for one in value]
    if isinstance(value, str):
        return _USER.sub("***@", value)
    return value if isinstance(value, int | float | None) else str(value)
