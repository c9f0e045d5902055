"""`/v1/proposals`: what marks and suggestions say should be changed, until a second person decides. Scope policy."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.libraryschemas import DecideIn, DeriveIn, ProposalOut, ProposalsOut
from evenhand.api.reviewpeople import person_of
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.learning.deciding import approve, proposal_document, reject, undo
from evenhand.learning.deriving import derive

router = APIRouter(tags=["proposals"])

PATH = "/v1/proposals"
_ONE = PATH + "/{proposal_id}"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_SOME: dict[int | str, dict[str, Any]] = {**_READ, 404: {"model": ErrorOut, "description": "No such proposal."}}
_STEP: dict[int | str, dict[str, Any]] = {
    **_SOME,
    409: {"model": ErrorOut, "description": "It was decided already, or a second person is needed."},
}
Id = Annotated[str, Path(max_length=100, pattern="^[0-9a-f-]+$")]
_Kind = Literal["library", "mark", "threshold", "examples"]


@router.get(PATH, response_model=ProposalsOut, responses=_READ, summary="List proposals")
async def listed(
    request: Request,
    state: Annotated[Literal["open", "approved", "rejected", "undone"] | None, Query()] = None,
    kind: Annotated[_Kind | None, Query()] = None,
    after: Annotated[str, Query(max_length=100, pattern="^[0-9a-f-]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List proposals, newest first."""
    here, actor = await _person(request)
    find = partial(here.store.proposals.page, state=state, kind=kind, before=after, limit=limit)
    found = await asyncio.to_thread(find)
    last = found[-1].id if len(found) == limit else None
    return _json({"proposals": [proposal_document(one, actor) for one in found], "after": last})


@router.post(PATH, status_code=201, response_model=ProposalsOut, responses=_READ, summary="Look for proposals")
async def look(request: Request, body: DeriveIn) -> Response:
    """Look through marks, verdicts and suggestions for what should be changed; give what is new. Changes nothing."""
    state, actor = await _person(request)
    work = partial(derive, state.store, state.moderator.settings, actor=actor, kinds=body.kinds)
    made = await asyncio.to_thread(work)
    return _json({"proposals": [proposal_document(one, actor) for one in made], "after": None}, 201)


@router.get(_ONE, response_model=ProposalOut, responses=_SOME, summary="Show a proposal")
async def show(request: Request, proposal_id: Id) -> Response:
    """Show a proposal with what it rests on and what is expected of it."""
    state, actor = await _person(request)
    return _json(proposal_document(await asyncio.to_thread(state.store.proposals.get, proposal_id), actor))


@router.post(_ONE + "/approve", response_model=ProposalOut, responses=_STEP, summary="Approve a proposal")
async def approved(request: Request, proposal_id: Id, body: DecideIn) -> Response:
    """Do what a proposal says. Not for who asked for it, nor for those whose marks it rests on."""
    state, actor = await _person(request)
    work = partial(
        approve,
        state.store,
        state.moderator.settings,
        proposal_id,
        actor=actor,
        reason=body.reason,
        teach=state.moderator.teaching.again,
    )
    return _json(proposal_document(await asyncio.to_thread(work), actor))


@router.post(_ONE + "/reject", response_model=ProposalOut, responses=_STEP, summary="Reject a proposal")
async def rejected(request: Request, proposal_id: Id, body: DecideIn) -> Response:
    """Reject a proposal, with a reason; the same is not made again."""
    state, actor = await _person(request)
    found = await asyncio.to_thread(partial(reject, state.store, proposal_id, actor=actor, reason=body.reason))
    return _json(proposal_document(found, actor))


@router.post(_ONE + "/undo", response_model=ProposalOut, responses=_STEP, summary="Undo a proposal")
async def undone(request: Request, proposal_id: Id, body: DecideIn) -> Response:
    """Take back what approving a proposal did."""
    state, actor = await _person(request)
    found = await asyncio.to_thread(partial(undo, state.store, proposal_id, actor=actor, reason=body.reason))
    return _json(proposal_document(found, actor))


async def _person(request: Request) -> tuple[State, str]:
    state = state_of(request)
    return state, (await person_of(request, state, scope="policy")).id


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
