"""`/v1/alerts`: thresholds on figures, told by webhook. Read with the scope read; changed with admin."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from evenhand.accounting.alerts import FIGURES, checked, look
from evenhand.api.check import ERRORS
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import state_of
from evenhand.store.alerts import NewAlert
from evenhand.store.reviewrecords import LOCAL

router = APIRouter(tags=["accounting"])

PATH = "/v1/alerts"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (400, 401, 403, 422, 429, 503)}
_ONE: dict[int | str, dict[str, Any]] = {**_READ, 404: {"model": ErrorOut, "description": "No such alert."}}
_Short = Annotated[str, Field(max_length=200)]


class AlertIn(BaseModel):
    """A threshold on a figure."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    figure: _Short = Field(description="One of those that `GET /v1/alerts/figures` lists.")
    threshold: float
    above: bool = Field(True, description="Raised above the threshold; false: below it.")
    filters: dict[_Short, _Short] = Field({}, max_length=5)
    window_s: int = Field(3_600, description="Seconds that the figure looks back on.")
    least: int = Field(50, ge=1, le=10_000_000, description="Of how many the figure must be made.")


class AlertOut(AlertIn):
    """An alert, and how it stands."""

    id: str
    state: str = Field(description="clear or raised")
    value: float | None = Field(description="When it was last looked at; null: there was too little to say anything.")
    of: int | None
    checked_at: str | None
    raised_at: str | None
    disabled_at: str | None
    created_by: str
    created_at: str


class AlertsOut(BaseModel):
    """All alerts."""

    alerts: list[AlertOut]


class SwitchIn(BaseModel):
    """Whether an alert is looked at."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool


class FiguresOut(BaseModel):
    """What can be watched."""

    figures: list[dict[str, Any]]


class LookedOut(BaseModel):
    """What a look at all alerts changed."""

    changed: list[dict[str, str]]


@router.get(PATH, response_model=AlertsOut, responses=_READ, summary="List alerts")
async def listed(request: Request) -> Response:
    """List alerts, and how they stand."""
    state = state_of(request)
    await state.guard.admit(request, "read")
    found = await asyncio.to_thread(state.store.alerts.list)
    return _json({"alerts": [one.as_dict() for one in found]})


@router.get(PATH + "/figures", response_model=FiguresOut, responses=_READ, summary="List what can be watched")
async def figures(request: Request) -> Response:
    """List the figures that alerts can watch, with the filters that each takes."""
    state = state_of(request)
    await state.guard.admit(request, "read")
    shown = [
        {"name": one.name, "description": one.description, "filters": list(one.filters), "needs": one.needs}
        for one in FIGURES.values()
    ]
    return _json({"figures": shown})


@router.post(
    PATH, status_code=201, response_model=AlertOut, responses={**_READ, 409: ERRORS[409]}, summary="Make an alert"
)
async def create(request: Request, body: AlertIn) -> Response:
    """Watch a figure. Webhooks get `alert.raised` once it passes the threshold, and `alert.cleared` once it is back."""
    state = state_of(request)
    actor = await state.guard.admit(request, "admin") or LOCAL
    new = checked(NewAlert(**body.model_dump()))
    made = await asyncio.to_thread(partial(state.store.alerts.create, new, actor=actor))
    return _json(made.as_dict(), 201)


@router.post(PATH + "/check", response_model=LookedOut, responses=_READ, summary="Look at all alerts now")
async def check_now(request: Request) -> Response:
    """Look at all alerts now; workers do so every minute."""
    state = state_of(request)
    await state.guard.admit(request, "admin")
    changed = await asyncio.to_thread(look, state.store)
    return _json({"changed": [{"alert": alert.name, "event": event} for alert, event in changed]})


@router.patch(PATH + "/{name}", response_model=AlertOut, responses=_ONE, summary="Switch an alert on or off")
async def switch(request: Request, name: str, body: SwitchIn) -> Response:
    """Look at an alert again, or no longer."""
    state = state_of(request)
    actor = await state.guard.admit(request, "admin") or LOCAL
    changed = await asyncio.to_thread(partial(state.store.alerts.switch, name, on=body.enabled, actor=actor))
    return _json(changed.as_dict())


@router.delete(PATH + "/{name}", response_model=AlertOut, responses=_ONE, summary="Remove an alert")
async def remove(request: Request, name: str) -> Response:
    """Forget an alert."""
    state = state_of(request)
    actor = await state.guard.admit(request, "admin") or LOCAL
    found = await asyncio.to_thread(state.store.alerts.get, name)
    await asyncio.to_thread(partial(state.store.alerts.remove, found.id, actor=actor))
    return _json(found.as_dict())


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
