"""`/v1/dashboards`: figures with plots. For keys with the scope read."""

from __future__ import annotations

import asyncio
from datetime import date
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from evenhand.accounting.dashboards import MOST_DAYS, Dashboard, dashboard, refresh, titles
from evenhand.accounting.figures import Period
from evenhand.api.check import ERRORS
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import state_of
from evenhand.store import Store
from evenhand.store.tallies import Of

router = APIRouter(tags=["accounting"])

PATH = "/v1/dashboards"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (400, 401, 403, 422, 429, 503)}
_ONE: dict[int | str, dict[str, Any]] = {**_READ, 404: {"model": ErrorOut, "description": "No such dashboard."}}
_Text = Annotated[str | None, Query(max_length=200)]
_Days = Annotated[int, Query(ge=1, le=MOST_DAYS, description="How many days, the last of them `until`.")]


class DashboardsOut(BaseModel):
    """All dashboards."""

    dashboards: list[dict[str, str]]


class DashboardOut(BaseModel):
    """One dashboard."""

    name: str
    title: str
    about: str
    columns: list[str]
    rows: list[list[Any]]
    svg: str = Field(description="The plot; it takes its colours from the page it stands in.")


@router.get(PATH, response_model=DashboardsOut, responses=_READ, summary="List the dashboards")
async def listed(request: Request) -> Response:
    """List the dashboards."""
    state = state_of(request)
    await state.guard.admit(request, "read")
    return _json({"dashboards": [{"name": name, "title": title} for name, title in titles().items()]})


@router.get(PATH + "/{name}", response_model=DashboardOut, responses=_ONE, summary="Give a dashboard")
async def show(
    request: Request,
    name: str,
    days: _Days = 30,
    until: Annotated[date | None, Query(description="The last day, UTC; today when left out.")] = None,
    line: _Text = None,
    kind: _Text = None,
    language: _Text = None,
    tenant: _Text = None,
) -> Response:
    """Give a dashboard: its figures, and a plot of them as SVG."""
    state = state_of(request)
    store = state.store.within((await state.guard.caller(request, "read")).tenant)
    period = Period.last(days, today=until)
    of = Of(line=line, kind=kind, language=language, tenant=tenant)
    price = state.moderator.settings.detector_hour_price
    found = await asyncio.to_thread(partial(fresh, store, name, period, of, price))
    return _json(found.as_dict())


def fresh(store: Store, name: str, period: Period, of: Of, hour_price: float | None = None) -> Dashboard:
    """Count what was not counted yet, and make a dashboard."""
    refresh(store)
    return dashboard(store, name, period=period, of=of, hour_price=hour_price)


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
