"""`POST /v1/check`, `POST /v1/check:batch` and `GET /v1/decisions/{id}`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.api import bodies
from evenhand.api.idempotency import once
from evenhand.api.schemas import BatchIn, BatchOut, CheckIn, DecisionOut, ErrorOut, ResultOut
from evenhand.api.state import state_of

router = APIRouter(tags=["check"])

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorOut, "description": "The request cannot be used."},
    401: {"model": ErrorOut, "description": "The API key is missing or not good."},
    403: {"model": ErrorOut, "description": "The API key lacks the scope."},
    409: {"model": ErrorOut, "description": "The idempotency key was used for another request."},
    413: {"model": ErrorOut, "description": "Over a limit."},
    415: {"model": ErrorOut, "description": "This kind of content is not read here."},
    422: {"model": ErrorOut, "description": "The content or a field cannot be read."},
    429: {"model": ErrorOut, "description": "Too many requests."},
    503: {"model": ErrorOut, "description": "The store cannot be reached; nothing was decided."},
}
_READ_ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorOut, "description": "No such decision."},
    **{code: ERRORS[code] for code in (401, 403, 429, 503)},
}
_HEADER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gets the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
FILE_FORM: dict[str, Any] = {
    "schema": {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "id": {"type": "string"},
            "line": {"type": "string"},
            "lang": {"type": "string"},
            "all_scores": {"type": "string", "enum": ["true", "false"]},
            "context": {"type": "string", "description": "A JSON object."},
            "conversation": {"type": "string", "description": "A JSON list of messages."},
            "author": {"type": "string", "description": "A JSON object."},
        },
        "required": ["file"],
    }
}


def _body(model: type[Any], **more: Any) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    content = {"application/json": {"schema": schema}, **more}
    return {"requestBody": {"required": True, "content": content}, "parameters": [_HEADER]}


@router.post(
    "/v1/check",
    response_model=ResultOut,
    responses=ERRORS,
    summary="Check one content",
    openapi_extra=_body(CheckIn, **{"multipart/form-data": FILE_FORM}),
)
async def check(request: Request) -> Response:
    """Check a text, a URL, or a file (base64 in JSON, or multipart/form-data with the field `file`)."""
    state = state_of(request)
    key_id = await state.guard.admit(request, "check")

    async def work() -> Response:
        content, options = await bodies.read_one(request, state.moderator.settings)
        result = await state.moderator.check(content, options=replace(options, caller=key_id))
        return _response(result.as_dict())

    return await once(request, state.store, key_id, work)


@router.post(
    "/v1/check:batch",
    response_model=BatchOut,
    responses=ERRORS,
    summary="Check many contents",
    openapi_extra=_body(BatchIn),
)
async def check_batch(request: Request) -> Response:
    """Check many contents; an item that cannot be read gets an error in its place and spoils no other."""
    state = state_of(request)
    key_id = await state.guard.admit(request, "check")

    async def work() -> Response:
        submission = await bodies.read_many(request, state.moderator.settings)
        options = replace(submission.options, caller=key_id)
        answers = state.moderator.check_many(submission.contents, options=options)
        return _response({"results": [answer.as_dict() async for answer in answers]})

    return await once(request, state.store, key_id, work)


@router.get(
    "/v1/decisions/{decision_id}",
    response_model=DecisionOut,
    responses=_READ_ERRORS,
    summary="Give a recorded decision",
)
async def decision(request: Request, decision_id: str) -> Response:
    """Give the result document of a decision as it was recorded, with `created_at`."""
    state = state_of(request)
    caller = await state.guard.caller(request, "read")
    if caller.tenant is not None:
        await asyncio.to_thread(partial(state.store.accounts.check_decision, decision_id, tenant=caller.tenant))
    return _response(await state.moderator.decision(decision_id))


def _response(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
