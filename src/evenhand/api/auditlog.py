"""`/v1/audit-log`: who did what, verified, exported and erased. For keys with the scope audit; erasing for admins."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from evenhand.api.check import ERRORS
from evenhand.api.reviewschemas import AuditOut, VerifiedOut
from evenhand.api.state import state_of
from evenhand.errors import InputError
from evenhand.store.auditlogchain import START, line, read_head
from evenhand.store.reviewrecords import LOCAL

router = APIRouter(tags=["audit"])

PATH = "/v1/audit-log"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_Text = Annotated[str | None, Query(max_length=200)]
_Moment = Annotated[AwareDatetime | None, Query(description="RFC 3339, with its time zone.")]
_Action = Annotated[str | None, Query(max_length=100, description="`review.decide`, or a family: `review.*`.")]


class HeadOut(BaseModel):
    """The end of the log."""

    entries: int
    head: str = Field(description="Hash of the last link.")
    noted: str = Field(description="Both, as `expect` takes them.")


class VerifyIn(BaseModel):
    """What is known of the log from elsewhere."""

    model_config = ConfigDict(extra="forbid")

    expect: list[str] = Field([], max_length=1_000, description="Links noted earlier, `NUMBER:HASH`.")
    since: str | None = Field(None, description="A link that was verified before: only those after it are looked at.")


class EraseIn(BaseModel):
    """Which payloads are to go."""

    model_config = ConfigDict(extra="forbid")

    subjects: list[Annotated[str, Field(max_length=500)]] = Field([], max_length=1_000)
    before: AwareDatetime | None = Field(None, description="Written before this moment.")
    reason: str = Field("", max_length=1_000)


class ErasedOut(BaseModel):
    """How many payloads were erased."""

    erased: int


@router.get(PATH, response_model=AuditOut, responses=_READ, summary="Read the audit log")
async def page(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    newest: Annotated[bool, Query(description="Newest first; `after` is then the last number seen.")] = False,
    actor: _Text = None,
    subject: Annotated[str | None, Query(max_length=500)] = None,
    action: _Action = None,
    since: _Moment = None,
    until: _Moment = None,
) -> Response:
    """Give links of the audit log, oldest first: for a tenant's people what they did, or was done to what is theirs."""
    state = state_of(request)
    log = state.store.within((await state.guard.caller(request, "audit")).tenant).audit
    wanted = _wanted(actor, subject, action, since, until)
    found = await asyncio.to_thread(partial(log.page, after=after, limit=limit, newest=newest, **wanted))
    return _json({"entries": [asdict(entry) for entry in found]})


@router.get(PATH + "/head", response_model=HeadOut, responses=_READ, summary="The end of the audit log")
async def head(request: Request) -> Response:
    """Give number and hash of the last link, to be noted elsewhere: a log that was cut off is found with it."""
    state = state_of(request)
    await state.guard.admit(request, "audit")
    number, digest = await asyncio.to_thread(state.store.audit.head)
    return _json({"entries": number, "head": digest, "noted": f"{number}:{digest}"})


@router.get(
    PATH + "/export",
    response_class=Response,
    responses={**_READ, 200: {"content": {"application/x-ndjson": {}}, "description": "One link a line."}},
    summary="Export the audit log",
)
async def export(
    request: Request,
    actor: _Text = None,
    subject: Annotated[str | None, Query(max_length=500)] = None,
    action: _Action = None,
    since: _Moment = None,
    until: _Moment = None,
) -> Response:
    """Give all links that fit as JSON lines; without filters, `evenhand audit-log verify --file` verifies them."""
    state = state_of(request)
    caller = await state.guard.caller(request, "audit")
    log = state.store.within(caller.tenant).audit
    wanted = _wanted(actor, subject, action, since, until)
    told = {name: str(value) for name, value in wanted.items() if value is not None}
    note = partial(state.store.audit.note, "audit.export", "audit", actor=caller.id or LOCAL, after={"filters": told})
    await asyncio.to_thread(note)

    def lines() -> Iterator[str]:
        for entry in log.all(**wanted):
            yield line(entry) + "\n"

    return StreamingResponse(
        lines(),
        media_type="application/x-ndjson",
        headers={"content-disposition": 'attachment; filename="audit-log.jsonl"'},
    )


@router.get(PATH + "/verify", response_model=VerifiedOut, responses=_READ, summary="Verify the audit log")
async def verify_all(request: Request) -> Response:
    """Recompute every hash of the audit log."""
    state = state_of(request)
    await state.guard.admit(request, "audit")
    return _json(asdict(await asyncio.to_thread(state.store.audit.verify)))


@router.post(PATH + "/verify", response_model=VerifiedOut, responses=_READ, summary="Verify against noted links")
async def verify(request: Request, body: VerifyIn) -> Response:
    """Recompute the hashes of the audit log, and compare it with links that were noted elsewhere."""
    state = state_of(request)
    await state.guard.admit(request, "audit")
    expect = [read_head(text) for text in body.expect]
    since = None if body.since is None else read_head(body.since)
    if since is not None and since[0] == 0 and since[1] != START:
        raise InputError("Before the first link there are only zeros.")
    return _json(asdict(await asyncio.to_thread(partial(state.store.audit.verify, expect=expect, since=since))))


@router.post(PATH + "/erase", response_model=ErasedOut, responses=_READ, summary="Erase payloads of the audit log")
async def erase(request: Request, body: EraseIn) -> Response:
    """Erase what links say was before and after; the chain still holds. For keys with the scope admin."""
    state = state_of(request)
    key_id = await state.guard.admit(request, "admin")
    if body.before is None and not body.subjects:
        raise InputError("Say what to erase: `before`, or `subjects`.")
    work = partial(
        state.store.audit.erase,
        actor=key_id or LOCAL,
        before=body.before,
        subjects=body.subjects,
        reason=body.reason,
    )
    return _json({"erased": await asyncio.to_thread(work)})


def _wanted(
    actor: str | None, subject: str | None, action: str | None, since: datetime | None, until: datetime | None
) -> dict[str, Any]:
    return {"actor": actor, "subject": subject, "action": action, "since": since, "until": until}


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
