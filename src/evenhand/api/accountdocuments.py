"""JSON forms of accounts, sessions, tenants and keys: without any secret."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from starlette.responses import Response

from evenhand.store.accountrecords import Session, Tenant, User
from evenhand.store.decisions import rfc3339
from evenhand.store.records import KeyInfo


def account_document(user: User) -> dict[str, Any]:
    """Give the JSON form of an account."""
    return {
        "id": user.id,
        "name": user.name,
        "roles": list(user.roles),
        "scopes": list(user.scopes),
        "queues": list(user.queues),
        "labels": list(user.labels),
        "tenant": user.tenant,
        "has_password": user.has_password,
        "must_change": user.must_change,
        "has_totp": user.has_totp,
        "recovery_left": user.recovery_left,
        "single_sign_on": user.external,
        "language": user.language,
        "theme": user.theme,
        "created_at": rfc3339(user.created_at),
        "disabled_at": _moment(user.disabled_at),
        "last_login_at": _moment(user.last_login_at),
    }


def session_document(session: Session, *, current: str | None) -> dict[str, Any]:
    """Give the JSON form of a session; `current` is the id of the one that asks."""
    return {
        "id": session.id,
        "current": session.id == current,
        "how": session.how,
        "address": session.address,
        "agent": session.agent,
        "created_at": rfc3339(session.created_at),
        "seen_at": rfc3339(session.seen_at),
        "expires_at": rfc3339(session.expires_at),
    }


def tenant_document(tenant: Tenant) -> dict[str, Any]:
    """Give the JSON form of a tenant."""
    return {"id": tenant.id, "name": tenant.name, "prefix": tenant.prefix, "created_at": rfc3339(tenant.created_at)}


def key_document(key: KeyInfo) -> dict[str, Any]:
    """Give the JSON form of a key."""
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "only": list(key.only),
        "tenant": key.tenant,
        "created_by": key.created_by,
        "created_at": rfc3339(key.created_at),
        "expires_at": _moment(key.expires_at),
        "revoked_at": _moment(key.revoked_at),
        "last_used_at": _moment(key.last_used_at),
    }


def reply(document: Any, status: int = 200) -> Response:
    """Answer with JSON that no cache keeps."""
    headers = {"cache-control": "no-store"}
    return Response(orjson.dumps(document), status, media_type="application/json", headers=headers)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
