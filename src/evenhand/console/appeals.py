"""Pages of appeals, for those who decide them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from evenhand.console.base import Area, Nav, page, parts, visitor_of
from evenhand.console.i18n import N_
from evenhand.console.quality import HARMS, decision_view, person_of
from evenhand.errors import NotFoundError
from evenhand.review.documents import item_document
from evenhand.review.qualitydocuments import appeal_document

router = APIRouter(prefix="/console/appeals")

_PAGE = 50
STATES = (N_("open"), N_("decided"), N_("upheld"), N_("overturned"), N_("partly"))
_Text = Annotated[str, Query(max_length=200)]


@router.get("")
async def listed(request: Request, state: _Text = "open", after: _Text = "", taken: str | None = None) -> Response:
    """Show appeals and what came of them."""
    visitor = await visitor_of(request, "review")
    store = parts(request).store.within(visitor.tenant)
    if taken:
        return RedirectResponse(f"/console/appeals/{taken[:100]}", status_code=303)
    wanted = state if state in STATES else None

    def work() -> dict[str, Any]:
        found = store.appeals.page(state=wanted, after=after.replace("\x00", ""), limit=_PAGE)
        totals = store.appeals.totals(datetime.now(UTC) - timedelta(days=30))
        shown = [appeal_document(one, reviewing=True) for one in found]
        return {"found": shown, "totals": totals, "after": found[-1].id if len(found) == _PAGE else ""}

    values = await asyncio.to_thread(work)
    values |= {"state": wanted or "", "states": STATES, "nothing": taken == ""}
    return page(request, visitor, "appeals/list.html", **values)


@router.get("/{appeal_id}")
async def show(request: Request, appeal_id: str) -> Response:
    """Show an appeal, and forms to decide it."""
    visitor, state = await visitor_of(request, "review"), parts(request)
    me, store = person_of(visitor), state.store.within(visitor.tenant)

    def work() -> dict[str, Any]:
        appeal = store.appeals.get(appeal_id)
        try:
            item = item_document(store.reviews.get(appeal.item_id, me), me)
        except NotFoundError:
            raise NotFoundError(f"no appeal that you may see has the id {appeal_id[:80]!r}") from None
        shown = decision_view(store, state.moderator.settings, appeal.decision_id)
        return {"appeal": appeal_document(appeal, reviewing=True), "item": item, "shown": shown}

    return page(request, visitor, "appeals/appeal.html", labels_all=HARMS, **await asyncio.to_thread(work))


AREA = Area(router, nav=(Nav(N_("Appeals"), "/console/appeals", "review"),))
