"""`/v1/decisions`: recorded decisions searched; `/v1/decisions/{id}/replay`: one made again."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from evenhand.accounting.replay import replay
from evenhand.api.check import ERRORS
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import state_of
from evenhand.errors import InputError

router = APIRouter(tags=["accounting"])

_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_ONE: dict[int | str, dict[str, Any]] = {**_READ, 404: {"model": ErrorOut, "description": "No such decision."}}
_Text = Annotated[str | None, Query(max_length=1_024)]


class DecisionsOut(BaseModel):
    """Decisions, newest first."""

    decisions: list[dict[str, Any]]
    after: str | None = Field(None, description="Give this as `after` for the next page; null: this is the last.")


class ReplayIn(BaseModel):
    """How a decision is made again."""

    model_config = ConfigDict(extra="forbid")

    detectors: bool = Field(True, description="Detectors look again where the content is kept.")


class ReplayOut(BaseModel):
    """What came of it."""

    decision_id: str
    same: bool | None = Field(description="Everything that could be made again is the same; null: nothing could.")
    policy: dict[str, Any]
    decision: dict[str, Any] = Field(description="then, now, and whether they are the same; null: that cannot be said.")
    detectors: list[dict[str, Any]] = Field(
        description="Which version was then, is here now and looked again (null: none), and what differs."
    )
    libraries: list[dict[str, Any]]
    cannot: list[dict[str, str]] = Field(description="What could not be had, and why.")


@router.get("/v1/decisions", response_model=DecisionsOut, responses=_READ, summary="Search recorded decisions")
async def search(
    request: Request,
    action: Annotated[Literal["pass", "mark", "review", "block"] | None, Query()] = None,
    label: Annotated[str | None, Query(max_length=200, description="Exactly this label is among the scores.")] = None,
    min_score: Annotated[float, Query(ge=0, le=1)] = 0.0,
    line: _Text = None,
    kind: Annotated[Literal["text", "image", "video", "audio", "stream"] | None, Query()] = None,
    policy: _Text = None,
    rule: _Text = None,
    caller_id: _Text = None,
    content_hash: Annotated[str | None, Query(pattern="^sha256:[0-9a-f]{64}$")] = None,
    tenant: Annotated[str | None, Query(max_length=100, description="Id of the API key that asked.")] = None,
    incomplete: Annotated[bool | None, Query(description="Whether a detector gave no answer.")] = None,
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query()] = None,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List recorded decisions, newest first. For keys with the scope audit."""
    state = state_of(request)
    store = state.store.within((await state.guard.caller(request, "audit")).tenant)
    find = partial(
        store.decisions,
        action=action,
        label=label,
        min_score=min_score,
        line=line,
        kind=kind,
        policy=policy,
        rule=rule,
        caller_id=caller_id,
        content_hash=content_hash,
        tenant=tenant,
        incomplete=incomplete,
        since=since,
        until=until,
        after=after,
        limit=limit,
    )
    try:
        page = await asyncio.to_thread(find)
    except ValueError as error:
        raise InputError(f"The list cannot be given: {error}.") from error
    return _json({"decisions": list(page.items), "after": page.after})


@router.post(
    "/v1/decisions/{decision_id}/replay", response_model=ReplayOut, responses=_ONE, summary="Make a decision again"
)
async def again(request: Request, decision_id: str, body: ReplayIn | None = None) -> Response:
    """Decide again with the stored policy about the stored findings, and let the detectors of the same versions look
    again where the content is kept; an older text model and lists as they were are loaded for it. Nothing is recorded.
    For keys with the scope audit.
    """
    state = state_of(request)
    store = state.store.within((await state.guard.caller(request, "audit")).tenant)
    wanted = body or ReplayIn()
    return _json(await replay(state.moderator, store, decision_id, detectors=wanted.detectors))


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
