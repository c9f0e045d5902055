"""Idempotency keys: a request sent again with the same key gets the first answer again, and is not done twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from evenhand.errors import InputError
from evenhand.store import Replay, Store

_HEADER = "idempotency-key"
_MAX_KEY = 255  # characters
DECISION_HEADER = "x-decision-id"  # of an answer whose body has no place for it


async def once(request: Request, store: Store, key_id: str | None, work: Callable[[], Awaitable[Response]]) -> Response:
    """Do `work`, or give the recorded answer of an earlier request with the same key and body.

    Args:
        request: the header `Idempotency-Key` is optional.
        store: where answers are kept.
        key_id: the caller's API key; keys of different callers do not meet.
        work: makes the answer. When it raises, the key is free again.

    Raises:
        InputError: the key is too long.
        ConflictError: the key was used for another request, or the first is still being answered.
    """
    key = request.headers.get(_HEADER)
    if key is None:
        return await work()
    if not 0 < len(key) <= _MAX_KEY:
        raise InputError(f"Idempotency-Key must have 1 to {_MAX_KEY} characters.")
    parts = (request.method, request.url.path, request.url.query, request.headers.get("content-type", ""))
    fingerprint = hashlib.sha256("\n".join(parts).encode() + b"\n" + await request.body()).hexdigest()
    held = await asyncio.to_thread(store.idempotency.claim, key, key_id=key_id, fingerprint=fingerprint)
    if isinstance(held, Replay):
        headers = {**held.headers, "idempotent-replayed": "true"}
        return Response(held.response, held.status, headers=headers, media_type=held.media_type)
    try:
        response = await work()
    except BaseException:
        await asyncio.to_thread(store.idempotency.abandon, held)
        raise
    decided = response.headers.get(DECISION_HEADER)
    await asyncio.to_thread(
        store.idempotency.finish,
        held,
        status=response.status_code,
        response=bytes(response.body),
        media_type=response.media_type or "application/json",
        headers=None if decided is None else {DECISION_HEADER: decided},
    )
    return response
