"""Decisions: searched, and one of them with all that it rests on."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.accounting.grounds import read_grounds
from evenhand.accounting.statements import NothingToStateError, Statement, appeal_link, state
from evenhand.accounting.words import LANGUAGES
from evenhand.console.base import Area, Nav, Visitor, page, parts, visitor_of
from evenhand.console.i18n import N_
from evenhand.errors import InputError, NotFoundError
from evenhand.settings import Settings
from evenhand.store import Store

router = APIRouter(prefix="/console/decisions")

_PAGE = 50
_MOST = 200  # findings that are listed
_Text = Annotated[str, Query(max_length=1_024)]
_NOTHING = (
    N_("This decision waits for a person: nothing is restricted by it yet."),
    N_("The content was let through (pass): nothing is restricted, so nothing is stated."),
)  # as `NothingToStateError` says it; the template translates it
_FILTERS = ("action", "label", "line", "kind", "rule", "caller_id", "content_hash")


@router.get("")
async def search(
    request: Request,
    action: _Text = "",
    label: _Text = "",
    line: _Text = "",
    kind: _Text = "",
    rule: _Text = "",
    caller_id: _Text = "",
    content_hash: _Text = "",
    since: Annotated[date | None, Query()] = None,
    until: Annotated[date | None, Query()] = None,
    after: _Text = "",
) -> Response:
    """List decisions, newest first."""
    visitor = await visitor_of(request, "audit")
    given: dict[str, Any] = dict(zip(_FILTERS, (action, label, line, kind, rule, caller_id, content_hash), strict=True))
    wanted: dict[str, Any] = {name: value.replace("\0", "") for name, value in given.items() if value}
    if since is not None:
        wanted["since"] = datetime.combine(since, time(), UTC)
    if until is not None:
        wanted["until"] = datetime.combine(until + timedelta(days=1), time(), UTC)
    if after:
        wanted["after"] = after
    store = parts(request).store.within(visitor.tenant)
    try:
        found = await asyncio.to_thread(partial(store.decisions, limit=_PAGE, **wanted))
    except ValueError as error:
        raise InputError(f"The list cannot be given: {error}.") from error
    days: dict[str, Any] = {"since": since.isoformat() if since else "", "until": until.isoformat() if until else ""}
    query = urlencode({name: value for name, value in {**given, **days}.items() if value})
    return page(
        request, visitor, "decisions/search.html", found=found.items, after=found.after, query=query, **given, **days
    )


@router.get("/{decision_id}")
async def one(request: Request, decision_id: str, lang: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Show a decision: findings, rule, versions, its statement of reasons, and a button that makes it again."""
    visitor = await visitor_of(request, "audit")
    here = parts(request)
    store = here.store.within(visitor.tenant)
    document = await asyncio.to_thread(store.decision, decision_id)
    language = lang or visitor.language
    settings = here.moderator.settings
    made, why = await asyncio.to_thread(partial(_statement, store, settings, document, visitor, language))
    kept = await asyncio.to_thread(partial(_kept, store, str(document["content_hash"])))
    findings: Any = document["findings"]
    return page(
        request,
        visitor,
        "decisions/one.html",
        document=document,
        findings=findings[:_MOST],
        more=max(0, len(findings) - _MOST),
        statement=made,
        why=why,
        languages=LANGUAGES,
        chosen=language,
        kept=kept,
    )


def _statement(
    store: Store, settings: Settings, document: dict[str, Any], visitor: Visitor, language: str
) -> tuple[Statement | None, str]:
    try:
        known = language if language in LANGUAGES else visitor.language
        # Who has the link may appeal: only those see it who may make one.
        appeal = appeal_link(settings, document) if visitor.may("check") else None
        return state(store, document, read_grounds(settings), language=known, appeal=appeal), ""
    except NothingToStateError as error:
        return None, error.message


def _kept(store: Store, content_hash: str) -> bool:
    try:
        store.original(content_hash)
    except NotFoundError:
        return False
    return True


AREA = Area(router, nav=(Nav(N_("Decisions"), "/console/decisions", "audit"),))
