"""The first page: what waits, and where things are."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.console.base import Area, page, visitor_of

router = APIRouter()


@router.get("/console")
async def start(request: Request) -> Response:
    """Show the areas that the visitor may enter."""
    return page(request, await visitor_of(request), "start/start.html")


AREA = Area(router)
