"""`POST /v1/redact`: a picture or text in, the same with what was found covered."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.actions.redact import Redacted, Redaction
from evenhand.actions.redact_cover import Style
from evenhand.actions.redact_regions import HARM
from evenhand.api import bodies
from evenhand.api.check import ERRORS, FILE_FORM
from evenhand.api.schemas import RedactIn, RedactOut
from evenhand.api.state import state_of
from evenhand.domain.location import Box
from evenhand.errors import InputError

router = APIRouter(tags=["redact"])

_FORM_FIELDS: dict[str, Any] = {
    "labels": {"type": "string", "description": "A JSON list of labels."},
    "min_score": {"type": "string", "description": "A number from 0 to 1."},
    "boxes": {"type": "string", "description": "A JSON list of [left, top, right, bottom]."},
    "style": {"type": "string", "enum": [style.value for style in Style]},
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{RedactIn.__name__}"}},
            "multipart/form-data": {
                "schema": {
                    **FILE_FORM["schema"],
                    "properties": {**FILE_FORM["schema"]["properties"], **_FORM_FIELDS},
                }
            },
        },
    }
}
_RESPONSES = {code: answer for code, answer in ERRORS.items() if code != 409}


@router.post(
    "/v1/redact",
    response_model=RedactOut,
    responses=_RESPONSES,
    summary="Give a content back with what was found covered",
    openapi_extra=_BODY,
)
async def redact(request: Request) -> Response:
    """Check a content, cover what was found (`labels`, from `min_score`) and `boxes` of your own, strip metadata.

    With `labels: []` nothing is looked for. There is no Idempotency-Key here: answers hold the content, and contents
    are not kept.
    """
    state = state_of(request)
    key_id = await state.guard.admit(request, "check")
    content, options, given = await bodies.read_one_with(request, state.moderator.settings, tuple(_FORM_FIELDS))
    redaction = _redaction(given)
    done = await state.moderator.redact(content, redaction=redaction, options=replace(options, caller=key_id))
    return Response(orjson.dumps(_document(done)), media_type="application/json")


def _document(done: Redacted) -> dict[str, Any]:
    is_text = done.media_type.startswith("text/")
    return {
        "media_type": done.media_type,
        "text": done.text if is_text else None,
        "data": None if is_text else base64.b64encode(done.data).decode("ascii"),
        "covered": [finding.as_dict() for finding in done.covered],
        "boxes": done.boxes,
        "notes": list(done.notes),
        "result": done.result.as_dict() if done.result is not None else None,
    }


def _redaction(given: dict[str, Any]) -> Redaction:
    labels, score = given.get("labels", [HARM]), given.get("min_score", 0.5)
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise InputError('labels must be a list of labels, such as ["sexual", "face.present"].')
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise InputError("min_score must be a number from 0 to 1.")
    return Redaction(
        labels=tuple(labels), least_score=float(score), boxes=_boxes(given.get("boxes", [])), style=_style(given)
    )


def _boxes(given: object) -> tuple[Box, ...]:
    problem = InputError("boxes must be a list of [left, top, right, bottom].")
    if not isinstance(given, list):
        raise problem
    out: list[Box] = []
    for box in given:
        if not isinstance(box, list) or len(box) != 4:
            raise problem
        if any(isinstance(value, bool) or not isinstance(value, int | float) for value in box):
            raise problem
        left, top, right, bottom = (float(value) for value in box)
        out.append((left, top, right, bottom))
    return tuple(out)


def _style(given: dict[str, Any]) -> Style:
    style = given.get("style", Style.PIXELATE.value)
    if not isinstance(style, str) or style not in list(Style):
        raise InputError(f"style must be one of {', '.join(Style)}.")
    return Style(style)
