"""`/v1/marks`: automatic results that people found right or wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.reviewpeople import person_of
from evenhand.api.reviewschemas import (
    ApplyIn,
    EffectsOut,
    MarkIdsIn,
    MarkIn,
    MarksCsvIn,
    MarksIn,
    MarksOut,
    PreviewIn,
    SuggestionsOut,
)
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.review.documents import mark_document
from evenhand.review.marking import Said, read_csv
from evenhand.shelves.alike import Finder
from evenhand.shelves.marking import applied, foreseen
from evenhand.shelves.nearmarks import read_rows
from evenhand.store.decisions import rfc3339
from evenhand.store.reviewrecords import NewMark

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
    new = await asyncio.to_thread(_read, state, rows, person.tenant)
    made = await asyncio.to_thread(state.store.marks.add, person, new)
    return _json({"marks": [mark_document(mark) for mark in made], "after": None}, 201)


@router.post(PATH + "/csv", status_code=201, response_model=MarksOut, responses=_SOME, summary="Mark results from CSV")
async def add_csv(request: Request, body: MarksCsvIn) -> Response:
    """Mark up to a thousand results, all or none. Nothing is answered otherwise before `apply`."""
    state = state_of(request)
    person = await person_of(request, state)
    new = await asyncio.to_thread(lambda: _read(state, read_csv(body.csv), person.tenant))
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
async def preview(request: Request, body: PreviewIn) -> Response:
    """Say what applying marks would change, of which stored decisions they speak, and which others are alike."""
    state = state_of(request)
    person = await person_of(request, state)
    finder = _finder(state) if body.alike else None
    work = partial(foreseen, state.store, body.ids, finder, tenant=person.tenant, excerpts=not person.limited)
    return _json(await asyncio.to_thread(work))


@router.post(PATH + "/apply", response_model=EffectsOut, responses=_APPLY, summary="Apply marks")
async def apply(request: Request, body: ApplyIn) -> Response:
    """Answer the same content as these marks say from now on, in every process within a second. For senior keys."""
    state = state_of(request)
    person = await person_of(request, state, senior=True)
    work = partial(applied, state.store, body.ids, person, _finder(state), also=body.also)
    return _json(await asyncio.to_thread(work))


@router.post(PATH + "/undo", response_model=MarksOut, responses=_SOME, summary="Undo marks")
async def undo(request: Request, body: MarkIdsIn) -> Response:
    """Answer the same content as the detectors and the policy say again. For senior keys."""
    state = state_of(request)
    person = await person_of(request, state, senior=True)
    found = await asyncio.to_thread(state.store.marks.undo, body.ids, person)
    return _json({"marks": [mark_document(mark) for mark in found], "after": None})


def _read(state: State, rows: Sequence[Said], tenant: str | None) -> list[NewMark]:
    moderator = state.moderator
    return read_rows(state.store, moderator.settings, rows, tenant=tenant, embedder=moderator.embedder)


def _finder(state: State) -> Finder:
    return Finder(state.store, state.moderator.settings, state.moderator.embedder)


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
