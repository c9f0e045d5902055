"""`/v1/streams`: live streams, followed from now on until they end or somebody stops them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, Response

from evenhand.api.check import ERRORS
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of, tenant_of, whose
from evenhand.decode.wire import resolve_host
from evenhand.domain import is_language
from evenhand.errors import FetchError, InputError, SystemFault
from evenhand.intake.addresses import checked, read_address
from evenhand.intake.clips import Clips
from evenhand.store.reviewrecords import LOCAL
from evenhand.store.streams import Stream, StreamEvent

router = APIRouter(tags=["streams"])

PATH = "/v1/streams"
_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": ErrorOut, "description": "No such stream."}}
_READ: dict[int | str, dict[str, Any]] = {**_MISSING, **{code: ERRORS[code] for code in (401, 403, 429, 503)}}
_STATES = Literal["waiting", "running", "stopping", "ended", "stopped", "failed"]


class StreamIn(BaseModel):
    """A stream that is to be followed."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        min_length=1, max_length=4_096, description="rtmp, rtmps, rtsp, rtsps, srt, http or https; HLS, or a file."
    )
    id: str | None = Field(None, max_length=1_024, description="Yours, given back and told with every event.")
    line: str = Field("default", max_length=100, description="Business line whose rules decide.")
    lang: str | None = Field(None, max_length=100, description="Language of what is said; found where not given.")


class StreamOut(BaseModel):
    """A stream as it is now."""

    id: str
    caller_id: str | None
    url: str = Field(description="Without user, password, query and key.")
    state: _STATES
    line: str
    lang: str | None
    position: float = Field(description="Seconds of the stream that were looked at.")
    incidents: list[dict[str, Any]] = Field(description="Those that are open now.")
    counts: dict[str, float] = Field(
        description="pictures, pictures_dropped, seconds_heard, seconds_dropped, gaps, seconds_missed, incidents."
    )
    incomplete: dict[str, str] = Field(description="What was not looked at, and why; empty: everything was.")
    error: dict[str, Any] | None
    events: int = Field(description="How many entries its journal has.")
    created_at: str
    started_at: str | None
    finished_at: str | None


class StreamsOut(BaseModel):
    """One page of streams, newest first."""

    streams: list[StreamOut]
    after: str | None = Field(description="Give this as `after` for the next page; null: this is the last.")


class StreamEventOut(BaseModel):
    """One entry of a stream's journal."""

    number: int
    at: str
    event: str
    data: dict[str, Any]


class StreamEventsOut(BaseModel):
    """Entries of a stream's journal, oldest first."""

    events: list[StreamEventOut]
    after: int = Field(description="Give this as `after` for what comes next.")


class NobodyFollowsError(SystemFault):
    """No worker follows streams, and none can be started here."""

    code = "no_worker"
    status = 503


@router.post(PATH, status_code=201, response_model=StreamOut, responses=ERRORS, summary="Follow a stream")
async def create(request: Request, body: StreamIn) -> Response:
    """Follow a stream from now on. A worker takes it up within seconds; what happens is in its journal and goes to
    webhooks. Addresses inside the operator's network are refused unless the operator allows the host.
    """
    state = state_of(request)
    key_id = await state.guard.admit(request, "check")
    if body.lang is not None and not is_language(body.lang):
        raise InputError('lang must be a language tag of BCP 47, such as "en".')
    if body.id is not None and "\0" in body.id:
        raise InputError("id must not hold NUL.")
    options = {"line": body.line, **({} if body.lang is None else {"lang": body.lang})}
    made = await follow(state, body.url, tenant=key_id or "", caller_id=body.id, options=options)
    return _json(_document(made), 201, {"location": f"{PATH}/{made.id}"})


async def follow(state: State, url: str, *, tenant: str, caller_id: str | None, options: Mapping[str, Any]) -> Stream:
    """Say that a stream is to be followed, whoever asks for it and in whichever dialect.

    Args:
        state: the server's.
        url: as it was sent.
        tenant: id of the key that asked; "" for none.
        caller_id: the caller's own name for it.
        options: of the stream; `line` is its business line.

    Raises:
        InputError: the address cannot be one of a stream.
        FetchError: it leads into the operator's network or to nobody, or addresses are not opened here.
        NobodyFollowsError: there is no worker.
        PolicyError: there is no such business line.
        StoreError: nothing was stored.
    """
    settings = state.moderator.settings
    (await asyncio.to_thread(state.moderator.policy_for, tenant or None)).line(str(options["line"]))
    address = read_address(url)
    if not settings.fetch_urls:
        raise FetchError("fetching URLs is switched off here (EVENHAND_FETCH_URLS), and streams with it")
    allowed = frozenset((*settings.live_allow_hosts, *settings.fetch_allow_hosts))
    # Told now rather than in the journal; the worker checks again, and every address that follows from this one.
    await asyncio.to_thread(partial(checked, address.host, address.port, allowed, resolve=resolve_host))
    await asyncio.to_thread(_somebody_follows, state)
    create = state.store.streams.create
    make = partial(create, address.url, address.shown, tenant=tenant, caller_id=caller_id, options=options)
    return await asyncio.to_thread(make)


@router.get(PATH, response_model=StreamsOut, responses={**_READ, 422: ERRORS[422]}, summary="List streams")
async def listed(
    request: Request,
    state: Annotated[_STATES | None, Query(description="Only streams in this state.")] = None,
    after: Annotated[str | None, Query(max_length=100, description="`after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List the caller's streams, newest first; a key with the scope admin sees everybody's."""
    here = state_of(request)
    tenant = await tenant_of(request, here, "read")
    find = partial(here.store.streams.page, state=state, tenant=tenant, after=after, limit=limit + 1)
    try:
        found = await asyncio.to_thread(find)
    except ValueError as error:
        raise InputError(f"The list cannot be given: {error}.") from error
    shown = found[:limit]
    more = shown[-1].id if len(found) > limit else None
    return _json({"streams": [_document(stream) for stream in shown], "after": more})


@router.get(PATH + "/{stream_id}", response_model=StreamOut, responses=_READ, summary="Give a stream")
async def show(request: Request, stream_id: str) -> Response:
    """Give a stream: how far it is, what is going on in it, and what of it was not looked at."""
    return _json(_document(await _mine(request, state_of(request), stream_id, "read")))


@router.get(
    PATH + "/{stream_id}/events", response_model=StreamEventsOut, responses=_READ, summary="Give a stream's journal"
)
async def journal(
    request: Request,
    stream_id: str,
    after: Annotated[int, Query(ge=0, description="Only entries after this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 1_000,
) -> Response:
    """Give what happened: incidents as they opened, grew and closed, gaps, what was not looked at, the end."""
    state = state_of(request)
    await _mine(request, state, stream_id, "read")
    found = await asyncio.to_thread(partial(state.store.streams.journal, stream_id, after=after, limit=limit))
    return _json({"events": [_entry(one) for one in found], "after": found[-1].number if found else after})


@router.get(
    PATH + "/{stream_id}/clips/{incident}",
    response_class=Response,
    responses={200: {"content": {"video/x-matroska": {}}, "description": "The clip."}, **_READ},
    summary="Give the clip of an incident",
)
async def clip(request: Request, stream_id: str, incident: str) -> Response:
    """Give the clip that was kept of an incident that has to be reviewed, as it was sent."""
    state = state_of(request)
    await _mine(request, state, stream_id, "read")
    path = await asyncio.to_thread(Clips(state.moderator.settings).path, stream_id, incident)
    return FileResponse(path, media_type="video/x-matroska", headers={"cache-control": "no-store"})


@router.delete(PATH + "/{stream_id}", response_model=StreamOut, responses=_READ, summary="Stop a stream")
async def stop(request: Request, stream_id: str) -> Response:
    """Follow a stream no longer; one that is over already is deleted, with its journal and its clips. Its decisions
    stay recorded.
    """
    state = state_of(request)
    caller = await state.guard.caller(request, "check")
    found = await asyncio.to_thread(partial(state.store.streams.get, stream_id, tenant=whose(caller)))
    actor = caller.id or LOCAL
    if found.open:
        return _json(_document(await asyncio.to_thread(partial(state.store.streams.stop, stream_id, actor=actor))))
    await asyncio.to_thread(partial(state.store.streams.remove, stream_id, actor=actor))
    await asyncio.to_thread(Clips(state.moderator.settings).remove, stream_id)
    return _json(_document(found))


def _document(stream: Stream) -> dict[str, Any]:
    progress = stream.progress or {}
    hidden = ("findings", "shown", "told", "key", "decision")
    incidents = [
        {name: value for name, value in one.items() if name not in hidden}
        | {"action": one["told"], "decision_id": one["decision"], "label": one["key"], "clip": one["clip"] is not None}
        for one in progress.get("open", ())
        if one["told"] is not None and stream.open
    ]
    return {
        "id": stream.id,
        "caller_id": stream.caller_id,
        "url": stream.shown,
        "state": stream.state,
        "line": stream.options.get("line", "default"),
        "lang": stream.options.get("lang"),
        "position": round(float(progress.get("position", 0.0)), 3),
        "incidents": incidents,
        "counts": progress.get("counts", {}),
        "incomplete": progress.get("incomplete", {}),
        "error": stream.error,
        "events": stream.events,
        "created_at": stream.created_at.isoformat(),
        "started_at": stream.started_at.isoformat() if stream.started_at else None,
        "finished_at": stream.finished_at.isoformat() if stream.finished_at else None,
    }


def _entry(event: StreamEvent) -> dict[str, Any]:
    return {"number": event.number, "at": event.at.isoformat(), "event": event.kind, "data": dict(event.data)}


async def _mine(request: Request, state: State, stream_id: str, scope: str) -> Stream:
    tenant = await tenant_of(request, state, scope)
    return await asyncio.to_thread(partial(state.store.streams.get, stream_id, tenant=tenant))


def _somebody_follows(state: State) -> None:
    """Refuse a stream that nobody would ever follow."""
    if state.keeper is None and not state.store.tasks.workers():
        raise NobodyFollowsError("No worker follows streams; start `evenhand worker`.")


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), status, headers=headers, media_type="application/json")
