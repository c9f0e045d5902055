"""`/v1/marks`: automatic results that people found right or wrong."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.reviewpeople import person_of
from evenhand.api.reviewschemas import (
    EffectsOut,
    MarkIdsIn,
    MarkIn,
    MarksCsvIn,
    MarksIn,
    MarksOut,
    SuggestionsOut,
)
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import state_of
from evenhand.review import applying
from evenhand.review.applying import foresee, foreseen_document
from evenhand.review.documents import mark_document
from evenhand.review.marking import Said, read_csv
from evenhand.shelves.nearmarks import read_rows
from evenhand.store.decisions import rfc3339

router = APIRouter(tags=["review"])

PATH = "/v1/marks"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_SOME: dict[int | str, dict[str, Any]] = {**_READ, 404: {"model": ErrorOut, "description": "No such mark or decision."}}
_APPLY: dict[int | str, dict[str, Any]] = {
    **_SOME,
    409: {"model": ErrorOut, "description": "Two marks say different things about one content."},
}


@router.post(PATH, status_code=201, response_model=MarksOut, responses=_SOME, summary="Mark results right or wrong")
async def add(request: Request, body: MarkIn | MarksIn) -> Response:
    """Mark one result, or up to a thousand (`marks`), all or none. Nothing is answered otherwise before `apply`."""
    state = state_of(request)
    person = await person_of(request, state)
    rows = [Said(**row.model_dump()) for row in (body.marks if isinstance(body, MarksIn) else [body])]
    new = await asyncio.to_thread(partial(read_rows, state.store, state.moderator.settings, rows, tenant=person.tenant))
    made = await asyncio.to_thread(state.store.marks.add, person, new)
    return _json({"marks": [mark_document(mark) for mark in made], "after": None}, 201)


@router.post(PATH + "/csv", status_code=201, response_model=MarksOut, responses=_SOME, summary="Mark results from CSV")
async def add_csv(request: Request, body: MarksCsvIn) -> Response:
    """Mark up to a thousand results, all or none. Nothing is answered otherwise before `apply`."""
    state = state_of(request)
    person = await person_of(request, state)
    read = partial(read_rows, state.store, state.moderator.settings, tenant=person.tenant)
    new = await asyncio.to_thread(lambda: read(read_csv(body.csv)))
    made = await asyncio.to_thread(state.store.marks.add, person, new)
    return _json({"marks": [mark_document(mark) for mark in made], "after": None}, 201)


@router.get(PATH, response_model=MarksOut, responses=_READ, summary="List marks")
async def listed(
    request: Request,
    state: Annotated[Literal["proposed", "applied", "undone"] | None, Query()] = None,
    content_hash: Annotated[str | None, Query(pattern="^sha256:[0-9a-f]{64}$")] = None,
    after: Annotated[str, Query(max_length=100, pattern="^[0-9a-f-]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List marks, oldest first."""
    here = state_of(request)
    person = await person_of(request, here)
    find = partial(here.store.marks.page, state=state, content_hash=content_hash, after=after, limit=limit)
    found = await asyncio.to_thread(partial(find, tenant=person.tenant))
    last = found[-1].id if len(found) == limit else None
    return _json({"marks": [mark_document(mark) for mark in found], "after": last})


@router.get(PATH + "/suggestions", response_model=SuggestionsOut, responses=_READ, summary="List suggested scores")
async def suggestions(
    request: Request,
    after: Annotated[str, Query(max_length=100, pattern="^[0-9a-f-]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List what callers of other vendors' APIs (Perspective, Alibaba Cloud) said that scores should be."""
    state = state_of(request)
    person = await person_of(request, state)
    find = partial(state.store.suggestions.list, after=after, limit=limit, tenant=person.tenant)
    found = await asyncio.to_thread(find)
    shown = [{**asdict(one), "created_at": rfc3339(one.created_at) if one.created_at else None} for one in found]
    return _json({"suggestions": [{k: v for k, v in one.items() if k != "key_id"} for one in shown]})


@router.post(PATH + "/preview", response_model=EffectsOut, responses=_SOME, summary="What would marks change?")
async def preview(request: Request, body: MarkIdsIn) -> Response:
    """Say what applying marks would change, and of which stored decisions they speak; changes nothing."""
    state = state_of(request)
    person = await person_of(request, state)
    work = partial(foresee, state.store, body.ids, tenant=person.tenant)
    return _json(foreseen_document(await asyncio.to_thread(work)))


@router.post(PATH + "/apply", response_model=EffectsOut, responses=_APPLY, summary="Apply marks")
async def apply(request: Request, body: MarkIdsIn) -> Response:
    """Answer the same content as these marks say from now on, in every process within a second. For senior keys."""
    state = state_of(request)
    person = await person_of(request, state, senior=True)
    return _json(foreseen_document(await asyncio.to_thread(applying.apply, state.store, body.ids, person)))


@router.post(PATH + "/undo", response_model=MarksOut, responses=_SOME, summary="Undo marks")
async def undo(request: Request, body: MarkIdsIn) -> Response:
    """Answer the same content as the detectors and the policy say again. For senior keys."""
    state = state_of(request)
    person = await person_of(request, state, senior=True)
    found = await asyncio.to_thread(state.store.marks.undo, body.ids, person)
    return _json({"marks": [mark_document(mark) for mark in found], "after": None})


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
