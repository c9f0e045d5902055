"""`/v1/reports/transparency`: what a period amounts to, as JSON, a page, a PDF or a table for spreadsheets."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from evenhand.accounting.dashboards import refresh
from evenhand.accounting.figures import Period
from evenhand.accounting.grounds import read_grounds
from evenhand.accounting.report import Report, report
from evenhand.accounting.reportfiles import MEDIA_TYPES, write
from evenhand.api.check import ERRORS
from evenhand.api.state import state_of
from evenhand.api.statements import Language
from evenhand.store import Store
from evenhand.store.reviewrecords import LOCAL

router = APIRouter(tags=["accounting"])

PATH = "/v1/reports/transparency"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (400, 401, 403, 422, 429, 503)}


class ReportOut(BaseModel):
    """A transparency report."""

    language: str
    title: str
    period: str
    made: str
    about: str
    sections: list[dict[str, Any]]


@router.get(PATH, response_model=ReportOut, responses=_READ, summary="Make a transparency report")
async def transparency(
    request: Request,
    since: Annotated[date, Query(description="The first day, UTC.")],
    until: Annotated[date, Query(description="The last day, included; at most 400 days.")],
    lang: Language = "en",
    form: Annotated[Literal["json", "html", "csv", "pdf"], Query(alias="format")] = "json",
) -> Response:
    """Count decisions, error rates from review and appeals, and median times. For keys with the scope audit."""
    state = state_of(request)
    caller = await state.guard.caller(request, "audit")
    platform = read_grounds(state.moderator.settings).platform
    period = Period(since=since, until=until)
    store = state.store.within(caller.tenant)
    make = partial(made, store, period, lang, platform, actor=caller.id or LOCAL, form=form)
    body = await asyncio.to_thread(make)
    media_type = MEDIA_TYPES.get(form, "application/json")
    name = f"transparency-{since.isoformat()}-{until.isoformat()}.{form}"
    headers = {} if form == "json" else {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=media_type, headers=headers)


def made(store: Store, period: Period, language: str, platform: str, *, actor: str, form: str) -> bytes:
    """Count what was not counted yet, make the report, and tell the audit log."""
    refresh(store)
    found: Report = report(store, period, language=language, platform=platform)
    told = {"since": period.since.isoformat(), "until": period.until.isoformat(), "language": language, "form": form}
    store.audit.note("report.export", "transparency", actor=actor, after=told)
    return orjson.dumps(asdict(found)) if form == "json" else write(found, form)
