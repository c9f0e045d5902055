"""Pages of review: the queues, one item with all that its decision rests on, and a reviewer's own wellness."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.api.auth import ForbiddenError
from evenhand.api.state import State
from evenhand.console.base import Area, Nav, Visitor, page, parts, visitor_of
from evenhand.console.i18n import N_
from evenhand.console.reviewview import evidence_of, timeline_of
from evenhand.decode.media.toned import LONG_SIDE
from evenhand.domain import TAXONOMY
from evenhand.review.documents import comfort_document, item_document
from evenhand.review.evidence import content_document, may_see
from evenhand.review.ruletext import rule_document
from evenhand.review.similar import similar
from evenhand.store.reviewrecords import LOCAL, Person, Wanted
from evenhand.store.wellnessrecords import HARD

router = APIRouter(prefix="/console/review")

STATES = (N_("waiting"), N_("claimed"), N_("held"), N_("done"))
_VERDICTS = (N_("right"), N_("wrong"), N_("overridden"))  # as templates translate them
_FILTERS = ("queue", "line", "label", "language", "kind")
_PAGE = 50
_Text = Annotated[str, Query(max_length=200)]
_HARMS = sorted(name for name, info in TAXONOMY.items() if info.harm)


@router.get("")
async def queues(request: Request) -> Response:
    """Show how each queue is, and what the visitor has in hand."""
    visitor, state = await visitor_of(request, "review"), parts(request)
    store, me = state.store, _me(visitor)

    def work() -> dict[str, Any]:
        totals = store.review_totals.stats(datetime.now(UTC) - timedelta(hours=24), me)
        claimed = store.reviews.page(person=me, state="claimed", limit=1_000)
        return {
            "queues": totals.queues,
            "labels": totals.labels,
            "mine": [item_document(item, me) for item in claimed if item.holder == me.id],
            "today": comfort_document(store.wellness.comfort(me), store.wellness.today(me))["today"],
        }

    return page(request, visitor, "review/queues.html", **await asyncio.to_thread(work))


@router.get("/items")
async def items(
    request: Request,
    state: _Text = "",
    queue: _Text = "",
    line: _Text = "",
    label: _Text = "",
    language: _Text = "",
    kind: _Text = "",
    after: _Text = "",
) -> Response:
    """List items."""
    visitor, store = await visitor_of(request, "review"), parts(request).store
    chosen = {"queue": queue, "line": line, "label": label, "language": language, "kind": kind}
    chosen = {name: value.replace("\x00", "") for name, value in chosen.items()}

    def work() -> list[dict[str, Any]]:
        wanted = state if state in STATES else None
        found = store.reviews.page(
            Wanted(**chosen), person=_me(visitor), state=wanted, after=after.replace("\x00", ""), limit=_PAGE
        )
        return [item_document(item, _me(visitor)) for item in found]

    found = await asyncio.to_thread(work)
    query = urlencode({name: value for name, value in {**chosen, "state": state}.items() if value})
    last = found[-1]["decision_id"] if len(found) == _PAGE else ""
    values: dict[str, Any] = {
        "items": found,
        "chosen": chosen,
        "state": state,
        "states": STATES,
        "query": query,
        "after": last,
    }
    return page(request, visitor, "review/items.html", **values)


@router.get("/items/{decision_id}")
async def item(request: Request, decision_id: str) -> Response:
    """Show an item: the content, the evidence in it, the context, the rule and the scores."""
    visitor, state = await visitor_of(request, "review"), parts(request)
    work = partial(_item, state, visitor, decision_id)
    values = await asyncio.to_thread(state.store.database.together, work)
    wanted = {name: request.query_params[name][:200] for name in _FILTERS if request.query_params.get(name)}
    values |= {"wanted": wanted, "query": urlencode(wanted), "labels_all": _HARMS}
    return page(request, visitor, "review/item.html", work="work" in request.query_params, **values)


@router.get("/items/{decision_id}/similar")
async def alike(request: Request, decision_id: str) -> Response:
    """Show similar past items: a piece of the page of an item, which asks for it once it is shown."""
    visitor, state = await visitor_of(request, "review"), parts(request)

    def work() -> list[dict[str, Any]]:
        found = state.store.reviews.get(decision_id, _me(visitor))
        if not may_see(found, _me(visitor)):
            raise ForbiddenError("That item was escalated: only somebody senior sees its content.")
        return similar(state.store, state.moderator.settings, found, _me(visitor))

    return page(request, visitor, "review/similar.html", items=await asyncio.to_thread(work))


@router.get("/wellness")
async def wellness(request: Request) -> Response:
    """Show the visitor's own settings, and what they were shown today."""
    visitor, store = await visitor_of(request, "review"), parts(request).store
    me = _me(visitor)

    def work() -> dict[str, Any]:
        shown = comfort_document(store.wellness.comfort(me), store.wellness.today(me))
        week = datetime.now(UTC) - timedelta(days=7)
        totals = store.wellness.totals(week) if visitor.may("senior") else None
        return {**shown, "totals": totals}

    return page(request, visitor, "review/wellness.html", labels=_HARMS, hard=HARD, **await asyncio.to_thread(work))


def _me(visitor: Visitor) -> Person:
    return visitor.person or Person(id=LOCAL, name=LOCAL, senior=True)


def _item(state: State, visitor: Visitor, decision_id: str) -> dict[str, Any]:
    store, settings, me = state.store, state.moderator.settings, _me(visitor)
    found = store.reviews.get(decision_id, me)
    if not may_see(found, me):
        raise ForbiddenError("That item was escalated: only somebody senior sees its content.")
    decision, context = store.decision_with_context(decision_id)
    content = content_document(store, settings, found, decision, context)
    return {
        "item": item_document(found, me),
        "decision": decision,
        "content": content,
        "conversation": context.pop("conversation", None) or [],
        "author": context.pop("author", None),
        "context": context,
        "evidence": evidence_of(decision),
        "timeline": timeline_of(decision),
        "policy": rule_document(store, decision),
        "comfort": store.wellness.comfort(me),
        "lease_s": settings.review_lease_s,
        "longest": LONG_SIDE,
    }


AREA = Area(router, nav=(Nav(N_("Review"), "/console/review", "review"),))
