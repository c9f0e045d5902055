"""Transparency reports, and statements for the EU's database."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from evenhand.accounting.dashboards import refresh
from evenhand.accounting.figures import Period
from evenhand.accounting.grounds import read_grounds
from evenhand.accounting.report import Report, report
from evenhand.accounting.words import LANGUAGES
from evenhand.console.base import Area, Nav, page, parts, visitor_of
from evenhand.console.i18n import N_
from evenhand.store import Store

router = APIRouter(prefix="/console/reports")


@router.get("")
async def show(
    request: Request,
    since: Annotated[date | None, Query()] = None,
    until: Annotated[date | None, Query()] = None,
    lang: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show the report of a period, and where its files are."""
    visitor = await visitor_of(request, "audit")
    here = parts(request)
    last = until or datetime.now(UTC).date()
    period = Period(since=since or last - timedelta(days=29), until=last)
    language = lang if lang in LANGUAGES else visitor.language
    platform = read_grounds(here.moderator.settings).platform
    made = await asyncio.to_thread(partial(_report, here.store.within(visitor.tenant), period, language, platform))
    return page(
        request,
        visitor,
        "reports/show.html",
        report=made,
        sections=[(one, Markup(one.svg)) for one in made.sections],  # noqa: S704  (drawn here; what it names is escaped)
        since=period.since.isoformat(),
        until=period.until.isoformat(),
        languages=LANGUAGES,
    )


def _report(store: Store, period: Period, language: str, platform: str) -> Report:
    refresh(store)
    return report(store, period, language=language, platform=platform)


AREA = Area(router, nav=(Nav(N_("Reports"), "/console/reports", "audit"),))
