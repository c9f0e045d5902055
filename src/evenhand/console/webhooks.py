"""Webhooks: where events are sent, and what came of it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.console.base import Area, Nav, page, parts, visitor_of
from evenhand.console.i18n import N_
from evenhand.store.webhooks import EVENTS

router = APIRouter(prefix="/console/webhooks")

_PAGE = 50


@router.get("")
async def log(
    request: Request,
    webhook: Annotated[str, Query(max_length=200)] = "",
    state: Literal["", "queued", "delivered", "failed"] = "",
    after: Annotated[str, Query(max_length=100, pattern="^[0-9a-f-]*$")] = "",
) -> Response:
    """Show webhooks and the log of deliveries."""
    visitor = await visitor_of(request, "admin")
    store = parts(request).store.webhooks
    known = await asyncio.to_thread(store.list)
    chosen = next((one.id for one in known if webhook in (one.id, one.name)), None) if webhook else None
    find = partial(store.deliveries, chosen, state=state or None, after=after or None, limit=_PAGE)
    found = await asyncio.to_thread(find)
    return page(
        request,
        visitor,
        "webhooks/log.html",
        webhooks=known,
        names={one.id: one.name for one in known},
        deliveries=found,
        after=found[-1].id if len(found) == _PAGE else "",
        webhook=webhook,
        state=state,
        events=EVENTS,
    )


AREA = Area(router, nav=(Nav(N_("Webhooks"), "/console/webhooks", "admin"),))
