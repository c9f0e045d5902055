"""Puts the console onto the HTTP application."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from evenhand.console import (
    accounts,
    appealpage,
    appeals,
    auditlog,
    classes,
    dashboards,
    decisions,
    libraries,
    marks,
    policies,
    quality,
    reports,
    review,
    start,
    webhooks,
)
from evenhand.console.base import STATIC, Area, static_version
from evenhand.console.security import ConsoleShield

# In the order of the navigation.
AREAS: tuple[Area, ...] = (
    start.AREA,
    dashboards.AREA,
    review.AREA,
    quality.AREA,
    appeals.AREA,
    appealpage.AREA,
    policies.AREA,
    libraries.AREA,
    marks.AREA,
    classes.AREA,
    decisions.AREA,
    auditlog.AREA,
    reports.AREA,
    webhooks.AREA,
    accounts.AREA,
)


def install(app: FastAPI) -> None:
    """Add the pages to an application that `api.create_app` made."""
    for area in AREAS:
        app.include_router(area.router, include_in_schema=False)
    for path in (f"/console/static/{static_version()}", "/console/static"):
        app.mount(path, StaticFiles(directory=STATIC))
    app.add_api_route("/", _home, include_in_schema=False)
    app.state.console_nav = tuple(nav for area in AREAS for nav in area.nav)
    app.add_middleware(ConsoleShield)


async def _home() -> Response:
    return RedirectResponse("/console", status_code=303)
