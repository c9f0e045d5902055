"""Dashboards: how things are, in plots with their tables; and alerts."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from evenhand.accounting.alerts import FIGURES
from evenhand.accounting.dashboards import NAMES, Dashboard, dashboard, refresh, titles
from evenhand.accounting.figures import Period
from evenhand.console.base import Area, Nav, page, parts, visitor_of
from evenhand.console.i18n import N_
from evenhand.console.plotwords import plot_in
from evenhand.store import Store
from evenhand.store.tallies import Of

router = APIRouter(prefix="/console/dashboards")

_SPANS = (7, 30, 90, 365)
_Text = Annotated[str, Query(max_length=200)]


@router.get("")
async def overview(
    request: Request,
    days: Annotated[int, Query(ge=1, le=400)] = 30,
    line: _Text = "",
    language: _Text = "",
    kind: _Text = "",
) -> Response:
    """Show all dashboards below each other."""
    visitor = await visitor_of(request, "read")
    of = Of(line=line or None, language=language or None, kind=kind or None)
    price = parts(request).moderator.settings.detector_hour_price
    make = partial(_all, parts(request).store.within(visitor.tenant), Period.last(days), of, price)
    found, lines = await asyncio.to_thread(make)
    return page(
        request,
        visitor,
        "dashboards/overview.html",
        boards=[(board, plot_in(visitor.language, board.svg)) for board in found],
        titles=titles(),
        days=days,
        spans=_SPANS,
        lines=lines,
        line=line,
        content_language=language,
        kind=kind,
    )


@router.get("/alerts")
async def alerts(request: Request) -> Response:
    """Show alerts, and how they stand."""
    visitor = await visitor_of(request, "read")
    found = await asyncio.to_thread(parts(request).store.alerts.list)
    return page(request, visitor, "dashboards/alerts.html", alerts=found, figures=FIGURES.values())


def first_look(store: Store, language: str) -> list[tuple[Dashboard, Markup]]:
    """Give the plots of the console's first page: the last two weeks."""
    refresh(store)
    period = Period.last(14)
    made = [dashboard(store, name, period=period) for name in ("volume", "actions")]
    return [(board, plot_in(language, board.svg)) for board in made]


def _all(store: Store, period: Period, of: Of, price: float | None) -> tuple[list[Dashboard], list[str]]:
    refresh(store)
    lines = store.tallies.count("action", period.since, period.until, by=("line",))
    shown = [dashboard(store, name, period=period, of=of, hour_price=price) for name in NAMES]
    return shown, sorted(name for (name,) in lines if name)


AREA = Area(
    router,
    nav=(
        Nav(N_("Dashboards"), "/console/dashboards", "read"),
        Nav(N_("Alerts"), "/console/dashboards/alerts", "admin"),
    ),
)
