"""Marks: results right or wrong, previewed, applied and undone; and the proposals that come of them."""

from __future__ import annotations

import asyncio
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.api.state import state_of
from evenhand.console.base import Area, Nav, page, visitor_of
from evenhand.console.i18n import N_
from evenhand.domain import TAXONOMY
from evenhand.learning.deciding import proposal_document

router = APIRouter(prefix="/console/marks")

_PAGE = 100
_STATES = {"proposed": N_("not applied"), "applied": N_("applied"), "undone": N_("undone")}
_DECIDED = {"open": N_("open"), "approved": N_("approved"), "rejected": N_("rejected"), "undone": N_("undone")}
_KINDS = {
    "library": N_("for a library"),
    "mark": N_("a mark"),
    "threshold": N_("a threshold"),
    "examples": N_("examples of a class"),
}


@router.get("")
async def listed(request: Request, state: str = "proposed", after: str = "", decision: str = "") -> Response:
    """List marks, and the forms that add, preview, apply and undo them."""
    visitor = await visitor_of(request, "review")
    store = state_of(request).store
    chosen = state if state in _STATES else None
    find = partial(store.marks.page, state=chosen, after=after[:100].replace("\x00", ""), limit=_PAGE)
    found = await asyncio.to_thread(partial(find, tenant=visitor.tenant))
    return page(
        request,
        visitor,
        "marks/list.html",
        marks=found,
        state=chosen or "",
        states=_STATES,
        decision=decision[:100],
        after=found[-1].id if len(found) == _PAGE else None,
        query=urlencode({"state": chosen or "all"}),
        labels=sorted(TAXONOMY),
    )


@router.get("/proposals")
async def proposals(request: Request, state: str = "open", after: str = "") -> Response:
    """List proposals, with what they rest on and what is expected of them."""
    visitor = await visitor_of(request, "policy")
    store = state_of(request).store
    chosen = state if state in _DECIDED else None
    find = partial(store.proposals.page, state=chosen, before=after[:100].replace("\x00", ""), limit=_PAGE)
    found = await asyncio.to_thread(find)
    return page(
        request,
        visitor,
        "marks/proposals.html",
        proposals=[proposal_document(one, visitor.id) for one in found],
        state=chosen or "",
        states=_DECIDED,
        kinds=_KINDS,
        after=found[-1].id if len(found) == _PAGE else None,
        query=urlencode({"state": chosen or "all"}),
    )


AREA = Area(
    router,
    nav=(
        Nav(N_("Marks"), "/console/marks", "review"),
        Nav(N_("Proposals"), "/console/marks/proposals", "policy"),
    ),
)
