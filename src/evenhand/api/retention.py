"""`/v1/retention`: how long single tenants' data is kept, and its erasure. For keys with the scope admin."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.state import state_of
from evenhand.store.reviewrecords import LOCAL

router = APIRouter(tags=["accounting"])

PATH = "/v1/retention"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_Tenant = Annotated[str, Path(max_length=100, pattern="^[A-Za-z0-9_-]+$", description="Id of an API key or a tenant.")]
_Days = Annotated[int | None, Field(ge=0, le=18_250)]


class RetentionIn(BaseModel):
    """Periods of a tenant; null: as the settings say. They only ever shorten the settings' own."""

    model_config = ConfigDict(extra="forbid")

    decisions_days: _Days = None
    originals_days: _Days = None


class RetentionOut(RetentionIn):
    """Periods of a tenant."""

    tenant: str
    changed_at: str


class RetentionsOut(BaseModel):
    """Tenants with periods of their own."""

    tenants: list[RetentionOut]


class EraseTenantIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=1_000)


class ErasedTenantOut(BaseModel):
    """What was deleted."""

    decisions: int
    originals: int
    jobs: int
    streams: int
    responses: int
    audit_payloads: int


@router.get(PATH, response_model=RetentionsOut, responses=_READ, summary="List tenants with periods of their own")
async def listed(request: Request) -> Response:
    """List tenants with periods of their own."""
    state = state_of(request)
    await state.guard.admit(request, "admin")
    found = await asyncio.to_thread(state.store.retention.tenants.list)
    return _json({"tenants": [asdict(one) for one in found]})


@router.put(PATH + "/{tenant}", response_model=RetentionOut, responses=_READ, summary="Set a tenant's periods")
async def put(request: Request, tenant: _Tenant, body: RetentionIn) -> Response:
    """Keep a tenant's data for fewer days than the settings say; nulls take the periods away again."""
    state = state_of(request)
    actor = await state.guard.admit(request, "admin") or LOCAL
    change = partial(state.store.retention.tenants.set, tenant, **body.model_dump(), actor=actor)
    return _json(asdict(await asyncio.to_thread(change)))


@router.post(PATH + "/{tenant}/erase", response_model=ErasedTenantOut, responses=_READ, summary="Erase a tenant's data")
async def erase(request: Request, tenant: _Tenant, body: EraseTenantIn) -> Response:
    """Delete everything a tenant brought. The audit log's links stay without what they say was before and after."""
    state = state_of(request)
    actor = await state.guard.admit(request, "admin") or LOCAL
    work = partial(state.store.retention.tenants.erase, tenant, actor=actor, reason=body.reason)
    return _json(asdict(await asyncio.to_thread(work)))


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
