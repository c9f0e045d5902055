"""The first page: what waits, and where things are."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.console.base import Area, page, parts, visitor_of
from evenhand.console.dashboards import first_look

router = APIRouter()


@router.get("/console")
async def start(request: Request) -> Response:
    """Show how things are, to those who may see it, and the areas that the visitor may enter."""
    visitor = await visitor_of(request)
    store = parts(request).store.within(visitor.tenant)
    boards = await asyncio.to_thread(first_look, store, visitor.language) if visitor.may("read") else []
    return page(request, visitor, "start/start.html", boards=boards)


AREA = Area(router)
